"""Derivatives by differences, for systems that do not give theirs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# Step of a central difference of order 4: rounding / h + h⁴ / 30 is least near this h.
_DIFFERENCE_STEP = 7e-4
_JUMP = 0.05  # relative disagreement of two differences, from which a function is not smooth
_ONE_SIDED = np.array([-25, 48, -36, 16, -3]) / 12  # of values at 0, h, 2h, 3h, 4h


def difference_tangent(
    function: Callable[[np.ndarray], Any],
    point: np.ndarray,
    vectors: np.ndarray,
    scale: ArrayLike,
    *,
    jumps: bool = False,
) -> np.ndarray:
    """Derivative of a function times vectors, by central differences of order 4.

    The error is about 1e-12 of the function for one that varies over lengths of `scale`,
    and grows with its fifth derivative. Where the function is finite on one side only, such as
    for concentrations near 0, the differences are taken to that side.

    Parameters
    ----------
    function : callable
        Shape (n,) to (n,).
    point : ndarray, shape (n,)
    vectors : ndarray, shape (n, m)
    scale : array_like, shape () or (n,)
        Length over which the function bends, in the unit of the state.
    jumps : bool
        Whether to look for a jump or kink next to the point, as that of x mod 1, and to take the
        differences to the other side. For maps: an integrator of a field would see the change of
        side as a jump of its own.

    Returns
    -------
    ndarray, shape (n, m)
    """
    columns = np.zeros((point.size, vectors.shape[1]))
    scale = np.asarray(scale, dtype=float)
    for column, vector in zip(columns.T, vectors.T, strict=True):
        longest = (np.abs(vector) / scale).max(initial=0.0)
        if longest == 0:
            continue
        step = _DIFFERENCE_STEP / longest
        ahead, behind = (
            [np.asarray(function(point + sign * k * step * vector)) for k in (1, 2)]
            for sign in (1, -1)
        )
        near, far = ahead[0] - behind[0], ahead[1] - behind[1]
        column[:] = (8 * near - far) / (12 * step)
        if not np.isfinite(column).all():
            column[:] = _one_sided_product(function, point, vector, scale)
        elif (
            jumps
            and (
                np.abs(2 * near - far) > _JUMP * np.abs(near).max() + 1e-9 * np.abs(ahead[0])
            ).any()
        ):
            column[:] = _product_beside_a_jump(function, point, vector, step, column)
    return columns


def _product_beside_a_jump(function, point, vector, step, central) -> np.ndarray:
    """The same where the function jumps or has a kink nearby, as x mod 1 does.

    Differences of order 4 to one side, and of order 2 to compare; the side on which the two agree
    best, and both sides if they do not agree on either.
    """
    here, best, least = np.asarray(function(point)), central, _JUMP
    for h in (step, -step):
        values = np.array(
            [here, *(np.asarray(function(point + k * h * vector)) for k in range(1, 5))]
        )
        fine = np.tensordot(_ONE_SIDED, values, axes=1) / h
        coarse = (4 * values[1] - 3 * values[0] - values[2]) / (2 * h)
        size = max(np.abs(fine).max(), np.abs(coarse).max())
        gap = float(np.abs(fine - coarse).max() / size) if 0 < size < np.inf else np.inf
        if gap < least:
            best, least = fine, gap
    return best


def _one_sided_product(function, point, vector, scale) -> np.ndarray:
    """The same at the edge of where the function is defined, such as concentrations near 0.

    Differences of order 4 along every variable, to the side on which they are finite.
    """
    here = np.asarray(function(point))
    product = np.zeros(point.size)
    for i, length in enumerate(np.broadcast_to(scale, point.shape)):
        if vector[i] == 0:
            continue
        slope = np.full(point.size, np.nan)
        for h in (sign * _DIFFERENCE_STEP * length / 4**k for k in range(4) for sign in (1, -1)):
            move = np.zeros(point.size)
            move[i] = h
            values = [here] + [np.asarray(function(point + j * move)) for j in range(1, 5)]
            slope = np.tensordot(_ONE_SIDED, values, axes=1) / h
            if np.isfinite(slope).all():
                break
        product += slope * vector[i]
    return product
