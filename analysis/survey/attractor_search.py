"""Attractors met so far: each start is counted on one of them, or solved for, or judged."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from isochron.analysis.fixed_points import FixedPoint
from isochron.analysis.survey.aperiodic import classify_aperiodic, is_neutral
from isochron.analysis.survey.attractor_results import LEFT, FoundAttractor, Kind, basin_interval
from isochron.analysis.survey.motion import Motion
from isochron.analysis.survey.places import Cloud, Place

_FAMILY = (
    "A continuum of {members}, as in conservative systems and along lines of fixed points, or a "
    "system at a bifurcation. Neighbors of a member neither come nearer nor leave: no member is an "
    "attractor. Each start leads to a different member; states has one of each."
)
_POINTS, _ORBITS, _TORI = "fixed points", "closed orbits", "quasi-periodic orbits"
_TURNING = (
    "The variables of indices {turning} grow or fall without bound, and the system is 2π-periodic "
    "in them: they are angles. Give angles={angles}."
)
_MEETS = 0.1  # part of a long trajectory that lies on a known set, if both are one


class _Nowhere:
    """The place of a continuum: each start is judged for itself."""

    def contains(self, record: np.ndarray) -> bool:
        """Never."""
        return False


class AttractorSearch:
    """Attractors met so far, and how many starts converged to each."""

    def __init__(
        self, motion: Motion, turning: Callable[[np.ndarray], tuple[int, ...]], scale: float
    ) -> None:
        self.motion, self.turning, self.scale = motion, turning, scale
        self.times = motion.times
        self.entries: list[FoundAttractor] = []
        self.places: list[Place] = []

    def place(self, state: np.ndarray) -> str | None:
        """Count a start that has converged to a state; why not, if it cannot be."""
        if self._count(state[None]):
            return None
        try:
            with np.errstate(all="ignore"):
                record = state[None]
                for _ in range(self.times.rounds):
                    record = self._observe(record[-1])
                    if self._count(record) or self._solve(record):
                        return None
                return self._judge(record)
        except ArithmeticError:
            return LEFT

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
        """Classify what has no period, and count it; why not, if that fails."""
        kind, spectrum = classify_aperiodic(self.motion, record)
        angles = self.motion.angles
        turning = () if kind == "chaotic" else set(self.turning(record)) - set(angles)
        if turning:
            every = tuple(sorted({*turning, *angles}))
            return _TURNING.format(turning=tuple(sorted(turning)), angles=every)
        if kind != "quasi-periodic" and self.times.follow:
            longer = self._follow(record)
            if longer is None:
                return None
            record = longer
            kind, spectrum = classify_aperiodic(self.motion, record)
        leading, error = float(spectrum.exponents[0]), float(spectrum.errors[0])
        if kind is None:
            return (
                f"It had not converged: no stable cycle was found, and the leading exponent "
                f"{leading:.2g} ± {error:.1g} decides neither for nor against chaos. Raise the "
                "transient, observation or max_period of the SurveyTimes."
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
        """The trajectory, ten times longer; None if it converges then, and is counted."""
        records = [record]
        for _ in range(self.times.follow):
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
        unknown = basin_interval(math.nan, math.nan, math.nan, math.nan)
        self.entries.append(FoundAttractor(n_starts=1, basin=unknown, **what))
