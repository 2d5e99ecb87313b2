"""Simulation of a spiking network in Brian2: spikes and rates as a labeled dataset."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.arguments import require_instance, require_rng
from isochron.real_numbers import require_real
from isochron.settings import check_type, settings_from
from isochron.sims.engines.brian2_session import brian2_session, check_memory
from isochron.sims.engines.request import DivergenceError, diverged
from isochron.sims.simulation import unsimulated_layers
from isochron.sims.spiking.brian2_objects import make_connections, make_neurons
from isochron.sims.spiking.network import SpikingNetwork
from isochron.sims.spiking.quantities import in_unit, quantity, take_units
from isochron.sims.step_choice import require_few_steps
from isochron.sims.stimuli import Stimulus, check_stimulus

RECORDABLE = ("V",)
BLOCK = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikingRunSettings:
    """Settings of `run_spiking`.

    Attributes
    ----------
    duration_s : float or Brian2 quantity
        Simulated time in s, rounded to a whole number of steps.
    step_ms : float or Brian2 quantity
        Time step in ms.
    record : sequence of {"V"}
        Recorded variables, in addition to spikes and rates.
    record_every_ms : float or Brian2 quantity
        Time between recorded samples in ms, rounded to a whole number of steps.
    codegen_target : {"auto", "cython", "numpy", "cpp_standalone"}, optional
        Method by which Brian2 generates code; that of its preferences by default. Cython compiles
        each set of equations once, for a minute or more; ``cpp_standalone`` compiles every time,
        in a temporary folder; ``numpy`` does not compile.

    Raises
    ------
    ValueError
        If a number is not positive and finite or has other dimensions, or a variable in `record`
        does not exist.

    Examples
    --------
    >>> from isochron.sims import spiking
    >>> settings = spiking.SpikingRunSettings(duration_s=0.5, codegen_target="numpy")
    >>> settings.duration_s, settings.step_ms, settings.record
    (0.5, 0.05, ())
    """

    duration_s: Any
    step_ms: Any = quantity(0.05, "ms", "positive")
    record: Sequence[str] = ()
    record_every_ms: Any = quantity(1.0, "ms", "positive")
    codegen_target: str | None = None

    def __post_init__(self) -> None:
        take_units(self)
        duration = in_unit("duration_s", self.duration_s, "second", "positive")
        object.__setattr__(self, "duration_s", duration)
        if isinstance(self.record, str) or not set(self.record) <= set(RECORDABLE):
            known = ", ".join(RECORDABLE)
            raise ValueError(f"record must be a list of some of {known}: {self.record!r}.")


def run_spiking(
    network: SpikingNetwork,
    stimulus: Stimulus,
    settings: SpikingRunSettings | None = None,
    *,
    initial_potentials: Any = None,
    rng: np.random.Generator | None = None,
    **fields: Any,
) -> xr.Dataset:
    """Simulate a spiking network in Brian2.

    Leaky integrate-and-fire neurons take exponential Euler steps, adaptive exponential ones
    Runge-Kutta steps of fourth order. Spikes are on the grid of steps, and gap junctions and
    the input are constant within a step: the method is of first order in the step.

    Parameters
    ----------
    network : SpikingNetwork
        Network that is simulated.
    stimulus : Stimulus
        Currents into chosen neurons, sampled at the middle of each step.
    settings : SpikingRunSettings, optional
        Settings, if they are not given as keywords.
    initial_potentials : array_like, shape (n_neurons,), optional
        Initial potentials, in mV. Without them, potentials drawn between reset and threshold with
        `rng`; without `rng`, the leak reversal.
    rng : numpy.random.Generator, optional
        The only source of randomness, so the same seed gives the same spikes.
    **fields
        Fields of `SpikingRunSettings` as keywords: duration_s, step_ms, record, record_every_ms,
        codegen_target.

    Returns
    -------
    xarray.Dataset
        ``spike_time`` (event) in ms, the end of the step in which the threshold was passed,
        and ``spike_neuron`` (event), the position along `neuron`, in order of time; ``rate``
        (neuron) in Hz; the variables in `record`, (time, neuron). The attributes contain all that
        is needed to repeat the run.

    Raises
    ------
    ValueError
        If an argument is out of range, the step is too large for the gap junctions, or the
        run would not fit in memory.
    ModuleNotFoundError
        If Brian2 is not installed.
    DivergenceError
        If a potential does not stay finite.

    Examples
    --------
    10 pA drive a neuron with C / g_L = 30 ms from -50 mV towards 50 mV. It reaches the threshold
    of -30 mV after 30 ms log(100 / 80) = 6.69 ms, in time steps of 0.05 ms after 6.7 ms:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network = sims.SpikingNetwork(graph)
    >>> stimulus = sims.step_current(["A"], amplitude_pA=10)
    >>> run = sims.run_spiking(network, stimulus, duration_s=0.02, codegen_target="numpy")
    >>> run.spike_time.values
    array([ 6.7, 13.4])
    """
    given = settings_from(SpikingRunSettings, settings, fields)
    require_instance("network", network, SpikingNetwork, "sims.SpikingNetwork(connectome)")
    check_stimulus(stimulus)
    if rng is not None:
        require_rng(rng)
    step, record, codegen_target = given.step_ms, given.record, given.codegen_target
    n_steps = round(1e3 * given.duration_s / step)
    every = max(1, round(given.record_every_ms / step))
    _check_steps(network, step, n_steps)
    require_few_steps(n_steps, step, given.duration_s, network.n_neurons)
    rng_state = None if rng is None or initial_potentials is not None else rng.bit_generator.state
    start = _initial_potentials(network, initial_potentials, rng)
    moving = _moving_neurons(network, stimulus)
    check_memory(n_steps * len(moving) + n_steps // every * len(record) * network.n_neurons)
    constant, varying = _currents(network, stimulus, moving, n_steps, step)
    with brian2_session(codegen_target) as brian2:
        tick = step * brian2.ms
        neurons = make_neurons(brian2, network, constant, (moving, varying), tick)
        neurons.V = start * brian2.mV
        parts = [neurons, *make_connections(brian2, network, neurons, tick)]
        events, samples = _run(brian2, parts, n_steps, tick, every if record else 0)
    times = every * step * np.arange(len(samples))
    times[-1] = n_steps * step
    raise_if_diverged(network, samples, times, step)
    attributes = {
        "model": "spiking",
        "dataset": network.connectome.name,
        "species": network.connectome.species or "not known",
        "dataset_sha256": network.connectome.source.content_sha256,
        "connectome_history": "; ".join(network.connectome.history),
        "neuron": type(network.parameters.neuron).__name__,
        "parameters": json.dumps(asdict(network.parameters)),
        "stimulus": stimulus.describe(),
        "engine": "brian2",
        "codegen_target": codegen_target or "preference",
        "step_ms": step,
        "n_steps": n_steps,
        "rng": "none" if rng_state is None else json.dumps(rng_state, default=np.ndarray.tolist),
        "isochron_version": __version__,
        **unsimulated_layers(network.connectome),
    }
    run = _labelled(network, *events, n_steps * step).assign_attrs(attributes)
    return _with_potentials(run, samples[: n_steps // every + 1], every * step) if record else run


def compute_rates(run: xr.Dataset, *, bin_ms: float) -> xr.DataArray:
    """Firing rates of all neurons in time bins, for example for `simulate_muscles`.

    Parameters
    ----------
    run : xarray.Dataset
        Result of `run_spiking`.
    bin_ms : float
        Width of a bin, in ms; an incomplete bin at the end of the run is omitted.

    Returns
    -------
    xarray.DataArray, shape (n_bins, n_neurons)
        Firing rates (time, neuron) in Hz; times are the middles of the bins, in ms.

    Raises
    ------
    ValueError
        If the bin is not positive or longer than the run.

    Examples
    --------
    A neuron that fires every 6.7 ms has 1 or 2 spikes in each bin of 10 ms:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network = sims.SpikingNetwork(graph)
    >>> stimulus = sims.step_current(["A"], amplitude_pA=10)
    >>> run = sims.run_spiking(network, stimulus, duration_s=0.03, codegen_target="numpy")
    >>> rates = sims.compute_rates(run, bin_ms=10)
    >>> rates.time.values, rates.values[:, 0]
    (array([ 5., 15., 25.]), array([100., 100., 200.]))
    """
    require_instance("run", run, xr.Dataset, "sims.run_spiking(...)")
    check_type("bin_ms", bin_ms, float)
    if missing := [name for name in ("n_steps", "step_ms") if name not in run.attrs]:
        raise ValueError(f"The run lacks {' and '.join(missing)}; is it of sims.run_spiking?")
    if "spike_time" not in run:
        raise ValueError("The run lacks spike_time; give one of sims.run_spiking.")
    duration = run.attrs["n_steps"] * run.attrs["step_ms"]
    if not 0 < bin_ms <= duration * (1 + 1e-9):
        raise ValueError(
            f"bin_ms must be positive and at most the run's {duration:g} ms, got {bin_ms!r}."
        )
    n_bins, n = int(duration / bin_ms * (1 + 1e-9)), run.sizes["neuron"]
    # A spike at the end of a step belongs to that step.
    bins = np.ceil(run["spike_time"].values / bin_ms - 1e-9).astype(int) - 1
    counts = np.zeros((n_bins, n))
    inside = bins < n_bins
    np.add.at(counts, (bins[inside], run["spike_neuron"].values[inside]), 1)
    return xr.DataArray(
        counts * 1e3 / bin_ms,
        dims=("time", "neuron"),
        coords={
            "time": ("time", (np.arange(n_bins) + 0.5) * bin_ms, {"units": "ms"}),
            "neuron": run["neuron"],
        },
        name="rate",
        attrs={"units": "Hz"},
    )


def raise_if_diverged(
    network: SpikingNetwork, samples: np.ndarray, times: np.ndarray, step: float
) -> None:
    """Raise if a potential is not finite, with the time of the first sample and its neurons."""
    finite = np.isfinite(samples).all(axis=1)
    if not finite.all():
        bad = int(np.argmin(finite))
        neurons = diverged(network.connectome.neurons, samples[max(0, bad - 1)], samples[bad])
        raise DivergenceError(
            f"A potential is not finite at {times[bad]:g} ms at a step of {step:g} ms, "
            f"in {neurons}."
        )


def _run(
    brian2: Any, parts: list[Any], n_steps: int, tick: Any, every: int
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Spikes (ms, neuron) in order; potentials each `every` steps, then at the end, in mV."""
    neurons = parts[0]
    spikes = brian2.SpikeMonitor(neurons, name="spiking_events*")
    monitors, before = [spikes], np.empty((0, len(neurons)))
    if every:
        monitors.append(
            brian2.StateMonitor(neurons, "V", record=True, dt=every * tick, name="spiking_samples*")
        )
    brian2.Network(*parts, *monitors).run(n_steps * tick)
    if every:
        before = np.array(monitors[1].V / brian2.mV).T
    times, senders = np.array((spikes.t + tick) / brian2.ms), np.array(spikes.i)
    order = np.lexsort((senders, times))
    return (times[order], senders[order]), np.vstack([before, neurons.V / brian2.mV])


