"""Configuration of a training: ``[task]``, ``[network]``, ``[connectome]``, ``[training]``.

Task and network are named by their kind and have the settings of that kind, no others. Light: no
torch, so that help is instant.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.nets.parameters import (
    FROM_TASK,
    NetworkParameters,
    require_network_fits,
)
from isochron.ann_bridge.registry import NETWORKS, TASKS, network_parameters, task_settings
from isochron.ann_bridge.training_parameters import TrainingParameters
from isochron.files import DataFileError
from isochron.registry import Registry
from isochron.runs.configuration import (
    KindSection,
    in_section,
    read_settings,
    read_toml,
    writable_fields,
)
from isochron.runs.null_models import NO_NULL, check_null_model
from isochron.settings import check_choices, check_effect, setting

DEFAULT_TASK, DEFAULT_NETWORK = "phase-memory", "low-rank"
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class TaskSection(KindSection):
    """A kind of task and its settings."""

    registry: ClassVar[Registry] = TASKS

    def fields(self) -> list[dataclasses.Field]:
        """The settings of the task."""
        return task_fields(self.kind)

    def task(self) -> Any:
        """The task.

        Raises
        ------
        ValueError
            If a setting is out of range, or a reference file cannot be read.
        """
        settings = task_settings(self.kind)(**self.settings)
        return settings.task() if hasattr(settings, "task") else settings


@dataclass(frozen=True, slots=True)
class NetworkSection(KindSection):
    """A kind of network and its settings."""

    registry: ClassVar[Registry] = NETWORKS

    def fields(self) -> list[dataclasses.Field]:
        """The settings of the network."""
        return network_fields(self.kind, self.settings)

    @property
    def on_connectome(self) -> bool:
        """Whether the network is on a connectome."""
        return network_parameters(self.kind).is_on_connectome(self.settings)

    def fitting_parameters(self, task: Any) -> NetworkParameters:
        """The parameters for a task, after a check that the network fits into the memory.

        A connectome sets the number of units later.

        Raises
        ------
        TooLargeError
            If its weights, with what training needs for each, do not fit into the memory.
        """
        found = network_parameters(self.kind)
        known = {field.name for field in dataclasses.fields(found)}
        given = {name: value for name, value in self.settings.items() if name in known}
        made = found.for_task(task, **given)
        require_network_fits(made, self.kind)
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectomeSettings:
    """The connectome of a network on one."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    signs: str | None = setting(
        None,
        "Sign rule of the connections; by default free signs for connectome, gaba for others "
        "unless the connectome has signs",
        choices="isochron.connectome:SIGN_RULES",
    )
    null_model: str = setting(
        NO_NULL, "Null model of the connectome, on which the network is; none for the connectome"
    )
    draw: int = setting(0, "Number of the draw from the null model")

    def __post_init__(self) -> None:
        check_choices(self)
        check_null_model(self.null_model, self.draw)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSettings(TrainingParameters):
    """Training of networks: budget, number of networks, device."""

    steps: int = setting(400, "Largest number of training steps")
    seed: int = setting(0, "Seed of weights, trials and noise")
    replicates: int = setting(1, "Number of networks, each with a different seed")
    device: str = setting("auto", "Device of the training", choices=DEVICES)

    def __post_init__(self) -> None:
        TrainingParameters.__post_init__(self)
        check_choices(self)
        for name, least in (("replicates", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}.")

    def parameters(self) -> TrainingParameters:
        """The part that each training needs."""
        names = [field.name for field in dataclasses.fields(TrainingParameters)]
        return TrainingParameters(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """Network, task and training; made by `train_config`."""

    task: TaskSection = setting(None, "Task")
    network: NetworkSection = setting(None, "Network before training")
    connectome: ConnectomeSettings | None = setting(None, "Connectome of the network")
    training: TrainingSettings = setting(None, "Training")


def task_fields(kind: str) -> list[dataclasses.Field]:
    """The settings of a kind of task."""
    return writable_fields(task_settings(kind))


def network_fields(kind: str, given: Mapping[str, Any]) -> list[dataclasses.Field]:
    """The settings of a kind of network; the task and the connectome set the others."""
    parameters = network_parameters(kind)
    elsewhere = {*FROM_TASK, *(["n_units"] if parameters.is_on_connectome(given) else [])}
    fields = [it for it in writable_fields(parameters) if it.name not in elsewhere]
    options = parameters.options_type
    return fields if options is None else fields + writable_fields(options)


def merge_sections(
    base: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Sections with some settings replaced; a different kind starts from its defaults."""
    merged = dict(base)
    for name, given in changes.items():
        old = merged.get(name, {})
        if not isinstance(old, dict) or given.get("kind", old.get("kind")) != old.get("kind"):
            old = {}
        merged[name] = old | dict(given)
    return merged


def train_config(sections: Mapping[str, Any] | None = None, *, entry: str = "") -> TrainConfig:
    """A complete configuration.

    Parameters
    ----------
    sections : mapping, optional
        As read from TOML: ``{"network": {"kind": "gru", "n_units": 64}, "training": ...}``. What
        is not given is the default of the kind, or suits the task.
    entry : str
        Place of all settings in a file that does not have these sections, for messages:
        ``[[substrates]] gru:``.

    Raises
    ------
    ValueError
        If a section or a setting does not exist for these kinds, or a value is out of range.
    """
    sections = dict(sections or {})
    _check_sections(sections)
    with in_section(entry or "[task]"):
        task = _task_section(sections.get("task", {}))
        sizes = task.task()
    with in_section(entry or "[network]"):
        network = _network_section(sections.get("network", {}), sizes)
    usual = {"learning_rate": network_parameters(network.kind).usual_learning_rate}
    with in_section(entry or "[connectome]"):
        connectome = _connectome(sections.get("connectome", {}), network)
    with in_section(entry or "[training]"):
        training = _plain(TrainingSettings, usual | sections.get("training", {}), "training")
    return TrainConfig(task=task, network=network, connectome=connectome, training=training)


def read_train_config(path: Path) -> dict[str, Any]:
    """The sections of a configuration file, for `train_config`.

    Raises
    ------
    DataFileError
        If it is a configuration of version 0.1.
    ValueError
        If it cannot be read.
    """
    sections = read_toml(path)
    if "net" in sections or isinstance(sections.get("task"), str):
        raise DataFileError(
            f"{path} is a configuration of isochron 0.1: train again, or write [task] kind = ..., "
            "[network] kind = ... and [training] as isochron train --print-config does."
        )
    return sections


def _check_sections(sections: Mapping[str, Any]) -> None:
    known = [field.name for field in dataclasses.fields(TrainConfig)]
    for name, section in sections.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean [{near[0]}]?" if near else ""
            raise ValueError(f"Unknown section [{name}].{hint} Known: {', '.join(known)}.")
        if not isinstance(section, dict):
            raise ValueError(f"{name} is a section: write [{name}] above its settings.")


def _task_section(given: Mapping[str, Any]) -> TaskSection:
    kind = TASKS.check(given.get("kind", DEFAULT_TASK))
    values = {name: value for name, value in given.items() if name != "kind"}
    fields = task_fields(kind)
    settings = task_settings(kind)
    found = _checked(settings, read_settings(fields, values, f"task {kind}"))
    return TaskSection(kind, {field.name: getattr(found, field.name) for field in fields})


def _network_section(given: Mapping[str, Any], task: Any) -> NetworkSection:
    kind = NETWORKS.check(given.get("kind", DEFAULT_NETWORK))
    parameters = network_parameters(kind)
    values = {name: value for name, value in given.items() if name != "kind"}
    fields = network_fields(kind, values)
    values = read_settings(fields, values, f"network {kind}")
    options: Any = None
    if parameters.options_type is not None:
        named = {field.name for field in dataclasses.fields(parameters.options_type)}
        options = _checked(parameters.options_type, {k: values.pop(k) for k in named & set(values)})
    found = _checked(lambda **given: parameters.for_task(task, **given), values)
    return NetworkSection(
        kind,
        {
            field.name: getattr(found if hasattr(found, field.name) else options, field.name)
            for field in fields
        },
    )


def _connectome(given: Mapping[str, Any], network: NetworkSection) -> ConnectomeSettings | None:
    if network.on_connectome:
        return _plain(ConnectomeSettings, _resolved(given), "connectome")
    if given:
        how = "connectivity = connectome makes it one" if "connectivity" in network.settings else ""
        raise ValueError(
            f"The network {network.kind} is not on a connectome, so that it does not have the "
            f"setting {next(iter(given))}{f'; {how}' if how else ''}."
        )
    return None


def _resolved(given: Mapping[str, Any]) -> dict[str, Any]:
    """Files by their absolute paths."""
    from isochron.runs.datasets import resolve_dataset

    if isinstance(given.get("dataset"), str):
        return dict(given) | {"dataset": resolve_dataset(given["dataset"])}
    return dict(given)


def _plain(settings: type, given: Mapping[str, Any], name: str) -> Any:
    """The dataclass of a section without a kind."""
    values = read_settings(writable_fields(settings), given, f"section [{name}]")
    return _checked(settings, values)


def _checked(make: Any, values: Mapping[str, Any]) -> Any:
    made = make(**values)
    check_effect(made)
    return made
