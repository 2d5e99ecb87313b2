"""A survey: which entrained cycles a forced map has, and how much of the state space each draws."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import LimitCycle, ShootingControl, find_limit_cycle
from isochron.analysis.survey.settings import NewtonStarts
from isochron.analysis.systems.angles import turning_variables
from isochron.analysis.systems.protocols import ForcedMap
from isochron.analysis.systems.units import find_units
from isochron.real_numbers import require_real
from isochron.wording import counted

_LOOK_EVERY = 3  # periods
_MOST_STARTS = 24  # of Newton's method in one place
_BISECTIONS = 10  # to 1e-3 of the distance of two starts
_PERIODS_ALONG = 10  # that such a state is followed for, at most
_RUNAWAY = 1e6  # times the size of the starts: a state that leaves all bounds
_LEAST_SIZE = 1e-3  # of the size of the starts, that a state or a cycle is given at least
_FRACTIONS = (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4)  # of the way from one cycle to a different one
_FACTORS = (1.0, 0.5, 0.0, 1.5, 2.0)  # by which an orbit that is no cycle is widened
_MIXED = 3  # cycles of which further states are random mixtures
_SEGMENTS_BELOW = 50  # dimensions: multiple shooting between cycles
_SEGMENT_STEPS = 10  # steps of each segment, or more if the segments are at most
_MOST_SEGMENTS = 12
_TURNS_OVER = 40  # periods in which a variable that is an angle is seen to turn
_BUDGET = 100  # orbits between cycles


@dataclass(frozen=True, kw_only=True)
class EntrainedCycleSurvey:
    """Cycles of a drive's own period that were found, and what the search cannot exclude.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        Stable ones first, largest basin first; then unstable ones, by their expanding directions.
        A state that does not move, as that of a map without a drive, has ``at_rest`` set.
    basins : tuple of int
        Of the starts that were simulated, how many came to each cycle.
    n_starts : int
        Starts that were simulated.
    n_not_entrained : int
        Starts that settled on none of the cycles: not locked, subharmonic, or still moving.
    n_diverged : int
        Starts that left all bounds.
    bounded : bool or None
        Whether the map is known to take a ball into itself; only then are the indices of all
        cycles known to add up to 1.
    odd_symmetry : bool
        Whether the map turns into itself when the state changes sign and half a period
        passes; the mirror image of every cycle was then searched for too.
    """

    cycles: tuple[LimitCycle, ...]
    basins: tuple[int, ...]
    n_starts: int
    n_not_entrained: int
    n_diverged: int = 0
    bounded: bool | None = None
    odd_symmetry: bool = False

    @property
    def stable(self) -> tuple[LimitCycle, ...]:
        """The stable cycles."""
        return tuple(cycle for cycle in self.cycles if cycle.stable)

    @property
    def fixed_points(self) -> tuple[LimitCycle, ...]:
        """Those among `cycles` whose state does not move: fixed points, not cycles."""
        return tuple(cycle for cycle in self.cycles if cycle.at_rest)

    @property
    def undetected_basin_bound(self) -> float:
        """Fraction of starts that an attractor may draw and still be missed, at 95 % confidence."""
        return undetected_basin_bound(self.n_starts)

    @property
    def index_sum(self) -> int:
        """Sum over the cycles of the sign of det(1 - M), M the derivative of the return map.

        Over all cycles of a map that takes a ball into itself, as the leak makes any net of
        bounded rates, it is 1 (Lefschetz): stable cycles and sources of two expanding directions
        count 1, saddles of one -1. Another sum says that cycles were missed. The sum 1 does
        not say that none was, for a pair born in a fold adds nothing. Of a large map only the
        leading multipliers are known; more real ones above 1 than these would not be counted.
        A map that states can leave to infinity may have any sum.
        """
        return _index_sum(self.cycles)

    @property
    def cannot_exclude(self) -> str:
        """What the survey leaves open and what to do next, in words."""
        texts = [
            f"An attractor with a basin below {self.undetected_basin_bound:.2g} may be missed "
            "(95 %); raise the number of starts to find smaller ones."
        ]
        starts = counted(self.n_starts, "start")
        if number := len(self.fixed_points):
            several = "are fixed points, not cycles"
            what = "is a fixed point, not a cycle" if number == 1 else several
            texts.append(f"{number} of the {counted(len(self.cycles), 'orbit')} {what}.")
        if self.n_diverged:
            texts.append(f"{self.n_diverged} of {starts} left all bounds.")
        if self.n_not_entrained:
            texts.append(
                f"{self.n_not_entrained} of {starts} settled on none of the cycles; raise "
                "transient_periods, or see find_all_attractors for subharmonics, tori and chaos."
            )
        if self.bounded and self.index_sum != 1:
            several = self.index_sum > 1
            lacking = counted(
                abs(self.index_sum - 1),
                "saddle is" if several else "stable cycle or source is",
                "saddles are" if several else "stable cycles or sources are",
            )
            texts.append(
                f"The indices of the cycles add up to {self.index_sum}. All cycles of a bounded "
                f"map have the sum 1: at least {lacking} missing. "
                "Raise the number of starts or the budget of NewtonStarts."
            )
        return " ".join(texts)


def _index_sum(cycles: Iterable[LimitCycle]) -> int:
    # A complex pair has a positive factor |1 - μ|², and changes nothing by its two; a
    # multiplier below -1 has a positive factor 1 - μ too.
    expanding = [np.sum(np.real(cycle.multipliers) > 1) for cycle in cycles]
    return int(sum((-1) ** int(count) for count in expanding))


def undetected_basin_bound(n_starts: int, confidence: float = 0.95) -> float:
    """Largest weight of a basin that so many independent starts may all have missed.

    The probability that none of n starts falls into a basin of weight p is (1 - p)^n.
    """
    return 1 - (1 - confidence) ** (1 / n_starts) if n_starts else 1.0


def find_entrained_cycles(
    system: ForcedMap,
    starts: ArrayLike,
    *,
    transient_periods: int = 60,
    settled: float | None = None,
    newton: NewtonStarts = NewtonStarts(),
    tolerance: float = 1e-9,
    merge_tolerance: float = 1e-3,
    scale: ArrayLike | None = None,
) -> EntrainedCycleSurvey:
    """Find the cycles of a forced map that repeat with its drive.

    Every start is simulated until it settles; one representative of each place is
    polished by Newton's method and counts only if it converges there. Newton's method is
    also started from the transients, which finds unstable cycles as well. For what does not
    repeat with the drive (subharmonics, tori, chaos) see `find_all_attractors`.

    Parameters
    ----------
    system : ForcedMap
    starts : ndarray, shape (n_starts, dimension)
        Independent draws from the states of interest.
    transient_periods : int
        Periods of the map to simulate at most; fewer, if no start moves any more.
    settled : float, optional
        Starts have settled when none moves by more than this in a period, relative to its size
        as in `merge_tolerance`; a hundredth of `merge_tolerance` by default.
    newton : NewtonStarts
        Where Newton's method is started, besides the states on which the starts settle.
    tolerance : float
        Largest accepted return error, relative to the size of the cycle.
    merge_tolerance : float
        Cycles nearer than this are one, relative to the largest coordinate of either times
        the square root of the dimension.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured from the starts by default.

    Returns
    -------
    EntrainedCycleSurvey

    Raises
    ------
    ValueError
        If there are no starts, or one is not finite, or a tolerance is not positive, or a
        variable is an angle.

    References
    ----------
    Battelino, Grebogi, Ott, Yorke and Yorke (1988), Physica D 32:296: saddles by bisection.
    """
    require_real("starts", starts)
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    settled = 1e-2 * merge_tolerance if settled is None else settled
    _check(system, starts, tolerance, merge_tolerance, settled)
    units = find_units(system, starts, scale=scale)
    system, starts = units.system(system), units.enter(starts)
    mirror = _mirror_step(system, starts) if newton.odd_symmetry else None
    search = _Search(system, tolerance, merge_tolerance, mirror, _size_of(starts))
    with np.errstate(all="ignore"):  # of starts that diverge
        waypoints, states, done = [], starts, 0
        for stop in sorted(set(newton.periods)):
            states, done = system.advance(states, (stop - done) * system.n_steps), stop
            waypoints.append(states)
        before, states, done = _discard_transient(search, states, done, transient_periods, settled)
    stays = search.stay(states)
    not_entrained = [
        state
        for state, previous in zip(states[stays], before[stays], strict=True)
        if not search.settles(state, float(np.linalg.norm(state - previous)))
    ]
    _refuse_angles(search, not_entrained)
    search.refine(_spread(waypoints))
    _search_between_basins(
        search, starts[stays], states[stays], newton.n_boundary_pairs, max(2, done // 2)
    )
    bounded = getattr(system, "bounded", None)
    if bounded is not False and stays.all():
        small = system.dimension <= _SEGMENTS_BELOW
        usual = _BUDGET if small else _BUDGET // 5
        budget = usual if newton.budget is None else newton.budget
        _search_between_cycles(search, not_entrained, budget)
    cycles, basins = search.sorted()
    return EntrainedCycleSurvey(
        cycles=tuple(units.leave_cycle(cycle) for cycle in cycles),
        basins=basins,
        n_starts=len(starts),
        n_not_entrained=len(not_entrained),
        n_diverged=int(np.sum(~stays)),
        bounded=bounded,
        odd_symmetry=mirror is not None,
    )


def _check(
    system: Any, starts: np.ndarray, tolerance: float, merge_tolerance: float, settled: float
) -> None:
    if not len(starts):
        raise ValueError("A survey needs at least one start.")
    if starts.shape[1] != system.dimension or not np.isfinite(starts).all():
        raise ValueError(
            f"starts must be finite, of shape (n_starts, {system.dimension}), got shape "
            f"{starts.shape}."
        )
    for name, value in (
        ("tolerance", tolerance),
        ("merge_tolerance", merge_tolerance),
        ("settled", settled),
    ):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and not negative, got {value!r}.")


def _refuse_angles(search: "_Search", not_entrained: list[np.ndarray]) -> None:
    """Raise if a state that has not settled turns: it then leaves where it was by whole turns."""
    if not not_entrained:
        return
    system = search.system
    with np.errstate(all="ignore"):
        orbit = system.orbit(not_entrained[0], _TURNS_OVER * system.n_steps)[:: system.n_steps]
        turning = turning_variables(system, orbit) if np.isfinite(orbit).all() else ()
    if turning:
        raise ValueError(
            f"The variables of indices {turning} grow or fall without bound, and the map is "
            "2π-periodic in them: they are angles, which find_entrained_cycles does not support. "
            f"Use find_all_attractors with angles={turning}, or a map of the cosine and sine of "
            "each angle."
        )


def has_odd_symmetry(system: ForcedMap, states: ArrayLike, *, tolerance: float = 1e-9) -> bool:
    """Whether a map turns into itself when the state changes sign and half a period passes.

    F(-x, k + n/2) = -F(x, k) is checked for every step k of the period n, at the given states;
    without a drive F(-x) = -F(x). The mirror image -x(t + T/2) of a cycle is then a cycle.
    It needs an even number of steps in which the drive makes an odd number of periods.

    Parameters
    ----------
    system : ForcedMap
    states : array_like, shape (m, dimension)
    tolerance : float
        Largest deviation, relative to the largest coordinate of F.

    Examples
    --------
    >>> import numpy as np
    >>> from isochron.analysis import SteppedMap
    >>> odd = SteppedMap(lambda k, x: np.tanh(2 * x), None, dimension=1)
    >>> has_odd_symmetry(odd, [[0.3], [1.0]])
    True
    >>> biased = SteppedMap(lambda k, x: np.tanh(2 * x + 0.1), None, dimension=1)
    >>> has_odd_symmetry(biased, [[0.3], [1.0]])
    False
    """
    require_real("states", states)
    states = np.atleast_2d(np.asarray(states, dtype=float))
    if system.forcing_cycles == 0:
        return _is_odd(system, states, 0, tolerance)
    if system.n_steps % 2 or system.forcing_cycles % 2 == 0:
        return False
    return _is_odd(system, states, system.n_steps // 2, tolerance)


def _is_odd(system: ForcedMap, states: np.ndarray, shift: int, tolerance: float) -> bool:
    for k in range(system.n_steps):
        after = system.advance(states, 1, start=k)
        image = system.advance(-states, 1, start=k + shift)
        if not np.abs(after + image).max() <= tolerance * np.abs(after).max():
            return False
    return True


def _mirror_step(system: ForcedMap, starts: np.ndarray) -> int | None:
    """Step of a cycle whose state, with the sign changed, starts the image; None if there is none.

    Of an odd number n of steps none is half a period of the drive from step 0. The nearest is
    off by 1 / 2n of it, and the image is close enough to a cycle for Newton's method.
    """
    n, cycles = system.n_steps, system.forcing_cycles
    states = starts[:: max(1, len(starts) // 4)]
    if has_odd_symmetry(system, states):
        return n // 2 if cycles else 0
    if cycles == 0 or n % 2 == 0 or math.gcd(cycles, n) != 1:
        return None
    shift = pow(cycles, -1, n) * (n // 2) % n
    return shift if _is_odd(system, states, shift, 2 * math.pi / n) else None


def _discard_transient(search, states, done, most, settled):
    """States a period before the last, the last ones, and after how many periods.

    It ends when none of those that stay within bounds moves any more.
    """
    system = search.system
    while True:
        n_periods = min(_LOOK_EVERY, most - done)
        if n_periods > 0:
            states, done = system.advance(states, n_periods * system.n_steps), done + n_periods
        after = system.advance(states, system.n_steps)
        gaps = np.linalg.norm(after - states, axis=1)
        sizes = np.abs(after).max(axis=1) * math.sqrt(states.shape[1])
        still = gaps < settled * np.maximum(sizes, _LEAST_SIZE * search.scale)
        if done >= most or (still | ~search.stay(after)).all():
            return states, after, done
        states, done = after, done + 1


def _search_between_basins(search, starts, settled, n_boundary_pairs, n_periods) -> None:
    """Start Newton's method on the boundaries of the basins, then between what that finds."""
    goals = np.array([cycle.point for cycle in search.cycles if cycle.stable])
    if len(goals) < 2 or not n_boundary_pairs:
        return
    with np.errstate(all="ignore"):
        states = _states_between(search.system, goals, starts, settled, n_boundary_pairs, n_periods)
    search.refine(states)
    saddles = [cycle.point for cycle in search.cycles if not cycle.stable]
    halfway = [np.add(*pair) / 2 for pair in combinations(saddles, 2)]
    search.refine(halfway[:_MOST_STARTS])


