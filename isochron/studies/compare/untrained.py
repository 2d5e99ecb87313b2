"""Which networks before training the tasks of a comparison share."""

from functools import lru_cache
from typing import Any

from isochron.ann_bridge.registry import task_settings
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.entries import Task

SIZES = ("n_inputs", "n_outputs", "step_ms")  # what a network takes from its task
FILE_SETTINGS = ("reference", "sampling_Hz", "channel")  # they do not change the sizes


def untrained_task(config: CompareConfig, task: Task) -> Task:
    """The task whose networks before training are those of a task.

    Networks before training are the same for all tasks with as many inputs and outputs and the
    same time step. They are stored for the first of these tasks that has a reference, under
    which they are analyzed, or else for the first one.
    """
    same = [it for it in config.tasks if _sizes(it) == _sizes(task)]
    return min(same, key=lambda it: not has_reference(it), default=task)


def untrained_tasks(config: CompareConfig) -> list[Task]:
    """The tasks for which networks before training are analyzed, in order."""
    stored = [untrained_task(config, task) for task in config.tasks]
    return [task for k, task in enumerate(stored) if task not in stored[:k]]


def has_reference(task: Task) -> bool:
    """Whether networks on a task are analyzed under a reference."""
    return getattr(_made(task), "reference_input", None) is not None


def _sizes(task: Task) -> tuple:
    made = _made(task)
    return tuple(getattr(made, name) for name in SIZES)


def _made(task: Task) -> Any:
    """The task, without its recorded reference, whose file need not exist."""
    names = [name for name in task.settings if name not in FILE_SETTINGS]
    return _make(task.kind, tuple((name, _frozen(task.settings[name])) for name in names))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _make(kind: str, settings: tuple[tuple[str, Any], ...]) -> Any:
    made = task_settings(kind)(**dict(settings))
    return made.task() if hasattr(made, "task") else made
