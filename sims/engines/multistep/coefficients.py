"""Coefficients of the multistep methods of order 1 and 3, and the limits of a step."""

from typing import NamedTuple

import numpy as np

# The most recent value first.
DIFFERENTIATION = {1: (1.0, -1.0), 3: (11 / 6, -3.0, 3 / 2, -1 / 3)}
BASHFORTH = {1: (1.0,), 3: (23 / 12, -16 / 12, 5 / 12)}
MOULTON = {1: (1 / 2, 1 / 2), 3: (9 / 24, 19 / 24, -5 / 24, 1 / 24)}
EXTRAPOLATION = {1: (1.0,), 3: (3.0, -3.0, 1.0)}

# Extrapolation of order 3 multiplies a difference by at most 3 + 3 + 1, so that the feedback of
# the conductances that are not in the factor is at most 0.7.
LARGEST_SHIFT = 0.1
# Root mean square over neurons of the difference of predicted and corrected activations, in units
# of the largest activation. Accurate runs have 1e-4 and less, unstable ones 3e-2 and more.
LARGEST_CORRECTION = 1e-3
CHECK_EVERY = 4  # steps


class Coefficients(NamedTuple):
    """Coefficients of a step, rates in 1/ms.

    Attributes
    ----------
    inertia : float
        Coefficient of the new potential.
    past : tuple of 3 float
        Coefficients of earlier potentials, on the right-hand side.
    extrapolated : tuple of 3 float
        Coefficients of earlier potentials in the extrapolated one.
    predicted : tuple of 3 float
        Coefficients of earlier rates of the activations in the predicted activation, ms.
    corrected : tuple of 4 float
        Coefficients of the new rate and of earlier ones in the corrected activation, ms.
    """

    inertia: float
    past: tuple
    extrapolated: tuple
    predicted: tuple
    corrected: tuple


def coefficients(order: int, step: float, dtype: type = np.float64) -> Coefficients:
    """Coefficients of a method of an order, for a step in ms, as numbers of a type."""

    def padded(values, count, scale=1.0):
        return tuple(dtype(scale * x) for x in (*values, *[0.0] * (count - len(values))))

    first, *past = DIFFERENTIATION[order]
    return Coefficients(
        dtype(first / step),
        padded(past, 3, -1 / step),
        padded(EXTRAPOLATION[order], 3),
        padded(BASHFORTH[order], 3, step),
        padded(MOULTON[order], 4, step),
    )
