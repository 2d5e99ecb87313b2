"""Results of `isochron study pruning`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.studies.paired_tests import PairedTest
from isochron.studies.pruning.configuration import PruningConfig

DENSE = "dense"
RANDOM = "random"
MAGNITUDE = "magnitude"
TICKET = "ticket"
SYNFLOW = "synflow"
CONNECTOME = "connectome"
REWIRED = "rewired"
METHODS = (DENSE, RANDOM, REWIRED, CONNECTOME, MAGNITUDE, TICKET, SYNFLOW)
SPARSE = METHODS[1:]
ALL_TASKS = "all tasks"


@dataclass(frozen=True, kw_only=True)
class NetRow:
    """A trained network.

    Attributes
    ----------
    name, task, method : str
    pair : int
    n_weights : int
        Number of recurrent weights.
    n_on_paths : int
        Number of these on a path from an input to an output, before the last training.
    n_units_on_paths : int
        Number of units at an end of these.
    loss, chance : float
    learned : bool
    n_steps, n_steps_before : int
        Steps of the last training, and of those before it, from which the weights were chosen.
    imbalance : float or None
        Largest difference of the scores into and out of a unit, relative to the larger sum, in the
        dense and in the pruned network; None if it was not pruned by SynFlow.
    """

    name: str
    task: str
    method: str
    pair: int
    n_weights: int
    n_on_paths: int
    n_units_on_paths: int
    loss: float
    chance: float
    learned: bool
    n_steps: int
    n_steps_before: int
    imbalance: float | None

    @property
    def relative_loss(self) -> float:
        """Loss relative to chance."""
        return self.loss / self.chance

    @property
    def collapsed(self) -> bool:
        """Whether no input reaches an output through the recurrent weights."""
        return self.n_on_paths == 0


@dataclass(frozen=True, kw_only=True)
class GraphStatistic:
    """A statistic of a graph, and of draws from a null model of it.

    Attributes
    ----------
    null_model, name : str
    value : float or None
        None if it is not defined.
    mean, z, p : float or None
        Mean of the draws, standard score and two-sided Monte-Carlo p-value; None if not defined.
    """

    null_model: str
    name: str
    value: float | None
    mean: float | None
    z: float | None
    p: float | None


@dataclass(frozen=True, kw_only=True)
class GraphRow:
    """The graph of the weights of a network.

    Attributes
    ----------
    name, task, method : str
        The connectome does not have a task.
    pair : int
    statistics : tuple of GraphStatistic
    """

    name: str
    task: str
    method: str
    pair: int
    statistics: tuple[GraphStatistic, ...]

    def of(self, name: str, null_model: str) -> GraphStatistic:
        """A statistic next to one of the null models."""
        return next(it for it in self.statistics if (it.name, it.null_model) == (name, null_model))


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """The networks of a task and a kind of pruning.

    Attributes
    ----------
    task, method : str
        A task, or ``all tasks``: then the value of a pair is the mean over the tasks.
    n : int
        Number of pairs.
    estimate : float
        Loss relative to chance, Hodges-Lehmann.
    interval : tuple of two floats, or None
    n_learned, n_networks : int
    learned_interval : tuple of two floats
        95 % interval of the share that learned (Clopper-Pearson).
    """

    task: str
    method: str
    n: int
    estimate: float
    interval: tuple[float, float] | None
    n_learned: int
    n_networks: int
    learned_interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ContrastRow(PairedTest):
    """A paired test of the loss relative to chance.

    Attributes
    ----------
    task, first, second : str
        Task or ``all tasks``, and two kinds of pruning.
    estimate, p_value, p_adjusted : float
        Hodges-Lehmann difference, first minus second, exact p, and p after Holm over the tests of
        the task.
    """

    task: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class PruningResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : PruningConfig
    networks : tuple of NetRow
    graphs : tuple of GraphRow
        The connectome first.
    summaries : tuple of SummaryRow
    contrasts : tuple of ContrastRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: PruningConfig
    networks: tuple[NetRow, ...]
    graphs: tuple[GraphRow, ...]
    summaries: tuple[SummaryRow, ...]
    contrasts: tuple[ContrastRow, ...]
    seconds: dict[str, float]
