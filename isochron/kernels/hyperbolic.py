"""The hyperbolic tangent in compiled loops, written so that the compiler vectorizes them."""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import overload

from isochron.kernels.arithmetic import any_intrinsic, multiply_add, polynomial

f = np.float32
# Minimax by our own fit: x P(x²) / Q(x²) errs by 1.2e-8 of tanh x up to 8.5, before rounding.
END = f(8.5)
P = (
    f(1.0), f(0.13413241505622864), f(0.0035340196918696165),
    f(2.1250922145554796e-05), f(1.4269051717974435e-08),
)  # fmt: skip
Q = (
    f(1.0), f(0.4674656391143799), f(0.02602272480726242),
    f(0.0003348852915223688), f(8.145052561303601e-07),
)  # fmt: skip
# e^r - 1 = r + r² E(r) for |r| <= ln(2) / 2: Taylor's series to 1e-17, in two halves.
E_LOW = tuple(1 / math.factorial(k) for k in range(2, 8))
E_HIGH = tuple(1 / math.factorial(k) for k in range(8, 14))
LOG2E, LOG2, FAR = 1 / math.log(2), math.log(2), -44.0
# Below it tanh x is x; powers of smaller numbers underflow, which is slow on many processors.
SMALL = 1e-20


@any_intrinsic
def _power(typing_context, x):  # noqa: ARG001
    """The whole number n that a float64 is cut to, as float64, and 2^n; -1022 <= n <= 1023."""

    def generate(context, builder, signature, arguments):
        word, real = ir.IntType(64), ir.DoubleType()
        whole = builder.fptosi(arguments[0], ir.IntType(32))
        exponent = builder.add(builder.sext(whole, word), word(1023))
        power = builder.bitcast(builder.shl(exponent, word(52)), real)
        parts = (builder.sitofp(whole, real), power)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float64, 2)(types.float64), generate


def tanh(x):
    """Hyperbolic tangent, with a relative error below 4e-7 in float32 and 1e-15 in float64."""
    return math.tanh(x)


@overload(tanh, inline="always")
def _tanh(x):
    def exponential(x):
        # tanh |x| = -e / (2 + e) with e = exp(-2 |x|) - 1 = 2^n (exp(r) - 1) + (2^n - 1)
        y = 2.0 * x if x < 0.0 else -2.0 * x
        y = FAR if y < FAR else y
        y = 0.0 if y > -SMALL else y
        n, power = _power(y * LOG2E - 0.5)
        r = multiply_add(-n, LOG2, y)
        low = polynomial(r, E_LOW)
        high = polynomial(r, E_HIGH)
        squared = r * r
        tail = multiply_add(squared * squared * squared, high, low)
        e = multiply_add(power, multiply_add(squared, tail, r), power - 1.0)
        size = -e / (2.0 + e)
        found = -size if x < 0.0 else size
        return x if abs(x) < SMALL else found

    def rational(x):
        # A comparison with NaN is false, so NaN stays.
        x = END if x > END else x
        x = -END if x < -END else x
        u = x * x
        above = x * polynomial(u, P)
        return above / polynomial(u, Q)

    return rational if x == types.float32 else exponential
