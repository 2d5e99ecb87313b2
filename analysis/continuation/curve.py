"""Pseudo-arclength: a curve F(u) = 0 of one equation less than unknowns, step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


class LostError(Exception):
    """The corrector did not come back to the curve."""


@dataclass(frozen=True, kw_only=True)
class StepControl:
    """How a curve is followed.

    Attributes
    ----------
    first, smallest, largest : float
        Length of steps in (y, parameter).
    tolerance : float
        Largest residual, relative to max(1, |u|).
    max_iterations : int
        Of the corrector; a step that needs more is halved, one that needs 3 or less is
        followed by a longer one.
    """

    first: float
    smallest: float
    largest: float
    tolerance: float
    max_iterations: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.first <= self.largest < np.inf:
            raise ValueError(
                "Need 0 < smallest <= first <= largest step, got "
                f"{self.smallest!r}, {self.first!r} and {self.largest!r}."
            )
        if not self.tolerance > 0:
            raise ValueError(f"tolerance must be positive, got {self.tolerance!r}.")


def tangent(matrix: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Unit vector in the kernel of dF/du, shape (m, m + 1), that goes on from another."""
    bordered = np.vstack([matrix, before])
    right = np.zeros(len(before))
    right[-1] = 1.0
    direction = np.linalg.solve(bordered, right)
    return direction / np.linalg.norm(direction)


def correct(
    residual: Function, derivative: Function, guess: np.ndarray, along: np.ndarray, *,
    tolerance: float, max_iterations: int,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """The point of the curve in the plane through a guess, normal to a direction.

    Raises
    ------
    LostError
        If Newton's method does not converge.

    References
    ----------
    Keller (1977), in Applications of Bifurcation Theory, 359-384.
    """
    u = guess
    try:
        for iteration in range(max_iterations + 1):
            value = np.append(residual(u), along @ (u - guess))
            if np.linalg.norm(value) <= tolerance * max(1.0, float(np.linalg.norm(u))):
                return u, iteration
            if iteration < max_iterations:
                u = u - np.linalg.solve(np.vstack([derivative(u), along]), value)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise LostError(str(error)) from error
    raise LostError(f"no convergence in {max_iterations} iterations")


def advance(
    residual: Function, derivative: Function, u: np.ndarray, along: np.ndarray, step: float,
    control: StepControl,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """The next point of the curve, and the step to try after it; shorter steps if need be."""
    while step >= control.smallest:
        try:
            following, iterations = correct(
                residual,
                derivative,
                u + step * along,
                along,
                tolerance=control.tolerance,
                max_iterations=control.max_iterations,
            )
        except LostError:
            step /= 2
            continue
        if np.linalg.norm(following - u) > 2 * step:  # another curve
            step /= 2
            continue
        return following, min(control.largest, 1.5 * step if iterations <= 3 else step)
    raise LostError(
        f"The curve was lost at steps of {control.smallest:g}. Lower smallest_step, or raise "
        "tolerance."
    )
