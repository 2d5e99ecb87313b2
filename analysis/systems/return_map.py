"""Poincaré sections: where a flow crosses a surface, and the map from one crossing to the next."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import DOP853, Radau
from scipy.optimize import brentq

from isochron.analysis.results import short_repr
from isochron.analysis.systems.checks import check_durations, check_system
from isochron.analysis.systems.flow import flow
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import VectorField, is_stiff
from isochron.analysis.systems.units import Units, find_units
from isochron.arguments import require_instance
from isochron.real_numbers import as_floats
from isochron.settings import check_type
from isochron.wording import counted, shown

_REFINEMENTS = 4
_FIRST = 1e-9  # fraction of the first step after a start on the surface


@dataclass(frozen=True)
class Section:
    """A plane, normal.(x - point) = 0, crossed in one direction or both.

    Attributes
    ----------
    normal, point : ndarray, shape (n,)
        Vector normal to the plane, and a state in it.
    direction : {1, -1, 0}
        Count crossings along the normal, against it, or both.

    Examples
    --------
    >>> section = analysis.Section(normal=[0.0, 2.0], point=[0.0, 0.0])
    >>> section.height(np.array([5.0, 0.3]))  # distance from the plane y = 0
    0.3
    """

    normal: np.ndarray
    point: np.ndarray
    direction: int = 1

    def __post_init__(self) -> None:
        for name in ("normal", "point"):
            object.__setattr__(self, name, as_floats(name, getattr(self, name)))
        if self.normal.ndim != 1 or self.normal.shape != self.point.shape:
            raise ValueError(
                f"normal and point must have one shape (n,), got {self.normal.shape} and "
                f"{self.point.shape}."
            )
        length = np.linalg.norm(self.normal)
        if not 0 < length < math.inf:
            raise ValueError(f"normal must be finite and not zero, got {self.normal}.")
        object.__setattr__(self, "normal", self.normal / length)
        if self.direction not in (1, -1, 0):
            raise ValueError(f"direction must be 1, -1 or 0, got {shown(self.direction)}.")

    def in_units(self, units: Units) -> "Section":
        """The same plane in scaled coordinates.

        Parameters
        ----------
        units : Units
            Scales of the variables.

        Returns
        -------
        Section
        """
        if units.plain:
            return self
        return Section(self.normal * units.scale, units.enter(self.point), self.direction)

    def height(self, state: np.ndarray) -> float:
        """Signed distance from the plane.

        Parameters
        ----------
        state : ndarray, shape (n,)
            State.

        Returns
        -------
        float
            In the unit of the state.
        """
        return float(self.normal @ (state - self.point))

    def counts(self, before: float, after: float) -> bool:
        """Whether heights before and after a step make a crossing of the right direction.

        Parameters
        ----------
        before : float
            Height before the step.
        after : float
            Height after it.

        Returns
        -------
        bool
        """
        up, down = before < 0 <= after, before > 0 >= after
        return (up and self.direction >= 0) or (down and self.direction <= 0)


@short_repr
@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Where a trajectory crosses a section.

    Attributes
    ----------
    times : ndarray, shape (m,)
    states : ndarray, shape (m, n)
    residuals : ndarray, shape (m,)
        Distances of the states from the section.
    complete : bool
        Whether as many were found as asked for.
    message : str
        If not, what to try.
    """

    times: np.ndarray
    states: np.ndarray
    residuals: np.ndarray
    complete: bool
    message: str


def find_crossings(
    field: VectorField,
    start: ArrayLike,
    section: Section,
    *,
    n_crossings: int,
    max_duration: float,
    rtol: float | None = None,
    scale: ArrayLike | None = None,
) -> Crossings:
    """The first crossings of a section by a trajectory.

    A crossing is seen where a step of the integrator ends on the other side, and placed
    by integrating up to it again: first as far as the interpolant says, then by steps of
    height over speed (Hénon's exchange of time and height, one step long). It is as
    accurate as the integration. A trajectory that crosses and comes back within one step
    is not seen; one that starts on the section has not crossed it.

    Parameters
    ----------
    field : VectorField
        Autonomous, or with time from 0 on.
    start : array_like, shape (n,)
        Initial state.
    section : Section
        Plane, and direction in which it is crossed.
    n_crossings : int
        Number of crossings, 1 or more.
    max_duration : float
        How long to wait for them.
    rtol : float, optional
        Relative tolerance of the integration; 1e-12 by default, 1e-9 if stiff.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the trajectory by default.

    Returns
    -------
    Crossings

    Raises
    ------
    ValueError
        If `n_crossings` or `max_duration` is not positive.
    ArithmeticError
        If the integration fails.

    References
    ----------
    Hénon (1982), Physica D 5:412.

    Examples
    --------
    >>> center = analysis.Flow(lambda t, x: [x[1], -x[0]])
    >>> upwards = analysis.Section(normal=[0, 1], point=[0, 0])
    >>> found = analysis.find_crossings(center, [0.0, 1.0], upwards, n_crossings=2, max_duration=20)
    >>> print(found.times / np.pi)
    [1.5 3.5]
    """
    check_type("n_crossings", n_crossings, int)
    check_durations(max_duration=max_duration)
    require_instance("section", section, Section, "analysis.Section([0, 1], [0, 0])")
    start = as_floats("start", start)
    check_system(field, start)
    if n_crossings < 1:
        raise ValueError(f"n_crossings must be at least 1, got {shown(n_crossings)}.")
    units = find_units(field, start, scale=scale, duration=max_duration)
    plane = section
    field, section = units.system(field), section.in_units(units)
    solver = _solver(field, units.enter(start), max_duration, rtol)
    times, states = [], []
    state, height = solver.y.copy(), section.height(solver.y)
    scale = float(np.linalg.norm(solver.y - section.point)) or 1.0
    if abs(height) < 1e-9 * scale:  # on the section: it leaves to the side of its velocity
        height = float(section.normal @ field(0.0, state))
    while len(times) < n_crossings and solver.status == "running":
        message = solver.step()
        if solver.status == "failed" or not np.isfinite(solver.y).all():
            raise ArithmeticError(f"Integration failed at t = {solver.t:g}: {message}")
        following = section.height(solver.y)
        if section.counts(height, following):
            time, crossing = _place(field, section, solver, state, height, following, rtol)
            times.append(time)
            states.append(crossing)
        state, height = solver.y.copy(), following
    found = units.leave(np.array(states).reshape(-1, state.size))
    complete = len(times) == n_crossings
    return Crossings(
        times=np.array(times),
        states=found,
        residuals=np.abs((found - plane.point) @ plane.normal),
        complete=complete,
        message=""
        if complete
        else f"{len(times)} of {counted(n_crossings, 'crossing')} within "
        f"max_duration={max_duration:g}. Raise it, or "
        "place the section where the trajectory passes.",
    )


