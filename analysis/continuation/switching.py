"""Branches that start where a first one changes its stability: at Hopf points and doublings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.continuation.branch import Branch, SpecialPoint
from isochron.analysis.continuation.control import StepControl
from isochron.analysis.continuation.follow import (
    CYCLE_TOLERANCE,
    MAX_POINTS,
    SystemAt,
    Walk,
    follow,
    systems_in_units,
)
from isochron.analysis.continuation.problems import FixedPointProblem, OrbitProblem
from isochron.analysis.continuation.scales import choose_scales
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.systems.protocols import is_map
from isochron.analysis.systems.scales import check_scale, measure_scale
from isochron.analysis.systems.units import Units
from isochron.arguments import require_callable, require_instance
from isochron.settings import settings_from


def continue_cycles_from_hopf(
    system_at: SystemAt,
    hopf: SpecialPoint,
    *,
    limits: tuple[float, float],
    amplitude: float | None = None,
    n_segments: int = 1,
    control: StepControl | None = None,
    **fields: Any,
) -> Branch:
    """Switch to the cycles that are born at a Hopf point, and follow them.

    Parameters
    ----------
    hopf : SpecialPoint
        Hopf point of a field, from `continue_fixed_points`.
    amplitude : float, optional
        Distance of the first cycle's state from the fixed point, and the first step; by default
        a hundredth of its length; at the origin 0.05, or as much of the length over which the
        field bends if that is far from 1. Ten times this counts as the size of the cycles.
    system_at, limits, n_segments
        As in `continue_cycles`.
    control : StepControl, optional
        As in `continue_cycles`, without `step`: `amplitude` is the first step.
        Or its fields as keywords.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If the point is not a Hopf point, or `control` has a first step.

    References
    ----------
    Kuznetsov (2004), Elements of Applied Bifurcation Theory, section 10.2.6.

    Examples
    --------
    >>> hopf = lambda p: analysis.Flow(lambda t, x: x * (p - x @ x) + np.array([-x[1], x[0]]))
    >>> rest = analysis.continue_fixed_points(hopf, [0.0, 0.0], -1.0, limits=(-1, 1))
    >>> cycles = analysis.continue_cycles_from_hopf(hopf, rest.of_kind("Hopf")[0], limits=(-1, 1))
    >>> print(f"{cycles.parameters[-1]:.2f} {np.linalg.norm(cycles.states[-1]):.4f}")
    1.00 1.0000
    """
    control = settings_from(StepControl, control, fields)
    require_callable("system_at", system_at, "lambda value: ...")
    require_instance("hopf", hopf, SpecialPoint, 'branch.of_kind("Hopf")[0]')
    if hopf.kind != "Hopf":
        raise ValueError(f"Cycles are born at a Hopf point; this is a {hopf.kind}.")
    _check_no_step(control)
    units = _units(hopf.state, control.scale, lambda: _bending_length_at(system_at, hopf))
    system_at, hopf = systems_in_units(system_at, units), _enter(hopf, units)
    matrix = FixedPointProblem(system_at).derivative(hopf.state, hopf.parameter)
    values, vectors = np.linalg.eig(matrix)
    vector = vectors[:, np.argmin(np.abs(values - hopf.critical))]
    # The phase that makes real and imaginary part orthogonal, the real part the longer.
    vector = vector * np.exp(-0.5j * np.angle(np.sum(vector * vector)))
    length = np.linalg.norm(np.real(vector))
    if amplitude is not None:
        amplitude = amplitude / float(units.scale.max())
    amplitude = _amplitude(amplitude, 0.01 * float(np.linalg.norm(hopf.state)) or 0.05)
    # One turn of the linear flow; the start of segment k is at angle 2πk/s.
    sense = np.sign(hopf.critical.imag)
    turns = np.exp(2j * np.pi * sense * np.arange(n_segments) / n_segments)
    around = np.real(np.multiply.outer(turns, vector)) / length
    problem = OrbitProblem(system_at, autonomous=True, rtol=control.rtol, n_segments=n_segments)
    problem.set_plane(hopf.state, np.imag(vector))
    y = np.append(hopf.state + amplitude * around, 2 * np.pi / abs(hopf.critical.imag))
    parameter_scale, largest = control.parameter_scale, control.largest_step
    scales = choose_scales(
        problem, y, (hopf.parameter,), (limits,), (parameter_scale,), size=10 * amplitude
    )
    largest = 10 * amplitude if largest is None else max(largest, amplitude)
    steps = scales.steps(control, CYCLE_TOLERANCE, first=amplitude, largest=largest)
    walk = Walk(limits, steps, scales, control.points(MAX_POINTS))
    branch = follow(problem, y, hopf.parameter, walk, along=np.append(around, 0.0))
    return branch.leave(units)


def continue_doubled_cycles(
    system_at: SystemAt,
    doubling: SpecialPoint,
    *,
    limits: tuple[float, float],
    forcing_period: float | Callable[[float], float] | None = None,
    amplitude: float | None = None,
    n_segments: int = 1,
    control: StepControl | None = None,
    **fields: Any,
) -> Branch:
    """Switch to the cycle of twice the period at a period doubling, and follow it.

    Parameters
    ----------
    doubling : SpecialPoint
        Doubling of a map from `continue_fixed_points`, or of a cycle from `continue_cycles`.
    amplitude : float, optional
        Distance of the first state from the cycle, and the first step; by default a hundredth of
        the cycle's extent, or of the length of a fixed point.
    system_at, limits, forcing_period, n_segments
        As in `continue_cycles`.
    control : StepControl, optional
        As in `continue_cycles`, without `step`: `amplitude` is the first step.
        Or its fields as keywords.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If the point is not a period doubling, or `control` has a first
        step.

    References
    ----------
    Kuznetsov (2004), Elements of Applied Bifurcation Theory, section 10.3.

    Examples
    --------
    The logistic map doubles its period at 3, and again at 1 + sqrt(6):

    >>> logistic = lambda r: analysis.SteppedMap(lambda k, x: r * x * (1 - x), None, 1)
    >>> points = analysis.continue_fixed_points(logistic, [0.5], 2.0, limits=(2.0, 3.5))
    >>> first = points.of_kind("period doubling")[0]
    >>> doubled = analysis.continue_doubled_cycles(logistic, first, limits=(2.0, 3.5))
    >>> second = doubled.of_kind("period doubling")[0]
    >>> print(f"{first.parameter:.4f} {second.parameter:.4f}")
    3.0000 3.4495
    """
    control = settings_from(StepControl, control, fields)
    require_callable("system_at", system_at, "lambda value: ...")
    require_instance("doubling", doubling, SpecialPoint, 'branch.of_kind("period doubling")[0]')
    if doubling.kind != "period doubling":
        raise ValueError(f"A period doubling is needed to start from; this is a {doubling.kind}.")
    _check_no_step(control)
    units = _units(doubling.state, control.scale, lambda: 1.0)
    system_at, doubling = systems_in_units(system_at, units), _enter(doubling, units)
    parameter, state = doubling.parameter, doubling.state
    system = system_at(parameter)
    autonomous = not is_map(system) and forcing_period is None
    options: dict[str, Any] = {"autonomous": autonomous, "rtol": control.rtol}
    forcing = forcing_period(parameter) if callable(forcing_period) else forcing_period
    if autonomous:
        forcing, rounds = doubling.period, 1
    else:
        once = ReturnMap(system, forcing).period
        rounds = round(doubling.period / once)
        options |= {"period": forcing_period, "subharmonic": 2 * rounds}
    single = ReturnMap(system, forcing, control.rtol, rounds)
    values, vectors = np.linalg.eig(single(state, np.eye(state.size))[1])
    along = np.real(vectors[:, np.argmin(np.abs(values + 1))])
    problem = OrbitProblem(system_at, n_segments=n_segments, **options)
    y = problem.spread(state, 2 * doubling.period, parameter)
    if autonomous:
        problem.move_anchor(y, parameter)
        along = along - problem.normal * (problem.normal @ along)
    along = along / np.linalg.norm(along)
    extent = problem.extent(y, parameter) or float(np.linalg.norm(state)) or 1.0
    amplitude = _amplitude(amplitude, 0.01 * extent)
    there = problem.spread(state + amplitude * along, 2 * doubling.period, parameter)
    parameter_scale, largest = control.parameter_scale, control.largest_step
    scales = choose_scales(problem, y, (parameter,), (limits,), (parameter_scale,), size=extent)
    largest = None if largest is None else max(largest, amplitude)
    steps = scales.steps(control, CYCLE_TOLERANCE, first=amplitude, largest=largest)
    walk = Walk(limits, steps, scales, control.points(MAX_POINTS))
    return follow(problem, there, parameter, walk, along=there - y).leave(units)


def _check_no_step(control: StepControl) -> None:
    if control.step is not None:
        raise ValueError(
            f"The first step is the amplitude of the first cycle: give amplitude, not step="
            f"{control.step!r}."
        )


def _units(state: np.ndarray, scale: ArrayLike | None, otherwise: Callable[[], float]) -> Units:
    """Given units, else one for all variables: the size of the state, or a length if it is 0."""
    if scale is not None:
        return Units(check_scale(scale, state.size))
    largest = np.abs(state).max(keepdims=True)
    size = float(measure_scale(largest)[0]) if largest[0] > 0 else otherwise()
    return Units(np.full(state.size, size))


def _enter(point: SpecialPoint, units: Units) -> SpecialPoint:
    return replace(point, state=units.enter(point.state))


def _bending_length_at(system_at: SystemAt, point: SpecialPoint) -> float:
    """Distance at which a field is a tenth off its linear part; 1 if that is near 1."""
    field, state = system_at(point.parameter), point.state
    along = np.random.default_rng(0).standard_normal(state.size)
    along /= np.linalg.norm(along)
    here = np.asarray(field(0.0, state))
    slope = FixedPointProblem(system_at).derivative(state, point.parameter) @ along
    for distance in 2.0 ** np.arange(-60, 61, 2):
        with np.errstate(all="ignore"):
            bend = np.asarray(field(0.0, state + distance * along)) - here - distance * slope
        if not np.linalg.norm(bend) < 0.1 * distance * np.linalg.norm(slope):
            return 1.0 if 0.05 < distance < 50 else float(distance)
    return 1.0


def _amplitude(given: float | None, otherwise: float) -> float:
    if given is None:
        return otherwise
    if not 0 < given < np.inf:
        raise ValueError(f"amplitude must be positive and finite, got {given!r}.")
    return given
