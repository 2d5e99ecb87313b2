"""Cycles inside a chaotic or long trajectory, from the places where it nearly returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles.control import ShootingControl
from isochron.analysis.limit_cycles.result import LimitCycle, orbit_size
from isochron.analysis.limit_cycles.search import find_limit_cycle
from isochron.analysis.results import short_repr
from isochron.analysis.systems.checks import check_durations
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import VectorField
from isochron.analysis.systems.units import find_units
from isochron.real_numbers import as_floats
from isochron.settings import settings_from

_MAX_ITERATIONS, _N_SEGMENTS = 20, 6  # by default


@dataclass(frozen=True)
class CloseReturn:
    """A stretch of a trajectory that ends near where it started.

    Attributes
    ----------
    begin, end : int
        Indices of its first and last sample.
    distance : float
        Distance between them, relative to the size of the trajectory.

    Examples
    --------
    >>> angles = np.linspace(0, 4 * np.pi, 41)[:, None]
    >>> states = np.hstack([np.cos(angles), np.sin(angles)])
    >>> found = analysis.limit_cycles.find_close_returns(states, lags=[20], per_lag=1)[0]
    >>> found.end - found.begin
    20
    """

    begin: int
    end: int
    distance: float


@short_repr
@dataclass(frozen=True, kw_only=True)
class RecurrenceSearch:
    """Cycles found from close returns.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        Each once, shortest first. There may be others: the trajectory visits unstable
        cycles by chance, and long ones rarely.
    n_candidates : int
        Close returns that were tried.
    failures : tuple of str
        Why some of them led to no cycle.

    Examples
    --------
    >>> hopf = analysis.Flow(lambda t, x: x * (1 - x @ x) + np.array([-x[1], x[0]]))
    >>> search = analysis.find_recurrent_cycles(
    ...     hopf, [1.0, 0.0], duration=14, periods=(6, 7), interval=0.1, n_segments=2
    ... )
    >>> len(search.cycles), search.failures
    (1, ())
    """

    cycles: tuple[LimitCycle, ...]
    n_candidates: int
    failures: tuple[str, ...]


def find_close_returns(
    states: ArrayLike, *, lags: Sequence[int] | range, per_lag: int = 3, closest: float = 0.1
) -> list[CloseReturn]:
    """Stretches of given lengths whose ends are nearest.

    Parameters
    ----------
    states : array_like, shape (m, n)
        A trajectory, sampled at equal times.
    lags : sequence of int
        Lengths to try, in samples; positive and less than m.
    per_lag : int
        Largest number of each length; they do not overlap in their starts by more
        than a quarter of the length.
    closest : float
        Largest distance, relative to the size of the trajectory.

    Returns
    -------
    list of CloseReturn
        Nearest first; of stretches with about the same start and end, the nearest.

    Raises
    ------
    ValueError
        If there are no lags, or one is not between 1 and m - 1.

    Examples
    --------
    A circle that is sampled 20 times per turn returns after 20 samples:

    >>> angles = np.linspace(0, 4 * np.pi, 41)[:, None]
    >>> states = np.hstack([np.cos(angles), np.sin(angles)])
    >>> returns = analysis.limit_cycles.find_close_returns(states, lags=range(5, 30))
    >>> {found.end - found.begin for found in returns}
    {20}
    """
    states = as_floats("states", states)
    if not len(lags) or not 0 < min(lags) <= max(lags) < len(states):
        raise ValueError(f"lags must lie between 1 and {len(states) - 1}, got {lags!r}.")
    size, found = orbit_size(states), []
    for lag in lags:
        distances = np.linalg.norm(states[lag:] - states[:-lag], axis=1) / size
        for _ in range(per_lag):
            i = int(distances.argmin())
            if not distances[i] < closest:
                break
            found.append(CloseReturn(i, i + lag, float(distances[i])))
            distances[max(0, i - lag // 4) : i + lag // 4 + 1] = np.inf
    found.sort(key=lambda candidate: candidate.distance)
    kept: list[CloseReturn] = []
    for candidate in found:
        near = max(1, (candidate.end - candidate.begin) // 10)
        if all(
            abs(candidate.begin - other.begin) > near or abs(candidate.end - other.end) > near
            for other in kept
        ):
            kept.append(candidate)
    return kept


def find_recurrent_cycles(
    system: VectorField,
    start: ArrayLike,
    *,
    duration: float,
    periods: tuple[float, float],
    interval: float,
    max_candidates: int = 100,
    closest: float = 0.1,
    control: ShootingControl | None = None,
    **fields: Any,
) -> RecurrenceSearch:
    """Cycles of a vector field, unstable ones too, that a trajectory passes near.

    Each close return is the start of multiple shooting, from states along it, unless it
    runs along a cycle already found.

    Parameters
    ----------
    system : VectorField
        Autonomous.
    start : ndarray, shape (n,)
        On the attractor, after its transient.
    duration : float
        Duration of the trajectory, in the time unit of the system.
    periods : tuple of float
        Shortest and longest period of the cycles.
    interval : float
        Time between samples; a cycle needs some dozens of them.
    max_candidates : int
        Close returns to try, nearest first.
    closest : float
        Largest distance of a return, relative to the size of the trajectory.
    control : ShootingControl, optional
        As in `find_limit_cycle`, with 20 iterations and 6 segments by default.
        Or its fields as keywords.

    Returns
    -------
    RecurrenceSearch

    Raises
    ------
    ValueError
        Unless 0 < interval < shortest period <= longest period < duration.

    References
    ----------
    Auerbach et al. (1987), Physical Review Letters 58:2387.

    Examples
    --------
    >>> hopf = analysis.Flow(lambda t, x: x * (1 - x @ x) + np.array([-x[1], x[0]]))
    >>> search = analysis.find_recurrent_cycles(
    ...     hopf, [1.0, 0.0], duration=14, periods=(6, 7), interval=0.1, n_segments=2
    ... )
    >>> [f"{cycle.period / np.pi:.4f}" for cycle in search.cycles]
    ['2.0000']
    """
    control = settings_from(ShootingControl, control, fields)
    bounds = as_floats("periods", periods)
    if bounds.shape != (2,):
        raise ValueError(f"periods must be two numbers, shortest and longest, got {periods!r}.")
    check_durations(interval=interval, duration=duration)
    shortest, longest = bounds.tolist()
    if not 0 < interval < shortest <= longest < duration:
        raise ValueError(
            "Need 0 < interval < shortest period <= longest period < duration, got "
            f"interval={interval!r}, periods={periods!r} and duration={duration!r}."
        )
    control = control.with_defaults(max_iterations=_MAX_ITERATIONS, n_segments=_N_SEGMENTS)
    n_segments = control.n_segments
    assert n_segments is not None
    times = np.arange(0, duration, interval)
    units = find_units(system, start, scale=control.scale, duration=duration)
    system = units.system(system)
    states = integrate(system, units.enter(start), duration, times=times, rtol=control.rtol)
    lags = range(round(shortest / interval), round(longest / interval) + 1)
    candidates = find_close_returns(states, lags=lags, closest=closest)[:max_candidates]
    cycles: list[LimitCycle] = []
    failures = []
    whole = replace(control, scale=1.0)
    bare = replace(whole, n_multipliers=0)
    for candidate in candidates:
        along = np.linspace(candidate.begin, candidate.end, n_segments + 1)[:-1]
        period = (candidate.end - candidate.begin) * interval
        nodes = states[np.round(along).astype(int)]
        if any(_runs_along(nodes, period, cycle) for cycle in cycles):
            continue
        orbit = find_limit_cycle(system, nodes, period_guess=period, control=bare)
        if not orbit.found:
            failures.append(orbit.message)
        elif not any(same_cycle(orbit, other) for other in cycles):
            cycle = find_limit_cycle(system, orbit.nodes, period_guess=orbit.period, control=whole)
            if cycle.found:
                cycles.append(cycle)
            else:
                failures.append(cycle.message)
    return RecurrenceSearch(
        cycles=tuple(units.leave_cycle(c) for c in sorted(cycles, key=lambda c: c.period)),
        n_candidates=len(candidates),
        failures=tuple(failures),
    )


def same_cycle(one: LimitCycle, other: LimitCycle, *, merge_tolerance: float = 1e-6) -> bool:
    """Whether two cycles are one up to a shift in time.

    Their periods agree to `merge_tolerance`, and on average the samples of one lie within a
    chord of the other.
    """
    if abs(one.period - other.period) > merge_tolerance * other.period:
        return False
    chord = np.linalg.norm(np.diff(other.states, axis=0), axis=1).max()
    return _mean_distance(one.states[:: max(1, len(one.states) // 16)], other) < chord


def _runs_along(nodes: np.ndarray, period: float, cycle: LimitCycle) -> bool:
    alike = abs(period - cycle.period) < 0.02 * cycle.period
    return alike and _mean_distance(nodes, cycle) < 0.02 * orbit_size(cycle.states)


def _mean_distance(states: np.ndarray, cycle: LimitCycle) -> float:
    distances = np.linalg.norm(states[:, None] - cycle.states[None], axis=2).min(axis=1)
    return float(distances.mean())
