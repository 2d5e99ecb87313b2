"""Branches of fixed points and cycles in one parameter, with what happens on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.continuation.branch import Branch, BranchPoint, SpecialPoint
from isochron.analysis.continuation.control import StepControl
from isochron.analysis.continuation.curve import CurveSteps, LostError, advance, tangent
from isochron.analysis.continuation.problems import FixedPointProblem, OrbitProblem, Problem
from isochron.analysis.continuation.scales import Scales, choose_scales
from isochron.analysis.continuation.special import Frame, find_special
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.systems.checks import check_system
from isochron.analysis.systems.protocols import is_map
from isochron.analysis.systems.scales import UNLIKE_ALONG, check_scale, measure_scale
from isochron.analysis.systems.units import Units
from isochron.arguments import require_callable, require_instance
from isochron.real_numbers import as_floats
from isochron.settings import check_type, settings_from
from isochron.shapes import check_shape

SystemAt = Callable[[float], Any]

MAX_POINTS = 500
CYCLE_TOLERANCE = 1e-9


def continue_fixed_points(
    system_at: SystemAt,
    start: ArrayLike,
    parameter: float,
    *,
    limits: tuple[float, float],
    direction: int = 1,
    control: StepControl | None = None,
    **fields: Any,
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
        Where to start.
    limits : tuple of float
        Lowest and highest value of the parameter.
    direction : {1, -1}
        Start with a growing or a falling parameter.
    control : StepControl, optional
        Steps, scales and tolerances; by default the tolerance is 1e-10, and there are at most
        500 points.
        Or its fields as keywords.

    Returns
    -------
    Branch
        Without points, and with a message, if the start does not lead to a solution.

    Raises
    ------
    ValueError
        If the numbers are not in order.

    References
    ----------
    Keller (1977), in Applications of Bifurcation Theory, 359-384.

    Examples
    --------
    >>> bistable = lambda p: analysis.Flow(lambda t, x: p + x - x**3)
    >>> branch = analysis.continue_fixed_points(bistable, [-1.5], -2.0, limits=(-2, 2))
    >>> [f"{fold.parameter:.4f}" for fold in branch.of_kind("fold")]  # ± 2 / sqrt(27)
    ['0.3849', '-0.3849']
    """
    control = settings_from(StepControl, control, fields)
    y = as_floats("start", start)
    check_shape("start", y, ("n",))
    require_callable("system_at", system_at, "lambda value: ...")
    check_type("parameter", parameter, float)
    check_system(system_at(parameter), y)
    scale = control.scale
    units = Units(np.ones(y.size) if scale is None else check_scale(scale, y.size))
    system_at, y = systems_in_units(system_at, units), units.enter(y)
    kind = OrbitProblem if is_map(system_at(parameter)) else FixedPointProblem
    problem: Problem = kind(system_at)
    scales = choose_scales(problem, y, (parameter,), (limits,), (control.parameter_scale,))
    walk = Walk(limits, scales.steps(control, 1e-10), scales, control.points(MAX_POINTS))
    return follow(problem, y, parameter, walk, direction=direction).leave(units)


def systems_in_units(system_at: Callable[..., Any], units: Units) -> Callable[..., Any]:
    """The systems at values of parameters, in scaled coordinates."""
    return system_at if units.plain else lambda *values: units.system(system_at(*values))


