"""Results of `isochron compare`, as in ``results.json``."""

from dataclasses import dataclass
from typing import Literal

from isochron.ann_bridge import Evaluation
from isochron.runs.provenance import Provenance
from isochron.runs.results import (
    Cycle,
    Dimensionality,
    FixedPointFound,
    FreeRunning,
    Locking,
    NetworkCycle,
    SurveyCounts,
    TrainingRecord,
)
from isochron.studies.compare.configuration import CompareConfig

NetKind = Literal["low-rank", "connectome", "rewired"]


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
    locking : Locking or None
        None without a limit cycle.
    dimensionality : Dimensionality or None
        None without a stable limit cycle.
    free_running : FreeRunning
    notes : tuple of str
    """

    name: str
    n_units: int
    dataset: str | None
    seed: int
    fixed_points: tuple[FixedPointFound, ...]
    limit_cycles: tuple[Cycle, ...]
    locking: Locking | None
    dimensionality: Dimensionality | None
    free_running: FreeRunning
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
    """The worm; `resting` if it converged to rest instead of a limit cycle. It is not trained."""

    kind: Literal["worm"] = "worm"
    limit_cycles: tuple[WormCycle, ...] = ()
    resting: bool
    loss: float | None = None
    standard_error: float | None = None
    chance: float | None = None
    learned: bool | None = None


@dataclass(frozen=True, kw_only=True)
class NetAnalysis(System):
    """Results of the analysis of a network.

    Attributes
    ----------
    kind : {"low-rank", "connectome", "rewired"}
    trained : bool
    loss, standard_error, chance : float
        On fresh trials.
    learned : bool
    limit_cycles : tuple of NetworkCycle
        Under the reference.
    memories : tuple of float
        Different phases of the output on the stable cycles, cycles.
    survey : SurveyCounts
    """

    kind: NetKind
    trained: bool
    loss: float
    standard_error: float
    chance: float
    learned: bool
    limit_cycles: tuple[NetworkCycle, ...]
    memories: tuple[float, ...]
    survey: SurveyCounts

    @property
    def evaluation(self) -> Evaluation:
        """The loss on fresh trials."""
        return Evaluation.from_record(
            {"loss": self.loss, "standard_error": self.standard_error, "chance": self.chance}
        )


@dataclass(frozen=True, kw_only=True)
class NetSystem(NetAnalysis):
    """Analysis and training of a network."""

    training: TrainingRecord


@dataclass(frozen=True, kw_only=True)
class CompareProvenance(Provenance):
    """Provenance of a comparison, with its configuration and the seed of each system."""

    config: CompareConfig
    seeds: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class CompareResults:
    """Everything, as ``results.json`` has it."""

    schema: int
    question: str
    provenance: CompareProvenance
    systems: tuple[WormSystem | NetSystem, ...]
    timings: dict[str, float]

    @property
    def worm(self) -> WormSystem:
        """The worm."""
        return next(system for system in self.systems if isinstance(system, WormSystem))

    @property
    def nets(self) -> tuple[NetSystem, ...]:
        """The networks, in the order of the table."""
        return tuple(system for system in self.systems if isinstance(system, NetSystem))

    @property
    def config(self) -> CompareConfig:
        """The configuration of the run."""
        return self.provenance.config
