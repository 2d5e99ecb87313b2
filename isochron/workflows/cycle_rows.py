"""Rows of `isochron cycles`: each fixed point, cycle or set."""

from dataclasses import dataclass, replace

import numpy as np

from isochron.analysis import FixedPoint, InvariantCircle, LimitCycle
from isochron.runs.measures import describe_cycle, describe_fixed_point
from isochron.runs.results import extended

SHOWN = 3  # multipliers


@dataclass(frozen=True, kw_only=True)
class Row:
    """Fields of all rows.

    Attributes
    ----------
    kind : str
        ``fixed point``, ``limit cycle``, ``invariant circle``, ``chaotic``, ...
    condition : str
        The forcing.
    period_ms, residual : float or None
        None where there is none.
    stable : bool
    how_found : str
    """

    kind: str
    condition: str
    period_ms: float | None
    stable: bool
    residual: float | None
    how_found: str

    @property
    def leading(self) -> str:
        """Leading eigenvalue, multipliers over the period, or Lyapunov exponent, in words."""
        return ""


@dataclass(frozen=True, kw_only=True)
class FixedPointRow(Row):
    """A fixed point; the eigenvalue is (real part, imaginary part)."""

    leading_eigenvalue: tuple[float, float]
    n_starts: int

    @property
    def leading(self) -> str:
        """Leading eigenvalue."""
        return format_complex(*self.leading_eigenvalue)


@dataclass(frozen=True, kw_only=True)
class CycleRow(Row):
    """A limit cycle.

    Attributes
    ----------
    multipliers : tuple of (float, float)
        Real and imaginary parts, over `multiplier_periods` periods.
    map_periods : int
        Periods of the forcing after which the map repeats. From 2 on only the moduli of the
        multipliers belong to one period.
    """

    multipliers: tuple[tuple[float, float], ...]
    multiplier_periods: int
    largest_nontrivial_multiplier: float
    output_phase_cycles: float | None
    checks: dict[str, float]
    map_periods: int

    @property
    def leading(self) -> str:
        """Leading multipliers."""
        shown = self.multipliers[:SHOWN]
        if self.map_periods > 1:
            return ", ".join(f"|{abs(complex(*value)):.4g}|" for value in shown)
        return ", ".join(format_complex(*value) for value in shown)


@dataclass(frozen=True, kw_only=True)
class CircleRow(Row):
    """An attracting invariant circle: the discrete form of a limit cycle without forcing."""

    rotation_number: float
    rotation_error: float
    multipliers: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetRow(Row):
    """A set without a period, with its leading Lyapunov exponent per step."""

    exponent_per_step: float
    exponent_error: float

    @property
    def leading(self) -> str:
        """Lyapunov exponent."""
        return f"exponent {self.exponent_per_step:.3g} ± {self.exponent_error:.1g} a step"


def format_complex(real: float, imaginary: float) -> str:
    """``0.9``, ``0.9+0.1i``."""
    return f"{real:.4g}" if imaginary == 0 else f"{real:.4g}{imaginary:+.3g}i"


def fixed_point_row(point: FixedPoint, condition: str, how_found: str) -> FixedPointRow:
    """A fixed point."""
    described = describe_fixed_point(point, condition=condition)
    return extended(
        described, FixedPointRow, kind="fixed point", period_ms=None, how_found=how_found
    )


def cycle_row(
    cycle: LimitCycle, condition: str, how_found: str, forcing_cycles: int = 1
) -> CycleRow:
    """A limit cycle, with its period and multipliers for one period of the forcing.

    A map that repeats only after p periods has multipliers μ over all of them. The p-th root
    of |μ| is the mean growth in one period; the angle of the root is one of p, and only its
    modulus means something.
    """
    described = describe_cycle(
        cycle, condition=condition, how_found=how_found, forcing_cycles=forcing_cycles
    )
    if forcing_cycles > 1:
        roots = np.asarray(cycle.multipliers, dtype=complex) ** (1 / forcing_cycles)
        shown = roots[: len(described.multipliers)].tolist()
        means = tuple((root.real, root.imag) for root in shown)
        described = replace(described, multipliers=means, multiplier_periods=1)
    return extended(described, CycleRow, kind="limit cycle", map_periods=forcing_cycles)


def circle_row(
    circle: InvariantCircle, step_ms: float, condition: str, how_found: str
) -> CircleRow:
    """An attracting invariant circle.

    Where the rotation number is a simple fraction within its error, the row states that the
    motion on the circle may be locked instead of quasi-periodic.
    """
    if ratio := circle.rotation.near_ratio():
        how_found += (
            f"; its rotation number is {ratio} within its error of "
            f"{circle.rotation.uncertainty:.1g}: a cycle of {ratio.denominator} steps on it "
            "cannot be excluded"
        )
    turns = abs(circle.rotation.value)
    return CircleRow(
        kind="invariant circle",
        condition=condition,
        period_ms=step_ms / turns if turns else None,
        stable=True,
        residual=circle.residual,
        rotation_number=circle.rotation.value,
        rotation_error=circle.rotation.uncertainty,
        how_found=how_found,
    )


def set_row(kind: str, exponent: float, error: float, condition: str, how_found: str) -> SetRow:
    """A set without a period.

    It attracts, unless it is a continuum of solutions, of which no member does.
    """
    return SetRow(
        kind=kind,
        condition=condition,
        period_ms=None,
        stable=kind != "continuum",
        residual=None,
        exponent_per_step=exponent,
        exponent_error=error,
        how_found=how_found,
    )
