"""How one trajectory goes on after its transient: at rest, periodic, quasi-periodic or chaotic.

A `Motion` hides whether time is continuous (`FlowMotion`) or comes in returns (`ReturnMotion`:
steps of a map, or periods of a drive).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.spatial import KDTree

from isochron.analysis.fixed_points import FixedPoint, find_fixed_points
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles import LimitCycle, find_limit_cycle
from isochron.analysis.lyapunov import LyapunovSpectrum, TangentControl, compute_lyapunov_spectrum
from isochron.analysis.phase.rotation import weighted_birkhoff_average
from isochron.analysis.survey.settings import Observation, SurveyTolerances
from isochron.analysis.systems.angles import on_circles, without_turns
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import is_map

Angles = tuple[int, ...]

N_SAMPLES = 2000  # of a flow while it is watched
N_BLOCKS = 10
_MOST_SEARCHES = 3
_LARGEST_GAP = 0.05  # of the size of a set that is known by its states
_FEW = 10
_REGULAR = 1e-4  # of the size of an orbit: change of averages from one half to the other
_MOVE = 0.05  # of the size of a set: how far a state is moved to see whether it comes back
_DECAYS = -8.0  # logarithm of what is left of a perturbation; shear alone makes it -log(watch)
_OFF = 0.5  # part of a trajectory on a set below which it lies on a different one
_CHAOTIC_GROWTH = 5.0  # least logarithm of what an error grows by while it is watched


class Place(Protocol):
    """A set of states that attracts."""

    def contains(self, record: np.ndarray) -> bool:
        """Whether states, shape (m, n), as they followed each other, lie on it."""
        ...


@dataclass(frozen=True)
class Points:
    """A fixed point, or the points of a cycle that returns make."""

    states: np.ndarray
    within: float
    angles: Angles = ()

    def contains(self, record: np.ndarray) -> bool:
        """Whether the last state is at one of the points."""
        gaps = without_turns(self.states - record[-1], self.angles)
        return bool(np.linalg.norm(gaps, axis=1).min() < self.within)


@dataclass(frozen=True)
class Curve:
    """A closed curve, as a polygon."""

    states: np.ndarray
    within: float
    angles: Angles = ()

    def contains(self, record: np.ndarray) -> bool:
        """Whether the last state lies on the polygon."""
        ways = without_turns(record[-1] - self.states[:-1], self.angles)
        sides = np.diff(self.states, axis=0)
        lengths = np.maximum((sides**2).sum(axis=1), 1e-300)
        along = np.clip((ways * sides).sum(axis=1) / lengths, 0, 1)
        gaps = without_turns(ways - along[:, None] * sides, self.angles)
        return bool(np.linalg.norm(gaps, axis=1).min() < self.within)


class Cloud:
    """A set that is known by many of its states only."""

    def __init__(self, states: np.ndarray, angles: Angles = ()) -> None:
        self.states, self.angles = states, angles
        known = on_circles(states, angles)
        self.tree = KDTree(known)
        # How far states that come later lie from those that came first: the distance of the
        # nearest neighbors says nothing of gaps where an orbit nearly closes.
        first, later = np.array_split(known, 2)
        gap = float(np.quantile(KDTree(first).query(later)[0], 0.99))
        self.within = min(3 * gap, _LARGEST_GAP * _size(known))

    def contains(self, record: np.ndarray) -> bool:
        """Whether 95 % of the states lie among those known; a few states cannot tell."""
        return len(record) > _FEW and self.share(record) > 0.95

    def share(self, record: np.ndarray) -> float:
        """Part of the states that lie among those known."""
        return float(np.mean(self.distances(record) < self.within))

    def distances(self, record: np.ndarray) -> np.ndarray:
        """Of states from the nearest one that is known."""
        return np.asarray(self.tree.query(on_circles(record, self.angles))[0])


@dataclass(frozen=True)
class Periodic:
    """A verified attractor, and where it is."""

    solution: FixedPoint | LimitCycle
    place: Place


class Motion(Protocol):
    """How states move."""

    @property
    def angles(self) -> Angles:
        """Indices of variables that are angles."""
        ...

    @property
    def observation(self) -> Observation:
        """How long they are observed."""
        ...

    @property
    def tolerances(self) -> SurveyTolerances:
        """How exactly they are followed."""
        ...

    def discard_transient(self, states: np.ndarray) -> np.ndarray:
        """States after the transient, NaN where they left all bounds; shape (m, n)."""
        ...

    def record(self, state: np.ndarray) -> np.ndarray:
        """States while it is watched, the first included."""
        ...

    def solve(self, record: np.ndarray, scale: float) -> Iterator[Periodic]:
        """Stable and degenerate fixed points and cycles near the end of a record."""
        ...

    def exponents(self, state: np.ndarray, more: int = 0) -> LyapunovSpectrum:
        """As many as tell a torus from a cycle, and some more."""
        ...


@dataclass(frozen=True)
class FlowMotion:
    """An autonomous vector field; times in its own unit."""

    system: Any
    observation: Observation
    tolerances: SurveyTolerances
    angles: Angles = ()

    def discard_transient(self, states: np.ndarray) -> np.ndarray:
        """States after the transient."""
        return np.array([_or_nan(self._end, state) for state in states])

    def _end(self, state: np.ndarray) -> np.ndarray:
        transient = self.observation.transient
        return integrate(self.system, state, transient, rtol=self.tolerances.transient_rtol)

    def record(self, state: np.ndarray) -> np.ndarray:
        """States at equal times."""
        duration = self.observation.duration
        times = np.linspace(0, duration, N_SAMPLES + 1)
        rtol = self.tolerances.observation_rtol
        return integrate(self.system, state, duration, times=times, rtol=rtol)

    def solve(self, record: np.ndarray, scale: float) -> Iterator[Periodic]:
        """A fixed point, if the state hardly moves; a cycle."""
        yield from _resting(self, record, scale)
        cycle = find_limit_cycle(
            self.system,
            record[-1],
            max_period=self.observation.longest,
            angles=self.angles,
            control=self.tolerances.shooting,
        )
        if cycle.stable or cycle.degenerate:
            within = self.tolerances.merge_tolerance * _size(on_circles(cycle.states, self.angles))
            yield Periodic(cycle, Curve(cycle.states, within, self.angles))

    def exponents(self, state: np.ndarray, more: int = 0) -> LyapunovSpectrum:
        """The first two: one is 0 for the direction of the flow."""
        return _exponents(
            self.system, state, self.observation.duration / N_BLOCKS, min(2 + more, state.size)
        )


@dataclass(frozen=True)
class ReturnMotion:
    """A map, or a field with a forcing `period`; times in returns.

    A return is the `n_steps` steps of a map, or a period of the forcing.
    """

    system: Any
    observation: Observation
    tolerances: SurveyTolerances
    period: float | None = None
    angles: Angles = ()

    def __post_init__(self) -> None:
        self.observation.check_whole()

    @property
    def n_transient(self) -> int:
        """Returns of the transient."""
        return round(self.observation.transient)

    @property
    def n_observed(self) -> int:
        """Returns of an observation."""
        return round(self.observation.duration)

    @property
    def is_map(self) -> bool:
        """Whether time comes in steps."""
        return is_map(self.system)

    def discard_transient(self, states: np.ndarray) -> np.ndarray:
        """States after the transient; those of a map all at once, if none raises an error."""
        ends: Any = math.nan
        if self.is_map:
            ends = _or_nan(self._end, states)
        if np.isnan(ends).all():
            ends = np.array([_or_nan(self._end, state) for state in states])
        return np.where(np.isfinite(ends).all(axis=1, keepdims=True), ends, math.nan)

    def _end(self, state: np.ndarray) -> Any:
        if self.is_map:
            return self.system.advance(state, self.n_transient * self.system.n_steps)
        assert self.period is not None
        return integrate(
            self.system, state, self.n_transient * self.period, rtol=self.tolerances.transient_rtol
        )

    def record(self, state: np.ndarray) -> np.ndarray:
        """States once a return."""
        if self.is_map:
            orbit = self.system.orbit(state, self.n_observed * self.system.n_steps)
            return orbit[:: self.system.n_steps]
        assert self.period is not None
        times = np.arange(self.n_observed + 1) * self.period
        rtol = self.tolerances.observation_rtol
        return integrate(self.system, state, times[-1], times=times, rtol=rtol)

    def solve(self, record: np.ndarray, scale: float) -> Iterator[Periodic]:
        """Cycles of so many returns as brought the record back, fewest first."""
        autonomous = self.is_map and not self.system.forcing_cycles and self.system.n_steps == 1
        if autonomous:
            yield from _resting(self, record, scale)
        places, most = on_circles(record, self.angles), max(1, int(self.observation.longest))
        gaps = np.linalg.norm(places[-2 : -2 - most : -1] - places[-1], axis=1)
        lengths = 1 + np.flatnonzero(gaps <= self.tolerances.near_return * _size(places))
        for length in lengths[lengths > int(autonomous)][:_MOST_SEARCHES]:
            cycle = find_limit_cycle(
                self.system,
                record[-1],
                period=self.period,
                subharmonic=int(length),
                angles=self.angles,
                control=self.tolerances.shooting,
            )
            if cycle.stable or cycle.degenerate:
                back = ReturnMap(self.system, self.period, angles=self.angles)
                points = [cycle.point]
                for _ in range(cycle.subharmonic - 1):
                    points.append(back(points[-1]))
                size = _size(on_circles(cycle.states, self.angles))
                within = self.tolerances.merge_tolerance * max(size, 1e-3 * scale)
                yield Periodic(cycle, Points(np.array(points), within, self.angles))

    def exponents(self, state: np.ndarray, more: int = 0) -> LyapunovSpectrum:
        """The first, per return."""
        per_return = self.system.n_steps if self.is_map else (self.period or 1.0)
        block = max(1, self.n_observed // N_BLOCKS) * per_return
        found = _exponents(self.system, state, block, min(1 + more, state.size))
        unit = per_return * (self.system.step_ms if self.is_map else 1.0)
        return LyapunovSpectrum(
            exponents=found.exponents * unit,
            errors=found.errors * unit,
            blocks=found.blocks * unit,
            dimension=found.dimension,
        )


def classify_aperiodic(motion: Motion, record: np.ndarray) -> tuple[str | None, LyapunovSpectrum]:
    """Whether what has no period found is quasi-periodic, chaotic, or neither for certain.

    Chaotic if the leading exponent is positive by four standard errors and an error grows
    e⁵-fold while it is watched. Quasi-periodic if averages over both halves of the record agree
    to 1e-4 of its size (they do so fast for regular motion, and for no other) and nothing
    transverse decays: the next exponent is 0.

    References
    ----------
    Sander and Meiss (2020), Physica D 411:132569: averages that tell regular motion.
    """
    spectrum = motion.exponents(record[-1])
    leading, error = float(spectrum.exponents[0]), float(spectrum.errors[0])
    if leading > 4 * error and leading * motion.observation.duration > _CHAOTIC_GROWTH:
        return "chaotic", spectrum
    places = on_circles(record, motion.angles)
    halves = np.array_split(places, 2)
    drift = np.linalg.norm(np.subtract(*(weighted_birkhoff_average(half) for half in halves)))
    if (
        drift < _REGULAR * _size(places)
        and spectrum.exponents[-1] * motion.observation.duration > -1
    ):
        return "quasi-periodic", spectrum
    return None, spectrum


def is_neutral(motion: Motion, cloud: Cloud) -> bool:
    """Whether states near a quasi-periodic set neither leave it nor come nearer.

    It is one of a family then, as a curve around the center of a conservative system. A state
    of the set is moved inwards, outwards, and both ways in a random direction, by a little more
    than what tells it from the set. If the set attracts, all come back in the transient.

    A curve of a map, or a torus of two dimensions of a field, attracts if the next exponent is
    negative, even if its states are in clusters so that a different phase seems not to be on it.
    """
    following = motion.exponents(cloud.states[-1], more=1).exponents[-1]
    if following * motion.observation.duration < _DECAYS:
        return False
    state = cloud.states[-1]
    far = max(_MOVE * _size(on_circles(cloud.states, motion.angles)), 4 * cloud.within)
    outwards = state - cloud.states.mean(axis=0)
    outwards[list(motion.angles)] = 0.0  # an angle has no outside
    moves = np.stack([outwards, np.random.default_rng(0).normal(size=state.size)])
    moves *= far / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-300)
    moves = np.concatenate([-moves, moves])
    with np.errstate(all="ignore"):
        for end in motion.discard_transient(state + moves):
            if not np.isfinite(end).all():
                continue
            record = motion.record(end)
            away = np.median(cloud.distances(record))
            if cloud.share(record) < _OFF and away < 2 * far:
                return True
    return False


def _exponents(system: Any, state: np.ndarray, block: float, count: int) -> LyapunovSpectrum:
    """The first exponents, once the tangents have turned to where they belong."""
    return compute_lyapunov_spectrum(
        system,
        state,
        block=block,
        n_blocks=N_BLOCKS,
        transient=block,
        n_exponents=count,
        control=TangentControl(scale=1.0),
    )


def _resting(
    motion: "FlowMotion | ReturnMotion", record: np.ndarray, scale: float
) -> Iterator[Periodic]:
    angles, tolerances = motion.angles, motion.tolerances
    late = on_circles(record[len(record) // 2 :], angles)
    if np.ptp(late, axis=0).max() < 0.1 * scale:
        found = find_fixed_points(
            motion.system, [record[-1]], tolerance=tolerances.tolerance, scale=1.0, angles=angles
        )
        within = tolerances.merge_tolerance * scale
        for point in found:
            if point.stable or point.degenerate:
                yield Periodic(point, Points(point.point[None], within, angles))


def _size(states: np.ndarray) -> float:
    return float(np.linalg.norm(states - states.mean(axis=0), axis=1).max())


def _or_nan(function: Any, state: np.ndarray) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            return function(state)
    except ArithmeticError:
        return np.full(state.shape, math.nan)
