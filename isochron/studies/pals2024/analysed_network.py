"""A trained network under analysis: the trained map, reduced where this is exact."""

from dataclasses import dataclass

import numpy as np
import torch

from isochron.ann_bridge import RecurrentNet, SpikingNet, TrainedMap, is_reducible, reduce_low_rank
from isochron.ann_bridge.nets import ReducedNet
from isochron.ann_bridge.tasks import PhaseMemory


@dataclass(frozen=True)
class AnalysedNetwork:
    """One network under analysis.

    Attributes
    ----------
    net : RecurrentNet
    mapped : RecurrentNet or ReducedNet
        What the maps are made of: of a low-rank network the exact reduction, which has the same
        cycles in rank + inputs dimensions.
    """

    net: RecurrentNet
    mapped: RecurrentNet | ReducedNet

    @classmethod
    def of(cls, net: RecurrentNet) -> "AnalysedNetwork":
        """A network, reduced if it is of low rank."""
        return cls(net, reduce_low_rank(net) if is_reducible(net) else net)

    def map_at(self, frequency_Hz: float | None = None, amplitude: float = 1.0) -> TrainedMap:
        """The map under a reference."""
        return TrainedMap(self.mapped, frequency_Hz=frequency_Hz, amplitude=amplitude)

    def map_under(
        self, frequency_Hz: float, amplitude: float, stimulus: int, pulse: float
    ) -> TrainedMap:
        """The map under a reference under a constant stimulus."""
        return TrainedMap(
            self.mapped,
            frequency_Hz=frequency_Hz,
            amplitude=amplitude,
            pulse={1 + stimulus: pulse},
        )

    @torch.no_grad()
    def first_states(self, count: int, generator: torch.Generator) -> np.ndarray:
        """Random states from which trials start, shape (count, dimension)."""
        states = self.net.initial_states(count, generator).double().numpy()
        return self.mapped.reduce(states) if isinstance(self.mapped, ReducedNet) else states

    def units(self, states: np.ndarray) -> np.ndarray:
        """States of the units, shape (..., n_units)."""
        if isinstance(self.mapped, ReducedNet):
            return self.mapped.expand(states)
        return states[..., : self.net.settings.n_units]

    def read(self, units: np.ndarray) -> np.ndarray:
        """Input of the readout, of the states of the units: ψ(x), or spikes."""
        if isinstance(self.net, SpikingNet):
            return (units > self.net.settings.threshold).astype(float)
        return np.tanh(units) if getattr(self.net.settings, "readout", "") == "rates" else units


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
