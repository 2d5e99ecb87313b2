"""Conversion of numbers with a unit: plain ones, or Brian2 quantities."""

import math
from dataclasses import field, fields
from typing import Any, Literal

from isochron.settings import check_type
from isochron.sims.engines.brian2_session import import_brian2
from isochron.wording import shown

Range = Literal["positive", "not negative", "finite"]


def quantity(default: float, unit: str, range_: Range = "finite") -> Any:
    """A field of a dataclass in a unit: mV, ms, pF, nS or pA; see `take_units`."""
    return field(default=default, metadata={"unit": unit, "range": range_})


def take_units(parameters: Any) -> None:
    """Turn the quantities of a frozen dataclass into floats and check their ranges.

    Raises
    ------
    ValueError
        If a value is out of range or has other dimensions than its field.
    """
    for entry in fields(parameters):
        if "unit" in entry.metadata:
            value = in_unit(entry.name, getattr(parameters, entry.name), **entry.metadata)
            object.__setattr__(parameters, entry.name, value)


def in_unit(name: str, value: Any, unit: str, range: Range = "finite") -> float:  # noqa: A002
    """A plain number in a unit, from a plain number or a Brian2 quantity.

    Raises
    ------
    ValueError
        If it is out of range or has other dimensions; the message gives name and unit.
    """
    if hasattr(value, "dim"):
        brian2 = import_brian2()
        if not brian2.have_same_dimensions(value, getattr(brian2, unit)):
            raise ValueError(f"{name} must be in {unit} or a quantity like it, got {shown(value)}.")
        value = value / getattr(brian2, unit)
    check_type(name, value, float)
    allowed = {
        "positive": 0 < value < math.inf,
        "not negative": 0 <= value < math.inf,
        "finite": math.isfinite(value),
    }
    if not allowed[range]:
        raise ValueError(f"{name} must be {range} and finite (in {unit}), got {shown(value)}.")
    return float(value)
