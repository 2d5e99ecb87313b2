"""How one trajectory continues after its transient, and how its rhythm is solved for.

A `Motion` hides whether time is continuous (`FlowMotion`) or comes in returns (`ReturnMotion`:
steps of a map, or periods of the forcing).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from isochron.analysis.fixed_points import find_fixed_points
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles import find_limit_cycle
from isochron.analysis.lyapunov import LyapunovSpectrum, TangentControl, compute_lyapunov_spectrum
from isochron.analysis.survey.places import Angles, Curve, Periodic, Points, size_of
from isochron.analysis.survey.settings import SurveyTimes, SurveyTolerances
from isochron.analysis.systems.angles import on_circles
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import is_map

N_SAMPLES = 2000  # of a flow while it is observed
N_BLOCKS = 10
_MOST_SEARCHES = 3


class Motion(Protocol):
    """How states move."""

    @property
    def angles(self) -> Angles:
        """Indices of variables that are angles."""
        ...

    @property
    def times(self) -> SurveyTimes:
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
        """States while it is observed, the first included."""
        ...

    def solve(self, record: np.ndarray, scale: float) -> Iterator[Periodic]:
        """Stable and degenerate fixed points and cycles near the end of a record."""
        ...

    def exponents(self, state: np.ndarray, more: int = 0) -> LyapunovSpectrum:
        """As many as tell a torus from a cycle, and some more."""
        ...


@dataclass(frozen=True)
class FlowMotion:
    """An autonomous vector field; times in its unit."""

    system: Any
    times: SurveyTimes
    tolerances: SurveyTolerances
    angles: Angles = ()

    def discard_transient(self, states: np.ndarray) -> np.ndarray:
        """States after the transient."""
        return np.array([_or_nan(self._end, state) for state in states])

    def _end(self, state: np.ndarray) -> np.ndarray:
        transient = self.times.transient
        return integrate(self.system, state, transient, rtol=self.tolerances.transient_rtol)

    def record(self, state: np.ndarray) -> np.ndarray:
        """States at equal times."""
        duration = self.times.observation
        times = np.linspace(0, duration, N_SAMPLES + 1)
        rtol = self.tolerances.observation_rtol
        return integrate(self.system, state, duration, times=times, rtol=rtol)

    def solve(self, record: np.ndarray, scale: float) -> Iterator[Periodic]:
        """A fixed point, if the state hardly moves; a cycle."""
        yield from _resting(self, record, scale)
        cycle = find_limit_cycle(
            self.system,
            record[-1],
            max_period=self.times.longest,
            angles=self.angles,
            control=self.tolerances.shooting,
        )
        if cycle.stable or cycle.degenerate:
            within = self.tolerances.merge_tolerance * size_of(
                on_circles(cycle.states, self.angles)
            )
            yield Periodic(cycle, Curve(cycle.states, within, self.angles))

    def exponents(self, state: np.ndarray, more: int = 0) -> LyapunovSpectrum:
        """The first two: one is 0 for the direction of the flow."""
        return _exponents(
            self.system, state, self.times.observation / N_BLOCKS, min(2 + more, state.size)
        )


@dataclass(frozen=True)
class ReturnMotion:
    """A map, or a field with a forcing `period`; times in returns.

    A return is the `n_steps` steps of a map, or a period of the forcing.
    """

    system: Any
    times: SurveyTimes
    tolerances: SurveyTolerances
    period: float | None = None
    angles: Angles = ()

    def __post_init__(self) -> None:
        self.times.check_whole()

    @property
    def n_transient(self) -> int:
        """Returns of the transient."""
        return round(self.times.transient)

    @property
    def n_observed(self) -> int:
        """Returns of an observation."""
        return round(self.times.observation)

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
        """Cycles of as many returns as brought the record back, fewest first."""
        autonomous = self.is_map and not self.system.forcing_cycles and self.system.n_steps == 1
        if autonomous:
            yield from _resting(self, record, scale)
        places, most = on_circles(record, self.angles), max(1, int(self.times.longest))
        gaps = np.linalg.norm(places[-2 : -2 - most : -1] - places[-1], axis=1)
        lengths = 1 + np.flatnonzero(gaps <= self.tolerances.near_return * size_of(places))
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
                size = size_of(on_circles(cycle.states, self.angles))
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


def _or_nan(function: Any, state: np.ndarray) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            return function(state)
    except ArithmeticError:
        return np.full(state.shape, math.nan)