def _labelled(
    network: SpikingNetwork, times: np.ndarray, senders: np.ndarray, duration_ms: float
) -> xr.Dataset:
    rate = 1e3 * np.bincount(senders, minlength=network.n_neurons) / duration_ms
    return xr.Dataset(
        {
            "spike_time": ("event", times, {"units": "ms"}),
            "spike_neuron": ("event", senders.astype(np.int64), {"long_name": "place of neuron"}),
            "rate": ("neuron", rate, {"units": "Hz"}),
        },
        coords={"neuron": list(network.connectome.neurons)},
    )


def _with_potentials(run: xr.Dataset, potentials: np.ndarray, sample_ms: float) -> xr.Dataset:
    times = np.arange(len(potentials)) * sample_ms
    return run.assign_coords(time=("time", times, {"units": "ms"})).assign(
        V=(("time", "neuron"), potentials, {"units": "mV"})
    )


def _moving_neurons(network: SpikingNetwork, stimulus: Stimulus) -> np.ndarray:
    """Places of the neurons whose input changes with time."""
    connectome = network.connectome
    moving = [
        connectome.index(connectome.select(*part.neurons))
        for part in stimulus.parts
        if not part.steady
    ]
    return np.unique(np.concatenate([*moving, np.empty(0, dtype=np.intp)]))


