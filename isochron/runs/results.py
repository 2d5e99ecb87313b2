"""Results that studies share, and the one serialisation of all results: to JSON values and back."""

from dataclasses import dataclass
from typing import Any, TypeVar

import cattrs

T = TypeVar("T")
_CONVERTER = cattrs.Converter(forbid_extra_keys=True)

SCHEMA = 2  # of results.json of all studies; 1 is that of version 0.1


def to_json_values(result: Any) -> Any:
    """JSON values of a result: a frozen dataclass of numbers, texts, tuples and dataclasses."""
    return _CONVERTER.unstructure(result)


def from_json_values(values: Any, kind: type[T]) -> T:
    """A result from its JSON values.

    Parameters
    ----------
    values
        As of `to_json_values`.
    kind : type
        The dataclass.

    Raises
    ------
    ValueError
        If the values are not those of such a result; the message lists what is wrong, and where.
    """
    try:
        return _CONVERTER.structure(values, kind)
    except cattrs.BaseValidationError as error:
        raise ValueError("; ".join(cattrs.transform_error(error))) from error


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A limit cycle.

    Attributes
    ----------
    condition, how_found : str
    period_ms : float
        For one period of the forcing, also where the map repeats only after several.
    stable : bool
    residual : float
    multipliers : tuple of (float, float)
        Real and imaginary parts, over `multiplier_periods` periods of the forcing.
    multiplier_periods : int
    largest_nontrivial_multiplier : float
        For one period of the forcing.
    output_phase_cycles : float or None
    checks : dict of str to float
    """

    condition: str
    period_ms: float
    stable: bool
    residual: float
    multipliers: tuple[tuple[float, float], ...]
    multiplier_periods: int
    largest_nontrivial_multiplier: float
    output_phase_cycles: float | None
    how_found: str
    checks: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class FreeRunning:
    """Whether a system oscillates with the reference off."""

    oscillates: bool
    amplitude: float
    frequency_Hz: float | None


@dataclass(frozen=True, kw_only=True)
class TongueRow:
    """Edges in frequency of a 1:1 tongue at one amplitude.

    Attributes
    ----------
    amplitude : float
    low_Hz, high_Hz : float or None
        None if the cycle was not found.
    low_open, high_open : bool
        Whether the search ended there before an edge.
    resolution_Hz : float
    """

    amplitude: float
    low_Hz: float | None
    high_Hz: float | None
    low_open: bool
    high_open: bool
    resolution_Hz: float
