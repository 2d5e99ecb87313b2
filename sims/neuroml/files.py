"""The files of a model: network, components, and the LEMS file that simulates them."""

from collections.abc import Sequence

from isochron.sims.neuroml.lems import simulation
from isochron.sims.neuroml.network import NetworkDocument
from isochron.sims.neuroml.xml import document_bytes, element
from isochron.sims.stimuli import Stimulus


def model_files(
    document: NetworkDocument,
    stimulus: Stimulus,
    *,
    stem: str,
    level: str,
    duration_ms: float,
    step_ms: float,
    variables: Sequence[str] = ("v",),
) -> dict[str, bytes]:
    """Names and contents of the files.

    The LEMS file ``LEMS_{stem}.xml`` records the variables of all cells in ``{stem}.v.dat``,
    the first variable of every cell first, and spikes in ``{stem}.spikes`` if synapses are
    event-driven.
    """
    # Inputs end a step after the simulation, so that its last step has them too.
    network = document.root(stimulus, level=level, duration_ms=duration_ms + step_ms)
    files = {f"{stem}.net.nml": document_bytes(network)}
    if document.components.custom:
        custom = element("Lems", *document.components.custom)
        files[f"{stem}.components.xml"] = document_bytes(custom)
    paths = document.cell_paths
    lems = simulation(
        includes=sorted(files),
        duration_ms=duration_ms,
        step_ms=step_ms,
        quantities=[f"{path}/{variable}" for variable in variables for path in paths],
        trace_file=f"{stem}.v.dat",
        spiking=[] if document.components.continuous else paths,
        spike_file=f"{stem}.spikes",
    )
    files[f"LEMS_{stem}.xml"] = document_bytes(lems)
    return files
