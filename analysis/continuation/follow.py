"""Branches of fixed points and cycles in one parameter, with what happens on them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.continuation.branch import Branch, BranchPoint, SpecialPoint
from isochron.analysis.continuation.curve import LostError, StepControl, advance
from isochron.analysis.continuation.problems import (
    CycleProblem,
    FixedPointProblem,
    Problem,
    ReturnProblem,
)
from isochron.analysis.continuation.special import Frame, find_special
from isochron.analysis.limit_cycles import LimitCycle

SystemAt = Callable[[float], Any]


def continue_fixed_points(
    system_at: SystemAt,
    start: ArrayLike,
    parameter: float,
    *,
    limits: tuple[float, float],
    direction: int = 1,
    step: float = 0.05,
    smallest_step: float = 1e-6,
    largest_step: float = 0.5,
    parameter_scale: float = 1.0,
    max_points: int = 500,
    tolerance: float = 1e-10,
) -> Branch:
    """Follow a fixed point of a field, or of a map, in a parameter, round folds as well.

    Folds, Hopf points, period doublings, Neimark-Sacker points and branch points are found
    where the branch turns or its index changes from one point to the next, and located by
    root finding along the curve. Two changes within one step may hide each other.

    Parameters
    ----------
    system_at : callable
        The system at a value of the parameter (`SystemFamily.along` makes one).
    start : array_like, shape (n,)
        Near the fixed point at `parameter`.
    parameter : float
        Where to begin.
    limits : tuple of float
        Lowest and highest value of the parameter.
    direction : {1, -1}
        Begin with a growing or a falling parameter.
    step, smallest_step, largest_step : float
        Arclength of the first, the shortest and the longest step, in the unit of the state.
    parameter_scale : float
        Change of the parameter that counts as much as one unit of the state.
    max_points : int
    tolerance : float
        Largest residual, relative to max(1, |x|).

    Returns
    -------
    Branch
        With no points, and a message, if there is no solution at the start.

    Raises
    ------
    ValueError
        If the numbers are not in order.

    References
    ----------
    Keller (1977), in Applications of Bifurcation Theory, 359-384.
    """
    first = system_at(parameter)
    problem = ReturnProblem if hasattr(first, "advance") else FixedPointProblem
    return _follow(
        problem(system_at),
        np.array(start, dtype=float),
        parameter,
        limits=limits,
        direction=direction,
        control=StepControl(
            first=step, smallest=smallest_step, largest=largest_step, tolerance=tolerance
        ),
        scale=parameter_scale,
        max_points=max_points,
    )


def continue_cycles(
    system_at: SystemAt,
    start: LimitCycle,
    parameter: float,
    *,
    limits: tuple[float, float],
    forcing_period: float | Callable[[float], float] | None = None,
    direction: int = 1,
    step: float = 0.05,
    smallest_step: float = 1e-6,
    largest_step: float = 0.5,
    parameter_scale: float = 1.0,
    max_points: int = 500,
    tolerance: float = 1e-9,
    rtol: float | None = None,
) -> Branch:
    """Follow a limit cycle in a parameter, by single shooting.

    Parameters
    ----------
    start : LimitCycle
        Found at `parameter`.
    forcing_period : float or callable, optional
        Of a field with a forcing; a callable gets the parameter.
    system_at, parameter, limits, direction, step, smallest_step, largest_step
        As in `continue_fixed_points`.
    parameter_scale, max_points, tolerance
        As in `continue_fixed_points`. The period is part of the state.
    rtol : float, optional
        Relative tolerance of the integration of a field.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If `start` was not found, or is of a field with a forcing whose period is missing.
    """
    if not start.found:
        raise ValueError(f"There is no cycle to start from: {start.message}")
    problem, y = cycle_problem(system_at, start, (parameter,), forcing_period, rtol)
    return _follow(
        problem,
        y,
        parameter,
        limits=limits,
        direction=direction,
        control=StepControl(
            first=step, smallest=smallest_step, largest=largest_step, tolerance=tolerance
        ),
        scale=parameter_scale,
        max_points=max_points,
    )


def continue_cycles_from_hopf(
    system_at: SystemAt,
    hopf: SpecialPoint,
    *,
    limits: tuple[float, float],
    amplitude: float = 0.05,
    smallest_step: float = 1e-6,
    largest_step: float = 0.5,
    parameter_scale: float = 1.0,
    max_points: int = 500,
    tolerance: float = 1e-9,
    rtol: float | None = None,
) -> Branch:
    """Switch to the cycles that are born at a Hopf point, and follow them.

    Parameters
    ----------
    hopf : SpecialPoint
        Of a field, from `continue_fixed_points`.
    amplitude : float
        Distance of the first cycle's state from the fixed point, and the first step.
    system_at, limits, smallest_step, largest_step, parameter_scale, max_points, tolerance, rtol
        As in `continue_cycles`.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If the point is no Hopf point.

    References
    ----------
    Kuznetsov (2004), Elements of Applied Bifurcation Theory, section 10.2.6.
    """
    if hopf.kind != "Hopf":
        raise ValueError(f"Cycles are born at a Hopf point; this is a {hopf.kind}.")
    matrix = FixedPointProblem(system_at).derivative(hopf.state, hopf.parameter)
    values, vectors = np.linalg.eig(matrix)
    vector = vectors[:, np.argmin(np.abs(values - hopf.critical))]
    # The phase that makes real and imaginary part orthogonal, the real part the longer.
    vector = vector * np.exp(-0.5j * np.angle(np.sum(vector * vector)))
    along, normal = np.real(vector), np.imag(vector)
    along = along / np.linalg.norm(along)
    problem = CycleProblem(system_at, anchor=hopf.state, normal=normal, rtol=rtol)
    y = np.append(hopf.state + amplitude * along, 2 * np.pi / abs(hopf.critical.imag))
    return _follow(
        problem,
        y,
        hopf.parameter,
        limits=limits,
        direction=1,
        control=StepControl(
            first=max(amplitude, smallest_step),
            smallest=smallest_step,
            largest=max(largest_step, amplitude),
            tolerance=tolerance,
        ),
        scale=parameter_scale,
        max_points=max_points,
        along=np.concatenate([along, [0.0, 0.0]]),
    )


def cycle_problem(
    system_at: Callable[..., Any],
    cycle: LimitCycle,
    parameters: tuple[float, ...],
    forcing_period: Any,
    rtol: float | None,
) -> tuple[Problem, np.ndarray]:
    """The equations of a cycle, and their solution y."""
    system = system_at(*parameters)
    if cycle.autonomous:
        velocity = system(0.0, cycle.point)
        problem = CycleProblem(system_at, anchor=cycle.point, normal=velocity, rtol=rtol)
        return problem, np.append(cycle.point, cycle.period)
    if not hasattr(system, "advance") and forcing_period is None:
        raise ValueError("A field with a forcing needs forcing_period.")
    options: dict[str, Any] = {"period": forcing_period, "subharmonic": cycle.subharmonic}
    return ReturnProblem(system_at, rtol=rtol, **options), cycle.point


def _follow(
    problem: Problem,
    y: np.ndarray,
    parameter: float,
    *,
    limits: tuple[float, float],
    direction: int,
    control: StepControl,
    scale: float,
    max_points: int,
    along: np.ndarray | None = None,
) -> Branch:
    if not limits[0] <= parameter <= limits[1]:
        raise ValueError(f"parameter {parameter!r} must lie within limits {limits!r}.")
    if not 0 < scale < math.inf or direction not in (1, -1):
        raise ValueError(
            f"parameter_scale must be positive and direction 1 or -1, got {scale!r}, {direction!r}."
        )
    frame = Frame(problem, scale, control)
    u = np.append(y, parameter / scale)
    axis = np.zeros(u.size)
    axis[-1] = direction
    points: list[BranchPoint] = []
    special: list[SpecialPoint] = []
    message = f"max_points={max_points} reached; raise it to go on"
    try:
        u, _ = frame.correct(u, axis if along is None else along)
        step = control.first
        before = frame.tangent(u, axis if along is None else along)
        points.append(frame.describe(u))
        while len(points) < max_points:
            frame.move_anchor(u)
            direction_here = frame.tangent(u, before)
            following, step = advance(
                frame.residual, frame.derivative, u, direction_here, step, control
            )
            if frame.has_shrunk(following):
                message = "the cycle has shrunk to a fixed point: a Hopf point"
                break
            inside = limits[0] <= following[-1] * scale <= limits[1]
            if not inside:
                edge = limits[0] if following[-1] * scale < limits[0] else limits[1]
                following = frame.at_parameter(u, following, edge / scale)
            before = frame.tangent(following, direction_here)
            point = frame.describe(following)
            special += find_special(
                frame, (u, direction_here, points[-1]), (following, before, point)
            )
            points.append(point)
            u = following
            if not inside:
                message = "the parameter came to its limit"
                break
    except LostError as error:
        message = str(error)
    return Branch(
        points=tuple(points), special=tuple(special), message=message, tolerance=control.tolerance
    )
