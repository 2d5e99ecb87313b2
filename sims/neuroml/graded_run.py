"""A run of the graded network as a NeuroML model in a folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from isochron.sims.engines.request import EngineRequest
from isochron.sims.graded import GradedNetwork
from isochron.sims.neuroml.components import graded_components
from isochron.sims.neuroml.files import model_files
from isochron.sims.neuroml.ids import cell_ids
from isochron.sims.neuroml.network import NetworkDocument

STEM = "model"


def write_run(
    request: EngineRequest, folder: Path, *, variables: Sequence[str] = ()
) -> tuple[str, ...]:
    """Write the model of a request, without muscles.

    The LEMS file records `variables`, the first one of every cell first.

    Returns
    -------
    tuple of str
        Ids of the populations.

    Raises
    ------
    ValueError
        If the thresholds move, or NeuroML has no such current.
    """
    if not request.steady_thresholds:
        raise ValueError(
            f"NeuroML has fixed thresholds; threshold_rule {request.threshold_rule!r} moves "
            "them under this stimulus. Take 'fixed', or the engine numba."
        )
    connectome = request.network.connectome
    ids = cell_ids(connectome.neurons)
    components = graded_components(
        request.network,
        ids,
        (),
        thresholds=request.thresholds(0.0),
        initial_state=request.initial_state,
    )
    files = model_files(
        NetworkDocument(connectome, ids, (), components),
        request.stimulus,
        stem=STEM,
        level="graded",
        # Half a step more, so that rounding does not lose the last one.
        duration_ms=(request.n_steps + 0.5) * request.step_ms,
        step_ms=request.step_ms,
        variables=variables,
    )
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ids


def check_step(request: EngineRequest, rate: float, engine: str) -> None:
    """Refuse a step at which a rate (1/ms) that is integrated explicitly would grow.

    Raises
    ------
    ValueError
        If step * rate > 2; the message has the largest stable step.
    """
    if request.step_ms * rate > 2:
        raise ValueError(
            f"step_ms={request.step_ms:g} is unstable in {engine}, which steps explicitly; "
            f"the largest stable step here is {2 / rate:.4g} ms. Take less, and "
            "record_every_ms as before."
        )


def synaptic_rate(network: GradedNetwork, initial_state: np.ndarray | None = None) -> float:
    """Largest rate of leak and open synapses of a neuron, 1/ms.

    No activation ever exceeds the larger of its start and a_r / (a_r + a_d).
    """
    p = network.parameters
    start = np.zeros(1) if initial_state is None else initial_state[network.n_neurons :]
    most = np.maximum(start, p.activation_rate / (p.activation_rate + p.decay_rate))
    most = np.broadcast_to(most, network.n_neurons)
    return float((p.leak_conductance + network.synapses @ most).max() / p.capacitance)
