"""Results of `isochron reproduce pals2024`, as in ``results.json``."""

from dataclasses import dataclass

import numpy as np

from isochron.ann_bridge import Evaluation
from isochron.runs.provenance import Provenance
from isochron.runs.results import (
    IntrinsicCycles,
    NetworkCycle,
    SurveyCounts,
    TongueEdges,
    TongueRow,
    TrainingRecord,
)
from isochron.studies.pals2024.code import Code
from isochron.studies.pals2024.configuration import Pals2024Config

NOT_KNOWN = "–"
PHASE_TOLERANCE = 0.05  # cycles, between the output of a memory and its target


@dataclass(frozen=True, kw_only=True)
class Proportion:
    """A share of trials with its interval; None without trials."""

    count: int
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """3 of 5 (23–88 %)."""
        if self.low is None or self.high is None:
            return NOT_KNOWN
        return f"{self.count} of {self.n} ({100 * self.low:.0f}–{100 * self.high:.0f} %)"


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over n values with its interval; None where it is not known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int

    def __format__(self, digits: str) -> str:
        """``f"{mean:2}"`` is 1.95 [1.91, 2.01]: the format is the number of digits."""
        if self.value is None:
            return NOT_KNOWN
        text = f"{self.value:.{digits}f}"
        if self.low is not None and self.high is not None:
            text += f" [{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return text


@dataclass(frozen=True, kw_only=True)
class MemoryOutput:
    """The output of a network after one stimulus.

    Attributes
    ----------
    target_phase : float
        Cycles, in [0, 1).
    share_of_trials : float
        Fraction of the trials that settled where most did.
    output_phase, phase_error : float or None
        Cycles; None if most trials settled on no cycle.
    """

    target_phase: float
    share_of_trials: float
    output_phase: float | None = None
    phase_error: float | None = None

    @property
    def held(self) -> bool:
        """Whether it has a stable cycle, its output within 0.05 cycles of the target."""
        return self.phase_error is not None and self.phase_error < PHASE_TOLERANCE


@dataclass(frozen=True, kw_only=True)
class LowestAmplitude:
    """Amplitude of the reference at which a memory is lost; None if it survives."""

    amplitude: float | None
    how: str


