"""Configuration files: TOML to frozen dataclasses and back, strictly.

Every section is a frozen dataclass with real defaults that checks itself. Unknown keys,
wrong types and values out of range are errors that name the key and the way out.
"""

import dataclasses
import json
import math
import os
import tomllib
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from isochron.files import DataFileError, json_sha256
from isochron.registry import Registry
from isochron.settings import choices_of, describe

MAX_CONFIG_BYTES = 2**20
T = TypeVar("T")


def read_toml(path: str | os.PathLike) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ValueError
        If it is missing, not a file, too large, not UTF-8 or not TOML.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"The configuration file {path} does not exist. To make one: "
            "isochron compare --print-config"
        )
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is larger than 1 MiB, too large for a configuration.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error


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
    new = {}
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
            new[key] = convert(value, hints[key], name)
    try:
        return dataclasses.replace(base, **new)  # type: ignore[type-var]
    except ValueError as error:
        raise ValueError(f"[{where.rstrip('.')}] {error}" if where else str(error)) from error


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
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} must be a list in square brackets, got {value!r}.")
        kinds = typing.get_args(kind)
        if kinds[-1] is not Ellipsis and len(value) != len(kinds):
            raise ValueError(f"{name} must have {len(kinds)} values, got {len(value)}.")
        return tuple(convert(item, kinds[0], f"{name}[{i}]") for i, item in enumerate(value))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
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


def read_settings(
    fields: Iterable[dataclasses.Field], given: Mapping[str, Any], owner: str, where: str
) -> dict[str, Any]:
    """Values of a section, as the types of their fields.

    Parameters
    ----------
    fields : iterable of dataclasses.Field
    given : mapping of str to any
        As read from TOML.
    owner : str
        Owner of these settings, for messages: ``network gru``.
    where : str
        Name of the section.

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
    return {name: convert(it, known[name].type, f"{where}.{name}") for name, it in given.items()}


def writable_fields(settings: type) -> list[dataclasses.Field]:
    """The fields of a dataclass whose values a file or a command line can state."""
    return [field for field in dataclasses.fields(settings) if _is_writable(field.type)]


def _is_writable(kind: Any) -> bool:
    parts = [part for part in typing.get_args(kind) if part not in (type(None), Ellipsis)]
    return all(map(_is_writable, parts)) if parts else kind in (bool, int, float, str)


def to_toml(config: Any, title: str = "") -> str:
    """A configuration as commented TOML, which `overlay` reads back to the same values."""
    lines = [f"# {title}", ""] if title else []
    for field in dataclasses.fields(config):
        section = getattr(config, field.name)
        if section is None:
            continue
        lines.append(f"# {_comment(field)}")
        if isinstance(section, KindSection):
            rows = [("kind", section.kind, ", ".join(section.registry))]
            given = section.settings
            rows += [(it.name, given[it.name], _comment(it)) for it in section.fields()]
        elif dataclasses.is_dataclass(section):
            inner = dataclasses.fields(section)
            rows = [(it.name, getattr(section, it.name), _comment(it)) for it in inner]
        else:
            lines += [f"{field.name} = {_literal(section)}", ""]
            continue
        lines += [f"[{field.name}]", *(_row(*row) for row in rows if row[1] is not None), ""]
    return "\n".join(lines)


def _row(name: str, value: Any, comment: str) -> str:
    text = f"{name} = {_literal(value)}"
    return f"{text:<43} # {comment}" if comment else text


def _comment(field: dataclasses.Field) -> str:
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
    """SHA-256 of the values of a configuration."""
    return json_sha256(dataclasses.asdict(config))


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
