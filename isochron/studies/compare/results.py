"""Results of `isochron compare`, as in ``results.json``."""

from dataclasses import dataclass
from typing import Literal

from isochron.runs.provenance import Provenance
from isochron.runs.results import (
    Cycle,
    Dimensionality,
    FixedPointFound,
    FreeRunning,
    IntrinsicCycles,
    Locking,
    NetworkCycle,
    SurveyCounts,
    TongueRow,
    TrainingRecord,
    omitted_if_none,
)
from isochron.studies.compare.animals import AnimalRhythm
from isochron.studies.compare.atlas import AtlasComparison
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.contrasts import Contrasts
from isochron.studies.compare.driven import DrivenSimilarity, DrivenWorm
from isochron.studies.compare.onsets import InputGroup, OnsetGroup, OnsetTest
from isochron.studies.compare.phase_order import OrderComparison
from isochron.studies.compare.similarity import Similarity
from isochron.studies.compare.tongue_widths import TongueGroup
from isochron.studies.compare.triangle_results import Triangle
from isochron.studies.compare.weak_forcing import WeakForcing


@dataclass(frozen=True, kw_only=True)
class WormCycle(Cycle):
    """The limit cycle of the worm, and the number of random starts that converge to it."""

    n_starts: int
    n_starts_arrived: int


@dataclass(frozen=True, kw_only=True)
class System:
    """Measures that worm and networks share.

    Attributes
    ----------
    name : str
    n_units : int
    dataset : str or None
        Name of the connectome.
    seed : int
    fixed_points : tuple of FixedPointFound
    limit_cycles : tuple of Cycle
    dimensionality : Dimensionality or None
        None without a stable limit cycle.
    notes : tuple of str
    """

    name: str
    n_units: int
    dataset: str | None
    seed: int
    fixed_points: tuple[FixedPointFound, ...]
    limit_cycles: tuple[Cycle, ...]
    dimensionality: Dimensionality | None
    notes: tuple[str, ...]

    @property
    def stable_cycles(self) -> tuple[Cycle, ...]:
        """The stable ones of the limit cycles."""
        return tuple(cycle for cycle in self.limit_cycles if cycle.stable)

    @property
    def stable_points(self) -> tuple[FixedPointFound, ...]:
        """The stable ones of the fixed points."""
        return tuple(point for point in self.fixed_points if point.stable)


@dataclass(frozen=True, kw_only=True)
class WormSystem(System):
    """The worm; `resting` if it converged to rest instead of a limit cycle. It is not trained.

    `weak_forcing` and `driven` are None without a limit cycle.
    """

    kind: Literal["worm"] = "worm"
    limit_cycles: tuple[WormCycle, ...] = ()
    locking: Locking | None
    free_running: FreeRunning
    resting: bool
    weak_forcing: WeakForcing | None = None
    driven: DrivenWorm | None = None

    @property
    def tongue(self) -> tuple[TongueRow, ...]:
        """The 1:1 tongue of its cycle; empty without one."""
        return () if self.locking is None else self.locking.tongue_by_amplitude


@dataclass(frozen=True, kw_only=True)
class NetLabel:
    """What a network of a comparison is.

    Attributes
    ----------
    name : str
    substrate, task : str
        Names in the configuration. Of a network that was trained elsewhere, the name of its run
        and the kind of its task, or – if its file does not name one.
    pair : int
        Number of the pair; of a network that was trained elsewhere, its number in its run.
    trained : bool
    dataset : str or None
        Name of the connectome.
    source : str or None
        File, without suffix, of a network that was trained elsewhere.
    """

    name: str
    substrate: str
    task: str
    pair: int
    trained: bool
    dataset: str | None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class NetOutcome:
    """How well a network does its task; None for what is not known of one trained elsewhere.

    Attributes
    ----------
    loss, standard_error, chance : float or None
        On fresh trials.
    learned : bool or None
    learned_in_part : bool or None
        Whether the loss is below half of chance; None if it is not known, or was trained here.
    reached_loss : bool or None
        Whether the training stopped at the loss of the configuration; None if it was trained
        elsewhere.
    """

    loss: float | None
    standard_error: float | None
    chance: float | None
    learned: bool | None
    learned_in_part: bool | None = None
    reached_loss: bool | None


