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
        If the thresholds change with time, or NeuroML cannot represent a current.
    """
    if not request.steady_thresholds:
        raise ValueError(
            f"NeuroML has fixed thresholds; threshold_rule {request.threshold_rule!r} changes "
            "them under this stimulus. Use 'fixed', or the engine numba."
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
        # Half a step longer, so that the last step is not lost by rounding.
        duration_ms=(request.n_steps + 0.5) * request.step_ms,
        step_ms=request.step_ms,
        variables=variables,
    )
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ids


def check_step(request: EngineRequest, rate: float, engine: str) -> None:
    """Check that a step is stable for a rate (1/ms) that is integrated explicitly.

    Raises
    ------
    ValueError
        If step * rate > 2; the message states the largest stable step.
    """
    if request.step_ms * rate > 2:
        raise ValueError(
            f"step_ms={request.step_ms:g} is unstable in {engine}, which steps explicitly; "
            f"the largest stable step here is {2 / rate:.4g} ms. Lower step_ms and leave "
            "record_every_ms unchanged."
        )


def synaptic_rate(network: GradedNetwork, initial_state: np.ndarray | None = None) -> float:
    """Largest rate of leak and open synapses of a neuron, 1/ms.

    An activation never exceeds the larger of its start and a_r / (a_r + a_d).
    """
    p = network.parameters
    start = np.zeros(1) if initial_state is None else initial_state[network.n_neurons :]
    most = np.maximum(start, p.activation_rate / (p.activation_rate + p.decay_rate))
    most = np.broadcast_to(most, network.n_neurons)
    return float((p.leak_conductance + network.synapses @ most).max() / p.capacitance)
