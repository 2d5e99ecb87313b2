"""Continuation of the equilibrium of a connectome model in one parameter."""

import math
from dataclasses import dataclass, replace
from typing import Any

from isochron import analysis
from isochron.runs.results import extended
from isochron.runs.simulation_spec import SimulationSpec, describe_model


@dataclass(frozen=True, kw_only=True)
class EquilibriumRow:
    """An equilibrium on the branch.

    Attributes
    ----------
    parameter : float
    stable : bool
    unstable_directions : int
    leading_eigenvalue : tuple of float
        Real and imaginary part, per ms.
    residual : float
    """

    parameter: float
    stable: bool
    unstable_directions: int
    leading_eigenvalue: tuple[float, float]
    residual: float


@dataclass(frozen=True, kw_only=True)
class BifurcationRow(EquilibriumRow):
    """A special point of the branch: ``fold``, ``Hopf``, ``branch point``.

    `period_ms` is that of the small cycles around a Hopf point.
    """

    kind: str
    period_ms: float | None


@dataclass(frozen=True, kw_only=True)
class EquilibriumBranch:
    """The equilibria of a model in one parameter.

    Attributes
    ----------
    system, parameter : str
        Model in words, and name of the parameter.
    points : tuple of EquilibriumRow
    special : tuple of BifurcationRow
    message : str
        Why the branch ends.
    """

    system: str
    parameter: str
    points: tuple[EquilibriumRow, ...]
    special: tuple[BifurcationRow, ...]
    message: str


def continue_equilibrium(
    spec: SimulationSpec, parameter: str, first: float, last: float
) -> EquilibriumBranch:
    """Continue the equilibrium of a graded model in one parameter and locate its bifurcations.

    Parameters
    ----------
    spec : SimulationSpec
        A graded model under constant currents.
    parameter : str
        A field of `isochron.sims.GradedParameters`, or ``current``: pA into each of the neurons
        that the specification stimulates.
    first, last : float
        First and last value of the parameter, in its unit.

    Returns
    -------
    EquilibriumBranch
        Points of the branch, its bifurcations, and why it ends.

    Raises
    ------
    ValueError
        If the model is not graded, its currents change, the parameter is not known, or the
        values are not finite and different.

    Examples
    --------
    A ring of three neurons that inhibit each other starts to oscillate at 9.7 pA:

    >>> from pathlib import Path
    >>> from isochron.runs.simulation_spec import SimulationSpec
    >>> from isochron.workflows.continuation import continue_equilibrium
    >>> ring = "pre,post,weight,sign\\nA,B,30,-1\\nB,C,30,-1\\nC,A,30,-1\\n"
    >>> _ = Path("ring.csv").write_text(ring)
    >>> currents = (("A", 0.0), ("B", 0.0), ("C", 0.0))
    >>> spec = SimulationSpec(dataset="ring.csv", currents=currents)
    >>> for point in continue_equilibrium(spec, "current", 0, 100).special:
    ...     print(point.kind, round(point.parameter, 1), "pA,", round(point.period_ms), "ms")
    Hopf 9.7 pA, 1062 ms
    """
    if not (math.isfinite(first) and math.isfinite(last) and first != last):
        raise ValueError(f"FROM and TO must be finite and different, got {first!r} and {last!r}.")
    if not spec.is_graded or spec.table is not None:
        raise ValueError("Only graded models under constant currents can be followed.")
    if parameter == "current" and not spec.currents:
        raise ValueError("The run does not have a current to change: give --stimulate NAME=pA.")
    network = spec.network()
    family = network.field_family(spec.stimulus(), parameter)

    if parameter == "current":
        currents = tuple((name, first) for name, _ in spec.currents)
        equilibrium = network.equilibrium(replace(spec, currents=currents).stimulus())
    else:
        equilibrium = network.with_parameters(**{parameter: first}).equilibrium(spec.stimulus())
    branch = analysis.continue_fixed_points(
        family,
        equilibrium,
        first,
        limits=(min(first, last), max(first, last)),
        direction=1 if last > first else -1,
    )
    return EquilibriumBranch(
        system=describe_model(spec, network),
        parameter=parameter,
        points=tuple(map(_row, branch.points)),
        special=tuple(
            extended(_row(point), BifurcationRow, kind=point.kind, period_ms=_period(point))
            for point in branch.special
        ),
        message=branch.message,
    )


def _row(point: Any) -> EquilibriumRow:
    leading = complex(point.values[0])
    return EquilibriumRow(
        parameter=float(point.parameter),
        stable=point.stable,
        unstable_directions=point.index,
        leading_eigenvalue=(leading.real, leading.imag),
        residual=float(point.residual),
    )


def _period(point: Any) -> float | None:
    """Period of the small cycles around a Hopf point, ms; None for other points."""
    return 2 * math.pi / abs(point.critical.imag) if point.kind == "Hopf" else None
