"""Where a branch turns or changes its stability: seen between two points, then located."""

from typing import Any

import numpy as np
from scipy.optimize import brentq

from isochron.analysis.continuation.branch import BranchPoint, SpecialPoint
from isochron.analysis.continuation.curve import LostError, StepControl, correct, tangent
from isochron.analysis.continuation.problems import CycleProblem, Problem, parameter_derivative

_REAL = 1e-3  # radians: an angle of a multiplier that counts as that of a real one


class Frame:
    """A problem in one parameter as a curve in u = (y, parameter / scale)."""

    def __init__(self, problem: Problem, scale: float, control: StepControl) -> None:
        self.problem, self.scale, self.control = problem, scale, control

    def residual(self, u: np.ndarray) -> np.ndarray:
        """F."""
        return self.problem.residual(u[:-1], float(u[-1]) * self.scale)

    def derivative(self, u: np.ndarray) -> np.ndarray:
        """dF/du, one column more than rows."""
        y, parameter = u[:-1], float(u[-1]) * self.scale
        last = self.scale * parameter_derivative(self.problem, y, (parameter,))
        return np.column_stack([self.problem.derivative(y, parameter), last])

    def tangent(self, u: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Unit tangent of the curve that goes on from another."""
        try:
            return tangent(self.derivative(u), before)
        except np.linalg.LinAlgError as error:
            raise LostError(f"The curve has no tangent: {error}.") from error

    def correct(self, guess: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, int]:
        """The point of the curve in a plane."""
        return correct(
            self.residual,
            self.derivative,
            guess,
            along,
            tolerance=self.control.tolerance,
            max_iterations=2 * self.control.max_iterations,
        )

    def at_parameter(self, inside: np.ndarray, outside: np.ndarray, value: float) -> np.ndarray:
        """The point of the curve at a value of the (scaled) parameter between two points."""
        axis = np.zeros(inside.size)
        axis[-1] = 1.0
        fraction = (value - inside[-1]) / (outside[-1] - inside[-1])
        return self.correct(inside + fraction * (outside - inside), axis)[0]

    def move_anchor(self, u: np.ndarray) -> None:
        """Fix the phase of an autonomous cycle at a point of the curve."""
        if isinstance(self.problem, CycleProblem):
            self.problem.move_anchor(u[:-1], float(u[-1]) * self.scale)

    def has_shrunk(self, u: np.ndarray) -> bool:
        """Whether a cycle has come out on the other side of a fixed point, half a turn on."""
        if not isinstance(self.problem, CycleProblem):
            return False
        velocity = self.problem.system_at(float(u[-1]) * self.scale)(0.0, u[:-2])
        return bool(self.problem.normal @ velocity < 0)

    def growth(self, u: np.ndarray) -> np.ndarray:
        """Eigenvalues, or logarithms of multipliers, largest real part first."""
        matrix = self.problem.derivative(u[:-1], float(u[-1]) * self.scale)
        values = self.problem.growth(matrix)
        return values[np.lexsort((-np.imag(values), -np.real(values)))]

    def describe(self, u: np.ndarray) -> BranchPoint:
        """What is known of a point."""
        return BranchPoint(**self._description(u))

    def describe_special(
        self, u: np.ndarray, kind: str, critical: complex, test: float
    ) -> SpecialPoint:
        """The same of a special point."""
        return SpecialPoint(**self._description(u), kind=kind, critical=critical, test=test)

    def _description(self, u: np.ndarray) -> dict[str, Any]:
        parameter = float(u[-1]) * self.scale
        state, period = self.problem.state(u[:-1], parameter)
        growth = self.growth(u)
        residual = np.linalg.norm(self.residual(u)) / max(1.0, float(np.linalg.norm(state)))
        return {
            "parameter": parameter,
            "state": state.copy(),
            "period": period,
            "values": growth if self.problem.is_flow else np.exp(growth),
            "index": int(np.sum(np.real(growth) > 0)),
            "residual": float(residual),
        }


def find_special(frame: Frame, before: tuple, after: tuple) -> list[SpecialPoint]:
    """Special points between two of a branch, each given as (u, tangent, description)."""
    (left, left_tangent, left_point), (right, right_tangent, right_point) = before, after
    chord = (right - left) / np.linalg.norm(right - left)

    def at(fraction: float) -> np.ndarray:
        return frame.correct(left + fraction * (right - left), chord)[0]

    found: list[tuple[float, SpecialPoint]] = []
    folds = left_tangent[-1] * right_tangent[-1] < 0
    if folds:
        fraction = _root(lambda s: frame.tangent(at(s), chord)[-1])
        u = at(fraction)
        growth = frame.growth(u)
        critical = _as_value(frame, complex(growth[np.argmin(np.abs(growth))]))
        test = abs(float(frame.tangent(u, chord)[-1]))
        found.append((fraction, frame.describe_special(u, "fold", critical, test)))
    low, high = sorted((left_point.index, right_point.index))
    place = low
    while place < high:
        # The real parts in order are continuous, whatever pairs meet or part between.
        fraction = _root(lambda s, k=place: float(np.real(frame.growth(at(s))[k])))
        u = at(fraction)
        growth = complex(frame.growth(u)[place])
        kind = _kind(frame, growth)
        place += 2 if kind in ("Hopf", "Neimark-Sacker") else 1
        if kind == "branch point" and folds:
            continue
        test = abs(growth.real)
        special = frame.describe_special(u, kind, _as_value(frame, growth), test)
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


def _kind(frame: Frame, growth: complex) -> str:
    angle = abs(growth.imag)
    if frame.problem.is_flow:
        return "Hopf" if angle > 1e-9 else "branch point"
    if angle < _REAL:
        return "branch point"
    return "period doubling" if angle > np.pi - _REAL else "Neimark-Sacker"
