"""What names and values a grid may have: those that TOML and JSON have in common."""

import math
import re
from collections.abc import Mapping
from typing import Any

DEEPEST = 16
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
RESERVED = ("status", "reason")  # variables of the results


def check_setting(name: str, value: Any, place: str) -> None:
    """Check a setting or an axis of a grid.

    Parameters
    ----------
    name : str
    value : any
    place : str
        Section that contains it.

    Raises
    ------
    ValueError
        If the name is not that of a setting, or the value is not finite, not data, or nested too
        deeply.
    """
    check_name(name, place)
    _check_value(value, f"{place}.{name}", DEEPEST)


def check_name(name: str, place: str) -> None:
    """Check the name of a setting or of a result, as `check_setting` does."""
    if name in RESERVED:
        raise ValueError(f"{place} cannot have the name {name!r}, which the results have.")
    if not NAME.fullmatch(name):
        raise ValueError(
            f"A name consists of letters, digits, _, - and dots; {place} has {name!r}."
        )


def _check_value(value: Any, name: str, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"{name} is nested more than {DEEPEST} levels deep.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}.")
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            _check_value(item, name, depth - 1)
    elif not isinstance(value, bool | int | float | str):
        raise ValueError(f"{name} must be made of numbers, texts, lists and tables, got {value!r}.")
