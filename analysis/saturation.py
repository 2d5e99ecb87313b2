"""States that a map leaves in place only to rounding, because it saturates there."""

from typing import Any

import numpy as np

from isochron.analysis.newton import dense

# Relative to the largest singular value: directions in which nothing seems to change. Variables
# whose motion has underflowed lie next to others that are slow.
_NEUTRAL = (1e-7, 1e-9, 1e-11, 1e-13)
_INWARD = 0.9  # of the way from the start: a zero of finite order has ended there
_FLAT = 1e6  # times the rounding error of a step: e^14 of the e^36 of such a tail
_MOVES = 1e3  # times the rounding error: a state that moves
_HALFWAY = 1 / 32  # of the motion at the start; more at a zero of an order below 5


def only_saturates(function: Any, point: np.ndarray, start: np.ndarray) -> bool:
    """Whether a map does not move a state only because its motion underflows there.

    A map such as x + (1 - z(x)) (n(x) - x) with a gate z does not have a fixed point where the gate
    is closed, but the motion decays exponentially with x until x + motion is x in floating point.
    There, the motion is below rounding not only at the point but also 10 % of the way back to the
    start, along the directions in which the derivative vanishes; it is above it at the start, and
    falls off faster than any power. At a fixed point of low order it is above rounding on that
    way, and on a straight line of fixed points it is nowhere above it.

    Parameters
    ----------
    function : callable
        Motion of a state in one step, and its derivative.
    point, start : ndarray, shape (n,)
        A state that does not move, and where the search for it began.
    """
    left, sizes, right = np.linalg.svd(dense(function(point)[1]))
    return any(
        _is_flat(function, point, start, left.T[neutral], right[neutral])
        for share in _NEUTRAL
        if (neutral := sizes <= share * max(1.0, float(sizes[0]))).any()
    )


def _is_flat(function: Any, point: np.ndarray, start: np.ndarray, left, right) -> bool:
    """Whether a map moves a state along some directions at the start, but not on the last 10 %."""
    way = right.T @ (right @ (point - start))
    length = max(1.0, float(np.abs(point).max()))
    rounding = np.finfo(float).eps * length * np.sqrt(point.size)

    def motion(share: float) -> float:
        """Along the directions that the derivative does not reach, after a share of the way."""
        return float(np.linalg.norm(left @ function(point - (1 - share) * way)[0]))

    with np.errstate(all="ignore"):
        moves = motion(0.0)
        return (
            motion(_INWARD) <= _FLAT * rounding
            and moves > _MOVES * rounding
            and motion(0.5) < _HALFWAY * moves
        )
