"""Phase locking: its strength, and the range of frequencies over which it occurs."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, gmres

from isochron.analysis.arrays import as_angles, circular_pair, real_array
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles import LimitCycle, ShootingControl, find_limit_cycle
from isochron.analysis.limit_cycles.result import RESTING
from isochron.analysis.phase.rotation import rotation_number
from isochron.analysis.results import short_repr
from isochron.analysis.systems.protocols import ForcedMap
from isochron.analysis.systems.scales import measure_scale
from isochron.analysis.systems.units import find_units
from isochron.arguments import require_callable, what_it_is
from isochron.real_numbers import as_floats
from isochron.settings import check_type, settings_from

FOLLOWED_RETURNS = (20, 60, 160)  # where Newton's method does not find a stable cycle
PARTS = 8  # parts of a step at the resolution, before a cycle counts as lost


def phase_locking_value(phase: ArrayLike, reference: ArrayLike) -> float:
    """|mean exp(i (phase - reference))|: 1 for a constant difference, 0 for evenly spread ones.

    Parameters
    ----------
    phase, reference : array_like, shape (n_times,)
        Radians, of one shape, wrapped or not; at least two samples. A complex array is taken as
        an analytic signal, by its angle. If both are signals, not phases, see `compute_phase`.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than two samples, or one is not finite.

    References
    ----------
    Lachaux et al. (1999), Human Brain Mapping 8:194.

    Examples
    --------
    >>> phase = 2 * np.pi * np.arange(1000) / 50
    >>> round(analysis.phase_locking_value(phase, phase + 0.4), 6)
    1.0
    >>> round(analysis.phase_locking_value(phase, 2 * phase), 6)
    0.0
    """
    one, other = circular_pair(phase, reference)
    if one.size < 2:
        raise ValueError(f"Phase locking needs at least two samples, got {one.size}.")
    return float(abs(np.mean(np.exp(1j * (one - other)))))


def pairwise_phase_consistency(phase: ArrayLike, reference: ArrayLike) -> float:
    """Mean cosine between all pairs of phase differences: an unbiased square of the locking value.

    Unlike the phase-locking value (about 1/√n without any locking), its expectation does not
    depend on the number of samples; it may be negative.

    Parameters
    ----------
    phase, reference : array_like, shape (n,)
        Radians, of one shape; at least two samples, independent of each other, such as one per
        trial. A complex array is taken as an analytic signal, by its angle.

    Returns
    -------
    float
        From -1/(n - 1) to 1.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than two samples, or one is not finite.

    References
    ----------
    Vinck, van Wingerden, Womelsdorf, Fries and Pennartz (2010), NeuroImage 51:112.

    Examples
    --------
    Mean over 200 experiments with 20 phases each, without locking:

    >>> phases = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(200, 20))
    >>> values, consistencies = (
    ...     [compute(row, np.zeros(20)) for row in phases]
    ...     for compute in (analysis.phase_locking_value, analysis.pairwise_phase_consistency)
    ... )
    >>> print(np.mean(values).round(1), abs(np.mean(consistencies)) < 0.01)
    0.2 True
    """
    one, other = circular_pair(phase, reference)
    difference = one - other
    n = difference.size
    if n < 2:
        raise ValueError(f"Pairs need at least two samples, got {n}.")
    return float((abs(np.exp(1j * difference).sum()) ** 2 - n) / (n * (n - 1)))


def n_to_m_locking_value(phase: ArrayLike, reference: ArrayLike, *, n: int, m: int) -> float:
    """Phase-locking value of n times a phase and m times its reference.

    1 if the reference makes n turns while the phase makes m, with a constant n : m difference.

    Parameters
    ----------
    phase, reference : array_like, shape (n_times,)
        Radians, as in `phase_locking_value`.
    n, m : int
        Locking ratio: positive integers without a common divisor, which would only test a
        higher harmonic.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If n and m are not such integers, or as in `phase_locking_value`.

    References
    ----------
    Tass et al. (1998), Physical Review Letters 81:3291.

    Examples
    --------
    A reference that makes two turns in each turn of the phase:

    >>> phase = 2 * np.pi * np.arange(1000) / 50
    >>> analysis.n_to_m_locking_value(phase, 2 * phase + 0.3, n=2, m=1)
    1.0
    """
    check_type("n", n, float)
    check_type("m", m, float)
    if n != int(n) or m != int(m) or min(n, m) < 1 or math.gcd(int(n), int(m)) != 1:
        raise ValueError(
            f"n and m must be positive integers without a common divisor; got {n}, {m}."
        )
    return phase_locking_value(n * as_angles(phase, "phase"), m * as_angles(reference, "reference"))


@short_repr
@dataclass(frozen=True, kw_only=True)
class TongueScan:
    """Rotation numbers over frequency and amplitude of a forcing, and where they are locked.

    Attributes
    ----------
    frequencies : ndarray, shape (n_frequencies,)
        Frequencies of the forcing, ascending, in the unit in which they were given.
    amplitudes : ndarray, shape (n_amplitudes,)
        Amplitudes of the forcing, in the unit in which they were given.
    rotation : ndarray, shape (n_amplitudes, n_frequencies)
        Turns per period of the forcing.
    locked : ndarray of bool, shape (n_amplitudes, n_frequencies)
        Whether the rotation number is `ratio` within `tolerance`.
    ratio, tolerance : float
        Criterion of locking, in turns per period of the forcing.

    Examples
    --------
    >>> scan = analysis.TongueScan(
    ...     frequencies=np.array([0.9, 1.0, 1.1]), amplitudes=np.array([0.0, 1.0]),
    ...     rotation=np.array([[1.11, 1.0, 0.91], [1.0, 1.0, 1.0]]),
    ...     locked=np.array([[False, True, False], [True, True, True]]),
    ...     ratio=1.0, tolerance=1e-5,
    ... )
    >>> scan.edges
    (array([1. , 0.9]), array([1. , 1.1]))
    """

    frequencies: np.ndarray
    amplitudes: np.ndarray
    rotation: np.ndarray
    locked: np.ndarray
    ratio: float
    tolerance: float

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest locked frequency at each amplitude, NaN where nothing locks.

        Each is short of the edge by less than the spacing of the frequencies.
        """
        low = np.where(self.locked, self.frequencies, math.inf).min(axis=1)
        high = np.where(self.locked, self.frequencies, -math.inf).max(axis=1)
        empty = ~self.locked.any(axis=1)
        return np.where(empty, math.nan, low), np.where(empty, math.nan, high)


