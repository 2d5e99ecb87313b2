"""Numbers of the gait of runs with a body next to those of the animal, as a table of the page."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import xarray as xr

from isochron.runs.gait_rows import animal_note, gait_table_rows
from isochron.sims import ANIMAL_GAITS, MEDIA, Gait, describe_gait


def gait_table(runs: Mapping[str, xr.Dataset]) -> dict[str, Any] | None:
    """Numbers of gaits, a column for each run with a body; None if there is no such run.

    Runs in a medium of `isochron.sims.MEDIA` have the numbers of the animal in it next to them.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Runs by title.
    """
    gaits = {title: gait for title, run in runs.items() if (gait := _gait(run)) is not None}
    if not gaits:
        return None
    animals = _animals([runs[title] for title in gaits])
    observed = " and ".join(sorted({f"{gait.duration_s:.3g} s" for gait in gaits.values()}))
    notes = [f"Observed: the last {observed} of the run.", *map(animal_note, animals.values())]
    return {
        "title": "Gait",
        "head": ["", *gaits, *animals],
        "rows": gait_table_rows([asdict(gait) for gait in gaits.values()], list(animals.values())),
        "note": " ".join(dict.fromkeys(notes)),
    }


def _gait(run: xr.Dataset) -> Gait | None:
    """The gait of a run; None if it has no body, or too few samples at equal intervals."""
    if not {"x", "y"} <= set(run):
        return None
    try:
        transient = run.attrs.get("gait_transient_s")
        return describe_gait(run, transient_s=None if transient is None else float(transient))
    except (ValueError, TypeError):
        return None


def _animals(runs: list[xr.Dataset]) -> dict[str, dict[str, Any]]:
    """Gaits of the animal by title, one for each medium of the runs that has different numbers."""
    media = [medium for run in runs if (medium := _medium(run)) is not None]
    found = {ANIMAL_GAITS.load(medium): medium for medium in reversed(media)}
    if len(found) == 1:
        return {"animal": asdict(next(iter(found)))}
    return {f"animal ({found[gait]})": asdict(gait) for gait in reversed(found)}


def _medium(run: xr.Dataset) -> str | None:
    """Name of the medium of a run: the stated one, else that with the drag of the body."""
    stated = run.attrs.get("medium")
    if isinstance(stated, str) and stated in ANIMAL_GAITS:
        return stated
    try:
        drag = json.loads(str(run.attrs.get("body", "")))["medium"]
        given = drag["normal_drag"], drag["drag_ratio"]
    except (ValueError, KeyError, TypeError):
        return None
    for name in MEDIA:
        medium = MEDIA.load(name)
        if name in ANIMAL_GAITS and given == (medium.normal_drag, medium.drag_ratio):
            return name
    return None
