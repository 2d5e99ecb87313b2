"""A connectome with spiking neurons."""

import numpy as np

from isochron.connectome import Connectome, gaba_inhibitory
from isochron.sims.graded import SignRule
from isochron.sims.spiking.parameters import C302_B, SpikingParameters


class SpikingNetwork:
    """A connectome with spiking neurons, conductance synapses and gap junctions.

    Parameters
    ----------
    wiring : Connectome
        Gap junctions and chemical synapses; muscles and self gap junctions play no part.
    parameters : SpikingParameters
        Constants; `C302_A` and `C302_B` are published sets.
    signs : callable, optional
        Sign rule of `isochron.connectome`. By default the rule that signed the wiring, and
        `gaba_inhibitory` for a wiring without signs. A connection that the rule leaves
        without a sign plays no part.

    Attributes
    ----------
    wiring : Connectome
        The wiring, signed.
    n_neurons : int
    excitation, inhibition : ndarray, shape (n_neurons, n_neurons)
        Largest conductance after one spike, nS, ``[post, pre]``.
    gap : ndarray, shape (n_neurons, n_neurons)
        Conductance of the gap junctions, nS; symmetric, with a diagonal of zeros.
    """

    def __init__(
        self,
        wiring: Connectome,
        parameters: SpikingParameters = C302_B,
        *,
        signs: SignRule | None = None,
    ) -> None:
        if signs is not None or wiring.signs is None:
            wiring = wiring.with_signs(signs or gaba_inhibitory)
        sign = wiring.signs if wiring.signs is not None else np.zeros_like(wiring.chemical)
        conductance = parameters.synapses.conductance * wiring.chemical
        self.wiring = wiring
        self.parameters = parameters
        self.n_neurons = len(wiring.neurons)
        self.excitation = np.where(sign > 0, conductance, 0.0)
        self.inhibition = np.where(sign < 0, conductance, 0.0)
        self.gap = parameters.gap_conductance * wiring.gap.astype(float)
        np.fill_diagonal(self.gap, 0.0)
