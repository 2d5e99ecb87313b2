"""Where the tasks of a sweep are done: executors only move work, the store has the results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from isochron.registry import Entry, Registry

if TYPE_CHECKING:
    from isochron.runs.sweep.store import Store
    from isochron.runs.sweep.tasks import Task
    from isochron.runs.sweep.work import Limits

_HERE = "isochron.runs.sweep.executors"
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


class Watch(Protocol):
    """Receives the progress of a sweep."""

    def update(self, outcome: str, task: "Task") -> None:
        """A task has ended."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an executor is given.

    Attributes
    ----------
    store : Store
    tasks : sequence of Task
        Tasks without results.
    workers : int
    limits : Limits
    watch : Watch
    options : dict
        Options of this executor: ``scheduler`` of Dask, the settings of SLURM.
    """

    store: "Store"
    tasks: "Sequence[Task]"
    workers: int
    limits: "Limits"
    watch: Watch
    options: dict[str, Any] = field(default_factory=dict)
