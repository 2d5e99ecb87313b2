"""A survey of all attractors of a system: what draws random starts, and how many of them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from isochron.analysis.fixed_points import FailedStart, FixedPoint
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.sign_networks.estimates import wilson_interval
from isochron.analysis.statistics import Interval
from isochron.analysis.survey.entrained_cycles import undetected_basin_bound
from isochron.analysis.survey.motion import (
    Cloud,
    FlowMotion,
    Motion,
    Place,
    ReturnMotion,
    classify_aperiodic,
    is_neutral,
)
from isochron.analysis.survey.samplers import Sampler
from isochron.analysis.survey.settings import Observation, SurveyTolerances
from isochron.analysis.systems.angles import check_angles, turning_variables
from isochron.analysis.systems.checks import check_system
from isochron.analysis.systems.protocols import System, is_map
from isochron.analysis.systems.units import Units, find_units
from isochron.real_numbers import require_real
from isochron.wording import counted

Kind = Literal["fixed point", "limit cycle", "quasi-periodic", "chaotic", "continuum"]

_FAMILY = (
    "A continuum of {members}, as in conservative systems and along lines of fixed points, or a "
    "system at a bifurcation. Neighbors of a member neither come nearer nor leave: no member is an "
    "attractor. Each start leads to a different member; states has one of each."
)
_POINTS, _ORBITS, _TORI = "fixed points", "closed orbits", "quasi-periodic orbits"

_LEFT = "It left all bounds. Draw starts nearer, or see whether the system blows up."
_TURNING = (
    "The variables of indices {turning} grow or fall without bound, and the system is 2π-periodic "
    "in them: they are angles. Give angles={angles}."
)
_MEETS = 0.1  # part of a long trajectory that lies on a known set, if both are one


@dataclass(frozen=True, kw_only=True)
class FoundAttractor:
    """What some of the starts came to.

    Attributes
    ----------
    kind : str
        ``fixed point``; ``limit cycle`` (of a forced system, one locked to the forcing; of a
        map, one of several steps); ``quasi-periodic``; ``chaotic``; ``continuum``. The first two
        are solutions with a residual and stable multipliers; the next two are judged from one
        trajectory. A ``continuum`` of fixed points, closed or quasi-periodic orbits contains no
        attractor: see `message`.
    solution : FixedPoint, LimitCycle or None
        With its own proof of accuracy. Of a continuum, the first member found.
    states : ndarray, shape (m, n)
        The point; the orbit; one trajectory on the attractor; or a state for each start that
        led to a continuum.
    exponent, exponent_error : float
        Leading Lyapunov exponent of a quasi-periodic or chaotic attractor and its standard
        error: per time unit of an autonomous field, else per return. NaN for the others.
    n_starts : int
        Starts that came here.
    basin : Interval
        The part of the sampler's states that come here (Wilson's interval).
    message : str
        For a continuum, what it consists of; else empty.
    """

    kind: Kind
    solution: FixedPoint | LimitCycle | None
    states: np.ndarray
    exponent: float = math.nan
    exponent_error: float = math.nan
    n_starts: int
    basin: Interval
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class AttractorSurvey:
    """Attractors that were found, and what the search cannot exclude.

    Attributes
    ----------
    attractors : tuple of FoundAttractor
        Largest basin first.
    n_starts : int
        All starts, those that failed included.
    failures : tuple of FailedStart
        Starts that left all bounds, or had not settled.
    confidence : float
        Of the basins and of `undetected_basin_bound`.
    """

    attractors: tuple[FoundAttractor, ...]
    n_starts: int
    failures: tuple[FailedStart, ...]
    confidence: float

    @property
    def undetected_basin_bound(self) -> float:
        """Part of the sampler's states that an attractor may draw and still have been missed."""
        return undetected_basin_bound(self.n_starts, self.confidence)

    @property
    def n_diverged(self) -> int:
        """Starts that left all bounds; they are among the failures."""
        return sum(failure.message == _LEFT for failure in self.failures)

    @property
    def cannot_exclude(self) -> str:
        """What the survey leaves open, in words."""
        open_ends = [
            f"attractors that draw less than {self.undetected_basin_bound:.2g} of the sampler's "
            f"states ({self.confidence:.0%} confidence), or none of them",
        ]
        if any(attractor.kind == "chaotic" for attractor in self.attractors):
            open_ends.append("chaotic transients longer than follow observations (raise follow)")
        members = sum(each.n_starts for each in self.attractors if each.kind == "continuum")
        if members:
            among = counted(members, "start")
            open_ends.append(f"what noise does to {among} in a continuum, no attractor")
        if self.n_diverged:
            lost = counted(self.n_diverged, "start")
            open_ends.append(f"sets far away, as {lost} left all bounds")
        unsettled = len(self.failures) - self.n_diverged
        if unsettled:
            unknown = "start that did not settle leads", "starts that did not settle lead"
            open_ends.append(f"what {counted(unsettled, *unknown)} to")
        return "; ".join(open_ends) + "."


