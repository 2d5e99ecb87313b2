"""Networks and tasks of a study: sections [[substrates]] and [[tasks]] of its configuration.

A substrate is what is trained: a kind of network, on a connectome or a null model of it, or not.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from isochron.ann_bridge.registry import NETWORKS, TASKS
from isochron.registry import Registry
from isochron.runs.configuration import ListedSection, comment_of, in_section, place_of_entry
from isochron.runs.datasets import resolve_dataset
from isochron.runs.null_models import NO_NULL
from isochron.runs.training_configuration import (
    ConnectomeSettings,
    TrainConfig,
    network_fields,
    task_fields,
    train_config,
)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
NAME_HELP = "Name in tables, and in names of files"
LEARNING_RATE_HELP = "Learning rate of Adam"
UNKNOWN_TASK = "–"  # of a network that was trained elsewhere, if its file does not name one
ON_CONNECTOME = ("dataset", "signs", "null_model")


@dataclass(frozen=True, kw_only=True)
class Task(ListedSection):
    """A task on which every substrate is trained.

    Attributes
    ----------
    name, kind : str
    settings : dict of str to any
        All settings of the kind.
    """

    name: str
    kind: str
    settings: dict[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", _with_tuples(self.settings))

    @classmethod
    def read(cls, values: Mapping[str, Any], where: str = "tasks") -> Self:
        """As `ListedSection.read`; the name is that of the kind by default."""
        given, place = _with_kind(values, where, TASKS), place_of_entry(where, values)
        name = given.pop("name", given["kind"])
        section = _complete(place, task=given).task
        return cls(name=_checked(name, where), kind=section.kind, settings=section.settings)

    def rows(self) -> list[tuple[str, Any, str]]:
        """As `ListedSection.rows`."""
        inner = [(it.name, self.settings[it.name], comment_of(it)) for it in task_fields(self.kind)]
        return [("name", self.name, NAME_HELP), ("kind", self.kind, "Kind of task"), *inner]


@dataclass(frozen=True, kw_only=True)
class Substrate(ListedSection):
    """A network that is trained on every task.

    Attributes
    ----------
    name, kind : str
    settings : dict of str to any
        All settings of the kind.
    learning_rate : float
    dataset, signs : str or None
        Connectome of a network on one, and its sign rule.
    null_model : str
        Null model of the connectome, of which each pair has one draw; ``none`` for the connectome.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    learning_rate: float
    dataset: str | None = None
    signs: str | None = None
    null_model: str = NO_NULL

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", _with_tuples(self.settings))

    @classmethod
    def read(cls, values: Mapping[str, Any], where: str = "substrates") -> Self:
        """As `ListedSection.read`; the name is that of the kind by default."""
        given, place = _with_kind(values, where, NETWORKS), place_of_entry(where, values)
        name = given.pop("name", given["kind"])
        training = {k: given.pop(k) for k in ("learning_rate",) if k in given}
        connectome = {k: given.pop(k) for k in ON_CONNECTOME if k in given}
        found = _complete(place, network=given, training=training, connectome=connectome)
        with in_section(place):
            found.network.fitting_parameters(found.task.task())
        on = found.connectome
        return cls(
            name=_checked(name, where),
            kind=found.network.kind,
            settings=found.network.settings,
            learning_rate=found.training.learning_rate,
            dataset=None if on is None else on.dataset,
            signs=None if on is None else on.signs,
            null_model=NO_NULL if on is None else on.null_model,
        )

    @property
    def is_null(self) -> bool:
        """Whether the network is on a null model of its connectome."""
        return self.null_model != NO_NULL

    def rows(self) -> list[tuple[str, Any, str]]:
        """As `ListedSection.rows`."""
        rows: list[tuple[str, Any, str]] = [
            ("name", self.name, NAME_HELP),
            ("kind", self.kind, "Kind of network"),
        ]
        known = network_fields(self.kind, self.settings)
        rows += [(it.name, self.settings[it.name], comment_of(it)) for it in known]
        rows.append(("learning_rate", self.learning_rate, LEARNING_RATE_HELP))
        if self.dataset is not None:
            texts = {it.name: comment_of(it) for it in fields(ConnectomeSettings)}
            rows += [(name, getattr(self, name), texts[name]) for name in ON_CONNECTOME]
        return rows


