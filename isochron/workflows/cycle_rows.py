"""Rows of `isochron cycles`: each fixed point, cycle or set as JSON values."""

from typing import Any

import numpy as np

from isochron.analysis import FixedPoint, InvariantCircle, LimitCycle
from isochron.runs.measures import describe_cycle, describe_fixed_point


def fixed_point_row(point: FixedPoint, condition: str, how_found: str) -> dict[str, Any]:
    """A fixed point."""
    described = describe_fixed_point(point, condition=condition)
    return {"kind": "fixed point", "period_ms": None, "how_found": how_found} | described


def cycle_row(
    cycle: LimitCycle, condition: str, how_found: str, forcing_cycles: int = 1
) -> dict[str, Any]:
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
        shown = len(described["multipliers"])
        described["multipliers"] = [[root.real, root.imag] for root in roots[:shown].tolist()]
        described["multiplier_periods"] = 1
    described["map_periods"] = forcing_cycles
    return {"kind": "limit cycle"} | described


def circle_row(
    circle: InvariantCircle, step_ms: float, condition: str, how_found: str
) -> dict[str, Any]:
    """An attracting invariant circle: the discrete form of a limit cycle without forcing.

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
    return {
        "kind": "invariant circle",
        "condition": condition,
        "period_ms": step_ms / turns if turns else None,
        "stable": True,
        "residual": circle.residual,
        "rotation_number": circle.rotation.value,
        "rotation_error": circle.rotation.uncertainty,
        "multipliers": [],
        "how_found": how_found,
    }


def set_row(
    kind: str, exponent: float, error: float, condition: str, how_found: str
) -> dict[str, Any]:
    """A set without a period, with its leading Lyapunov exponent per step.

    It attracts, unless it is a continuum of solutions, of which no member does.
    """
    return {
        "kind": kind,
        "condition": condition,
        "period_ms": None,
        "stable": kind != "continuum",
        "residual": None,
        "exponent_per_step": exponent,
        "exponent_error": error,
        "how_found": how_found,
    }
