"""Effect of a weak reference on an intrinsic cycle, from the phase response to its input."""

import math
from dataclasses import dataclass, replace

import numpy as np

from isochron import analysis, sims
from isochron.analysis import InvariantCircle, LimitCycle
from isochron.ann_bridge import TrainedMap

N_NODES = 64
TOLERANCE = 1e-2  # of the phase response, relative
TRIALS = ((16, 300), (32, 700))  # harmonics of the curve, and returns until Z is independent
MOST_RETURNS = 4000
STEP_MS = 8.0  # of the worm; extrapolated to 0


@dataclass(frozen=True, kw_only=True)
class WeakForcing:
    """Effect of a weak reference on the phase of an intrinsic cycle.

    To first order in its amplitude A the 1:1 tongue is a wedge of the width `tongue_Hz` A around
    the intrinsic frequency: only the first harmonic of the phase response contributes to it.

    Attributes
    ----------
    first_harmonic : float
        Share of the first harmonic in the variance, over one turn, of the phase response to the
        input of the reference, 0 to 1. 1: the response is a sine.
    tongue_Hz : float
        Width of the 1:1 tongue for each unit of amplitude, in the limit of small amplitudes, Hz;
        for the worm, Hz/pA.
    amplitude_of_tenth : float
        Amplitude at which this width is a tenth of the intrinsic frequency, relative to the
        amplitude of the reference: small if a weak reference entrains the cycle.
    """

    first_harmonic: float
    tongue_Hz: float
    amplitude_of_tenth: float


def describe_weak_forcing(
    advance: np.ndarray, *, frequency_Hz: float, amplitude: float
) -> WeakForcing | None:
    """The effect of a weak reference.

    Parameters
    ----------
    advance : ndarray, shape (m,)
        Advance of the phase, in radians per ms for each unit of the input, at m even phases.
    frequency_Hz : float
        Intrinsic frequency, Hz.
    amplitude : float
        Amplitude of the reference.

    Returns
    -------
    WeakForcing or None
        None if the response does not have a first harmonic.
    """
    harmonics = np.abs(np.fft.rfft(advance)[1:]) / len(advance)
    if len(advance) % 2 == 0:
        harmonics = harmonics[:-1]  # the highest is known for one of its two phases only
    total = float(np.sum(harmonics**2))
    if not (math.isfinite(total) and harmonics[0] > 0):
        return None
    width = 1e3 * float(harmonics[0]) / math.pi  # 2 |c| radians per ms and unit of amplitude
    return WeakForcing(
        first_harmonic=float(harmonics[0] ** 2 / total),
        tongue_Hz=width,
        amplitude_of_tenth=0.1 * frequency_Hz / (width * amplitude),
    )


def weak_forcing_of_network(
    system: TrainedMap, circle: InvariantCircle, *, n_inputs: int, channel: int, amplitude: float
) -> WeakForcing | None:
    """Effect of a weak reference on the intrinsic cycle of a network.

    Parameters
    ----------
    system : TrainedMap
        The map without a reference.
    circle : InvariantCircle
        Its intrinsic cycle.
    n_inputs, channel : int
        Number of inputs, and the one that the reference enters.
    amplitude : float
        Amplitude of the reference.

    Returns
    -------
    WeakForcing or None
        None if the phase response is not known to 1 %, or the input does not have an effect.
    """
    response = _response_on(system, circle)
    if response is None:
        return None
    before = circle(response.phases[:-1] - 2 * math.pi * circle.rotation.value)
    kick = _effect_of_input(system, before, n_inputs, channel)
    return describe_weak_forcing(
        np.sum(response.response[:-1] * kick, axis=1) / system.step_ms,
        frequency_Hz=1e3 * circle.rotation.value / system.step_ms,
        amplitude=amplitude,
    )


def _response_on(system: TrainedMap, circle: InvariantCircle) -> analysis.PhaseResponse | None:
    turn = math.ceil(1 / abs(circle.rotation.value))
    for n_harmonics, n_transient in TRIALS:
        wait = max(n_transient, 2 * turn)
        n_returns = wait + max(16 * n_harmonics, 2 * turn)
        if n_returns > MOST_RETURNS:
            break
        try:
            # One scale for all variables: an input that has decayed does not count as large.
            return analysis.find_map_phase_response(
                system, _with_harmonics(circle, n_harmonics), n_nodes=N_NODES,
                n_returns=n_returns, n_transient=wait, tolerance=TOLERANCE, scale=1.0,
            )  # fmt: skip
        except ArithmeticError:
            continue
    return None


def _with_harmonics(circle: InvariantCircle, n_harmonics: int) -> InvariantCircle:
    """A curve without the harmonics above an order."""
    surplus = len(circle.coefficients) // 2 - n_harmonics
    if surplus <= 0:
        return circle
    return replace(circle, coefficients=circle.coefficients[surplus:-surplus])


def _effect_of_input(
    system: TrainedMap, states: np.ndarray, n_inputs: int, channel: int, size: float = 1e-3
) -> np.ndarray:
    """Change of the states after a step for each unit of an input, shape (n_states, dimension)."""
    inputs = np.zeros((1, len(states), n_inputs))
    inputs[..., channel] = size
    return (system.respond(states, inputs) - system.respond(states, -inputs)) / (2 * size)


def weak_forcing_of_worm(
    network: sims.GradedNetwork,
    active: sims.Stimulus,
    cycle: LimitCycle,
    *,
    stimulated: tuple[str, ...],
    amplitude_pA: float,
) -> WeakForcing | None:
    """Effect of a weak sinusoidal current on the limit cycle of the worm.

    Parameters
    ----------
    network : GradedNetwork
    active : Stimulus
        Constant current.
    cycle : LimitCycle
        Its limit cycle.
    stimulated : tuple of str
        Neurons that the current enters.
    amplitude_pA : float
        Amplitude of the reference, pA.

    Returns
    -------
    WeakForcing or None
        None if the phase response is not known to 1 %, or the current does not have an effect.
    """
    system = analysis.ExtrapolatedMap(sims.GradedMap(network, active, step_ms=STEP_MS))
    n_steps = len(cycle.states) - 1
    nodes = math.gcd(n_steps, N_NODES)
    try:
        response = analysis.find_phase_response(
            system, cycle, n_nodes=nodes if nodes >= N_NODES // 4 else n_steps, tolerance=TOLERANCE
        )
    except ArithmeticError:
        return None
    unit = sims.step_current(stimulated, amplitude_pA=1.0).constant(network.connectome)
    velocity = unit / network.parameters.capacitance  # mV/ms
    return describe_weak_forcing(
        response.response[:-1, : network.n_neurons] @ velocity,
        frequency_Hz=1e3 / cycle.period,
        amplitude=amplitude_pA,
    )