def scan_tongue(
    phases_at: Callable[[float, float], ArrayLike],
    frequencies: ArrayLike,
    amplitudes: ArrayLike,
    *,
    ratio: float = 1.0,
    tolerance: float = 1e-5,
) -> TongueScan:
    """Arnold tongue by simulation at every point of a grid.

    It finds any attractor, at any ratio; `find_tongue` follows one cycle, and is faster and
    more accurate.

    Parameters
    ----------
    phases_at : callable
        ``phases_at(frequency, amplitude)``: unwrapped phases in radians, once per period of the
        forcing, after the transient, shape (n_periods,).
    frequencies : array_like, shape (n_frequencies,)
        Frequencies of the forcing, ascending, in the unit of `phases_at`.
    amplitudes : array_like, shape (n_amplitudes,)
        Amplitudes of the forcing, in the unit of `phases_at`.
    ratio : float
        Turns per period of the forcing: m/n for n turns of the forcing in m of the system.
    tolerance : float
        Largest deviation of the rotation number from the ratio, and its largest uncertainty, in
        turns; near an edge, drift can be distinguished from locking only down to 1/n_periods.

    Returns
    -------
    TongueScan
        Rotation numbers, and where they are locked.

    Raises
    ------
    ValueError
        If the frequencies do not ascend, an array is empty or not finite, `tolerance` is not
        positive, or `rotation_number` rejects the phases.

    Examples
    --------
    The circle map φ → φ + 2πf - a sin φ locks 1:1 for 2π |f - 1| < a:

    >>> def phases_at(frequency, amplitude):
    ...     phases = [0.1]
    ...     for _ in range(400):
    ...         advance = 2 * np.pi * frequency - amplitude * np.sin(phases[-1])
    ...         phases.append(phases[-1] + advance)
    ...     return phases[200:]
    >>> scan = analysis.scan_tongue(phases_at, [0.90, 0.95, 1.00, 1.05, 1.10], [0.2, 0.5])
    >>> scan.locked.astype(int)
    array([[0, 0, 1, 0, 0],
           [0, 1, 1, 1, 0]])
    """
    frequencies = real_array(frequencies, "frequencies", n_axes=1, least=1)
    amplitudes = real_array(amplitudes, "amplitudes", n_axes=1, least=1)
    if not 0 < tolerance < math.inf:
        raise ValueError(f"tolerance must be positive, got {tolerance!r}.")
    if np.any(np.diff(frequencies) <= 0):
        raise ValueError("frequencies must ascend.")
    numbers = [[rotation_number(phases_at(f, a)) for f in frequencies] for a in amplitudes]
    return TongueScan(
        frequencies=frequencies,
        amplitudes=amplitudes,
        rotation=np.array([[number.value for number in row] for row in numbers]),
        locked=np.array(
            [[number.is_locked(ratio, tolerance=tolerance) for number in row] for row in numbers]
        ),
        ratio=ratio,
        tolerance=tolerance,
    )


