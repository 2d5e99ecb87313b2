"""Operations on rows of members side by side: `members(dtype)` adjacent numbers, one a member.

A weight is the same for all members (an array of one dimension) or one of each (two dimensions);
the result of a member is the same in both cases.
"""

from numba import types
from numba.core.errors import TypingError

from isochron.kernels.arithmetic import any_intrinsic, build_multiply_add
from isochron.kernels.vectors import VectorBuilder, require_contiguous

MEMBERS = {types.float64: 8, types.float32: 16}  # one vector of 512 bits


class _MemberBuilder(VectorBuilder):
    """With rows of members; the width follows from the type of the first argument."""

    def __init__(self, context, builder, signature, arguments):
        width = MEMBERS[signature.args[0].dtype]
        super().__init__(context, builder, signature, arguments, width)

    def index(self, start, place):
        """An index of 32 bits from an array, as one of 64 bits."""
        return self.builder.zext(self.element(start, place), place.type)

    def members(self, start, row):
        """The numbers of all members in a row."""
        return self.load(start, self.builder.mul(row, row.type(self.width)))

    def put(self, start, row, vector):
        """Write the numbers of all members in a row."""
        self.store(start, self.builder.mul(row, row.type(self.width)), vector)

    def weight(self, place, entry):
        """A weight of all members, whether they share it or not."""
        start = self.start(place)
        if self.signature.args[place].ndim == 1:
            return self.spread(self.element(start, entry))
        return self.members(start, entry)


def _check(*arrays):
    require_contiguous(*arrays)
    if arrays[0].dtype not in MEMBERS:
        raise TypingError(f"float64 or float32 is needed, got {arrays[0].dtype}.")


@any_intrinsic
def sum_members(typing_context, x, out, pulled, row, pre, weight, pull, first, last):  # noqa: ARG001
    """out[row] = sum of weight x[pre], pulled[row] = sum of pull x[pre]; entries first to last."""
    _check(x, out, pulled, pre, weight, pull)
    order = (x, out, pulled, types.intp, pre, weight, pull, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _MemberBuilder(context, builder, signature, arguments)
        x, out, pulled, pre = (b.start(k) for k in (0, 1, 2, 4))
        row, first, last = (arguments[k] for k in (3, 7, 8))

        def factors(e):
            value = b.members(x, b.index(pre, e))
            return [(b.weight(5, e), value), (b.weight(6, e), value)]

        for start, total in zip((out, pulled), b.sums(2, first, last, factors), strict=True):
            b.put(start, row, total)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def subtract_members(typing_context, x, base, row, column, entry, values, first, last):  # noqa: ARG001
    """x[base + row] -= sum of values[entry] x[base + column], over k from first to last."""
    _check(x, values, column, entry)
    order = (x, types.intp, types.intp, column, entry, values, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        b = _MemberBuilder(context, builder, signature, arguments)
        column, entry, values = (b.start(k) for k in (3, 4, 5))
        base, row, first, last = (arguments[k] for k in (1, 2, 6, 7))
        x = builder.gep(b.start(0), [builder.mul(base, base.type(b.width))])

        def factors(k):
            value = b.members(values, b.index(entry, k))
            return [(value, b.members(x, b.index(column, k)))]

        (total,) = b.sums(1, first, last, factors)
        b.put(x, row, builder.fsub(b.members(x, row), total))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def subtract_product(typing_context, x, row, factors, factor, others, other):  # noqa: ARG001
    """x[row] -= factors[factor] others[other]"""
    _check(x, factors, others)
    order = (x, types.intp, factors, types.intp, others, types.intp)

    def generate(context, builder, signature, arguments):
        b = _MemberBuilder(context, builder, signature, arguments)
        x, factors, others = (b.start(k) for k in (0, 2, 4))
        row, factor, other = (arguments[k] for k in (1, 3, 5))
        pair = builder.fneg(b.members(factors, factor)), b.members(others, other)
        b.put(x, row, build_multiply_add(context, builder, pair, b.members(x, row)))
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def multiply_members(typing_context, out, row, factors, factor, others, other):  # noqa: ARG001
    """out[row] = factors[factor] others[other]"""
    _check(out, factors, others)
    order = (out, types.intp, factors, types.intp, others, types.intp)

    def generate(context, builder, signature, arguments):
        b = _MemberBuilder(context, builder, signature, arguments)
        out, factors, others = (b.start(k) for k in (0, 2, 4))
        row, factor, other = (arguments[k] for k in (1, 3, 5))
        b.put(out, row, builder.fmul(b.members(factors, factor), b.members(others, other)))
        return context.get_dummy_value()

    return types.void(*order), generate
