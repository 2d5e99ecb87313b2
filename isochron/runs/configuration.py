"""Configuration files: TOML to frozen dataclasses and back, strictly.

Every section is a frozen dataclass with real defaults that checks itself. Unknown keys,
wrong types and values out of range are errors that name the key and the way out.
"""

import dataclasses
import json
import math
import os
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from isochron.files import DataFileError, json_sha256
from isochron.memory import TooLargeError
from isochron.registry import Registry
from isochron.settings import choices_of, describe
from isochron.toml_text import parse_toml
from isochron.wording import shown

MAX_CONFIG_BYTES = 2**20
# Largest numbers of networks, draws, worms and initial states in a study.
MOST_PAIRS, MOST_DRAWS, MOST_WORMS, MOST_STARTS = 1000, 10_000, 10_000, 100_000
LARGEST_WHOLE = 2**63  # that TOML has
LONGEST_NAME = 60  # in a message
T = TypeVar("T")


def read_toml(path: str | os.PathLike) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ValueError
        If it is missing, not a file, too large, not UTF-8 or not TOML.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is not a file.")
    if not path.exists():
        raise ValueError(
            f"The configuration file {path} does not exist. train, compare, reproduce and "
            "study print one with --print-config."
        )
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is larger than 1 MiB, too large for a configuration.")
    try:
        return parse_toml(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error


@contextmanager
def in_section(place: str) -> Iterator[None]:
    """Let the errors inside state their section of a configuration first.

    Parameters
    ----------
    place : str
        Section: ``[learning]``, or ``[[substrates]] gru:``; empty for settings above all.

    Raises
    ------
    ValueError, TooLargeError
        The error of the block with the section in front; one of a data file, which names the
        file, as it is.
    """
    try:
        yield
    except DataFileError:
        raise
    except ValueError as error:
        kind = TooLargeError if isinstance(error, TooLargeError) else ValueError
        raise kind(f"{place} {error}".strip()) from error


def place_of_entry(section: str, values: Mapping[str, Any]) -> str:
    """One of several sections ``[[section]]`` in a message, by its name or kind."""
    name = values.get("name", values.get("kind"))
    named = isinstance(name, str) and len(name) <= LONGEST_NAME
    return f"[[{section.partition('[')[0]}]]" + (f" {name}:" if named else "")


def overlay(base: T, changes: dict[str, Any], where: str = "") -> T:
    """A copy of a configuration with some values replaced.

    Parameters
    ----------
    base : frozen dataclass
        Sections may be nested. `RENAMED` of a section has the new names of settings of 0.1.
    changes : dict
        As read from TOML.
    where : str
        Section name for messages.

    Raises
    ------
    DataFileError
        If a key has the name that it had in version 0.1.
    ValueError
        If a key is unknown, or a value of the wrong type or out of range.
    """
    types_of = typing.get_type_hints(type(base))
    hints = {field.name: types_of[field.name] for field in dataclasses.fields(base)}  # type: ignore[arg-type]
    new, place = {}, f"[{where.rstrip('.')}]" if where else ""
    for key, value in changes.items():
        name = f"{where}{key}"
        if key not in hints:
            if renamed := getattr(base, "RENAMED", {}).get(key):
                raise DataFileError(
                    f"{name} is a setting of isochron 0.1: write {where}{renamed} instead of it."
                )
            near = get_close_matches(key, hints, n=1)
            hint = f" Did you mean {where}{near[0]}?" if near else ""
            raise ValueError(f"Unknown setting {name!r}.{hint} Known here: {', '.join(hints)}.")
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise ValueError(f"{name} is a section: write [{name}] above its settings.")
            new[key] = overlay(getattr(base, key), value, f"{name}.")
        else:
            with in_section(place):
                new[key] = convert(value, hints[key], key)
    with in_section(place):
        return dataclasses.replace(base, **new)  # type: ignore[type-var]


def convert(value: Any, kind: Any, name: str) -> Any:
    """A TOML value as the type of its field; whole numbers serve as floats.

    Raises
    ------
    ValueError
        If it is of a different type, or not finite.
    """
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):  # X | None
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
        return convert(value, kind, name)
    if origin is tuple:
        if isinstance(value, dict) and issubclass(typing.get_args(kind)[0], ListedSection):
            raise ValueError(f"{name} may be given several times: write [[{name}]], not [{name}].")
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} must be a list in square brackets, got {value!r}.")
        kinds = typing.get_args(kind)
        if kinds[-1] is not Ellipsis and len(value) != len(kinds):
            raise ValueError(f"{name} must have {len(kinds)} values, got {len(value)}.")
        return tuple(convert(item, kinds[0], f"{name}[{i}]") for i, item in enumerate(value))
    if isinstance(value, int) and not -LARGEST_WHOLE <= value < LARGEST_WHOLE:
        raise ValueError(f"{name} must be below 2**63, got {shown(value)}.")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 2**1023 else math.inf
    if issubclass(kind, ListedSection):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is a section: write [[{name.partition('[')[0]}]] above it.")
        return kind.read(value, name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {
            float: "a number",
            int: "a whole number",
            str: "a text in quotes",
            bool: "a boolean",
        }
        raise ValueError(f"{name} must be {words[kind]}, got {value!r}.")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}.")
    return value


