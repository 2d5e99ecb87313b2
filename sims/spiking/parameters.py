"""Constants of spiking networks.

Units are pF, nS, mV, ms and pA, which close on themselves; every number may also be given as
a Brian2 quantity, ``capacitance=3 * brian2.pF``.
"""

from dataclasses import dataclass, field

from isochron.sims.spiking.quantities import quantity, take_units


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyIntegrateAndFire:
    """C dV/dt = g_L (E_L - V) + I; a spike where V passes the threshold, then the reset.

    The values are those of c302's levels A and B, which its authors call blind guesses.

    Attributes
    ----------
    capacitance : float
        pF.
    leak_conductance : float
        nS.
    leak_reversal, threshold, reset : float
        mV; the reset lies below the threshold.
    refractory_period : float
        ms; the potential stays at the reset so long.
    """

    capacitance: float = quantity(3.0, "pF", "positive")
    leak_conductance: float = quantity(0.1, "nS", "positive")
    leak_reversal: float = quantity(-50.0, "mV")
    threshold: float = quantity(-30.0, "mV")
    reset: float = quantity(-50.0, "mV")
    refractory_period: float = quantity(0.0, "ms", "not negative")

    def __post_init__(self) -> None:
        take_units(self)
        _check_order("reset", self.reset, "threshold", self.threshold, "mV")


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveExponential:
    """The adaptive exponential integrate-and-fire neuron.

        C dV/dt     = g_L (E_L - V) + g_L Delta_T exp((V - V_T) / Delta_T) - w + I
        tau_w dw/dt = a (V - E_L) - w

    and a spike where V passes the peak: V becomes the reset, w grows by b.

    Attributes
    ----------
    capacitance : float
        C, pF.
    leak_conductance : float
        g_L, nS.
    leak_reversal : float
        E_L, mV.
    threshold : float
        V_T, mV, where the upstroke sets in.
    slope_factor : float
        Delta_T, mV.
    adaptation_conductance : float
        a, nS; may be negative.
    adaptation_time_constant : float
        tau_w, ms.
    adaptation_jump : float
        b, pA.
    reset : float
        mV; it lies below the peak.
    peak : float
        mV; it lies above `threshold`.
    refractory_period : float
        ms; the potential stays at the reset so long.

    References
    ----------
    Brette and Gerstner (2005), Journal of Neurophysiology 94:3637; its values are the defaults.
    """

    capacitance: float = quantity(281.0, "pF", "positive")
    leak_conductance: float = quantity(30.0, "nS", "positive")
    leak_reversal: float = quantity(-70.6, "mV")
    threshold: float = quantity(-50.4, "mV")
    slope_factor: float = quantity(2.0, "mV", "positive")
    adaptation_conductance: float = quantity(4.0, "nS")
    adaptation_time_constant: float = quantity(144.0, "ms", "positive")
    adaptation_jump: float = quantity(80.5, "pA")
    reset: float = quantity(-70.6, "mV")
    peak: float = quantity(20.0, "mV")
    refractory_period: float = quantity(0.0, "ms", "not negative")

    def __post_init__(self) -> None:
        take_units(self)
        _check_order("reset", self.reset, "peak", self.peak, "mV")
        _check_order("threshold", self.threshold, "peak", self.peak, "mV")


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoExponentialSynapses:
    """Each spike opens g(t) = weight * conductance * k (exp(-t/decay) - exp(-t/rise)).

    k makes the largest value of the bracket 1, as in NeuroML's expTwoSynapse. The current is
    g (E - V), with E by the sign of the connection.

    Attributes
    ----------
    conductance : float
        nS for each contact.
    rise, decay : float
        ms; the rise is the shorter.
    excitatory_reversal, inhibitory_reversal : float
        mV.
    delay : float
        ms from the spike to the opening.
    """

    conductance: float = quantity(0.01, "nS", "not negative")
    rise: float = quantity(3.0, "ms", "positive")
    decay: float = quantity(10.0, "ms", "positive")
    excitatory_reversal: float = quantity(0.0, "mV")
    inhibitory_reversal: float = quantity(-80.0, "mV")
    delay: float = quantity(0.0, "ms", "not negative")

    def __post_init__(self) -> None:
        take_units(self)
        _check_order("rise", self.rise, "decay", self.decay, "ms")

    @property
    def peak_factor(self) -> float:
        """k, from the time of the peak, log(decay / rise) / (1 / rise - 1 / decay)."""
        ratio = self.rise / self.decay
        return 1 / (ratio ** (ratio / (1 - ratio)) - ratio ** (1 / (1 - ratio)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikingParameters:
    """A network of one kind of spiking neuron.

    Attributes
    ----------
    neuron : LeakyIntegrateAndFire or AdaptiveExponential
    synapses : TwoExponentialSynapses
    gap_conductance : float
        nS for each contact.
    """

    neuron: LeakyIntegrateAndFire | AdaptiveExponential = field(
        default_factory=LeakyIntegrateAndFire
    )
    synapses: TwoExponentialSynapses = field(default_factory=TwoExponentialSynapses)
    gap_conductance: float = quantity(0.01, "nS", "not negative")

    def __post_init__(self) -> None:
        take_units(self)
        if not isinstance(self.neuron, LeakyIntegrateAndFire | AdaptiveExponential):
            raise TypeError(
                "neuron must be LeakyIntegrateAndFire(...) or AdaptiveExponential(...), "
                f"got {self.neuron!r}."
            )


def _check_order(low_name: str, low: float, high_name: str, high: float, unit: str) -> None:
    if not low < high:
        raise ValueError(f"{low_name} must be below {high_name}, got {low:g} and {high:g} {unit}.")


C302_A = SpikingParameters(gap_conductance=0.0)
C302_B = SpikingParameters()
ADAPTIVE_EXPONENTIAL = SpikingParameters(neuron=AdaptiveExponential())
