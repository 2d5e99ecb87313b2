"""Masks and imaginary parts, which `numpy.array` and its conversions drop without a word."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from isochron.arguments import what_it_is
from isochron.wording import counted, shown

if TYPE_CHECKING:
    import numpy as np


def require_real(name: str, values: Any) -> None:
    """Raise for an array with masked or complex values, or a list that contains one.

    Parameters
    ----------
    name : str
        For the message.
    values : any
        What the caller gave, before it becomes an array or a tensor.

    Raises
    ------
    ValueError
        If a value is masked, or numbers are complex.
    """
    from numpy import ma

    parts = list(_parts(values))
    count = sum(int(ma.count_masked(x)) for x in parts if isinstance(x, ma.MaskedArray))
    if count:
        raise ValueError(
            f"{name} has {counted(count, 'masked value')}, where numbers are needed. Replace what "
            "is masked, for example by the method filled(0), or remove it."
        )
    if any(map(_is_complex, parts)):
        raise ValueError(
            f"{name} is complex, where real numbers are needed. Give its real part, or real and "
            "imaginary part as two variables, whichever is meant."
        )


def _parts(values: Any) -> Iterator[Any]:
    """The arrays and numbers in nested lists."""
    if isinstance(values, list | tuple):
        for value in values:
            yield from _parts(value)
    else:
        yield values


def _is_complex(part: Any) -> bool:
    """Whether an array of NumPy or torch, or a number, is complex."""
    dtype = getattr(part, "dtype", None)
    kind = getattr(dtype, "kind", "c" if getattr(dtype, "is_complex", False) else "")
    return kind == "c" or isinstance(part, complex)


def as_floats(name: str, values: Any) -> "np.ndarray":
    """A copy of real numbers as an array of float64.

    Raises
    ------
    ValueError
        If they are not numbers, are masked, complex or a tensor that requires grad, or do not form
        an array.
    """
    import numpy as np

    require_real(name, values)
    if any(getattr(part, "requires_grad", False) for part in _parts(values)):
        raise ValueError(f"{name} is a tensor that requires grad. Give {name}.detach().")
    try:
        if values is None:  # which NumPy takes as NaN
            raise TypeError
        return np.array(np.asarray(values, dtype=float))  # without a warning for tensors
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be an array of numbers, got {what_it_is(values)}.") from None


def as_float(value: Any) -> float:
    """A real number as a float; infinite if it is a whole number beyond the range of a float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def require_count(name: str, value: Any) -> None:
    """Check a number of something, such as of steps.

    Raises
    ------
    ValueError
        If it is negative.
    """
    if value < 0:
        raise ValueError(f"{name} must be 0 or more, got {shown(value)}.")