def continue_cycles(
    system_at: SystemAt,
    start: LimitCycle,
    parameter: float,
    *,
    limits: tuple[float, float],
    forcing_period: float | Callable[[float], float] | None = None,
    n_segments: int | None = None,
    direction: int = 1,
    control: StepControl | None = None,
    **fields: Any,
) -> Branch:
    """Follow a limit cycle in a parameter, by shooting.

    Parameters
    ----------
    start : LimitCycle
        Found at `parameter`.
    forcing_period : float or callable, optional
        Period of the forcing of a field; a callable gets the parameter.
    n_segments : int, optional
        Segments of multiple shooting, for cycles that errors leave fast; as many as `start` has
        nodes by default. A large system (see `find_limit_cycle`) in one segment is followed without
        making matrices, and only its leading multipliers are known.
    system_at, parameter, limits, direction
        As in `continue_fixed_points`.
    control : StepControl, optional
        Steps, scales and tolerances; by default the tolerance is 1e-9, there are at most 500
        points, and the scale is measured along the cycle. The period counts as one size of the
        cycle.
        Or its fields as keywords.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If `start` was not found, or is of a field with a forcing whose period is missing.

    Examples
    --------
    The radius of the cycle of the Hopf normal form is the square root of the parameter:

    >>> hopf = lambda p: analysis.Flow(lambda t, x: x * (p - x @ x) + np.array([-x[1], x[0]]))
    >>> cycle = analysis.find_limit_cycle(hopf(1.0), [1.0, 0.0], max_period=10)
    >>> branch = analysis.continue_cycles(hopf, cycle, 1.0, limits=(0.81, 1.0), direction=-1)
    >>> print(f"{np.linalg.norm(branch.states[-1]):.4f}")
    0.9000
    """
    control = settings_from(StepControl, control, fields)
    require_callable("system_at", system_at, "lambda value: ...")
    require_instance("start", start, LimitCycle, "analysis.find_limit_cycle(system, state)")
    check_type("parameter", parameter, float)
    if not start.solved:
        raise ValueError(f"The start is not a cycle: {start.message}")
    system = system_at(parameter)
    if not (start.autonomous or is_map(system)) and forcing_period is None:
        raise ValueError("A field with a forcing needs forcing_period.")
    units = Units(measure_scale(start.states, scale=control.scale, unlike=UNLIKE_ALONG))
    system_at, start = systems_in_units(system_at, units), units.enter_cycle(start)
    segments = len(start.nodes) if n_segments is None else n_segments
    if segments < 1:
        raise ValueError(f"n_segments must be 1 or more, got {n_segments!r}.")
    problem = OrbitProblem(
        system_at,
        autonomous=start.autonomous,
        period=None if start.autonomous else forcing_period,
        rtol=control.rtol,
        subharmonic=start.subharmonic,
        n_segments=segments,
    )
    if segments == len(start.nodes):
        y = np.append(start.nodes, [start.period] * start.autonomous)
    else:
        y = problem.spread(start.point, start.period, parameter)
    problem.move_anchor(y, parameter)
    scales = choose_scales(problem, y, (parameter,), (limits,), (control.parameter_scale,))
    walk = Walk(limits, scales.steps(control, CYCLE_TOLERANCE), scales, control.points(MAX_POINTS))
    return follow(problem, y, parameter, walk, direction=direction).leave(units)


_FAR = 8.0  # sizes of the start, after which the branch has a larger one


@dataclass(frozen=True)
class Walk:
    """How far and in which steps to follow a problem.

    Attributes
    ----------
    limits : tuple of float
        Lowest and highest value of the parameter.
    steps : CurveSteps
    scales : Scales
    max_points : int
    """

    limits: tuple[float, float]
    steps: CurveSteps
    scales: Scales
    max_points: int