def _currents(
    network: SpikingNetwork, stimulus: Stimulus, moving: np.ndarray, n_steps: int, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """The constant input of all neurons, and what varies in the moving ones, in each step."""
    bound = stimulus.bound(network.connectome)
    varying = np.empty((n_steps, len(moving)))
    for first in range(0, n_steps if len(moving) else 0, BLOCK):
        steps = np.arange(first, min(first + BLOCK, n_steps))
        varying[steps] = bound.varying((steps + 0.5) * step)[:, moving]
    return bound.constant, varying


def _initial_potentials(
    network: SpikingNetwork, given: Any, rng: np.random.Generator | None
) -> np.ndarray:
    neuron, n = network.parameters.neuron, network.n_neurons
    if given is None and rng is None:
        return np.full(n, neuron.leak_reversal)
    if given is None and rng is not None:
        low, high = sorted((neuron.reset, neuron.threshold))
        return rng.uniform(low, high, n)
    require_real("initial_potentials", given)
    potentials = np.array(given, dtype=float)
    if potentials.shape != (n,) or not np.isfinite(potentials).all():
        raise ValueError(
            f"initial_potentials must be {n} finite numbers (in mV), got shape {potentials.shape}."
        )
    return potentials


def _check_steps(network: SpikingNetwork, step: float, n_steps: int) -> None:
    """Check that there is a step, and that it is short enough for gap junctions and leak."""
    laplacian = np.diag(network.gap.sum(axis=1)) - network.gap
    neuron = network.parameters.neuron
    fastest = np.linalg.eigvalsh(laplacian)[-1] + neuron.leak_conductance
    largest = neuron.capacitance / fastest
    if step > largest:
        raise ValueError(
            f"step_ms={step:g} is too large for the gap junctions and leak of this network: "
            f"at most {largest:.3g} ms."
        )
    if n_steps < 1:
        raise ValueError(f"The duration must be at least one step of {step:g} ms.")
