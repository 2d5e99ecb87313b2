"""The worm that is emulated: trials of it under noise currents, its modes, and its rhythm."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from isochron import analysis, sims
from isochron.runs.datasets import open_connectome
from isochron.runs.provenance import derive_seed
from isochron.sims.stimuli import Stimulus
from isochron.sims.waveforms import Sampled
from isochron.studies.worm_twin.configuration import WormSection

SIMULATION_STEP_MS = 4.0
MODE_TRIALS = 12  # that define the modes; no learner sees them
LONGEST_PERIOD_MS = 10_000.0
NODES = 64  # phases of a cycle at which outputs and responses are compared
N_LARGEST = 3  # neurons that are named
GAP_MS = 1e-3  # in which a current changes from step to step


@lru_cache(maxsize=4)
def open_worm(dataset: str) -> sims.GradedNetwork:
    """The graded model of a connectome."""
    return sims.GradedNetwork(open_connectome(dataset))


def noise(p: WormSection, rng: np.random.Generator) -> np.ndarray:
    """Noise currents of a trial in units of `noise_pA`, shape (n_steps, n_perturbed).

    Each is the sum of stationary Ornstein-Uhlenbeck processes with equal variances, one for each
    correlation time, sampled at the start of the steps.
    """
    total = np.zeros((p.n_steps, len(p.perturbed)))
    for time in p.correlation_ms:
        keep = np.exp(-p.step_ms / time)
        values = rng.standard_normal(total.shape)
        values[1:] *= np.sqrt(1 - keep**2)
        for before, after in zip(values[:-1], values[1:], strict=True):
            after += keep * before
        total += values
    return total / np.sqrt(len(p.correlation_ms))


def _held(p: WormSection, neuron: str, values: np.ndarray) -> Stimulus:
    """A current that is constant during each step, in pA."""
    ends = p.step_ms * np.arange(1, len(values) + 1)
    times = np.stack([ends - p.step_ms, ends - GAP_MS], axis=1).ravel()
    times[-1] = ends[-1]
    return Stimulus((Sampled(neurons=(neuron,), times=times, values=np.repeat(values, 2)),))


@dataclass(frozen=True)
class Trials:
    """Trials of the worm.

    Attributes
    ----------
    currents_pA : ndarray, shape (n_trials,)
        The constant current of each.
    inputs : ndarray, shape (n_trials, n_steps, n_perturbed)
        Noise currents, in units of their standard deviation.
    potentials : ndarray, shape (n_trials, n_steps + 1, n_neurons)
        V - Vth in mV, before the first and after each step.
    """

    currents_pA: np.ndarray
    inputs: np.ndarray
    potentials: np.ndarray


def simulate_trials(p: WormSection, n_trials: int, seed: int) -> Trials:
    """Simulate trials one after the other: each starts in the last state of the one before.

    So trials start on and off the cycle of their current, and contain its approach. The thresholds
    are those of the constant current and do not move with the noise; V - Vth and the activations
    are what a trial takes over.
    """
    worm, rng, n = open_worm(p.dataset), np.random.default_rng(seed), p.n_steps
    currents = rng.uniform(p.lowest_pA, p.highest_pA, n_trials)
    inputs, potentials, last = [], [], None
    for current in currents:
        constant = sims.step_current(p.stimulated, amplitude_pA=current)
        rest = worm.equilibrium(constant)
        offset = np.where(np.arange(2 * worm.n_neurons) < worm.n_neurons, rest, 0.0)
        start = worm.random_state(constant, rng) if last is None else last + offset
        drawn = noise(p, rng)
        stimulus = constant
        for name, values in zip(p.perturbed, drawn.T, strict=True):
            stimulus = stimulus + _held(p, name, p.noise_pA * values)
        run = sims.simulate(
            worm, stimulus, duration_s=n * p.step_ms / 1e3, step_ms=SIMULATION_STEP_MS,
            record_every_ms=p.step_ms, record=("V", "s"), initial_state=start,
        )  # fmt: skip
        last = sims.state_vector(run.isel(time=-1)) - offset
        inputs.append(drawn)
        potentials.append(run["V"].to_numpy() - rest[: worm.n_neurons])
    return Trials(currents, np.array(inputs), np.array(potentials))


@dataclass(frozen=True)
class Modes:
    """Principal components of V - Vth of all neurons.

    Attributes
    ----------
    mean, variances : ndarray, shape (n_neurons,)
        Mean and variance of each neuron, in mV and mV².
    directions : ndarray, shape (n_modes, n_neurons)
        Orthonormal.
    scale : ndarray, shape (n_modes,)
        Standard deviation of each, in mV.
    """

    mean: np.ndarray
    variances: np.ndarray
    directions: np.ndarray
    scale: np.ndarray

    @property
    def share(self) -> float:
        """Share of the variance of all neurons that they carry."""
        return float((self.scale**2).sum() / self.variances.sum())

    def outputs(self, potentials: np.ndarray) -> np.ndarray:
        """Outputs of variance 1 from V - Vth, shape (..., n_modes)."""
        return (potentials - self.mean) @ self.directions.T / self.scale


@lru_cache(maxsize=4)
def find_modes(p: WormSection) -> Modes:
    """The modes of the worm, from trials that no learner sees."""
    drawn = simulate_trials(p, MODE_TRIALS, derive_seed("modes of the worm"))
    flat = drawn.potentials.reshape(-1, drawn.potentials.shape[2])
    covariance = np.cov(flat.T)
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(values)[::-1][: p.n_modes]
    return Modes(
        mean=flat.mean(axis=0),
        variances=np.diag(covariance).copy(),
        directions=vectors[:, order].T,
        scale=np.sqrt(values[order]),
    )


def largest_neurons(p: WormSection) -> tuple[tuple[str, ...], float]:
    """The neurons with the largest variance, and their share of that of all."""
    variances = find_modes(p).variances
    order = np.argsort(variances)[::-1][:N_LARGEST]
    names = open_worm(p.dataset).connectome.neurons
    return tuple(names[k] for k in order), float(variances[order].sum() / variances.sum())


def draw_trials(p: WormSection, n_trials: int, seed: int) -> xr.Dataset:
    """Trials as inputs and outputs of a learner.

    Returns
    -------
    xarray.Dataset
        ``inputs`` (trial, step, input): noise currents, the scaled constant current, and 1;
        ``outputs`` (trial, time, mode), of variance 1, and ``scale_mV`` (mode), their unit;
        attributes ``total_mV2`` and ``outside_mV2``: the variance of all neurons, and the part of
        it that the modes do not have.
    """
    modes, drawn = find_modes(p), simulate_trials(p, n_trials, seed)
    constant = np.stack([[p.scaled(it), 1.0] for it in drawn.currents_pA])[:, None]
    inputs = np.concatenate(
        [drawn.inputs, np.broadcast_to(constant, (*drawn.inputs.shape[:2], 2))], axis=2
    )
    outputs = modes.outputs(drawn.potentials)
    back = modes.mean + (outputs * modes.scale) @ modes.directions
    centered = drawn.potentials - drawn.potentials.mean(axis=(0, 1))
    return xr.Dataset(
        {
            "inputs": (("trial", "step", "input"), inputs),
            "outputs": (("trial", "time", "mode"), outputs),
            "scale_mV": ("mode", modes.scale),
        },
        attrs={
            "total_mV2": float((centered**2).sum(axis=2).mean()),
            "outside_mV2": float(((drawn.potentials - back) ** 2).sum(axis=2).mean()),
        },
    )


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """The rhythm with which those of closed loops are compared.

    Attributes
    ----------
    period_ms, multiplier : float
        Period, and largest modulus of a nontrivial Floquet multiplier.
    onset_pA : float
        Constant current at which the equilibrium loses its stability.
    outputs : ndarray, shape (n_nodes, n_modes)
        Outputs at equal steps of the phase.
    response : ndarray, shape (n_nodes, n_perturbed)
        Phase shift, in radians, by a unit of each input during a step that starts at the phase.
    """

    period_ms: float
    multiplier: float
    onset_pA: float
    outputs: np.ndarray
    response: np.ndarray


def find_rhythm_of_worm(p: WormSection) -> Rhythm:
    """Limit cycle, phase response and onset of the worm, by the step of its simulation.

    Raises
    ------
    ValueError
        If the worm does not have a stable limit cycle at the current, or no onset of one.
    """
    worm, modes = open_worm(p.dataset), find_modes(p)
    stimulus = sims.step_current(p.stimulated, amplitude_pA=p.current_pA)
    system = sims.GradedMap(worm, stimulus, step_ms=SIMULATION_STEP_MS)
    rng = np.random.default_rng(derive_seed("rhythm of the worm"))
    start = system.advance(worm.random_state(stimulus, rng), round(60e3 / SIMULATION_STEP_MS))
    cycle = analysis.find_limit_cycle(system, start, max_period=LONGEST_PERIOD_MS)
    onset = sims.find_onset(worm, p.stimulated)
    if not cycle.stable or onset.kind != "oscillatory":
        raise ValueError(
            f"{p.dataset} does not have a stable limit cycle with a current of {p.current_pA:g} pA "
            f"into {', '.join(p.stimulated)} and a Hopf bifurcation below it (onset: {onset.kind}; "
            f"{cycle.message}). Choose a different dataset, stimulated or current_pA."
        )
    found = analysis.find_phase_response(system, cycle)
    nodes = slice(0, -1, (len(found.phases) - 1) // NODES)
    potentials = found.states[nodes, : worm.n_neurons] - system.thresholds
    return Rhythm(
        period_ms=cycle.period,
        multiplier=cycle.largest_multiplier,
        onset_pA=onset.current_pA,
        outputs=modes.outputs(potentials),
        response=_by_step(_by_input(p, worm, found.response[nodes]), p.step_ms, cycle.period),
    )


def _by_input(p: WormSection, worm: sims.GradedNetwork, response: np.ndarray) -> np.ndarray:
    """Phase shift in rad/ms by a unit of each noise current, from that by V in rad/mV."""
    graph = worm.connectome
    into = [response[:, graph.index(graph.select(name))].sum(axis=1) for name in p.perturbed]
    return p.noise_pA * np.stack(into, axis=1) / worm.parameters.capacitance


def _by_step(response: np.ndarray, step_ms: float, period_ms: float) -> np.ndarray:
    """Integral of a function of the phase over a step that starts there, by its Fourier series."""
    orders = np.fft.fftfreq(len(response), 1 / len(response))
    turned = 1j * orders * 2 * np.pi * step_ms / period_ms
    factor = np.where(orders == 0, 1.0, np.expm1(turned) / np.where(orders == 0, 1.0, turned))
    series = np.fft.fft(response, axis=0) * factor[:, None]
    return step_ms * np.fft.ifft(series, axis=0).real
