"""Constants of the graded model. Light, so that settings and help are instant."""

import math
from dataclasses import dataclass, fields

from isochron.settings import check_types, setting
from isochron.wording import shown

POSITIVE = ("capacitance", "leak_conductance", "activation_rate", "decay_rate", "steepness")
NOT_NEGATIVE = ("gap_conductance", "synaptic_conductance")


@dataclass(frozen=True, kw_only=True, slots=True)
class GradedParameters:
    """Constants of passive neurons with graded synapses, the same for all neurons.

    Raises
    ------
    ValueError
        If a value is not a number, or out of range.

    References
    ----------
    Wicks, Roehrig and Rankin (1996); Kunert, Shlizerman and Kutz (2014).

    Examples
    --------
    The membrane time constant C / G_c in ms, and the activation a_r / (a_r + 2 a_d) of synapses
    at rest, which is 1/11 in both published sets:

    >>> parameters = sims.GradedParameters(leak_conductance=0.02)
    >>> parameters.capacitance / parameters.leak_conductance
    75.0
    >>> 1 / parameters.equilibrium_activation
    11.0
    """

    capacitance: float = setting(1.5, "Membrane capacitance C, positive", unit="pF")
    leak_conductance: float = setting(0.01, "Leak conductance G_c, positive", unit="nS")
    leak_reversal: float = setting(-35.0, "Reversal potential of the leak E_c", unit="mV")
    gap_conductance: float = setting(
        0.1, "Conductance of a gap junction per unit of weight g_gap, >= 0", unit="nS"
    )
    synaptic_conductance: float = setting(
        0.1, "Conductance of an open chemical synapse per unit of weight g_syn, >= 0", unit="nS"
    )
    excitatory_reversal: float = setting(
        0.0, "Reversal potential of excitatory synapses", unit="mV"
    )
    inhibitory_reversal: float = setting(
        -48.0, "Reversal potential of inhibitory synapses", unit="mV"
    )
    activation_rate: float = setting(
        1e-3 / 1.5, "Rate at which synapses open a_r, positive", unit="1/ms"
    )
    decay_rate: float = setting(
        5e-3 / 1.5, "Rate at which synapses close a_d, positive", unit="1/ms"
    )
    steepness: float = setting(0.125, "Steepness of the sigmoid beta, positive", unit="1/mV")

    def __post_init__(self) -> None:
        check_types(self)
        for field in fields(GradedParameters):
            value, unit = getattr(self, field.name), field.metadata["unit"]
            if field.name in POSITIVE and not 0 < value < math.inf:
                raise ValueError(f"{field.name} must be positive (in {unit}), got {shown(value)}.")
            if field.name in NOT_NEGATIVE and not 0 <= value < math.inf:
                raise ValueError(f"{field.name} must be >= 0 (in {unit}), got {shown(value)}.")

    @property
    def equilibrium_activation(self) -> float:
        """Activation of all synapses at rest, s_eq = a_r / (a_r + 2 a_d)."""
        return self.activation_rate / (self.activation_rate + 2 * self.decay_rate)


GRADED_INTERACTOME = GradedParameters()
GRADED_KUNERT2014 = GradedParameters(
    capacitance=1.0, inhibitory_reversal=-45.0, activation_rate=1e-3, decay_rate=5e-3
)
