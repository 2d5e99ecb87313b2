"""The exponential function in compiled loops, written so that the compiler vectorizes them."""

import math

from llvmlite import ir
from numba import types
from numba.extending import overload

from isochron.kernels.arithmetic import (
    any_intrinsic,
    build_multiply_add,
    multiply_add,
    polynomial,
)
from isochron.kernels.hyperbolic import E_HIGH, E_LOW, LOG2, LOG2E

LARGEST = 700.0  # beyond it the result is that at it


@any_intrinsic
def _reduce(typing_context, x):  # noqa: ARG001
    """r and 2^n with x = n ln 2 + r, |r| <= ln(2) / 2, for x within `LARGEST`; NaN stays in r."""

    def generate(context, builder, signature, arguments):
        word, real = ir.IntType(64), ir.DoubleType()
        x = arguments[0]
        for sign, order in ((1, ">"), (-1, "<")):  # false for NaN
            end = real(sign * LARGEST)
            x = builder.select(builder.fcmp_ordered(order, x, end), end, x)
        half = builder.select(builder.fcmp_ordered(">", x, real(0.0)), real(0.5), real(-0.5))
        whole = builder.fadd(builder.fmul(x, real(LOG2E)), half)
        whole = builder.fptosi(whole, ir.IntType(32))
        exponent = builder.add(builder.sext(whole, word), word(1023))
        power = builder.bitcast(builder.shl(exponent, word(52)), real)
        pair = builder.fneg(builder.sitofp(whole, real)), real(LOG2)
        rest = build_multiply_add(context, builder, pair, x)
        return context.make_tuple(builder, signature.return_type, (rest, power))

    return types.UniTuple(types.float64, 2)(types.float64), generate


def exponential(x):
    """e^x of a float64 with a relative error below 1e-14 for |x| <= 100 and 1e-13 for <= 700."""
    return math.exp(x)


@overload(exponential, inline="always")
def _exponential(x):  # noqa: ARG001
    def by_powers(x):
        # e^r = 1 + r + r² E(r)
        r, power = _reduce(x)
        squared = r * r
        tail = multiply_add(
            squared * squared * squared, polynomial(r, E_HIGH), polynomial(r, E_LOW)
        )
        return multiply_add(power, multiply_add(squared, tail, r), power)

    return by_powers
