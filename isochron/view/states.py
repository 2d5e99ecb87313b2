"""States of any network as a run that a page shows."""

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike


def from_states(
    states: ArrayLike,
    *,
    step_ms: float,
    names: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    unit: str = "1",
) -> xr.Dataset:
    """A run for `write_page` from the states of a network, such as a trained one.

    Parameters
    ----------
    states : array_like, shape (n_times, n_units)
        Activity of the units; 0 is the middle of the color map.
    step_ms : float
        Time between two states in ms, positive.
    names : sequence of str, optional
        Names of the units; ``u1``, ``u2``, … by default.
    weights : array_like, shape (n_units, n_units), optional
        Connections, row: to, column: from. Units are then arranged by them.
    unit : str
        Unit of the activity.

    Returns
    -------
    xarray.Dataset
        ``activity`` (time, unit), and ``weights`` (to, from) if they are given.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, or `step_ms` is not positive and finite.

    Examples
    --------
    >>> turn = np.arange(0, 20, 0.1)[:, None]
    >>> run = view.from_states(np.cos(turn + [0, 1, 2]), step_ms=10)
    >>> run.activity.dims, run.unit.values.tolist()
    (('time', 'unit'), ['u1', 'u2', 'u3'])
    """
    values = np.array(states, dtype=float)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"states must have the shape (n_times, n_units), got {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("states must be finite.")
    if not 0 < step_ms < math.inf:
        raise ValueError(f"step_ms must be positive and finite (in ms), got {step_ms!r}.")
    n = values.shape[1]
    labels = [f"u{k + 1}" for k in range(n)] if names is None else [str(name) for name in names]
    if len(labels) != n:
        raise ValueError(f"There are {len(labels)} names for {n} units.")
    run = xr.Dataset(
        {"activity": (("time", "unit"), values, {"units": unit})},
        coords={
            "time": ("time", step_ms * np.arange(len(values)), {"units": "ms"}),
            "unit": labels,
        },
    )
    if weights is None:
        return run
    matrix = np.array(weights, dtype=float)
    if matrix.shape != (n, n) or not np.isfinite(matrix).all():
        raise ValueError(f"weights must be finite and of the shape ({n}, {n}), got {matrix.shape}.")
    return run.assign(weights=(("to", "from"), matrix))
