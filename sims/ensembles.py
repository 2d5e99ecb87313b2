"""simulate_many(): many worms at once, with different parameters, connectomes, inputs or starts."""

import importlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.arguments import what_it_is
from isochron.devices import require_device
from isochron.memory import TooLargeError
from isochron.real_numbers import as_floats
from isochron.settings import settings_from
from isochron.sims.engines import ENGINES
from isochron.sims.engines.request import EngineRequest, describe_divergence
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.run_settings import EnsembleSettings
from isochron.sims.simulation import (
    MEMORY_LIMIT_BYTES,
    first_bad_value,
    require_generator,
    unsimulated_layers,
)
from isochron.sims.step_choice import plan_steps, require_feasible, with_accuracy
from isochron.sims.stimuli import Stimulus

N_PROBED = 8  # members from which the error is estimated
CHUNK_BYTES = 2 * 2**30


def simulate_many(
    networks: GradedNetwork | Sequence[GradedNetwork],
    stimuli: Stimulus | Sequence[Stimulus],
    settings: EnsembleSettings | None = None,
    *,
    initial_states: np.ndarray | None = None,
    rng: np.random.Generator | None = None,
    **fields: Any,
) -> xr.Dataset:
    """Simulate many graded networks over the same neurons.

    A member whose state does not stay finite is marked as failed, with the reason, and is NaN
    from then on; the other members continue.

    Parameters
    ----------
    networks : GradedNetwork or sequence of GradedNetwork
        One for all members, or one each; see `GradedNetwork.with_parameters` and
        `GradedNetwork.disconnect`.
    stimuli : Stimulus or sequence of Stimulus
        One for all members, or one each.
    settings : EnsembleSettings, optional
        Settings, if they are not given as keywords.
    initial_states : ndarray, shape (n_members, 2 n_neurons) or (2 n_neurons,), optional
        Potentials in mV, then activations.
    rng : numpy.random.Generator, optional
        Source of the initial states if `initial_states` is not given: each member starts near
        its equilibrium, as in `simulate`.
    **fields
        Fields of `EnsembleSettings` as keywords: duration_s, engine, step_ms, method,
        tolerance_mV, record, record_every_ms, threshold_rule, workers, device, dtype, chunk.

    Returns
    -------
    xarray.Dataset
        The variables in `record`, (member, time, neuron); ``final_state`` (member, state);
        ``failed`` and ``reason`` (member); time in ms.

    Raises
    ------
    ValueError
        If an argument is out of range, the numbers of members differ, the members do not have
        the same neurons, or a stimulus changes within a time step.
    TypeError
        If `rng` is a seed instead of a generator.

    Examples
    --------
    Isolated neurons with time constants C / G_c of 150 and 75 ms, 10 mV above their equilibrium
    of -35 mV, after 150 ms:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> networks = [network.with_parameters(leak_conductance=g) for g in (0.01, 0.02)]
    >>> start = network.equilibrium(rest) + [10, 0]
    >>> run = sims.simulate_many(
    ...     networks, rest, duration_s=0.15, record_every_ms=150, initial_states=start
    ... )
    >>> run.V.values[:, -1, 0].round(3)
    array([-31.321, -33.647])
    >>> (-35 + 10 * np.exp([-1, -2])).round(3)
    array([-31.321, -33.647])
    """
    given = settings_from(EnsembleSettings, settings, fields)
    record, threshold_rule = given.record, given.threshold_rule
    networks, stimuli, starts = _members(networks, stimuli, initial_states)
    options = _engine_options(given)
    require_generator(rng)
    plan = plan_steps(networks[0], [*{id(one): one for one in stimuli}.values()], given)
    _check_type(given, plan["method"])
    n_samples = plan["n_steps"] // plan["every"] + 1
    chunk = _chunk(given, n_samples, networks)
    copies = _Copies(networks, chunk)
    rng_state = "none"
    if initial_states is None:
        if rng is None:
            raise ValueError("Give initial_states, or rng for random ones near the equilibria.")
        rng_state = json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)
        starts = [
            copies[k].random_state(stimulus, rng, threshold_rule=threshold_rule)
            for k, stimulus in enumerate(stimuli)
        ]

    def request(k: int) -> EngineRequest:
        return EngineRequest(
            network=copies[k],
            stimulus=stimuli[k],
            initial_state=starts[k],
            threshold_rule=threshold_rule,
            **plan,
        )

    shape = (len(networks), n_samples, networks[0].n_neurons)
    _check_size(shape, len(record))
    probed = np.unique(np.linspace(0, shape[0] - 1, N_PROBED, dtype=int)).tolist()
    trials = [request(k) for k in probed]
    for trial in trials:
        require_feasible(trial, given, shape[0])
    changes, accuracy = with_accuracy(trials, given, **options)
    plan |= changes
    every_ms, taken = plan["every"] * plan["step_ms"], []
    kept = {name: np.empty(shape) for name in record}
    finals, reasons = np.empty((shape[0], 2 * shape[2])), []
    run_many = ENGINES.load(given.engine).run_many
    for begin in range(0, shape[0], chunk):
        members = slice(begin, min(begin + chunk, shape[0]))
        requests = [request(k) for k in range(members.start, members.stop)]
        states = run_many(requests, **options)
        taken += [plan | one.notes for one in requests]
        for name in record:
            kept[name][members] = _quantity(name, requests, states)
        finals[members] = states[:, -1]
        reasons += map(describe_divergence, requests, states)
    times = every_ms * np.arange(n_samples)
    run = _labelled(kept, finals, reasons, times, networks[0].connectome.neurons)
    return run.assign_attrs(
        {
            "model": "graded",
            "dataset": networks[0].connectome.name,
            "species": networks[0].connectome.species or "not known",
            "dataset_sha256": networks[0].connectome.source.content_sha256,
            "connectome_history": _each([list(network.connectome.history) for network in networks]),
            "parameters": _each([asdict(network.parameters) for network in networks]),
            "stimulus": _each([stimulus.describe() for stimulus in stimuli]),
            "threshold_rule": threshold_rule,
            "engine": given.engine,
            "method": plan["method"],
            "device": given.device,
            "dtype": given.dtype,
            "step_ms": _number([one["step_ms"] for one in taken]),
            "n_steps": _number([one["n_steps"] for one in taken]),
            **accuracy,
            "rng": rng_state,
            "isochron_version": __version__,
            **unsimulated_layers(networks[0].connectome),
        }
    )