@dataclass(frozen=True, slots=True)
class KindSection(ABC):
    """A section that names a kind of a registry and has the settings of that kind.

    Attributes
    ----------
    kind : str
    settings : dict of str to any
        All settings of the kind.
    """

    registry: ClassVar[Registry]
    kind: str
    settings: dict[str, Any]

    @abstractmethod
    def fields(self) -> list[dataclasses.Field]:
        """The settings of the kind."""

    def rows(self) -> list[tuple[str, Any, str]]:
        """Name, value and comment of the kind and of each setting."""
        rows = [(it.name, self.settings[it.name], comment_of(it)) for it in self.fields()]
        return [("kind", self.kind, ", ".join(self.registry)), *rows]


class ListedSection(ABC):
    """A section that a file may have any number of times: ``[[name]]``."""

    @classmethod
    @abstractmethod
    def read(cls, values: Mapping[str, Any], where: str) -> Self:
        """The section as read from TOML.

        Raises
        ------
        ValueError
            If a setting is unknown or a value is of a different type or out of range.
        """

    @abstractmethod
    def rows(self) -> list[tuple[str, Any, str]]:
        """Name, value and comment of each setting."""


def read_settings(
    fields: Iterable[dataclasses.Field], given: Mapping[str, Any], owner: str
) -> dict[str, Any]:
    """Values of a section, as the types of their fields.

    Parameters
    ----------
    fields : iterable of dataclasses.Field
    given : mapping of str to any
        As read from TOML.
    owner : str
        Owner of these settings, for messages: ``network gru``.

    Raises
    ------
    ValueError
        If a setting is not one of the fields, or its value has a different type.
    """
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"The {owner} does not have the setting {name}.{hint} It has "
                f"{', '.join(known) or 'none'}."
            )
    return {name: convert(it, known[name].type, name) for name, it in given.items()}


def writable_fields(settings: type) -> list[dataclasses.Field]:
    """The fields of a dataclass whose values a file or a command line can state."""
    return [field for field in dataclasses.fields(settings) if _is_writable(field.type)]


def _is_writable(kind: Any) -> bool:
    parts = [part for part in typing.get_args(kind) if part not in (type(None), Ellipsis)]
    return all(map(_is_writable, parts)) if parts else kind in (bool, int, float, str)