@short_repr
@dataclass(frozen=True, kw_only=True)
class SectionReturn:
    """One return to a section.

    Attributes
    ----------
    state : ndarray, shape (n,)
    time : float
        How long it took.
    derivative : ndarray, shape (n - 1, n - 1)
        Derivative of the return map, in the coordinates `basis` of the section.
    basis : ndarray, shape (n, n - 1)
        Orthonormal vectors in the section.
    """

    state: np.ndarray
    time: float
    derivative: np.ndarray
    basis: np.ndarray


def compute_section_return(
    field: VectorField,
    start: ArrayLike,
    section: Section,
    *,
    max_duration: float,
    rtol: float | None = None,
    scale: ArrayLike | None = None,
) -> SectionReturn:
    """The first return to a section and the derivative of that map.

    On a cycle, the eigenvalues of the derivative are the multipliers without the trivial one.

    Parameters
    ----------
    field, section, max_duration, rtol, scale
        As in `find_crossings`; `scale` has the shape () or (n,).
    start : array_like, shape (n,)
        On the section, or anywhere before it.

    Returns
    -------
    SectionReturn

    Raises
    ------
    ArithmeticError
        If the trajectory does not return, or only touches the section.

    References
    ----------
    Guckenheimer and Holmes (1983), section 1.5.

    Examples
    --------
    A center whose radius decays: the return map to y = 0 multiplies distances by exp(-0.2 π).

    >>> spiral = analysis.Flow(lambda t, x: [-0.1 * x[0] + x[1], -x[0] - 0.1 * x[1]])
    >>> section = analysis.Section(normal=[0, -1], point=[0, 0])
    >>> found = analysis.compute_section_return(spiral, [1.0, 0.0], section, max_duration=20)
    >>> print(f"{found.time:.4f} {abs(found.derivative[0, 0]):.4f} {np.exp(-0.2 * np.pi):.4f}")
    6.2832 0.5335 0.5335
    """
    start = as_floats("start", start)
    crossings = find_crossings(
        field, start, section, n_crossings=1, max_duration=max_duration, rtol=rtol, scale=scale
    )
    if not crossings.complete:
        raise ArithmeticError(crossings.message)
    state, time = crossings.states[0], float(crossings.times[0])
    basis = np.linalg.svd(section.normal[None])[2][1:].T
    units = find_units(field, [start, state], scale=scale, duration=time)
    _, tangents = flow(field, start, time, tangents=basis, rtol=rtol, scale=units.scale)
    velocity = np.asarray(field(time, state))
    _speed(section.in_units(units), units.enter(velocity))
    # Along the flow back to the section: I - f n' / (n.f).
    shift = np.outer(velocity, section.normal @ tangents) / (section.normal @ velocity)
    return SectionReturn(
        state=state, time=time, derivative=basis.T @ (tangents - shift), basis=basis
    )


def _solver(field, start, max_duration, rtol) -> Any:
    stiff = is_stiff(field)
    rtol = (1e-9 if stiff else 1e-12) if rtol is None else rtol
    options: dict[str, Any] = {"rtol": rtol, "atol": rtol * 1e-2}
    if stiff:
        return Radau(field, 0.0, start, max_duration, jac=field.jacobian, **options)
    return DOP853(field, 0.0, start, max_duration, **options)


def _place(field, section, solver, state, before, after, rtol) -> tuple[float, np.ndarray]:
    """Time and state of the crossing within the last step, which started at a state."""
    interpolant: Callable[[float], np.ndarray] = solver.dense_output()
    begin, end = solver.t_old, solver.t
    low = begin
    if section.height(state) * after > 0 or section.height(state) == 0:  # it started on the section
        low = begin + _FIRST * (end - begin)
    if section.height(interpolant(low)) * after > 0:
        return begin, state
    time = (
        end
        if after == 0
        else float(
            brentq(lambda t: section.height(interpolant(t)), low, end, xtol=1e-14 * end)  # type: ignore[arg-type]
        )
    )
    crossing = state
    for _ in range(_REFINEMENTS):
        if time > begin:
            crossing = integrate(field, state, time - begin, start=begin, rtol=rtol)
        velocity = np.asarray(field(time, crossing))
        correction = section.height(crossing) / _speed(section, velocity)
        time, crossing = time - correction, crossing - correction * velocity
        if abs(correction) <= 4 * np.finfo(float).eps * abs(end):
            break
    return time, crossing


def _speed(section: Section, velocity: np.ndarray) -> float:
    speed = float(section.normal @ velocity)
    if abs(speed) < 1e-10 * np.linalg.norm(velocity):
        raise ArithmeticError(
            "The trajectory touches the section without crossing it. Turn or move the section."
        )
    return speed