@short_repr
@dataclass(frozen=True, kw_only=True)
class Tongue:
    """Range in which one stable 1:1 entrained cycle exists, at one amplitude of the forcing.

    Attributes
    ----------
    low, high : float
        Lowest and highest frequency at which it was found, Hz; NaN if it was not found. For a
        walk along a different parameter, the lowest and highest value of the parameter.
    low_open, high_open : bool
        Whether the walk reached its limit before the cycle was lost: no edge there.
    resolution : float
        The cycle is lost within this many Hz beyond `low` and `high`.
    center : ndarray, shape (n,), or None
        State of the cycle at the frequency where the walk started; None if it was not found.
    message : str
        Reason why no cycle was found; empty if one was found.

    Examples
    --------
    >>> tongue = analysis.Tongue(low=9.0, high=11.0, resolution=0.01, center=np.zeros(2))
    >>> tongue.width
    2.0
    """

    low: float = math.nan
    high: float = math.nan
    low_open: bool = False
    high_open: bool = False
    resolution: float = math.nan
    center: np.ndarray | None = None
    message: str = ""

    @property
    def width(self) -> float:
        """high - low, Hz."""
        return self.high - self.low


def find_tongue(
    system_at: Callable[[float], ForcedMap],
    start: ArrayLike,
    *,
    frequency: float,
    limits: tuple[float, float],
    step: float,
    resolution: float,
    along: Literal["frequency", "parameter"] = "frequency",
    control: ShootingControl | None = None,
    **fields: Any,
) -> Tongue:
    """Follow a stable entrained cycle up and down in forcing frequency until it is lost.

    Each cycle is the start of the search at the next frequency. The step grows to twice the
    first while that succeeds; where it fails, or the cycle found is unstable or a different one,
    it is halved, down to the resolution. A step of that length is repeated in eight parts before
    the cycle counts as lost. A gap narrower than the step is not seen.

    Parameters
    ----------
    system_at : callable
        ``system_at(frequency)``: the map forced with a frequency in Hz, or very near it, within
        half a step in each period. The edges are frequencies of the maps themselves.
    start : ndarray, shape (dimension,)
        State on, or in the basin of, the cycle at `frequency`, at forcing phase 0.
    frequency : float
        Frequency at which the walk starts, Hz, within the tongue.
    limits : tuple of float
        Lowest and highest frequency to try, Hz.
    step, resolution : float
        First step of the walk, and accuracy of the edges, Hz.
    along : {"frequency", "parameter"}
        Argument of `system_at`: the forcing frequency in Hz, which is checked, or any other
        parameter. `frequency`, `limits`, `step`, `resolution` and the edges are then values of
        that parameter, which may be negative.
    control : ShootingControl, optional
        Settings of the search for each cycle, as in `find_limit_cycle`. Along the walk Newton's
        method has 6 iterations. From a start of zeros the scale, if it is not given, is 1.
    **fields
        Fields of `ShootingControl` as keywords, instead of `control`; the tolerance is then 1e-8
        by default.

    Returns
    -------
    Tongue
        With NaN edges, and a message, if no stable cycle was found at `frequency`.

    Raises
    ------
    ValueError
        If the frequency is not within the limits, 0 < resolution <= step is not true, or a map
        is not forced with the frequency that was given to `system_at`.
    TypeError
        If `control` and its fields are both given.

    Examples
    --------
    Adler's equation ψ' = 2π (10 - f) - 6 sin ψ, in rad per s, of an oscillator of 10 Hz: it
    locks for |f - 10| < 6 / 2π = 0.955 Hz.

    >>> def system_at(frequency):
    ...     n_steps = 64
    ...     seconds = 1 / (frequency * n_steps)
    ...     return analysis.SteppedMap(
    ...         lambda k, x: x + seconds * (2 * np.pi * (10 - frequency) - 6 * np.sin(x)),
    ...         lambda k, x, v: v * (1 - seconds * 6 * np.cos(x)),
    ...         dimension=1, n_steps=n_steps, step_ms=1e3 * seconds, forcing_cycles=1,
    ...     )
    >>> tongue = analysis.find_tongue(
    ...     system_at, [0.1], frequency=10.0, limits=(8, 12), step=0.2, resolution=0.005
    ... )
    >>> round(tongue.low, 2), round(tongue.high, 2)
    (9.05, 10.95)
    """
    control = settings_from(ShootingControl, control, fields, tolerance=1e-8)
    if along not in ("frequency", "parameter"):
        raise ValueError(f'along must be "frequency" or "parameter", got {along!r}.')
    value_of = _checked_frequency if along == "frequency" else _given_value
    require_callable("system_at", system_at, "lambda frequency: ...")
    bounds = as_floats("limits", limits)
    if bounds.shape != (2,):
        raise ValueError(f"limits must be two numbers (low, high), got {what_it_is(limits)}.")
    for name, value in (("frequency", frequency), ("step", step), ("resolution", resolution)):
        check_type(name, value, float)
    lowest = 0 if along == "frequency" else -math.inf
    if not lowest < limits[0] <= frequency <= limits[1] < math.inf:
        raise ValueError(
            f"{along} {frequency!r} must lie within limits {limits!r}, above {lowest}."
        )
    if not 0 < resolution <= step < math.inf:
        raise ValueError(f"Need 0 < resolution <= step, got {resolution!r} and {step!r}.")
    for value in (max(limits[0], frequency - step), min(limits[1], frequency + step)):
        value_of(system_at(value), value)  # raises before the walk
    system = system_at(frequency)
    first, reached = _find_first(system, start, control), value_of(system, frequency)
    if not first.stable:
        return Tongue(resolution=resolution, message=_why_not(first, along, frequency))
    ends = []
    for limit in limits:
        place = first, frequency, reached
        ends.append(_walk(system_at, value_of, place, limit, step, resolution, control))
    (low, low_open), (high, high_open) = ends
    return Tongue(
        low=low,
        high=high,
        low_open=low_open,
        high_open=high_open,
        resolution=resolution,
        center=first.point,
    )