def find_all_attractors(
    system: System,
    sampler: Sampler,
    rng: np.random.Generator,
    *,
    observation: Observation,
    n_starts: int = 100,
    period: float | None = None,
    angles: Sequence[int] = (),
    tolerances: SurveyTolerances = SurveyTolerances(),
) -> AttractorSurvey:
    """Draw states at random, see where they settle, and prove what is periodic.

    Each start is simulated, then observed. Where it is on an attractor already known it counts
    there: on any point of the orbit of a cycle, in any of its phases relative to the forcing;
    among the states of one that is known by its states only. Else a fixed point or a cycle is
    solved for, and accepted if it is stable and the trajectory is on it. What comes to none
    after some rounds is judged by its Lyapunov exponents and averages (see
    `isochron.analysis.survey.motion.classify_aperiodic`). What is not quasi-periodic is first
    followed ten times longer, as it may be a transient. What is neutral, as the closed orbits
    around a center, is counted as one ``continuum``. A trajectory that visits a set already
    known counts there. Of a forced map, the entrained cycles alone, unstable ones too, are found
    faster by `find_entrained_cycles`.

    Parameters
    ----------
    system : VectorField or ForcedMap
        A map is advanced with all starts at once.
    sampler : callable
        ``sampler(rng, n)``: independent states, shape (n, dimension); see `uniform_box` and
        `gaussian_around`. Basins are parts of what it draws.
    rng : numpy.random.Generator
    observation : Observation
        How long to simulate each start before it is observed, and how long and how often to
        observe it.
    n_starts : int
    period : float, optional
        Period of the forcing of a vector field. A map has one already.
    angles : sequence of int
        Indices of variables that are angles in radians: states that differ by whole turns are
        one, and an orbit closes if they come back after whole turns.
    tolerances : SurveyTolerances
        How exactly states are followed, and what counts as one attractor.

    Returns
    -------
    AttractorSurvey

    Raises
    ------
    ValueError
        If a number is out of range, or the sampler does not return finite (n, dimension), or
        `angles` are not indices of variables.

    References
    ----------
    Menck, Heitzig, Marwan and Kurths (2013), Nature Physics 9:89: basins by sampling.
    """
    if n_starts < 1:
        raise ValueError(f"Need n_starts >= 1, got {n_starts!r}.")
    _motion(system, observation, period, tolerances)  # reports wrong numbers before drawing
    starts = _draw(sampler, rng, n_starts)
    check_system(system, starts[0], batched=True)
    turns = check_angles(angles, starts.shape[1])
    units = find_units(system, starts, scale=tolerances.scale, angles=turns)
    motion = _motion(units.system(system), observation, period, tolerances, turns)
    moved, confidence = units.enter(starts), tolerances.confidence

    def turning(record: np.ndarray) -> tuple[int, ...]:
        return turning_variables(system, units.leave(record))

    search = _Search(motion, turning, _scale_of(moved))
    failures = []
    for start, settled in zip(starts, motion.discard_transient(moved), strict=True):
        why = search.place(settled)
        if why:
            failures.append(FailedStart(start, why))
    low, high = wilson_interval(
        [e.n_starts for e in search.entries], n_starts, confidence=confidence
    )
    found = [
        _in_users_units(entry, units, _interval(entry.n_starts / n_starts, a, b, confidence))
        for entry, a, b in zip(search.entries, low, high, strict=True)
    ]
    return AttractorSurvey(
        attractors=tuple(sorted(found, key=lambda attractor: -attractor.n_starts)),
        n_starts=n_starts,
        failures=tuple(failures),
        confidence=confidence,
    )


