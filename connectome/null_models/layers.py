"""Rewiring of one layer."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome._arrays import check_array
from isochron.real_numbers import require_real
from isochron.wording import shown

_STEPS_AT_ONCE = 1_000_000
BOTH_LAYERS = ("chemical", "gap")


class Moved(NamedTuple):
    """Connections before and after; a connection has the same number in both.

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
    """Rewire one directed layer; every in-degree and out-degree stays.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``. Each weight stays with its presynaptic neuron.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0.

    Returns
    -------
    ndarray, shape (n, n)
        Rewired weights; self-connections are unchanged.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers, or `swaps_per_edge` is negative
        or not finite.

    References
    ----------
    Maslov and Sneppen (2002), Science 296:910. Rao, Jana and Bandyopadhyay (1996), Sankhya A
    58:225.

    Examples
    --------
    >>> ring = np.roll(np.eye(6, dtype=int), 1, axis=0)  # 0 to 1 to 2 ... to 0
    >>> random = connectome.null_models.rewire_directed(ring, np.random.default_rng(1))
    >>> random.sum(axis=0).tolist(), random.sum(axis=1).tolist()
    ([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])
    >>> int((random * ring).sum()) < 6
    True
    """
    matrix = _layer(weights)
    moved = move_directed(matrix, np.zeros(matrix.shape, dtype=np.int64), rng, swaps_per_edge)
    return placed(matrix, moved, matrix[moved.before])


def rewire_undirected(
    weights: ArrayLike, rng: np.random.Generator, *, swaps_per_edge: float = 10.0
) -> np.ndarray:
    """Rewire one symmetric layer; the number of partners of every neuron stays.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Symmetric matrix. Each weight stays with one of its two neurons.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Number of steps tried per pair, >= 0.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric rewired weights; self-connections are unchanged.

    Raises
    ------
    ValueError
        If `weights` is not a symmetric matrix of finite numbers, or `swaps_per_edge` is
        negative or not finite.

    References
    ----------
    Maslov and Sneppen (2002), Science 296:910.

    Examples
    --------
    >>> gap = connectome.load("varshney2011").gap
    >>> random = connectome.null_models.rewire_undirected(gap, np.random.default_rng(0))
    >>> bool(np.all((random > 0).sum(axis=0) == (gap > 0).sum(axis=0)))
    True
    >>> round(np.count_nonzero(random * gap) / np.count_nonzero(gap), 1)  # overlap
    0.1
    """
    matrix = _layer(weights)
    if not np.array_equal(matrix, matrix.T):
        raise ValueError("weights must be symmetric; for a directed layer: rewire_directed.")
    moved = move_undirected(matrix, np.zeros(matrix.shape, dtype=np.int64), rng, swaps_per_edge)
    return placed_both_ways(matrix, moved, matrix[moved.before])


def move_directed(
    matrix: np.ndarray, kind: np.ndarray, rng: np.random.Generator, per_edge: float
) -> Moved:
    """New places of the connections of a directed layer; see `_swaps.swap_directed`."""
    from isochron.connectome.null_models._swaps import swap_directed

    check_swaps(per_edge)
    n, m = len(matrix), _apart(matrix)[0].size
    return _move_directed(swap_directed, matrix, kind, _choices(m, m + n, rng, per_edge))


def move_reciprocal(
    matrix: np.ndarray, kind: np.ndarray, rng: np.random.Generator, per_edge: float
) -> Moved:
    """New places as by `move_directed`; see `_swaps.swap_reciprocal`."""
    from isochron.connectome.null_models._swaps import swap_reciprocal

    check_swaps(per_edge)
    n, m = len(matrix), _apart(matrix)[0].size
    return _move_directed(swap_reciprocal, matrix, kind, _choices(m, 2 * m + n, rng, per_edge))


def move_undirected(
    matrix: np.ndarray, kind: np.ndarray, rng: np.random.Generator, per_edge: float
) -> Moved:
    """New places of the pairs of a symmetric layer; see `_swaps.swap_undirected`."""
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
    """Matrix of values at the new places; the diagonal is unchanged."""
    result = np.diag(np.diag(matrix))
    result[moved.after] = values
    return result


def placed_both_ways(matrix: np.ndarray, moved: Moved, values: np.ndarray) -> np.ndarray:
    """Symmetric matrix of values at the new places, as `placed`."""
    result = placed(matrix, moved, values)
    result[moved.after[::-1]] = values
    return result


def check_swaps(per_edge: float) -> None:
    """Raise ValueError if a number of swaps is negative or not finite."""
    if not 0 <= per_edge < np.inf:
        raise ValueError(
            f"swaps_per_edge must be finite and not negative, got {shown(per_edge)}; 10 is usual."
        )


def check_layers(layers: Sequence[str]) -> None:
    """Raise ValueError unless `layers` are one or both of those that null models change."""
    if isinstance(layers, str) or not layers or not set(layers) <= set(BOTH_LAYERS):
        raise ValueError(
            f'layers must be ("chemical",), ("gap",) or ("chemical", "gap"), got {layers!r}.'
        )


def only(layers: Sequence[str]) -> str:
    """Remark on the layers that were changed, empty if both were."""
    return "" if set(layers) == set(BOTH_LAYERS) else f", {layers[0]} only"


def _move_directed(
    swap: Callable[..., int],
    matrix: np.ndarray,
    kind: np.ndarray,
    choices: Iterator[np.ndarray],
) -> Moved:
    post, pre = _apart(matrix)
    before = post.copy(), pre.copy()
    place = np.full(matrix.shape, -1, dtype=np.int64)
    place[post, pre] = np.arange(post.size)
    check_array("kind", kind, place.shape, np.dtype(np.int64))
    for chosen in choices:
        swap(post, pre, place, kind, chosen)
    return Moved(before, (post, pre))


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