@dataclass(frozen=True, kw_only=True)
class Existence:
    """Frequencies and amplitudes of the reference at which the memories exist.

    Attributes
    ----------
    edges : tuple of TongueRow
        Edges in frequency of each memory, at the amplitude of the analysis.
    tongue : tuple of TongueRow
        Edges of the first memory at several amplitudes.
    lowest_amplitudes : tuple of LowestAmplitude
        Lowest amplitude of each memory, at the frequency of the analysis.
    """

    edges: tuple[TongueRow, ...]
    tongue: tuple[TongueRow, ...]
    lowest_amplitudes: tuple[LowestAmplitude, ...]

    @property
    def common_edges(self) -> tuple[float | None, float | None]:
        """Lowest and highest frequency at which all memories exist; None if not reached."""
        return TongueEdges.overlap(self.edges).reached


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Amplitude at which a constant stimulus destroys a memory.

    Attributes
    ----------
    stimulus, memory : int
    lost_at : float or None
        Amplitude of the pulse; None if the memory survives.
    how : str
        ``fold``, ``survives``, ...; see `studies.survival.Survival`.
    """

    stimulus: int
    memory: int
    lost_at: float | None
    how: str

    @property
    def is_own(self) -> bool:
        """Whether the stimulus is that of the memory."""
        return self.stimulus == self.memory


@dataclass(frozen=True, kw_only=True)
class PhaseOrbits:
    """Locked angles of a rank-2 network whose radius is fixed."""

    radius: float
    n_stable: int
    n_unstable: int

    def __str__(self) -> str:
        """Stable + unstable."""
        return f"{self.n_stable} + {self.n_unstable}"


@dataclass(frozen=True, kw_only=True)
class NetworkAnalysis:
    """Results of the analysis of one trained network.

    Attributes
    ----------
    name, condition : str
    number, n_units : int
    loss, standard_error, chance : float
    learned : bool
    code : Code
    limit_cycles : tuple of NetworkCycle
        Under the reference.
    n_stable_cycles : int or None
        None of a map that jumps.
    output_phases : tuple of float
        Different phases of the output on the stable cycles, cycles.
    survey : SurveyCounts
    memories : tuple of MemoryOutput
    intrinsic : IntrinsicCycles or None
        With the reference off; None of a map that jumps.
    existence : Existence or None
    folds : tuple of Fold
    polar : PhaseOrbits or None
        Existence, folds and phase-only orbits are measured in networks that learned.
    """

    name: str
    condition: str
    number: int
    n_units: int
    loss: float
    standard_error: float
    chance: float
    learned: bool
    code: Code
    limit_cycles: tuple[NetworkCycle, ...]
    n_stable_cycles: int | None
    output_phases: tuple[float, ...]
    survey: SurveyCounts
    memories: tuple[MemoryOutput, ...]
    intrinsic: IntrinsicCycles | None
    existence: Existence | None = None
    folds: tuple[Fold, ...] = ()
    polar: PhaseOrbits | None = None

    @property
    def evaluation(self) -> Evaluation:
        """The loss on fresh trials."""
        return Evaluation.from_record(
            {"loss": self.loss, "standard_error": self.standard_error, "chance": self.chance}
        )

    @property
    def oscillates_alone(self) -> bool:
        """Whether a cycle was found with the reference off."""
        return self.intrinsic is not None and self.intrinsic.found

    @property
    def holds_all(self) -> bool:
        """Whether every stimulus has a stable cycle, its output at the target."""
        return all(memory.held for memory in self.memories)

    @property
    def worst_phase_error(self) -> float | None:
        """Largest distance of an output from its target, cycles; None if a memory is missing."""
        errors = [memory.phase_error for memory in self.memories if memory.phase_error is not None]
        return max(errors) if self.holds_all else None

    @property
    def common_edges(self) -> tuple[float | None, float | None]:
        """Lowest and highest frequency at which all memories exist; None if not reached."""
        if self.existence is None or not self.holds_all:
            return None, None
        return self.existence.common_edges

    @property
    def lowest_amplitude(self) -> float | None:
        """Amplitude of the reference from which all memories exist; None if they always do."""
        if self.existence is None or not self.holds_all:
            return None
        lowest = [entry.amplitude for entry in self.existence.lowest_amplitudes]
        return max((amplitude for amplitude in lowest if amplitude is not None), default=None)

    @property
    def fold_of_others(self) -> float | None:
        """Mean pulse amplitude at which a stimulus destroys the other memories."""
        if not self.holds_all:
            return None
        lost = [fold.lost_at for fold in self.folds if not fold.is_own and fold.lost_at is not None]
        return float(np.mean(lost)) if lost else None

    @property
    def own_folds(self) -> tuple[Fold, ...]:
        """Each memory under its stimulus; empty if a memory is missing."""
        return tuple(fold for fold in self.folds if fold.is_own and self.holds_all)


@dataclass(frozen=True, kw_only=True)
class NetworkRow(NetworkAnalysis):
    """Analysis and training of a network."""

    training: TrainingRecord


@dataclass(frozen=True, kw_only=True)
class ConditionSummary:
    """One condition: number of networks that learned, and means over those.

    Attributes
    ----------
    codes, cycle_counts, polar : dict of str to int
        Number of networks with each code, number of stable cycles, number of orbits.
    """

    condition: str
    n_nets: int
    n_stimuli: int
    learned: Proportion
    loss: Mean
    phase_difference_rad: Mean
    rate_difference_z: Mean
    codes: dict[str, int]
    stable_cycles: Mean
    cycle_counts: dict[str, int]
    one_cycle_per_stimulus: Proportion
    all_memories_held: Proportion
    phase_error_cycles: Mean
    oscillates_alone: Proportion
    share_of_starts: Mean
    index_complete: Proportion
    n_diverged_starts: int
    tongue_low_Hz: Mean
    tongue_high_Hz: Mean
    lowest_amplitude: Mean
    fold_of_others: Mean
    own_survives: Proportion
    polar: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ReleasedNetworks:
    """Networks of one condition that the authors released, as measured by us.

    Attributes
    ----------
    init, rank, readout : str
        The condition.
    validation_loss, delta_phase_rad, delta_rate_z : (float, float)
        Smallest and largest of the networks.
    learned, own : (int, int)
        Number of networks that learned, and that oscillate with the reference off from one start;
        each with the number of networks.
    own_from_36_starts : (int, int) or None
        The same from 36 starts; None if it was not measured.
    """

    init: str
    rank: str
    readout: str
    validation_loss: tuple[float, float]
    learned: tuple[int, int]
    delta_phase_rad: tuple[float, float]
    delta_rate_z: tuple[float, float]
    own: tuple[int, int]
    own_from_36_starts: tuple[int, int] | None = None

    @property
    def oscillating(self) -> tuple[int, int]:
        """Number that oscillate with the reference off, from as many starts as were tried."""
        return self.own_from_36_starts or self.own


@dataclass(frozen=True, kw_only=True)
class CountComparison:
    """Numbers of our and the authors' networks, each of how many, and Fisher's exact test.

    Attributes
    ----------
    ours, theirs : (int, int)
    p, p_adjusted : float or None
        Two-sided; adjusted for the number of tests in the table. None without networks.
    """

    ours: tuple[int, int]
    theirs: tuple[int, int]
    p: float | None
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReleasedComparison:
    """One condition: the authors' networks, and tests of the numbers against ours."""

    condition: str
    released: ReleasedNetworks
    learned: CountComparison
    oscillates: CountComparison


@dataclass(frozen=True, kw_only=True)
class JudgedClaim:
    """Verdict on a claim of the paper, with the share of networks that meet it.

    Attributes
    ----------
    condition, claim, expected : str
    found : Proportion
    verdict : str
        ``holds``, ``does not hold`` or ``not tested``.
    """

    condition: str
    claim: str
    expected: str
    found: Proportion
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Pals2024Provenance(Provenance):
    """Provenance of a reproduction, with its configuration."""

    config: Pals2024Config


@dataclass(frozen=True, kw_only=True)
class Pals2024Results:
    """Everything, as ``results.json`` has it.

    Attributes
    ----------
    schema : int
    experiment, question : str
    size : str
        Size of the run against that of the paper, in words.
    provenance : Pals2024Provenance
    claims : tuple of JudgedClaim
    conditions : tuple of ConditionSummary
    released : tuple of ReleasedComparison
        The authors' networks next to ours, for each condition of which they released some.
    nets : tuple of NetworkRow
    seconds : dict of str to float
        Time of each step.
    """

    schema: int
    experiment: str
    question: str
    size: str
    provenance: Pals2024Provenance
    claims: tuple[JudgedClaim, ...]
    conditions: tuple[ConditionSummary, ...]
    released: tuple[ReleasedComparison, ...]
    nets: tuple[NetworkRow, ...]
    seconds: dict[str, float]

    @property
    def config(self) -> Pals2024Config:
        """The configuration of the run."""
        return self.provenance.config