def to_toml(config: Any, title: str = "") -> str:
    """A configuration as commented TOML, which `overlay` reads back to the same values."""
    lines = [f"# {title}", ""] if title else []
    fields = [it for it in dataclasses.fields(config) if getattr(config, it.name) is not None]
    sections = {it.name: found for it in fields if (found := _sections(getattr(config, it.name)))}
    for field in fields:
        if field.name not in sections:
            value = _literal(getattr(config, field.name))
            lines += [f"# {comment_of(field)}", f"{field.name} = {value}", ""]
    for field in fields:
        if field.name in sections:
            lines.append(f"# {comment_of(field)}")
        for rows, several in sections.get(field.name, []):
            head = f"[[{field.name}]]" if several else f"[{field.name}]"
            lines += [head, *(_row(*row) for row in rows), ""]
    return "\n".join(lines)


Rows = list[tuple[str, Any, str]]


def _sections(value: Any) -> list[tuple[Rows, bool]]:
    """Rows of each section of a field, and whether it may have several; none for a plain value."""
    if isinstance(value, tuple):
        return [(it.rows(), True) for it in value if isinstance(it, ListedSection)]
    if isinstance(value, KindSection):
        return [(value.rows(), False)]
    if dataclasses.is_dataclass(value):
        inner = dataclasses.fields(value)
        return [([(it.name, getattr(value, it.name), comment_of(it)) for it in inner], False)]
    return []


def _row(name: str, value: Any, comment: str) -> str:
    """A setting and its comment; one that is not given is a comment, too."""
    text = f"# {name} is not given" if value is None else f"{name} = {_literal(value)}"
    return f"{text:<43} # {comment}" if comment else text


def comment_of(field: dataclasses.Field) -> str:
    """Description of a field, its unit, and the values that it may take."""
    choices = ", ".join(choices_of(field))
    return ": ".join(text for text in (describe(field), choices) if text)


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def config_digest(config: Any) -> str:
    """SHA-256 of the values of a configuration, without settings added later at their defaults."""
    return json_sha256(_digested(config))


def _digested(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {
            field.name: _digested(item)
            for field in dataclasses.fields(value)
            if (item := getattr(value, field.name)) != field.default
            or not field.metadata.get("added_later")
        }
    if isinstance(value, tuple | list):
        return [_digested(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _digested(item) for name, item in value.items()}
    return value


def check_different(section: object, *names: str) -> None:
    """Check that lists of settings do not contain a value twice.

    Raises
    ------
    ValueError
        If one does; the message states its name and the value.
    """
    for name in names:
        values = getattr(section, name)
        if twice := [value for k, value in enumerate(values) if value in values[:k]]:
            raise ValueError(f"{name} contains {twice[0]} twice.")


def check_positive(section: object, *names: str) -> None:
    """Check that settings, or lists of them, are positive and finite.

    Raises
    ------
    ValueError
        If one is not; the message states its name and value.
    """
    for name in names:
        value = getattr(section, name)
        values = value if isinstance(value, tuple) else (value,)
        if not values or not all(0 < item < math.inf for item in values):
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")


def check_range(section: object, name: str, least: float, most: float) -> None:
    """Check that a setting, or each value of a list, lies in a range, ends included.

    Raises
    ------
    ValueError
        If one does not; the message states its name, the range and the value.
    """
    value = getattr(section, name)
    if not all(least <= item <= most for item in (value if isinstance(value, tuple) else (value,))):
        raise ValueError(f"{name} must lie between {least:g} and {most:g}, got {value!r}.")


def check_file(name: str, file: str) -> None:
    """Check that the file of a setting exists.

    Raises
    ------
    ValueError
        If it does not, or is a folder.
    """
    path = Path(file)
    if not path.is_file():
        state = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise ValueError(f"{name}: {file} {state}.")


def check_seed(seed: int, bits: int = 32) -> None:
    """Check the seed of a study.

    Raises
    ------
    ValueError
        If it is negative or has more than `bits` bits.
    """
    if not 0 <= seed < 2**bits:
        raise ValueError(f"seed must lie between 0 and 2**{bits} - 1, got {seed!r}.")
