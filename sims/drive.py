"""Input of a graded network: currents and thresholds as functions of time.

The thresholds Vth of the synapses depend on the input. The papers of the model define them for
a constant input only; for a changing input, a rule is chosen:

``"fixed"``
    Vth of the constant part of the stimulus; it does not change.
``"adiabatic"``
    Vth of the input at every time, as if that input were constant.
``"ramped"``
    Adiabatic, and the whole input rises from zero over the first 0.3 s by the factor
    (1 + tanh((t - 150 ms) / 25 ms)) / 2, so that neither input nor Vth jumps; after 0.3 s
    the factor is 1. This is how the simulator of Kim et al. (2019) switches an input on.
"""

from typing import Any

import numpy as np

from isochron.sims.stimuli import Stimulus, check_stimulus

THRESHOLD_RULES = ("fixed", "adiabatic", "ramped")
RAMP_MS, RAMP_MIDDLE_MS, RAMP_WIDTH_MS = 300.0, 150.0, 25.0


class Drive:
    """Currents and thresholds of a network under a stimulus.

    Parameters
    ----------
    network : GradedNetwork
        Network that receives the input.
    stimulus : Stimulus
        Currents into its neurons.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        Rule by which the thresholds follow the input; see the module.

    Attributes
    ----------
    steady : bool
        Whether nothing changes with time.
    steady_thresholds : bool
        Whether the thresholds do not change with time.

    Raises
    ------
    ValueError
        If the rule is unknown or the stimulus names a neuron that the network lacks.
    """

    def __init__(self, network: Any, stimulus: Stimulus, threshold_rule: str = "fixed") -> None:
        if threshold_rule not in THRESHOLD_RULES:
            raise ValueError(
                f"Unknown threshold_rule {threshold_rule!r}; choose from "
                f"{', '.join(THRESHOLD_RULES)}."
            )
        check_stimulus(stimulus)
        self._input = stimulus.bound(network.connectome)
        self._ramped = threshold_rule == "ramped"
        self._constant_thresholds = network.thresholds(self._input.constant)
        self.steady = stimulus.steady and not self._ramped
        self.steady_thresholds = self.steady or threshold_rule == "fixed"
        self._gain = None if self.steady_thresholds else network.threshold_gain()

    def currents(self, times: Any) -> np.ndarray:
        """Input at times in ms, any shape; shape (..., n_neurons), pA."""
        currents = self._input.at(times)
        return ramp(times)[..., None] * currents if self._ramped else currents

    def thresholds(self, times: Any) -> np.ndarray:
        """Vth at times in ms, any shape; shape (..., n_neurons), mV."""
        times = np.asarray(times, dtype=float)
        if self._gain is None:
            shape = (*times.shape, self._constant_thresholds.size)
            return np.broadcast_to(self._constant_thresholds, shape)
        change = self.currents(times) - self._input.constant
        return self._constant_thresholds + change @ self._gain.T


def ramp(times: Any) -> np.ndarray:
    """Factor of a ramped input at times in ms, which rises from 0 to 1."""
    times = np.asarray(times, dtype=float)
    rising = 0.5 * (1 + np.tanh((times - RAMP_MIDDLE_MS) / RAMP_WIDTH_MS))
    return np.where(times < RAMP_MS, rising, 1.0)
