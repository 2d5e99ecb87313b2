"""Floating-point operations whose rounding is defined by the source, not by the compiler.

Compiled code is strict: sums are taken in the order in which they are written, and a product
and a sum are rounded once only where `multiply_add` is written. A result is therefore the same
whichever caller a function was compiled into, whether it was compiled or loaded from the cache.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core.errors import TypingError
from numba.extending import intrinsic

from isochron.compilation import compiled as compiled_with

# Without the lock of Python, so that tiles run in threads.
compiled = compiled_with(error_model="numpy", nogil=True)

any_intrinsic: Any = intrinsic


@any_intrinsic
def multiply_add(typing_context, a, b, c):  # noqa: ARG001
    """a b + c, rounded once if the processor can; all of one type."""
    if not a == b == c:
        raise TypingError(f"multiply_add needs numbers of one type, got {a}, {b}, {c}.")

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return build_multiply_add(context, builder, arguments[:2], arguments[2])

    return a(a, b, c), generate


def build_multiply_add(context: Any, builder: Any, factors: Sequence[Any], summand: Any) -> Any:
    """Code for a product of two factors plus a summand; of vectors, element by element."""
    if not has_fused_multiply_add(context.codegen()):
        return builder.fadd(builder.fmul(*factors), summand)
    kind = summand.type
    element = kind.element if isinstance(kind, ir.VectorType) else kind
    width = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    name = f"llvm.fma.{width}{element.intrinsic_name}"
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(kind, (kind,) * 3), name
    )
    return builder.call(function, (*factors, summand))


def has_fused_multiply_add(codegen: Any) -> bool:
    """Whether the processor that the code is for rounds a b + c once; only old x86 does not."""
    triple, _, features = codegen.magic_tuple()
    return not triple.startswith(("x86", "i386", "i686")) or "+fma" in features.split(",")


@any_intrinsic
def polynomial(typing_context, x, coefficients):  # noqa: ARG001
    """Value at x of the polynomial with a tuple of coefficients, constant first, by Horner."""
    if not all(coefficient == x for coefficient in coefficients):
        raise TypingError(f"polynomial needs numbers of one type, got {x} and {coefficients}.")

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        at, known = arguments
        *lower, value = (builder.extract_value(known, k) for k in range(len(coefficients)))
        for coefficient in reversed(lower):
            value = build_multiply_add(context, builder, (value, at), coefficient)
        return value

    return x(x, coefficients), generate
