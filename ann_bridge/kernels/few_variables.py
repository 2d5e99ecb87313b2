"""Compiled tanh network in few variables, in float64: one state at a time, in the cache.

    z[t+1] = (1 - a) z[t] + a L R'tanh(E z[t]) + d[t]

Factors are transposed, so that every pass runs along the units.
"""

from typing import NamedTuple

import numpy as np

from isochron.ann_bridge.kernels.elementwise import fill_tanh
from isochron.ann_bridge.kernels.thin import add_multiple, dot
from isochron.connectome._arrays import check_array, contiguous
from isochron.kernels.arithmetic import compiled


@compiled
def fill_rates(z, embedding, rates):
    """Write tanh(E z) into `rates`; E' has the shape (dimension, n)."""
    rates[:] = 0
    for j in range(z.shape[0]):
        add_multiple(rates, z[j], embedding[j])
    fill_tanh(rates, rates)


@compiled
def update(z, rates, drive, alpha, left, right):
    """Move z one step, given its rates; L has the shape (dimension, k), R' (k, n)."""
    for j in range(z.shape[0]):
        z[j] = (1 - alpha) * z[j] + drive[j]
    for r in range(right.shape[0]):
        sent = alpha * dot(right[r], rates)
        for j in range(z.shape[0]):
            z[j] += sent * left[j, r]


class Factors(NamedTuple):
    """The matrices of a network in few variables, as `factors` makes them.

    Attributes
    ----------
    embedding : ndarray, shape (dimension, n)
        E'.
    left : ndarray, shape (dimension, k)
        L.
    right : ndarray, shape (k, n)
        R'.
    """

    embedding: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return len(self.left)


def factors(embedding: np.ndarray, left: np.ndarray, right: np.ndarray) -> Factors:
    """Matrices in the layout of the kernel.

    Parameters
    ----------
    embedding : ndarray, shape (n, dimension)
        E.
    left : ndarray, shape (dimension, k)
        L.
    right : ndarray, shape (n, k)
        R.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    found = Factors(contiguous(embedding.T), contiguous(left), contiguous(right.T))
    check_array("left", found.left, ("dimension", "k"))
    dimension, k = found.left.shape
    check_array("embedding.T", found.embedding, (dimension, "n"))
    check_array("right.T", found.right, (k, found.embedding.shape[1]))
    return found


def run(
    states: np.ndarray,
    drives: np.ndarray,
    alpha: float,
    matrices: Factors,
    path: np.ndarray | None = None,
) -> None:
    """Move each of the states, shape (batch, dimension), through all drives, in place.

    Parameters
    ----------
    drives : ndarray, shape (n_steps, dimension)
    path : ndarray, shape (n_steps + 1, batch, dimension), optional
        Overwritten with the states on the way.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout.
    """
    dimension = matrices.dimension
    drives = contiguous(drives)
    check_array("drives", drives, ("n_steps", dimension))
    check_array("states", states, ("batch", dimension))
    if path is None:
        path = np.empty((0, *states.shape))
    else:
        check_array("path", path, (len(drives) + 1, *states.shape))
    _run(states, drives, float(alpha), *matrices, path)


def linearise(
    z: np.ndarray, tangents: np.ndarray, drives: np.ndarray, alpha: float, matrices: Factors
) -> None:
    """Move one state and tangents of it, shape (k, dimension), through all drives, in place.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout.
    """
    dimension = matrices.dimension
    drives = contiguous(drives)
    check_array("drives", drives, ("n_steps", dimension))
    check_array("state", z, (dimension,))
    check_array("tangents", tangents, ("k", dimension))
    _linearise(z, tangents, drives, float(alpha), *matrices)


@compiled
def _run(states, drives, alpha, embedding, left, right, path):
    """As `run`, without checks; the number of steps of `path` may be 0."""
    rates = np.empty(embedding.shape[1])
    kept = path.shape[0] > 0
    for b in range(states.shape[0]):
        z = states[b]
        for t in range(drives.shape[0]):
            if kept:
                path[t, b] = z
            fill_rates(z, embedding, rates)
            update(z, rates, drives[t], alpha, left, right)
        if kept:
            path[drives.shape[0], b] = z


@compiled
def _linearise(z, tangents, drives, alpha, embedding, left, right):
    """As `linearise`, without checks."""
    dimension, n = embedding.shape
    rates, weighted = np.empty(n), np.empty(n)
    jacobian, moved = np.empty((dimension, dimension)), np.empty(dimension)
    for t in range(drives.shape[0]):
        fill_rates(z, embedding, rates)
        jacobian[:] = 0
        for j in range(dimension):
            jacobian[j, j] = 1 - alpha
        for r in range(right.shape[0]):
            for i in range(n):
                weighted[i] = right[r, i] * (1 - rates[i] * rates[i])
            for k in range(dimension):
                slope = alpha * dot(weighted, embedding[k])
                for j in range(dimension):
                    jacobian[j, k] += slope * left[j, r]
        update(z, rates, drives[t], alpha, left, right)
        for c in range(tangents.shape[0]):
            for j in range(dimension):
                moved[j] = dot(jacobian[j], tangents[c])
            tangents[c] = moved
