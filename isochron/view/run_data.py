"""The data block of one run of a page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from isochron.analysis import principal_components
from isochron.connectome import Connectome, cells
from isochron.view.connections import connectome_table, find_connectome, weight_table
from isochron.view.packing import pack, pack_differences, quantize
from isochron.view.places import plane_places, worm_places
from isochron.view.recorded import Recorded, curvature_of, read_run
from isochron.view.rhythm import Rhythm, find_rhythm

BODY_STEP_MM = 1e-4
FACTS = {
    "dataset": "connectome",
    "connectome_history": "changes of the connectome",
    "model": "model",
    "stimulus": "stimulus",
    "threshold_rule": "thresholds",
    "engine": "engine",
    "method": "method",
    "step_ms": "time step (ms)",
    "seed": "seed",
    "not_simulated": "not simulated",
    "comment": "comment",
    "parameters": "constants",
    "isochron_version": "version of isochron",
}


@dataclass(frozen=True, eq=False)
class Viewed:
    """A run as the page and its poster show it.

    Attributes
    ----------
    title : str
    recorded : Recorded
    places : ndarray, shape (n, 3)
    is_worm : bool
    rhythm : Rhythm or None
    block : dict
        JSON of the page.
    """

    title: str
    recorded: Recorded
    places: np.ndarray
    is_worm: bool
    rhythm: Rhythm | None
    block: dict[str, Any]


def view_run(
    title: str,
    run: xr.Dataset,
    *,
    connectome: Connectome | None = None,
    cycle: Any = None,
    max_frames: int,
    n_recorded: int | None = None,
) -> Viewed:
    """Read a run and make its block.

    Parameters
    ----------
    title : str
    run : xarray.Dataset
    connectome : Connectome, optional
    cycle : LimitCycle, optional
    max_frames : int
        Largest number of samples that are shown.
    n_recorded : int, optional
        Number of samples of which `run` contains each second, third, …

    Raises
    ------
    ValueError
        If the run cannot be shown; the message names the run.
    """
    try:
        recorded = read_run(run, max_frames)
    except ValueError as error:
        raise ValueError(f"{title}: {error}") from error
    connectome = connectome or find_connectome(run)
    weights = run["weights"].values if "weights" in run else None
    species = run.attrs.get("species", "")
    places = worm_places(recorded.names) if species in ("", "C. elegans") else None
    is_worm = places is not None
    if places is None:
        places = plane_places(recorded.activity, weights)
    period = None if cycle is None else float(cycle.period)
    rhythm = find_rhythm(recorded.times, recorded.activity, period)
    block = {
        "title": title,
        "worm": is_worm,
        "places": pack(np.nan_to_num(places, nan=-9.0), "f4"),
        "facts": _facts(run, recorded, n_recorded or run.sizes["time"]),
        "connections": _connections(recorded, connectome, weights),
        "rhythm": None if rhythm is None else _rhythm_block(rhythm, recorded),
        "portrait": _portrait(recorded, cycle),
        **_units(recorded, connectome),
        **_samples(recorded),
        **_body(recorded),
    }
    return Viewed(title, recorded, places, is_worm, rhythm, block)


def samples_block(recorded: Recorded, page: Recorded) -> dict[str, Any]:
    """Samples of a part of a run that is shown on a page, at its scale.

    Parameters
    ----------
    recorded : Recorded
        The part.
    page : Recorded
        The run of the page.
    """
    values = recorded.activity + recorded.means - page.means
    codes, _ = quantize(values, np.abs(page.activity).max(axis=0, initial=0.0))
    parts = {"times": pack(recorded.times, "f8"), "activity": pack(codes, "u1")}
    body = _body(recorded)
    if body["body"] is not None:
        body["body"]["dorsal"] = _dorsal_side(page)
    return parts | body


def _samples(recorded: Recorded) -> dict[str, Any]:
    codes, scale = quantize(recorded.activity)
    return {
        "times": pack(recorded.times, "f8"),
        "activity": pack(codes, "u1"),
        "scale": pack(scale, "f4"),
        "label": recorded.label,
        "unit": recorded.unit,
    }


def _units(recorded: Recorded, connectome: Connectome | None) -> dict[str, Any]:
    """Names, and what is known of each cell."""
    table = {} if connectome is None else {cell.name: cell for cell in connectome.cells}
    table = cells() | table
    known = [table.get(name) for name in recorded.names]
    return {
        "names": list(recorded.names),
        "classes": [
            name if cell is None else cell.cell_class
            for name, cell in zip(recorded.names, known, strict=True)
        ],
        "types": ["unknown" if cell is None else cell.type for cell in known],
        "transmitters": [
            "unknown" if cell is None or not cell.transmitters else cell.transmitters[0]
            for cell in known
        ],
    }


def _connections(
    recorded: Recorded, connectome: Connectome | None, weights: np.ndarray | None
) -> dict[str, Any] | None:
    if weights is not None:
        return weight_table(weights)
    return None if connectome is None else connectome_table(connectome, recorded.names)


def _rhythm_block(rhythm: Rhythm, recorded: Recorded) -> dict[str, Any]:
    """The amplitude is relative to the largest deviation of the unit."""
    largest = np.abs(recorded.activity).max(axis=0)
    relative = np.divide(rhythm.amplitude, largest, out=np.zeros(len(largest)), where=largest > 0)
    return {
        "period": rhythm.period_ms,
        "share": rhythm.share,
        "phase": pack(rhythm.phase, "f4"),
        "amplitude": pack(np.clip(relative, 0, 1), "f4"),
    }


def _portrait(recorded: Recorded, cycle: Any) -> dict[str, Any]:
    """Scores in the two main components, and the cycle in the same plane."""
    ratios, components = principal_components(recorded.activity)
    components = np.vstack([components[:2], np.zeros((2, components.shape[1]))])[:2]
    middle = recorded.activity.mean(axis=0)
    found = {
        "scores": pack((recorded.activity - middle) @ components.T, "f4"),
        "shares": [float(share) for share in [*ratios[:2], 0.0, 0.0][:2]],
        "cycle": None,
        "multipliers": [],
    }
    if cycle is not None and cycle.found:
        n = len(recorded.names)
        orbit = np.asarray(cycle.states)[:, :n] - recorded.offset - middle
        found["cycle"] = pack(orbit @ components.T, "f4")
        found["multipliers"] = [_complex_text(value) for value in cycle.multipliers[:5]]
    return found


def _complex_text(value: complex) -> str:
    if abs(value.imag) < 1e-9 * max(1.0, abs(value)):
        return f"{value.real:.4g}"
    return f"{value.real:.4g} {'+' if value.imag > 0 else '−'} {abs(value.imag):.4g}i"


def _body(recorded: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = {"body": None, "curvature": None, "muscles": None}
    if recorded.body is not None:
        start = recorded.body[0, 0]
        whole = np.round((recorded.body - start) / BODY_STEP_MM).astype(np.int64)
        along = np.diff(whole, axis=1, prepend=0)
        found["body"] = {
            "step": BODY_STEP_MM,
            "start": [float(value) for value in start],
            "nodes": pack_differences(along, axis=0),
            "dorsal": _dorsal_side(recorded),
        }
    if recorded.curvature is not None:
        scale = float(np.abs(recorded.curvature).max(initial=0.0)) or 1.0
        codes = 128 + np.round(127 * recorded.curvature / scale)
        found["curvature"] = {"codes": pack(codes, "u1"), "scale": scale}
    if recorded.muscles is not None:
        codes = np.round(255 * recorded.muscles)
        found["muscles"] = {"names": list(recorded.muscle_names), "codes": pack(codes, "u1")}
    return found


def _dorsal_side(recorded: Recorded) -> int:
    """1 if the dorsal side is to the left of the line from head to tail, else -1."""
    if recorded.body is None or recorded.curvature is None:
        return 1
    computed = curvature_of(recorded.body)
    if computed.shape != recorded.curvature.shape:
        return 1
    return -1 if (computed * recorded.curvature).sum() < 0 else 1


def _facts(run: xr.Dataset, recorded: Recorded, n_recorded: int) -> list[list[str]]:
    """What the run is, as rows of a table."""
    found = [[label, _plain(run.attrs[key])] for key, label in FACTS.items() if key in run.attrs]
    found.append(["units", str(len(recorded.names))])
    shown = f"{len(recorded.times)} of {n_recorded} recorded samples"
    every = -(-n_recorded // len(recorded.times))
    if every > 1:
        shown += f" (1 of {every}, to limit the size of the page)"
    found.append(["shown", shown])
    if recorded.label == "V − Vth":
        rule = str(run.attrs.get("threshold_rule", "fixed"))
        meaning = "thresholds of the input at the start" if rule == "fixed" else (
            "thresholds of the input at each time")  # fmt: skip
        found.append(["activity", f"V − Vth; Vth: {meaning}"])
    return found


def _plain(value: Any) -> str:
    """An attribute as text; JSON of settings as a list."""
    text = _number(value)
    try:
        settings = json.loads(text)
    except ValueError:
        return text
    if not isinstance(settings, dict):
        return text
    return "; ".join(f"{key.replace('_', ' ')} {_number(item)}" for key, item in settings.items())


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def as_mapping(runs: Any) -> Mapping[str, xr.Dataset]:
    """Runs by title, from one run, a sequence or a mapping.

    Raises
    ------
    ValueError
        If there is none, or more than four.
    TypeError
        If one is not an xarray.Dataset.
    """
    if isinstance(runs, xr.Dataset):
        runs = {str(runs.attrs.get("dataset", "run")): runs}
    elif not isinstance(runs, Mapping):
        runs = {f"run {k + 1}": run for k, run in enumerate(runs)}
    if not 1 <= len(runs) <= 4:
        raise ValueError(f"A page shows one to four runs, got {len(runs)}.")
    for title, run in runs.items():
        if not isinstance(run, xr.Dataset):
            raise TypeError(
                f"{title} must be an xarray.Dataset, as from isochron.sims.simulate; got "
                f"{type(run).__name__}. For arrays: isochron.view.from_states."
            )
    return {str(title): run for title, run in runs.items()}
