"""Compiled products with many trials at once: `LANES` trials are neighbours in memory.

A matrix is multiplied with states of shape (columns, LANES), and the gradient of its entries is
summed over trials and steps, of arrays of shape (rows, steps * LANES). Dense matrices go in
blocks that fill the registers of a processor, sparse ones entry by entry.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload

from isochron.ann_bridge.kernels.elementwise import compiled

LANES = 16  # trials
ROWS = 6  # of a block; times two halves of the lanes: twelve sums, of sixteen registers
COLUMNS = 2  # of a block of a gradient
HALF = LANES // 2
CHUNK = 8  # steps whose part in a gradient is taken at once
LENGTH = CHUNK * LANES


class Sparse(NamedTuple):
    """Row i has ``values[starts[i]:starts[i + 1]]`` in `columns`."""

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class Dense(NamedTuple):
    """A matrix in panels of rows, filled up with zeros, shape (panels, columns, ROWS)."""

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


@compiled
def whole(count, unit):
    """`count` rounded up to a multiple of `unit`."""
    return (count + unit - 1) // unit * unit


any_intrinsic: Any = intrinsic


class _Builder:
    """What the intrinsics have in common: pointers into arrays, vectors of lanes, sums."""

    def __init__(self, context, builder, signature, arguments, width):
        self.context, self.builder, self.signature = context, builder, signature
        self.arguments = arguments
        self.number = context.get_value_type(signature.args[0].dtype)
        self.width, self.vector = width, ir.VectorType(self.number, width)

    def start(self, place):
        """Pointer to the first element of an array argument."""
        make = self.context.make_array(self.signature.args[place])
        return make(self.context, self.builder, self.arguments[place]).data

    def element(self, start, place):
        return self.builder.load(self.builder.gep(start, [place]))

    def plus(self, place, count, unit=1):
        """The place `count` times `unit` further on."""
        more = count if isinstance(count, ir.Value) else place.type(count)
        return self.builder.add(place, self.builder.mul(more, place.type(unit)))

    def _pointer(self, start, place):
        return self.builder.bitcast(self.builder.gep(start, [place]), self.vector.as_pointer())

    def load(self, start, place):
        """A vector of neighbours; numpy aligns to no more than a number."""
        loaded = self.builder.load(self._pointer(start, place))
        loaded.align = 4
        return loaded

    def store(self, start, place, vector):
        self.builder.store(vector, self._pointer(start, place)).align = 4

    def add_to(self, start, place, vector):
        self.store(start, place, self.builder.fadd(self.load(start, place), vector))

    def spread(self, value):
        """A number in all lanes."""
        index = ir.IntType(32)
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(undefined, value, index(0))
        same = ir.Constant(ir.VectorType(index, self.width), None)
        return self.builder.shuffle_vector(one, one, same)

    def total(self, vector):
        """Sum over lanes."""
        name = f"llvm.vector.reduce.fadd.v{self.width}{self.number.intrinsic_name}"
        module = self.builder.module
        kind = ir.FunctionType(self.number, (self.number, self.vector))
        add = module.globals.get(name) or ir.Function(module, kind, name)
        return self.builder.call(add, (self.number(0), vector), fastmath=("reassoc",))

    def sums(self, count, first, last, factors):
        """`count` sums of the products of the pairs ``factors(k)``, k from first to last - 1."""
        builder, before = self.builder, self.builder.block
        loop, after = (builder.append_basic_block(name) for name in ("terms", "summed"))
        zero = ir.Constant(self.vector, None)
        builder.cbranch(builder.icmp_signed("<", first, last), loop, after)
        builder.position_at_end(loop)
        k = builder.phi(first.type)
        running = [builder.phi(self.vector) for _ in range(count)]
        results = []
        for total, pair in zip(running, factors(k), strict=True):
            product = builder.fmul(*pair, flags=("contract",))
            results.append(builder.fadd(total, product, flags=("contract",)))
        following = builder.add(k, first.type(1))
        turns = [(k, first, following), *zip(running, [zero] * count, results, strict=True)]
        for phi, initial, next_one in turns:
            phi.add_incoming(initial, before)
            phi.add_incoming(next_one, loop)
        builder.cbranch(builder.icmp_signed("<", following, last), loop, after)
        builder.position_at_end(after)
        found = [builder.phi(self.vector) for _ in range(count)]
        for phi, result in zip(found, results, strict=True):
            phi.add_incoming(zero, before)
            phi.add_incoming(result, loop)
        return found


def _neighbours(*arrays):
    """Refuse, when compiling, arrays with gaps between elements: pointers run over them."""
    if not all(array.layout == "C" for array in arrays):
        raise TypingError(f"Contiguous arrays are needed, got {arrays}.")


@any_intrinsic
def _add_row(typing_context, out, at, columns, values, first, last, sources):  # noqa: ARG001
    """out[at:at + LANES] += sum over entries k of values[k] sources[columns[k]], by lane."""
    _neighbours(out, columns, values, sources)
    order = (out, types.intp, columns, values, types.intp, types.intp, sources)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, LANES)
        out, columns, values, sources = (b.start(k) for k in (0, 2, 3, 6))
        at, first, last = (arguments[k] for k in (1, 4, 5))

        def factors(k):
            row = b.builder.mul(b.element(columns, k), at.type(LANES))
            return [(b.spread(b.element(values, k)), b.load(sources, row))]

        b.add_to(out, at, *b.sums(1, first, last, factors))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def _add_rows(typing_context, out, at, panels, panel, sources, columns):  # noqa: ARG001
    """ROWS rows of `out` from `at` on += a panel times sources."""
    _neighbours(out, panels, sources)
    order = (out, types.intp, panels, types.intp, sources, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, HALF)
        out, panels, sources = (b.start(k) for k in (0, 2, 4))
        at, panel, columns = (arguments[k] for k in (1, 3, 5))

        def factors(k):
            row = builder.mul(k, at.type(LANES))
            halves = [b.load(sources, b.plus(row, h)) for h in (0, HALF)]
            column = b.plus(panel, k, ROWS)
            spread = [b.spread(b.element(panels, b.plus(column, r))) for r in range(ROWS)]
            return [(one, half) for one in spread for half in halves]

        found = b.sums(2 * ROWS, at.type(0), columns, factors)
        for place, total in enumerate(found):
            b.add_to(out, b.plus(at, place, HALF), total)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def _dot(typing_context, x, x_at, y, y_at, terms):  # noqa: ARG001
    """Sum of products of `terms` times LANES neighbours."""
    _neighbours(x, y)
    order = (x, types.intp, y, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, LANES)
        x, y = b.start(0), b.start(2)
        x_at, y_at, terms = (arguments[k] for k in (1, 3, 4))

        def factors(k):
            return [(b.load(x, b.plus(x_at, k, LANES)), b.load(y, b.plus(y_at, k, LANES)))]

        (found,) = b.sums(1, terms.type(0), terms, factors)
        return b.total(found)

    return x.dtype(*order), generate


@any_intrinsic
def _add_dots(typing_context, out, at, row, x, x_at, y, y_at, terms):  # noqa: ARG001
    """A block of `out`, whose rows are `row` apart, += products of rows of x and y."""
    _neighbours(out, x, y)
    order = (out, types.intp, types.intp, x, types.intp, y, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, HALF)
        out, x, y = (b.start(k) for k in (0, 3, 5))
        at, row, x_at, y_at, terms = (arguments[k] for k in (1, 2, 4, 6, 7))

        def vectors(start, place, count, k):
            along = b.plus(place, k, HALF)
            return [b.load(start, b.plus(along, r, LENGTH)) for r in range(count)]

        def factors(k):
            ys = vectors(y, y_at, COLUMNS, k)
            return [(one, other) for one in vectors(x, x_at, ROWS, k) for other in ys]

        halves = builder.mul(terms, terms.type(2))
        found = b.sums(ROWS * COLUMNS, terms.type(0), halves, factors)
        for place, total in enumerate(found):
            i, j = divmod(place, COLUMNS)
            where = builder.gep(out, [b.plus(b.plus(at, row, i), j)])
            builder.store(builder.fadd(builder.load(where), b.total(total)), where)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def _copy(typing_context, out, at, source, source_at):  # noqa: ARG001
    """out[at:at + LANES] = source[source_at:source_at + LANES]"""
    _neighbours(out, source)
    order = (out, types.intp, source, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, LANES)
        b.store(b.start(0), arguments[1], b.load(b.start(2), arguments[3]))
        return context.get_dummy_value()

    return types.void(*order), generate


@compiled
def copy_lanes(source, start, out, place):
    """out[:, place:place + LANES] = source[:, start:start + LANES], for all rows of `source`."""
    for i in range(source.shape[0]):
        _copy(out, i * out.shape[1] + place, source, i * source.shape[1] + start)


def multiply(out, matrix, sources):
    """out += matrix sources; shapes (rows, LANES), filled up to ROWS, and (columns, LANES)."""


@overload(multiply)
def _multiply(out, matrix, sources):  # noqa: ARG001
    def entries(out, matrix, sources):
        starts, columns, values = matrix.starts, matrix.columns, matrix.values
        for i in range(starts.shape[0] - 1):
            _add_row(out, i * LANES, columns, values, starts[i], starts[i + 1], sources)

    def panels(out, matrix, sources):
        panels = matrix.panels
        columns = panels.shape[1]
        for p in range(panels.shape[0]):
            _add_rows(out, p * ROWS * LANES, panels, p * ROWS * columns, sources, columns)

    return entries if matrix.instance_class is Sparse else panels


def add_products(by_matrix, matrix, taken, sources, terms):
    """Add to the gradient of each entry (i, j) the sum of taken[i] sources[j].

    Of `taken` and `sources`, shapes (rows, LENGTH) and (columns, LENGTH), the first
    ``terms * LANES`` count. `by_matrix` has the values of a sparse matrix; for a dense one it
    is a matrix, and like `taken` and `sources` filled up to whole ROWS and COLUMNS.
    """


@overload(add_products)
def _add_products(by_matrix, matrix, taken, sources, terms):  # noqa: ARG001
    def entries(by_matrix, matrix, taken, sources, terms):
        starts, columns = matrix.starts, matrix.columns
        for i in range(starts.shape[0] - 1):
            for k in range(starts[i], starts[i + 1]):
                by_matrix[k] += _dot(taken, i * LENGTH, sources, columns[k] * LENGTH, terms)

    def blocks(by_matrix, matrix, taken, sources, terms):  # noqa: ARG001
        rows, columns = by_matrix.shape
        for i in range(0, rows, ROWS):
            for j in range(0, columns, COLUMNS):
                at = i * columns + j
                _add_dots(by_matrix, at, columns, taken, i * LENGTH, sources, j * LENGTH, terms)

    return entries if matrix.instance_class is Sparse else blocks
