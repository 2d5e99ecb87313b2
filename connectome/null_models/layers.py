"""Rewiring of one layer, and what all rewiring does."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome._arrays import check_array
from isochron.real_numbers import require_real
from isochron.wording import shown

_STEPS_AT_ONCE = 1_000_000


class Moved(NamedTuple):
    """Connections before and after; each keeps its number.

    Attributes
    ----------
    before, after : tuple of two ndarrays of int, shape (m,)
        Rows and columns, as for indexing.
    """

    before: tuple[np.ndarray, np.ndarray]
    after: tuple[np.ndarray, np.ndarray]


def rewire_directed(
    weights: ArrayLike, rng: np.random.Generator, *, swaps_per_edge: float = 10.0
) -> np.ndarray:
    """Rewire one directed layer, keeping every in-degree and out-degree.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``. Each weight stays with its presynaptic neuron.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Steps tried, for each connection.

    Returns
    -------
    ndarray, shape (n, n)
        Self-connections are as they were.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers, or `swaps_per_edge` is negative
        or not finite.
    """
    matrix = _layer(weights)
    moved = move_directed(matrix, np.zeros(matrix.shape, dtype=np.int64), rng, swaps_per_edge)
    return placed(matrix, moved, matrix[moved.before])


def rewire_undirected(
    weights: ArrayLike, rng: np.random.Generator, *, swaps_per_edge: float = 10.0
) -> np.ndarray:
    """Rewire one symmetric layer, keeping the number of partners of every neuron.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Symmetric. Each weight stays with one of its two neurons.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Steps tried, for each pair.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric; self-connections are as they were.

    Raises
    ------
    ValueError
        If `weights` is not a symmetric matrix of finite numbers, or `swaps_per_edge` is
        negative or not finite.
    """
    matrix = _layer(weights)
    if not np.array_equal(matrix, matrix.T):
        raise ValueError("weights must be symmetric; for a directed layer: rewire_directed.")
    moved = move_undirected(matrix, np.zeros(matrix.shape, dtype=np.int64), rng, swaps_per_edge)
    return placed_both_ways(matrix, moved, matrix[moved.before])


def move_directed(
    matrix: np.ndarray, kind: np.ndarray, rng: np.random.Generator, per_edge: float
) -> Moved:
    """Where the connections of a directed layer go; see `_swaps.swap_directed`."""
    from isochron.connectome.null_models._swaps import swap_directed

    check_swaps(per_edge)
    post, pre = _apart(matrix)
    n, m = len(matrix), post.size
    before = post.copy(), pre.copy()
    place = np.full((n, n), -1, dtype=np.int64)
    place[post, pre] = np.arange(m)
    check_array("kind", kind, (n, n), np.dtype(np.int64))
    for chosen in _choices(m, m + n, rng, per_edge):
        swap_directed(post, pre, place, kind, chosen)
    return Moved(before, (post, pre))


def move_undirected(
    matrix: np.ndarray, kind: np.ndarray, rng: np.random.Generator, per_edge: float
) -> Moved:
    """Where the pairs of a symmetric layer go; see `_swaps.swap_undirected`."""
    from isochron.connectome.null_models._swaps import swap_undirected

    check_swaps(per_edge)
    left, right = _apart(np.triu(matrix))
    before = left.copy(), right.copy()
    joined = (matrix != 0) & ~np.eye(len(matrix), dtype=bool)
    check_array("kind", kind, joined.shape, np.dtype(np.int64))
    for chosen in _choices(left.size, 2 * left.size, rng, per_edge):
        swap_undirected(left, right, joined, kind, chosen)
    return Moved(before, (left, right))


def placed(matrix: np.ndarray, moved: Moved, values: np.ndarray) -> np.ndarray:
    """The values where the connections are now; the diagonal as it was."""
    result = np.diag(np.diag(matrix))
    result[moved.after] = values
    return result


def placed_both_ways(matrix: np.ndarray, moved: Moved, values: np.ndarray) -> np.ndarray:
    """As `placed`, symmetric."""
    result = placed(matrix, moved, values)
    result[moved.after[::-1]] = values
    return result


def check_swaps(per_edge: float) -> None:
    """Refuse a number of swaps that is negative or not finite."""
    if not 0 <= per_edge < np.inf:
        raise ValueError(
            f"swaps_per_edge must be finite and not negative, got {shown(per_edge)}; 10 is usual."
        )


def _choices(
    n_first: int, n_second: int, rng: np.random.Generator, per_edge: float
) -> Iterator[np.ndarray]:
    left = int(per_edge * n_first)
    while left > 0:
        size = min(left, _STEPS_AT_ONCE)
        first = rng.integers(n_first, size=size)
        yield np.column_stack((first, rng.integers(n_second, size=size)))
        left -= size


def _apart(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero((matrix != 0) & ~np.eye(len(matrix), dtype=bool))
    return rows, columns


def _layer(weights: ArrayLike) -> np.ndarray:
    require_real("weights", weights)
    matrix = np.asarray(weights)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"weights must be a square matrix [post, pre], got {matrix.shape}.")
    if matrix.dtype.kind not in "biuf" or not np.isfinite(matrix).all():
        raise ValueError("weights must be finite numbers; put 0 where there is no connection.")
    return matrix
