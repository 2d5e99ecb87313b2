"""A spiking network as Brian2 objects: equations, synapses, gap junctions, input."""

from typing import Any

import numpy as np

from isochron.sims.spiking.network import SpikingNetwork
from isochron.sims.spiking.parameters import LeakyIntegrateAndFire

# For each sign, the difference of two exponentials is the conductance of all synapses together.
CONDUCTANCES = """
synaptic = (exc_slow - exc_fast) * (E_exc - V) + (inh_slow - inh_fast) * (E_inh - V) : amp
dexc_fast/dt = -exc_fast / rise : siemens
dexc_slow/dt = -exc_slow / decay : siemens
dinh_fast/dt = -inh_fast / rise : siemens
dinh_slow/dt = -inh_slow / decay : siemens
gap_current : amp
"""
LEAKY_INTEGRATE_AND_FIRE = """
dV/dt = (g_L * (E_L - V) + synaptic + gap_current + I) / C : volt (unless refractory)
"""
# A stage of the integrator may go far beyond the peak, where the equations are not valid.
ADAPTIVE_EXPONENTIAL = """
dV/dt = (g_L * (E_L - V) + upstroke - w + synaptic + gap_current + I) / C : volt (unless refractory)
dw/dt = (a * (V_capped - E_L) - w) / tau_w : amp
upstroke = g_L * Delta_T * exp((V_capped - V_T) / Delta_T) : amp
V_capped = V + (V_peak - V) * int(V > V_peak) : volt
"""
CONSTANT_INPUT = """
I : amp (constant)
"""
VARYING_INPUT = """
I = I_constant + I_in_step(t, column) : amp
I_constant : amp (constant)
column : integer (constant)
"""
GAP_JUNCTIONS = """
g : siemens (constant)
gap_current_post = g * (V_pre - V_post) : amp (summed)
"""


def make_neurons(
    brian2: Any,
    network: SpikingNetwork,
    constant: np.ndarray,
    varying: tuple[np.ndarray, np.ndarray],
    step: Any,
) -> Any:
    """The neurons with their input.

    Parameters
    ----------
    brian2 : module
        Brian2, in a session.
    network : SpikingNetwork
        Network whose neurons are made.
    constant : ndarray, shape (n_neurons,)
        Input that does not change, pA.
    varying : tuple of ndarray, shapes (k,) and (n_steps, k)
        Indices of the neurons whose input changes, and the change in each step, pA.
    step : Brian2 quantity
        Time step.
    """
    neuron, (moving, values) = network.parameters.neuron, varying
    equations, constants, options = _model(brian2, neuron)
    synapses = network.parameters.synapses
    constants |= {
        "rise": synapses.rise * brian2.ms,
        "decay": synapses.decay * brian2.ms,
        "E_exc": synapses.excitatory_reversal * brian2.mV,
        "E_inh": synapses.inhibitory_reversal * brian2.mV,
    }
    if len(moving):
        table = np.column_stack([np.zeros(len(values)), values]) * brian2.pA
        constants["I_in_step"] = brian2.TimedArray(table, dt=step, name="spiking_input*")
    neurons = brian2.NeuronGroup(
        network.n_neurons,
        equations + CONDUCTANCES + (VARYING_INPUT if len(moving) else CONSTANT_INPUT),
        refractory=_refractory(brian2, neuron.refractory_period, step),
        namespace=constants,
        dt=step,
        name="spiking_neurons*",
        **options,
    )
    if len(moving):
        column = np.zeros(network.n_neurons, dtype=int)
        column[moving] = np.arange(1, len(moving) + 1)
        neurons.column = column
        neurons.I_constant = constant * brian2.pA
    else:
        neurons.I = constant * brian2.pA
    return neurons


def _refractory(brian2: Any, period: float, step: Any) -> Any:
    """Brian2 counts from the start of the step of the spike, isochron from its end."""
    return period * brian2.ms + (step if period else 0 * step)


def _model(brian2: Any, neuron: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Equations, constants, and options for threshold, reset and integrator."""
    constants = {
        "C": neuron.capacitance * brian2.pF,
        "g_L": neuron.leak_conductance * brian2.nS,
        "E_L": neuron.leak_reversal * brian2.mV,
        "V_T": neuron.threshold * brian2.mV,
        "V_r": neuron.reset * brian2.mV,
    }
    if isinstance(neuron, LeakyIntegrateAndFire):
        options = {"threshold": "V > V_T", "reset": "V = V_r", "method": "exponential_euler"}
        return LEAKY_INTEGRATE_AND_FIRE, constants, options
    constants |= {
        "Delta_T": neuron.slope_factor * brian2.mV,
        "a": neuron.adaptation_conductance * brian2.nS,
        "tau_w": neuron.adaptation_time_constant * brian2.ms,
        "b": neuron.adaptation_jump * brian2.pA,
        "V_peak": neuron.peak * brian2.mV,
    }
    options = {"threshold": "V > V_peak", "reset": "V = V_r; w += b", "method": "rk4"}
    return ADAPTIVE_EXPONENTIAL, constants, options


def make_connections(brian2: Any, network: SpikingNetwork, neurons: Any, step: Any) -> list[Any]:
    """Chemical synapses of both signs, and gap junctions, as far as the connectome has them."""
    synapses = network.parameters.synapses
    made = []
    for sign, weights in (("exc", network.excitation), ("inh", network.inhibition)):
        opening = f"{sign}_fast_post += g; {sign}_slow_post += g"
        layer = _connect(
            brian2, neurons, synapses.peak_factor * weights, step,
            model="g : siemens (constant)", on_pre=opening, delay=synapses.delay * brian2.ms,
            name=f"spiking_{sign}*",
        )  # fmt: skip
        made += layer
    gap = _connect(brian2, neurons, network.gap, step, model=GAP_JUNCTIONS, name="spiking_gap*")
    return made + gap


def _connect(brian2: Any, neurons: Any, weights: np.ndarray, step: Any, **options: Any) -> list:
    post, pre = np.nonzero(weights)
    if not len(post):
        return []
    layer = brian2.Synapses(neurons, neurons, dt=step, namespace={}, **options)
    layer.connect(i=pre, j=post)
    layer.g = weights[post, pre] * brian2.nS
    return [layer]
