"""Order of the neurons and sparse matrices in slices, for vector instructions.

The neurons are put in the order of elimination, the levels of the elimination tree one after the
other: the rows of a level do not depend on each other. Each level is filled up to whole vectors of
`WIDTH` rows. Where levels get short, the rest of the matrix is inverted as a dense one.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from isochron.sims.engines.elimination import depths
from isochron.sims.engines.strang import minimum_degree

WIDTH = 8  # float64 numbers in a vector
INDEX = np.int32


class Slices(NamedTuple):
    """Rows of a sparse matrix, `WIDTH` rows side by side; a slice is as long as its longest row.

    Attributes
    ----------
    row : ndarray of int, shape (n_slices, WIDTH)
        Rows of each slice.
    start : ndarray of int, shape (n_slices + 1,)
        First line of each slice.
    column : ndarray of int, shape (n_lines, WIDTH)
        Column of each entry; 0 where a row is shorter.
    source : ndarray of int, shape (n_lines, WIDTH)
        Number of each entry; the number of entries where a row is shorter.
    """

    row: np.ndarray
    start: np.ndarray
    column: np.ndarray
    source: np.ndarray


class Layout(NamedTuple):
    """Places of the neurons and of the entries of their matrices.

    Attributes
    ----------
    n_rows : int
        Number of rows, with those that fill up vectors.
    place : ndarray of int, shape (n_neurons,)
        Row of each neuron.
    eliminated : int
        Number of rows before the dense block.
    post, pre : ndarray of int, shape (n_synapses,)
        Neurons of each synapse.
    factor_start, factor_row, factor_column, update_place : ndarray of int
        Entries of the factor below the diagonal, by columns, and where the product of each two
        entries of a column is subtracted: in the factor, or after it in the dense block.
    synapses, forward, backward : Slices
        Synapses by postsynaptic row; entries of the factor by rows, and by columns.
    """

    n_rows: int
    place: np.ndarray
    eliminated: int
    post: np.ndarray
    pre: np.ndarray
    factor_start: np.ndarray
    factor_row: np.ndarray
    factor_column: np.ndarray
    update_place: np.ndarray
    synapses: Slices
    forward: Slices
    backward: Slices


def find_layout(gap: np.ndarray, synapses: np.ndarray) -> Layout:
    """Layout for matrices that may differ from zero where the given ones do."""
    return _layout(len(gap), (gap != 0).tobytes(), (synapses != 0).tobytes())


@lru_cache(maxsize=16)
def _layout(n: int, gap: bytes, synapses: bytes) -> Layout:
    """The layout; cached, as a sweep needs it repeatedly."""
    order, columns = minimum_degree(_matrix(n, gap))
    level = depths(columns)
    n_levels = min(range(1, level.max() + 2), key=lambda count: _cost(columns, level, count))
    row, eliminated, n_rows = _rows(columns, level, n_levels)
    place = np.empty(n, dtype=np.int64)
    place[order] = row
    factor = {int(row[j]): sorted(row[rows].tolist()) for j, rows in enumerate(columns)}
    post, pre = np.nonzero(_matrix(n, synapses))
    return Layout(
        n_rows,
        place,
        eliminated,
        post,
        pre,
        *_factor_places(factor, eliminated, n_rows),
        _synapse_slices(place[post], place[pre], n_rows),
        *_factor_slices(factor, eliminated, n_rows),
    )


def _matrix(n: int, places: bytes) -> np.ndarray:
    return np.frombuffer(places, dtype=bool).reshape(n, n)


def _cost(columns, level, n_levels: int) -> float:
    """Vector operations of a solution with the rows after some levels dense, about."""
    sparse = sum(len(rows) for rows, depth in zip(columns, level, strict=True) if depth < n_levels)
    slices = sum(-(-np.count_nonzero(level == depth) // WIDTH) for depth in range(n_levels))
    dense = _whole(np.count_nonzero(level >= n_levels))
    # A gathered line is as much work as four multiplications of vectors.
    return dense * dense / WIDTH + 4 * (2 * sparse / WIDTH + 4 * slices)


def _whole(count: int) -> int:
    """The next multiple of `WIDTH`."""
    return -(-count // WIDTH) * WIDTH


def _rows(columns, level, n_levels: int) -> tuple[np.ndarray, int, int]:
    """Row of each column, number of rows before the dense block, number of all rows."""
    row, start = np.empty(len(columns), dtype=np.int64), 0
    for depth in range(n_levels):
        members = [j for j in range(len(columns)) if level[j] == depth]
        members.sort(key=lambda j: -len(columns[j]))
        row[members] = start + np.arange(len(members))
        start += _whole(len(members))
    count = np.zeros(len(columns), dtype=np.int64)  # of entries before the dense block
    for j in np.flatnonzero(level < n_levels):
        count[columns[j]] += 1
    dense = np.flatnonzero(level >= n_levels)
    dense = dense[np.argsort(-count[dense], kind="stable")]
    row[dense] = start + np.arange(len(dense))
    return row, start, start + _whole(len(dense))


def _factor_places(factor, eliminated: int, n_rows: int):
    columns = [factor.get(j, []) for j in range(eliminated)]
    start = np.cumsum([0, *map(len, columns)])
    row = np.array([i for rows in columns for i in rows], dtype=np.int64)
    column = np.repeat(np.arange(eliminated), np.diff(start))
    entry = {(i, j): e for e, (i, j) in enumerate(zip(row.tolist(), column.tolist(), strict=True))}
    size = n_rows - eliminated

    def place(i: int, j: int) -> int:
        if j < eliminated:
            return entry[i, j]
        return len(row) + (i - eliminated) * size + j - eliminated

    updates = [
        place(later, first)
        for rows in columns
        for k, first in enumerate(rows)
        for later in rows[k + 1 :]
    ]
    return start, row, column, np.array(updates, dtype=np.int64)


def _synapse_slices(post, pre, n_rows: int) -> Slices:
    entries: list[list[tuple[int, int]]] = [[] for _ in range(n_rows)]
    for e, (i, j) in enumerate(zip(post.tolist(), pre.tolist(), strict=True)):
        entries[i].append((j, e))
    longest_first = sorted(range(n_rows), key=lambda i: -len(entries[i]))
    return _slices(longest_first, entries.__getitem__, len(post))


def _factor_slices(factor, eliminated: int, n_rows: int) -> tuple[Slices, Slices]:
    by_row: list[list[tuple[int, int]]] = [[] for _ in range(n_rows)]
    by_column: list[list[tuple[int, int]]] = [[] for _ in range(n_rows)]
    count = 0
    for j in range(eliminated):
        for i in factor.get(j, []):
            by_row[i].append((j, count))
            by_column[j].append((i, count))
            count += 1
    forward = _slices(range(n_rows), by_row.__getitem__, count)
    backward = _slices(range(eliminated), by_column.__getitem__, count)
    return forward, backward


def _slices(
    rows: Sequence[int], entries: Callable[[int], list[tuple[int, int]]], n_entries: int
) -> Slices:
    """Slices of rows in an order, with the (column, number) of the entries of a row.

    Slices without entries are not in it.
    """
    taken, start, column, source = [], [0], [], []
    for first in range(0, len(rows), WIDTH):
        group = [entries(row) for row in rows[first : first + WIDTH]]
        length = max(map(len, group))
        if not length:
            continue
        taken.append(list(rows[first : first + WIDTH]))
        start.append(start[-1] + length)
        for k in range(length):
            line = [row[k] if k < len(row) else (0, n_entries) for row in group]
            column.append([j for j, _ in line])
            source.append([e for _, e in line])
    return Slices(
        np.array(taken, dtype=np.int64).reshape(-1, WIDTH),
        np.array(start, dtype=np.int64),
        np.array(column, dtype=INDEX).reshape(-1, WIDTH),
        np.array(source, dtype=np.int64).reshape(-1, WIDTH),
    )
