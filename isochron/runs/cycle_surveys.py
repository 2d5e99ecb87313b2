"""Cycles of a network under a reference, and those with the reference off.

Every study and command that reports cycles of a network finds them here, so that the same network
has the same cycles everywhere.
"""

from dataclasses import dataclass

import numpy as np

from isochron import analysis
from isochron.analysis import (
    EntrainedCycleSurvey,
    FoundAttractor,
    InvariantCircle,
    LimitCycle,
    NewtonStarts,
)
from isochron.ann_bridge import TrainedMap
from isochron.runs.results import IntrinsicCycle, IntrinsicCycles

TRANSIENT_STEPS = 2000
OBSERVATION_STEPS = 800
LONGEST_CYCLE = 200  # steps
CIRCLE_TOLERANCE = 1e-8  # relative to its size; `LOOSE_TOLERANCE` with a remark
LOOSE_TOLERANCE = 1e-3
PROVED = 1e-6  # largest distance of the image of a circle from it, relative to its size
_BOUNDARY_PAIRS = 16  # of basins, where the indices do not add up to 1
_BUDGET, _FEW_VARIABLES = 400, 50  # states between cycles, in few variables only
_PHASES = 64  # at which the image of a circle is compared with it


@dataclass(frozen=True, kw_only=True)
class IntrinsicSurvey:
    """The intrinsic cycles of a network, and the curves on which they are.

    Attributes
    ----------
    counts : IntrinsicCycles
    circles : tuple of InvariantCircle or None
        Curve of each cycle; None for a cycle of a whole number of steps.
    """

    counts: IntrinsicCycles
    circles: tuple[InvariantCircle | None, ...]


def survey_entrained_cycles(
    system: TrainedMap, starts: np.ndarray, *, thorough: bool = True
) -> EntrainedCycleSurvey:
    """Find the entrained cycles of a network until their indices add up to 1, if possible.

    Where the indices of a bounded map do not add up to 1, a cycle is missing. Newton's method is
    then started from more boundaries of basins and more states between the cycles. Whether this
    was sufficient is `SurveyCounts.complete`. A low-rank network should be in its reduced form
    (`AnalysedNetwork.map_at`), in which the search between cycles is more powerful.

    Parameters
    ----------
    system : TrainedMap
        The map under its reference. One without a derivative is not surveyed.
    starts : ndarray, shape (n_starts, dimension)
        Initial states.
    thorough : bool
        Whether to search further where a cycle is missing. In more than 50 variables all searches
        are made with many boundaries from the start, so that the number of stable cycles does not
        depend on whether the sum happens to be 1 before; and in a map with odd symmetry curves of
        cycles are followed to those that are missing, 5 to 40 s for a network of 279 units.
        Without it neither is done in more than 50 variables.

    Returns
    -------
    EntrainedCycleSurvey
        Of two searches, the one whose sum of indices is nearer to 1.
    """
    if not system.smooth:
        return EntrainedCycleSurvey(cycles=(), basins=(), n_starts=0, n_not_entrained=0)
    if system.dimension > _FEW_VARIABLES:
        many = (
            NewtonStarts(n_boundary_pairs=_BOUNDARY_PAIRS) if thorough else NewtonStarts(budget=0)
        )
        return analysis.find_entrained_cycles(system, starts, newton=many)
    survey = analysis.find_entrained_cycles(system, starts)
    if not thorough or not survey.bounded or survey.n_diverged or survey.index_sum == 1:
        return survey
    newton = NewtonStarts(n_boundary_pairs=_BOUNDARY_PAIRS, budget=_BUDGET)
    further = analysis.find_entrained_cycles(system, starts, newton=newton)
    return min(further, survey, key=lambda found: abs(found.index_sum - 1))


def survey_intrinsic_cycles(system: TrainedMap, starts: np.ndarray) -> IntrinsicCycles:
    """Find the intrinsic cycles of a network, those with the reference off, from many starts.

    In discrete time an oscillation that no input paces is an invariant circle of the map, or
    on it a cycle of a whole number of steps. A cycle counts if Newton's method closes it; a
    circle counts if the map takes the fitted curve to itself within 1e-6 of its size. A motion
    that is neither is not counted as an oscillation.

    Parameters
    ----------
    system : TrainedMap
        The map without a reference, `AnalysedNetwork.map_at` without arguments.
    starts : ndarray, shape (n_starts, dimension)
        Initial states, 64 or more for a network that is to be called silent: of fewer starts
        none may reach a small basin.

    Returns
    -------
    IntrinsicCycles

    Raises
    ------
    ValueError
        If the map is forced or does not have a derivative.
    """
    return find_intrinsic_circles(system, starts).counts


