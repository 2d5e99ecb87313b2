"""A trained network under analysis: the trained map, reduced where this is exact."""

from dataclasses import dataclass

import numpy as np
import torch

from isochron.ann_bridge import RecurrentNet, SpikingNet, TrainedMap, is_reducible, reduce_low_rank
from isochron.ann_bridge.nets import ReducedNet


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

    def map_at(
        self, frequency_Hz: float | None = None, amplitude: float = 1.0, *, channel: int = 0
    ) -> TrainedMap:
        """The map under a reference on the input `channel`, or without inputs."""
        return TrainedMap(
            self.mapped, frequency_Hz=frequency_Hz, amplitude=amplitude, channel=channel
        )

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
