"""Parts of compiled products with `LANES` trials at once, written for the compiler.

Trials are adjacent in memory. Sums stay in the registers of a processor.
"""

from functools import reduce

from numba import types

from isochron.kernels.arithmetic import any_intrinsic
from isochron.kernels.vectors import VectorBuilder, require_contiguous

LANES = 16  # trials
ROWS = 6  # of a block; times two halves of the lanes: twelve sums, of sixteen registers
HALF = LANES // 2
CHUNK = 8  # steps whose part in a gradient is taken at once
LENGTH = CHUNK * LANES
SUMS = 4  # of a long product: each waits for the one before, so several run at once


@any_intrinsic
def add_row(typing_context, out, at, columns, values, first, last, sources):  # noqa: ARG001
    """out[at:at + LANES] += sum over entries k of values[k] sources[columns[k]], by lane."""
    require_contiguous(out, columns, values, sources)
    order = (out, types.intp, columns, values, types.intp, types.intp, sources)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, LANES)
        out, columns, values, sources = (b.start(k) for k in (0, 2, 3, 6))
        at, first, last = (arguments[k] for k in (1, 4, 5))

        def factors(k):
            row = b.builder.mul(b.element(columns, k), at.type(LANES))
            return [(b.spread(b.element(values, k)), b.load(sources, row))]

        b.add_to(out, at, *b.sums(1, first, last, factors))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def add_block(typing_context, out, at, factors, places, sources, source, terms):  # noqa: ARG001
    """ROWS rows of LANES of `out` from `at` on += factors times `terms` rows of `sources`.

    With ``places = (first, row, column)``, factor (i, k) is at ``first + i row + k column``;
    the first source is at `source`.
    """
    require_contiguous(out, factors, sources)
    places = types.UniTuple(types.intp, 3)
    order = (out, types.intp, factors, places, sources, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, HALF)
        out, factors, sources = (b.start(k) for k in (0, 2, 4))
        at, places, source, terms = (arguments[k] for k in (1, 3, 5, 6))
        first, row, column = (builder.extract_value(places, k) for k in range(3))
        rows = [b.plus(first, i, row) for i in range(ROWS)]

        def pairs(k):
            neighbors = b.plus(source, k, LANES)
            halves = [b.load(sources, b.plus(neighbors, h)) for h in (0, HALF)]
            spread = [b.spread(b.element(factors, b.plus(place, k, column))) for place in rows]
            return [(one, half) for one in spread for half in halves]

        found = b.sums(2 * ROWS, terms.type(0), terms, pairs)
        for place, total in enumerate(found):
            b.add_to(out, b.plus(at, place, HALF), total)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def dot(typing_context, x, x_at, y, y_at, terms):  # noqa: ARG001
    """Sum of products of `terms` times LANES adjacent numbers."""
    require_contiguous(x, y)
    order = (x, types.intp, y, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, LANES)
        x, y = b.start(0), b.start(2)
        x_at, y_at, terms = (arguments[k] for k in (1, 3, 4))

        def factors(k):
            return [(b.load(x, b.plus(x_at, k, LANES)), b.load(y, b.plus(y_at, k, LANES)))]

        (found,) = b.sums(1, terms.type(0), terms, factors)
        return b.total(found)

    return x.dtype(*order), generate


@any_intrinsic
def long_dot(typing_context, x, y):  # noqa: ARG001
    """Sum of the products of two arrays of one length, shape (n,).

    The order is fixed: SUMS running sums, each over every SUMS-th vector of LANES neighbors,
    then a sum over the vectors that do not fill a block of SUMS, then the numbers that do not
    fill a vector, one by one.
    """
    require_contiguous(x, y)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, LANES)
        starts, terms = (b.start(0), b.start(1)), b.length(0)
        zero, many, few = (terms.type(count) for count in (0, SUMS * LANES, LANES))
        blocks, vectors = builder.sdiv(terms, many), builder.sdiv(terms, few)
        sums = b.sums(SUMS, zero, blocks, lambda k: b.pairs(starts, k, SUMS))
        after = builder.mul(blocks, terms.type(SUMS))
        sums += b.sums(1, after, vectors, lambda k: b.pairs(starts, k, 1))
        total = b.total(reduce(builder.fadd, sums))
        return b.rest(total, builder.mul(vectors, few), terms, starts)

    return x.dtype(x, y), generate


@any_intrinsic
def copy_vector(typing_context, out, at, source, source_at):  # noqa: ARG001
    """out[at:at + LANES] = source[source_at:source_at + LANES]"""
    require_contiguous(out, source)
    order = (out, types.intp, source, types.intp)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, LANES)
        b.store(b.start(0), arguments[1], b.load(b.start(2), arguments[3]))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def turn(typing_context, out, at, source, first, row):  # noqa: ARG001
    """The transpose of HALF rows of HALF numbers, `row` apart; those of `out` are LANES apart."""
    require_contiguous(out, source)
    order = (out, types.intp, source, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = VectorBuilder(context, builder, signature, arguments, HALF)
        out, source = b.start(0), b.start(2)
        at, first, row = (arguments[k] for k in (1, 3, 4))
        rows = [b.load(source, b.plus(first, i, row)) for i in range(HALF)]
        for _ in range(HALF.bit_length() - 1):  # dealing rows like cards
            pairs = zip(rows[: HALF // 2], rows[HALF // 2 :], strict=True)
            rows = [dealt for pair in pairs for dealt in b.deal(*pair)]
        for i, vector in enumerate(rows):
            b.store(out, b.plus(at, i, LANES), vector)
        return context.get_dummy_value()

    return types.void(*order), generate
