"""A connectome with spiking neurons, simulated by Brian2.

``run_spiking(SpikingNetwork(connectome, C302_B), stimulus, duration_s=1)`` gives spikes and rates.
"""

from isochron.sims.spiking.network import SpikingNetwork
from isochron.sims.spiking.parameters import (
    C302_A,
    C302_B,
    AdaptiveExponential,
    LeakyIntegrateAndFire,
    SpikingParameters,
    TwoExponentialSynapses,
)
from isochron.sims.spiking.run import SpikingRunSettings, compute_rates, run_spiking

__all__ = [
    "C302_A",
    "C302_B",
    "AdaptiveExponential",
    "LeakyIntegrateAndFire",
    "SpikingNetwork",
    "SpikingParameters",
    "SpikingRunSettings",
    "TwoExponentialSynapses",
    "compute_rates",
    "run_spiking",
]
