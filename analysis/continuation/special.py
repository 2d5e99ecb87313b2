"""Where a branch turns or changes its stability: seen between two points, then located."""

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import diags_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from isochron.analysis.continuation.branch import BranchPoint, SpecialPoint
from isochron.analysis.continuation.curve import (
    CurveSteps,
    LostError,
    Solver,
    border,
    correct,
    tangent,
)
from isochron.analysis.continuation.problems import OrbitProblem, Problem, parameter_derivative

PARAMETER_STEP = 1e-5  # of the differences in a parameter, relative to its scale

_REAL = 1e-3  # radians: an angle of a multiplier that counts as that of a real one


class Frame:
    """A problem in one parameter as a curve in u = (y / units, parameter / scale).

    Parameters
    ----------
    problem : Problem
    units : ndarray
        Scales of the unknowns y.
    size : float
        Typical length of the state; a parameter is varied by `scale` times a small part of it.
    scale : float
        Change of the parameter that counts as one unit of the state.
    control : CurveSteps
    """

    def __init__(
        self, problem: Problem, units: np.ndarray, size: float, scale: float, control: CurveSteps
    ) -> None:
        self.problem, self.units, self.scale, self.control = problem, units, scale, control
        self.size, self.parameter_step = size, PARAMETER_STEP * scale * size
        self._column: tuple[Any, Any] = (None, None)

    def widened(self, y: np.ndarray, factor: float) -> "Frame":
        """The same where the branch has become larger; the parameter's range is worth more."""
        size = factor * self.size
        units = self.problem.units(y, size)
        return Frame(self.problem, units, size, self.scale / factor, self.control.widened(factor))

    def pack(self, y: np.ndarray, parameter: float) -> np.ndarray:
        """u of the unknowns."""
        return np.append(y / self.units, parameter / self.scale)

    def unpack(self, u: np.ndarray) -> tuple[np.ndarray, float]:
        """The unknowns, and the parameter."""
        return u[:-1] * self.units, float(u[-1]) * self.scale

    def residual(self, u: np.ndarray) -> np.ndarray:
        """F."""
        return self.problem.residual(*self.unpack(u))

    def bordered(self, u: np.ndarray, row: np.ndarray) -> Solver:
        """What solves (dF/du; row) x = b for x."""
        y, parameter = self.unpack(u)
        matrix = scale_columns(self.problem.derivative(y, parameter), self.units)
        if self._column[0] != u.tobytes():
            step = self.parameter_step
            slope = parameter_derivative(self.problem, y, (parameter,), step)
            self._column = (u.tobytes(), self.scale * slope)
        return border(matrix, self._column[1], row)

    def correct(self, guess: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, int]:
        """The point of the curve in a plane."""
        control = self.control
        limits = (control.tolerance, 2 * control.max_iterations, control.relative)
        return correct(self, guess, along, *limits)

    def at_parameter(self, inside: np.ndarray, outside: np.ndarray, value: float) -> np.ndarray:
        """The point of the curve at a value of the (scaled) parameter between two points."""
        axis = np.zeros(inside.size)
        axis[-1] = 1.0
        fraction = (value - inside[-1]) / (outside[-1] - inside[-1])
        return self.correct(inside + fraction * (outside - inside), axis)[0]

    def move_anchor(self, u: np.ndarray) -> None:
        """Fix the phase of an autonomous cycle at a point of the curve."""
        if isinstance(self.problem, OrbitProblem):
            self.problem.move_anchor(*self.unpack(u))
            self._column = (None, None)

    def has_shrunk(self, u: np.ndarray) -> bool:
        """Whether a cycle has come out on the other side of a fixed point, half a turn on."""
        problem = self.problem
        return isinstance(problem, OrbitProblem) and problem.turned_round(*self.unpack(u))

    def growth(self, u: np.ndarray) -> np.ndarray:
        """Eigenvalues, or logarithms of multipliers, largest real part first."""
        values = self.problem.growth(*self.unpack(u))
        return values[np.lexsort((-np.imag(values), -np.real(values)))]

    def describe(self, u: np.ndarray) -> BranchPoint:
        """What is known of a point."""
        return BranchPoint(**self._description(u))

    def describe_special(
        self, u: np.ndarray, kind: str, critical: complex, test: float, indices: tuple[int, int]
    ) -> SpecialPoint:
        """The same of a special point between stretches with given numbers of unstable directions.

        Its own number is not counted: the sign of what is critical is a rounding error.
        """
        before, after = indices
        known: dict[str, Any] = self._description(u) | {"index": min(indices)}
        return SpecialPoint(
            **known, kind=kind, critical=critical, test=test, index_before=before, index_after=after
        )

    def _description(self, u: np.ndarray) -> dict[str, Any]:
        y, parameter = self.unpack(u)
        state, period = self.problem.state(y, parameter)
        growth = self.growth(u)
        residual = float(np.linalg.norm(self.residual(u))) / self.size
        return {
            "parameter": parameter,
            "state": state.copy(),
            "period": period,
            "values": growth if self.problem.is_flow else np.exp(growth),
            "index": int(np.sum(np.real(growth) > 0)),
            "residual": residual,
        }


