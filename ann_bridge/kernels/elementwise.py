"""tanh and normal noise in compiled loops, written so that the compiler vectorizes them.

Random numbers are a function of a key and a counter, so that a normal number depends on where
it is used and not on which thread draws it.
"""

import math

import numpy as np
from llvmlite import ir
from numba import types

from isochron.kernels.arithmetic import any_intrinsic, compiled, multiply_add, polynomial
from isochron.kernels.hyperbolic import tanh

ROUNDS = 13  # passes BigCrush (Salmon et al., 2011, table 2); 20 is their default
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


@any_intrinsic
def threefry(typing_context, key0, key1, counter0, counter1):  # noqa: ARG001
    """Two random words of 32 bits, Threefry-2x32 (Salmon et al., 2011); all are uint32."""
    word = types.uint32

    def generate(context, builder, signature, arguments):
        constant = ir.IntType(32)
        key = [*arguments[:2]]
        key.append(builder.xor(builder.xor(*key), constant(PARITY)))
        x, y = (builder.add(c, k) for c, k in zip(arguments[2:], key[:2], strict=True))
        for done in range(ROUNDS):
            turn = ROTATIONS[done % 8]
            x = builder.add(x, y)
            left = builder.shl(y, constant(turn))
            right = builder.lshr(y, constant(32 - turn))
            y = builder.xor(builder.or_(left, right), x)
            if done % 4 == 3:
                turn = done // 4 + 1
                x = builder.add(x, key[turn % 3])
                y = builder.add(builder.add(y, key[(turn + 1) % 3]), constant(turn))
        return context.make_tuple(builder, signature.return_type, (x, y))

    return types.UniTuple(word, 2)(word, word, word, word), generate


@any_intrinsic
def _float_of(typing_context, word):  # noqa: ARG001
    """The float32 of a signed word, times 2^-31: in [-1, 1]."""

    def generate(context, builder, signature, arguments):
        number = builder.sitofp(arguments[0], ir.FloatType())
        return builder.fmul(number, ir.FloatType()(2.0**-31))

    return types.float32(types.uint32), generate


@any_intrinsic
def _half(typing_context, word):  # noqa: ARG001
    """A word without its last bit, shifted: below 2^31."""

    def generate(context, builder, signature, arguments):
        return builder.lshr(arguments[0], ir.IntType(32)(1))

    return types.uint32(types.uint32), generate


@any_intrinsic
def _split(typing_context, x):  # noqa: ARG001
    """Mantissa m in [√½, √2) and exponent e, as float32, of a positive normal x = m 2^e."""

    def generate(context, builder, signature, arguments):
        integer, real = ir.IntType(32), ir.FloatType()
        root = 0x3F3504F3  # √½
        shifted = builder.sub(builder.bitcast(arguments[0], integer), integer(root))
        exponent = builder.ashr(shifted, integer(23))
        rest = builder.add(builder.and_(shifted, integer(0x7FFFFF)), integer(root))
        parts = (builder.bitcast(rest, real), builder.sitofp(exponent, real))
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float32, 2)(types.float32), generate


f = np.float32
# ln(1 + v) = v - v² / 2 + v³ L(v) from √½ - 1 to √2 - 1, to 3e-8; sin and cos of π s / 2 for
# s in [-1, 1] by s² to 7e-9 and 5e-8.
L = (
    f(0.33333858847618103), f(-0.2500174641609192), f(0.1996539831161499),
    f(-0.16565634310245514), f(0.1487695872783661), f(-0.14350204169750214),
    f(0.08917878568172455),
)  # fmt: skip
SINE = (
    f(1.5707963705062866), f(-0.6459637880325317), f(0.07968992739915848),
    f(-0.004674157593399286), f(0.00015167852689046413),
)  # fmt: skip
COSINE = (
    f(0.9999999403953552), f(-1.2336982488632202), f(0.2536507546901703),
    f(-0.020810628309845924), f(0.0008581906440667808),
)  # fmt: skip
LN2, HALF, ONE, TWO = f(math.log(2)), f(0.5), f(1), f(2)
SMALLEST = f(2.0**-32)


@compiled
def fill_tanh(x, out):
    """Write tanh(x) into `out`; both of shape (n,)."""
    for i in range(x.shape[0]):
        out[i] = tanh(x[i])


@compiled
def steps_at_once(n_units):
    """Number of steps for which a trial draws its noise at once: short vectors are slow."""
    return max(1, 1024 // n_units)


@compiled
def fill_normal(key, where, std, out):
    """Independent normal numbers (Box and Muller, 1958), a function of `key` and `where`.

    Parameters
    ----------
    key : ndarray of uint32, shape (2,)
        Key of the run.
    where : int
        Counter, at most 2^32 - 1; a different one gives different numbers.
    std : float
        Standard deviation.
    out : ndarray, shape (n,)
        Overwritten. The largest number possible is 6.7 std.
    """
    half = (out.shape[0] + 1) // 2
    first, second = out[:half], out[half:]
    key0, key1, place = key[0], key[1], np.uint32(where)
    last = np.empty(half, out.dtype)
    for i in range(half):
        one, other = threefry(key0, key1, np.uint32(i), place)
        uniform = _float_of(_half(one)) + SMALLEST
        mantissa, exponent = _split(uniform)
        v = mantissa - ONE
        tail = polynomial(v, L)
        logarithm = multiply_add(exponent, LN2, multiply_add(v * v, v * tail - HALF, v))
        radius = np.sqrt(-TWO * min(logarithm, f(0)))
        s = _float_of(other)  # half the angle in units of π / 2
        u = s * s
        sine = s * polynomial(u, SINE)
        cosine = polynomial(u, COSINE)
        first[i] = std * radius * multiply_add(-TWO * sine, sine, ONE)
        last[i] = std * radius * (TWO * sine * cosine)
    for i in range(second.shape[0]):
        second[i] = last[i]