def _engine_options(settings: EnsembleSettings) -> dict[str, Any]:
    engine, device, dtype = settings.engine, settings.device, settings.dtype
    several = [name for name in ENGINES if ENGINES.load_settings(name).ensembles]
    if engine not in several:
        raise ValueError(f"engine must be one of {', '.join(several)}, got {engine!r}.")
    if engine == "numba":
        if device != "cpu":
            raise ValueError(
                f'Only engine="torch" and engine="triton" have a choice of device; got {device!r}.'
            )
        return {"workers": settings.workers, "dtype": dtype}
    torch = importlib.import_module("torch")
    return {"device": require_device(device), "dtype": getattr(torch, dtype)}


class _Copies:
    """A copy of the network of a member, whose matrices go when further ones are in use."""

    def __init__(self, networks: list[GradedNetwork], most: int) -> None:
        self.networks, self.most = networks, most
        self.copies: dict[int, GradedNetwork] = {}

    def __getitem__(self, k: int) -> GradedNetwork:
        network = self.networks[k]
        if id(network) not in self.copies:
            if len(self.copies) >= self.most:
                self.copies.clear()
            self.copies[id(network)] = network.with_parameters()
        return self.copies[id(network)]


def _check_type(settings: EnsembleSettings, method: str) -> None:
    if settings.dtype == "float32" and settings.engine == "numba" and method != "multistep":
        raise ValueError(
            'Only the engines "torch" and "triton" and method="multistep" compute in float32; the '
            f"method is {method!r}."
        )