def scale_columns(matrix: Any, units: np.ndarray) -> Any:
    """A matrix, or a linear operator, times a diagonal one."""
    if isinstance(matrix, LinearOperator):
        return matrix * aslinearoperator(diags_array(units))
    return matrix * units


_STRAIGHT = 1e-6  # of a chord: a point of a curve that is straight within rounding


def find_special(frame: Frame, before: tuple, after: tuple) -> list[SpecialPoint]:
    """Special points between two of a branch, each given as (u, tangent, description)."""
    (left, left_tangent, left_point), (right, right_tangent, right_point) = before, after
    length = float(np.linalg.norm(right - left))
    chord = (right - left) / length

    def at(fraction: float) -> np.ndarray:
        """The point of the curve there.

        Where branches cross, Newton's method may not converge or go to a different branch: then it
        is that of the cubic with the tangents of both ends.
        """
        straight = left + fraction * (right - left)
        s, rest = fraction, 1 - fraction
        bend = s * rest * (rest * (length * left_tangent) - s * (length * right_tangent))
        guess = straight + bend + s * rest * (s - rest) * (right - left)
        try:
            found = frame.correct(guess, chord)[0]
        except LostError:
            return guess
        farthest = np.linalg.norm(guess - straight) + _STRAIGHT * length
        return found if np.linalg.norm(found - guess) <= farthest else guess

    found: list[tuple[float, SpecialPoint]] = []
    folds = left_tangent[-1] * right_tangent[-1] < 0
    if folds:
        fraction = _root(lambda s: tangent(frame, at(s), chord)[-1])
        u = at(fraction)
        growth = frame.growth(u)
        critical = _as_value(frame, complex(growth[np.argmin(np.abs(growth))]))
        test = abs(float(tangent(frame, u, chord)[-1]))
        indices = (left_point.index, right_point.index)
        found.append((fraction, frame.describe_special(u, "fold", critical, test, indices)))
    low, high = sorted((left_point.index, right_point.index))
    place = low
    while place < high:
        # The real parts in order are continuous, whatever pairs meet or part between.
        fraction = _root(lambda s, k=place: float(np.real(frame.growth(at(s))[k])))
        u = at(fraction)
        values = frame.growth(u)
        growth = complex(values[place])
        kind = _kind(frame, growth, float(np.abs(values).max()))
        indices = (place, place + (2 if kind in ("Hopf", "Neimark-Sacker") else 1))
        place = indices[1]
        if kind == "branch point" and folds:
            continue
        test = abs(growth.real)
        if right_point.index < left_point.index:
            indices = indices[::-1]
        special = frame.describe_special(u, kind, _as_value(frame, growth), test, indices)
        found.append((fraction, special))
    return [special for _, special in sorted(found, key=lambda entry: entry[0])]


def _root(function) -> float:
    """Zero between 0 and 1 of a function with a change of sign, to 1e-12."""
    low, high = function(0.0), function(1.0)
    if low * high > 0:  # the change is at an end, within rounding
        return 0.0 if abs(low) < abs(high) else 1.0
    return float(brentq(function, 0.0, 1.0, xtol=1e-12, rtol=1e-12))  # type: ignore[arg-type]


def _as_value(frame: Frame, growth: complex) -> complex:
    return complex(growth if frame.problem.is_flow else np.exp(growth))


def _kind(frame: Frame, growth: complex, largest: float) -> str:
    angle = abs(growth.imag)
    if frame.problem.is_flow:
        return "Hopf" if angle > 1e-9 * largest else "branch point"
    if angle < _REAL:
        return "branch point"
    return "period doubling" if angle > np.pi - _REAL else "Neimark-Sacker"