def _search_between_cycles(search: "_Search", not_entrained: list[np.ndarray], budget: int) -> None:
    """Start Newton's method between the cycles until their indices add up to 1.

    The mean of the states that are on no cycle is taken for one more: a torus goes round a cycle.
    """
    inside = []
    if not_entrained and budget:
        with np.errstate(all="ignore"):
            around = search.system.orbit(np.array(not_entrained), search.system.n_steps)
        inside.append(around.mean(axis=1))
    for count, orbit in enumerate(_mixtures(search, inside)):
        if count >= budget or _index_sum(search.cycles) == 1:
            return
        search.shoot(orbit)


def _mixtures(search: "_Search", inside: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Some orbits, those between two of the cycles, each once, then mixtures of several.

    An orbit that is no cycle is also tried shrunk and widened around its mean.
    """
    for orbit in inside:
        mean = orbit.mean(axis=0)
        yield from (mean + factor * (orbit - mean) for factor in _FACTORS)
    tried: set[tuple[float, int, int]] = set()
    rng = np.random.default_rng(0)
    while orbits := inside + [cycle.states for cycle in search.cycles]:
        way = next((way for way in _ways(orbits) if way not in tried), None)
        if way is None and len(orbits) == 1:
            return
        if way is None:
            chosen = rng.choice(len(orbits), min(_MIXED, len(orbits)), replace=False)
            weights = 1.5 * rng.dirichlet(np.ones(len(chosen))) - 0.5 / len(chosen)
            yield np.tensordot(weights, np.array([orbits[i] for i in chosen]), axes=1)
        else:
            tried.add(way)
            part, first, second = way
            yield (1 - part) * orbits[first] + part * orbits[second]


def _ways(orbits: list[np.ndarray]) -> list[tuple[float, int, int]]:
    """Fractions of the way from one orbit to a different one, nearest neighbors first."""
    points = np.array([orbit[0] for orbit in orbits])
    pairs = combinations(range(len(points)), 2)
    near = sorted(pairs, key=lambda pair: float(np.linalg.norm(np.subtract(*points[[*pair]]))))
    return [(part, *pair) for part in _FRACTIONS for pair in near]


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

    def __init__(
        self,
        system: ForcedMap,
        tolerance: float,
        merge_tolerance: float,
        mirror: int | None,
        scale: float,
    ) -> None:
        self.system, self.tolerance, self.merge_tolerance, self.mirror = (
            system,
            tolerance,
            merge_tolerance,
            mirror,
        )
        self.scale = scale
        self.cycles: list[LimitCycle] = []
        self.basins: list[int] = []

    def stay(self, states: np.ndarray) -> np.ndarray:
        """Whether each of the states is within bounds."""
        return np.linalg.norm(states, axis=1) <= _RUNAWAY * self.scale

    def settles(self, state: np.ndarray, gap: float) -> bool:
        """Count a state on the stable cycle that it is on, or within a gap of; else say no."""
        known = self._place_of(state)
        if known is None:
            cycle = self._newton(state)
            distance = np.linalg.norm(cycle.point - state) if cycle.found else math.inf
            if not cycle.stable or distance > 100 * gap + self.merge_tolerance * self._extent(
                cycle
            ):
                return False
            known = self._add(cycle)
        self.basins[known] += 1
        return True

    def refine(self, states: Iterable[np.ndarray]) -> None:
        """Start Newton's method from states that are within bounds and on no known cycle."""
        for state in states:
            if self.stay(state[None])[0] and self._place_of(state) is None:
                self._prove(self._newton(state, n_multipliers=0))

    def shoot(self, orbit: np.ndarray) -> None:
        """Start Newton's method from an orbit that need not be one, shape (n_steps + 1, n).

        A small map is solved by multiple shooting, which finds cycles so unstable that no
        single state leads back to itself.
        """
        n_segments = min(_MOST_SEGMENTS, max(1, self.system.n_steps // _SEGMENT_STEPS))
        if orbit.shape[1] > _SEGMENTS_BELOW or n_segments == 1:
            self.refine(orbit[:1])
            return
        nodes = np.round(np.arange(n_segments) / n_segments * self.system.n_steps).astype(int)
        self._prove(self._newton(orbit[nodes]))

    def _prove(self, cycle: LimitCycle) -> None:
        """Add a cycle that is new, with its multipliers."""
        if cycle.found and self._place_of(cycle.point) is None:
            proved = cycle if cycle.multipliers.size else self._newton(cycle.point)
            if proved.found:
                self._add(proved)

    def sorted(self) -> tuple[tuple[LimitCycle, ...], tuple[int, ...]]:
        """Cycles and basins: stable ones first, largest basin first."""
        entries = zip(self.cycles, self.basins, strict=True)
        order = sorted(entries, key=lambda entry: (not entry[0].stable, entry[0].index, -entry[1]))
        return tuple(cycle for cycle, _ in order), tuple(basin for _, basin in order)

    def _newton(self, state: np.ndarray, n_multipliers: int | None = None) -> LimitCycle:
        with np.errstate(all="ignore"):
            control = ShootingControl(
                tolerance=self.tolerance, scale=1.0, max_transient=0, n_multipliers=n_multipliers
            )
            return find_limit_cycle(self.system, state, control=control)

    def _add(self, cycle: LimitCycle) -> int:
        """Number of a cycle, which is added with its mirror image if it is new."""
        known = self._place_of(cycle.point)
        if known is not None:
            return known
        number, new = len(self.cycles), [cycle]
        if self.mirror is not None and self._place_of(-cycle.states[self.mirror]) is None:
            new.append(self._image_of(cycle, self.mirror))
        for each in new:
            if each.found and self._place_of(each.point) is None:
                self.cycles.append(each)
                self.basins.append(0)
        return number

    def _image_of(self, cycle: LimitCycle, shift: int) -> LimitCycle:
        """The cycle through -x, `shift` steps later; solved for where it does not close as it is.

        The derivative of the map along the image is that along the cycle, and so are the
        multipliers.
        """
        states = -np.concatenate([cycle.states[shift:-1], cycle.states[: shift + 1]])
        end = self.system.advance(states[0], self.system.n_steps)
        if not np.linalg.norm(end - states[0]) <= self.tolerance * self._extent(cycle):
            return self._newton(states[0])
        places = np.round(np.linspace(0, self.system.n_steps, len(cycle.nodes), endpoint=False))
        return replace(
            cycle,
            states=states,
            nodes=states[places.astype(int)],
            message=f"mirror image of a cycle; {cycle.message}",
        )

    def _place_of(self, state: np.ndarray) -> int | None:
        """Number of the known cycle that a state is on."""
        for number, cycle in enumerate(self.cycles):
            if np.linalg.norm(cycle.point - state) < self.merge_tolerance * self._extent(cycle):
                return number
        return None

    def _extent(self, cycle: LimitCycle) -> float:
        return max(_size_of(cycle.states), _LEAST_SIZE * self.scale)


def _size_of(states: np.ndarray) -> float:
    """The largest coordinate times the square root of the dimension; 1 if all are 0."""
    return float(np.abs(states).max()) * math.sqrt(states.shape[1]) or 1.0


def _spread(waypoints: list[np.ndarray]) -> np.ndarray:
    """Some of the waypoints, evenly taken."""
    states = np.concatenate(waypoints) if waypoints else np.empty((0, 0))
    return states[:: max(1, math.ceil(len(states) / _MOST_STARTS))]
