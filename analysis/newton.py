"""Newton's method for the zeros of a field, or of a map minus its state."""

from typing import Any

import numpy as np
from scipy import sparse

from isochron.analysis.systems.angles import without_turns
from isochron.analysis.systems.protocols import is_map

_SMALL = 1e-3  # of the scale: a state below it is known relative to itself
_REFINEMENTS = 4
_SINGULAR = 1e-10  # of the largest singular value: a direction in which nothing changes
_ROUNDING = 1e-12


class FailedError(Exception):
    """Newton's method does not get to a zero from here; the message states why."""


def residual_of(system: Any, angles: tuple[int, ...] = ()):
    """Function of a state: what is 0 at a fixed point, and its derivative."""
    return _map_residual(system, angles) if is_map(system) else _field_residual(system)


def _field_residual(field: Any):
    def function(x):
        return field(0.0, x), field.jacobian(0.0, x)

    return function


def _map_residual(system: Any, angles: tuple[int, ...]):
    def function(x):
        end, tangents = system.advance(x, 1, tangents=np.eye(x.size))
        return without_turns(end - x, angles), tangents - np.eye(x.size)

    return function


def newton(function, x, tolerance, max_iterations):
    """A fixed point and its residual."""
    value, matrix = function(x)
    residual, refinements = np.inf, 0
    for _ in range(max_iterations):
        if not value.any():
            return x, 0.0
        move = newton_move(value, matrix)
        length = float(np.linalg.norm(x))
        residual = float(np.linalg.norm(move)) / max(1.0, length)
        if residual < tolerance:  # a point near 0 is refined until its own size is known
            if length > _SMALL or residual < tolerance * length or refinements >= _REFINEMENTS:
                return x, residual
            refinements += 1
        trial = _descend(function, x, move, value)
        if trial is None and residual < tolerance:
            return x, residual
        if trial is None:
            residual = _singular_residual(x, value, dense(matrix))
            if residual < tolerance:
                return x, residual
            raise FailedError(
                f"Newton's method converged to a least speed of {np.linalg.norm(value):.1e} that "
                "is not zero. Try other starts, or `deflations`; if that speed is a rounding error "
                "of the system, give its size as `scale`."
            )
        x, value, matrix = trial
    if refinements:
        return x, residual
    raise FailedError(
        f"Newton's method did not converge in {max_iterations} iterations; the last step was "
        f"{residual:.1e}. Raise max_iterations or tolerance; a degenerate point is slow."
    )


def _descend(function, x, move, value):
    """State, value and matrix after the step, halved until it comes nearer to zero, or None."""
    for halving in range(12):
        trial = x + move / 2**halving
        trial_value, trial_matrix = function(trial)
        if np.linalg.norm(trial_value) < np.linalg.norm(value):
            return trial, trial_value, trial_matrix
    return None


def _singular_residual(x, value, matrix) -> float:
    """Residual across the directions in which nothing changes, as on a line of fixed points."""
    size = max(1.0, float(np.linalg.norm(x)))
    move = np.linalg.lstsq(matrix, -value, rcond=_SINGULAR)[0]
    rest = float(np.linalg.norm(value + matrix @ move))
    if rest > _ROUNDING * size * float(np.linalg.norm(matrix)):
        return np.inf
    return float(np.linalg.norm(move)) / size


def newton_move(value, matrix):
    """The step of Newton's method; in singular directions the shortest."""
    if not np.isfinite(value).all():
        raise FailedError("The system is not finite there. Start elsewhere.")
    matrix = dense(matrix)
    if not np.isfinite(matrix).all():
        raise FailedError("The derivative is not finite there. Start elsewhere.")
    try:
        return np.linalg.solve(matrix, -value)
    except np.linalg.LinAlgError as error:
        move = np.linalg.lstsq(matrix, -value, rcond=_SINGULAR)[0]  # the shortest
        if np.linalg.norm(value + matrix @ move) < 0.5 * np.linalg.norm(value):
            return move
        raise FailedError(
            "The derivative is singular where Newton's method ended. Start elsewhere."
        ) from error


def dense(matrix):
    """A matrix as an array."""
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
