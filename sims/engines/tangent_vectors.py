"""Operations on tangent vectors side by side: `TANGENTS` adjacent numbers, one a vector."""

from numba import types

from isochron.kernels.arithmetic import any_intrinsic, build_multiply_add
from isochron.kernels.vectors import VectorBuilder, require_contiguous
from isochron.sims.engines.multistep.layout import WIDTH

TANGENTS = WIDTH
SUMS = 4  # rows of a dense product that are computed together


class _TangentBuilder(VectorBuilder):
    def __init__(self, context, builder, signature, arguments):
        super().__init__(context, builder, signature, arguments, TANGENTS)

    def tangents(self, start, row):
        """The numbers of all vectors in a row."""
        return self.load(start, self.builder.mul(row, row.type(self.width)))

    def put(self, start, row, vector):
        """Write the numbers of all vectors in a row."""
        self.store(start, self.builder.mul(row, row.type(self.width)), vector)


@any_intrinsic
def combine(typing_context, out, row, a, x, i, b, y, j):  # noqa: ARG001
    """out[row] = a x[i] + b y[j]"""
    require_contiguous(out, x, y)
    number = out.dtype
    order = (out, types.intp, number, x, types.intp, number, y, types.intp)

    def generate(context, builder, signature, arguments):
        t = _TangentBuilder(context, builder, signature, arguments)
        out, x, y = (t.start(k) for k in (0, 3, 6))
        row, a, i, b, j = (arguments[k] for k in (1, 2, 4, 5, 7))
        first = builder.fmul(t.spread(a), t.tangents(x, i))
        pair = t.spread(b), t.tangents(y, j)
        t.put(out, row, build_multiply_add(context, builder, pair, first))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def add_lane(typing_context, x, row, column, values, lane, first, last):  # noqa: ARG001
    """x[row] += sum of values[line, lane] x[column[line, lane]], lines from first to last."""
    require_contiguous(x, column, values)
    order = (x, types.intp, column, values, types.intp, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        t = _TangentBuilder(context, builder, signature, arguments)
        x, column, values = (t.start(k) for k in (0, 2, 3))
        row, lane, first, last = (arguments[k] for k in (1, 4, 5, 6))

        def factors(line):
            entry = builder.add(builder.mul(line, line.type(WIDTH)), lane)
            source = builder.sext(t.element(column, entry), line.type)
            return [(t.spread(t.element(values, entry)), t.tangents(x, source))]

        (total,) = t.sums(1, first, last, factors)
        t.put(x, row, builder.fadd(t.tangents(x, row), total))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def multiply_dense(typing_context, out, row, matrix, x, first):  # noqa: ARG001
    """out[row:row + SUMS] = these rows of a square matrix, times x[first:]."""
    require_contiguous(out, matrix, x)
    order = (out, types.intp, matrix, x, types.intp)

    def generate(context, builder, signature, arguments):
        t = _TangentBuilder(context, builder, signature, arguments)
        out, matrix, x = (t.start(k) for k in (0, 2, 3))
        row, first = arguments[1], arguments[4]
        array = context.make_array(signature.args[2])(context, builder, arguments[2])
        size = builder.extract_value(array.shape, 1)
        starts = [builder.gep(matrix, [builder.mul(t.plus(row, q), size)]) for q in range(SUMS)]

        def factors(c):
            vector = t.tangents(x, builder.add(first, c))
            return [(t.spread(t.element(start, c)), vector) for start in starts]

        for q, total in enumerate(t.sums(SUMS, row.type(0), size, factors)):
            t.put(out, t.plus(row, q), total)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def add_products(typing_context, x, row, factors, column, y, first, last):  # noqa: ARG001
    """x[row] += sum of factors[e] y[column[e]], e from first to last."""
    require_contiguous(x, factors, column, y)
    order = (x, types.intp, factors, column, y, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        t = _TangentBuilder(context, builder, signature, arguments)
        x, factors, column, y = (t.start(k) for k in (0, 2, 3, 4))
        row, first, last = (arguments[k] for k in (1, 5, 6))

        def pairs(e):
            source = builder.zext(t.element(column, e), e.type)
            return [(t.spread(t.element(factors, e)), t.tangents(y, source))]

        (total,) = t.sums(1, first, last, pairs)
        t.put(x, row, builder.fadd(t.tangents(x, row), total))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def sum_squares(typing_context, x, new, old):  # noqa: ARG001
    """The sums of (x[new] - x[old])² and of x[new]², over whole rows of whole vectors."""
    require_contiguous(x)
    order = (x, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        t = _TangentBuilder(context, builder, signature, arguments)
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        size = builder.extract_value(array.shape, 1)
        rows = [builder.gep(t.start(0), [builder.mul(k, size)]) for k in arguments[1:]]

        def factors(k):
            value, before = (t.tangents(row, k) for row in rows)
            change = builder.fsub(value, before)
            return [(change, change), (value, value)]

        n_vectors = builder.sdiv(size, size.type(t.width))
        totals = t.sums(2, size.type(0), n_vectors, factors)
        parts = [t.total(total) for total in totals]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float64, 2)(*order), generate
