"""A census: which locked cycles a driven map has, and how much of the state space each draws."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import LimitCycle, find_limit_cycle
from isochron.analysis.systems import DrivenMap

_LOOK_EVERY = 3  # periods
_MOST_STARTS = 24  # of Newton's method in one place
_BISECTIONS = 10  # to 1e-3 of the distance of two starts
_PERIODS_ALONG = 10  # that such a state is followed for, at most


@dataclass(frozen=True, kw_only=True)
class Census:
    """Cycles of a drive's own period that were found, and what the search cannot exclude.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        Stable ones first, largest basin first; then unstable ones, by their expanding directions.
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

    @property
    def index_sum(self) -> int:
        """Sum over the cycles of the sign of det(1 - M), M the derivative of the return map.

        Over all cycles of a map that takes a ball into itself, as the leak makes any net of
        bounded rates, it is 1 (Lefschetz): stable cycles and sources of two expanding directions
        count 1, saddles of one -1. Another sum says that cycles were missed. The sum 1 does
        not say that none was, for a pair born in a fold adds nothing. Of a large map only the
        leading multipliers are known; more real ones above 1 than these would not be counted.
        """
        # A complex pair has a positive factor |1 - μ|², and changes nothing by its two.
        expanding = [np.sum(np.real(cycle.multipliers) > 1) for cycle in self.cycles]
        return int(sum((-1) ** count for count in expanding))


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
    edges: int = 4,
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
        Between so many pairs of states of different basins, of the starts and the stable
        cycles, the boundary is bisected for and followed for as long as the map moves less and
        less, to the saddles on it, where Newton's method is started, and then halfway between
        two of these, where sources are.
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
    search = _Search(system, tolerance, same, odd_symmetry)
    waypoints, states, done = [], starts, 0
    for stop in sorted(set(newton_periods)):
        states, done = system.advance(states, (stop - done) * system.n_steps), stop
        waypoints.append(states)
    before, settled, done = _settle(system, states, done, settle_periods, same)
    n_unlocked = sum(
        not search.settles(state, float(np.linalg.norm(state - previous)))
        for state, previous in zip(settled, before, strict=True)
    )
    search.polish(_spread(waypoints))
    goals = np.array([cycle.point for cycle in search.cycles if cycle.stable])
    if len(goals) > 1 and edges:
        search.polish(_states_between(system, goals, starts, settled, edges, max(2, done // 2)))
        saddles = [cycle.point for cycle in search.cycles if not cycle.stable]
        halfway = [np.add(*pair) / 2 for pair in combinations(saddles, 2)]
        search.polish(halfway[:_MOST_STARTS])
    entries = zip(search.cycles, search.basins, strict=True)
    order = sorted(entries, key=lambda entry: (not entry[0].stable, entry[0].index, -entry[1]))
    return Census(
        cycles=tuple(cycle for cycle, _ in order),
        basins=tuple(basin for _, basin in order),
        n_starts=len(starts),
        n_unlocked=n_unlocked,
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


def _states_between(system, goals, starts, settled, n_pairs, n_periods) -> np.ndarray:
    """For each pair, a state on the boundary of its basins, after which the map moves further."""

    def goal_of(states: np.ndarray) -> np.ndarray:
        return np.linalg.norm(states[:, None] - goals, axis=2).argmin(axis=1)

    goal = goal_of(np.concatenate([goals, settled]))
    pairs = np.argwhere(np.triu(goal[:, None] != goal))
    chosen = pairs[:: max(1, len(pairs) // n_pairs)][:n_pairs]
    low, high = np.concatenate([goals, starts])[chosen.T]
    home = goal[chosen[:, 0]]
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        stays = goal_of(system.advance(middle, n_periods * system.n_steps)) == home
        low, high = np.where(stays[:, None], (middle, high), (low, middle))
    along = [(low + high) / 2]
    for _ in range(_PERIODS_ALONG):
        along.append(system.advance(along[-1], system.n_steps))
    moves = np.linalg.norm(np.diff(along, axis=0), axis=2)
    leaves = np.diff(moves, axis=0, append=np.inf) > 0
    return np.array(along)[leaves.argmax(axis=0), np.arange(len(chosen))]


class _Search:
    """Cycles met so far, and how many starts came to each."""

    def __init__(self, system: DrivenMap, tolerance: float, same: float, mirrors: bool) -> None:
        self.system, self.tolerance, self.same, self.mirrors = system, tolerance, same, mirrors
        self.cycles: list[LimitCycle] = []
        self.basins: list[int] = []

    def settles(self, state: np.ndarray, gap: float) -> bool:
        """Count a state on the stable cycle that it is on, or within a gap of; else say no."""
        known = self._place_of(state)
        if known is None:
            cycle = self._newton(state)
            distance = np.linalg.norm(cycle.point - state) if cycle.found else math.inf
            if not cycle.stable or distance > 100 * gap + self.same * _extent(cycle):
                return False
            known = self._add(cycle)
        self.basins[known] += 1
        return True

    def polish(self, states: Iterable[np.ndarray]) -> None:
        """Start Newton's method from states that are on no known cycle."""
        for state in states:
            if self._place_of(state) is None:
                cycle = self._newton(state, n_multipliers=0)
                if cycle.found and self._place_of(cycle.point) is None:
                    proved = self._newton(cycle.point)
                    if proved.found:
                        self._add(proved)

    def _newton(self, state: np.ndarray, **options: Any) -> LimitCycle:
        return find_limit_cycle(self.system, state, tolerance=self.tolerance, **options)

    def _add(self, cycle: LimitCycle) -> int:
        """Number of a cycle, which is added with its mirror image if it is new."""
        known = self._place_of(cycle.point)
        if known is not None:
            return known
        number, new = len(self.cycles), [cycle]
        if self.mirrors:
            new.append(self._newton(-cycle.states[self.system.n_steps // 2]))
        for each in new:
            if each.found and self._place_of(each.point) is None:
                self.cycles.append(each)
                self.basins.append(0)
        return number

    def _place_of(self, state: np.ndarray) -> int | None:
        """Number of the known cycle that a state is on."""
        for number, cycle in enumerate(self.cycles):
            if np.linalg.norm(cycle.point - state) < self.same * _extent(cycle):
                return number
        return None


def _extent(cycle: LimitCycle) -> float:
    return max(float(np.abs(cycle.states).max()) * math.sqrt(cycle.states.shape[1]), 1e-12)


def _spread(waypoints: list[np.ndarray]) -> np.ndarray:
    """Some of the waypoints, evenly taken."""
    states = np.concatenate(waypoints) if waypoints else np.empty((0, 0))
    return states[:: max(1, math.ceil(len(states) / _MOST_STARTS))]
