"""Words of a report that depend on the model of the neuron."""

from collections.abc import Mapping
from dataclasses import dataclass

from isochron.studies.twin.configuration import GRADED
from isochron.studies.twin.results import TwinResults
from isochron.wording import counted, joined


@dataclass(frozen=True, kw_only=True)
class Description:
    """Words for one model.

    Attributes
    ----------
    output : str
        Symbol of the output.
    input : str
        Where the currents flow.
    methods : mapping of str to str
        What the neuron, the currents, the output and the initial state are.
    caveats : tuple of str
        Limits of the model.
    reference : str
        Source of the model.
    """

    output: str
    input: str
    methods: Mapping[str, str]
    caveats: tuple[str, ...]
    reference: str


def describe(results: TwinResults) -> Description:
    """The words for the model of a run."""
    return _graded(results) if results.config.neuron.model == GRADED else _hodgkin_huxley(results)


def _graded(results: TwinResults) -> Description:
    neuron = results.neuron
    presynaptic = counted(len(neuron.presynaptic), "presynaptic neuron")
    return Description(
        output="V − Vth",
        input=f"currents into {joined(neuron.presynaptic)}",
        methods={
            "neuron": (
                "A graded neuron of the model of the worm with its presynaptic neurons that have "
                "the most contacts, by the equations of all other simulations. Currents flow into "
                "the presynaptic neurons, which have no other input."
            ),
            "currents": (
                "Sums of Ornstein-Uhlenbeck processes with different correlation times and equal "
                "variances, independent for each presynaptic neuron, constant during a step."
            ),
            "output": (
                "V − Vth after each step. Thresholds are the potentials at rest without currents "
                "and do not move with them. Networks are trained on it with mean 0 and variance 1; "
                "a constant input gives each of them a bias."
            ),
        },
        caveats=(
            "The neuron is a model with one compartment, without currents that depend on the "
            "voltage other than through synapses. A real neuron of the worm has such currents: "
            'model = "hodgkin-huxley" in the section [neuron].',
            f"{neuron.name} is isolated: it has {presynaptic}, and no gap junctions. All "
            "thresholds are those without currents; if they followed the currents, as in the "
            "model they follow constant ones, slow currents would have less effect.",
        ),
        reference="Wicks, Roehrig and Rankin (1996), J. Neurosci. 16:4017.",
    )


def _hodgkin_huxley(results: TwinResults) -> Description:
    neuron = results.neuron
    return Description(
        output="V − Vrest",
        input="a current into it",
        methods={
            "neuron": (
                "RMD with one compartment and the currents of Nicoletti et al. (2019): potassium "
                "(SHL-1, SHK-1, EGL-36, IRK), calcium (UNC-2, EGL-19, CCA-1), calcium-gated "
                "potassium (SLO-1, SLO-2, KCNL), NCA and leak, with the published constants. "
                f"Without currents it is in equilibrium at {neuron.rest_mV:.1f} mV and on a "
                f"plateau; the unstable equilibrium between them is at {neuron.threshold_mV:.1f} "
                "mV."
            ),
            "current": (
                "Sum of Ornstein-Uhlenbeck processes with different correlation times and equal "
                "variances, constant during a step. It flows into the neuron, which has no "
                "synapses."
            ),
            "output": (
                "V − Vrest after each step; Vrest is the potential at rest. Trials start at rest. "
                "Networks are trained on it with mean 0 and variance 1; a constant input gives "
                "each of them a bias."
            ),
            "wrong side": (
                "Steps in which the output is on a different side of the unstable equilibrium "
                "than the potential: near rest or on the plateau while the neuron is not."
            ),
        },
        caveats=(
            "The neuron is a model with one compartment, without synapses and noise. Its channels "
            "were fitted to recordings in other cells and animals, and their conductances chosen "
            "so that it responds as RMD does.",
            f"The potential is seen every {results.config.neuron.step_ms:g} ms. It can rise from "
            "rest to its peak within one step.",
        ),
        reference=(
            "Nicoletti, Loppini, Chiodo, Folli, Ruocco and Filippi (2019), PLoS ONE 14:e0218738."
        ),
    )
