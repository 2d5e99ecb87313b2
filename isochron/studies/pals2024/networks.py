"""Training and analysis of one network of the reproduction; results are JSON values."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from isochron import analysis, ann_bridge, sims
from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.trained_map import FixedRadiusMap
from isochron.runs.measures import (
    Report,
    describe_network_cycle,
    describe_survey,
    distinct_phases,
    measure_free_running,
    measure_tongues,
    output_phase,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.results import FreeRunning, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.studies.pals2024.analysed_network import AnalysedNetwork, TrialEnds, run_trials
from isochron.studies.pals2024.code import Code, measure_code
from isochron.studies.pals2024.conditions import (
    Condition,
    budget_of,
    build_net,
    build_task,
    parse_condition,
)
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.memories import (
    Memory,
    find_memories,
    follow_until_lost,
)
from isochron.studies.pals2024.polar import lock_angles
from isochron.studies.pals2024.results import (
    Existence,
    Fold,
    LowestAmplitude,
    MemoryOutput,
    NetworkAnalysis,
    PhaseOrbits,
)

FREE_PERIODS = 100
SHOWN_PERIODS = 20
LEAST_OUTPUT = 0.2  # smallest amplitude of an output with a phase; that of the target is 1
LOWEST_AMPLITUDE = 0.02


@dataclass(frozen=True)
class NetSpec:
    """One network: its condition and its number."""

    condition: Condition
    number: int

    @property
    def name(self) -> str:
        """Name of the network and of its files."""
        return f"{self.condition.name}-{self.number}"


def net_specs(config: Pals2024Config) -> list[NetSpec]:
    """All networks: the first of every condition, then the second of every one, and so on."""
    conditions = [parse_condition(name) for name in config.conditions]
    return [NetSpec(c, number) for number in range(config.nets) for c in conditions]


def train_net(config: Pals2024Config, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network, or resume it, and save it; its losses as JSON values."""
    condition = spec.condition
    generator = torch.Generator().manual_seed(_seed(config, spec, "weights"))
    training = Training(
        net=build_net(config, condition, generator),
        task=build_task(condition),
        parameters=budget_of(config, condition).parameters(),
        seed=_seed(config, spec, "training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report, condition=condition.name)
    return to_json_values(result.record)


def analyse_net(config: Pals2024Config, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Find the cycles, memories and code of a trained network; `NetworkAnalysis` as JSON values."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    task, settings = build_task(spec.condition), config.analysis
    network = AnalysedNetwork.of(net)
    system = network.map_at(settings.frequency_Hz, settings.amplitude)
    report(0.0, "survey of entrained cycles")
    seed = _seed(config, spec, "analysis")
    trials = run_trials(
        network, system, task, amplitude=settings.amplitude, n_trials=settings.n_trials, seed=seed
    )
    survey = _run_survey(config, network, system, trials, seed)
    memories = find_memories(system, trials.stimulus, trials.orbit[-1], survey.stable)
    _save_trial(folder, spec, net, task, seed)
    evaluation = ann_bridge.Evaluation.from_record(notes | {"chance": task.chance})
    found = _describe(config, spec, network, evaluation, (trials, survey, memories))
    held = [memory for memory in memories if memory.cycle is not None]
    if found.learned and held:
        report(0.4, "frequencies and amplitudes")
        existence = _measure_existence(config, spec, network, held, report)
        report(0.8, "constant stimuli")
        folds = _measure_folds(config, network, memories)
        found = replace(found, existence=existence, folds=folds)
        if spec.condition.kind == "rank" and spec.condition.rank == 2:
            found = replace(found, polar=_reduce_to_phase(system, held))
    return to_json_values(found)


def _describe(
    config: Pals2024Config,
    spec: NetSpec,
    network: AnalysedNetwork,
    evaluation: ann_bridge.Evaluation,
    found: tuple[TrialEnds, analysis.EntrainedCycleSurvey, list[Memory]],
) -> NetworkAnalysis:
    """Measures of every network: cycles, code, memories, and the activity without forcing."""
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
    offsets = build_task(spec.condition).offsets
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
        free_running=_run_free(network, system, memories),
    )


def _seed(config: Pals2024Config, spec: NetSpec, purpose: str) -> int:
    return derive_seed(config.seed, spec.condition.name, spec.number, purpose)


def _run_survey(
    config: Pals2024Config,
    network: AnalysedNetwork,
    system: TrainedMap,
    trials: TrialEnds,
    seed: int,
) -> analysis.EntrainedCycleSurvey:
    """Cycles from states where the network moves and from those after trials, in equal parts.

    None for a discontinuous map.
    """
    if not system.smooth:
        return analysis.EntrainedCycleSurvey(cycles=(), basins=(), n_starts=0, n_not_entrained=0)
    half = config.analysis.n_starts // 2
    rng = np.random.default_rng(seed)
    ends = trials.orbit[-1]
    chosen = rng.choice(len(ends), min(half, len(ends)), replace=False)
    starts = np.concatenate([system.initial_states(max(1, half), rng), ends[chosen]])
    return analysis.find_entrained_cycles(system, starts)


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


def _run_free(network: AnalysedNetwork, system: TrainedMap, memories: list[Memory]) -> FreeRunning:
    """Activity after the reference is switched off, from the first memory or from rest."""
    free = network.map_at()
    cycle = next((memory.cycle for memory in memories if memory.cycle is not None), None)
    start = np.full(free.dimension, 0.1) if cycle is None else cycle.point
    driven = 1.0 if cycle is None else float(np.ptp(system.outputs(cycle.states)) / 2)
    settled = free.advance(start, FREE_PERIODS * system.n_steps)
    signal = free.outputs(free.orbit(settled, SHOWN_PERIODS * system.n_steps)[1:])
    return measure_free_running(signal, free.step_ms, max(driven, LEAST_OUTPUT))


def _measure_existence(
    config: Pals2024Config,
    spec: NetSpec,
    network: AnalysedNetwork,
    held: list[Memory],
    report: Report,
) -> Existence:
    """Frequencies and smallest amplitude at which each memory exists.

    The first network of a condition is followed at all amplitudes of the tongue.
    """
    settings, rows, lowest = config.analysis, [], []
    for i, memory in enumerate(held):
        assert memory.cycle is not None
        found = measure_tongues(
            network.map_at,
            memory.cycle.point,
            frequency=settings.frequency_Hz,
            amplitude=settings.amplitude,
            amplitudes=settings.tongue_amplitudes if spec.number == 0 else (),
            limits=settings.tongue_limits_Hz,
            report=lambda fraction, text, i=i: report(0.4 + 0.4 * (i + fraction) / len(held), text),
        )
        rows.append(tuple(found))
        survival = follow_until_lost(
            lambda amplitude: network.map_at(settings.frequency_Hz, amplitude),
            memory.cycle,
            settings.amplitude,
            LOWEST_AMPLITUDE,
        )
        lowest.append(LowestAmplitude(amplitude=survival.lost_at, how=survival.how))
    here = [[row for row in tongue if row.amplitude == settings.amplitude] for tongue in rows]
    return Existence(
        edges=tuple(edges[0] for edges in here),
        tongue=rows[0],
        lowest_amplitudes=tuple(lowest),
    )


def _measure_folds(
    config: Pals2024Config, network: AnalysedNetwork, memories: list[Memory]
) -> tuple[Fold, ...]:
    """Amplitude of a constant stimulus that destroys each memory, for all pairs."""
    settings, folds = config.analysis, []
    for stimulus in range(len(memories)):
        for index, memory in enumerate(memories):
            if memory.cycle is None:
                continue
            survival = follow_until_lost(
                lambda pulse, stimulus=stimulus: network.map_under(
                    settings.frequency_Hz, settings.amplitude, stimulus, pulse
                ),
                memory.cycle,
                0.0,
                1.0,
            )
            folds.append(
                Fold(stimulus=stimulus, memory=index, lost_at=survival.lost_at, how=survival.how)
            )
    return tuple(folds)


def _reduce_to_phase(system: TrainedMap, held: list[Memory]) -> PhaseOrbits:
    cycles = [memory.cycle for memory in held if memory.cycle is not None]
    radius = np.mean([np.linalg.norm(cycle.states[:-1, :2], axis=1).mean() for cycle in cycles])
    angles = lock_angles(FixedRadiusMap(system, radius=float(radius)))
    return PhaseOrbits(
        radius=float(radius), n_stable=len(angles.stable), n_unstable=len(angles.unstable)
    )


@torch.no_grad()
def _save_trial(folder: RunPaths, spec: NetSpec, net: Any, task: Any, seed: int) -> None:
    """One trial of each stimulus with noise, for the figures."""
    generator = torch.Generator().manual_seed(seed)
    trials = task.sample(64, generator)
    outputs = net(trials.inputs, generator).numpy()
    shown = trials.inputs[:, :, 1:].amax(dim=0).argmax(dim=0).tolist()
    dataset = xr.Dataset(
        {
            "input": (("time", "trial", "channel"), trials.inputs[:, shown].numpy()),
            "target": (("time", "trial"), trials.targets[:, shown].numpy()),
            "mask": (("time", "trial"), trials.mask[:, shown].numpy()),
            "output": (("time", "trial"), outputs[:, shown]),
        },
        {"time": np.arange(task.n_steps) * task.step_ms},
        {"time_unit": "ms"},
    )
    sims.save_dataset(dataset, folder.data_path(spec.name))
