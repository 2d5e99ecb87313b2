"""Parts of compiled products with `LANES` trials at once, written for the compiler.

Trials are adjacent in memory. Sums stay in the registers of a processor.
"""

from functools import reduce

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError

from isochron.ann_bridge.kernels.arithmetic import any_intrinsic, build_multiply_add

LANES = 16  # trials
ROWS = 6  # of a block; times two halves of the lanes: twelve sums, of sixteen registers
HALF = LANES // 2
CHUNK = 8  # steps whose part in a gradient is taken at once
LENGTH = CHUNK * LANES
SUMS = 4  # of a long product: each waits for the one before, so several run at once


class _Builder:
    """Base of the intrinsics: pointers into arrays, vectors of lanes, sums."""

    def __init__(self, context, builder, signature, arguments, width):
        self.context, self.builder, self.signature = context, builder, signature
        self.arguments = arguments
        self.number = context.get_value_type(signature.args[0].dtype)
        self.width, self.vector = width, ir.VectorType(self.number, width)

    def start(self, place):
        """Pointer to the first element of an array argument."""
        make = self.context.make_array(self.signature.args[place])
        return make(self.context, self.builder, self.arguments[place]).data

    def length(self, place):
        """Number of elements of an array argument of one dimension."""
        make = self.context.make_array(self.signature.args[place])
        return make(self.context, self.builder, self.arguments[place]).nitems

    def element(self, start, place):
        return self.builder.load(self.builder.gep(start, [place]))

    def plus(self, place, count, unit=1):
        """The place `count` times `unit` later."""
        more, size = (k if isinstance(k, ir.Value) else place.type(k) for k in (count, unit))
        return self.builder.add(place, self.builder.mul(more, size))

    def _pointer(self, start, place):
        return self.builder.bitcast(self.builder.gep(start, [place]), self.vector.as_pointer())

    def load(self, start, place):
        """A vector of adjacent numbers; numpy aligns only to a number."""
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

    def deal(self, one, other):
        """Elements of two vectors in turn, as two vectors."""
        order = [k // 2 + k % 2 * self.width for k in range(2 * self.width)]
        kind = ir.VectorType(ir.IntType(32), self.width)
        halves = order[: self.width], order[self.width :]
        return [self.builder.shuffle_vector(one, other, kind(half)) for half in halves]

    def total(self, vector):
        """Sum over lanes: the halves are added, then their halves, and so on."""
        builder, index, width = self.builder, ir.IntType(32), self.width
        while width > 1:
            width //= 2
            parts = (
                ir.Constant(ir.VectorType(index, width), [*range(start, start + width)])
                for start in (0, width)
            )
            vector = builder.fadd(*(builder.shuffle_vector(vector, vector, k) for k in parts))
        return builder.extract_element(vector, index(0))

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
            results.append(build_multiply_add(self.context, builder, pair, total))
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

    def pairs(self, starts, block, size):
        """The vectors of two arrays in a block of `size` vectors."""
        first = self.builder.mul(block, block.type(size * self.width))
        places = [self.plus(first, k, self.width) for k in range(size)]
        return [[self.load(start, place) for start in starts] for place in places]

    def rest(self, total, first, last, starts):
        """`total` plus the products of the elements of two arrays from first to last - 1."""
        builder, before = self.builder, self.builder.block
        loop, after = (builder.append_basic_block(name) for name in ("element", "done"))
        builder.cbranch(builder.icmp_signed("<", first, last), loop, after)
        builder.position_at_end(loop)
        k, running = builder.phi(first.type), builder.phi(self.number)
        pair = [self.element(start, k) for start in starts]
        result = build_multiply_add(self.context, builder, pair, running)
        following = builder.add(k, first.type(1))
        for phi, initial, next_one in ((k, first, following), (running, total, result)):
            phi.add_incoming(initial, before)
            phi.add_incoming(next_one, loop)
        builder.cbranch(builder.icmp_signed("<", following, last), loop, after)
        builder.position_at_end(after)
        found = builder.phi(self.number)
        found.add_incoming(total, before)
        found.add_incoming(result, loop)
        return found


def _neighbors(*arrays):
    """Reject, when compiling, arrays with gaps between elements: pointers ignore gaps."""
    if not all(array.layout == "C" for array in arrays):
        raise TypingError(f"Contiguous arrays are needed, got {arrays}.")


@any_intrinsic
def add_row(typing_context, out, at, columns, values, first, last, sources):  # noqa: ARG001
    """out[at:at + LANES] += sum over entries k of values[k] sources[columns[k]], by lane."""
    _neighbors(out, columns, values, sources)
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
def add_block(typing_context, out, at, factors, places, sources, source, terms):  # noqa: ARG001
    """ROWS rows of LANES of `out` from `at` on += factors times `terms` rows of `sources`.

    With ``places = (first, row, column)``, factor (i, k) is at ``first + i row + k column``;
    the first source is at `source`.
    """
    _neighbors(out, factors, sources)
    places = types.UniTuple(types.intp, 3)
    order = (out, types.intp, factors, places, sources, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, HALF)
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
    _neighbors(x, y)
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
def long_dot(typing_context, x, y):  # noqa: ARG001
    """Sum of the products of two arrays of one length, shape (n,).

    The order is fixed: SUMS running sums, each over every SUMS-th vector of LANES neighbors,
    then a sum over the vectors that do not fill a block of SUMS, then the numbers that do not
    fill a vector, one by one.
    """
    _neighbors(x, y)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, LANES)
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
    _neighbors(out, source)
    order = (out, types.intp, source, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, LANES)
        b.store(b.start(0), arguments[1], b.load(b.start(2), arguments[3]))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def turn(typing_context, out, at, source, first, row):  # noqa: ARG001
    """The transpose of HALF rows of HALF numbers, `row` apart; those of `out` are LANES apart."""
    _neighbors(out, source)
    order = (out, types.intp, source, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _Builder(context, builder, signature, arguments, HALF)
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
