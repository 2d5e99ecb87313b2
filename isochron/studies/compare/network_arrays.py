"""Arrays for the figures of a network."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from isochron import sims
from isochron.ann_bridge.tasks import Task
from isochron.studies.compare.subject import Found, Subject, pair_seed

N_TRAJECTORIES = 3
TRAJECTORY_PERIODS = 6
N_TRIALS = 64  # from which those that are shown are chosen
MOST_SHOWN = 6  # trials
REFERENCE_INPUT = "reference_input"  # attribute: channel of the reference in trials, -1 without


@torch.no_grad()
def save_arrays(path: Path, subject: Subject, found: Found) -> None:
    """Save cycles, fixed points, trajectories and, if the task is known, trials."""
    system, network = subject.system, subject.network
    moving = system if subject.forced else network.map_at()
    starts = subject.starts(2 * N_TRAJECTORIES)[-N_TRAJECTORIES:]
    n_steps = TRAJECTORY_PERIODS * system.n_steps
    trajectories = np.array([network.units(moving.orbit(start, n_steps)) for start in starts])
    n_units = trajectories.shape[-1]
    cycles = np.array([subject.states(cycle) for cycle in found.cycles])
    rests = np.array([network.units(point.point) for point in found.points])
    dataset = xr.Dataset(
        {
            "cycle_states": (
                ("cycle", "cycle_time", "unit"),
                cycles.reshape(-1, system.n_steps + 1, n_units),
            ),
            "fixed_point_states": (("fixed_point", "unit"), rests.reshape(-1, n_units)),
            "trajectory": (("start", "time", "unit"), trajectories.astype(np.float32)),
        },
        {"cycle_time": np.arange(system.n_steps + 1) * system.step_ms},
        {"time_unit": "ms", "reference_frequency_Hz": system.frequency_Hz},
    )
    if subject.task is not None:
        trials = _trials(subject, subject.task)
        dataset = dataset.merge(trials).assign_attrs(trials.attrs)
    sims.save_dataset(dataset, path)


def _trials(subject: Subject, task: Task) -> xr.Dataset:
    """Inputs, targets and outputs of one trial for each stimulus."""
    generator = torch.Generator().manual_seed(pair_seed(subject.label.pair, "shown"))
    trials = task.sample(N_TRIALS, generator)
    outputs = subject.network.net(trials.inputs, generator).numpy()
    stimuli = _stimuli(trials.inputs.numpy(), task)
    shown = np.abs(stimuli).max(axis=0).argmax(axis=0)[:MOST_SHOWN]
    shown = shown if shown.size else np.arange(2)
    return xr.Dataset(
        {
            "trial_inputs": (("trial_time", "trial", "channel"), trials.inputs[:, shown].numpy()),
            "trial_target": (("trial_time", "trial"), _first(trials.targets)[:, shown].numpy()),
            "trial_mask": (("trial_time", "trial"), _first(trials.mask)[:, shown].numpy()),
            "trial_output": (("trial_time", "trial"), _first(outputs)[:, shown]),
        },
        {"trial_time": np.arange(task.n_steps) * task.step_ms},
        {REFERENCE_INPUT: _reference_channel(task)},
    )


def _reference_channel(task: Task) -> int:
    """Input of the reference of a task; -1 without one."""
    reference: Any = getattr(task, "reference_input", None)
    return -1 if reference is None else reference.channel


def _stimuli(inputs: np.ndarray, task: Task) -> np.ndarray:
    """Inputs of trials without the reference and without channels that are never used."""
    used = [channel for channel in range(inputs.shape[-1]) if inputs[..., channel].any()]
    return inputs[..., [channel for channel in used if channel != _reference_channel(task)]]


def _first(values: Any) -> Any:
    """The first output, of arrays (time, trial) or (time, trial, output)."""
    return values if values.ndim == 2 else values[..., 0]
