"""The check of arrays before they enter compiled code, which reads memory without checks."""

from typing import Any

import numpy as np

from isochron.shapes import check_shape

FLOAT64 = np.dtype(np.float64)


def check_array(
    name: str, array: Any, shape: tuple[int | str, ...], dtype: np.dtype = FLOAT64
) -> None:
    """Require the shape, the data type and the memory layout that compiled code expects.

    Parameters
    ----------
    name, shape
        As in `isochron.shapes.check_shape`.
    array : ndarray
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
    check_shape(name, array, shape)
    if array.dtype != dtype:
        raise ValueError(
            f"{name} must be of type {dtype}, got {array.dtype}; convert it with astype."
        )
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; use np.ascontiguousarray.")


def contiguous(array: Any) -> np.ndarray:
    """An array in float64 and in the layout of compiled code; a copy only if needed."""
    return np.asarray(array, dtype=FLOAT64, order="C")
