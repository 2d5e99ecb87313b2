"""Results of `isochron study adaptation`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.studies.adaptation.configuration import AdaptationConfig
from isochron.studies.paired_tests import PairedTest

FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A stable cycle of the first task on the straight path to the adapted weights.

    Attributes
    ----------
    lost_at : float or None
        Fraction of the path at which it ends or becomes unstable; None if it survives.
    how : str
        ``fold``, ``period doubling``, ..., ``survives``.
    drift : float or None
        Largest change of a state on it at the end of the path, relative to its size; None if lost.
    """

    lost_at: float | None
    how: str
    drift: float | None


@dataclass(frozen=True, kw_only=True)
class BaseRow:
    """A network after the first task.

    Attributes
    ----------
    name, substrate : str
    pair : int
    loss, second_loss : float
        On the first task, and on the second without any training on it.
    learned : bool
    n_steps : int
        Steps of the training.
    n_stable : int
    index_sum : int or None
    points : tuple of tuple of float
        A state on each stable cycle, at phase 0 of the reference.
    """

    name: str
    substrate: str
    pair: int
    loss: float
    second_loss: float
    learned: bool
    n_steps: int
    n_stable: int
    index_sum: int | None
    points: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class AdaptedRow:
    """A network after adaptation, or its control.

    Attributes
    ----------
    name, substrate : str
    pair : int
    how : str
        Rank of the term as text, or ``full`` for training of all weights.
    control : bool
        Whether the change has random directions, and the size of the trained one.
    size : float
        Frobenius norm of the change of the recurrent weights, relative to that of the weights.
    first_loss, second_loss : float
        On the two tasks after adaptation.
    learned : bool
        Whether the second task was learned.
    n_steps : int
    cycles : tuple of Followed
    """

    name: str
    substrate: str
    pair: int
    how: str
    control: bool
    size: float
    first_loss: float
    second_loss: float
    learned: bool
    n_steps: int
    cycles: tuple[Followed, ...]

    @property
    def surviving_share(self) -> float | None:
        """Share of the cycles that survive; None without any."""
        if not self.cycles:
            return None
        return sum(cycle.lost_at is None for cycle in self.cycles) / len(self.cycles)


@dataclass(frozen=True, kw_only=True)
class ContrastRow(PairedTest):
    """A paired test of forgetting.

    Attributes
    ----------
    substrate, what : str
    estimate, p_value, p_adjusted : float
        Hodges-Lehmann difference of the loss on the first task, exact p, and p after Holm.
    """

    substrate: str
    what: str


@dataclass(frozen=True, kw_only=True)
class AdaptationResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : AdaptationConfig
    bases : tuple of BaseRow
    adapted : tuple of AdaptedRow
    contrasts : tuple of ContrastRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: AdaptationConfig
    bases: tuple[BaseRow, ...]
    adapted: tuple[AdaptedRow, ...]
    contrasts: tuple[ContrastRow, ...]
    seconds: dict[str, float]
