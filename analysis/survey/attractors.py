"""A survey of all attractors of a system: what draws random starts, and how many of them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from isochron.analysis.fixed_points import FailedStart, FixedPoint
from isochron.analysis.sign_networks.estimates import wilson_interval
from isochron.analysis.statistics import Interval
from isochron.analysis.survey.attractor_results import (
    AttractorSurvey,
    FoundAttractor,
    basin_interval,
)
from isochron.analysis.survey.attractor_search import AttractorSearch
from isochron.analysis.survey.motion import FlowMotion, ReturnMotion
from isochron.analysis.survey.samplers import Sampler, draw_starts, spread_of
from isochron.analysis.survey.settings import SurveyTimes, SurveyTolerances, survey_settings
from isochron.analysis.systems.angles import check_angles, turning_variables
from isochron.analysis.systems.checks import check_system
from isochron.analysis.systems.derivatives import check_derivative
from isochron.analysis.systems.protocols import System, is_map
from isochron.analysis.systems.units import Units, find_units
from isochron.arguments import require_rng


def find_all_attractors(
    system: System,
    sampler: Sampler,
    rng: np.random.Generator,
    *,
    n_starts: int = 100,
    period: float | None = None,
    angles: Sequence[int] = (),
    times: SurveyTimes | None = None,
    tolerances: SurveyTolerances | None = None,
    **fields: Any,
) -> AttractorSurvey:
    """Draw states at random, see what they converge to, and prove what is periodic.

    Each start is simulated, then observed. Where it is on an attractor already known it counts
    there: on any point of the orbit of a cycle, in any of its phases relative to the forcing;
    among the states of one that is known by its states only. Else a fixed point or a cycle is
    solved for, and accepted if it is stable and the trajectory is on it. What converges to none
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
        Source of the starts.
    n_starts : int
        Number of starts, 1 or more.
    period : float, optional
        Period of the forcing of a vector field. A map has one already.
    angles : sequence of int
        Indices of variables that are angles in radians: states that differ by whole turns are
        one, and an orbit closes if they come back after whole turns.
    times : SurveyTimes, optional
        How long to simulate each start before it is observed, and how long and how often to
        observe it. Or its fields as keywords: transient and observation are required.
    tolerances : SurveyTolerances, optional
        How exactly states are followed, and what counts as one attractor.
        Or its fields as keywords.

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

    Examples
    --------
    A bistable unit: two attractors, each of which draws about half of the states.

    >>> unit = analysis.Flow(lambda t, x: x - x**3)
    >>> survey = analysis.find_all_attractors(
    ...     unit, analysis.uniform_box([-2.0], [2.0]), np.random.default_rng(0), n_starts=40,
    ...     transient=20, observation=10,
    ... )
    >>> sorted(round(float(found.solution.point[0]), 6) for found in survey.attractors)
    [-1.0, 1.0]
    """
    require_rng(rng)
    times, tolerances = survey_settings(times, tolerances, fields)
    if n_starts < 1:
        raise ValueError(f"Need n_starts >= 1, got {n_starts!r}.")
    _motion(system, times, period, tolerances)  # reports wrong numbers before drawing
    starts = draw_starts(sampler, rng, n_starts)
    check_system(system, starts[0], batched=True)
    check_derivative(system, starts[0])
    turns = check_angles(angles, starts.shape[1])
    units = find_units(system, starts, scale=tolerances.scale, angles=turns)
    motion = _motion(units.system(system), times, period, tolerances, turns)
    moved, confidence = units.enter(starts), tolerances.confidence

    def turning(record: np.ndarray) -> tuple[int, ...]:
        return turning_variables(system, units.leave(record))

    search = AttractorSearch(motion, turning, spread_of(moved))
    failures = []
    for start, end in zip(starts, motion.discard_transient(moved), strict=True):
        why = search.place(end)
        if why:
            failures.append(FailedStart(start, why))
    low, high = wilson_interval(
        [e.n_starts for e in search.entries], n_starts, confidence=confidence
    )
    found = [
        _in_users_units(entry, units, basin_interval(entry.n_starts / n_starts, a, b, confidence))
        for entry, a, b in zip(search.entries, low, high, strict=True)
    ]
    return AttractorSurvey(
        attractors=tuple(sorted(found, key=lambda attractor: -attractor.n_starts)),
        n_starts=n_starts,
        failures=tuple(failures),
        confidence=confidence,
    )


def _in_users_units(entry: FoundAttractor, units: Units, basin: Interval) -> FoundAttractor:
    solution = entry.solution
    if isinstance(solution, FixedPoint):
        solution = replace(solution, point=units.leave(solution.point))
    elif solution is not None:
        solution = units.leave_cycle(solution)
    return replace(entry, basin=basin, solution=solution, states=units.leave(entry.states))


def _motion(
    system: Any,
    times: SurveyTimes,
    period: float | None,
    tolerances: SurveyTolerances,
    angles: tuple[int, ...] = (),
) -> FlowMotion | ReturnMotion:
    if not is_map(system) and period is None:
        return FlowMotion(system, times, tolerances, angles)
    if is_map(system) and period is not None:
        raise ValueError("A map has a period already; omit period.")
    if period is not None and not 0 < period < math.inf:
        raise ValueError(f"period must be positive and finite, got {period!r}.")
    return ReturnMotion(system, times, tolerances, period, angles)
