"""simulate(): a model and a stimulus to a labelled dataset."""

import math

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.sims.graded import GradedNetwork
from isochron.sims.stepping import GradedMap
from isochron.sims.stimuli import Stimulus

MEMORY_LIMIT_BYTES = 4 * 2**30


def state_vector(sample: xr.Dataset) -> np.ndarray:
    """The state (V, s) at one time of a simulation, for the analysis or to go on from.

    Parameters
    ----------
    sample : xarray.Dataset
        One time of what `simulate` returned: ``run.isel(time=-1)``.

    Returns
    -------
    ndarray, shape (2 n_neurons,)

    Raises
    ------
    ValueError
        If it holds more than one time.
    """
    if "time" in sample.dims:
        raise ValueError("Choose one time: run.isel(time=-1).")
    return np.concatenate([sample.V.values, sample.s.values])


def simulate(
    network: GradedNetwork,
    stimulus: Stimulus,
    *,
    duration_s: float,
    step_ms: float = 1.0,
    record_every_ms: float = 5.0,
    initial_state: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
) -> xr.Dataset:
    """Simulate a graded network.

    Parameters
    ----------
    network : GradedNetwork
    stimulus : Stimulus
        Current into named neurons. The thresholds are those of its constant part.
    duration_s : float
        Simulated time in seconds.
    step_ms : float
        Time step in ms. The method is of second order and stable at any step.
    record_every_ms : float
        Time between recorded samples, rounded to a whole number of steps.
    initial_state : ndarray, shape (2 n_neurons,), optional
        Potentials (mV), then activations.
    rng : numpy.random.Generator, optional
        Without `initial_state`, the run starts at the equilibrium with 1 mV of noise from it.

    Returns
    -------
    xarray.Dataset
        ``V`` (time, neuron) in mV, ``s`` (time, neuron), ``threshold`` (neuron) in mV;
        time in ms.

    Raises
    ------
    ValueError
        If a duration is out of range, the record would not fit in memory, or neither
        `initial_state` nor `rng` is given.
    DivergenceError
        If the state does not stay finite.
    """
    for name, value in (("duration_s", duration_s), ("record_every_ms", record_every_ms)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    if initial_state is None:
        if rng is None:
            raise ValueError("Give initial_state, or rng for a random one near the equilibrium.")
        initial_state = network.random_state(stimulus, rng)
    system = GradedMap(network, stimulus, step_ms=step_ms)
    n_steps = round(1e3 * duration_s / system.step_ms)
    every = max(1, round(record_every_ms / system.step_ms))
    needed = 8 * network.dimension * (n_steps // every)
    if n_steps < every or needed > MEMORY_LIMIT_BYTES:
        raise ValueError(
            f"duration_s={duration_s:g} at record_every_ms={record_every_ms:g} would record "
            f"{n_steps // every} samples, {needed / 2**30:.3g} GiB; between 1 sample and "
            f"{MEMORY_LIMIT_BYTES / 2**30:.0f} GiB can be kept. Record less often."
        )
    states = system.orbit(initial_state, n_steps, every=every)
    n = network.n_neurons
    return xr.Dataset(
        {
            "V": (("time", "neuron"), states[:, :n], {"units": "mV"}),
            "s": (("time", "neuron"), states[:, n:], {"units": "1"}),
            "threshold": (("neuron",), system.thresholds, {"units": "mV"}),
        },
        coords={
            "time": ("time", np.arange(len(states)) * every * system.step_ms, {"units": "ms"}),
            "neuron": list(network.wiring.neurons),
        },
        attrs={
            "model": "graded",
            "dataset": network.wiring.name,
            "dataset_sha256": network.wiring.source.content_sha256,
            "step_ms": system.step_ms,
            "method": "Strang splitting, implicit midpoint in V",
            "isochron_version": __version__,
        },
    )
