"""Results of `isochron study twin`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.studies.paired_tests import PairedTest
from isochron.studies.twin.configuration import TwinConfig

FILTER = "filter"  # the kind of a linear filter
ACCEPTED = 0.99  # held-out R² of a twin


@dataclass(frozen=True, kw_only=True)
class NeuronRow:
    """The neuron that is emulated.

    Attributes
    ----------
    name : str
    presynaptic : tuple of str
        Neurons that receive the currents; none of a neuron into which the current flows.
    contacts : tuple of int
        Numbers of their contacts, negative for inhibitory ones.
    n_variables : int
        Number of variables that the output depends on.
    rest_mV : float
        Potential at rest.
    threshold_mV : float or None
        Unstable equilibrium between two stable ones, of a neuron with two.
    mean_mV, deviation_mV : float
        Mean and standard deviation of the output, the potential minus that at rest.
    """

    name: str
    presynaptic: tuple[str, ...]
    contacts: tuple[int, ...]
    n_variables: int
    rest_mV: float
    threshold_mV: float | None
    mean_mV: float
    deviation_mV: float


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Output in a trial held out.

    Attributes
    ----------
    step_ms : float
    target_mV, output_mV : tuple of float
        Of the neuron and of the emulator.
    """

    step_ms: float
    target_mV: tuple[float, ...]
    output_mV: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class EmulationRow:
    """A trained network, or a linear filter.

    Attributes
    ----------
    name, emulator, kind : str
    pair : int
    n_parameters : int
        Number of trained numbers.
    r2, r2_training : float
        Share of the variance of the output that it explains, in trials held out and in those of the
        training.
    r2_exchanged : float
        The same if each output is compared with the next trial: the null.
    error_mV : float
        Root mean square error in trials held out.
    wrong_side, wrong_error : float or None
        Share of the steps, and of the squared error, in which the output is on a different side of
        the unstable equilibrium than the target; of a neuron with two stable ones.
    trace : Trace or None
        One trial, of pair 0 only.
    """

    name: str
    emulator: str
    kind: str
    pair: int
    n_parameters: int
    r2: float
    r2_training: float
    r2_exchanged: float
    error_mV: float
    wrong_side: float | None
    wrong_error: float | None
    trace: Trace | None


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """An emulator over all pairs.

    Attributes
    ----------
    emulator, kind : str
    n, n_parameters : int
        Numbers of pairs and of parameters.
    r2, r2_lowest : float
        Median and smallest R² in trials held out.
    error_mV : float
        Median.
    wrong_side, wrong_error : float or None
        Medians.
    """

    emulator: str
    kind: str
    n: int
    n_parameters: int
    r2: float
    r2_lowest: float
    error_mV: float
    wrong_side: float | None
    wrong_error: float | None


@dataclass(frozen=True, kw_only=True)
class ContrastRow(PairedTest):
    """Paired test of the R² of a network against that of the best linear filter.

    Attributes
    ----------
    emulator, control : str
    estimate, p_value, p_adjusted : float
        Hodges-Lehmann difference, exact p, and p after Holm.
    """

    emulator: str
    control: str


@dataclass(frozen=True, kw_only=True)
class TwinResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : TwinConfig
    neuron : NeuronRow
    emulations : tuple of EmulationRow
    summaries : tuple of SummaryRow
    contrasts : tuple of ContrastRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: TwinConfig
    neuron: NeuronRow
    emulations: tuple[EmulationRow, ...]
    summaries: tuple[SummaryRow, ...]
    contrasts: tuple[ContrastRow, ...]
    seconds: dict[str, float]
