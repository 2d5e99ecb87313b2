"""Sparse symmetric factorisation planned once, for many matrices of one pattern at a time.

The rows are ordered so that columns that do not depend on each other stand together in
levels; a level is a few operations on whole arrays. Where the factor becomes full, a dense
factorisation of the rest takes over.
"""

from typing import NamedTuple

import numpy as np

from isochron.sims.engines.strang import minimum_degree


class Level(NamedTuple):
    """Columns that can be eliminated together, and what they update.

    Attributes
    ----------
    columns, entries : slice
        In the order of elimination; in the entries of the factor below the diagonal.
    row, column : ndarray of int
        Of each entry.
    left, right, place : ndarray of int
        The product of the entries `left` and `right` falls on the entry `place`.
    """

    columns: slice
    entries: slice
    row: np.ndarray
    column: np.ndarray
    left: np.ndarray
    right: np.ndarray
    place: np.ndarray


class Plan(NamedTuple):
    """How to eliminate a symmetric matrix of a given pattern.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        Which row is eliminated when.
    n_entries : int
        Entries of the factor below the diagonal.
    levels : list of Level
    dense_from : int
        The first column that the levels leave to a dense factorisation.
    dense_row, dense_column, dense_entry : ndarray of int
        Where the entries of the dense rest stand, from its corner, and in the factor.
    edge_entry : ndarray of int, shape (n_edges,)
        The entry of the factor where each off-diagonal entry of the matrix starts.
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
    depth = _depths(pattern)
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


def _depths(pattern: list[list[int]]) -> np.ndarray:
    """How many columns must be eliminated one after the other before each."""
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
