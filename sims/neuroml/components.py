"""Components of cells and connections at each level of detail.

Level graded is the model of `isochron.sims.graded`. Levels A, B and C1 follow c302 of
OpenWorm, whose authors mark every value as a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from isochron.sims.graded import GradedNetwork
from isochron.sims.neuroml.component_types import graded_types
from isochron.sims.neuroml.hodgkin_huxley import hodgkin_huxley_cells
from isochron.sims.neuroml.xml import element, quantity
from isochron.sims.spiking.parameters import LeakyIntegrateAndFire, SpikingParameters


@dataclass(frozen=True, kw_only=True)
class Components:
    """The components of one model, and their assignment to cells and synapses.

    Attributes
    ----------
    standard : tuple of Element
        Components that NeuroML 2 defines, in the order of its schema.
    custom : tuple of Element
        Component types that NeuroML 2 does not define, and their components.
    neurons, muscles : tuple of str
        Id of the component of each cell.
    synapse : callable
        ``synapse(pre, sign)``: id of the component of a synapse from neuron number `pre`,
        where sign is +1, -1, or 0 for one without effect.
    continuous : bool
        Whether synapses follow the presynaptic potential; otherwise they are event-driven.
    """

    standard: tuple[Element, ...] = ()
    custom: tuple[Element, ...] = ()
    neurons: tuple[str, ...]
    muscles: tuple[str, ...]
    synapse: Callable[[int, int], str]
    continuous: bool


GAP_JUNCTION, SILENT = "gap_junction", "silent_synapse"
_BY_SIGN = {1: "excitatory_synapse", -1: "inhibitory_synapse", 0: "unsigned_synapse"}


def graded_components(
    network: GradedNetwork,
    neuron_ids: tuple[str, ...],
    muscle_ids: tuple[str, ...],
    *,
    thresholds: np.ndarray,
    initial_state: np.ndarray,
) -> Components:
    """Level graded: the equations of the network, thresholds (mV) and state by neuron.

    The synapses of a neuron start with its activation. Muscles are cells with the constants of
    the neurons and start at the leak reversal.
    """
    p = network.parameters
    n = network.n_neurons
    v, s = initial_state[:n].tolist(), initial_state[n:].tolist()
    kinetics = {
        "steepness": quantity(p.steepness, "per_mV"),
        "activationRate": quantity(p.activation_rate, "per_ms"),
        "decayRate": quantity(p.decay_rate, "per_ms"),
    }
    membrane = {
        "C": quantity(p.capacitance, "pF"),
        "leakConductance": quantity(p.leak_conductance, "nS"),
        "leakReversal": quantity(p.leak_reversal, "mV"),
    }

    def cell(name: str, threshold: float, potential: float, activation: float) -> Element:
        return element(
            "gradedNeuron",
            id=f"cell_{name}",
            **membrane,
            Vth=quantity(threshold, "mV"),
            **kinetics,
            initialPotential=quantity(potential, "mV"),
            initialActivation=activation,
        )

    def synapse(kind: str, reversal: float, i: int) -> Element:
        return element(
            "gradedConductance",
            id=f"{kind}_{neuron_ids[i]}",
            conductance=quantity(p.synaptic_conductance, "nS"),
            erev=quantity(reversal, "mV"),
            Vth=quantity(thresholds[i], "mV"),
            **kinetics,
            initialActivation=s[i],
        )

    custom = graded_types()
    custom += [cell(name, thresholds[i], v[i], s[i]) for i, name in enumerate(neuron_ids)]
    custom += [cell(name, p.leak_reversal, p.leak_reversal, 0.0) for name in muscle_ids]
    for i in range(n):
        custom.append(synapse("excitatory", p.excitatory_reversal, i))
        custom.append(synapse("inhibitory", p.inhibitory_reversal, i))
    kinds = {1: "excitatory", -1: "inhibitory"}
    return Components(
        standard=(_gap_junction(p.gap_conductance), _silent()),
        custom=tuple(custom),
        neurons=tuple(f"cell_{name}" for name in neuron_ids),
        muscles=tuple(f"cell_{name}" for name in muscle_ids),
        synapse=lambda pre, sign: f"{kinds[sign]}_{neuron_ids[pre]}" if sign else SILENT,
        continuous=True,
    )


def integrate_and_fire_components(
    parameters: SpikingParameters, n_neurons: int, n_muscles: int
) -> Components:
    """Levels A and B: leaky integrate-and-fire cells, conductances of two exponentials.

    The activity variable of the B cells of c302 does not act on anything and is omitted.

    Raises
    ------
    TypeError
        If the neurons are of a different kind.
    """
    neuron, synapses = parameters.neuron, parameters.synapses
    if not isinstance(neuron, LeakyIntegrateAndFire):
        raise TypeError(f"iafCell is a LeakyIntegrateAndFire neuron, not {neuron!r}.")
    cell = {
        "leakReversal": quantity(neuron.leak_reversal, "mV"),
        "thresh": quantity(neuron.threshold, "mV"),
        "reset": quantity(neuron.reset, "mV"),
        "C": quantity(neuron.capacitance, "pF"),
        "leakConductance": quantity(neuron.leak_conductance, "nS"),
    }

    def synapse(sign: int, conductance: float, reversal: float) -> Element:
        return element(
            "expTwoSynapse",
            id=_BY_SIGN[sign],
            gbase=quantity(conductance, "nS"),
            erev=quantity(reversal, "mV"),
            tauRise=quantity(synapses.rise, "ms"),
            tauDecay=quantity(synapses.decay, "ms"),
        )

    return Components(
        standard=(
            synapse(1, synapses.conductance, synapses.excitatory_reversal),
            synapse(-1, synapses.conductance, synapses.inhibitory_reversal),
            synapse(0, 0.0, synapses.excitatory_reversal),
            _gap_junction(parameters.gap_conductance),
            element("iafCell", id="neuron_cell", **cell),
            element("iafCell", id="muscle_cell", **cell),
        ),
        neurons=("neuron_cell",) * n_neurons,
        muscles=("muscle_cell",) * n_muscles,
        synapse=lambda pre, sign: _BY_SIGN[sign],
        continuous=False,
    )


def hodgkin_huxley_components(n_neurons: int, n_muscles: int) -> Components:
    """Level C1: cells with ion channels and graded synapses."""

    def synapse(sign: int, reversal: float) -> Element:
        return element(
            "gradedSynapse",
            id=_BY_SIGN[sign],
            conductance="0.09 nS",
            delta="5.0 mV",
            Vth="0.0 mV",
            k="0.025 per_ms",
            erev=quantity(reversal, "mV"),
        )

    channels, cells = hodgkin_huxley_cells("neuron_cell", "muscle_cell")
    return Components(
        standard=(
            *channels,
            _gap_junction(0.00052),
            _silent(),
            synapse(1, 0.0),
            synapse(-1, -70.0),
            *cells,
        ),
        neurons=("neuron_cell",) * n_neurons,
        muscles=("muscle_cell",) * n_muscles,
        synapse=lambda pre, sign: _BY_SIGN[sign] if sign else SILENT,
        continuous=True,
    )


def _gap_junction(conductance: float) -> Element:
    return element("gapJunction", id=GAP_JUNCTION, conductance=quantity(conductance, "nS"))


def _silent() -> Element:
    return element("silentSynapse", id=SILENT)
