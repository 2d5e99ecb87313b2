"""A census: which locked cycles a driven map has, and how much of the state space each draws."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import LimitCycle, find_limit_cycle
from isochron.analysis.systems import DrivenMap

_LOOK_EVERY = 3  # periods
_PARTS, _BISECTIONS = 8, 6


@dataclass(frozen=True, kw_only=True)
class Census:
    """Cycles of a drive's own period that were found, and what the search cannot exclude.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        Stable ones first, largest basin first; then unstable ones.
    basins : tuple of int
        Of the starts that were simulated, how many came to each cycle.
    n_starts : int
        Starts that were simulated.
    n_unlocked : int
        Starts that settled on none of the cycles: not locked, subharmonic, or still moving.
    """

    cycles: tuple[LimitCycle, ...]
    basins: tuple[int, ...]
    n_starts: int
    n_unlocked: int

    @property
    def stable(self) -> tuple[LimitCycle, ...]:
        """The stable cycles."""
        return tuple(cycle for cycle in self.cycles if cycle.stable)

    @property
    def missed_basin(self) -> float:
        """Fraction of starts that an attractor may draw and still be missed, at 95 % confidence."""
        return missed_basin(self.n_starts)


def missed_basin(n_starts: int, confidence: float = 0.95) -> float:
    """Largest weight of a basin that so many independent starts may all have missed.

    The probability that none of n starts falls into a basin of weight p is (1 - p)^n.
    """
    return 1 - (1 - confidence) ** (1 / n_starts) if n_starts else 1.0


def find_locked_cycles(
    system: DrivenMap,
    starts: ArrayLike,
    *,
    settle_periods: int = 60,
    newton_periods: tuple[int, ...] = (0, 1, 3),
    edges: int = 2,
    odd_symmetry: bool = False,
    tolerance: float = 1e-9,
    same: float = 1e-3,
) -> Census:
    """Find the cycles of a driven map that repeat with its drive.

    Every start is simulated until it settles; one representative of each place is
    polished by Newton's method and counts only if it converges there. Newton's method is
    also started from the transients, which finds unstable cycles as well. For what does not
    repeat with the drive (subharmonics, tori, chaos) see `find_all_attractors`.

    Parameters
    ----------
    system : DrivenMap
    starts : ndarray, shape (n_starts, dimension)
        Independent draws from the states of interest.
    settle_periods : int
        Periods of the map to simulate at most; fewer, if no start moves any more.
    newton_periods : tuple of int
        Starts are also given to Newton's method after so many periods.
    edges : int
        Between so many pairs of starts that came to different cycles, the boundary of the
        basins is bisected for, and Newton's method started there: the saddles on it.
    odd_symmetry : bool
        Whether the map turns into itself when the state changes sign and half a period
        passes, as that of a net of odd units without bias under a sine does. Then the
        mirror image of every cycle is one too, and is looked for.
    tolerance : float
        Largest accepted closure, relative to the size of the cycle.
    same : float
        Cycles nearer than this are one, relative to the largest coordinate of either times
        the square root of the dimension.

    Returns
    -------
    Census

    Raises
    ------
    ValueError
        If there are no starts, or `odd_symmetry` is asked for an odd number of steps.

    References
    ----------
    Battelino, Grebogi, Ott, Yorke and Yorke (1988), Physica D 32:296: saddles by bisection.
    """
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    if not len(starts):
        raise ValueError("A census needs at least one start.")
    if odd_symmetry and system.n_steps % 2:
        raise ValueError(f"{system.n_steps} steps have no half; odd_symmetry cannot be used.")
    register = _Register(same)
    waypoints, states, done = [], starts, 0
    for stop in sorted(set(newton_periods)):
        states, done = system.advance(states, (stop - done) * system.n_steps), stop
        waypoints.append(states)
    before, settled, done = _settle(system, states, done, settle_periods, same)
    unlocked = 0
    for state, previous in zip(settled, before, strict=True):
        if register.count(state):
            continue
        cycle = find_limit_cycle(system, state, tolerance=tolerance)
        gap = np.linalg.norm(state - previous)
        distance = np.linalg.norm(cycle.point - state) if cycle.found else math.inf
        if not cycle.stable or distance > 100 * gap + same * _extent(cycle):
            unlocked += 1
        elif not register.count(cycle.point):
            register.add(cycle, basin=1)
    between = _states_between(system, register, starts, settled, edges, max(2, done // 2))
    for path in (*_spread(waypoints)[:, None], *between):
        for state in path:
            cycle = find_limit_cycle(system, state, tolerance=tolerance, n_multipliers=0)
            if not cycle.found:
                continue
            known = register.find(cycle.point)
            if known is None:
                known = find_limit_cycle(system, cycle.point, tolerance=tolerance)
                if known.found:
                    register.add(known, basin=0)
            if not known.stable:
                break
    if odd_symmetry:
        for cycle, _ in tuple(register.entries):
            mirror = find_limit_cycle(
                system, -cycle.states[system.n_steps // 2], tolerance=tolerance
            )
            if mirror.found and not register.count(mirror.point, by=0):
                register.add(mirror, basin=0)
    order = sorted(register.entries, key=lambda entry: (not entry[0].stable, -entry[1]))
    return Census(
        cycles=tuple(cycle for cycle, _ in order),
        basins=tuple(basin for _, basin in order),
        n_starts=len(starts),
        n_unlocked=unlocked,
    )


def _settle(system, states, done, most, same):
    """States a period before the last, the last ones, and after how many periods.

    It ends when none moves by more than a hundredth of `same`.
    """
    while True:
        n_periods = min(_LOOK_EVERY, most - done)
        if n_periods > 0:
            states, done = system.advance(states, n_periods * system.n_steps), done + n_periods
        after = system.advance(states, system.n_steps)
        gaps = np.linalg.norm(after - states, axis=1)
        sizes = np.abs(after).max(axis=1) * math.sqrt(states.shape[1])
        if done >= most or (gaps < 1e-2 * same * sizes).all():
            return states, after, done
        states, done = after, done + 1


def _states_between(system, register, starts, settled, n_pairs, n_periods) -> np.ndarray:
    """For each pair, a state by the boundary of its basins one period, none and two later.

    Shape (n_pairs, 3, dimension).
    """
    goals = np.array([cycle.point for cycle, basin in register.entries if basin])
    if len(goals) < 2 or not n_pairs:
        return np.empty((0, 3, starts.shape[1]))

    def goal_of(states: np.ndarray) -> np.ndarray:
        return np.linalg.norm(states[:, None] - goals, axis=2).argmin(axis=1)

    goal = goal_of(settled)
    pairs = [
        (i, j) for i in range(len(starts)) for j in range(i + 1, len(starts)) if goal[i] != goal[j]
    ]
    chosen = pairs[:: max(1, len(pairs) // n_pairs)][:n_pairs]
    low, high = (starts[[pair[side] for pair in chosen]] for side in (0, 1))
    home = goal[[i for i, _ in chosen]]
    parts, rows = np.arange(1, _PARTS) / _PARTS, np.arange(len(chosen))
    for _ in range(_BISECTIONS):
        points = low[:, None] + parts[:, None] * (high - low)[:, None]
        ends = system.advance(points.reshape(-1, starts.shape[1]), n_periods * system.n_steps)
        stays = goal_of(ends).reshape(len(chosen), -1) == home[:, None]
        first = np.where(stays.all(axis=1), _PARTS - 1, stays.argmin(axis=1))
        path = np.concatenate([low[:, None], points, high[:, None]], axis=1)
        low, high = path[rows, first], path[rows, first + 1]
    here = (low + high) / 2
    later = system.advance(here, system.n_steps)
    return np.stack([later, here, system.advance(later, system.n_steps)], axis=1)


class _Register:
    """Cycles met so far, with how often."""

    def __init__(self, same: float) -> None:
        self.same = same
        self.entries: list[tuple[LimitCycle, int]] = []

    def add(self, cycle: LimitCycle, basin: int) -> None:
        self.entries.append((cycle, basin))

    def find(self, state: np.ndarray) -> LimitCycle | None:
        """The known cycle that the state is on."""
        return next((cycle for cycle, _ in self.entries if self._is_on(state, cycle)), None)

    def count(self, state: np.ndarray, by: int = 1) -> bool:
        """Whether the state is on a known cycle; if so, count it there."""
        for i, (cycle, basin) in enumerate(self.entries):
            if self._is_on(state, cycle):
                self.entries[i] = (cycle, basin + by)
                return True
        return False

    def _is_on(self, state: np.ndarray, cycle: LimitCycle) -> bool:
        return bool(np.linalg.norm(cycle.point - state) < self.same * _extent(cycle))


def _extent(cycle: LimitCycle) -> float:
    return max(float(np.abs(cycle.states).max()) * math.sqrt(cycle.states.shape[1]), 1e-12)


def _spread(waypoints: list[np.ndarray], most: int = 24) -> np.ndarray:
    """At most so many of the waypoints, evenly taken."""
    states = np.concatenate(waypoints) if waypoints else np.empty((0, 0))
    return states[:: max(1, math.ceil(len(states) / most))]
