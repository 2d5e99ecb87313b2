"""The equations whose solutions are followed: F(y; parameters) = 0."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from isochron.analysis.floquet import ReturnMap

# Of a central difference in a parameter, relative to max(1, |p|). Its error, 1e-8, slows
# Newton's method a little; solutions and special points do not depend on it.
_PARAMETER_STEP = 1e-4


class FixedPointProblem:
    """A state that a field does not move; y = x."""

    is_flow = True

    def __init__(self, system_at: Callable[..., Any]) -> None:
        self.system_at = system_at

    def residual(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """F, shape (n,)."""
        return self.system_at(*parameters)(0.0, y)

    def derivative(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """dF/dy, shape (n, n)."""
        matrix = self.system_at(*parameters).jacobian(0.0, y)
        return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix, dtype=float)

    def growth(self, derivative: np.ndarray) -> np.ndarray:
        """Eigenvalues of the field's derivative."""
        return np.linalg.eigvals(derivative).astype(complex)

    def state(self, y: np.ndarray, *parameters: float) -> tuple[np.ndarray, float]:
        """The state and the period, which is none."""
        return y, math.nan


class ReturnProblem:
    """A state that a map, or a field with a forcing, returns; y = x at phase 0.

    Parameters
    ----------
    period : float or callable, optional
        Of the forcing of a field; a callable gets the parameters.
    """

    is_flow = False

    def __init__(
        self,
        system_at: Callable[..., Any],
        *,
        period: float | Callable[..., float] | None = None,
        rtol: float | None = None,
        subharmonic: int = 1,
    ) -> None:
        self.system_at, self.rtol, self.subharmonic = system_at, rtol, subharmonic
        self.period = period

    def residual(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """F, shape (n,)."""
        return self._back(*parameters)(y) - y

    def derivative(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """dF/dy, shape (n, n)."""
        return self._back(*parameters)(y, np.eye(y.size))[1] - np.eye(y.size)

    def growth(self, derivative: np.ndarray) -> np.ndarray:
        """Logarithms of the multipliers."""
        return log_growth(np.linalg.eigvals(derivative) + 1)

    def state(self, y: np.ndarray, *parameters: float) -> tuple[np.ndarray, float]:
        """The state and the period."""
        return y, self._back(*parameters).period

    def _back(self, *parameters: float) -> ReturnMap:
        period = self.period(*parameters) if callable(self.period) else self.period
        return ReturnMap(self.system_at(*parameters), period, self.rtol, self.subharmonic)


class CycleProblem:
    """A cycle of an autonomous field; y = (x, T), with x in a plane through an anchor.

    Parameters
    ----------
    anchor, normal : ndarray, shape (n,)
        Of the plane. `move_anchor` keeps it near the cycle that is followed.
    """

    is_flow = False

    def __init__(
        self,
        system_at: Callable[..., Any],
        *,
        anchor: np.ndarray,
        normal: np.ndarray,
        rtol: float | None = None,
    ) -> None:
        self.system_at, self.rtol = system_at, rtol
        self.anchor, self.normal = anchor, normal / np.linalg.norm(normal)

    def residual(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """F, shape (n + 1,)."""
        x, back = y[:-1], self._back(y, parameters)
        return np.append(back(x) - x, self.normal @ (x - self.anchor))

    def derivative(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """dF/dy, shape (n + 1, n + 1)."""
        x, back, n = y[:-1], self._back(y, parameters), y.size - 1
        end, monodromy = back(x, np.eye(n))
        matrix = np.zeros((n + 1, n + 1))
        matrix[:n, :n] = monodromy - np.eye(n)
        matrix[:n, n] = back.system(back.period, end)
        matrix[n, :n] = self.normal
        return matrix

    def growth(self, derivative: np.ndarray) -> np.ndarray:
        """Logarithms of the multipliers, without the trivial one."""
        multipliers = np.linalg.eigvals(derivative[:-1, :-1]) + 1
        return log_growth(np.delete(multipliers, np.argmin(np.abs(multipliers - 1))))

    def state(self, y: np.ndarray, *parameters: float) -> tuple[np.ndarray, float]:
        """The state and the period in y."""
        return y[:-1], float(y[-1])

    def move_anchor(self, y: np.ndarray, *parameters: float) -> None:
        """Put the plane through a state on the cycle, normal to its velocity."""
        velocity = self.system_at(*parameters)(0.0, y[:-1])
        self.anchor, self.normal = y[:-1].copy(), velocity / np.linalg.norm(velocity)

    def _back(self, y: np.ndarray, parameters: tuple[float, ...]) -> ReturnMap:
        if not 0 < y[-1] < math.inf:
            raise ArithmeticError(f"The period has become {y[-1]!r}.")
        return ReturnMap(self.system_at(*parameters), float(y[-1]), self.rtol)


Problem = FixedPointProblem | ReturnProblem | CycleProblem


def parameter_derivative(
    problem: Problem, y: np.ndarray, parameters: tuple[float, ...], which: int = 0
) -> np.ndarray:
    """dF/dp by a central difference, shape of F."""
    step = _PARAMETER_STEP * max(1.0, abs(parameters[which]))
    up, down = list(parameters), list(parameters)
    up[which] += step
    down[which] -= step
    return (problem.residual(y, *up) - problem.residual(y, *down)) / (2 * step)


def log_growth(multipliers: np.ndarray) -> np.ndarray:
    """Complex logarithms of multipliers; a modulus below 1e-300 counts as that."""
    multipliers = np.asarray(multipliers, dtype=complex)
    return np.log(np.maximum(np.abs(multipliers), 1e-300)) + 1j * np.angle(multipliers)
