"""Measures of any trained network: cycles with the reference and without, memories, code."""

from dataclasses import dataclass

import numpy as np

from isochron import ann_bridge
from isochron.analysis import EntrainedCycleSurvey
from isochron.ann_bridge import TrainedMap
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.cycle_surveys import survey_entrained_cycles, survey_intrinsic_cycles
from isochron.runs.measures import (
    describe_network_cycle,
    describe_survey,
    distinct_phases,
    output_phase,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.results import IntrinsicCycles
from isochron.studies.pals2024.code import Code, measure_code
from isochron.studies.pals2024.conditions import NetSpec, build_task
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.memories import Memory, find_memories
from isochron.studies.pals2024.results import MemoryOutput, NetworkAnalysis
from isochron.studies.pals2024.trials import TrialEnds, run_trials

LEAST_OUTPUT = 0.2  # smallest amplitude of an output with a phase; that of the target is 1


@dataclass(frozen=True)
class MeasuredNetwork:
    """A network under analysis, its map under the reference, its memories, and the results."""

    network: AnalysedNetwork
    system: TrainedMap
    memories: list[Memory]
    analysis: NetworkAnalysis

    @property
    def held(self) -> list[Memory]:
        """The memories that have a cycle."""
        return [memory for memory in self.memories if memory.cycle is not None]


def measure_network(
    config: Pals2024Config,
    spec: NetSpec,
    net: ann_bridge.RecurrentNet,
    evaluation: ann_bridge.Evaluation,
    seed: int,
) -> MeasuredNetwork:
    """Find the cycles, memories and code of a network; `seed` is that of trials and starts."""
    settings, network = config.analysis, AnalysedNetwork.of(net)
    system = network.map_at(settings.frequency_Hz, settings.amplitude)
    trials = run_trials(
        network,
        system,
        build_task(config, spec.condition),
        amplitude=settings.amplitude,
        n_trials=settings.n_trials,
        seed=seed,
    )
    survey = survey_entrained_cycles(system, _draw_starts(system, trials, settings.n_starts, seed))
    memories = find_memories(system, trials.stimulus, trials.orbit[-1], survey.stable)
    intrinsic = _survey_intrinsic(config, network, trials, derive_seed(seed, "intrinsic"))
    found = _describe(config, spec, network, evaluation, (trials, survey, memories), intrinsic)
    return MeasuredNetwork(network, system, memories, found)


def _describe(
    config: Pals2024Config,
    spec: NetSpec,
    network: AnalysedNetwork,
    evaluation: ann_bridge.Evaluation,
    found: tuple[TrialEnds, EntrainedCycleSurvey, list[Memory]],
    intrinsic: IntrinsicCycles | None,
) -> NetworkAnalysis:
    """The analysis of a network as it is saved."""
    (trials, survey, memories), settings = found, config.analysis
    system = network.map_at(settings.frequency_Hz, settings.amplitude)
    cycles = tuple(
        describe_network_cycle(
            system,
            cycle,
            condition="under the reference",
            how_found=f"{basin} of {survey.n_starts} starts" if basin else "Newton or mirror image",
        )
        for cycle, basin in zip(survey.cycles, survey.basins, strict=True)
    )
    phases = [
        cycle.output_phase_cycles
        for cycle in cycles
        if cycle.stable and cycle.output_amplitude > LEAST_OUTPUT
    ]
    offsets = build_task(config, spec.condition).offsets
    return NetworkAnalysis(
        name=spec.name,
        condition=spec.condition.name,
        number=spec.number,
        n_units=network.net.settings.n_units,
        loss=evaluation.loss,
        standard_error=evaluation.standard_error,
        chance=evaluation.chance,
        learned=evaluation.is_below(settings.learned_below),
        code=_measure_code(network, system, trials),
        limit_cycles=cycles,
        n_stable_cycles=len(survey.stable) if system.smooth else None,
        output_phases=tuple(distinct_phases(phases)),
        survey=describe_survey(survey, index=system.smooth),
        memories=tuple(
            _describe_memory(system, memory, offset)
            for memory, offset in zip(memories, offsets, strict=True)
        ),
        intrinsic=intrinsic,
    )


def _draw_starts(system: TrainedMap, trials: TrialEnds, n_starts: int, seed: int) -> np.ndarray:
    """States where the network moves and states after trials, in equal parts."""
    half = n_starts // 2
    rng = np.random.default_rng(seed)
    ends = trials.orbit[-1]
    chosen = rng.choice(len(ends), min(half, len(ends)), replace=False)
    return np.concatenate(
        [system.initial_states(max(1, n_starts - len(chosen)), rng), ends[chosen]]
    )


def _measure_code(network: AnalysedNetwork, system: TrainedMap, trials: TrialEnds) -> Code:
    units = network.units(trials.orbit[1:])
    return measure_code(units, network.read(units), trials.stimulus, system.reference_phase())


def _describe_memory(system: TrainedMap, memory: Memory, offset: float) -> MemoryOutput:
    target, share = offset % 1, memory.share
    if memory.cycle is None:
        return MemoryOutput(target_phase=target, share_of_trials=share)
    phase, _ = output_phase(system, memory.cycle)
    error = abs((phase - offset + 0.5) % 1 - 0.5)
    return MemoryOutput(
        target_phase=target, share_of_trials=share, output_phase=phase, phase_error=error
    )


def _survey_intrinsic(
    config: Pals2024Config, network: AnalysedNetwork, trials: TrialEnds, seed: int
) -> IntrinsicCycles | None:
    """Cycles with the reference off; None for a discontinuous map."""
    free = network.map_at()
    if not free.smooth:
        return None
    starts = _draw_starts(free, trials, config.analysis.n_intrinsic_starts, seed)
    return survey_intrinsic_cycles(free, starts)
