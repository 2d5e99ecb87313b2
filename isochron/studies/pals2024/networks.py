"""Training and analysis of one network of the reproduction; results are JSON values."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from isochron import ann_bridge, sims
from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.trained_map import FixedRadiusMap
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.measures import (
    Report,
    measure_tongues,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.studies.pals2024.conditions import (
    NetSpec,
    budget_of,
    build_net,
    build_task,
    parse_condition,
)
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.measured_network import measure_network
from isochron.studies.pals2024.memories import Memory
from isochron.studies.pals2024.polar import lock_angles
from isochron.studies.pals2024.results import (
    Existence,
    Fold,
    LowestAmplitude,
    PhaseOrbits,
)
from isochron.studies.survival import follow_until_lost

LOWEST_AMPLITUDE = 0.02


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
        task=build_task(config, condition),
        parameters=budget_of(config, condition).parameters(),
        seed=_seed(config, spec, "training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report, condition=condition.name)
    return to_json_values(result.record)


def analyse_net(config: Pals2024Config, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Find the cycles, memories and code of a trained network; `NetworkAnalysis` as JSON values."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    task = build_task(config, spec.condition)
    report(0.0, "survey of entrained cycles")
    seed = _seed(config, spec, "analysis")
    evaluation = ann_bridge.Evaluation.from_record(notes | {"chance": task.chance})
    measured = measure_network(config, spec, net, evaluation, seed)
    _save_trial(folder, spec, net, task, seed)
    found, network, held = measured.analysis, measured.network, measured.held
    if found.learned and held:
        report(0.4, "frequencies and amplitudes")
        existence = _measure_existence(config, spec, network, held, report)
        report(0.8, "constant stimuli")
        folds = _measure_folds(config, network, measured.memories)
        found = replace(found, existence=existence, folds=folds)
        if spec.condition.kind == "rank" and spec.condition.rank == 2:
            found = replace(found, polar=_reduce_to_phase(measured.system, held))
    return to_json_values(found)


def _seed(config: Pals2024Config, spec: NetSpec, purpose: str) -> int:
    return derive_seed(config.seed, spec.condition.name, spec.number, purpose)


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