def _draw(sampler: Sampler, rng: np.random.Generator, n_starts: int) -> np.ndarray:
    drawn = sampler(rng, n_starts)
    require_real("The states of sampler", drawn)
    starts = np.asarray(drawn, dtype=float)
    if starts.ndim != 2 or len(starts) != n_starts or not np.isfinite(starts).all():
        raise ValueError(
            f"sampler must return finite states of shape ({n_starts}, dimension), got shape "
            f"{starts.shape}."
        )
    return starts


def _scale_of(starts: np.ndarray) -> float:
    """Spread of the starts, or the size of the only one; 1 if all are 0."""
    spread = float(np.linalg.norm(starts - starts.mean(axis=0), axis=1).max())
    return spread or float(np.linalg.norm(starts[0])) or 1.0


def _in_users_units(entry: FoundAttractor, units: Units, basin: Interval) -> FoundAttractor:
    solution = entry.solution
    if isinstance(solution, FixedPoint):
        solution = replace(solution, point=units.leave(solution.point))
    elif solution is not None:
        solution = units.leave_cycle(solution)
    return replace(entry, basin=basin, solution=solution, states=units.leave(entry.states))


def _interval(value: float, low: float, high: float, confidence: float) -> Interval:
    return Interval(
        value=np.asarray(value),
        low=np.asarray(low),
        high=np.asarray(high),
        confidence=confidence,
        method="Wilson's score interval",
    )


def _motion(
    system: Any,
    observation: Observation,
    period: float | None,
    tolerances: SurveyTolerances,
    angles: tuple[int, ...] = (),
) -> FlowMotion | ReturnMotion:
    if not is_map(system) and period is None:
        return FlowMotion(system, observation, tolerances, angles)
    if is_map(system) and period is not None:
        raise ValueError("A map brings its own period; leave period out.")
    if period is not None and not 0 < period < math.inf:
        raise ValueError(f"period must be positive and finite, got {period!r}.")
    return ReturnMotion(system, observation, tolerances, period, angles)


class _Nowhere:
    """The place of a continuum: each start is judged for itself."""

    def contains(self, record: np.ndarray) -> bool:
        """Never."""
        return False


