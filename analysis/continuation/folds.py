"""Folds in two parameters: the edges of tongues and of bistable regions."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.continuation.branch import SpecialPoint
from isochron.analysis.continuation.control import StepControl
from isochron.analysis.continuation.curve import LostError, Solver, advance, correct, tangent
from isochron.analysis.continuation.follow import systems_in_units
from isochron.analysis.continuation.problems import (
    FixedPointProblem,
    OrbitProblem,
    Problem,
    parameter_derivative,
)
from isochron.analysis.continuation.scales import Scales, choose_scales
from isochron.analysis.continuation.special import PARAMETER_STEP
from isochron.analysis.results import short_repr
from isochron.analysis.systems.protocols import is_map
from isochron.analysis.systems.scales import check_scale
from isochron.analysis.systems.units import Units
from isochron.arguments import require_callable, require_instance
from isochron.settings import settings_from

# Step of the central differences of the matrix, relative to the size: their error only slows
# Newton's method.
_STEP = 1e-4
_TOLERANCE, _MAX_POINTS = 1e-8, 200
_NEARBY = 0.01  # sizes over which the gradient of the scalar is reused


@short_repr
@dataclass(frozen=True, kw_only=True)
class FoldCurve:
    """Where two solutions meet and vanish, in the plane of two parameters.

    Attributes
    ----------
    parameters : ndarray, shape (m, 2)
        Values of both parameters along the curve.
    states : ndarray, shape (m, n)
        States along the curve.
    residuals : ndarray, shape (m,)
        Residuals of the equations of the solution, relative to the size of the state.
    message : str
        Why the curve ends, and what to try if it ended before a limit.
    tolerance : float
        Largest accepted residual.

    Examples
    --------
    The folds of dx/dt = p + q x - x³ lie at 27 p² = 4 q³:

    >>> cusp = lambda p, q: analysis.Flow(lambda t, x: p + q * x - x**3)
    >>> branch = analysis.continue_fixed_points(
    ...     lambda p: cusp(p, 1.0), [-1.5], -2.0, limits=(-2, 2)
    ... )
    >>> fold = branch.of_kind("fold")[0]
    >>> curve = analysis.continue_fold(cusp, fold, 1.0, limits=((-2, 2), (0.5, 1.5)))
    >>> print(np.abs(3 * curve.states[:, 0] ** 2 - curve.parameters[:, 1]).max().round(6))
    0.0
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
    control: StepControl | None = None,
    **fields: Any,
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
        Period of the forcing of a field; a callable gets both parameters.
    direction : {1, -1}
        Start with a growing or a falling second parameter.
    control : StepControl, optional
        Steps, scales and tolerances; by default the tolerance is 1e-8, and there are at most 200
        points. Either pair of limits is as far apart as the state is large; `parameter_scale` is
        an error.
        Or its fields as keywords.

    Returns
    -------
    FoldCurve

    Raises
    ------
    ValueError
        If the point is not a fold, or not within the limits, or the system is too large, or
        `control` has a parameter_scale.

    References
    ----------
    Govaerts (2000), Numerical Methods for Bifurcations of Dynamical Equilibria, chapter 4.

    Examples
    --------
    The folds of dx/dt = p + q x - x³ lie at 27 p² = 4 q³:

    >>> cusp = lambda p, q: analysis.Flow(lambda t, x: p + q * x - x**3)
    >>> branch = analysis.continue_fixed_points(
    ...     lambda p: cusp(p, 1.0), [-1.5], -2.0, limits=(-2, 2)
    ... )
    >>> fold = branch.of_kind("fold")[0]
    >>> curve = analysis.continue_fold(cusp, fold, 1.0, limits=((-2, 2), (0.5, 1.5)))
    >>> p, q = curve.parameters.T
    >>> print(np.abs(27 * p**2 - 4 * q**3).max() < 1e-6)
    True
    """
    control = settings_from(StepControl, control, fields)
    require_callable("system_at", system_at, "lambda value: ...")
    require_instance("fold", fold, SpecialPoint, 'branch.of_kind("fold")[0]')
    if fold.kind != "fold":
        raise ValueError(f"A fold is needed to start from; this is a {fold.kind}.")
    if control.parameter_scale is not None:
        raise ValueError(
            "A fold in two parameters does not take parameter_scale: either pair of limits is as "
            "far apart as the state is large."
        )
    system_at, fold, units = _in_units(system_at, fold, control.scale)
    problem, y = _problem(system_at, fold, second, forcing_period, control.rtol)
    parameters = (fold.parameter, second)
    if isinstance(problem, OrbitProblem) and problem.is_large(y, *parameters):
        raise ValueError(
            f"A fold in two parameters needs matrices; {fold.state.size} dimensions are too many. "
            "Reduce the system, or follow the branch at several values of the second parameter."
        )
    scales = choose_scales(problem, y, parameters, limits, (None, None))
    steps, max_points = scales.steps(control, _TOLERANCE), control.points(_MAX_POINTS)
    equations = _FoldEquations(problem, scales, y, parameters)
    u = equations.pack(y, parameters)
    before = np.append(np.zeros(u.size - 1), direction)
    found: list[tuple[np.ndarray, tuple[float, float]]] = []
    residuals: list[float] = []
    message = f"max_points={max_points} reached; raise it to continue"
    length = steps.first
    try:
        u, _ = correct(equations, u, before, steps.tolerance, 16)
        while True:
            y, parameters = equations.unpack(u)
            found.append((problem.state(y, *parameters)[0].copy(), parameters))
            residual = np.linalg.norm(equations.residual(u)[:-1]) / scales.size
            residuals.append(float(residual))
            outside = [not a <= v <= b for v, (a, b) in zip(parameters, limits, strict=True)]
            if any(outside):
                message = f"parameter {outside.index(True) + 1} reached its limit"
                break
            if len(found) >= max_points:
                break
            equations.move(u)
            before = tangent(equations, u, before)
            u, length = advance(equations, u, before, length, steps)
    except (LostError, np.linalg.LinAlgError, ArithmeticError) as error:
        message = str(error)
    return FoldCurve(
        parameters=np.array([p for _, p in found]).reshape(-1, 2),
        states=units.leave(np.array([x for x, _ in found]).reshape(-1, fold.state.size)),
        residuals=np.array(residuals),
        message=message,
        tolerance=_TOLERANCE if control.tolerance is None else control.tolerance,
    )


def _in_units(system_at, fold: SpecialPoint, scale: ArrayLike | None):
    """Systems and fold in given units, and these."""
    n = fold.state.size
    units = Units(np.ones(n) if scale is None else check_scale(scale, n))
    return (
        systems_in_units(system_at, units),
        replace(fold, state=units.enter(fold.state)),
        units,
    )


def _problem(system_at, fold, second, forcing_period, rtol) -> tuple[Problem, np.ndarray]:
    system = system_at(fold.parameter, second)
    if is_map(system):
        periods = round(fold.period / (system.n_steps * system.step_ms))
        return OrbitProblem(system_at, rtol=rtol, subharmonic=periods), fold.state
    if forcing_period is not None:
        period: Any = forcing_period
        return OrbitProblem(system_at, period=period, rtol=rtol), fold.state
    if math.isnan(fold.period):
        return FixedPointProblem(system_at), fold.state
    problem = OrbitProblem(system_at, autonomous=True, rtol=rtol)
    y = np.append(fold.state, fold.period)
    problem.move_anchor(y, fold.parameter, second)
    return problem, y


class _FoldEquations:
    """(F, g) of u = (y, p, q) in units of the scales; g by bordering with near null vectors."""

    def __init__(
        self, problem: Problem, scales: Scales, y: np.ndarray, parameters: tuple[float, float]
    ) -> None:
        self.problem, self.scales = problem, scales
        self._gradient_at: tuple[Any, Any] = (None, None)
        self._border(y, parameters)

    def pack(self, y: np.ndarray, parameters: tuple[float, float]) -> np.ndarray:
        """u of unknowns and parameters."""
        return np.append(y / self.scales.units, np.divide(parameters, self.scales.parameters))

    def unpack(self, u: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
        """Unknowns and parameters."""
        p, q = u[-2:] * self.scales.parameters
        return u[:-2] * self.scales.units, (float(p), float(q))

    def move(self, u: np.ndarray) -> None:
        """Take phase and borders from a point of the curve."""
        y, parameters = self.unpack(u)
        if isinstance(self.problem, OrbitProblem):
            self.problem.move_anchor(y, *parameters)
        self._border(y, parameters)
        self._gradient_at = (None, None)

    def residual(self, u: np.ndarray) -> np.ndarray:
        """Shape (m + 1,)."""
        y, parameters = self.unpack(u)
        return np.append(self.problem.residual(y, *parameters), self._null_vectors(u)[2])

    def bordered(self, u: np.ndarray, row: np.ndarray) -> Solver:
        """What solves (d(F, g)/du; row) x = b for x."""
        y, parameters = self.unpack(u)
        columns = [
            scale * parameter_derivative(
                self.problem, y, parameters, PARAMETER_STEP * scale * self.scales.size, i
            )
            for i, scale in enumerate(self.scales.parameters)
        ]  # fmt: skip
        whole = np.vstack([np.column_stack([self._matrix(u), *columns]), self._gradient(u), row])
        return lambda right: np.linalg.solve(whole, right)

    def _gradient(self, u: np.ndarray) -> np.ndarray:
        """Of g, shape (m + 2,); the last one where it was taken nearby."""
        there, known = self._gradient_at
        if known is not None and np.linalg.norm(u - there) < _NEARBY * self.scales.size:
            return known
        right, left, _ = self._null_vectors(u)
        gradient, h = np.empty(u.size), _STEP * self.scales.size
        for i in range(u.size):
            shift = np.zeros(u.size)
            shift[i] = h
            change = self._matrix(u + shift) - self._matrix(u - shift)
            gradient[i] = -left @ change @ right / (2 * h)
        self._gradient_at = (u.copy(), gradient)
        return gradient

    def _matrix(self, u: np.ndarray) -> np.ndarray:
        y, parameters = self.unpack(u)
        return self.problem.derivative(y, *parameters) * self.scales.units

    def _border(self, y: np.ndarray, parameters: tuple[float, float]) -> None:
        """Singular vectors of the least singular value."""
        left, _, right = np.linalg.svd(self._matrix(self.pack(y, parameters)))
        self.column, self.row = left[:, -1], right[-1]

    def _null_vectors(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """v and w with A v + b g = 0, A' w + c g = 0, c.v = b.w = 1; and g."""
        bordered = np.block([[self._matrix(u), self.column[:, None]], [self.row, np.zeros(1)]])
        unit = np.zeros(len(bordered))
        unit[-1] = 1.0
        right = np.linalg.solve(bordered, unit)
        left = np.linalg.solve(bordered.T, unit)
        return right[:-1], left[:-1], float(right[-1])
