"""The search for a limit cycle near a state, by shooting."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles.approach import (
    FAR,
    TRANSIENT_RTOL,
    approaches,
    first_return,
)
from isochron.analysis.limit_cycles.control import ShootingControl
from isochron.analysis.limit_cycles.multiple_shooting import shoot_segments, spread_nodes
from isochron.analysis.limit_cycles.result import (
    InaccurateError,
    LimitCycle,
    NotFoundError,
    WrongDerivativeError,
)
from isochron.analysis.limit_cycles.returns import MOST_RETURNS, later_states
from isochron.analysis.limit_cycles.shooting import shoot_autonomous, shoot_forced
from isochron.analysis.limit_cycles.verification import (
    add_multipliers,
    describe_orbit,
    least_divisor,
)
from isochron.analysis.systems.angles import check_angles, turning_variables
from isochron.analysis.systems.checks import check_durations, check_system
from isochron.analysis.systems.derivatives import derivative_fault
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import System, has_free_step, is_map, is_stiff
from isochron.analysis.systems.units import Units, find_units
from isochron.real_numbers import as_floats
from isochron.settings import settings_from

P = ParamSpec("P")


def _names_wrong_derivatives(search: Callable[P, LimitCycle]) -> Callable[P, LimitCycle]:
    """A search whose message names a wrong derivative of the system if there is one."""

    @wraps(search)
    def named(*args: P.args, **options: P.kwargs) -> LimitCycle:
        cycle = search(*args, **options)
        if cycle.solved:
            return cycle
        given = dict(zip(("system", "start"), args, strict=False)) | options
        start = np.atleast_2d(np.array(given["start"], dtype=float))[0]
        fault = derivative_fault(given["system"], start)
        return replace(cycle, message=fault) if fault else cycle

    return named


@_names_wrong_derivatives
def find_limit_cycle(
    system: System,
    start: ArrayLike,
    *,
    period: float | None = None,
    max_period: float | None = None,
    period_guess: float | None = None,
    subharmonic: int = 1,
    angles: Sequence[int] = (),
    control: ShootingControl | None = None,
    **fields: Any,
) -> LimitCycle:
    """Find the limit cycle near a state, or the one that the state leads to.

    A forced map, or a vector field with a forcing `period`, is solved for a fixed point of
    its return map; an autonomous vector field for a point and its period, with the phase
    fixed by the plane through the start, normal to the flow. So is a map that represents a
    flow, which has no forcing and a method ``with_step(step_ms)``: a period is then a whole
    number of its steps, a multiple of 256, of the length that makes the orbit close. An
    orbit that turns out to go round several times is returned as once round. If there is no
    cycle near the start, and no `period_guess`, the start is followed into its attractor and the
    search is repeated there, with a section through the trajectory. Errors grow
    along a very unstable cycle; several segments (multiple shooting), each with a separate
    start, limit them.

    Parameters
    ----------
    system : VectorField or ForcedMap
        System, autonomous or forced.
    start : ndarray, shape (n,) or (s, n)
        A state near the cycle, or in its basin; or s states at equal intervals of time over one
        period, for multiple shooting.
    period : float, optional
        Forcing period of a forced vector field. A map has one already.
    max_period : float, optional
        Longest time to wait for the first return of an autonomous vector field or map.
    period_guess : float, optional
        Estimate of the period of an autonomous vector field or map, instead of waiting
        for a return; an unstable cycle, which a simulation leaves, needs it.
    subharmonic : int
        Periods of the forcing, or of the map, after which to look for a return.
    angles : sequence of int
        Indices of variables that are angles in radians: an orbit closes if they come back after
        whole turns (a relative periodic orbit, such as of phase oscillators).
    control : ShootingControl, optional
        Tolerances, iterations, segments, multipliers, and how long to follow the start.
        Or its fields as keywords.

    Returns
    -------
    LimitCycle
        With ``found=False`` and a message if the search does not converge. A closed orbit that
        is one of a family, as around a center, is found, but ``degenerate``.

    Raises
    ------
    ValueError
        If an intrinsic period is asked for of a map without `with_step`, an
        autonomous vector field comes without `max_period` or `period_guess`, or another
        argument is out of range.

    References
    ----------
    Lust, Roose, Spence and Champneys (1998), SIAM Journal on Scientific Computing 19:1188.

    Examples
    --------
    The van der Pol oscillator, found from a state in its basin:

    >>> van_der_pol = analysis.Flow(lambda t, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]])
    >>> cycle = analysis.find_limit_cycle(van_der_pol, [0.1, 0.0], max_period=20)
    >>> print(f"{cycle.period:.6f}", cycle.stable)
    6.663287 True

    A search that finds nothing reports why:

    >>> decay = analysis.Flow(lambda t, x: -x)
    >>> analysis.find_limit_cycle(decay, [1.0, 0.5], max_period=20).found
    False
    """
    control = settings_from(ShootingControl, control, fields)
    nodes = np.atleast_2d(as_floats("start", start))
    check_durations(max_period=max_period, period_guess=period_guess, period=period)
    check_system(system, nodes[0])
    forced = _is_forced(system, period, max_period, period_guess)
    if len(nodes) > 1:
        control = replace(control, n_segments=len(nodes))
    control = control.with_defaults(max_iterations=_MAX_ITERATIONS, n_segments=1)
    _check(forced, max_period, period_guess, subharmonic)
    if angles and control.n_segments != 1:
        raise ValueError("Multiple shooting takes no angles; n_segments must be 1.")
    search = _Search(
        system=system,
        forced=forced,
        period=period,
        max_period=max_period,
        subharmonic=subharmonic,
        angles=check_angles(angles, nodes.shape[1]),
        patient=period_guess is not None or control.searches_nearby,
        control=control,
    )
    try:
        farthest = math.inf if control.searches_nearby else FAR
        return search.near(nodes, period_guess, farthest)
    except _FAILURES as error:
        wrong = forced and isinstance(error, WrongDerivativeError)
        if wrong or period_guess is not None or control.searches_nearby or len(nodes) > 1:
            return search.nothing(str(error) + _in_segments(error, control.n_segments))
        if forced:
            return search.after_returns(nodes[0], str(error))
    return search.from_basin(nodes[0])


def _is_forced(system, period, max_period, period_guess) -> bool:
    """Whether the time of the return is given; a map of its own period is asked for as such."""
    if not is_map(system):
        return period is not None
    if max_period is None and period_guess is None:
        return True
    if system.forcing_cycles == 0 and not has_free_step(system):
        raise ValueError(
            "max_period and period_guess are for systems in continuous time. A map has an "
            "intrinsic period only if its step can be changed, by a method with_step(step_ms). For "
            "a "
            "cycle of whole steps omit them and give subharmonic=n; for an invariant circle use "
            "find_invariant_circle."
        )
    return system.forcing_cycles > 0


def _check(forced, max_period, period_guess, subharmonic) -> None:
    if not forced and max_period is None and period_guess is None:
        raise ValueError(
            "An autonomous vector field needs max_period, how long to wait for the first "
            "return, or period_guess."
        )
    if subharmonic < 1 or (subharmonic > 1 and not forced):
        raise ValueError(
            f"subharmonic must be 1 or more, and 1 without a forcing, got {subharmonic!r}."
        )


def _in_segments(error: Exception, n_segments: int | None) -> str:
    """A sentence on multiple shooting, if a trajectory has left the neighborhood of the cycle."""
    if not isinstance(error, ArithmeticError) or n_segments != 1:
        return ""
    return (
        " A trajectory leaves a strongly unstable cycle within a period: follow it in segments, "
        "control=ShootingControl(n_segments=8), or give a start and a period_guess nearer to it."
    )


_MAX_ITERATIONS = 12
_FINE = 1e-11  # relative tolerance of an implicit integration where 1e-9 is not enough
_TURNS = 4  # times max_period: how long a trajectory is observed for variables that turn
_FAILURES = (NotFoundError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True, kw_only=True)
class _Search:
    """What to search for; see `find_limit_cycle`."""

    system: Any
    forced: bool
    period: float | None
    max_period: float | None
    subharmonic: int
    angles: tuple[int, ...]
    patient: bool
    control: ShootingControl

    def nothing(self, message: str) -> LimitCycle:
        """A search without a result, and why."""
        return LimitCycle(found=False, message=message, tolerance=self.control.tolerance)

    def near(self, nodes: np.ndarray, period_guess: float | None, farthest: float) -> LimitCycle:
        """The cycle near some states, in the user's units, if one of them returns as near."""
        duration = period_guess or self.max_period or self.period
        units = find_units(
            self.system, nodes, scale=self.control.scale, duration=duration, angles=self.angles
        )
        system, start = units.system(self.system), units.enter(nodes)
        if not self.forced and period_guess is None:
            ahead = ReturnMap(system, self.max_period, self.control.rtol, angles=self.angles)
            period_guess = first_return(ahead, start[0], farthest=farthest)
        return self.solve(units, start, period_guess)

    def solve(self, units: Units, nodes: np.ndarray, period_guess: float | None) -> LimitCycle:
        """The cycle near states of size 1, in the user's units; more accurately if it must be."""
        system = units.system(self.system)
        period = self.period if self.forced else period_guess
        try:
            cycle = self._shoot(self._back(system, period, self.control.rtol), nodes)
        except InaccurateError:
            if self.control.rtol is not None or not is_stiff(system):
                raise
            cycle = self._shoot(self._back(system, period, _FINE), nodes)
        return units.leave_cycle(cycle)

    def _back(self, system: Any, period: float | None, rtol: float | None) -> ReturnMap:
        return ReturnMap(system, period, rtol, self.subharmonic, self.angles)

    def _shoot(self, back: ReturnMap, nodes: np.ndarray) -> LimitCycle:
        control = self.control
        n_segments, max_iterations = control.n_segments, control.max_iterations
        assert n_segments is not None
        assert max_iterations is not None
        krylov = control.method == "krylov"
        if control.method == "auto":
            krylov = back.is_large(nodes.shape[1])
        tolerance = control.tolerance
        shooting = _Shooting(self.forced, krylov, tolerance, max_iterations, self.patient)
        nodes, iterations = shooting.run(back, nodes, n_segments)
        cycle = shooting.describe(back, nodes, iterations)
        while (rounds := least_divisor(back, cycle)) > 1:
            back, n_segments = _once_round(back, rounds, self.forced), -(-n_segments // rounds)
            nodes, _ = shooting.run(back, nodes[:1], n_segments)
            cycle = shooting.describe(back, nodes, iterations)
        return add_multipliers(back, cycle, control.n_multipliers, verify=control.verify)

    def after_returns(self, start: np.ndarray, message: str) -> LimitCycle:
        """The cycle of a map, or of a forced field, that a state leads to."""
        units = find_units(
            self.system, start, scale=self.control.scale, duration=self.period, angles=self.angles
        )
        back = self._back(units.system(self.system), self.period, TRANSIENT_RTOL)
        most, longest = MOST_RETURNS, self.control.max_transient
        if longest is not None:
            most = max(1, int(longest * self.subharmonic / back.period))

        def turning(states: np.ndarray) -> tuple[int, ...]:
            return turning_variables(self.system, units.leave(states))

        try:
            for state in later_states(back, units.enter(start), most, turning, message):
                try:
                    return self.solve(units, state[None], None)
                except _FAILURES as error:
                    message = str(error)
        except NotFoundError as error:
            message = str(error)
        return self.nothing(message)

    def from_basin(self, start: np.ndarray) -> LimitCycle:
        """The cycle that a state leads to."""
        assert self.max_period is not None
        longest, message = self.control.max_transient, ""
        if longest is None:
            longest = 30 * self.max_period
        try:
            for place in approaches(
                self.system,
                start,
                self.max_period,
                longest,
                scale=self.control.scale,
                angles=self.angles,
            ):
                try:
                    return self.solve(place.units, place.state[None], place.period)
                except _FAILURES as error:
                    message = str(error)
        except NotFoundError as error:
            message = str(error)
        return self.nothing(message + self._name_angles(start))

    def _name_angles(self, start: np.ndarray) -> str:
        """A sentence on variables that seem to be angles; empty without one, or if some are known.

        Such a variable grows without end, so that the trajectory never returns in it.
        """
        assert self.max_period is not None
        if self.angles:
            return ""
        duration = _TURNS * self.max_period
        units = find_units(self.system, start, scale=self.control.scale, duration=duration)
        try:
            states = self._followed(units, start, duration)
        except ArithmeticError:
            return ""
        turning = turning_variables(self.system, units.leave(states))
        if not turning:
            return ""
        return (
            f" The variables of indices {turning} move on in one direction, and the field does not "
            f"distinguish whole turns of them: if they are angles, give angles={turning}."
        )

    def _followed(self, units: Units, start: np.ndarray, duration: float) -> np.ndarray:
        """States along the trajectory of an autonomous system, in units."""
        system = units.system(self.system)
        if is_map(system):
            return system.orbit(units.enter(start), math.ceil(duration / system.step_ms))
        times = np.linspace(0, duration, 50 * _TURNS)
        return integrate(system, units.enter(start), duration, times=times, rtol=TRANSIENT_RTOL)


@dataclass(frozen=True)
class _Shooting:
    """How to shoot."""

    forced: bool
    krylov: bool
    tolerance: float
    max_iterations: int
    patient: bool

    def run(self, back: ReturnMap, nodes: np.ndarray, n_segments: int) -> tuple[np.ndarray, int]:
        """Solve for the nodes, and set the period of `back`; with the number of iterations."""
        limits = (self.tolerance, self.max_iterations)
        if n_segments > 1:
            if len(nodes) == 1:
                nodes = spread_nodes(back, nodes[0], n_segments)
            return shoot_segments(back, nodes, *limits, forced=self.forced)
        options = {"krylov": self.krylov}
        if self.forced:
            point, iterations = shoot_forced(back, nodes[0], *limits, **options)
        else:
            options["patient"] = self.patient
            point, iterations = shoot_autonomous(back, nodes[0], *limits, **options)
        return point[None], iterations

    def describe(self, back: ReturnMap, nodes: np.ndarray, iterations: int) -> LimitCycle:
        """The orbit that was found, without multipliers."""
        name = "multiple shooting" if len(nodes) > 1 else "shooting"
        return describe_orbit(
            back,
            nodes,
            forced=self.forced,
            tolerance=self.tolerance,
            message=f"{name}, {iterations} Newton iterations",
            method="Newton-Krylov" if self.krylov and len(nodes) == 1 else name,
        )


def _once_round(back: ReturnMap, rounds: int, forced: bool) -> ReturnMap:
    """The return map of an orbit that closes after a fraction of the period."""
    if not forced:
        return ReturnMap(back.system, back.period / rounds, back.rtol, 1, back.angles)
    times = back.subharmonic // rounds
    return ReturnMap(back.system, back.given_period, back.rtol, times, back.angles)
