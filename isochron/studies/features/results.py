"""Results of `isochron study features`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.runs.results import TrainingRecord
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.paired_tests import PairedTest

AUTOENCODER = "autoencoder"
RANDOM = "random"
PCA = "pca"
ICA = "ica"
DICTIONARIES = (AUTOENCODER, RANDOM, PCA, ICA)

TRAINED = "trained network"
UNTRAINED = "untrained network"
WORM = "simulated worm"
ANIMAL = "animal"
KINDS = (TRAINED, UNTRAINED, WORM, ANIMAL)

ALONE = 0.9  # least share of the information of a monosemantic feature that is about one thing
STABLE = 0.9  # least matched cosine of a stable feature
SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class FeatureRow:
    """A live feature of the first autoencoder: active in 1 % of the training states or more.

    Attributes
    ----------
    active_share : float
        Share of the held-out states in which it is active.
    phase_bits, phase_p : float
        Information about the phase less that of cyclic shifts, and p of Benjamini and Hochberg.
    stimulus_bits, stimulus_p : float or None
        The same about the stimulus, less that of permuted trials; None without several stimuli.
    stability : float
        Mean cosine with the matched features of the other autoencoders.
    tuning : tuple of float
        Mean in each bin of the phase, one stimulus after the other; 0 without a state.
    label, effect : float or None
        Mean target of the task weighted by the feature, in training; mean change of the output
        when the feature is removed, in held-out states in which it is active. None without
        outputs, or if it is never active there.
    neuron_class : str or None
        Class of neurons that has the largest `class_share`; None without classes.
    class_share, class_p : float or None
        Share of the squared direction in the class, less the share of neurons that are in it; p
        against permuted classes, of Benjamini and Hochberg.
    """

    active_share: float
    phase_bits: float
    phase_p: float
    stimulus_bits: float | None
    stimulus_p: float | None
    stability: float
    tuning: tuple[float, ...]
    label: float | None = None
    effect: float | None = None
    neuron_class: str | None = None
    class_share: float | None = None
    class_p: float | None = None

    @property
    def tells_phase(self) -> bool:
        """Whether it has significant information about the phase."""
        return self.phase_p <= SIGNIFICANT

    @property
    def tells_stimulus(self) -> bool:
        """Whether it has significant information about the stimulus."""
        return self.stimulus_p is not None and self.stimulus_p <= SIGNIFICANT


@dataclass(frozen=True, kw_only=True)
class DictionaryRow:
    """One kind of dictionary of the states of a system, measured in held-out states.

    Attributes
    ----------
    kind : str
    n_features, n_active, n_live : int
        Numbers of features, of those that describe a state, and of live ones: active in 1 % of the
        training states or more.
    explained : float
        Share of the variance.
    phase_bits : float
        Information about the phase less that of cyclic shifts, mean over live features.
    phase_share : float
        Sum of these over the sum of the entropies of the features.
    stimulus_bits : float or None
        Information about the stimulus, likewise.
    phase_alone, stimulus_alone : float or None
        Shares of the live features of whose information .9 or more is about the phase, or about
        the stimulus; None with one stimulus.
    """

    kind: str
    n_features: int
    n_active: int
    n_live: int
    explained: float
    phase_bits: float
    phase_share: float
    stimulus_bits: float | None
    phase_alone: float | None
    stimulus_alone: float | None


@dataclass(frozen=True, kw_only=True)
class AblationRow:
    """What the output does when single features are removed from the state.

    Attributes
    ----------
    n_features : int
        Number of features that are active in held-out states.
    agreement, p_value : float or None
        Correlation over features of the label with the change of the output, with the sign for
        which 1 is a change away from the label; p of permuted labels. None if nothing varies.
    random_agreement : float or None
        The same for the dictionary of random directions.
    later_share : float
        Size of the change one period of the reference later, relative to that at once.
    """

    n_features: int
    agreement: float | None
    p_value: float | None
    random_agreement: float | None
    later_share: float


@dataclass(frozen=True, kw_only=True)
class SystemRow:
    """Features of the states of one system.

    Attributes
    ----------
    name, kind, substrate, task : str
        The worm and animals do not have a substrate and a task.
    pair : int
    n_units, n_dimensions, n_states, n_trials : int
        Units; dimensions that 99 % of the variance need; held-out states, and trials, worms or
        animals from which they are.
    dictionaries : tuple of DictionaryRow
    ellipses : tuple of float
        `phase_bits` of the same autoencoder on each noisy ellipse.
    p_value : float
        Share of ellipses with as much phase information, the states themselves counted.
    ellipse_explained : float
        Share of the variance that it describes there, mean.
    ellipse_phase_alone, ellipse_stimulus_alone : float or None
        `phase_alone` and `stimulus_alone` of the same autoencoder there, mean.
    stable_share, ellipse_stable_share, random_stable_share : float
        Share of features with a matched cosine of .9 and above over seeds; of the states, of one
        ellipse, and of random directions.
    features : tuple of FeatureRow
    ablation : AblationRow or None
        None without outputs.
    class_share, class_null : float or None
        `class_share` of the features, mean; mean with permuted classes.
    learned : str
        ``yes``, ``in part`` or ``no``; empty if nothing was trained.
    remark : str
    """

    name: str
    kind: str
    substrate: str = ""
    task: str = ""
    pair: int = 0
    n_units: int
    n_dimensions: int
    n_states: int
    n_trials: int
    dictionaries: tuple[DictionaryRow, ...]
    ellipses: tuple[float, ...]
    p_value: float
    ellipse_explained: float
    ellipse_phase_alone: float | None
    ellipse_stimulus_alone: float | None
    stable_share: float
    ellipse_stable_share: float
    random_stable_share: float
    features: tuple[FeatureRow, ...]
    ablation: AblationRow | None = None
    class_share: float | None = None
    class_null: float | None = None
    learned: str = ""
    remark: str = ""

    def of(self, kind: str) -> DictionaryRow:
        """The dictionary of a kind."""
        return next(row for row in self.dictionaries if row.kind == kind)

    @property
    def ellipse_bits(self) -> float:
        """Phase information on ellipses, mean."""
        return sum(self.ellipses) / len(self.ellipses)


@dataclass(frozen=True, kw_only=True)
class TrainingRow:
    """The training of a network."""

    name: str
    learned: str
    training: TrainingRecord


@dataclass(frozen=True, kw_only=True)
class ContrastRow(PairedTest):
    """A paired test over networks of a substrate and a task.

    Attributes
    ----------
    group, what : str
        Networks, and the two things whose difference is tested.
    estimate, p_value, p_adjusted : float
        Hodges-Lehmann difference, exact p, and p after Holm over all tests of the run.
    """

    group: str
    what: str


@dataclass(frozen=True, kw_only=True)
class FeaturesResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : FeaturesConfig
    trainings : tuple of TrainingRow
    systems : tuple of SystemRow
        Networks, untrained ones, the worm, animals.
    contrasts : tuple of ContrastRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: FeaturesConfig
    trainings: tuple[TrainingRow, ...]
    systems: tuple[SystemRow, ...]
    contrasts: tuple[ContrastRow, ...]
    seconds: dict[str, float]

    def of_kind(self, kind: str) -> list[SystemRow]:
        """The systems of a kind."""
        return [row for row in self.systems if row.kind == kind]