def follow(
    problem: Problem,
    y: np.ndarray,
    parameter: float,
    walk: Walk,
    *,
    direction: int = 1,
    along: np.ndarray | None = None,
) -> Branch:
    """Follow a problem from near a solution, first along the parameter or given unknowns."""
    limits, steps, scales, max_points = walk.limits, walk.steps, walk.scales, walk.max_points
    frame = Frame(problem, scales.units, scales.size, scales.parameters[0], steps)
    u = frame.pack(y, parameter)
    before = _first_direction(frame, u, direction, along)
    points, special = list[BranchPoint](), list[SpecialPoint]()
    message = f"max_points={max_points} reached; raise it to continue"
    try:
        u, _ = frame.correct(u, before)
        step = steps.first
        before = tangent(frame, u, before)
        points.append(frame.describe(u))
        first, way = (u, before), 0.0
        while len(points) < max_points:
            frame.move_anchor(u)
            direction_here = _tangent(frame, u, before)
            way = max(way, float(np.linalg.norm(u - first[0])))
            span = (limits[1] - limits[0]) / frame.scale
            longest = frame.control.limit(way, direction_here, span)
            following, step = advance(frame, u, direction_here, step, frame.control, longest)
            if frame.has_shrunk(following):
                message = "the cycle has shrunk to a fixed point: a Hopf point"
                break
            following, inside = _cut_at_limits(frame, u, following, limits)
            before = _tangent(frame, following, direction_here)
            point = frame.describe(following)
            special += find_special(
                frame, (u, direction_here, points[-1]), (following, before, point)
            )
            points.append(point)
            if _has_closed(first, u, following, before):
                message = "the branch has come back to where it started"
                break
            u = following
            if not inside:
                message = "the parameter reached its limit"
                break
            if steps.grows and not scales.given and way > _FAR * frame.size:
                frame, u, before, first, step = _widened(frame, u, before, first, way, step)
                way = float(np.linalg.norm(u - first[0]))
    except LostError as error:
        message = str(error)
    if len(points) == max_points and message.startswith("max_points"):
        message += f" from the parameter {points[-1].parameter:g}"
    return Branch(
        points=tuple(points), special=tuple(special), message=message, tolerance=steps.tolerance
    )


def _first_direction(
    frame: Frame, u: np.ndarray, direction: int, along: np.ndarray | None
) -> np.ndarray:
    """Unit vector along the parameter, or along given unknowns."""
    if direction not in (1, -1):
        raise ValueError(f"direction must be 1 or -1, got {direction!r}.")
    if along is None:
        return np.append(np.zeros(u.size - 1), direction)
    whole = np.append(along / frame.units, 0.0)
    return whole / np.linalg.norm(whole)


def _cut_at_limits(
    frame: Frame, u: np.ndarray, following: np.ndarray, limits: tuple[float, float]
) -> tuple[np.ndarray, bool]:
    """The next point, moved to the limit that it is beyond; and whether it is within both."""
    value = following[-1] * frame.scale
    if limits[0] <= value <= limits[1]:
        return following, True
    edge = limits[0] if value < limits[0] else limits[1]
    return frame.at_parameter(u, following, edge / frame.scale), False


def _widened(
    frame: Frame, u: np.ndarray, along: np.ndarray, first: tuple, way: float, step: float
) -> tuple[Frame, np.ndarray, np.ndarray, tuple, float]:
    """All of a walk in the units of a branch that has come far from the size of its start.

    In the old ones a range of the parameter, worth the size of the start, is less than the
    tolerance relative to the states of today.
    """
    wide = frame.widened(frame.unpack(u)[0], way / frame.size)
    ratio = np.append(frame.units / wide.units, frame.scale / wide.scale)
    moved, begun = ratio * along, ratio * first[1]
    length = float(np.linalg.norm(moved))
    first = (ratio * first[0], begun / np.linalg.norm(begun))
    return wide, ratio * u, moved / length, first, step * length


def _tangent(frame: Frame, u: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The tangent, or the one before where branches cross and there is no other."""
    try:
        return tangent(frame, u, before)
    except LostError:
        return before


def _has_closed(first: tuple, u: np.ndarray, following: np.ndarray, along: np.ndarray) -> bool:
    """Whether the first point, passed in the same direction, lies between two others."""
    start, first_along = first
    step = np.linalg.norm(following - u)
    near = max(np.linalg.norm(u - start), np.linalg.norm(following - start)) < 1.05 * step
    return bool(near and u is not start and along @ first_along > 0.5)
