"""Compiled differential equation of a tanh network in few variables, by Runge and Kutta's method.

    dz/dt = -z / τ + (L R'tanh(E z) + d) / τ

One step of length h has the increments k of four stages, at 0, h/2, h/2 and h; the matrices are
those of `few_variables`.
"""

import numpy as np

from isochron.ann_bridge.kernels.few_variables import Factors, fill_rates
from isochron.ann_bridge.kernels.thin import dot
from isochron.connectome._arrays import check_array, contiguous
from isochron.kernels.arithmetic import compiled

PLACES = (0.0, 0.5, 0.5, 1.0)
WEIGHTS = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
DRIVES = (0, 1, 1, 2)


def run(
    states: np.ndarray,
    drives: np.ndarray,
    ratio: float,
    matrices: Factors,
    path: np.ndarray | None = None,
) -> None:
    """Move each of the states, shape (batch, dimension), through all steps, in place.

    Parameters
    ----------
    drives : ndarray, shape (2 n_steps + 1, dimension)
        h d / τ at the ends and in the middle of the steps.
    ratio : float
        h / τ.
    path : ndarray, shape (n_steps + 1, batch, dimension), optional
        Overwritten with the states on the way.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout.
    """
    drives = contiguous(drives)
    check_array("drives", drives, ("2 n_steps + 1", matrices.dimension))
    check_array("states", states, ("batch", matrices.dimension))
    n_steps = len(drives) // 2
    if path is None:
        path = np.empty((0, *states.shape))
    else:
        check_array("path", path, (n_steps + 1, *states.shape))
    _run(states, drives, float(ratio), *matrices, path)


def linearise(
    z: np.ndarray, tangents: np.ndarray, drives: np.ndarray, ratio: float, matrices: Factors
) -> None:
    """Move one state and tangents of it, shape (k, dimension), through all steps, in place.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout.
    """
    drives = contiguous(drives)
    check_array("drives", drives, ("2 n_steps + 1", matrices.dimension))
    check_array("state", z, (matrices.dimension,))
    check_array("tangents", tangents, ("k", matrices.dimension))
    _linearise(z, tangents, drives, float(ratio), *matrices)


@compiled
def fill_increment(z, rates, drive, ratio, left, right, increment):
    """Write h dz/dt at z, given its rates; L has the shape (dimension, k), R' (k, n)."""
    for j in range(z.shape[0]):
        increment[j] = drive[j] - ratio * z[j]
    for r in range(right.shape[0]):
        sent = ratio * dot(right[r], rates)
        for j in range(z.shape[0]):
            increment[j] += sent * left[j, r]


@compiled
def fill_jacobian(rates, ratio, embedding, left, right, weighted, jacobian):
    """Write the derivative of the increment by z."""
    dimension = embedding.shape[0]
    jacobian[:] = 0
    for j in range(dimension):
        jacobian[j, j] = -ratio
    for r in range(right.shape[0]):
        for i in range(rates.shape[0]):
            weighted[i] = right[r, i] * (1 - rates[i] * rates[i])
        for k in range(dimension):
            slope = ratio * dot(weighted, embedding[k])
            for j in range(dimension):
                jacobian[j, k] += slope * left[j, r]


@compiled
def _run(states, drives, ratio, embedding, left, right, path):
    """As `run`, without checks; the number of steps of `path` may be 0."""
    dimension, n = embedding.shape
    n_steps, kept = drives.shape[0] // 2, path.shape[0] > 0
    rates, increment = np.zeros(n), np.zeros(dimension)
    stage, total = np.empty(dimension), np.empty(dimension)
    for b in range(states.shape[0]):
        z = states[b]
        for t in range(n_steps):
            if kept:
                path[t, b] = z
            total[:] = 0
            for s in range(4):
                for j in range(dimension):
                    stage[j] = z[j] + PLACES[s] * increment[j]
                fill_rates(stage, embedding, rates)
                drive = drives[2 * t + DRIVES[s]]
                fill_increment(stage, rates, drive, ratio, left, right, increment)
                for j in range(dimension):
                    total[j] += WEIGHTS[s] * increment[j]
            for j in range(dimension):
                z[j] += total[j]
        if kept:
            path[n_steps, b] = z


@compiled
def _linearise(z, tangents, drives, ratio, embedding, left, right):
    """As `linearise`, without checks."""
    dimension, n = embedding.shape
    rates, weighted, increment = np.zeros(n), np.empty(n), np.zeros(dimension)
    stage, total = np.empty(dimension), np.empty(dimension)
    jacobian, moved = np.empty((dimension, dimension)), np.zeros(tangents.shape)
    tangent, sums = np.empty(dimension), np.empty(tangents.shape)
    for t in range(drives.shape[0] // 2):
        total[:] = 0
        sums[:] = 0
        for s in range(4):
            for j in range(dimension):
                stage[j] = z[j] + PLACES[s] * increment[j]
            fill_rates(stage, embedding, rates)
            fill_jacobian(rates, ratio, embedding, left, right, weighted, jacobian)
            drive = drives[2 * t + DRIVES[s]]
            fill_increment(stage, rates, drive, ratio, left, right, increment)
            for c in range(tangents.shape[0]):
                for j in range(dimension):
                    tangent[j] = tangents[c, j] + PLACES[s] * moved[c, j]
                for j in range(dimension):
                    moved[c, j] = dot(jacobian[j], tangent)
                    sums[c, j] += WEIGHTS[s] * moved[c, j]
            for j in range(dimension):
                total[j] += WEIGHTS[s] * increment[j]
        for j in range(dimension):
            z[j] += total[j]
        for c in range(tangents.shape[0]):
            for j in range(dimension):
                tangents[c, j] += sums[c, j]
