"""The nets of a comparison: built, trained, analysed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from isochron import analysis, ann_bridge, sims
from isochron.connectome import rewire
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import (
    Report,
    common_tongue,
    describe_cycle,
    describe_fixed_point,
    distinct_phases,
    measure_dimensionality,
    measure_free_running,
    measure_phase_locking,
    measure_tongues,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.studies.compare.configuration import CompareConfig

N_TRAJECTORIES = 3
TRAJECTORY_PERIODS = 6
FREE_PERIODS = 100
MAX_TONGUES = 4  # cycles that are followed in frequency: those with the largest basins


@dataclass(frozen=True)
class NetSpec:
    """One net of a comparison."""

    kind: str  # low-rank, connectome or rewired
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
    """A net before training."""
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
    budget = ann_bridge.TrainingParameters(
        steps=section.steps if spec.trained else 0,
        batch_size=section.batch_size,
        learning_rate=section.learning_rate,
        stop_below=section.stop_below,
    )
    training = Training(
        net=net,
        task=task,
        parameters=budget,
        seed=_seed(config, spec, "training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    return train_and_save(training, folder, spec.name, report, seed=spec.seed).describe()


def analyse_net(config: CompareConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Find the rhythms of a trained net; its row as JSON values."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    task, reference = phase_memory(config), config.reference
    found = ann_bridge.Evaluation.from_record(notes | {"chance": task.chance})
    generator = torch.Generator().manual_seed(_seed(config, spec, "states"))
    system = ann_bridge.TrainedMap(
        net, frequency_Hz=reference.frequency_Hz, amplitude=reference.amplitude
    )
    report(0.0, "survey of entrained cycles")
    starts = _starts(config, spec, net, system, task, generator)
    survey = analysis.find_entrained_cycles(system, starts)
    report(0.3, "fixed points")
    free = ann_bridge.TrainedMap(net)
    candidates = [np.zeros(system.dimension), *starts[:8]]
    candidates += [cycle.point for cycle in survey.cycles]
    fixed_points = analysis.find_fixed_points(free, candidates)
    condition = f"reference {system.frequency_Hz:.4g} Hz, amplitude {reference.amplitude:g}"
    cycles = []
    for cycle, basin in zip(survey.cycles, survey.basins, strict=True):
        outputs = system.outputs(cycle.states[1:])
        phase, amplitude = analysis.harmonic_phase(outputs, system.reference_phase())
        how = (
            f"{basin} of {survey.n_starts} starts"
            if basin
            else "Newton from transients or mirror image"
        )
        described = describe_cycle(
            cycle,
            condition=condition,
            how_found=f"{how}; {cycle.message}",
            output_phase=phase,
            forcing_cycles=system.forcing_cycles,
        )
        described["output_amplitude"] = amplitude
        cycles.append(described)
    states = [cycle.states[:-1] for cycle in survey.stable]
    locking, free_running = _measure_locking(config, spec, net, system, survey, report)
    _save_arrays(folder, spec, net, task, system, survey, fixed_points, starts, generator)
    return {
        "name": spec.name,
        "kind": spec.kind,
        "trained": spec.trained,
        "n_units": system.dimension,
        "dataset": None if spec.kind == "low-rank" else open_connectome(config.worm.dataset).name,
        "seed": spec.seed,
        "loss": found.loss,
        "standard_error": found.standard_error,
        "chance": found.chance,
        "learned": found.learned == "yes",
        "fixed_points": [
            describe_fixed_point(point, condition="reference off") for point in fixed_points
        ],
        "limit_cycles": cycles,
        "locking": locking,
        "dimensionality": measure_dimensionality(np.concatenate(states)) if states else None,
        "free_running": free_running,
        "memories": distinct_phases(
            [cycle["output_phase_cycles"] for cycle in cycles if cycle["stable"]]
        ),
        "survey": {
            "n_starts": survey.n_starts,
            "n_not_entrained": survey.n_not_entrained,
            "undetected_basin_bound": survey.undetected_basin_bound,
            "index_sum": survey.index_sum,
        },
        "notes": [],
    }


def _seed(config: CompareConfig, spec: NetSpec, purpose: str) -> int:
    return derive_seed(config.seed, spec.kind, spec.seed, purpose)


@torch.no_grad()
def _starts(config, spec, net, system, task, generator) -> np.ndarray:
    """States from which to look for attractors: half where the network moves, half after trials.

    Those after trials are where the network is when it remembers, at all phases.
    """
    rng = np.random.default_rng(_seed(config, spec, "states"))
    count = config.reference.n_starts
    spread = system.initial_states(count - count // 2, rng)
    if count < 2:
        return spread
    before = net.initial_states(count // 2, generator).double().numpy()
    trials = task.sample(len(before), generator)
    return np.concatenate([spread, system.respond(before, trials.inputs.numpy())])


def _measure_locking(config, spec, net, system, survey, report):
    reference = config.reference
    stable = survey.stable
    rng = np.random.default_rng(_seed(config, spec, "noise"))
    n_steps = reference.noisy_periods * system.n_steps
    phase = system.reference_phase(n_steps)
    per_period = round(system.n_steps / system.forcing_cycles)
    values, noise = [], net.settings.noise_std
    for cycle in stable:
        noisy = system.orbit(cycle.point, n_steps, noise_std=noise, rng=rng)
        values.append(measure_phase_locking(system.outputs(noisy[1:]), phase, per_period))
    driven = np.mean([np.ptp(system.outputs(cycle.states)) / 2 for cycle in stable] or [1.0])
    free = ann_bridge.TrainedMap(net)
    start = stable[0].point if stable else np.full(free.dimension, 0.1)
    settled = free.advance(start, FREE_PERIODS * system.n_steps)
    signal = free.outputs(free.orbit(settled, n_steps)[1:])
    free_running = measure_free_running(signal, free.step_ms, float(driven))
    uncoupled = None
    if free_running["oscillates"]:
        uncoupled = measure_phase_locking(signal, phase, per_period)

    def at(frequency: float, amplitude: float) -> ann_bridge.TrainedMap:
        return ann_bridge.TrainedMap(net, frequency_Hz=frequency, amplitude=amplitude)

    tongues = []
    for i, cycle in enumerate(stable[:MAX_TONGUES]):
        tongues.append(
            measure_tongues(
                at,
                cycle.point,
                frequency=system.frequency_Hz,
                amplitude=reference.amplitude,
                amplitudes=reference.tongue_amplitudes if i == 0 else (),
                limits=reference.tongue_limits_Hz,
                report=lambda fraction, text: report(0.4 + 0.6 * fraction, text),
            )
        )
    here = [row for rows in tongues for row in rows if row["amplitude"] == reference.amplitude]
    known = [value for value in values if value is not None]
    locking = {
        "reference_frequency_Hz": system.frequency_Hz,
        "reference_amplitude": reference.amplitude,
        "amplitude_unit": "1",
        "noise": f"private, standard deviation {noise:g}",
        "plv": float(np.mean(known)) if known else None,
        "plv_uncoupled": uncoupled,
        "tongue": common_tongue(here),
        "tongue_by_amplitude": tongues[0] if tongues else [],
    }
    return locking, free_running


@torch.no_grad()
def _save_arrays(folder, spec, net, task, system, survey, fixed_points, starts, generator) -> None:
    """Everything that the figures of a net are drawn from."""
    n_steps = TRAJECTORY_PERIODS * system.n_steps
    # The last starts are those after trials, when the net remembers.
    trajectories = np.array([system.orbit(start, n_steps) for start in starts[-N_TRAJECTORIES:]])
    trials = task.sample(64, generator)
    outputs = net(trials.inputs, generator).numpy()
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
                np.array([point.point for point in fixed_points]).reshape(-1, system.dimension),
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
    sims.save_dataset(dataset, folder.data_path(spec.name))
