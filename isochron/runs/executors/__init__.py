"""Where work is done: executors only move it, the files of its folder are the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from isochron.registry import Entry, Registry

if TYPE_CHECKING:
    from isochron.runs.executors.work import Limits
    from isochron.runs.executors.work_folder import WorkFolder

_HERE = "isochron.runs.executors"
EXECUTORS = Registry(
    "executor",
    {
        "local": Entry(f"{_HERE}.local:run", "Processes of this machine, one thread each."),
        "dask": Entry(
            f"{_HERE}.dask:run", "A Dask cluster, or one on this machine.", package="isochron[dask]"
        ),
        "slurm": Entry(f"{_HERE}.slurm:run", "An array of jobs of SLURM."),
    },
)
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class Item(Protocol):
    """One piece of work as plain data: a batch of a sweep, or a step of a study."""

    @property
    def key(self) -> str:
        """Name of its files."""
        ...

    @property
    def after(self) -> tuple[str, ...]:
        """Keys of the items that must be done first."""
        ...

    def to_json(self) -> str:
        """One line, which `WorkFolder.parse` reads."""
        ...


class Watch:
    """Receives the progress of work; a subclass overrides what it shows."""

    def begin(self, item: Item) -> None:
        """An item starts; only the local executor knows when."""

    def report(self, item: Item, fraction: float, text: str) -> None:
        """The finished fraction of an item, 0 to 1, and its state in words; only local."""

    def update(self, outcome: str, item: Item) -> None:
        """An item has ended."""

    def say(self, text: str) -> None:
        """A remark of the executor."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an executor is given.

    Attributes
    ----------
    folder : WorkFolder
    items : sequence of Item
        Items without results, in the order of preference. What they need and is not among them
        is done.
    workers : int
    limits : Limits
    watch : Watch
    options : mapping of str to any
        Options of this executor: ``scheduler`` of Dask, the settings of SLURM.
    """

    folder: "WorkFolder"
    items: Sequence[Item]
    workers: int
    limits: "Limits"
    watch: Watch
    options: Mapping[str, Any] = field(default_factory=dict)