def _find_first(system, start, control: ShootingControl) -> LimitCycle:
    """The stable cycle to which a start converges.

    Newton's method may converge from the start to an unstable cycle, or not converge. The start
    is then followed for more and more returns, and the search is repeated.
    """
    first = find_limit_cycle(system, start, control=control)
    state, nearby = np.array(start, dtype=float), replace(control, max_transient=0)
    for n_returns in FOLLOWED_RETURNS:
        if first.stable:
            break
        state = system.advance(state, n_returns * system.n_steps)
        if not np.isfinite(state).all():
            break
        later = find_limit_cycle(system, state, control=nearby)
        first = later if later.solved or not first.solved else first
    return first


def _why_not(first: LimitCycle, along: str, value: float) -> str:
    found = "the cycle found there is unstable" if first.found else first.message
    return (
        f"No stable cycle at {along} {value:g} from this start; {along} must be a value inside the "
        f"tongue, such as scan_tongue finds. The search from the start: {found}"
    )


def _walk(system_at, value_of, place, limit, step, resolution, control: ShootingControl):
    """Value at the last map in which the cycle was found, and whether that is the limit.

    `place`, where the walk starts, is a cycle, the value given to `system_at`, and that of the
    map.
    """
    cycle, value, reached = place
    sign, longest = 1 if limit >= value else -1, 2 * step
    while sign * (limit - value) > 0:
        trial = value + sign * min(step, abs(limit - value))
        system = system_at(trial)
        found = _find_next(system, cycle, cycle.point, control)
        if found is None and step <= resolution:
            found = _find_in_parts(system_at, cycle, (value, trial), control)
            if found is None:
                return reached, False
        if found is None:
            step = max(step / 2, resolution)
        else:
            cycle, value, reached = found, trial, value_of(system, trial)
            step = min(1.5 * step, longest)
    return reached, True