class _Search:
    """Attractors met so far, and how many starts came to each."""

    def __init__(
        self, motion: Motion, turning: Callable[[np.ndarray], tuple[int, ...]], scale: float
    ) -> None:
        self.motion, self.turning, self.scale = motion, turning, scale
        self.observation = motion.observation
        self.entries: list[FoundAttractor] = []
        self.places: list[Place] = []

    def place(self, state: np.ndarray) -> str | None:
        """Count a start that has settled at a state; why not, if it cannot be."""
        if self._count(state[None]):
            return None
        try:
            with np.errstate(all="ignore"):
                record = state[None]
                for _ in range(self.observation.rounds):
                    record = self._observe(record[-1])
                    if self._count(record) or self._solve(record):
                        return None
                return self._judge(record)
        except ArithmeticError:
            return _LEFT

    def _observe(self, state: np.ndarray) -> np.ndarray:
        if not np.isfinite(state).all():
            raise ArithmeticError("The state is not finite.")
        record = self.motion.record(state)
        if not np.isfinite(record).all():
            raise ArithmeticError("The trajectory left all bounds.")
        return record

    def _count(self, record: np.ndarray) -> bool:
        for i, place in enumerate(self.places):
            if place.contains(record):
                entry = self.entries[i]
                self.entries[i] = replace(entry, n_starts=entry.n_starts + 1)
                return True
        return False

    def _solve(self, record: np.ndarray) -> bool:
        for found in self.motion.solve(record, self.scale):
            if not found.place.contains(record):
                continue
            solution = found.solution
            resting = isinstance(solution, FixedPoint)
            if not solution.stable:  # degenerate
                at_rest = resting or bool(
                    np.ptp(record, axis=0).max()
                    < self.motion.tolerances.merge_tolerance * self.scale
                )
                self._join(_POINTS if at_rest else _ORBITS, record, solution=solution)
                return True
            kind: Kind = "fixed point" if resting else "limit cycle"
            states = solution.point[None] if resting else solution.states
            self._add(found.place, kind=kind, solution=solution, states=states)
            return True
        return False

    def _judge(self, record: np.ndarray) -> str | None:
        """Say what has no period, and count it; why not, if it cannot be said."""
        kind, spectrum = classify_aperiodic(self.motion, record)
        angles = self.motion.angles
        turning = () if kind == "chaotic" else set(self.turning(record)) - set(angles)
        if turning:
            every = tuple(sorted({*turning, *angles}))
            return _TURNING.format(turning=tuple(sorted(turning)), angles=every)
        if kind != "quasi-periodic" and self.observation.follow:
            longer = self._follow(record)
            if longer is None:
                return None
            record = longer
            kind, spectrum = classify_aperiodic(self.motion, record)
        leading, error = float(spectrum.exponents[0]), float(spectrum.errors[0])
        if kind is None:
            return (
                f"It had not settled: no stable cycle was found, and the leading exponent "
                f"{leading:.2g} ± {error:.1g} decides neither for nor against chaos. Raise the "
                "transient, duration or max_period of the Observation."
            )
        if self._merge(record):
            return None
        cloud = Cloud(record, self.motion.angles)
        if kind == "quasi-periodic" and is_neutral(self.motion, cloud):
            self._join(_TORI, record, exponent=leading, exponent_error=error)
        else:
            self._add(
                cloud, kind=kind, solution=None, states=record,
                exponent=leading, exponent_error=error,
            )  # fmt: skip
        return None

    def _follow(self, record: np.ndarray) -> np.ndarray | None:
        """The trajectory, ten times longer; None if it settles then, and is counted."""
        records = [record]
        for _ in range(self.observation.follow):
            records.append(self._observe(records[-1][-1]))
            if self._count(records[-1]):
                return None
        if self._solve(records[-1]):
            return None
        return np.concatenate([record, *(later[1:] for later in records[1:])])

    def _merge(self, long: np.ndarray) -> bool:
        """Whether a trajectory visits a set that is known by its states only; it is counted there.

        Both are then pieces of one set, of which more is known now.
        """
        for i, place in enumerate(self.places):
            if isinstance(place, Cloud) and place.share(long) > _MEETS:
                entry, states = self.entries[i], np.concatenate([place.states, long])
                self.places[i] = Cloud(states, self.motion.angles)
                self.entries[i] = replace(entry, n_starts=entry.n_starts + 1, states=states)
                return True
        return False

    def _join(self, members: str, record: np.ndarray, **what: Any) -> None:
        """Count a start that led to a member of a continuum."""
        message, state = _FAMILY.format(members=members), record[-1:]
        for i, entry in enumerate(self.entries):
            if entry.message == message:
                states = np.concatenate([entry.states, state])
                self.entries[i] = replace(entry, n_starts=entry.n_starts + 1, states=states)
                return
        what = {"solution": None, **what}
        self._add(_Nowhere(), kind="continuum", message=message, states=state, **what)

    def _add(self, place: Place, **what: Any) -> None:
        self.places.append(place)
        unknown = _interval(math.nan, math.nan, math.nan, math.nan)
        self.entries.append(FoundAttractor(n_starts=1, basin=unknown, **what))
