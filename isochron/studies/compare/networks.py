"""The networks of a comparison: construction, training, analysis."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from isochron import analysis, ann_bridge, sims
from isochron.analysis import EntrainedCycleSurvey, FixedPoint, LimitCycle
from isochron.connectome import rewire
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import (
    Report,
    describe_fixed_point,
    describe_network_cycle,
    describe_survey,
    distinct_phases,
    measure_dimensionality,
    measure_free_running,
    measure_phase_locking,
    measure_tongues,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.results import (
    FreeRunning,
    Locking,
    NetworkCycle,
    TongueEdges,
    TongueRow,
    to_json_values,
)
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.results import NetAnalysis, NetKind

N_TRAJECTORIES = 3
TRAJECTORY_PERIODS = 6
FREE_PERIODS = 100
MAX_TONGUES = 4  # cycles that are followed in frequency: those with the largest basins


@dataclass(frozen=True)
class NetSpec:
    """One network of a comparison."""

    kind: NetKind
    seed: int
    trained: bool = True

    @property
    def name(self) -> str:
        """Name of the system, also of its files."""
        return f"{self.kind}-{self.seed}{'' if self.trained else '-untrained'}"


def phase_memory(config: CompareConfig) -> ann_bridge.tasks.PhaseMemory:
    """The task of a comparison."""
    return ann_bridge.tasks.PhaseMemory(
        offsets=config.task.offsets, duration_ms=config.task.duration_ms
    )


def build_net(config: CompareConfig, spec: NetSpec) -> ann_bridge.LeakyRNN:
    """A network before training."""
    generator = torch.Generator().manual_seed(_seed(config, spec, "weights"))
    n_inputs = phase_memory(config).n_inputs
    if spec.kind == "low-rank":
        section = config.low_rank
        return ann_bridge.LowRankRNN(
            n_units=section.n_units, rank=section.rank, n_inputs=n_inputs, generator=generator
        )
    connectome = open_connectome(config.worm.dataset)
    if spec.kind == "rewired":
        rng = np.random.default_rng(_seed(config, spec, "rewiring"))
        connectome = rewire(connectome, rng, swaps_per_edge=config.connectome.swaps_per_edge)
    parameters = ann_bridge.ConnectomeRNNParameters(
        n_units=len(connectome.neurons), n_inputs=n_inputs
    )
    masks = ann_bridge.connectome_masks(connectome)
    return ann_bridge.ConnectomeRNN(masks, parameters, generator=generator)


def train_net(config: CompareConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network, or resume it, and save it; its losses as JSON values."""
    net, task = build_net(config, spec), phase_memory(config)
    section = config.low_rank if spec.kind == "low-rank" else config.connectome
    training = Training(
        net=net,
        task=task,
        parameters=section.parameters(trained=spec.trained),
        seed=_seed(config, spec, "training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report, seed=spec.seed)
    return to_json_values(result.record)


@dataclass(frozen=True)
class Trained:
    """A trained network under the reference, and its task."""

    config: CompareConfig
    spec: NetSpec
    net: ann_bridge.RecurrentNet
    system: ann_bridge.TrainedMap
    task: ann_bridge.tasks.PhaseMemory
    generator: torch.Generator

    @property
    def condition(self) -> str:
        """The reference in words."""
        amplitude = self.config.reference.amplitude
        return f"reference {self.system.frequency_Hz:.4g} Hz, amplitude {amplitude:g}"


def analyse_net(config: CompareConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Find the rhythms of a trained network; `NetAnalysis` as JSON values."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    task, reference = phase_memory(config), config.reference
    evaluation = ann_bridge.Evaluation.from_record(notes | {"chance": task.chance})
    trained = Trained(
        config=config,
        spec=spec,
        net=net,
        system=ann_bridge.TrainedMap(
            net, frequency_Hz=reference.frequency_Hz, amplitude=reference.amplitude
        ),
        task=task,
        generator=torch.Generator().manual_seed(_seed(config, spec, "states")),
    )
    report(0.0, "survey of entrained cycles")
    starts = _starts(trained)
    survey = analysis.find_entrained_cycles(trained.system, starts)
    report(0.3, "fixed points")
    candidates = [np.zeros(trained.system.dimension), *starts[:8]]
    candidates += [cycle.point for cycle in survey.cycles]
    points = analysis.find_fixed_points(ann_bridge.TrainedMap(net), candidates)
    locking, free_running = _measure_locking(trained, survey, report)
    _save_arrays(folder.data_path(spec.name), trained, survey, points, starts[-N_TRAJECTORIES:])
    cycles = _describe_cycles(trained, survey)
    states = [cycle.states[:-1] for cycle in survey.stable]
    found = NetAnalysis(
        name=spec.name,
        kind=spec.kind,
        trained=spec.trained,
        n_units=trained.system.dimension,
        dataset=None if spec.kind == "low-rank" else open_connectome(config.worm.dataset).name,
        seed=spec.seed,
        loss=evaluation.loss,
        standard_error=evaluation.standard_error,
        chance=evaluation.chance,
        learned=evaluation.learned == "yes",
        fixed_points=tuple(
            describe_fixed_point(point, condition="reference off") for point in points
        ),
        limit_cycles=cycles,
        locking=locking,
        dimensionality=measure_dimensionality(np.concatenate(states)) if states else None,
        free_running=free_running,
        memories=tuple(
            distinct_phases([cycle.output_phase_cycles for cycle in cycles if cycle.stable])
        ),
        survey=describe_survey(survey),
        notes=(),
    )
    return to_json_values(found)


def _describe_cycles(trained: Trained, survey: EntrainedCycleSurvey) -> tuple[NetworkCycle, ...]:
    described = []
    for cycle, basin in zip(survey.cycles, survey.basins, strict=True):
        how = f"{basin} of {survey.n_starts} starts"
        if not basin:
            how = "Newton from transients or mirror image"
        described.append(
            describe_network_cycle(
                trained.system,
                cycle,
                condition=trained.condition,
                how_found=f"{how}; {cycle.message}",
            )
        )
    return tuple(described)


def _seed(config: CompareConfig, spec: NetSpec, purpose: str) -> int:
    return derive_seed(config.seed, spec.kind, spec.seed, purpose)


@torch.no_grad()
def _starts(trained: Trained) -> np.ndarray:
    """Initial states of the attractor survey: half from noisy runs, half after trials.

    The states after trials are those in which the network stores a memory, at all phases.
    """
    config, system, generator = trained.config, trained.system, trained.generator
    rng = np.random.default_rng(_seed(config, trained.spec, "states"))
    count = config.reference.n_starts
    spread = system.initial_states(count - count // 2, rng)
    if count < 2:
        return spread
    before = trained.net.initial_states(count // 2, generator).double().numpy()
    trials = trained.task.sample(len(before), generator)
    return np.concatenate([spread, system.respond(before, trials.inputs.numpy())])


def _measure_locking(
    trained: Trained, survey: EntrainedCycleSurvey, report: Report
) -> tuple[Locking, FreeRunning]:
    """Locking of each stable cycle to the reference, and the motion without it."""
    reference, system, stable = trained.config.reference, trained.system, survey.stable
    n_steps = reference.noisy_periods * system.n_steps
    phase = system.reference_phase(n_steps)
    per_period = round(system.n_steps / system.forcing_cycles)
    known = _noisy_plvs(trained, stable, phase, per_period)
    signal = _run_free(trained, stable, n_steps)
    sizes = [np.ptp(system.outputs(cycle.states)) / 2 for cycle in stable]
    free_running = measure_free_running(signal, system.step_ms, float(np.mean(sizes or [1.0])))
    uncoupled = None
    if free_running.oscillates:
        uncoupled = measure_phase_locking(signal, phase, per_period)
    tongues = [
        _measure_tongues(trained, cycle, i, report) for i, cycle in enumerate(stable[:MAX_TONGUES])
    ]
    here = [row for rows in tongues for row in rows if row.amplitude == reference.amplitude]
    locking = Locking(
        reference_frequency_Hz=system.frequency_Hz,
        reference_amplitude=reference.amplitude,
        amplitude_unit="1",
        noise=f"private, standard deviation {trained.net.settings.noise_std:g}",
        plv=float(np.mean(known)) if known else None,
        plv_uncoupled=uncoupled,
        tongue=TongueEdges.overlap(here),
        tongue_by_amplitude=tuple(tongues[0]) if tongues else (),
    )
    return locking, free_running


def _noisy_plvs(
    trained: Trained, stable: Sequence[LimitCycle], phase: np.ndarray, per_period: int
) -> list[float]:
    """Phase-locking values of the output with the network's noise, from each stable cycle."""
    system, noise = trained.system, trained.net.settings.noise_std
    rng = np.random.default_rng(_seed(trained.config, trained.spec, "noise"))
    values = []
    for cycle in stable:
        noisy = system.orbit(cycle.point, phase.size, noise_std=noise, rng=rng)
        values.append(measure_phase_locking(system.outputs(noisy[1:]), phase, per_period))
    return [value for value in values if value is not None]


def _run_free(trained: Trained, stable: Sequence[LimitCycle], n_steps: int) -> np.ndarray:
    """The output with the reference off, from the first stable cycle or from near rest."""
    free = ann_bridge.TrainedMap(trained.net)
    start = stable[0].point if stable else np.full(free.dimension, 0.1)
    settled = free.advance(start, FREE_PERIODS * trained.system.n_steps)
    return free.outputs(free.orbit(settled, n_steps)[1:])


def _measure_tongues(
    trained: Trained, cycle: LimitCycle, number: int, report: Report
) -> list[TongueRow]:
    """The tongue of one stable cycle; at all amplitudes of the first."""
    reference = trained.config.reference
    return measure_tongues(
        lambda frequency, amplitude: ann_bridge.TrainedMap(
            trained.net, frequency_Hz=frequency, amplitude=amplitude
        ),
        cycle.point,
        frequency=trained.system.frequency_Hz,
        amplitude=reference.amplitude,
        amplitudes=() if number else reference.tongue_amplitudes,
        limits=reference.tongue_limits_Hz,
        report=lambda fraction, text: report(0.4 + 0.6 * fraction, text),
    )


@torch.no_grad()
def _save_arrays(
    path: Path,
    trained: Trained,
    survey: EntrainedCycleSurvey,
    points: Sequence[FixedPoint],
    starts: np.ndarray,
) -> None:
    """Save the arrays for the figures of a network; trajectories start at `starts`."""
    system, task = trained.system, trained.task
    n_steps = TRAJECTORY_PERIODS * system.n_steps
    trajectories = np.array([system.orbit(start, n_steps) for start in starts])
    trials = task.sample(64, trained.generator)
    outputs = trained.net(trials.inputs, trained.generator).numpy()
    pulses = trials.inputs[:, :, 1:].amax(dim=0)
    shown = [int(torch.argmax(pulses[:, channel])) for channel in range(pulses.shape[1])]
    cycles = [cycle.states for cycle in survey.cycles]
    shape = (0, system.n_steps + 1, system.dimension)
    dataset = xr.Dataset(
        {
            "cycle_states": (
                ("cycle", "cycle_time", "unit"),
                np.array(cycles) if cycles else np.empty(shape),
            ),
            "fixed_point_states": (
                ("fixed_point", "unit"),
                np.array([point.point for point in points]).reshape(-1, system.dimension),
            ),
            "trajectory": (("start", "time", "unit"), trajectories.astype(np.float32)),
            "trial_inputs": (("trial_time", "trial", "channel"), trials.inputs[:, shown].numpy()),
            "trial_target": (("trial_time", "trial"), trials.targets[:, shown].numpy()),
            "trial_mask": (("trial_time", "trial"), trials.mask[:, shown].numpy()),
            "trial_output": (("trial_time", "trial"), outputs[:, shown]),
        },
        {
            "cycle_time": np.arange(system.n_steps + 1) * system.step_ms,
            "trial_time": np.arange(task.n_steps) * task.step_ms,
        },
        {"time_unit": "ms", "reference_frequency_Hz": system.frequency_Hz},
    )
    sims.save_dataset(dataset, path)