@dataclass(frozen=True, kw_only=True)
class NetAnalysis(NetOutcome, NetLabel, System):
    """Results of the analysis of a network.

    Attributes
    ----------
    n_weights : int
        Number of trained numbers that are not 0.
    seed : int
        Of the initial weights; of a network that was trained elsewhere, of the initial states of
        its surveys.
    limit_cycles : tuple of NetworkCycle
        Under the reference.
    memories : tuple of float
        Different phases of the output on the stable cycles, cycles.
    second_memory_amplitude : float or None
        Smallest amplitude of the reference at which a second stable cycle was followed; None with
        fewer than two, or before training.
    survey : SurveyCounts or None
        None if its task does not have a reference: it is analyzed without one, and what is
        measured under the reference does not apply.
    intrinsic : IntrinsicCycles
        Oscillations with the reference off.
    tongue : tuple of TongueRow
        1:1 tongue of the stable cycle with the largest basin; empty before training.
    similarity : Similarity or None
        Of the stable cycle with the largest basin to the cycle of the worm; of the intrinsic
        cycle if the task does not have a reference.
    weak_forcing : WeakForcing or None
        Effect of a weak reference on the intrinsic cycle with the largest basin; None without
        one, or if it is a cycle of a whole number of steps.
    driven : DrivenSimilarity or None
        Of the network under an irregular reference to the worm under the same.
    """

    kind: Literal["network"] = "network"
    n_weights: int
    limit_cycles: tuple[NetworkCycle, ...]
    memories: tuple[float, ...]
    second_memory_amplitude: float | None
    survey: SurveyCounts | None
    intrinsic: IntrinsicCycles
    tongue: tuple[TongueRow, ...]
    similarity: Similarity | None
    weak_forcing: WeakForcing | None = None
    driven: DrivenSimilarity | None = None

    @property
    def forced(self) -> bool:
        """Whether it was analyzed under a reference."""
        return self.survey is not None

    @property
    def failed(self) -> bool:
        """Whether it did not reach the loss or, trained elsewhere, did not learn at all.

        Contrasts and medians omit such networks.
        """
        return not self.reached_loss if self.source is None else self.learned_in_part is False


@dataclass(frozen=True, kw_only=True)
class NetSystem(NetAnalysis):
    """Analysis and training of a network; `training` is None if it was trained elsewhere."""

    training: TrainingRecord | None = None


@dataclass(frozen=True, kw_only=True)
class CompareProvenance(Provenance):
    """Provenance of a comparison, with its configuration and the seed of each system."""

    config: CompareConfig
    seeds: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class InterimSizes:
    """How much of a comparison has finished, next to what was planned.

    Attributes
    ----------
    pairs, planned_pairs : int
        Pairs of which every trained network is analyzed.
    untrained_pairs : int
        Of these, pairs whose networks are analyzed before training too.
    draws, planned_draws : int
        Draws of every null model.
    input_draws, planned_input_draws : int
        Draws of which every pair of sensory neurons has been stimulated.
    tongue_draws, planned_tongue_draws : int
        Draws of which the width of the tongue is known.
    omitted : tuple of str
        Connectomes, and runs of networks that were trained elsewhere, that are not analyzed yet.
    """

    pairs: int
    planned_pairs: int
    untrained_pairs: int
    draws: int
    planned_draws: int
    input_draws: int
    planned_input_draws: int
    tongue_draws: int = 0
    planned_tongue_draws: int = 0
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CompareResults:
    """Everything, as ``results.json`` has it.

    `interim` is None once the run has finished. `finished_at` is the time (UTC) at which the last
    step finished; it is None in runs that were made before it was recorded. `phase_order` and
    `triangle` are None while their steps are not finished, and in runs that were made before
    them; `atlas` is None without an atlas too.
    """

    schema: int
    question: str
    provenance: CompareProvenance
    systems: tuple[WormSystem | NetSystem, ...]
    onsets: tuple[OnsetGroup, ...]
    onset_tests: tuple[OnsetTest, ...]
    inputs: tuple[InputGroup, ...]
    contrasts: Contrasts
    animals: tuple[AnimalRhythm, ...]
    phase_order: OrderComparison | None = None
    atlas: AtlasComparison | None = None
    triangle: Triangle | None = None
    tongue_widths: tuple[TongueGroup, ...] = ()
    timings: dict[str, float]
    finished_at: str | None = omitted_if_none()
    interim: InterimSizes | None = None

    @property
    def worm(self) -> WormSystem:
        """The worm."""
        return next(system for system in self.systems if isinstance(system, WormSystem))

    @property
    def nets(self) -> tuple[NetSystem, ...]:
        """The networks, in the order of the table."""
        return tuple(system for system in self.systems if isinstance(system, NetSystem))

    @property
    def own_nets(self) -> tuple[NetSystem, ...]:
        """The networks that were trained in this run, and those before training."""
        return tuple(net for net in self.nets if net.source is None)

    @property
    def saved_nets(self) -> tuple[NetSystem, ...]:
        """The networks that were trained elsewhere, run by run."""
        return tuple(net for net in self.nets if net.source is not None)

    @property
    def config(self) -> CompareConfig:
        """The configuration of the run."""
        return self.provenance.config
