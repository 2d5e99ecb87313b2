"""Constants of spiking networks.

Units are pF, nS, mV, ms and pA, which close on themselves; every number may also be given as
a Brian2 quantity, ``capacitance=3 * brian2.pF``.
"""

from dataclasses import dataclass, field

from isochron.sims.spiking.quantities import quantity, take_units


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyIntegrateAndFire:
    """The leaky integrate-and-fire neuron, C dV/dt = g_L (E_L - V) + I.

    It spikes where V passes the threshold; V then becomes the reset. The values are those of
    levels A and B of c302, which its authors call blind guesses.

    Attributes
    ----------
    capacitance : float
        Membrane capacitance C, in pF, positive.
    leak_conductance : float
        Leak conductance g_L, in nS, positive.
    leak_reversal, threshold, reset : float
        Potentials, in mV; the reset is below the threshold.
    refractory_period : float
        Time for which the potential stays at the reset, in ms, >= 0.

    Raises
    ------
    ValueError
        If a value is out of range or has other units, or the reset is not below the threshold.

    Examples
    --------
    The current at which it starts to fire, g_L (threshold - E_L), in pA:

    >>> from isochron.sims import spiking
    >>> cell = spiking.LeakyIntegrateAndFire(threshold=-40)
    >>> cell.leak_conductance * (cell.threshold - cell.leak_reversal)
    1.0
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

    It spikes where V passes the peak: V becomes the reset, and w grows by b.

    Attributes
    ----------
    capacitance : float
        Membrane capacitance C, in pF, positive.
    leak_conductance : float
        Leak conductance g_L, in nS, positive.
    leak_reversal : float
        Reversal potential of the leak E_L, in mV.
    threshold : float
        Potential V_T at which the upstroke starts, in mV.
    slope_factor : float
        Sharpness of the upstroke Delta_T, in mV, positive.
    adaptation_conductance : float
        Adaptation below the threshold a, in nS; may be negative.
    adaptation_time_constant : float
        Time constant of the adaptation tau_w, in ms, positive.
    adaptation_jump : float
        Adaptation after a spike b, in pA.
    reset : float
        Potential after a spike, in mV, below the peak.
    peak : float
        Potential that counts as a spike, in mV, above `threshold`.
    refractory_period : float
        Time for which the potential stays at the reset, in ms, >= 0.

    Raises
    ------
    ValueError
        If a value is out of range or has other units, or the reset or the threshold is not below
        the peak.

    References
    ----------
    Brette and Gerstner (2005), Journal of Neurophysiology 94:3637; its values are the defaults.

    Examples
    --------
    The membrane time constant C / g_L of the published values, in ms:

    >>> from isochron.sims import spiking
    >>> cell = spiking.AdaptiveExponential()
    >>> round(cell.capacitance / cell.leak_conductance, 2)
    9.37
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
    """Conductance synapses that rise and decay exponentially after each spike.

    Each spike opens g(t) = weight * conductance * k (exp(-t/decay) - exp(-t/rise)), where k makes
    the largest value of the bracket 1, as in expTwoSynapse of NeuroML. The current is
    g (E - V), with E by the sign of the connection.

    Attributes
    ----------
    conductance : float
        Largest conductance, in nS per unit of weight, >= 0.
    rise, decay : float
        Time constants, in ms; the rise is the shorter.
    excitatory_reversal, inhibitory_reversal : float
        Reversal potentials E, in mV.
    delay : float
        Time from the spike to the opening, in ms, >= 0.

    Raises
    ------
    ValueError
        If a value is out of range or has other units, or the rise is not shorter than the decay.

    Examples
    --------
    The factor k, and the largest value of the bracket on a fine grid of times:

    >>> from isochron.sims import spiking
    >>> synapses = spiking.TwoExponentialSynapses(rise=3, decay=10)
    >>> k, time = synapses.peak_factor, np.linspace(0, 30, 3001)
    >>> print(round(k, 4), round((k * (np.exp(-time / 10) - np.exp(-time / 3))).max(), 4))
    2.3933 1.0
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
        """The factor k, from the time of the peak, log(decay / rise) / (1 / rise - 1 / decay)."""
        ratio = self.rise / self.decay
        return 1 / (ratio ** (ratio / (1 - ratio)) - ratio ** (1 / (1 - ratio)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikingParameters:
    """Constants of a network with one kind of spiking neuron.

    Attributes
    ----------
    neuron : LeakyIntegrateAndFire or AdaptiveExponential
        Constants of the neurons; those of c302 by default.
    synapses : TwoExponentialSynapses
        Constants of the chemical synapses.
    gap_conductance : float
        Conductance of a gap junction, in nS per unit of weight, >= 0.

    Raises
    ------
    ValueError
        If the conductance is negative or has other units.
    TypeError
        If `neuron` is of a different type.

    Examples
    --------
    The neuron of c302 with stronger synapses:

    >>> from isochron.sims import spiking
    >>> strong = spiking.TwoExponentialSynapses(conductance=0.05)
    >>> parameters = spiking.SpikingParameters(synapses=strong)
    >>> parameters.synapses.conductance, parameters.neuron == spiking.C302_B.neuron
    (0.05, True)
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
