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
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from isochron.files import json_sha256
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
            f"There is no configuration file {path}. To make one: isochron compare --print-config"
        )
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is larger than 1 MiB; that is no configuration.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error


def overlay(base: T, changes: dict[str, Any], where: str = "") -> T:
    """A copy of a configuration with some values replaced.

    Parameters
    ----------
    base : frozen dataclass
        Sections may be nested.
    changes : dict
        As read from TOML.
    where : str
        Section name for messages.

    Raises
    ------
    ValueError
        If a key is unknown, or a value of the wrong type or out of range.
    """
    hints = typing.get_type_hints(type(base))
    new = {}
    for key, value in changes.items():
        name = f"{where}{key}"
        if key not in hints:
            near = get_close_matches(key, hints, n=1)
            hint = f" Did you mean {where}{near[0]}?" if near else ""
            raise ValueError(f"Unknown setting {name!r}.{hint} Known here: {', '.join(hints)}.")
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, dict):
                raise ValueError(f"{name} is a section: write [{name}] above its settings.")
            new[key] = overlay(getattr(base, key), value, f"{name}.")
        else:
            new[key] = _convert(value, hints[key], name)
    try:
        return dataclasses.replace(base, **new)  # type: ignore[type-var]
    except ValueError as error:
        raise ValueError(f"[{where.rstrip('.')}] {error}" if where else str(error)) from error


def _convert(value: Any, kind: Any, name: str) -> Any:
    """A TOML value as the type of its field; whole numbers serve as floats."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{name} must be a list in square brackets, got {value!r}.")
        kinds = typing.get_args(kind)
        if kinds[-1] is not Ellipsis and len(value) != len(kinds):
            raise ValueError(f"{name} must have {len(kinds)} values, got {len(value)}.")
        return tuple(_convert(item, kinds[0], f"{name}[{i}]") for i, item in enumerate(value))
    if origin in (typing.Union, types.UnionType):
        raise TypeError(f"{name}: a union cannot be written in TOML")
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


def to_toml(config: Any, title: str = "") -> str:
    """A configuration as commented TOML, which `overlay` reads back to the same values."""
    lines = [f"# {title}", ""] if title else []
    for field in dataclasses.fields(config):
        section = getattr(config, field.name)
        lines.append(f"# {_comment(field)}")
        if not dataclasses.is_dataclass(section):
            lines += [f"{field.name} = {_literal(section)}", ""]
            continue
        lines.append(f"[{field.name}]")
        for inner in dataclasses.fields(section):
            text = f"{inner.name} = {_literal(getattr(section, inner.name))}"
            comment = _comment(inner)
            lines.append(f"{text:<44}# {comment}" if comment else text)
        lines.append("")
    return "\n".join(lines)


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
    """Refuse settings, or lists of them, that are not positive and finite.

    Raises
    ------
    ValueError
        With the name and the value of the first.
    """
    for name in names:
        value = getattr(section, name)
        values = value if isinstance(value, tuple) else (value,)
        if not values or not all(0 < item < math.inf for item in values):
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
