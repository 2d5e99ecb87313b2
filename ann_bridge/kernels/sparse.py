"""Compiled tanh network with few connections, in float64.

    x[t+1] = (1 - a) x[t] + W tanh(x[t]) + d[t]

a has one value for each unit, and W, in compressed rows, contains the factor a.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from isochron.ann_bridge.kernels.elementwise import fill_tanh
from isochron.connectome._arrays import check_array, contiguous
from isochron.kernels.arithmetic import compiled

STATES_AT_ONCE = 32  # whose rates stay in the second-level cache


class Connections(NamedTuple):
    """Weights in compressed rows, and what a unit keeps of its state, as `connections` makes them.

    Attributes
    ----------
    kept : ndarray, shape (n,)
        1 - a.
    first : ndarray of int, shape (n + 1,)
        Where the row of each unit starts.
    source : ndarray of int, shape (n_connections,)
    weight : ndarray, shape (n_connections,)
    """

    kept: np.ndarray
    first: np.ndarray
    source: np.ndarray
    weight: np.ndarray

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.kept)


def connections(weights: np.ndarray, alpha: float | np.ndarray) -> Connections:
    """A matrix, shape (n, n), rows postsynaptic, in the layout of the kernel."""
    fraction = np.broadcast_to(np.asarray(alpha, dtype=float), len(weights))
    rows = sparse.csr_array(fraction[:, None] * weights)
    first, source = (it.astype(np.int64) for it in (rows.indptr, rows.indices))
    return Connections(contiguous(1 - fraction), first, source, contiguous(rows.data))


def run(
    states: np.ndarray, drives: np.ndarray, weights: Connections, path: np.ndarray | None = None
) -> None:
    """Move each of the states, shape (batch, n), through all drives, (n_steps, n), in place.

    Parameters
    ----------
    path : ndarray, shape (n_steps + 1, batch, n), optional
        Overwritten with the states on the way.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout.
    """
    drives = contiguous(drives)
    check_array("drives", drives, ("n_steps", weights.n_units))
    check_array("states", states, ("batch", weights.n_units))
    if path is None:
        path = np.empty((0, *states.shape))
    else:
        check_array("path", path, (len(drives) + 1, *states.shape))
    if len(states) == 1:
        _run(states, drives, *weights, path)
        return
    for lowest in range(0, len(states), STATES_AT_ONCE):
        part = slice(lowest, lowest + STATES_AT_ONCE)
        columns = contiguous(states[part].T)
        _run_columns(columns, drives, *weights, path[:, part])
        states[part] = columns.T


def move_tangents(slopes: np.ndarray, tangents: np.ndarray, weights: Connections) -> np.ndarray:
    """Tangent vectors, shape (n, k), after the steps in which φ' is slopes, (n_steps, n).

    Raises
    ------
    ValueError
        If an array has a wrong shape or data type.
    """
    slopes, tangents = contiguous(slopes), contiguous(tangents)
    check_array("slopes", slopes, ("n_steps", weights.n_units))
    check_array("tangents", tangents, (weights.n_units, "k"))
    if tangents.shape[1] == 1:
        return _move_tangent(slopes, tangents[:, 0].copy(), *weights)[:, None]
    return _move_tangents(slopes, tangents.copy(), *weights)


@compiled
def _run(states, drives, kept, first, source, weight, path):
    """As `run`, without checks; the number of steps of `path` may be 0."""
    n, n_steps = kept.shape[0], drives.shape[0]
    rates = np.empty(n)
    recorded = path.shape[0] > 0
    for b in range(states.shape[0]):
        x = states[b]
        for t in range(n_steps):
            if recorded:
                path[t, b] = x
            fill_tanh(x, rates)
            for i in range(n):
                received = 0.0
                for c in range(first[i], first[i + 1]):
                    received += weight[c] * rates[source[c]]
                x[i] = kept[i] * x[i] + received + drives[t, i]
        if recorded:
            path[n_steps, b] = x


@compiled
def _run_columns(states, drives, kept, first, source, weight, path):
    """As `_run`, bit-identical, for states as columns: the inner loop runs along them."""
    n, width = states.shape
    n_steps = drives.shape[0]
    rates, received = np.empty((n, width)), np.empty(width)
    recorded = path.shape[0] > 0
    for t in range(n_steps):
        if recorded:
            path[t] = states.T
        fill_tanh(states.ravel(), rates.ravel())
        for i in range(n):
            received[:] = 0.0
            for c in range(first[i], first[i + 1]):
                for j in range(width):
                    received[j] += weight[c] * rates[source[c], j]
            for j in range(width):
                states[i, j] = kept[i] * states[i, j] + received[j] + drives[t, i]
    if recorded:
        path[n_steps] = states.T


@compiled
def _move_tangent(slopes, tangent, kept, first, source, weight):
    """One tangent vector after all steps."""
    n = kept.shape[0]
    sent = np.empty(n)
    for t in range(slopes.shape[0]):
        for i in range(n):
            sent[i] = slopes[t, i] * tangent[i]
        for i in range(n):
            received = 0.0
            for c in range(first[i], first[i + 1]):
                received += weight[c] * sent[source[c]]
            tangent[i] = kept[i] * tangent[i] + received
    return tangent


@compiled
def _move_tangents(slopes, tangents, kept, first, source, weight):
    """Tangent vectors, as columns, after all steps."""
    n, k = tangents.shape
    sent = np.empty((n, k))
    for t in range(slopes.shape[0]):
        for i in range(n):
            for j in range(k):
                sent[i, j] = slopes[t, i] * tangents[i, j]
        for i in range(n):
            for j in range(k):
                tangents[i, j] *= kept[i]
            for c in range(first[i], first[i + 1]):
                for j in range(k):
                    tangents[i, j] += weight[c] * sent[source[c], j]
    return tangents
