"""Folds in two parameters: the edges of tongues and of bistable regions."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron.analysis.continuation.branch import SpecialPoint
from isochron.analysis.continuation.curve import LostError, StepControl, advance, correct, tangent
from isochron.analysis.continuation.problems import (
    CycleProblem,
    FixedPointProblem,
    Problem,
    ReturnProblem,
    parameter_derivative,
)

_STEP = 1e-4  # of central differences of order 2 of the matrix: their error only slows Newton


@dataclass(frozen=True, kw_only=True)
class FoldCurve:
    """Where two solutions meet and vanish, in the plane of two parameters.

    Attributes
    ----------
    parameters : ndarray, shape (m, 2)
    states : ndarray, shape (m, n)
    residuals : ndarray, shape (m,)
        Of the equations of the solution and of the fold together, relative to max(1, |u|).
    message : str
        Why the curve ends, and what to try if that was no limit.
    tolerance : float
        Largest accepted residual.
    """

    parameters: np.ndarray
    states: np.ndarray
    residuals: np.ndarray
    message: str
    tolerance: float


def continue_fold(
    system_at: Callable[[float, float], Any],
    fold: SpecialPoint,
    second: float,
    *,
    limits: tuple[tuple[float, float], tuple[float, float]],
    forcing_period: float | Callable[[float, float], float] | None = None,
    direction: int = 1,
    step: float = 0.05,
    smallest_step: float = 1e-6,
    largest_step: float = 0.5,
    max_points: int = 200,
    tolerance: float = 1e-8,
    rtol: float | None = None,
) -> FoldCurve:
    """Follow a fold of fixed points or cycles in two parameters.

    Solves F(y; p, q) = 0 with g = 0, the scalar of the bordered matrix of dF/dy that
    vanishes where this is singular. The gradient of g is taken by differences, so that a
    point costs about 2 n matrices: for tens of dimensions, not for hundreds.

    Parameters
    ----------
    system_at : callable
        The system at values of both parameters, the first that of the branch of `fold`.
    fold : SpecialPoint
        From `continue_fixed_points` or `continue_cycles`, at `second`.
    second : float
        Value of the second parameter there.
    limits : pair of pairs of float
        Lowest and highest value of either parameter.
    forcing_period : float or callable, optional
        Of a field with a forcing; a callable gets both parameters.
    direction : {1, -1}
        Begin with a growing or a falling second parameter.
    step, smallest_step, largest_step : float
        Arclength in the state and both parameters.
    max_points : int
    tolerance : float
        Largest residual.
    rtol : float, optional
        Relative tolerance of the integration of a field.

    Returns
    -------
    FoldCurve

    Raises
    ------
    ValueError
        If the point is no fold, or not within the limits.

    References
    ----------
    Govaerts (2000), Numerical Methods for Bifurcations of Dynamical Equilibria, chapter 4.
    """
    if fold.kind != "fold":
        raise ValueError(f"A fold is needed to start from; this is a {fold.kind}.")
    for value, (low, high) in zip((fold.parameter, second), limits, strict=True):
        if not low <= value <= high:
            raise ValueError(f"parameter {value!r} must lie within limits {(low, high)!r}.")
    problem, y = _problem(system_at, fold, second, forcing_period, rtol)
    control = StepControl(
        first=step, smallest=smallest_step, largest=largest_step, tolerance=tolerance
    )
    equations = _FoldEquations(problem, y, (fold.parameter, second))
    u = np.concatenate([y, [fold.parameter, second]])
    axis = np.zeros(u.size)
    axis[-1] = direction
    found, residuals = [], []
    message = f"max_points={max_points} reached; raise it to go on"
    try:
        functions = (equations.residual, equations.derivative)
        u, _ = correct(*functions, u, axis, tolerance=tolerance, max_iterations=16)
        before = axis
        while True:
            found.append(u)
            residual = np.linalg.norm(equations.residual(u)) / max(1.0, float(np.linalg.norm(u)))
            residuals.append(float(residual))
            outside = [not a <= v <= b for v, (a, b) in zip(u[-2:], limits, strict=True)]
            if any(outside):
                message = f"parameter {outside.index(True) + 1} came to its limit"
                break
            if len(found) >= max_points:
                break
            equations.move(u)
            before = tangent(equations.derivative(u), before)
            u, step = advance(*functions, u, before, step, control)
    except (LostError, np.linalg.LinAlgError, ArithmeticError) as error:
        message = str(error)
    curve = np.array(found).reshape(-1, y.size + 2)
    n = fold.state.size
    return FoldCurve(
        parameters=curve[:, -2:],
        states=curve[:, :n],
        residuals=np.array(residuals),
        message=message,
        tolerance=tolerance,
    )


def _problem(system_at, fold, second, forcing_period, rtol) -> tuple[Problem, np.ndarray]:
    system = system_at(fold.parameter, second)
    if hasattr(system, "advance"):
        periods = round(fold.period / (system.n_steps * system.step_ms))
        return ReturnProblem(system_at, rtol=rtol, subharmonic=periods), fold.state
    if forcing_period is not None:
        period: Any = forcing_period
        return ReturnProblem(system_at, period=period, rtol=rtol), fold.state
    if math.isnan(fold.period):
        return FixedPointProblem(system_at), fold.state
    velocity = system(0.0, fold.state)
    problem = CycleProblem(system_at, anchor=fold.state, normal=velocity, rtol=rtol)
    return problem, np.append(fold.state, fold.period)


class _FoldEquations:
    """(F, g) of u = (y, p, q), and their derivative; g by bordering with near null vectors."""

    def __init__(self, problem: Problem, y: np.ndarray, parameters: tuple[float, float]) -> None:
        self.problem = problem
        self._border(y, parameters)

    def move(self, u: np.ndarray) -> None:
        """Take phase and borders from a point of the curve."""
        if isinstance(self.problem, CycleProblem):
            self.problem.move_anchor(u[:-2], *u[-2:])
        self._border(u[:-2], tuple(u[-2:]))

    def residual(self, u: np.ndarray) -> np.ndarray:
        """(F, g), shape (m + 1,)."""
        return np.append(self.problem.residual(u[:-2], *u[-2:]), self._null_vectors(u)[2])

    def derivative(self, u: np.ndarray) -> np.ndarray:
        """Shape (m + 1, m + 2)."""
        y, parameters = u[:-2], (float(u[-2]), float(u[-1]))
        columns = [parameter_derivative(self.problem, y, parameters, i) for i in (0, 1)]
        top = np.column_stack([self.problem.derivative(y, *parameters), *columns])
        right, left, _ = self._null_vectors(u)
        gradient = np.empty(u.size)
        for i in range(u.size):
            shift = np.zeros(u.size)
            shift[i] = _STEP * max(1.0, abs(u[i]))
            change = self._matrix(u + shift) - self._matrix(u - shift)
            gradient[i] = -left @ change @ right / (2 * shift[i])
        return np.vstack([top, gradient])

    def _matrix(self, u: np.ndarray) -> np.ndarray:
        return self.problem.derivative(u[:-2], *u[-2:])

    def _border(self, y: np.ndarray, parameters: tuple[float, ...]) -> None:
        """Singular vectors of the least singular value."""
        left, _, right = np.linalg.svd(self.problem.derivative(y, *parameters))
        self.column, self.row = left[:, -1], right[-1]

    def _null_vectors(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """v and w with A v + b g = 0, A' w + c g = 0, c.v = b.w = 1; and g."""
        bordered = np.block([[self._matrix(u), self.column[:, None]], [self.row, np.zeros(1)]])
        unit = np.zeros(len(bordered))
        unit[-1] = 1.0
        right = np.linalg.solve(bordered, unit)
        left = np.linalg.solve(bordered.T, unit)
        return right[:-1], left[:-1], float(right[-1])
