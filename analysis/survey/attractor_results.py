"""What a survey of attractors returns."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from isochron.analysis.fixed_points import FailedStart, FixedPoint
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.results import short_repr
from isochron.analysis.statistics import Interval
from isochron.analysis.survey.completeness import undetected_basin_bound
from isochron.wording import counted

Kind = Literal["fixed point", "limit cycle", "quasi-periodic", "chaotic", "continuum"]
LEFT = "It left all bounds. Draw starts nearer, or see whether the system blows up."


@short_repr
@dataclass(frozen=True, kw_only=True)
class FoundAttractor:
    """What some of the starts converged to.

    Attributes
    ----------
    kind : str
        ``fixed point``; ``limit cycle`` (of a forced system, one locked to the forcing; of a
        map, one of several steps); ``quasi-periodic``; ``chaotic``; ``continuum``. The first two
        are solutions with a residual and stable multipliers; the next two are judged from one
        trajectory. A ``continuum`` of fixed points, closed or quasi-periodic orbits contains no
        attractor: see `message`.
    solution : FixedPoint, LimitCycle or None
        Solution with its residual and checks. For a continuum, the first member found.
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

    Examples
    --------
    >>> unit = analysis.Flow(lambda t, x: x - x**3)
    >>> survey = analysis.find_all_attractors(
    ...     unit, analysis.uniform_box([0.5], [2.0]), np.random.default_rng(0), n_starts=20,
    ...     transient=20, observation=10,
    ... )
    >>> found = survey.attractors[0]
    >>> print(found.kind, found.states[0].round(6), found.n_starts, f"{found.basin.low:.2f}")
    fixed point [1.] 20 0.84
    """

    kind: Kind
    solution: FixedPoint | LimitCycle | None
    states: np.ndarray
    exponent: float = math.nan
    exponent_error: float = math.nan
    n_starts: int
    basin: Interval
    message: str = ""


@short_repr
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
        Starts that left all bounds, or had not converged.
    confidence : float
        Confidence of the basins and of `undetected_basin_bound`.

    Examples
    --------
    >>> unit = analysis.Flow(lambda t, x: x - x**3)
    >>> survey = analysis.find_all_attractors(
    ...     unit, analysis.uniform_box([-2.0], [2.0]), np.random.default_rng(0), n_starts=40,
    ...     transient=20, observation=10,
    ... )
    >>> len(survey.attractors), f"{survey.undetected_basin_bound:.3f}"
    (2, '0.072')
    >>> print(survey.cannot_exclude)
    attractors that draw less than 0.072 of the sampler's states (95% confidence), or none of them.
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
        return sum(failure.message == LEFT for failure in self.failures)

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
            unknown = "start that did not converge leads", "starts that did not converge lead"
            open_ends.append(f"what {counted(unsettled, *unknown)} to")
        return "; ".join(open_ends) + "."


def basin_interval(value: float, low: float, high: float, confidence: float) -> Interval:
    """An interval of the part of the states that a basin draws."""
    return Interval(
        value=np.asarray(value),
        low=np.asarray(low),
        high=np.asarray(high),
        confidence=confidence,
        method="Wilson's score interval",
    )
