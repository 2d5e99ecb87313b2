"""Noiseless trials of the task under one reference, to see where they end."""

from dataclasses import dataclass

import numpy as np
import torch

from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.tasks import PhaseMemory
from isochron.runs.analysed_network import AnalysedNetwork


@dataclass(frozen=True)
class TrialEnds:
    """The last period of trials without noise, at one frequency and amplitude.

    Attributes
    ----------
    stimulus : ndarray of int, shape (n_trials,)
    orbit : ndarray, shape (n_steps + 1, n_trials, dimension)
        From phase 0 of the reference on.
    """

    stimulus: np.ndarray
    orbit: np.ndarray


def run_trials(
    network: AnalysedNetwork,
    system: TrainedMap,
    task: PhaseMemory,
    *,
    amplitude: float,
    n_trials: int,
    seed: int,
) -> TrialEnds:
    """Trials of every stimulus, with onsets and durations as in the task.

    They last as long as those of the task, rounded up to whole periods of the map.

    Parameters
    ----------
    n_trials : int
        Number of trials of each stimulus.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    stimulus = np.repeat(np.arange(len(task.offsets)), n_trials)
    n_steps = -(-task.n_steps // system.n_steps) * system.n_steps
    onset = rng.uniform(*task.onset_ms, stimulus.size)
    offset = onset + rng.uniform(*task.pulse_ms, stimulus.size)
    time = task.step_ms * np.arange(n_steps)[:, None]
    inputs = np.zeros((n_steps, stimulus.size, task.n_inputs))
    inputs[:, :, 0] = amplitude * np.sin(system.reference_phase(n_steps))[:, None]
    trial = np.arange(stimulus.size)
    inputs[:, trial, 1 + stimulus] = (time >= onset) & (time < offset)
    begin = network.first_states(stimulus.size, generator)
    before = system.respond(begin, inputs[: -system.n_steps])
    return TrialEnds(stimulus, system.orbit(before, system.n_steps))