def find_intrinsic_circles(system: TrainedMap, starts: np.ndarray) -> IntrinsicSurvey:
    """Find the intrinsic cycles as `survey_intrinsic_cycles`, with the curves on which they are.

    Raises
    ------
    ValueError
        If the map is forced or does not have a derivative.
    """
    if system.forcing_cycles or not system.smooth:
        raise ValueError(
            "Intrinsic cycles are those of a network that has a derivative, without a reference: "
            "use TrainedMap(net)."
        )
    times = analysis.SurveyTimes(
        transient=TRANSIENT_STEPS, observation=OBSERVATION_STEPS, max_period=LONGEST_CYCLE, rounds=1
    )
    survey = analysis.find_all_attractors(
        system, lambda rng, n: starts[:n], np.random.default_rng(0), times=times,
        n_starts=len(starts),
    )  # fmt: skip
    cycles, circles, counts = [], [], {"fixed point": 0, "unproved": 0}
    for attractor in survey.attractors:
        found = _describe_intrinsic(system, attractor)
        if found is not None:
            cycles.append(found[0])
            circles.append(found[1])
        else:
            kind = "fixed point" if attractor.kind == "fixed point" else "unproved"
            counts[kind] += attractor.n_starts
    n_undecided = len(survey.failures) - survey.n_diverged
    described = IntrinsicCycles(
        n_starts=survey.n_starts,
        n_resting=counts["fixed point"],
        n_unproved=counts["unproved"] + n_undecided,
        n_diverged=survey.n_diverged,
        undetected_basin_bound=survey.undetected_basin_bound,
        cycles=tuple(cycles),
    )
    return IntrinsicSurvey(counts=described, circles=tuple(circles))


def _describe_intrinsic(
    system: TrainedMap, attractor: FoundAttractor
) -> tuple[IntrinsicCycle, InvariantCircle | None] | None:
    """An intrinsic cycle and its curve; None if the attractor is not proved to be one."""
    circle = None
    if attractor.kind == "limit cycle":
        cycle = attractor.solution
        assert isinstance(cycle, LimitCycle)
        orbit, residual, period = attractor.states, float(cycle.residual), float(cycle.period)
    elif attractor.kind == "quasi-periodic":
        try:
            circle = fit_circle(system, attractor.states[-1])
        except ArithmeticError:
            return None
        residual, turns = measure_invariance(system, circle), abs(circle.rotation.value)
        if residual > PROVED or not turns:
            return None
        orbit, period = circle(2 * np.pi * np.arange(_PHASES) / _PHASES), system.step_ms / turns
    else:
        return None
    described = IntrinsicCycle(
        kind="limit cycle" if attractor.kind == "limit cycle" else "invariant circle",
        period_ms=period,
        output_amplitude=float(np.ptp(system.outputs(orbit), axis=0).max()) / 2,
        residual=residual,
        n_starts=attractor.n_starts,
    )
    return described, circle


def fit_circle(system: TrainedMap, start: np.ndarray) -> InvariantCircle:
    """Fit the invariant circle that a state is on, to `CIRCLE_TOLERANCE` if that is possible.

    Raises
    ------
    ArithmeticError
        If no curve is within `LOOSE_TOLERANCE` of the orbit; see `find_invariant_circle`.
    """
    # One scale for all variables: an input that has decayed to 1e-100 does not count as large.
    circle = analysis.find_invariant_circle(
        system, start, n_transient=0, tolerance=LOOSE_TOLERANCE, scale=1.0
    )
    for n_harmonics in (32, 64):
        if circle.residual <= CIRCLE_TOLERANCE:
            break
        try:
            circle = analysis.find_invariant_circle(
                system, start, n_transient=TRANSIENT_STEPS, n_harmonics=n_harmonics,
                tolerance=circle.residual, scale=1.0,
            )  # fmt: skip
        except (ArithmeticError, np.linalg.LinAlgError):
            continue
    return circle


def measure_invariance(system: TrainedMap, circle: InvariantCircle) -> float:
    """Largest distance of the image of a circle from the circle, relative to its size.

    The phases are those of an even grid, not of the orbit that the circle was fitted to.
    """
    phases = 2 * np.pi * np.arange(_PHASES) / _PHASES
    states = circle(phases)
    moved = system.advance(states, system.n_steps)
    gap = np.linalg.norm(moved - circle(phases + 2 * np.pi * circle.rotation.value), axis=1)
    return float(gap.max() / np.linalg.norm(states - states.mean(axis=0), axis=1).max())
