"""The check of arrays before they enter compiled code, which reads memory without checks."""

from typing import Any

import numpy as np

FLOAT64 = np.dtype(np.float64)


def check_array(
    name: str, array: Any, shape: tuple[int | str, ...], dtype: np.dtype = FLOAT64
) -> None:
    """Require the shape, the data type and the memory layout that compiled code expects.

    Parameters
    ----------
    name : str
        Name of the array in the error message.
    array : ndarray
    shape : tuple of int or str
        Expected length of each dimension; a str is the name of a length that may be any.
    dtype : numpy.dtype
        float64 by default.

    Raises
    ------
    TypeError
        If `array` is not a NumPy array.
    ValueError
        If it has a different shape or data type, or is not C-contiguous.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(array).__name__}.")
    if array.shape != shape and not _fits(array.shape, shape):
        expected = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
        raise ValueError(f"{name} must have shape {expected}, got {array.shape}.")
    if array.dtype != dtype:
        raise ValueError(
            f"{name} must be of type {dtype}, got {array.dtype}; convert it with astype."
        )
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; use np.ascontiguousarray.")


def _fits(given: tuple[int, ...], expected: tuple[int | str, ...]) -> bool:
    return len(given) == len(expected) and all(
        isinstance(length, str) or length == found
        for found, length in zip(given, expected, strict=True)
    )


def contiguous(array: Any) -> np.ndarray:
    """An array in float64 and in the layout of compiled code; a copy only if needed."""
    return np.asarray(array, dtype=FLOAT64, order="C")
