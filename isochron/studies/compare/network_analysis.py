"""The analysis of a network of a comparison, the same for those trained here and elsewhere."""

from typing import Any

import numpy as np

from isochron import analysis
from isochron.analysis import EntrainedCycleSurvey, FixedPoint, LimitCycle
from isochron.ann_bridge import TrainedMap
from isochron.runs.cycle_surveys import (
    IntrinsicSurvey,
    find_intrinsic_circles,
    survey_entrained_cycles,
)
from isochron.runs.measures import (
    Report,
    describe_fixed_point,
    describe_network_cycle,
    describe_survey,
    distinct_phases,
    measure_dimensionality,
    measure_tongues,
)
from isochron.runs.results import NetworkCycle, TongueRow, extended
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.driven_network import compare_driven
from isochron.studies.compare.network_arrays import save_arrays
from isochron.studies.compare.results import NetAnalysis
from isochron.studies.compare.similarity import compare_with_worm
from isochron.studies.compare.subject import Found, Subject
from isochron.studies.compare.weak_forcing import WeakForcing, weak_forcing_of_network

SHRINKING = 0.9  # of the amplitude of the reference in the search for the end of a memory
NEAR_END = 0.02
MOST_FOLLOWED = 4  # cycles
N_PHASES = 120  # of an intrinsic cycle that is compared with the worm's
N_PLACES = 8  # states after trials from which fixed points are searched for


def analyse_subject(subject: Subject, folder: RunPaths, report: Report) -> NetAnalysis:
    """Find the rhythms of a network, and save the arrays for its figures."""
    reference, label, net = subject.reference, subject.label, subject.network.net
    survey = None
    if subject.forced:
        report(0.0, "survey of entrained cycles")
        survey = survey_entrained_cycles(
            subject.system, subject.starts(reference.n_starts), thorough=reference.thorough
        )
    report(0.4, "oscillations without the reference")
    free = subject.network.map_at()
    intrinsic = find_intrinsic_circles(free, subject.starts(reference.intrinsic_starts))
    found = Found(survey, _fixed_points(free, subject, survey))
    save_arrays(folder.data_path(label.name), subject, found)
    report(0.6, "tongue")
    return extended(
        label,
        NetAnalysis,
        **vars(subject.outcome),
        n_units=net.settings.n_units,
        n_weights=sum(int(it.count_nonzero()) for it in net.parameters() if it.requires_grad),
        seed=subject.seed,
        fixed_points=tuple(
            describe_fixed_point(point, condition="reference off") for point in found.points
        ),
        survey=None if survey is None else describe_survey(survey),
        intrinsic=intrinsic.counts,
        weak_forcing=_measure_weak_forcing(subject, intrinsic),
        driven=compare_driven(folder, subject, found) if subject.forced else None,
        second_memory_amplitude=_second_memory(subject, found) if label.trained else None,
        tongue=_measure_tongue(subject, found.largest, report) if label.trained else (),
        notes=subject.notes,
        **_measure_cycles(subject, found, intrinsic, folder),
    )


def _measure_cycles(
    subject: Subject, found: Found, intrinsic: IntrinsicSurvey, folder: RunPaths
) -> dict[str, Any]:
    """Results that are those of the cycles under the reference.

    The cycle that is compared with the worm's is an intrinsic one without a reference.
    """
    cycles = _describe_cycles(subject, found.survey)
    stable = [subject.states(cycle)[:-1] for cycle in found.stable]
    turn = _turn(subject, found, intrinsic)
    phases = [cycle.output_phase_cycles for cycle in cycles if cycle.stable]
    return {
        "limit_cycles": cycles,
        "memories": tuple(distinct_phases(phases)),
        "dimensionality": measure_dimensionality(np.concatenate(stable)) if stable else None,
        "similarity": None if turn is None else compare_with_worm(folder, turn),
    }


