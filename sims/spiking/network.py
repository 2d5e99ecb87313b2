"""A connectome with spiking neurons."""

import numpy as np

from isochron.connectome import Connectome
from isochron.connectome.signs import SignRule, signed
from isochron.sims.spiking.parameters import C302_B, SpikingParameters


class SpikingNetwork:
    """A connectome with spiking neurons, conductance synapses and gap junctions.

    Parameters
    ----------
    connectome : Connectome
        Gap junctions and chemical synapses; muscles and gap junctions of a neuron with itself
        are not used.
    parameters : SpikingParameters
        Constants; `C302_A` and `C302_B` are published sets.
    signs : callable, optional
        Sign rule of `isochron.connectome`: from a connectome to an array of shape
        (n_neurons, n_neurons). By default the rule that signed the connectome, and
        `gaba_inhibitory` for a connectome without signs. A connection to which the rule does
        not give a sign is not used.

    Attributes
    ----------
    connectome : Connectome
        The connectome, signed.
    n_neurons : int
        Number of neurons.
    excitation, inhibition : ndarray, shape (n_neurons, n_neurons)
        Largest conductance after one spike, nS, ``[post, pre]``.
    gap : ndarray, shape (n_neurons, n_neurons)
        Conductance of the gap junctions, nS; symmetric, with a diagonal of zeros.

    Examples
    --------
    A inhibits B with a weight of 4, and each unit of weight is 0.01 nS:

    >>> graph = connectome.importers.from_matrices(
    ...     ["A", "B"], [[0, 0], [-4, 0]], rows="postsynaptic", signs="from_weights"
    ... )
    >>> sims.SpikingNetwork(graph).inhibition
    array([[0.  , 0.  ],
           [0.04, 0.  ]])
    """

    def __init__(
        self,
        connectome: Connectome,
        parameters: SpikingParameters = C302_B,
        *,
        signs: SignRule | None = None,
    ) -> None:
        connectome = signed(connectome, signs)
        sign = (
            connectome.signs if connectome.signs is not None else np.zeros_like(connectome.chemical)
        )
        conductance = parameters.synapses.conductance * connectome.chemical
        self.connectome = connectome
        self.parameters = parameters
        self.n_neurons = len(connectome.neurons)
        self.excitation = np.where(sign > 0, conductance, 0.0)
        self.inhibition = np.where(sign < 0, conductance, 0.0)
        self.gap = parameters.gap_conductance * connectome.gap.astype(float)
        np.fill_diagonal(self.gap, 0.0)
