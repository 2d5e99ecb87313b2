"""Differences of runs from the first one, over time, for units that both have."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.view.packing import pack
from isochron.view.recorded import Recorded

Array = np.ndarray
BEYOND = 0.005  # share of the values that may lie beyond the ends of the colors
NO_VALUE = 0  # code of a sample or unit without a difference; 1, 128 and 255 are -scale, 0, scale


def difference_blocks(runs: Sequence[Recorded]) -> list[dict[str, Any] | None]:
    """Differences from the first run as codes on one scale, or None for runs without any.

    The first run is interpolated at the times of the others.

    Parameters
    ----------
    runs : sequence of Recorded

    Returns
    -------
    list of dict or None
        One for each run; None for the first one, and for one that does not share a unit of the
        same variable with it.
    """
    gaps = [None, *(difference(run, runs[0]) for run in runs[1:])]
    found = [np.abs(gap[np.isfinite(gap)]) for gap in gaps if gap is not None]
    sizes = np.concatenate(found) if found else np.zeros(0)
    scale = float(np.quantile(sizes, 1 - BEYOND) or sizes.max()) if sizes.size else 0.0
    return [None if gap is None else _block(gap, scale) for gap in gaps]


def difference(run: Recorded, first: Recorded) -> Array | None:
    """Values of a run minus those of the first, shape (n_times, n); NaN where one has none."""
    column = {name: k for k, name in enumerate(first.names)}
    shared = [name in column for name in run.names]
    if not any(shared) or (run.label, run.unit) != (first.label, first.unit):
        return None
    there = first.activity + first.means
    gaps = run.activity + run.means
    for k, name in enumerate(run.names):
        known = (
            np.interp(run.times, first.times, there[:, column[name]], np.nan, np.nan)
            if name in column
            else np.nan
        )
        gaps[:, k] -= known
    return gaps


def _block(gaps: Array, scale: float) -> dict[str, Any]:
    relative = np.clip(gaps / (scale or 1.0), -1, 1)
    codes = np.where(np.isfinite(gaps), 128 + np.round(127 * np.nan_to_num(relative)), NO_VALUE)
    return {"codes": pack(codes, "u1"), "scale": scale}
