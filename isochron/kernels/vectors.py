"""Vectors of adjacent numbers in compiled code, written for the compiler.

An operation on a vector is one instruction, or a few, of the processor; the compiler splits
vectors that are longer than its registers. The order of sums is that of the source.
"""

from llvmlite import ir
from numba.core.errors import TypingError

from isochron.kernels.arithmetic import build_multiply_add


class VectorBuilder:
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
        """The number at a place."""
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
        """Write adjacent numbers."""
        self.builder.store(vector, self._pointer(start, place)).align = 4

    def add_to(self, start, place, vector):
        """Add to adjacent numbers."""
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


def require_contiguous(*arrays):
    """Reject, when compiling, arrays with gaps between elements: pointers ignore gaps."""
    if not all(array.layout == "C" for array in arrays):
        raise TypingError(f"Contiguous arrays are needed, got {arrays}.")
