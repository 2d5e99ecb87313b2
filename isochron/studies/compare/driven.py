"""Similarity of driven systems: what a state and an input do to the next state.

Worm and network receive the same irregular reference, in units of their own periods and
amplitudes. A linear model of each, in its two main components and with the input as a regressor,
is compared up to a rotation of its coordinates. All units are observed, so delays are not needed;
with delays a model of so few coordinates takes the rhythm of the input for that of the system.
"""

import math
from dataclasses import dataclass

import numpy as np

from isochron import analysis, sims
from isochron.runs.provenance import derive_seed
from isochron.sims.waveforms import Sampled

SAMPLES = 20  # in a period of the reference
PERIODS, TRANSIENT_PERIODS = 80, 20
HALVES = 2  # independent references, for the ceiling
DRIFT_RAD, NOISE = 0.15, 0.3  # phase in a period; relative to the amplitude
N_COMPONENTS = 2  # of which a model is made; the order of distances depends on it
N_STAGES = 3  # of the passive filter
N_STARTS, MAX_ITERATIONS = 4, 400
COMPONENTS = "driven_components"  # array of the worm


@dataclass(frozen=True, kw_only=True)
class DrivenSimilarity:
    """Distance of a driven network to the driven worm.

    Attributes
    ----------
    distance : float
        Of the linear models, from 0; mean over two references.
    between_halves : float
        Distance between the models of the network under the two references: a smaller `distance`
        would not be meaningful.
    held_out_error : float
        Variance of the error with which the model of one reference predicts the next sample under
        the other, relative to that of the states. A model with a large error does not describe
        the network.
    """

    distance: float
    between_halves: float
    held_out_error: float


@dataclass(frozen=True, kw_only=True)
class DrivenWorm:
    """What distances to the driven worm are compared with.

    Attributes
    ----------
    between_halves : float
        Distance between the models of the worm under two references.
    of_filter : float
        Distance of a passive filter, three leaky units in a row, to the worm: what any driven
        filter achieves.
    """

    between_halves: float
    of_filter: float


def irregular_references() -> np.ndarray:
    """The references: a sine whose phase drifts, with noise; shape (2, n_samples), amplitude 1."""
    rng = np.random.default_rng(derive_seed("driven"))
    shape = (HALVES, SAMPLES * (TRANSIENT_PERIODS + PERIODS))
    drift = np.cumsum(DRIFT_RAD / math.sqrt(SAMPLES) * rng.standard_normal(shape), axis=1)
    phase = 2 * np.pi * np.arange(shape[1]) / SAMPLES + drift
    return np.sin(phase) + NOISE * rng.standard_normal(shape)


def components_of(states: np.ndarray) -> np.ndarray:
    """Main components after the transient, shape (2, n_samples, n); states (2, n_samples, n)."""
    late = states[:, SAMPLES * TRANSIENT_PERIODS :]
    joined = late.reshape(-1, late.shape[-1])
    axes = analysis.principal_components(joined)[1][:N_COMPONENTS]
    return (late - joined.mean(axis=0)) @ axes.T


def models_of(components: np.ndarray) -> list[analysis.DelayModel]:
    """A linear model for each reference, of the components of `components_of`.

    Raises
    ------
    ValueError
        If the states do not vary, or not independently of the input.
    """
    references = irregular_references()[:, SAMPLES * TRANSIENT_PERIODS :, None]
    return [
        analysis.fit_delay_model(series, n_delays=1, rank=N_COMPONENTS, inputs=inputs)
        for series, inputs in zip(components, references, strict=True)
    ]


def model_distance(first: analysis.DelayModel, second: analysis.DelayModel) -> float:
    """Distance of two models up to a rotation of their coordinates."""
    rng = np.random.default_rng(derive_seed("driven distance"))
    return analysis.dynamical_distance(
        first, second, n_starts=N_STARTS, max_iterations=MAX_ITERATIONS, rng=rng
    )


def mean_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two driven systems, from their components; mean over the references."""
    pairs = zip(models_of(first), models_of(second), strict=True)
    return float(np.mean([model_distance(*pair) for pair in pairs]))


def distance_between_halves(components: np.ndarray) -> float:
    """Distance between the models of one system under two references."""
    return model_distance(*models_of(components))


def held_out_error(components: np.ndarray) -> float:
    """Relative error of the model of one reference under the other; mean over both."""
    references = irregular_references()[:, SAMPLES * TRANSIENT_PERIODS :, None]
    models = models_of(components)
    return float(
        np.mean(
            [models[k].held_out_error(components[1 - k], references[1 - k]) for k in range(HALVES)]
        )
    )


def filtered_references() -> np.ndarray:
    """States of a passive filter under the references, shape (2, n_samples, 3).

    Three leaky units in a row, each with a time constant of a period divided by 2π.
    """
    references = irregular_references()
    keep = math.exp(-2 * math.pi / SAMPLES)
    states = np.zeros((*references.shape, N_STAGES))
    for t in range(references.shape[1] - 1):
        before = np.concatenate([references[:, t, None], states[:, t, :-1]], axis=1)
        states[:, t + 1] = keep * states[:, t] + (1 - keep) * before
    return states


def drive_worm(
    network: sims.GradedNetwork,
    active: sims.Stimulus,
    start: np.ndarray,
    *,
    stimulated: tuple[str, ...],
    amplitude_pA: float,
    period_ms: float,
    neurons: list[int],
) -> np.ndarray:
    """Components of the worm under the irregular references, shape (2, n_samples, 2), in mV.

    Parameters
    ----------
    network : GradedNetwork
    active : Stimulus
        Constant current.
    start : ndarray, shape (2 n_neurons,)
        Initial state.
    stimulated : tuple of str
        Neurons that the reference enters.
    amplitude_pA, period_ms : float
        Amplitude (pA) and period (ms) of the reference.
    neurons : list of int
        Neurons whose activity is the rhythm.
    """
    sample_ms = period_ms / SAMPLES
    step_ms = sample_ms / math.ceil(sample_ms / 8.0)
    states = []
    for reference in irregular_references():
        starts = sample_ms * np.arange(reference.size)
        current = Sampled(
            neurons=stimulated,
            times=np.stack([starts, starts + (1 - 1e-6) * sample_ms], axis=1).ravel(),
            values=np.repeat(amplitude_pA * reference, 2),
        )
        run = sims.simulate(
            network,
            active + sims.Stimulus((current,)),
            duration_s=1e-3 * starts[-1],
            step_ms=step_ms,
            record_every_ms=sample_ms,
            initial_state=start,
        )
        states.append(run.V.values[: reference.size, neurons].astype(float))
    return components_of(np.array(states))


def describe_driven_worm(components: np.ndarray) -> DrivenWorm | None:
    """What distances to the worm are compared with; None if it does not follow the references."""
    try:
        return DrivenWorm(
            between_halves=distance_between_halves(components),
            of_filter=mean_distance(components, components_of(filtered_references())),
        )
    except ValueError:
        return None
