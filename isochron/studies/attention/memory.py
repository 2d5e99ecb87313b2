"""How long a network remembers a stimulus: trials that are longer than those of its training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron import ann_bridge
from isochron.ann_bridge.tasks import Trials
from isochron.studies.attention.results import MemoryCurve

N_POINTS = 150  # of a curve that is saved


@dataclass(frozen=True, eq=False)
class LongTrials:
    """The same trials with each of two stimuli, which then continue without it.

    Attributes
    ----------
    inputs : tuple of two Tensors, shape (n_steps, n_trials, n_inputs)
        With stimulus 0, and with stimulus 1; they differ only during the stimulus.
    end : int
        Last step of the stimulus.
    step_ms : float
    """

    inputs: tuple[Tensor, Tensor]
    end: int
    step_ms: float

    @classmethod
    def of(
        cls, task: Any, n_trials: int, *, pulse_ms: float, longest_ms: float, seed: int
    ) -> "LongTrials":
        """Trials with the reference of a task, and a stimulus at its latest onset.

        Parameters
        ----------
        task : StimulusTask
        n_trials : int
        pulse_ms, longest_ms : float
            Duration of the stimulus, and time after it.
        seed : int
        """
        onset = round(task.onset_ms[1] / task.step_ms)
        end = onset + max(1, round(pulse_ms / task.step_ms)) - 1
        n_steps = end + 1 + round(longest_ms / task.step_ms)
        # The task draws stimuli as well; they are replaced.
        long = replace(task, duration_ms=max(n_steps * task.step_ms, task.duration_ms))
        drawn: Trials = long.sample(n_trials, torch.Generator().manual_seed(seed))
        found = []
        for stimulus in (0, 1):
            inputs = drawn.inputs[:n_steps].clone()
            inputs[:, :, 1:] = 0
            inputs[onset : end + 1, :, 1 + stimulus] = 1
            found.append(inputs)
        return cls((found[0], found[1]), end, task.step_ms)

    def without_reference(self) -> "LongTrials":
        """The same stimuli without a reference."""
        found = tuple(inputs.clone() for inputs in self.inputs)
        for inputs in found:
            inputs[:, :, 0] = 0
        return replace(self, inputs=(found[0], found[1]))

    @torch.no_grad()
    def outputs(self, net: ann_bridge.RecurrentNet, seed: int) -> np.ndarray:
        """Outputs after the stimulus, shape (2, n_lags, n_trials), lag 1 first.

        Initial states and noise are the same for both stimuli.
        """
        runs = [net(inputs, torch.Generator().manual_seed(seed)) for inputs in self.inputs]
        return torch.stack(runs)[:, self.end + 1 :].numpy().astype(float)


def target_size(task: Any) -> float:
    """Root mean square of the targets of a task after the stimulus."""
    drawn: Trials = task.sample(256, torch.Generator().manual_seed(0))
    return float(((drawn.targets**2 * drawn.mask).sum() / drawn.mask.sum()).sqrt())


def ringing(outputs: np.ndarray, size: float) -> float:
    """Standard deviation of outputs over time, mean over trials, relative to the targets.

    Parameters
    ----------
    outputs : ndarray, shape (2, n_lags, n_trials)
        Outputs after a stimulus without a reference.
    size : float
        Root mean square of the targets.
    """
    return float(outputs.std(axis=1).mean() / size)


def memory_curve(outputs: np.ndarray, step_ms: float, size: float) -> MemoryCurve:
    """The memory curve of outputs after two stimuli.

    Parameters
    ----------
    outputs : ndarray, shape (2, n_lags, n_trials)
    step_ms : float
    size : float
        Root mean square of the targets; opposite targets differ by twice as much.
    """
    gap = outputs[0] - outputs[1]
    differences = np.sqrt(np.mean(gap**2, axis=1)) / (2 * size)
    differing = np.flatnonzero((gap != 0).any(axis=1))
    last = int(differing[-1]) if differing.size else 0
    every = max(1, len(differences) // N_POINTS)
    return MemoryCurve(
        lags_ms=tuple((step_ms * (1 + np.arange(len(differences))[::every])).tolist()),
        differences=tuple(differences[::every].tolist()),
        last_ms=None if last == len(differences) - 1 else (1 + last) * step_ms,
        last_difference=float(differences[last]),
        half_ms=half_time(differences, step_ms),
    )


def half_time(differences: Sequence[float] | np.ndarray, step_ms: float) -> float | None:
    """Time from which on a curve is below half of the mean of what is before it."""
    values = np.asarray(differences)
    means = np.cumsum(values) / (1 + np.arange(len(values)))
    above = np.flatnonzero(values >= means / 2)
    last = int(above[-1]) if above.size else 0
    return None if last == len(values) - 1 else (2 + last) * step_ms
