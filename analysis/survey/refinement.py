"""States refined to cycles by Newton's method, each cycle once."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from isochron.analysis.limit_cycles import LimitCycle, ShootingControl, find_limit_cycle
from isochron.analysis.saturation import only_saturates
from isochron.analysis.systems.protocols import ForcedMap

MOST_STARTS = 24  # of Newton's method in one place
_NEUTRAL = 1e-5  # distance of a multiplier from 1, where a state hardly moves
_RUNAWAY = 1e6  # times the size of the starts: a state that leaves all bounds
LEAST_SIZE = 1e-3  # of the size of the starts, that a state or a cycle is given at least
SMALL = 50  # dimensions: multiple shooting between cycles
_MORE = 4  # times the multipliers, where all that are known expand
_SEGMENT_STEPS = 10  # steps of each segment, or more if the segments are at most
_MOST_SEGMENTS = 12


class CycleSearch:
    """Cycles met so far, and how many starts converged to each."""

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

    def counts(self, state: np.ndarray, gap: float) -> bool:
        """Count a state on the stable cycle that it is on, or within a gap of; else say no."""
        known = self.place_of(state)
        if known is None:
            cycle = self._newton(state)
            distance = np.linalg.norm(cycle.point - state) if cycle.solved else math.inf
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
            if self.stay(state[None])[0] and self.place_of(state) is None:
                self._prove(self._newton(state, n_multipliers=0), state)

    def shoot(self, orbit: np.ndarray) -> None:
        """Start Newton's method from an orbit that need not be one, shape (n_steps + 1, n).

        A small map is solved by multiple shooting, which finds cycles so unstable that no
        single state leads back to itself.
        """
        n_segments = min(_MOST_SEGMENTS, max(1, self.system.n_steps // _SEGMENT_STEPS))
        if orbit.shape[1] > SMALL or n_segments == 1:
            self.refine(orbit[:1])
            return
        nodes = np.round(np.arange(n_segments) / n_segments * self.system.n_steps).astype(int)
        self._prove(self._newton(orbit[nodes]), orbit[0])

    def _prove(self, cycle: LimitCycle, start: np.ndarray) -> None:
        """Add a cycle that is new, with its multipliers."""
        if cycle.solved and self.place_of(cycle.point) is None:
            proved = cycle if cycle.multipliers.size else self._newton(cycle.point)
            if proved.solved and not self._only_saturates(proved, start):
                self._add(proved)

    def _only_saturates(self, cycle: LimitCycle, start: np.ndarray) -> bool:
        """Whether an orbit closes only because the map saturates far from the start."""
        if not (np.abs(cycle.multipliers - 1) < _NEUTRAL).any():
            return False
        identity = np.eye(start.size)

        def motion(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            end, tangents = self.system.advance(state, self.system.n_steps, tangents=identity)
            return end - state, tangents - identity

        return only_saturates(motion, cycle.point, start)

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
        known = self.place_of(cycle.point)
        if known is not None:
            return known
        cycle = self._with_all_expanding(cycle)
        number, new = len(self.cycles), [cycle]
        if self.mirror is not None and self.place_of(-cycle.states[self.mirror]) is None:
            new.append(self._image_of(cycle, self.mirror))
        for each in new:
            if each.solved and self.place_of(each.point) is None:
                self.cycles.append(self._with_all_expanding(each))
                self.basins.append(0)
        return number

    def _with_all_expanding(self, cycle: LimitCycle) -> LimitCycle:
        """The cycle with all multipliers outside the unit circle, on which its index depends.

        Of a large map only the leading ones are computed at first; if they all expand, more are.
        """
        dimension, count = self.system.dimension, cycle.multipliers.size
        while 0 < count < dimension - 1 and np.abs(cycle.multipliers).min() >= 1:
            count *= _MORE
            found = self._newton(cycle.point, n_multipliers=count)
            if not found.solved:
                return cycle
            cycle = replace(cycle, multipliers=found.multipliers)
        return cycle

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

    def place_of(self, state: np.ndarray) -> int | None:
        """Number of the known cycle that a state is on."""
        for number, cycle in enumerate(self.cycles):
            if np.linalg.norm(cycle.point - state) < self.merge_tolerance * self._extent(cycle):
                return number
        return None

    def _extent(self, cycle: LimitCycle) -> float:
        return max(size_of(cycle.states), LEAST_SIZE * self.scale)


def size_of(states: np.ndarray) -> float:
    """The largest coordinate times the square root of the dimension; 1 if all are 0."""
    return float(np.abs(states).max()) * math.sqrt(states.shape[1]) or 1.0


def spread(waypoints: list[np.ndarray]) -> np.ndarray:
    """Some of the waypoints, evenly taken."""
    states = np.concatenate(waypoints) if waypoints else np.empty((0, 0))
    return states[:: max(1, math.ceil(len(states) / MOST_STARTS))]