def _chunk(settings: EnsembleSettings, n_samples: int, networks: list[GradedNetwork]) -> int:
    """Number of members at a time; by default that of the engine, in 2 GiB of host memory.

    Samples need memory, and the dense matrices of each network if there are several.
    """
    if settings.chunk is not None:
        return settings.chunk
    usual, n = ENGINES.load_settings(settings.engine).chunk, networks[0].n_neurons
    several = len({id(network) for network in networks}) > 1
    member = 8 * (n_samples * 2 * n + several * 3 * n * n)
    return max(min(usual, 512), min(usual, CHUNK_BYTES // member))


def _members(networks: Any, stimuli: Any, starts: Any) -> tuple[list, list, Any]:
    """One network, stimulus and initial state (or None) for each member."""
    for name, given, one in (
        ("networks", networks, GradedNetwork),
        ("stimuli", stimuli, Stimulus),
    ):
        if not isinstance(given, one | Sequence | np.ndarray) or isinstance(given, str):
            raise TypeError(
                f"{name} must be one {one.__name__} or a list of them, got {what_it_is(given)}."
            )
    lengths = {
        len(given)
        for given, one in ((networks, GradedNetwork), (stimuli, Stimulus))
        if not isinstance(given, one)
    }
    starts = None if starts is None else as_floats("initial_states", starts)
    if starts is not None and starts.ndim not in (1, 2):
        raise ValueError(
            f"initial_states must have shape (n_members, 2 n_neurons) or (2 n_neurons,), got "
            f"{starts.shape}."
        )
    if starts is not None and starts.ndim == 2:
        lengths.add(len(starts))
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            "Give networks, stimuli or initial_states for each member, as many of each; got "
            f"lengths {sorted(lengths)}."
        )
    (n_members,) = lengths
    networks = [networks] * n_members if isinstance(networks, GradedNetwork) else list(networks)
    stimuli = [stimuli] * n_members if isinstance(stimuli, Stimulus) else list(stimuli)
    for network, stimulus in zip(networks, stimuli, strict=True):
        check_simulated(network, stimulus)
    if len({network.connectome.neurons for network in networks}) > 1:
        raise ValueError(
            "The members must have the same neurons. To exclude some from a member, use "
            "network.disconnect(...), which removes their connections."
        )
    if starts is None:
        return networks, stimuli, [None] * n_members
    wanted = f"initial_states must be rows of {networks[0].dimension} finite numbers, potentials"
    if starts.shape[-1] != networks[0].dimension:
        raise ValueError(f"{wanted} and then activations; got shape {starts.shape}.")
    if not np.isfinite(starts).all():
        rows = np.atleast_2d(starts)
        member = int(np.argmin(np.isfinite(rows).all(axis=1)))
        raise ValueError(
            f"{wanted} and then activations; in row {member} "
            f"{first_bad_value(rows[member], networks[0])}."
        )
    return networks, stimuli, np.broadcast_to(starts, (n_members, starts.shape[-1]))


def _check_size(shape: tuple[int, int, int], n_quantities: int) -> None:
    needed = 8 * math.prod(shape) * n_quantities
    if shape[1] < 2 or needed > MEMORY_LIMIT_BYTES:
        raise (ValueError if shape[1] < 2 else TooLargeError)(
            f"{shape[0]} members with {shape[1] - 1} samples each would take "
            f"{needed / 2**30:.3g} GiB; between 1 sample and "
            f"{MEMORY_LIMIT_BYTES / 2**30:.0f} GiB are allowed. Record less often, or less."
        )


def _quantity(name: str, requests: list[EngineRequest], states: np.ndarray) -> np.ndarray:
    n = states.shape[2] // 2
    if name == "s":
        return states[..., n:]
    if name == "V":
        return states[..., :n]
    thresholds = [request.thresholds(request.sample_times) for request in requests]
    return states[..., :n] - np.array(thresholds)


def _labelled(kept, finals, reasons, times, neurons) -> xr.Dataset:
    units = {"V": "mV", "s": "1", "V_minus_threshold": "mV"}
    variables: dict[str, Any] = {
        name: (("member", "time", "neuron"), values, {"units": units[name]})
        for name, values in kept.items()
    }
    variables["final_state"] = (("member", "state"), finals)
    variables["failed"] = (("member",), np.array([reason != "" for reason in reasons]))
    variables["reason"] = (("member",), np.array(reasons))
    return xr.Dataset(
        variables,
        coords={"time": ("time", times, {"units": "ms"}), "neuron": list(neurons)},
    )


def _number(values: list[float]) -> float | str:
    """A number, if it is that of all members; else their JSON."""
    return values[0] if all(value == values[0] for value in values) else json.dumps(values)


def _each(values: list) -> str:
    """JSON of the values of all members; of one value, if all are the same."""
    return json.dumps(values[0] if all(value == values[0] for value in values) else values)
