"""Fixed points by Newton's method from many starts."""

from collections.abc import Iterable
from dataclasses import dataclass
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
        For a field, |f(x)| / max(1, |J| |x|); for a map, |F(x) - x| / max(1, |x|).
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
    same: float = 1e-5,
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
        Of Newton's method, with the step halved while the residual grows.
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
    found: list[tuple[np.ndarray, int]] = []
    for start in starts:
        point = _newton(function, np.array(start, dtype=float), tolerance, max_iterations)
        if point is None:
            continue
        for i, (other, count) in enumerate(found):
            if np.linalg.norm(point - other) < same * max(1.0, float(np.linalg.norm(other))):
                found[i] = (other, count + 1)
                break
        else:
            found.append((point, 1))
    points = [_describe(system, function, point, count) for point, count in found]
    return sorted(points, key=lambda point: (not point.stable, -point.n_starts))


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
    value, matrix = function(x)
    for _ in range(max_iterations):
        if _residual(value, matrix, x) < tolerance:
            return x
        dense = matrix.toarray() if sparse.issparse(matrix) else matrix
        try:
            move = np.linalg.solve(dense, -value)
        except np.linalg.LinAlgError:
            return None
        for halving in range(12):
            trial = x + move / 2**halving
            trial_value, trial_matrix = function(trial)
            if np.linalg.norm(trial_value) < np.linalg.norm(value):
                break
        else:
            return None
        x, value, matrix = trial, trial_value, trial_matrix
    return None


def _residual(value, matrix, x):
    norm = sparse.linalg.norm if sparse.issparse(matrix) else np.linalg.norm
    return float(np.linalg.norm(value) / max(1.0, norm(matrix) * np.linalg.norm(x)))


def _describe(system, function, point, count):
    value, matrix = function(point)
    dense = matrix.toarray() if sparse.issparse(matrix) else matrix
    eigenvalues = np.linalg.eigvals(dense)
    if hasattr(system, "advance"):
        eigenvalues = by_modulus(eigenvalues + 1)
        stable = bool(abs(eigenvalues[0]) < 1)
    else:
        eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
        stable = bool(eigenvalues[0].real < 0)
    return FixedPoint(
        point=point,
        residual=_residual(value, matrix, point),
        eigenvalues=eigenvalues,
        stable=stable,
        n_starts=count,
    )
