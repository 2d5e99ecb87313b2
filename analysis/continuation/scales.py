"""How large states and parameters are, so that steps fit systems of any units."""

import math
from dataclasses import dataclass

import numpy as np

from isochron.analysis.continuation.control import StepControl
from isochron.analysis.continuation.curve import CurveSteps
from isochron.analysis.continuation.problems import Problem, parameter_derivative
from isochron.wording import shown

_SMALL = 1e-5  # of a range of a parameter


@dataclass(frozen=True)
class Scales:
    """What counts as one.

    Attributes
    ----------
    size : float
        Typical length in the space of the states.
    units : ndarray
        Scales of the unknowns, each as much as one unit of the state.
    parameters : tuple of float
        Changes of the parameters that count as one unit of the state.
    given : bool
        Whether the caller gave the latter, so that they stay along the branch.
    """

    size: float
    units: np.ndarray
    parameters: tuple[float, ...]
    given: bool = False

    def steps(
        self,
        control: StepControl,
        tolerance: float,
        *,
        first: float | None = None,
        largest: float | None = None,
    ) -> CurveSteps:
        """Steps, in parts of the size where none are given; the tolerance is relative to it.

        Parameters
        ----------
        control : StepControl
        tolerance : float
            The one to use if `control` has none.
        first, largest : float, optional
            Used instead of those of `control`.
        """
        first = control.step if first is None else first
        largest = control.largest_step if largest is None else largest
        smallest = control.smallest_step
        tolerance = tolerance if control.tolerance is None else control.tolerance
        grows = largest is None
        if first is None:
            first = self.size / 50 if largest is None else min(self.size / 50, largest)
        if largest is None:
            largest = max(first, self.size / 10)
        if smallest is None:
            smallest = min(first, 1e-8 * self.size)
        return CurveSteps(
            first=first,
            smallest=smallest,
            largest=largest,
            tolerance=tolerance * self.size,
            relative=0.1 * tolerance,
            grows=grows,
        )


def choose_scales(
    problem: Problem,
    y: np.ndarray,
    parameters: tuple[float, ...],
    limits: tuple[tuple[float, float], ...],
    given: tuple[float | None, ...],
    *,
    size: float | None = None,
) -> Scales:
    """Scales at a solution; a range between limits is worth one size, if nothing else is given.

    Raises
    ------
    ValueError
        If a parameter is not within its limits.
    """
    for value, (low, high) in zip(parameters, limits, strict=True):
        if not low <= value <= high or not low < high < math.inf:
            raise ValueError(
                f"parameter {shown(value)} must lie within limits {shown((low, high))}."
            )
    spans = [high - low for low, high in limits]
    if size is None:
        size = problem.extent(y, *parameters) or _way(problem, y, parameters, spans[0])
    chosen = (
        span / size if scale is None else scale for span, scale in zip(spans, given, strict=True)
    )
    is_given = any(scale is not None for scale in given)
    return Scales(size, problem.units(y, size), tuple(chosen), is_given)


def _way(problem: Problem, y: np.ndarray, parameters: tuple[float, ...], span: float) -> float:
    """How far a solution at rest would go over a range of the first parameter.

    Not less than 0.3 of its length, nor more than a hundred times, as near a fold;
    1 if all is 0.
    """
    length = float(np.linalg.norm(y))
    try:
        slope = parameter_derivative(problem, y, parameters, _SMALL * span)
        way = span * float(
            np.linalg.norm(np.linalg.solve(problem.derivative(y, *parameters), slope))
        )
    except (ArithmeticError, np.linalg.LinAlgError):
        way = 0.0
    if not math.isfinite(way) or 0 < 1e2 * length < way:
        return length or 1.0
    return max(way, 0.3 * length) or 1.0
