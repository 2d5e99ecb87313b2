"""Engine ``"brian2"``: the graded equations as Brian2 code.

It shares only the constants of the network with the compiled kernel, and so is an independent
check of it. Gap junctions and synapses are summed once per step: the methods are of first order,
and stable only below a step that the strongest gap junctions determine. They are meant for
comparison.
"""

from typing import Any

import numpy as np

from isochron.sims.engines.brian2_session import brian2_session, check_memory, import_brian2
from isochron.sims.engines.request import EngineRequest, raise_if_diverged
from isochron.sims.engines.settings import Brian2Settings
from isochron.sims.graded import GradedNetwork

# phi is written with tanh, which does not overflow far from the threshold.
NEURONS = """
dV/dt = (G_c * (E_c - V) + gap_current + pull - conductance * V + I) / C : volt
ds/dt = a_r * phi * (1 - s) - a_d * s : 1
phi = (1 + tanh(beta * (V - Vth) / 2)) / 2 : 1
gap_current : amp
conductance : siemens
pull : amp
"""
GAP_JUNCTIONS = """
g : siemens (constant)
gap_current_post = g * (V_pre - V_post) : amp (summed)
"""
SYNAPSES = """
g : siemens (constant)
E : volt (constant)
conductance_post = g * s_pre : siemens (summed)
pull_post = g * s_pre * E : amp (summed)
"""


def require() -> None:
    """Raise MissingExtraError if Brian2 is not installed."""
    import_brian2()


def run(request: EngineRequest, *, codegen_target: str | None = None) -> np.ndarray:
    """Integrate a graded network with Brian2.

    Parameters
    ----------
    request : EngineRequest
        Run to simulate.
    codegen_target : {"auto", "cython", "numpy", "cpp_standalone"}, optional
        See `brian2_session`.

    Returns
    -------
    ndarray, shape (n_samples, 2 n_neurons)
        Potentials (mV), then activations, at the sample times of the request.

    Raises
    ------
    ValueError
        If the step is too large to be stable, or an input that changes with time would not
        fit in memory, one number for each step and neuron.
    DivergenceError
        If the state does not stay finite.
    """
    largest = largest_stable_step(request.network)
    if request.step_ms > largest:
        raise ValueError(
            f"step_ms={request.step_ms:g} would be unstable on the engine 'brian2', which is "
            f"explicit: the largest stable step of this network is {largest:.3g} ms. "
            "Use engine='numba' for larger ones."
        )
    changing = (not request.steady) + (not request.steady_thresholds)
    check_memory(changing * request.n_steps * request.network.n_neurons)
    with brian2_session(codegen_target) as brian2:
        step = request.step_ms * brian2.ms
        neurons = _neurons(brian2, request, step)
        connections = _connections(brian2, request.network, neurons, step)
        monitor = brian2.StateMonitor(
            neurons, ("V", "s"), record=True, dt=request.every * step, name="graded_monitor*"
        )
        brian2.Network(neurons, *connections, monitor).run(request.n_steps * step)
        states = np.concatenate([monitor.V / brian2.mV, monitor.s]).T
        if len(states) < request.n_samples:  # the monitor writes before a step, never at the end
            last = np.concatenate([neurons.V / brian2.mV, neurons.s])
            states = np.vstack([states, last])
    raise_if_diverged(request, states)
    return states


def largest_stable_step(network: GradedNetwork) -> float:
    """Step in ms above which the explicit Euler method is unstable, with every synapse open.

    It is 2 C / lambda, with lambda the largest eigenvalue of the gap Laplacian plus the leak and
    the synaptic conductances, which are largest at s = a_r / (a_r + a_d).
    """
    p = network.parameters
    most_open = p.activation_rate / (p.activation_rate + p.decay_rate)
    passive = p.leak_conductance + most_open * network.synapses.sum(axis=1)
    return 2 * p.capacitance / np.linalg.eigvalsh(network.laplacian + np.diag(passive))[-1]


def _neurons(brian2: Any, request: EngineRequest, step: Any) -> Any:
    p, n = request.network.parameters, request.network.n_neurons
    mV, pA, ms = brian2.mV, brian2.pA, brian2.ms
    constants = {
        "C": p.capacitance * brian2.pF,
        "G_c": p.leak_conductance * brian2.nS,
        "E_c": p.leak_reversal * mV,
        "a_r": p.activation_rate / ms,
        "a_d": p.decay_rate / ms,
        "beta": p.steepness / mV,
    }
    start = {"V": request.initial_state[:n] * mV, "s": request.initial_state[n:]}
    equations = NEURONS
    middles = (np.arange(request.n_steps) + 0.5) * request.step_ms
    for name, unit, dimension, steady, values in (
        ("I", pA, "amp", request.steady, request.currents),
        ("Vth", mV, "volt", request.steady_thresholds, request.thresholds),
    ):
        if steady:
            equations += f"{name} : {dimension} (constant)\n"
            start[name] = values(0.0) * unit
        else:
            equations += f"{name} = {name}_in_step(t, i) : {dimension}\n"
            constants[f"{name}_in_step"] = brian2.TimedArray(
                values(middles) * unit, dt=step, name=f"graded_{name}*"
            )
    neurons = brian2.NeuronGroup(
        n,
        equations,
        method=request.method or Brian2Settings().method,
        dt=step,
        namespace=constants,
        name="graded_neurons*",
    )
    for name, value in start.items():
        setattr(neurons, name, value)
    return neurons


def _connections(brian2: Any, network: GradedNetwork, neurons: Any, step: Any) -> list[Any]:
    gap = -network.laplacian * (1 - np.eye(network.n_neurons))
    made = []
    for equations, weights, name in (
        (GAP_JUNCTIONS, gap, "graded_gap_junctions*"),
        (SYNAPSES, network.synapses, "graded_synapses*"),
    ):
        post, pre = np.nonzero(weights)
        if not len(post):
            continue
        layer = brian2.Synapses(neurons, neurons, equations, dt=step, namespace={}, name=name)
        layer.connect(i=pre, j=post)
        layer.g = weights[post, pre] * brian2.nS
        if equations is SYNAPSES:
            layer.E = network.reversal[post, pre] * brian2.mV
        made.append(layer)
    return made
