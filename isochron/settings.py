"""Settings: fields of frozen dataclasses that describe themselves.

A model, task, engine, study or command has one frozen dataclass of settings with real defaults.
Command-line options, TOML files and docs are made from its fields, so that name, type, unit,
default, range and help are in one place.
"""

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from isochron.registry import Registry

T = TypeVar("T")


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    choices: Iterable[str] | str | None = None,
    form: str = "",
    needs: str = "",
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
    choices : iterable of str, or str, optional
        The values that it may take: a list, a `isochron.registry.Registry`, or the path of one,
        ``package.module:name``, which is imported when it is asked for.
    form : str
        How a value is written on a command line: ``NAME=pA``.
    needs : str
        The setting without which this one has no effect: ``"mode=pure"``, or ``"oscillation_Hz"``
        if it must have any value.
    """
    metadata = {
        "description": description, "unit": unit, "choices": choices, "form": form, "needs": needs,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def settings_from(kind: type[T], given: T | None, fields: Mapping[str, Any], **usual: Any) -> T:
    """The settings of a call: a dataclass, or its fields as keywords.

    Parameters
    ----------
    kind : type
        The dataclass.
    given : instance of it, optional
    fields : mapping
        Fields that the call has as keywords.
    **usual
        Defaults of the function that differ from those of the dataclass; one that is given as a
        whole is taken as it is.

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
        return kind(**{**usual, **fields})
    if fields:
        raise TypeError(f"Give {kind.__name__}(...) or {', '.join(fields)}, not both.")
    return given


def describe(field: dataclasses.Field) -> str:
    """Description of a field with its unit in parentheses; empty without one."""
    description, unit = field.metadata.get("description", ""), field.metadata.get("unit", "")
    return f"{description} ({unit})" if unit else description


def choices_of(field: dataclasses.Field) -> tuple[str, ...]:
    """The values that a field may take; empty if they are not a list."""
    choices = _source(field)
    return () if choices is None else tuple(choices)


def check_choice(field: dataclasses.Field, value: str) -> None:
    """Check that a value is one of those of a field.

    Raises
    ------
    ValueError
        If it is not; the message is that of the registry, or lists the values.
    """
    source, choices = _source(field), choices_of(field)
    if isinstance(source, Registry):
        source.check(value)
    elif value not in choices:
        near = get_close_matches(value, choices, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"{value!r} is not one of {', '.join(map(repr, choices))}.{hint}")


def _source(field: dataclasses.Field) -> Any:
    choices = field.metadata.get("choices")
    return _load(choices) if isinstance(choices, str) else choices


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def check_choices(settings: Any) -> None:
    """Check each field that has choices; None is not given.

    Raises
    ------
    ValueError
        If a value is not one of them.
    """
    for field in dataclasses.fields(settings):
        value, choices = getattr(settings, field.name), choices_of(field)
        if value is not None and choices and value not in choices:
            raise ValueError(f"{field.name} must be one of {', '.join(choices)}, got {value!r}.")


def check_effect(settings: Any) -> None:
    """Check that each setting that is not at its default has an effect.

    Raises
    ------
    ValueError
        If one needs a different setting that does not have the required value.
    """
    for field in dataclasses.fields(settings):
        other, _, wanted = field.metadata.get("needs", "").partition("=")
        if not other or getattr(settings, field.name) == field.default:
            continue
        found = getattr(settings, other)
        if found is None or (wanted and found != wanted):
            raise ValueError(
                f"{field.name} has no effect without {other}{f' = {wanted}' if wanted else ''}."
            )
