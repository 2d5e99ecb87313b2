"""Sparse symmetric factorization planned once, for many matrices with the same pattern.

The rows are ordered so that columns that do not depend on each other form levels; a level is a
few operations on whole arrays. Where the factor becomes full, the remaining block is factorized
as a dense matrix.
"""

from typing import NamedTuple

import numpy as np

from isochron.sims.engines.strang import minimum_degree


class Level(NamedTuple):
    """Columns that can be eliminated together, and the entries that they update.

    Attributes
    ----------
    columns, entries : slice
        Columns in the order of elimination; entries of the factor below the diagonal.
    row, column : ndarray of int, shape (n_entries,)
        Row and column of each entry.
    left, right, place : ndarray of int, shape (n_products,)
        The product of the entries `left` and `right` is subtracted from the entry `place`.
    """

    columns: slice
    entries: slice
    row: np.ndarray
    column: np.ndarray
    left: np.ndarray
    right: np.ndarray
    place: np.ndarray


class Plan(NamedTuple):
    """Plan for the elimination of a symmetric matrix with a given pattern.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        Rows in the order in which they are eliminated.
    n_entries : int
        Number of entries of the factor below the diagonal.
    levels : list of Level
        Levels in order.
    dense_from : int
        First column of the dense block.
    dense_row, dense_column, dense_entry : ndarray of int, shape (n_dense,)
        Row and column of each entry in the dense block, and its index in the factor.
    edge_entry : ndarray of int, shape (n_edges,)
        Index in the factor of each off-diagonal entry of the matrix.
    """

    order: np.ndarray
    n_entries: int
    levels: list[Level]
    dense_from: int
    dense_row: np.ndarray
    dense_column: np.ndarray
    dense_entry: np.ndarray
    edge_entry: np.ndarray


def plan_elimination(n: int, first: np.ndarray, second: np.ndarray) -> Plan:
    """Plan for symmetric n by n matrices with off-diagonal entries at (first, second)."""
    matrix = np.zeros((n, n))
    matrix[first, second] = matrix[second, first] = 1
    order, pattern = minimum_degree(matrix)
    depth = depths(pattern)
    by_depth = np.argsort(depth, kind="stable")
    new = np.argsort(by_depth)
    order, depth = order[by_depth], depth[by_depth]
    pattern = [sorted(new[pattern[j]].tolist()) for j in by_depth]
    start = np.cumsum([0, *map(len, pattern)])
    entry = {(i, j): start[j] + k for j, rows in enumerate(pattern) for k, i in enumerate(rows)}
    position = np.argsort(order)
    ends = np.sort(position[np.stack([first, second])], axis=0)
    dense_from = _full_from(pattern)
    dense = [(i, j) for j in range(dense_from, n) for i in pattern[j]]
    bounds = [*np.searchsorted(depth[:dense_from], range(depth[dense_from - 1] + 1)), dense_from]
    return Plan(
        order,
        int(start[-1]),
        [
            _level(pattern, start, entry, int(first), int(last))
            for first, last in zip(bounds[:-1], bounds[1:], strict=True)
        ]
        if dense_from
        else [],
        dense_from,
        np.array([i - dense_from for i, _ in dense], dtype=np.int64),
        np.array([j - dense_from for _, j in dense], dtype=np.int64),
        np.array([entry[at] for at in dense], dtype=np.int64),
        np.array([entry[high, low] for low, high in ends.T.tolist()], dtype=np.int64),
    )


def depths(pattern: list[list[int]]) -> np.ndarray:
    """Length of the longest chain of columns that must be eliminated before each column."""
    depth = np.zeros(len(pattern), dtype=np.int64)
    for j, rows in enumerate(pattern):
        depth[rows] = np.maximum(depth[rows], depth[j] + 1)
    return depth


def _full_from(pattern: list[list[int]]) -> int:
    n = len(pattern)
    return 1 + max((j for j, rows in enumerate(pattern) if len(rows) < n - 1 - j), default=-1)


def _level(pattern, start, entry, first: int, last: int) -> Level:
    row, column, left, right, place = [], [], [], [], []
    for j in range(first, last):
        for k, i in enumerate(pattern[j]):
            row.append(i)
            column.append(j - first)
            for m, other in enumerate(pattern[j][k + 1 :], k + 1):
                left.append(start[j] + k - start[first])
                right.append(start[j] + m - start[first])
                place.append(entry[other, i])
    arrays = [np.array(x, dtype=np.int64) for x in (row, column, left, right, place)]
    entries = slice(int(start[first]), int(start[last]))
    return Level(slice(first, last), entries, *arrays)
