"""Measures of every system, worm or network, by the same functions."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from isochron import analysis
from isochron.analysis import EntrainedCycleSurvey, FixedPoint, ForcedMap, LimitCycle
from isochron.analysis.floquet import whole_pairs
from isochron.ann_bridge import TrainedMap
from isochron.runs.results import (
    Cycle,
    Dimensionality,
    FixedPointFound,
    FreeRunning,
    NetworkCycle,
    SurveyCounts,
    TongueRow,
    extended,
)

Report = Callable[[float, str], None]

N_MULTIPLIERS = 8
SILENT = 0.01  # as a fraction of the amplitude under the reference


def describe_cycle(
    cycle: LimitCycle,
    *,
    condition: str,
    how_found: str,
    output_phase: float | None = None,
    forcing_cycles: int = 1,
) -> Cycle:
    """A limit cycle.

    A map that repeats only after several periods of its forcing has multipliers over all of
    them; the period, and the largest nontrivial multiplier, are given for one.
    """
    kept = whole_pairs(cycle.multipliers, N_MULTIPLIERS).tolist()
    return Cycle(
        condition=condition,
        period_ms=cycle.period / forcing_cycles,
        stable=cycle.stable,
        residual=cycle.residual,
        multipliers=tuple((value.real, value.imag) for value in kept),
        multiplier_periods=forcing_cycles,
        largest_nontrivial_multiplier=cycle.largest_multiplier ** (1 / forcing_cycles),
        output_phase_cycles=output_phase,
        how_found=how_found,
        checks=cycle.checks,
    )


def describe_network_cycle(
    system: TrainedMap, cycle: LimitCycle, *, condition: str, how_found: str
) -> NetworkCycle:
    """A limit cycle of a network under its reference, with the phase of the output on it."""
    phase, amplitude = output_phase(system, cycle)
    described = describe_cycle(
        cycle,
        condition=condition,
        how_found=how_found,
        output_phase=phase,
        forcing_cycles=system.forcing_cycles,
    )
    return extended(described, NetworkCycle, output_amplitude=amplitude)


def output_phase(system: TrainedMap, cycle: LimitCycle) -> tuple[float, float]:
    """Phase (cycles) and amplitude of the output, the first of several, on a cycle."""
    outputs = system.outputs(cycle.states[1:])
    first = outputs if outputs.ndim == 1 else outputs[:, 0]
    return analysis.harmonic_phase(first, system.reference_phase())


def describe_fixed_point(point: FixedPoint, *, condition: str) -> FixedPointFound:
    """A fixed point, with its leading eigenvalue."""
    leading = complex(point.eigenvalues[0])
    return FixedPointFound(
        condition=condition,
        stable=point.stable,
        residual=point.residual,
        leading_eigenvalue=(leading.real, leading.imag),
        n_starts=point.n_starts,
    )


def describe_survey(survey: EntrainedCycleSurvey, *, index: bool = True) -> SurveyCounts:
    """Completeness of a survey; `index` is false for a discontinuous map, without an index sum."""
    return SurveyCounts(
        n_starts=survey.n_starts,
        n_not_entrained=survey.n_not_entrained,
        n_diverged=survey.n_diverged,
        undetected_basin_bound=survey.undetected_basin_bound,
        index_sum=survey.index_sum if index else None,
        bounded=survey.bounded,
    )


def distinct_phases(phases: Sequence[float], merge_tolerance: float = 0.05) -> list[float]:
    """Output phases (cycles, in [0, 1)) that differ by more than `merge_tolerance`, in order."""
    kept: list[float] = []
    for phase in sorted(phases):
        if all(abs((phase - other + 0.5) % 1 - 0.5) > merge_tolerance for other in kept):
            kept.append(phase)
    return kept


def measure_dimensionality(states: np.ndarray) -> Dimensionality:
    """Variance in two principal components, and participation ratio; states (n_times, n)."""
    ratio, _ = analysis.principal_components(states)
    return Dimensionality(
        variance_in_2_components=float(ratio[:2].sum()),
        participation_ratio=analysis.participation_ratio(states),
    )


def measure_phase_locking(
    signal: np.ndarray, reference_phase: np.ndarray, samples_per_period: int
) -> float | None:
    """Phase-locking value of a signal to a reference, without two periods at either end.

    None if the signal is constant. An irregular signal has a low value.
    """
    try:
        phase = analysis.compute_phase(signal, significance=1.0)
    except ValueError:
        return None
    inner = slice(2 * samples_per_period, -2 * samples_per_period)
    return analysis.phase_locking_value(phase[inner], reference_phase[inner])


def measure_free_running(
    signal: np.ndarray, step_ms: float, forced_amplitude: float
) -> FreeRunning:
    """Whether a system oscillates with the reference off: amplitude and frequency."""
    amplitude = float(np.ptp(signal)) / 2
    if amplitude < SILENT * forced_amplitude:
        return FreeRunning(oscillates=False, amplitude=amplitude, frequency_Hz=None)
    # Any signal: the system may oscillate more slowly than the observation is long.
    phase = np.unwrap(analysis.compute_phase(signal, significance=1.0))
    inner = phase[len(phase) // 8 : -len(phase) // 8]
    slope = float(np.polyfit(np.arange(inner.size), inner, 1)[0])
    frequency = 1e3 * slope / (2 * math.pi * step_ms)
    return FreeRunning(oscillates=True, amplitude=amplitude, frequency_Hz=frequency)


def measure_tongues(
    system_at: Callable[[float, float], ForcedMap],
    point: np.ndarray,
    *,
    frequency: float,
    amplitude: float,
    amplitudes: Sequence[float],
    limits: tuple[float, float],
    report: Report,
) -> list[TongueRow]:
    """1:1 tongue edges at several amplitudes of the reference, from the given one outwards.

    Parameters
    ----------
    system_at : callable
        ``system_at(frequency_Hz, amplitude)``: the forced map.
    point : ndarray, shape (n,)
        A state on the cycle at `frequency` and `amplitude`.
    """
    step, resolution = frequency / 25, frequency / 200
    below = sorted({a for a in amplitudes if a < amplitude}, reverse=True)
    above = sorted({a for a in amplitudes if a > amplitude})
    rows = []
    for branch in ([amplitude, *below], above):
        start = point
        for current in branch:
            report(len(rows) / (1 + len(below) + len(above)), f"tongue at amplitude {current:g}")
            tongue = analysis.find_tongue(
                lambda f, a=current: system_at(f, a),
                start,
                frequency=frequency,
                limits=limits,
                step=step,
                resolution=resolution,
            )
            rows.append(_describe_tongue(tongue, current))
            if tongue.center is None:
                break
            start = tongue.center
    return sorted(rows, key=lambda row: row.amplitude)


def _describe_tongue(tongue: analysis.Tongue, amplitude: float) -> TongueRow:
    found = tongue.center is not None
    return TongueRow(
        amplitude=amplitude,
        low_Hz=tongue.low if found else None,
        high_Hz=tongue.high if found else None,
        low_open=tongue.low_open,
        high_open=tongue.high_open,
        resolution_Hz=tongue.resolution,
    )
