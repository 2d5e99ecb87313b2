"""Pseudo-arclength: a curve F(u) = 0 of one equation less than unknowns, step by step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

Solver = Callable[[np.ndarray], np.ndarray]


class LostError(Exception):
    """The corrector did not come back to the curve."""


class Curve(Protocol):
    """F(u) = 0, and its derivative with a row below it."""

    def residual(self, u: np.ndarray) -> np.ndarray:
        """F."""
        ...

    def bordered(self, u: np.ndarray, row: np.ndarray) -> Solver:
        """What solves (dF/du; row) x = b for x."""
        ...


@dataclass(frozen=True, kw_only=True)
class CurveSteps:
    """How a curve is followed, in its own units: a `StepControl` at a given size.

    Attributes
    ----------
    first, smallest, largest : float
        Length of steps in u.
    tolerance : float
        Length of the step of Newton's method that counts as converged.
    relative : float
        The same, relative to the length of u, if that is more: where the curve has come to
        states much larger than those it started with.
    grows : bool
        Whether the longest step grows with the way.
    max_iterations : int
        Iterations of the corrector; a step that needs more is halved, one that needs 3 or less is
        followed by a longer one.
    """

    first: float
    smallest: float
    largest: float
    tolerance: float
    relative: float = 0.0
    grows: bool = False
    max_iterations: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.first <= self.largest < np.inf:
            raise ValueError(
                "Need 0 < smallest <= first <= largest step, got "
                f"{self.smallest!r}, {self.first!r} and {self.largest!r}."
            )
        if not self.tolerance > 0:
            raise ValueError(f"tolerance must be positive, got {self.tolerance!r}.")

    def widened(self, factor: float) -> "CurveSteps":
        """The same of a curve that has become larger; the longest step grows with the way."""
        return replace(self, tolerance=self.tolerance * factor)

    def limit(self, way: float, along: np.ndarray, span: float) -> float:
        """Longest step after a way along the curve, if the parameter's range is `span`."""
        if not self.grows:
            return self.largest
        rest = abs(float(along[-1]))
        share = span / 10 / rest if rest > 0 else np.inf
        return max(self.largest, min((way - _LONG_WAY * self.largest) / 5, share))


_LONG_WAY = 40.0  # longest steps, after which these are too short


def border(matrix: np.ndarray, column: np.ndarray, row: np.ndarray) -> Solver:
    """What solves (matrix, column; row) x = b; the matrix may be a linear operator (GMRES)."""
    if not isinstance(matrix, LinearOperator):
        whole = np.vstack([np.column_stack([matrix, column]), row])
        return lambda right: np.linalg.solve(whole, right)

    def product(vector: np.ndarray) -> np.ndarray:
        vector = vector.ravel()
        return np.append(matrix @ vector[:-1] + column * vector[-1], row @ vector)

    shape = (row.size, row.size)
    operator = LinearOperator(shape, matvec=product, dtype=float)  # type: ignore[call-arg]

    def solve(right: np.ndarray) -> np.ndarray:
        found, failed = gmres(operator, right, rtol=1e-9, restart=60, maxiter=4)
        if failed:
            raise LostError("GMRES did not converge; the system is too large and too unstable")
        return found

    return solve


def tangent(curve: Curve, u: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Unit vector in the kernel of dF/du that continues a different one.

    Raises
    ------
    LostError
        If there is none.
    """
    right = np.zeros(u.size)
    right[-1] = 1.0
    try:
        direction = curve.bordered(u, before)(right)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise LostError(f"The curve does not have a tangent: {error}.") from error
    return direction / np.linalg.norm(direction)


def correct(
    curve: Curve,
    guess: np.ndarray,
    along: np.ndarray,
    tolerance: float,
    max_iterations: int,
    relative: float = 0.0,
) -> tuple[np.ndarray, int]:
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
            solve = curve.bordered(u, along)
            value = np.append(curve.residual(u), along @ (u - guess))
            if not value.any():  # also where branches cross, and the matrix is singular
                return u, iteration
            move = solve(value)
            length = float(np.linalg.norm(move))
            if length <= max(tolerance, relative * float(np.linalg.norm(u))):
                return u, iteration
            if not np.isfinite(length):
                break
            u = u - move
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise LostError(str(error)) from error
    raise LostError(f"no convergence in {max_iterations} iterations")


def advance(
    curve: Curve,
    u: np.ndarray,
    along: np.ndarray,
    step: float,
    control: CurveSteps,
    longest: float | None = None,
) -> tuple[np.ndarray, float]:
    """The next point of the curve, and the step to try after it; shorter steps if need be."""
    limits = (control.tolerance, control.max_iterations, control.relative)
    longest = control.largest if longest is None else longest
    step = min(step, longest)
    while step >= control.smallest:
        try:
            following, iterations = correct(curve, u + step * along, along, *limits)
        except LostError:
            step /= 2
            continue
        if np.linalg.norm(following - u) > 2 * step:  # a different curve
            step /= 2
            continue
        return following, min(longest, 1.5 * step if iterations <= 3 else step)
    raise LostError(
        f"The curve was lost at steps of {control.smallest:g}. Lower smallest_step, or raise "
        "tolerance; give scale if variables differ much in size."
    )
