"""The task of a saved network, made again from the text in its file, which is not executed."""

import ast
from dataclasses import dataclass
from typing import Any

from isochron.ann_bridge import RecurrentNet
from isochron.ann_bridge.registry import TASKS
from isochron.ann_bridge.tasks import SyntheticTheta, Task

LONGEST_TEXT = 10_000
MOST_STEPS = 100_000
_PARTS: dict[str, Any] = {"SyntheticTheta": SyntheticTheta}  # of tasks
_UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)


@dataclass(frozen=True)
class SavedTask:
    """The task that a file names.

    Attributes
    ----------
    kind : str
        Name in `TASKS`, or of the class of a user; empty if the file does not name a task.
    task : Task or None
        None if it is not a task of `TASKS`, or its text does not contain all of it, as that of
        a task with a recording.
    """

    kind: str
    task: Task | None


def read_task(text: str, net: RecurrentNet | None = None) -> SavedTask:
    """Make the task of a saved network again.

    Parameters
    ----------
    text : str
        The note ``task`` of the file: ``FlipFlop(n_bits=1, duration_ms=400.0)``.
    net : RecurrentNet, optional
        Network that the task must fit; if it does not, the task is not known.
    """
    name = text.partition("(")[0].strip()
    kinds = {entry.path.partition(":")[2]: kind for kind, entry in TASKS.items()}
    task = _parse(text, kinds) if name in kinds and len(text) <= LONGEST_TEXT else None
    if task is not None and net is not None and not _fits(task, net):
        task = None
    return SavedTask(kinds.get(name, name), task)


def _parse(text: str, kinds: dict[str, str]) -> Any:
    try:
        return _build(ast.parse(text, mode="eval").body, kinds)
    except _UNREADABLE:
        return None


def _build(node: ast.expr, kinds: dict[str, str]) -> Any:
    """A literal, or a task or a part of one, called with keywords only."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if node.args or (name not in kinds and name not in _PARTS):
        raise ValueError(f"{name} is not a task.")
    made = _PARTS[name] if name in _PARTS else TASKS.load(kinds[name])
    return made(**{str(it.arg): _build(it.value, kinds) for it in node.keywords})


def _fits(task: Task, net: RecurrentNet) -> bool:
    settings = net.settings
    of_net = (settings.n_inputs, settings.n_outputs, settings.step_ms)
    return of_net == (task.n_inputs, task.n_outputs, task.step_ms) and task.n_steps <= MOST_STEPS
