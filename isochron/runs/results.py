"""Results that studies share, and conversion of all results to JSON values and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_unstructure_fn, override

T = TypeVar("T")
_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_OMITTED = "omitted_if_none"

SCHEMA = 2  # of results.json of all studies; 1 is that of version 0.1


def omitted_if_none() -> Any:
    """A field of a result that is omitted from JSON values if it is None, its default."""
    return field(default=None, metadata={_OMITTED: True})


def _names_omitted(kind: Any) -> list[str]:
    return [it.name for it in fields(kind) if _OMITTED in it.metadata]


@_CONVERTER.register_unstructure_hook_factory(
    lambda kind: is_dataclass(kind) and bool(_names_omitted(kind))
)
def _without_none(kind: Any) -> Any:
    omitted = {name: override(omit_if_default=True) for name in _names_omitted(kind)}
    return make_dict_unstructure_fn(kind, _CONVERTER, **omitted)  # type: ignore[arg-type]


def to_json_values(result: Any) -> Any:
    """JSON values of a result: a frozen dataclass of numbers, texts, tuples and dataclasses."""
    return _CONVERTER.unstructure(result)


def from_json_values(values: Any, kind: type[T]) -> T:
    """A result from its JSON values.

    Parameters
    ----------
    values
        JSON values, as `to_json_values` returns them.
    kind : type
        The dataclass of the result.

    Raises
    ------
    ValueError
        If the values are not those of such a result; the message lists each fault and its place.
    """
    try:
        return _CONVERTER.structure(values, kind)
    except cattrs.BaseValidationError as error:
        raise ValueError("; ".join(cattrs.transform_error(error))) from error


def extended(result: Any, to: type[T], /, **more: Any) -> T:
    """A result with the fields of a given result and more."""
    return to(**{field.name: getattr(result, field.name) for field in fields(result)} | more)


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A limit cycle.

    Attributes
    ----------
    condition, how_found : str
    period_ms : float
        Period for one period of the forcing, also if the map repeats only after several.
    stable : bool
    residual : float
    multipliers : tuple of (float, float)
        Real and imaginary parts, over `multiplier_periods` periods of the forcing.
    multiplier_periods : int
    largest_nontrivial_multiplier : float
        Modulus for one period of the forcing.
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
class NetworkCycle(Cycle):
    """A cycle of a network under the reference, and the amplitude of the output on it."""

    output_phase_cycles: float
    output_amplitude: float


@dataclass(frozen=True, kw_only=True)
class FixedPointFound:
    """A fixed point.

    Attributes
    ----------
    condition : str
    stable : bool
    residual : float
    leading_eigenvalue : (float, float)
        Real and imaginary part.
    n_starts : int
        Number of initial states that converged to it.
    """

    condition: str
    stable: bool
    residual: float
    leading_eigenvalue: tuple[float, float]
    n_starts: int


@dataclass(frozen=True, kw_only=True)
class FreeRunning:
    """Whether a system oscillates with the reference off."""

    oscillates: bool
    amplitude: float
    frequency_Hz: float | None


@dataclass(frozen=True, kw_only=True)
class TongueEdges:
    """Edges in frequency of a 1:1 tongue, or of the overlap of several.

    Attributes
    ----------
    low_Hz, high_Hz : float or None
        None if the cycle was not found.
    low_open, high_open : bool
        Whether the search ended there before an edge.
    """

    low_Hz: float | None
    high_Hz: float | None
    low_open: bool
    high_open: bool

    @classmethod
    def overlap(cls, tongues: "Sequence[TongueEdges]") -> "TongueEdges":
        """Range in which all of several cycles exist; without edges if one was not found."""
        lows = [(each.low_Hz, each.low_open) for each in tongues if each.low_Hz is not None]
        highs = [(each.high_Hz, each.high_open) for each in tongues if each.high_Hz is not None]
        if not tongues or min(len(lows), len(highs)) < len(tongues):
            return TongueEdges(low_Hz=None, high_Hz=None, low_open=False, high_open=False)
        low, low_open = max(lows, key=lambda edge: edge[0])
        high, high_open = min(highs, key=lambda edge: edge[0])
        return TongueEdges(low_Hz=low, high_Hz=high, low_open=low_open, high_open=high_open)

    @property
    def found(self) -> bool:
        """Whether the tongue was found."""
        return self.low_Hz is not None

    @property
    def reached(self) -> tuple[float | None, float | None]:
        """Both edges; None for one that the search did not reach."""
        return (None if self.low_open else self.low_Hz, None if self.high_open else self.high_Hz)


@dataclass(frozen=True, kw_only=True)
class TongueRow(TongueEdges):
    """Edges at one amplitude of the reference; the search ends within `resolution_Hz` of them."""

    amplitude: float
    resolution_Hz: float


@dataclass(frozen=True, kw_only=True)
class Locking:
    """Phase locking of a system to a reference.

    Attributes
    ----------
    reference_frequency_Hz, reference_amplitude : float
    amplitude_unit : str
        ``1`` for a number without unit.
    noise : str
    plv : float or None
        Phase-locking value; None if the signal is constant.
    plv_uncoupled : float or None
        The same without the reference; None if the system does not oscillate then.
    tongue : TongueEdges
        Range in which all followed stable cycles exist, at the amplitude of the reference.
    tongue_by_amplitude : tuple of TongueRow
        Tongue of the stable cycle with the largest basin.
    locked_cycle_stable : bool or None
        Whether Newton's method confirms the entrained cycle; None if the cycles are known from
        a survey.
    """

    reference_frequency_Hz: float
    reference_amplitude: float
    amplitude_unit: str
    noise: str
    plv: float | None
    plv_uncoupled: float | None
    tongue: TongueEdges
    tongue_by_amplitude: tuple[TongueRow, ...]
    locked_cycle_stable: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Dimensionality:
    """Dimension of the states on the stable cycles, as variance and as participation ratio."""

    variance_in_2_components: float
    participation_ratio: float


@dataclass(frozen=True, kw_only=True)
class SurveyCounts:
    """Completeness of the survey of cycles.

    Attributes
    ----------
    n_starts, n_not_entrained, n_diverged : int
    undetected_basin_bound : float
        An attractor with a larger share of the starts would have been found, at 95 % confidence.
    index_sum : int or None
        Sum of the indices, 1 if no cycle of a bounded map is missing; None for a discontinuous
        map.
    bounded : bool or None
        Whether the map takes a ball into itself; only then must the sum be 1.
    """

    n_starts: int
    n_not_entrained: int
    n_diverged: int = 0
    undetected_basin_bound: float
    index_sum: int | None
    bounded: bool | None = None

    @property
    def complete(self) -> bool | None:
        """Whether the sum of the indices is 1; None where it may be any number, or is unknown."""
        if self.index_sum is None or not self.bounded:
            return None
        return self.index_sum == 1

    def __str__(self) -> str:
        """The sum of the indices: ``1``, ``incomplete: 4``, ``0, any sum is possible``."""
        if self.index_sum is None:
            return "–"
        if not self.bounded:
            text = f"{self.index_sum}, any sum is possible"
        else:
            text = "1" if self.complete else f"incomplete: {self.index_sum}"
        return f"{text}; {self.n_diverged} of {self.n_starts} diverge" if self.n_diverged else text


@dataclass(frozen=True, kw_only=True)
class IntrinsicCycle:
    """An oscillation of a network with the reference off.

    Attributes
    ----------
    kind : str
        ``invariant circle``, or ``limit cycle`` if it closes after a whole number of steps.
    period_ms : float
    output_amplitude : float
        Half the range of the output.
    residual : float
        Return error of a limit cycle; of a circle, the largest distance of its image from it.
        Relative to the size.
    n_starts : int
        Number of initial states that converged to it.
    """

    kind: str
    period_ms: float
    output_amplitude: float
    residual: float
    n_starts: int


@dataclass(frozen=True, kw_only=True)
class IntrinsicCycles:
    """The oscillations of a network with the reference off, and how many starts reach them.

    Attributes
    ----------
    n_starts, n_resting, n_diverged : int
        All starts; those that converge to a fixed point; those that leave all bounds.
    n_unproved : int
        Starts that continue to move on no proved cycle: chaos, tori, slow transients.
    undetected_basin_bound : float
        A cycle with a larger share of the starts would have been found, at 95 % confidence.
    cycles : tuple of IntrinsicCycle
        Proved ones, largest basin first.
    """

    n_starts: int
    n_resting: int
    n_unproved: int
    n_diverged: int
    undetected_basin_bound: float
    cycles: tuple[IntrinsicCycle, ...]

    @property
    def found(self) -> bool:
        """Whether an intrinsic cycle was proved."""
        return bool(self.cycles)

    @property
    def n_oscillating(self) -> int:
        """Starts that reach an intrinsic cycle."""
        return sum(cycle.n_starts for cycle in self.cycles)

    @property
    def share(self) -> float:
        """Share of the starts that reach an intrinsic cycle."""
        return self.n_oscillating / self.n_starts


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """Losses of a network during and after its training."""

    steps: int
    losses: tuple[float, ...]
    loss: float
    standard_error: float
