"""Sums over the entries of sparse rows, `WIDTH` rows at once, and a dense product."""

from llvmlite import ir
from numba import types
from numba.core import cgutils

from isochron.kernels.arithmetic import any_intrinsic, build_multiply_add
from isochron.kernels.vectors import VectorBuilder, require_contiguous
from isochron.sims.engines.multistep.layout import WIDTH

CHAINS = 4  # sums of a dense product: each waits for the one before, so several run at once


class _RowBuilder(VectorBuilder):
    """With numbers that are read and written one by one, and arrays in tuples."""

    def starts(self, place):
        """Pointers to the first elements of the arrays in a tuple argument."""
        kinds, arrays = self.signature.args[place], self.arguments[place]
        values = (self.builder.extract_value(arrays, k) for k in range(len(kinds)))
        return [self._array(*pair).data for pair in zip(kinds, values, strict=True)]

    def row(self, place, number):
        """Pointer to the start of a row of an array argument of two dimensions."""
        array = self._array(self.signature.args[place], self.arguments[place])
        size = self.builder.extract_value(array.shape, 1)
        return self.builder.gep(array.data, [self.builder.mul(number, size)])

    def shape(self, place):
        """Numbers of elements of an array argument along its dimensions."""
        return self._array(self.signature.args[place], self.arguments[place]).shape

    def _array(self, kind, value):
        return self.context.make_array(kind)(self.context, self.builder, value)

    def columns(self, start, line):
        """The indices of a line."""
        first = self.builder.mul(line, line.type(WIDTH))
        index = ir.IntType(64)
        places = (self.plus(first, k) for k in range(WIDTH))
        return [self.builder.sext(self.element(start, place), index) for place in places]

    def gather(self, start, places):
        """A vector of numbers at places. Loads of single numbers: as fast as the instruction that
        gathers on recent processors, faster on others."""
        vector = ir.Constant(self.vector, ir.Undefined)
        for k, place in enumerate(places):
            number = self.element(start, place)
            vector = self.builder.insert_element(vector, number, ir.IntType(32)(k))
        return vector

    def scatter(self, start, places, vector):
        """Write the numbers of a vector to places."""
        for k, place in enumerate(places):
            number = self.builder.extract_element(vector, ir.IntType(32)(k))
            self.builder.store(number, self.builder.gep(start, [place]))

    def line(self, start, line):
        """The numbers of a line."""
        return self.load(start, self.builder.mul(line, line.type(WIDTH)))


@any_intrinsic
def sum_rows(typing_context, x, out, rows, number, values, first, last):  # noqa: ARG001
    """Sums of weight x[column] and of pull x[column], for the rows of a slice.

    ``out = (sums of weights, sums of pulls)``; `rows` and `number` are ``row`` of all slices and
    the number of the slice; ``values = (column, weight, pull)``, lines from first to last.
    """
    require_contiguous(*out, rows, *values, x)
    order = (x, out, rows, types.intp, values, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _RowBuilder(context, builder, signature, arguments, WIDTH)
        x, outs, rows = b.start(0), b.starts(1), b.start(2)
        column, weight, pull = b.starts(4)
        number, first, last = (arguments[k] for k in (3, 5, 6))

        def factors(line):
            found = b.gather(x, b.columns(column, line))
            return [(b.line(weight, line), found), (b.line(pull, line), found)]

        sums = b.sums(2, first, last, factors)
        start = builder.mul(number, number.type(WIDTH))
        places = [b.element(rows, b.plus(start, k)) for k in range(WIDTH)]
        for out, total in zip(outs, sums, strict=True):
            b.scatter(out, places, total)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def add_rows(typing_context, x, row, at, column, values, first, last):  # noqa: ARG001
    """x[row, at:at + WIDTH] += sum of value x[row, column] over the lines from first to last."""
    require_contiguous(x, column, values)
    order = (x, types.intp, types.intp, column, values, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _RowBuilder(context, builder, signature, arguments, WIDTH)
        x, column, values = b.row(0, arguments[1]), b.start(3), b.start(4)
        at, first, last = (arguments[k] for k in (2, 5, 6))

        def factors(line):
            return [(b.line(values, line), b.gather(x, b.columns(column, line)))]

        b.add_to(x, at, *b.sums(1, first, last, factors))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def multiply_symmetric(typing_context, out, at, matrix, x, row, first):  # noqa: ARG001
    """out[at:at + WIDTH] = these rows of a symmetric matrix, times x[row, first:].

    The number of rows is a multiple of `CHAINS`.
    """
    require_contiguous(out, matrix, x)
    order = (out, types.intp, matrix, x, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _RowBuilder(context, builder, signature, arguments, WIDTH)
        out, matrix, size = b.start(0), b.start(2), b.length(0)
        at, row, first = (arguments[k] for k in (1, 4, 5))
        x = builder.gep(b.row(3, row), [first])

        def factors(block):
            start = builder.mul(block, block.type(CHAINS))
            for k in range(CHAINS):
                c = b.plus(start, k)
                yield b.spread(b.element(x, c)), b.load(matrix, b.plus(at, c, size))

        n_blocks = builder.sdiv(size, at.type(CHAINS))
        one, two, three, four = b.sums(CHAINS, at.type(0), n_blocks, factors)
        b.store(out, at, builder.fadd(builder.fadd(one, two), builder.fadd(three, four)))
        return context.get_dummy_value()

    return types.void(*order), generate


def _eliminator(count):
    """A function that eliminates `count` columns from a row of a matrix."""

    @any_intrinsic
    def eliminate(typing_context, matrix, row, pivot):  # noqa: ARG001
        """Subtract from a row the pivot rows from `pivot` on, so that its pivot columns vanish.

        The pivot rows have been solved for their columns. The pivot columns become those of the
        inverse (Gauss and Jordan). The number of columns is a multiple of `WIDTH`.
        """
        require_contiguous(matrix)
        order = (matrix, types.intp, types.intp)

        def generate(context, builder, signature, arguments):
            b = _RowBuilder(context, builder, signature, arguments, WIDTH)
            _, row, pivot = arguments
            changed = b.row(0, row)
            pivots = [b.row(0, b.plus(pivot, q)) for q in range(count)]
            places = [builder.gep(changed, [b.plus(pivot, q)]) for q in range(count)]
            factors = [b.spread(builder.fneg(builder.load(place))) for place in places]
            for place in places:
                builder.store(ir.Constant(b.number, 0.0), place)
            first, step = row.type(0), row.type(WIDTH)
            size = builder.extract_value(b.shape(0), 1)
            with cgutils.for_range_slice(builder, first, size, step, intp=row.type) as (c, _):
                total = b.load(changed, c)
                for pair in zip(factors, pivots, strict=True):
                    pair = pair[0], b.load(pair[1], c)
                    total = build_multiply_add(context, builder, pair, total)
                b.store(changed, c, total)
            return context.get_dummy_value()

        return types.void(*order), generate

    return eliminate


eliminate_one, eliminate_all = _eliminator(1), _eliminator(CHAINS)
