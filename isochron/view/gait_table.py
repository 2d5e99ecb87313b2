"""Numbers of the gait of runs with a body, as a table of the page."""

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr

from isochron.runs.gait_rows import GAIT_ROWS
from isochron.sims import Gait, describe_gait


def gait_table(runs: Mapping[str, xr.Dataset]) -> dict[str, Any] | None:
    """Numbers of gaits, a column for each run with a body; None if there is no such run.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Runs by title.
    """
    gaits = {title: gait for title, run in runs.items() if (gait := _gait(run)) is not None}
    if not gaits:
        return None
    rows = [
        [label, *(_shown(getattr(gait, name)) for gait in gaits.values())]
        for label, name, _ in GAIT_ROWS
    ]
    rows.append(["direction of the wave", *(gait.direction for gait in gaits.values())])
    observed = next(iter(gaits.values())).duration_s
    return {
        "title": "Gait",
        "head": ["", *gaits],
        "rows": rows,
        "note": f"Observed: the second half of the run ({observed:.3g} s).",
    }


def _gait(run: xr.Dataset) -> Gait | None:
    """The gait of a run; None if it has no body, or too few samples at equal intervals."""
    if not {"x", "y"} <= set(run):
        return None
    try:
        return describe_gait(run)
    except ValueError:
        return None


def _shown(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "not defined"