def _find_next(system, before, start, control: ShootingControl) -> LimitCycle | None:
    """The stable cycle of the next map that continues a cycle; None if Newton's method fails."""
    quick = replace(control, max_iterations=6, n_multipliers=2, verify=False, max_transient=0)
    found = find_limit_cycle(system, start, control=quick)
    return found if found.stable and _continues(system, before, found, control.scale) else None


def _find_in_parts(system_at, cycle, ends, control: ShootingControl) -> LimitCycle | None:
    """The cycle at the end of a step of the walk, in parts of the step; None if it is lost.

    Where the branch bends sharply, the cycle of the last map is too far away for Newton's method
    although the next one exists. Each start is extrapolated from the two cycles before it.
    """
    start = cycle.point
    for value in np.linspace(ends[0], ends[1], 1 + PARTS)[1:]:
        found = _find_next(system_at(float(value)), cycle, start, control)
        if found is None:
            return None
        start, cycle = 2 * found.point - cycle.point, found
    return cycle


def _given_value(system: ForcedMap, value: float) -> float:
    """The parameter that was given to `system_at`."""
    return value


def _checked_frequency(system: ForcedMap, asked: float) -> float:
    """Forcing frequency of a map, which has to be the given one, to half a step in a period."""
    steps = system.n_steps / max(system.forcing_cycles, 1)
    found = 1e3 * system.forcing_cycles / (system.n_steps * system.step_ms)
    if abs(found - asked) > (0.51 / steps + 1e-9) * asked:
        raise ValueError(
            f"find_tongue walks the forcing frequency, but system_at({asked:g}) is forced with "
            f"{found:g} Hz, not {asked:g} Hz. If system_at takes the frequency, check its unit "
            "(Hz) and step_ms; if it takes a different parameter, add along='parameter'."
        )
    return found


def _continues(
    system: ForcedMap, before: LimitCycle, after: LimitCycle, scale: ArrayLike | None
) -> bool:
    """Whether one cycle is the next along a branch.

    It moved by less than half its size; or, for a cycle at rest or a small one, by half to one
    and a half times the first step of Newton's method, which is not true across a jump.
    """
    typical = measure_scale(before.states, scale=scale)
    moved = np.abs((after.point - before.point) / typical).max()
    size = np.abs((before.states - before.states.mean(axis=0)) / typical).max()
    if size > RESTING and moved < 0.5 * size:
        return True
    units = find_units(system, np.stack([before.point, after.point]), scale=scale)
    start, end = units.enter(before.point), units.enter(after.point)
    move = _first_move(ReturnMap(units.system(system)), start)
    missed = float(np.linalg.norm(start + move - end))
    rounding = RESTING * max(1.0, float(np.linalg.norm(end)))
    return missed <= max(0.5 * float(np.linalg.norm(end - start)), rounding)


def _first_move(back: ReturnMap, start: np.ndarray) -> np.ndarray:
    """First step of Newton's method on the return map; not finite if that is singular."""
    n = start.size
    try:
        if not back.is_large(n):
            end, monodromy = back(start, np.eye(n))
            return np.linalg.solve(np.eye(n) - monodromy, end - start)
        derivative = back.derivative(start)
        matrix = LinearOperator((n, n), matvec=lambda v: v - derivative @ v, dtype=float)  # type: ignore[call-arg]
        return gmres(matrix, back(start) - start, rtol=1e-3, restart=25, maxiter=1)[0]
    except (ArithmeticError, np.linalg.LinAlgError):
        return np.full(n, np.inf)
