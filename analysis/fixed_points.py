"""Fixed points by Newton's method from many starts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from isochron.analysis.floquet import by_modulus
from isochron.analysis.systems import System


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """A state that does not move.

    Attributes
    ----------
    point : ndarray, shape (n,)
    residual : float
        Length of the next step of Newton's method, relative to max(1, |x|): the distance
        from the fixed point, to first order.
    eigenvalues : ndarray of complex, shape (n,)
        Of the Jacobian (field, largest real part first) or of the map's derivative
        (largest modulus first).
    stable : bool
    n_starts : int
        How many starts led here.
    """

    point: np.ndarray
    residual: float
    eigenvalues: np.ndarray
    stable: bool
    n_starts: int


def find_fixed_points(
    system: System,
    starts: Iterable[ArrayLike],
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
    same: float = 1e-6,
) -> list[FixedPoint]:
    """Find the fixed points that Newton's method reaches from some states.

    Parameters
    ----------
    system : VectorField or DrivenMap
        Autonomous: a field that does not depend on time, or a map with ``n_steps == 1``.
    starts : iterable of ndarray, shape (n,)
        Where to start; each gives at most one fixed point.
    tolerance : float
        Largest accepted residual.
    max_iterations : int
        Of Newton's method, with the step halved while it does not come nearer to zero.
    same : float
        Points nearer than this, relative to max(1, |x|), are one.

    Returns
    -------
    list of FixedPoint
        Stable ones first, then those reached from most starts. Starts from which nothing
        was found are not in it: compare the sum of `n_starts` with the number of starts.

    Raises
    ------
    ValueError
        If the map is driven.
    """
    if getattr(system, "n_steps", 1) != 1:
        raise ValueError("A driven map has no fixed points; switch its drive off.")
    function = _map_residual(system) if hasattr(system, "advance") else _field_residual(system)
    found: list[FixedPoint] = []
    for start in starts:
        solution = _newton(function, np.array(start, dtype=float), tolerance, max_iterations)
        if solution is None:
            continue
        point, residual = solution
        for i, other in enumerate(found):
            size = max(1.0, float(np.linalg.norm(other.point)))
            if np.linalg.norm(point - other.point) < same * size:
                found[i] = replace(other, n_starts=other.n_starts + 1)
                break
        else:
            found.append(_describe(system, function, point, residual))
    return sorted(found, key=lambda point: (not point.stable, -point.n_starts))


def _field_residual(field: Any):
    def function(x):
        return field(0.0, x), field.jacobian(0.0, x)

    return function


def _map_residual(system: Any):
    def function(x):
        end, tangents = system.advance(x, 1, tangents=np.eye(x.size))
        return end - x, tangents - np.eye(x.size)

    return function


def _newton(function, x, tolerance, max_iterations):
    """A fixed point and its residual, or None."""
    value, matrix = function(x)
    for _ in range(max_iterations):
        try:
            move = np.linalg.solve(_dense(matrix), -value)
        except np.linalg.LinAlgError:
            return None
        residual = float(np.linalg.norm(move) / max(1.0, float(np.linalg.norm(x))))
        if residual < tolerance:
            return x, residual
        for halving in range(12):
            trial = x + move / 2**halving
            trial_value, trial_matrix = function(trial)
            if np.linalg.norm(trial_value) < np.linalg.norm(value):
                break
        else:
            return None
        x, value, matrix = trial, trial_value, trial_matrix
    return None


def _dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def _describe(system, function, point, residual):
    eigenvalues = np.linalg.eigvals(_dense(function(point)[1]))
    if hasattr(system, "advance"):
        eigenvalues = by_modulus(eigenvalues + 1)
        stable = bool(abs(eigenvalues[0]) < 1)
    else:
        eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
        stable = bool(eigenvalues[0].real < 0)
    return FixedPoint(
        point=point, residual=residual, eigenvalues=eigenvalues, stable=stable, n_starts=1
    )
