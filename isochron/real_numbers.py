"""Masks and imaginary parts, which `numpy.array` and its conversions drop without a word."""

from collections.abc import Iterator
from typing import Any

from isochron.wording import counted, shown


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


def require_count(name: str, value: Any) -> None:
    """Check a number of something, such as of steps.

    Raises
    ------
    ValueError
        If it is negative.
    """
    if value < 0:
        raise ValueError(f"{name} must be 0 or more, got {shown(value)}.")
