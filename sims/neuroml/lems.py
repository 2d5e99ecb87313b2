"""The LEMS file that simulates a network: duration, time step, recorded quantities."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from isochron.sims.neuroml.network import NETWORK
from isochron.sims.neuroml.xml import element, quantity


def simulation(
    *,
    includes: Sequence[str],
    duration_ms: float,
    step_ms: float,
    quantities: Sequence[str],
    trace_file: str,
    spiking: Sequence[str] = (),
    spike_file: str = "",
) -> Element:
    """A LEMS document.

    Parameters
    ----------
    includes : sequence of str
        Files with the components and the network.
    quantities : sequence of str
        Paths of recorded quantities, one column each after the time; in SI units.
    spiking : sequence of str
        Paths of cells whose spikes are recorded, by their index in this list.
    trace_file, spike_file : str
        Names of the files that the simulator writes.
    """
    columns = (
        element("OutputColumn", id=f"column_{i}", quantity=path)
        for i, path in enumerate(quantities)
    )
    outputs = [element("OutputFile", *columns, id="traces", fileName=trace_file)]
    if spiking:
        events = (
            element("EventSelection", id=i, select=path, eventPort="spike")
            for i, path in enumerate(spiking)
        )
        outputs.append(
            element("EventOutputFile", *events, id="spikes", fileName=spike_file, format="TIME_ID")
        )
    core = ("Cells.xml", "Synapses.xml", "Inputs.xml", "Networks.xml", "Simulation.xml")
    return element(
        "Lems",
        element("Target", component="simulation"),
        *(element("Include", file=name) for name in (*core, *includes)),
        element(
            "Simulation",
            *outputs,
            id="simulation",
            length=quantity(duration_ms, "ms"),
            step=quantity(step_ms, "ms"),
            target=NETWORK,
        ),
    )