def _turn(subject: Subject, found: Found, intrinsic: IntrinsicSurvey) -> np.ndarray | None:
    """States of the units on the cycle with the largest basin; None without one.

    An intrinsic cycle of a whole number of steps does not have a curve, and counts as none.
    """
    if subject.forced:
        return None if found.largest is None else subject.turn(found.largest)
    circle = intrinsic.circles[0] if intrinsic.circles else None
    if circle is None:
        return None
    return subject.network.units(circle(2 * np.pi * np.arange(N_PHASES) / N_PHASES))


def _measure_weak_forcing(subject: Subject, intrinsic: IntrinsicSurvey) -> WeakForcing | None:
    """Effect of a weak reference on the intrinsic cycle with the largest basin."""
    circle = intrinsic.circles[0] if intrinsic.circles else None
    if circle is None:
        return None
    return weak_forcing_of_network(
        subject.network.map_at(),
        circle,
        n_inputs=subject.network.net.settings.n_inputs,
        channel=subject.channel,
        amplitude=subject.reference.amplitude,
    )


def _fixed_points(
    free: TrainedMap, subject: Subject, survey: EntrainedCycleSurvey | None
) -> list[FixedPoint]:
    """Fixed points with the reference off, from rest and from the entrained cycles.

    Without a reference from states after trials instead.
    """
    further = (
        list(subject.starts(2 * N_PLACES)[N_PLACES:])
        if survey is None
        else [cycle.point for cycle in survey.cycles]
    )
    starts = [np.zeros(free.dimension), *further]
    return list(analysis.find_fixed_points(free, starts))


def _describe_cycles(
    subject: Subject, survey: EntrainedCycleSurvey | None
) -> tuple[NetworkCycle, ...]:
    described = []
    if survey is None:
        return ()
    for cycle, basin in zip(survey.cycles, survey.basins, strict=True):
        how = f"{basin} of {survey.n_starts} starts"
        if not basin:
            how = "Newton from transients or mirror image"
        described.append(
            describe_network_cycle(
                subject.system,
                cycle,
                condition=subject.condition,
                how_found=f"{how}; {cycle.message}",
            )
        )
    return tuple(described)


def _second_memory(subject: Subject, found: Found) -> float | None:
    """Smallest amplitude of the reference at which a second stable cycle exists.

    The stable cycles with the largest basins, at most four, are followed to smaller amplitudes
    until Newton's method loses them or they are unstable; the answer is the second smallest of
    their ends. None with fewer than two.
    """
    ends = sorted(_end_of(subject, cycle) for cycle in found.stable[:MOST_FOLLOWED])
    return ends[1] if len(ends) > 1 else None


def _end_of(subject: Subject, cycle: LimitCycle) -> float:
    reference = subject.reference
    newton = analysis.ShootingControl(max_transient=0)
    here, point, factor = reference.amplitude, cycle.point, SHRINKING
    size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
    while factor < 1 - NEAR_END / 4 and here > NEAR_END * reference.amplitude:
        system = subject.map_at(reference.frequency_Hz, factor * here)
        found = analysis.find_limit_cycle(system, point, control=newton)
        moved = np.linalg.norm(found.point - point) if found.found else np.inf
        if found.found and found.stable and moved < 0.5 * size:
            here, point = factor * here, found.point
        else:
            factor = (1 + factor) / 2
    return float(here)


def _measure_tongue(
    subject: Subject, cycle: LimitCycle | None, report: Report
) -> tuple[TongueRow, ...]:
    """The tongue of a stable cycle, at all amplitudes of the configuration."""
    reference = subject.reference
    if cycle is None:
        return ()
    return tuple(
        measure_tongues(
            subject.map_at,
            cycle.point,
            frequency=subject.system.frequency_Hz,
            amplitude=reference.amplitude,
            amplitudes=reference.tongue_amplitudes,
            limits=reference.tongue_limits_Hz,
            report=lambda fraction, text: report(0.6 + 0.4 * fraction, text),
        )
    )
