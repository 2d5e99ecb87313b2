"""Trials of a network: its states under a reference, and what they do after a change."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from isochron import analysis
from isochron.ann_bridge import RecurrentNet, TrainedMap
from isochron.studies.features.samples import Samples


@dataclass(frozen=True, eq=False)
class NetTrials:
    """Trials without noise, after the stimulus.

    Attributes
    ----------
    system : TrainedMap
    inputs : ndarray, shape (n_steps, n_trials, n_inputs)
    times : ndarray of int, shape (n_times,)
        Steps after which the states are taken: from the latest end of a stimulus to one period of
        the reference before the end.
    states : ndarray, shape (n_trials, n_times, n)
    phases, targets : ndarray, shape (n_trials, n_times)
        Phase of the reference in radians, and what the output should be.
    stimuli : ndarray of int, shape (n_trials,)
    period : int
        Steps of one period of the reference, on average.
    """

    system: TrainedMap
    inputs: np.ndarray
    times: np.ndarray
    states: np.ndarray
    phases: np.ndarray
    targets: np.ndarray
    stimuli: np.ndarray
    period: int

    @classmethod
    @torch.no_grad()
    def of(
        cls, net: RecurrentNet, task: Any, n_trials: int, *, every_ms: float, seed: int
    ) -> "NetTrials":
        """Trials of a task with a reference and stimuli.

        Raises
        ------
        ValueError
            If no time is left between the stimulus and the last period of a trial.
        """
        generator = torch.Generator().manual_seed(seed)
        drawn = task.sample(n_trials, generator)
        inputs = drawn.inputs.double().numpy()
        times, period = sampled_steps(task, every_ms)
        system = TrainedMap(net)
        states = net.initial_states(n_trials, generator).double().numpy()
        kept = np.empty((n_trials, len(times), states.shape[1]))
        place = {int(step): k for k, step in enumerate(times)}
        for step, given in enumerate(inputs[: times[-1] + 1]):
            states = system.respond(states, given[None])
            if step in place:
                kept[:, place[step]] = states
        channel = task.reference_input.channel
        # Any signal: a recorded reference may be noisy. The edges are outside of `times`.
        phases = analysis.compute_phase(inputs[:, :, channel].T, significance=1.0)
        others = np.delete(inputs, channel, axis=2)
        return cls(
            system=system,
            inputs=inputs,
            times=times,
            states=kept,
            phases=phases[:, times],
            targets=drawn.targets.double().numpy()[times].T,
            stimuli=others.sum(axis=0).argmax(axis=1),
            period=period,
        )

    def samples(self) -> Samples:
        """The states of all trials; those of the second half are held out."""
        n_trials, n_times, n = self.states.shape
        trials = np.repeat(np.arange(n_trials), n_times)
        return Samples(
            states=self.states.reshape(-1, n),
            phases=self.phases.ravel(),
            trials=trials,
            conditions=self.stimuli[trials],
            held_out=trials >= n_trials // 2,
            derived=False,
        )


def sampled_steps(task: Any, every_ms: float) -> tuple[np.ndarray, int]:
    """Steps at which states are taken, and the number of steps of a period of the reference.

    Raises
    ------
    ValueError
        If there are fewer than 2.
    """
    period = round(1e3 / (task.reference_input.frequency_Hz * task.step_ms))
    first = -int(-(task.onset_ms[1] + task.pulse_ms[1]) // task.step_ms)
    times = np.arange(first, task.n_steps - period, max(1, round(every_ms / task.step_ms)))
    if len(times) < 2:
        raise ValueError(
            f"A trial of {task.duration_ms:g} ms has {len(times)} states every {every_ms:g} ms "
            f"between the latest end of a stimulus, {first * task.step_ms:g} ms, and its last "
            f"period of {period * task.step_ms:g} ms; 2 are needed. Lower every_ms."
        )
    return times, period
