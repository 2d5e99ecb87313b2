"""Settings: fields of frozen dataclasses that describe themselves.

A model, task, engine, study or command has one frozen dataclass of settings with real defaults.
Command-line options, TOML files and docs are made from its fields, so that name, type, unit,
default, range and help are in one place.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


def setting(
    default: Any, description: str, *, unit: str = "", choices: Iterable[str] | None = None
) -> Any:
    """A field of a settings dataclass.

    Parameters
    ----------
    default
        Its default value.
    description : str
        What it is, understood without the other settings; a noun first.
    unit : str
        ``"ms"``, ``"mV"``, ...; empty if it has none.
    choices : iterable of str, optional
        The values that it may take: a list, or a `isochron.registry.Registry`.
    """
    metadata = {"description": description, "unit": unit, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def settings_from(kind: type[T], given: T | None, fields: Mapping[str, Any]) -> T:
    """The settings of a call: a dataclass, or its fields as keywords.

    Raises
    ------
    TypeError
        If both are given, or a field that the dataclass does not have.
    """
    known = [field.name for field in dataclasses.fields(kind)]  # pyright: ignore[reportArgumentType]
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise TypeError(
                f"There is no setting {name!r}.{hint} {kind.__name__} has {', '.join(known)}."
            )
    if given is None:
        return kind(**fields)
    if fields:
        raise TypeError(f"Give {kind.__name__}(...) or {', '.join(fields)}, not both.")
    return given


def describe(field: dataclasses.Field) -> str:
    """Description of a field with its unit in parentheses; empty without one."""
    description, unit = field.metadata.get("description", ""), field.metadata.get("unit", "")
    return f"{description} ({unit})" if unit else description


def choices_of(field: dataclasses.Field) -> tuple[str, ...]:
    """The values that a field may take; empty if they are not a list."""
    choices = field.metadata.get("choices")
    return () if choices is None else tuple(choices)


def check_choices(settings: Any) -> None:
    """Check each field that has choices.

    Raises
    ------
    ValueError
        If a value is not one of them.
    """
    for field in dataclasses.fields(settings):
        value, choices = getattr(settings, field.name), choices_of(field)
        if choices and value not in choices:
            raise ValueError(f"{field.name} must be one of {', '.join(choices)}, got {value!r}.")
