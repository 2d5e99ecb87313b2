"""simulate(): from a model and a stimulus to a labeled dataset."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.arguments import require_instance, require_rng
from isochron.connectome import Connectome
from isochron.memory import TooLargeError
from isochron.real_numbers import as_floats, require_real
from isochron.settings import settings_from
from isochron.sims.engines import ENGINES
from isochron.sims.engines.request import EngineRequest, Progress
from isochron.sims.graded import GradedNetwork
from isochron.sims.run_settings import RunSettings
from isochron.sims.step_choice import plan_steps, require_feasible, with_accuracy
from isochron.sims.stimuli import Stimulus
from isochron.wording import counted

MEMORY_LIMIT_BYTES = 4 * 2**30


def state_vector(sample: xr.Dataset, network: GradedNetwork | None = None) -> np.ndarray:
    """The state (V, s) at one time of a simulation, for the analysis or to continue from.

    Parameters
    ----------
    sample : xarray.Dataset
        One time of a run of `simulate`: ``run.isel(time=-1)``; it must contain ``V`` and ``s``.
    network : GradedNetwork, optional
        Network in which the state is to be used. The values are put in the order of its
        neurons, by name.

    Returns
    -------
    ndarray, shape (2 n_neurons,)
        Potentials in mV, then activations.

    Raises
    ------
    ValueError
        If it contains more than one time or member, lacks V or s, or its neurons are not those
        of the network.

    Examples
    --------
    Two runs of 0.1 s, the second from the end of the first, are one of 0.2 s:

    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> touch = sims.step_current(["PLM"], amplitude_pA=2000)
    >>> run = lambda seconds, **start: sims.simulate(
    ...     worm, touch, duration_s=seconds, step_ms=1, **start
    ... )
    >>> first = run(0.1, rng=np.random.default_rng(0))
    >>> second = run(0.1, initial_state=sims.state_vector(first.isel(time=-1)))
    >>> whole = run(0.2, rng=np.random.default_rng(0))
    >>> print(abs(second.V - whole.V.isel(time=slice(20, None)).values).values.max().round(9))
    0.0
    """
    require_instance("sample", sample, xr.Dataset, "run.isel(time=-1)")
    if "time" in sample.dims:
        raise ValueError("Choose one time: run.isel(time=-1).")
    if missing := [name for name in ("V", "s") if name not in sample]:
        raise ValueError(
            f"The run lacks {' and '.join(missing)}, which a state needs. Simulate with "
            'record=("V", "s").'
        )
    if sample["V"].dims != ("neuron",) or sample["s"].dims != ("neuron",):
        raise ValueError(
            f"V must have the dimension neuron only, got {sample['V'].dims}. Choose one of each "
            "other dimension, as by run.isel(time=-1, member=0)."
        )
    if network is not None:
        sample = _in_order(sample, network.connectome.neurons)
    return np.concatenate([sample["V"].values, sample["s"].values])


def _in_order(sample: xr.Dataset, neurons: Sequence[str]) -> xr.Dataset:
    """A sample with its neurons in the order of a network."""
    there = [str(name) for name in sample["neuron"].values]
    if sorted(there) != sorted(neurons):
        lacking, foreign = sorted(set(neurons) - set(there)), sorted(set(there) - set(neurons))
        raise ValueError(
            f"The run has {counted(len(there), 'neuron')}, the network {len(neurons)}, and they "
            f"are not the same: the run lacks {', '.join(lacking[:4]) or 'none'}; the "
            f"network lacks {', '.join(foreign[:4]) or 'none'}."
        )
    return sample.isel(neuron=[there.index(name) for name in neurons])


def simulate(
    network: GradedNetwork,
    stimulus: Stimulus,
    settings: RunSettings | None = None,
    *,
    initial_state: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> xr.Dataset:
    """Simulate a graded network: ``simulate(network, stimulus, duration_s=20, rng=rng)``.

    Parameters
    ----------
    network : GradedNetwork
        Network that is simulated.
    stimulus : Stimulus
        Currents into chosen neurons.
    settings : RunSettings, optional
        Settings, if they are not given as keywords.
    initial_state : ndarray, shape (2 n_neurons,), optional
        Potentials in mV, then activations.
    rng : numpy.random.Generator, optional
        Source of the initial state if `initial_state` is not given: (Vth at time 0, s_eq) with
        normal noise of 1 mV on the potentials.
    progress : Progress, optional
        Saves the progress of a run of the engine "numba" for the command ``isochron simulate``.
    **fields
        Fields of `RunSettings` as keywords: duration_s, engine, step_ms, method, tolerance_mV,
        record, record_every_ms, threshold_rule.

    Returns
    -------
    xarray.Dataset
        The variables in `record`: ``V`` and ``V_minus_threshold`` in mV, ``s``, ``input`` in pA,
        all (time, neuron); ``threshold`` in mV, (neuron), or (time, neuron) if it changes; time
        in ms. The attributes contain all that is needed to repeat the run, with the method and
        the steps that were used. Where a step was chosen for `tolerance_mV`, or a long one was
        given, ``estimated_error_mV`` is the largest error of a potential in the first seconds,
        from a run with half the step. The attribute ``not_simulated`` lists the extrasynaptic
        layers of the connectome, if it has any: only synapses and gap junctions are simulated.

    Raises
    ------
    ValueError
        If an argument is out of range, the record would not fit in memory, the stimulus
        changes within a time step, or neither `initial_state` nor `rng` is given.
    TypeError
        If `rng` is a seed instead of a generator.
    ModuleNotFoundError
        If the engine is not installed.
    DivergenceError
        If the state does not stay finite.

    Warns
    -----
    StepWarning
        If a given step is too coarse: halving it changes the potentials by a tenth of their
        range; or a given tolerance is not reached.

    Examples
    --------
    An isolated neuron returns to its equilibrium of -35 mV as exp(-t / 150 ms):

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> start = network.equilibrium(rest) + [10, 0]  # 10 mV above it
    >>> run = sims.simulate(
    ...     network, rest, duration_s=0.3, record_every_ms=150, initial_state=start
    ... )
    >>> run.time.values
    array([  0., 150., 300.])
    >>> run.V.values[:, 0].round(3)
    array([-25.   , -31.321, -33.647])
    >>> (-35 + 10 * np.exp([0, -1, -2])).round(3)
    array([-25.   , -31.321, -33.647])
    """
    given = settings_from(RunSettings, settings, fields)
    engine, record, threshold_rule = given.engine, given.record, given.threshold_rule
    require_generator(rng)
    plan = plan_steps(network, [stimulus], given)
    rng_state = None if rng is None or initial_state is not None else rng.bit_generator.state
    if initial_state is None:
        if rng is None:
            raise ValueError("Give initial_state, or rng for a random one near the equilibrium.")
        initial_state = network.random_state(stimulus, rng, threshold_rule=threshold_rule)
    request = EngineRequest(
        network=network,
        stimulus=stimulus,
        initial_state=checked_state(initial_state, network),
        threshold_rule=threshold_rule,
        **plan,
    )
    _check_size(request, given)
    changes, accuracy = with_accuracy([request], given)
    request = request.changed(progress=progress or Progress(), **changes)
    states = ENGINES.load(engine).run(request)
    attributes = {
        "model": "graded",
        "dataset": network.connectome.name,
        "species": network.connectome.species or "not known",
        "dataset_sha256": network.connectome.source.content_sha256,
        "connectome_history": "; ".join(network.connectome.history),
        "parameters": json.dumps(asdict(network.parameters)),
        "stimulus": stimulus.describe(),
        "threshold_rule": threshold_rule,
        "engine": engine,
        "method": request.method,
        "step_ms": request.step_ms,
        "n_steps": request.n_steps,
        "simulated_ms": request.n_steps * request.step_ms,
        "rng": "none" if rng_state is None else json.dumps(rng_state, default=_as_list),
        "isochron_version": __version__,
    }
    run = _labelled(request, states, record)
    return run.assign_attrs(
        attributes | request.notes | accuracy | unsimulated_layers(network.connectome)
    )


def unsimulated_layers(connectome: Connectome) -> dict[str, str]:
    """Attribute ``not_simulated`` of a run: extrasynaptic layers, which no model contains.

    Empty if the connectome does not have such a layer.
    """
    layers = [layer for layer in connectome.layers if layer in connectome.extrasynaptic]
    if not layers:
        return {}
    counts = [f"{layer} ({np.count_nonzero(connectome.layer(layer))})" for layer in layers]
    return {"not_simulated": f"extrasynaptic connections: {', '.join(counts)}"}


def require_generator(rng: Any) -> None:
    """Raise TypeError for a seed in place of a generator."""
    if rng is not None:
        require_rng(rng)


def _labelled(request: EngineRequest, states: np.ndarray, record: Sequence[str]) -> xr.Dataset:
    n, times = request.network.n_neurons, request.sample_times
    v = states[:, :n]
    thresholds = request.thresholds(times[0] if request.steady_thresholds else times)
    threshold_dims = ("neuron",) if request.steady_thresholds else ("time", "neuron")
    makers: dict[str, Any] = {
        "V": lambda: (v, "mV"),
        "s": lambda: (states[:, n:], "1"),
        "input": lambda: (request.currents(times), "pA"),
        "V_minus_threshold": lambda: (v - thresholds, "mV"),
    }
    variables: dict[str, Any] = {
        "threshold": (threshold_dims, np.array(thresholds), {"units": "mV"})
    }
    both_kept = {"V", "s"} <= set(record)
    for name in record:
        values, units = makers[name]()
        # A copy, so that the half of `states` that is not recorded can be freed.
        values = values if both_kept else values.copy()
        variables[name] = (("time", "neuron"), values, {"units": units})
    return xr.Dataset(
        variables,
        coords={
            "time": ("time", times, {"units": "ms"}),
            "neuron": list(request.network.connectome.neurons),
        },
    )


def checked_state(state: Any, network: GradedNetwork) -> np.ndarray:
    """The initial state as an array of float64; ValueError if it is not one."""
    if isinstance(state, xr.Dataset):
        raise ValueError(
            "initial_state must be an array: give sims.state_vector(run.isel(time=-1))."
        )
    require_real("initial_state", state)
    state = as_floats("initial_state", state)
    wanted = f"initial_state must be {network.dimension} finite numbers, potentials and then"
    if state.shape != (network.dimension,):
        raise ValueError(f"{wanted} activations; got shape {state.shape}.")
    if not np.isfinite(state).all():
        raise ValueError(f"{wanted} activations; {first_bad_value(state, network)}.")
    return state


def first_bad_value(state: np.ndarray, network: GradedNetwork) -> str:
    """The first number of a state that is not finite, in words: ``the potential of A is nan``."""
    place = int(np.argmin(np.isfinite(state)))
    kind, k = divmod(place, network.n_neurons)
    name = network.connectome.neurons[k]
    return f"the {('potential', 'activation')[kind]} of {name} is {state[place]:g}"


def _check_size(request: EngineRequest, settings: RunSettings) -> None:
    quantities = len(settings.record) * request.network.n_neurons
    per_sample = 8 * (request.network.dimension + quantities)
    taken = request.n_steps // request.every
    needed = per_sample * taken
    require_feasible(request, settings)
    if request.n_steps < request.every or needed > MEMORY_LIMIT_BYTES:
        way_out = "Record less often." if taken else "Record more often, or run longer."
        way_out += " duration_s is in seconds, record_every_ms in milliseconds."
        raise (TooLargeError if taken else ValueError)(
            f"duration_s={settings.duration_s:g} at record_every_ms="
            f"{settings.record_every_ms:g} would record {taken:.6g} samples, "
            f"{needed / 2**30:.3g} GiB; between 1 sample and {MEMORY_LIMIT_BYTES / 2**30:.0f} GiB "
            f"are allowed. {way_out}"
        )


def _as_list(value: Any) -> Any:
    return value.tolist()
