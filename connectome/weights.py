"""Data types of weights in which sums of them are exact."""

import numpy as np

_LARGEST_INT32 = np.iinfo(np.int32).max
_LARGEST_EXACT = 2**53  # above it, float64 does not have every integer


def whole(weights: np.ndarray) -> np.ndarray:
    """Integers if all weights are, of 32 bits if they fit."""
    if not np.array_equal(weights, np.rint(weights)):
        return weights
    largest = weights.max(initial=0)
    if largest <= _LARGEST_INT32:
        return weights.astype(np.int32)
    return weights.astype(np.int64) if largest < _LARGEST_EXACT else weights


def widened(weights: np.ndarray) -> np.ndarray:
    """Weights in a type of at least 32 bits, in which sums do not overflow: uint8 becomes int32.

    Signed integers and floating-point numbers of 32 and 64 bits are returned as they are.
    """
    kind, size = weights.dtype.kind, weights.dtype.itemsize
    if kind == "f":
        return weights.astype(float) if size < 4 else weights
    if kind == "i" and size >= 4:
        return weights
    small = size < 4 or weights.max(initial=0) <= _LARGEST_INT32
    return weights.astype(np.int32 if small else float)
