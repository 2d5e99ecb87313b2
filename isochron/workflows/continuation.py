"""The rest of a connectome followed in one parameter: where it loses stability, and to what."""

import math
from dataclasses import replace
from typing import Any

from isochron import analysis
from isochron.runs.simulation_spec import GRADED, SimulationSpec, describe_model


def continue_equilibrium(
    spec: SimulationSpec, parameter: str, first: float, last: float
) -> dict[str, Any]:
    """Follow the equilibrium of a graded model from one value of a parameter to another.

    Parameters
    ----------
    spec : SimulationSpec
        A graded model under constant currents.
    parameter : str
        A field of `isochron.sims.GradedParameters`, or ``current``: pA into each of the neurons
        that the specification stimulates.
    first, last : float
        Where to begin and to end.

    Returns
    -------
    dict
        JSON values: ``points`` along the branch, ``special`` points (fold, Hopf, branch point)
        with the period that a Hopf point gives birth to, and why the branch ends.

    Raises
    ------
    ValueError
        If the model is not graded, its currents change, the parameter is not known, or the
        values are not finite and different.
    """
    if not (math.isfinite(first) and math.isfinite(last) and first != last):
        raise ValueError(f"FROM and TO must be finite and different, got {first!r} and {last!r}.")
    if spec.model not in GRADED or spec.table is not None:
        raise ValueError("Only graded models under constant currents can be followed.")
    if parameter == "current" and not spec.currents:
        raise ValueError("There is no current to change: give --stimulate NAME=pA.")
    network = spec.network()
    family = network.field_family(spec.stimulus(), parameter)

    if parameter == "current":
        currents = tuple((name, first) for name, _ in spec.currents)
        rest = network.equilibrium(replace(spec, currents=currents).stimulus())
    else:
        rest = network.with_parameters(**{parameter: first}).equilibrium(spec.stimulus())
    branch = analysis.continue_fixed_points(
        family,
        rest,
        first,
        limits=(min(first, last), max(first, last)),
        direction=1 if last > first else -1,
    )
    return {
        "system": describe_model(spec, network),
        "parameter": parameter,
        "points": [_point(point) for point in branch.points],
        "special": [
            {"kind": point.kind, "period_ms": _period(point)} | _point(point)
            for point in branch.special
        ],
        "message": branch.message,
    }


def _point(point: Any) -> dict[str, Any]:
    leading = complex(point.values[0])
    return {
        "parameter": float(point.parameter),
        "stable": point.stable,
        "unstable_directions": point.index,
        "leading_eigenvalue": [leading.real, leading.imag],
        "residual": float(point.residual),
    }


def _period(point: Any) -> float | None:
    """Of the small cycles around a Hopf point."""
    return 2 * math.pi / abs(point.critical.imag) if point.kind == "Hopf" else None
