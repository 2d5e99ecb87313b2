"""Compiled products with many trials at once: `LANES` trials are adjacent in memory.

A matrix is multiplied with states of shape (columns, LANES), and the gradient of its entries is
summed over trials and steps. Dense matrices go in blocks that fill the registers of a processor,
sparse ones entry by entry.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from isochron.ann_bridge.kernels.vectors import (
    HALF,
    LANES,
    LENGTH,
    ROWS,
    add_block,
    add_row,
    copy_vector,
    dot,
    turn,
)
from isochron.kernels.arithmetic import compiled


class Sparse(NamedTuple):
    """Row i has ``values[starts[i]:starts[i + 1]]`` in `columns`."""

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class Dense(NamedTuple):
    """A matrix in panels of rows, padded with zeros, shape (panels, columns, ROWS)."""

    panels: np.ndarray


def sparse(matrix: np.ndarray, pattern: np.ndarray) -> Sparse:
    """The entries of a matrix where a pattern of the same shape is true."""
    rows, columns = np.nonzero(pattern)
    starts = np.searchsorted(rows, np.arange(len(matrix) + 1))
    return Sparse(starts, np.ascontiguousarray(columns), matrix[rows, columns])


def dense(matrix: np.ndarray) -> Dense:
    """A matrix in panels."""
    n, columns = matrix.shape
    padded = np.zeros((whole(n, ROWS), columns), matrix.dtype)
    padded[:n] = matrix
    return Dense(np.ascontiguousarray(padded.reshape(-1, ROWS, columns).swapaxes(1, 2)))


def size_of_products(matrix: Dense, rows: int) -> tuple[int, int, int]:
    """Shape of the gradient of a dense matrix with `rows`, in the form of `add_products`."""
    return whole(matrix.panels.shape[1], LANES) // LANES, whole(rows, ROWS), LANES


def matrix_of_products(found: np.ndarray) -> np.ndarray:
    """A gradient in the form of `add_products` as a matrix, with padded rows and columns."""
    return found.swapaxes(0, 1).reshape(found.shape[1], -1)


@compiled
def whole(count, unit):
    """`count` rounded up to a multiple of `unit`."""
    return (count + unit - 1) // unit * unit


@compiled
def copy_lanes(source, start, out, place):
    """out[:, place:place + LANES] = source[:, start:start + LANES], for all rows of `source`."""
    for i in range(source.shape[0]):
        copy_vector(out, i * out.shape[1] + place, source, i * source.shape[1] + start)


def multiply(out, matrix, sources):
    """out += matrix sources; shapes (rows, LANES), padded to ROWS, and (columns, LANES)."""


@overload(multiply)
def _multiply(out, matrix, sources):  # noqa: ARG001
    def entries(out, matrix, sources):
        starts, columns, values = matrix.starts, matrix.columns, matrix.values
        for i in range(starts.shape[0] - 1):
            add_row(out, i * LANES, columns, values, starts[i], starts[i + 1], sources)

    def panels(out, matrix, sources):
        count, columns, _ = matrix.panels.shape
        for p in range(count):
            first = p * ROWS * columns
            add_block(
                out, p * ROWS * LANES, matrix.panels, (first, 1, ROWS), sources, 0, columns
            )  # fmt: skip

    return entries if matrix.instance_class is Sparse else panels


def keep(kept, matrix, column, sources, start, step):
    """Copy lanes of sources, from `start` on, for `add_products`: their first column is `column`.

    For a sparse matrix `kept` has the shape (columns, LENGTH), for a dense one
    (columns / LANES, LENGTH, LANES): there units are adjacent in memory, not trials.
    """


@overload(keep)
def _keep(kept, matrix, column, sources, start, step):  # noqa: ARG001
    def rows(kept, matrix, column, sources, start, step):  # noqa: ARG001
        copy_lanes(sources, start, kept[column:], step * LANES)

    def turned(kept, matrix, column, sources, start, step):  # noqa: ARG001
        rows, row = sources.shape
        blocks = 0 if column % HALF else rows // HALF
        for i in range(blocks):
            panel, unit = divmod(column + i * HALF, LANES)
            for k in range(0, LANES, HALF):
                at = ((panel * LENGTH) + step * LANES + k) * LANES + unit
                turn(kept, at, sources, i * HALF * row + start + k, row)
        for i in range(blocks * HALF, rows):
            panel, unit = divmod(column + i, LANES)
            for k in range(LANES):
                kept[panel, step * LANES + k, unit] = sources[i, start + k]

    return rows if matrix.instance_class is Sparse else turned


def add_products(by_matrix, matrix, taken, kept, terms):
    """Add to the gradient of each entry (i, j) the sum of taken[i] sources[j].

    The first ``terms * LANES`` columns of `taken`, shape (rows, LENGTH), and of `kept`, the copies
    by `keep`, count. `by_matrix` has the values of a sparse matrix; for a dense one it
    has the columns in panels, shape (columns / LANES, rows, LANES), and both it and `taken`
    have whole ROWS.
    """


@overload(add_products)
def _add_products(by_matrix, matrix, taken, kept, terms):  # noqa: ARG001
    def entries(by_matrix, matrix, taken, kept, terms):
        starts, columns = matrix.starts, matrix.columns
        for i in range(starts.shape[0] - 1):
            for k in range(starts[i], starts[i + 1]):
                by_matrix[k] += dot(taken, i * LENGTH, kept, columns[k] * LENGTH, terms)

    def blocks(by_matrix, matrix, taken, kept, terms):  # noqa: ARG001
        panels, rows, _ = by_matrix.shape
        for p in range(panels):
            for i in range(0, rows, ROWS):
                add_block(
                    by_matrix, (p * rows + i) * LANES, taken, (i * LENGTH, LENGTH, 1),
                    kept, p * LENGTH * LANES, terms * LANES,
                )  # fmt: skip

    return entries if matrix.instance_class is Sparse else blocks