def training_of(
    substrate: Substrate, task: Task, pair: int, budget: Mapping[str, Any]
) -> TrainConfig:
    """The configuration of the training of a substrate on a task; `pair` numbers the null model.

    Raises
    ------
    ValueError
        If the network and the task do not fit.
    """
    sections: dict[str, Any] = {
        "task": {"kind": task.kind, **_given(task.settings)},
        "network": {"kind": substrate.kind, **_given(substrate.settings)},
        "training": {"learning_rate": substrate.learning_rate, **budget},
    }
    if substrate.dataset is not None:
        sections["connectome"] = _given({it: getattr(substrate, it) for it in ON_CONNECTOME})
        if substrate.is_null:
            sections["connectome"]["draw"] = pair
    return train_config(sections)


def place_of_network(substrate: Substrate, task: Task) -> str:
    """A network in the configuration of a study, as `in_section` takes it."""
    return f"[[substrates]] {substrate.name}, [[tasks]] {task.name}:"


def stimulus_task(name: str, task: Any, what: str) -> Any:
    """A task with a reference and two stimuli or more.

    Parameters
    ----------
    name : str
        Name of the section [[tasks]].
    task : Task
    what : str
        What is done with its trials: ``the memory is measured``.

    Raises
    ------
    ValueError
        If it does not have them.
    """
    from isochron.ann_bridge.tasks.stimulus_task import StimulusTask

    shows = isinstance(task, StimulusTask) and task.reference_input is not None
    if not shows or task.n_stimuli < 2:
        raise ValueError(
            f"tasks: {what} in trials with a reference and two stimuli or more, as of "
            f"phase-memory and level-memory; {name} does not have them."
        )
    return task


def check_different_names(section: str, entries: Sequence[Substrate | Task]) -> None:
    """Check that no two sections ``[[substrates]]`` or ``[[tasks]]`` have the same name.

    Names that differ in upper and lower case only are the same file on some file systems.

    Raises
    ------
    ValueError
        If two have.
    """
    found: dict[str, str] = {}
    for name in (entry.name for entry in entries):
        other = found.get(name.lower())
        if other is not None:
            called = f"called {name}" if other == name else f"called {other} and {name}"
            raise ValueError(
                f"Two sections [[{section}]] are {called}; give each a different name."
            )
        found[name.lower()] = name


def locate_entries(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Values of a configuration file, with the files of its networks and tasks found from `folder`.

    These are the dataset of a network and the recorded reference of a task; names without a suffix
    are not those of files.
    """
    found = deepcopy(dict(values))
    for section, name in (("substrates", "dataset"), ("tasks", "reference")):
        entries = found.get(section)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get(name), str):
                entry[name] = _located(entry[name], name, folder)
    return found


def _located(given: str, name: str, folder: Path) -> str:
    if name == "dataset":
        return resolve_dataset(given, folder)
    return str((folder / given).resolve()) if Path(given).suffix else given


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _with_tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings after JSON, which has lists in the place of tuples."""
    return {name: tuple(it) if isinstance(it, list) else it for name, it in settings.items()}


def _complete(place: str, **sections: Any) -> TrainConfig:
    given = {name: given for name, given in sections.items() if given}
    return train_config(given, entry=place)


def _with_kind(values: Mapping[str, Any], where: str, registry: Registry) -> dict[str, Any]:
    if "kind" not in values:
        raise ValueError(f"{where}.kind is missing. Write one of {', '.join(registry)}.")
    return dict(values)


def _checked(name: Any, where: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"{where}.name must consist of at most 60 letters, digits, - and _, so that files can "
            f"have it; got {name!r}. Without a name it is that of the kind."
        )
    return name
