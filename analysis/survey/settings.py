"""Settings of surveys: how starts are observed, how exact results are, where Newton starts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import ShootingControl
from isochron.analysis.systems.scales import check_scale
from isochron.settings import check_types, settings_from


@dataclass(frozen=True, kw_only=True)
class SurveyTimes:
    """How each start of `find_all_attractors` is simulated and observed.

    Times are those of an autonomous field; else whole returns: `n_steps` steps of a map, or
    periods of the forcing.

    Attributes
    ----------
    transient : float
        Time to simulate before a start is observed.
    observation : float
        Time of each observation. It should contain dozens of the periods in question.
    max_period : float, optional
        Longest period to look for; a quarter of `observation` by default.
    rounds : int
        Number of observations of a start that is not yet on any attractor.
    follow : int
        Number of further observations before a set is called chaotic.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> analysis.SurveyTimes(transient=200, observation=100).longest  # of the periods looked for
    25.0
    """

    transient: float
    observation: float
    max_period: float | None = None
    rounds: int = 3
    follow: int = 10

    def __post_init__(self) -> None:
        check_types(self)
        if not (
            0 <= self.transient < math.inf and 0 < self.longest <= self.observation / 2 < math.inf
        ):
            raise ValueError(
                "Need transient >= 0 and 0 < max_period <= observation / 2, finite; got "
                f"transient={self.transient!r}, observation={self.observation!r} and "
                f"max_period={self.longest!r}."
            )
        if self.rounds < 1 or self.follow < 0:
            raise ValueError(
                f"Need rounds >= 1 and follow >= 0, got {self.rounds!r} and {self.follow!r}."
            )

    @property
    def longest(self) -> float:
        """Longest period to look for."""
        return self.observation / 4 if self.max_period is None else self.max_period

    def check_whole(self) -> None:
        """Check that the times are whole returns, and enough of them.

        Raises
        ------
        ValueError
            If they are not.
        """
        times = (self.transient, self.observation)
        if (
            any(time != round(time) for time in times)
            or self.observation < 20
            or self.transient < 1
        ):
            raise ValueError(
                "transient and observation are whole returns of a map or a forced field, transient "
                f"at least 1 and observation at least 20; got {times[0]!r} and {times[1]!r}."
            )


@dataclass(frozen=True, kw_only=True)
class SurveyTolerances:
    """How exactly `find_all_attractors` follows states, and what it counts as one attractor.

    Attributes
    ----------
    tolerance : float
        Largest residual of a fixed point or a cycle.
    merge_tolerance : float
        Distance from an attractor that counts as on it, relative to the size of a cycle, or for
        a fixed point to the spread of the starts.
    transient_rtol, observation_rtol : float
        Relative tolerances of the integration of a vector field in the transient, on which only
        the basins depend, and while it is observed.
    near_return : float
        Distance of a return of a map or a forced field, relative to the size of the orbit, below
        which a cycle is searched for.
    confidence : float
        Confidence of intervals and bounds.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured from the starts by default.

    Raises
    ------
    ValueError
        If a number is not in (0, 1), or a scale not positive.

    Examples
    --------
    >>> analysis.SurveyTolerances(confidence=0.99).confidence
    0.99
    """

    tolerance: float = 1e-9
    merge_tolerance: float = 1e-3
    transient_rtol: float = 1e-6
    observation_rtol: float = 1e-9
    near_return: float = 0.03
    confidence: float = 0.95
    scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        for name in (
            "tolerance",
            "merge_tolerance",
            "transient_rtol",
            "observation_rtol",
            "near_return",
            "confidence",
        ):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in (0, 1), got {getattr(self, name)!r}.")
        if self.scale is not None:
            check_scale(self.scale)

    @property
    def shooting(self) -> ShootingControl:
        """How cycles are solved for: near the start, in units of the system."""
        return ShootingControl(tolerance=self.tolerance, max_transient=0, scale=1.0)


def survey_settings(
    times: SurveyTimes | None, tolerances: SurveyTolerances | None, keywords: Mapping[str, Any]
) -> tuple[SurveyTimes, SurveyTolerances]:
    """Both settings of a survey: dataclasses, or their fields as keywords."""
    of_times = {field.name for field in fields(SurveyTimes)}
    given = {name: value for name, value in keywords.items() if name in of_times}
    others = {name: value for name, value in keywords.items() if name not in of_times}
    return (
        settings_from(SurveyTimes, times, given),
        settings_from(SurveyTolerances, tolerances, others),
    )


@dataclass(frozen=True, kw_only=True)
class NewtonStarts:
    """Where `find_entrained_cycles` starts Newton's method, in addition to the converged states.

    Attributes
    ----------
    periods : tuple of int
        Periods after which the simulated starts are also given to Newton's method.
    n_boundary_pairs : int
        Pairs of states of different basins, of the starts and the stable cycles, between which
        the boundary is bisected for and followed for as long as the map moves less and less, to
        the saddles on it, where Newton's method is started, and then halfway between two of
        these, where sources are.
    budget : int, optional
        If the indices of the cycles do not add up to 1 then, and no start diverges, Newton's
        method is started from up to this many states between the cycles: halfway between two,
        at other fractions of the way, and at random mixtures of three. By default 100, or 20
        for a map of more than 50 dimensions.
    odd_symmetry : bool
        Search for the mirror image of every cycle if the map turns into itself when the state
        changes sign and half a period passes, as that of a network of odd units without bias
        under a sine does. This is checked (`has_odd_symmetry`). Where half a period of the
        forcing is not a whole number of steps, the nearest step is used. Where it is, cycles with
        x(t + T/2) = -x(t) are also searched for, and if the indices do not add up to 1
        then, cycles are followed in a damped map to those that are missing (unless `budget` is 0).

    Examples
    --------
    More starts of Newton's method between the cycles of a forced network find more saddles:

    >>> patient = analysis.NewtonStarts(n_boundary_pairs=16, budget=400)
    >>> patient.budget
    400
    """

    periods: tuple[int, ...] = (0, 1, 3)
    n_boundary_pairs: int = 4
    budget: int | None = None
    odd_symmetry: bool = True
