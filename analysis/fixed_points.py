"""Fixed points by Newton's method from many starts, with those found put out of its way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from isochron.analysis.floquet import by_modulus
from isochron.analysis.systems import System

_MARGIN = 1e-6
_WRONG_DERIVATIVE = 0.05


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """A state that does not move.

    Attributes
    ----------
    point : ndarray, shape (n,)
    residual : float
        Length of the next step of Newton's method, relative to max(1, |x|): the distance
        from the fixed point, to first order.
    tolerance : float
        Largest residual that was accepted.
    eigenvalues : ndarray of complex, shape (n,)
        Of the Jacobian (field, largest real part first) or of the map's derivative
        (largest modulus first).
    stable : bool
    index : int
        Number of unstable directions.
    degenerate : bool
        Whether an eigenvalue lies on the boundary of stability, to 1e-6: there the
        linearisation decides neither stability nor whether the point is isolated.
    n_starts : int
        How many starts led here.
    method : str
        ``Newton``, or ``deflated Newton`` if only that found it.
    difference_quotient : float
        Check: the derivative against a finite difference in a random direction, relative.
        A point where it is above 0.05 is not returned.
    """

    point: np.ndarray
    residual: float
    tolerance: float
    eigenvalues: np.ndarray
    stable: bool
    index: int
    degenerate: bool
    n_starts: int
    method: str
    difference_quotient: float


@dataclass(frozen=True)
class FailedStart:
    """A start from which nothing was found.

    Attributes
    ----------
    state : ndarray, shape (n,)
    message : str
        Why, and what to try.
    """

    state: np.ndarray
    message: str


@dataclass(frozen=True)
class FixedPointSearch(Sequence[FixedPoint]):
    """The fixed points that were found, as a sequence, and the starts that failed.

    Attributes
    ----------
    points : tuple of FixedPoint
        Stable ones first, then those reached from most starts. There may be others.
    failures : tuple of FailedStart
    """

    points: tuple[FixedPoint, ...]
    failures: tuple[FailedStart, ...]

    @overload
    def __getitem__(self, which: int) -> FixedPoint: ...

    @overload
    def __getitem__(self, which: slice) -> tuple[FixedPoint, ...]: ...

    def __getitem__(self, which: int | slice) -> FixedPoint | tuple[FixedPoint, ...]:
        return self.points[which]

    def __len__(self) -> int:
        return len(self.points)


class _FailedError(Exception):
    pass


def find_fixed_points(
    system: System,
    starts: Iterable[ArrayLike],
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
    same: float = 1e-6,
    deflations: int = 0,
) -> FixedPointSearch:
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
    deflations : int
        After the first point, how often to look again from each start with Newton's method
        kept away from all points known so far. It finds points whose basin has no start.

    Returns
    -------
    FixedPointSearch
        A sequence of `FixedPoint`, with the starts from which nothing was found.

    Raises
    ------
    ValueError
        If the map is driven, or `deflations` is negative.

    References
    ----------
    Farrell, Birkisson and Funke (2015), SIAM Journal on Scientific Computing 37:A2026.
    """
    if deflations < 0:
        raise ValueError(f"deflations must be 0 or more, got {deflations!r}.")
    if getattr(system, "n_steps", 1) != 1:
        raise ValueError("A driven map has no fixed points; switch its drive off.")
    function = _map_residual(system) if hasattr(system, "advance") else _field_residual(system)
    register = _Register(system, function, tolerance, same)
    failures = []
    starts = [np.array(start, dtype=float) for start in starts]
    for start in starts:
        try:
            register.add(*_newton(function, start, tolerance, max_iterations), "Newton")
        except _FailedError as error:
            failures.append(FailedStart(start, str(error)))
    for start in starts * deflations:
        try:
            near = _deflated_newton(function, start, register.found, max_iterations)
            register.add(*_newton(function, near, tolerance, max_iterations), "deflated Newton")
        except _FailedError:  # nothing else to be found from here
            continue
    points = sorted(register.found, key=lambda point: (not point.stable, -point.n_starts))
    return FixedPointSearch(tuple(points), tuple(failures))


class _Register:
    """Fixed points met so far, each once."""

    def __init__(self, system: Any, function: Any, tolerance: float, same: float) -> None:
        self.system, self.function = system, function
        self.tolerance, self.same = tolerance, same
        self.found: list[FixedPoint] = []

    def add(self, point: np.ndarray, residual: float, method: str) -> None:
        """Count a point, known or new."""
        for i, other in enumerate(self.found):
            size = max(1.0, float(np.linalg.norm(other.point)))
            if np.linalg.norm(point - other.point) < self.same * size:
                self.found[i] = replace(other, n_starts=other.n_starts + 1)
                return
        described = _describe(self.system, self.function, point, residual)
        self.found.append(replace(described, tolerance=self.tolerance, method=method))


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
    """A fixed point and its residual."""
    value, matrix = function(x)
    residual = np.inf
    for _ in range(max_iterations):
        move = _newton_move(value, matrix)
        residual = float(np.linalg.norm(move) / max(1.0, float(np.linalg.norm(x))))
        if residual < tolerance:
            return x, residual
        for halving in range(12):
            trial = x + move / 2**halving
            trial_value, trial_matrix = function(trial)
            if np.linalg.norm(trial_value) < np.linalg.norm(value):
                break
        else:
            raise _FailedError(
                f"Newton's method came to a least speed of {np.linalg.norm(value):.1e} that is "
                "not zero. Try other starts, or `deflations`."
            )
        x, value, matrix = trial, trial_value, trial_matrix
    raise _FailedError(
        f"Newton's method did not converge in {max_iterations} iterations; the last step was "
        f"{residual:.1e}. Raise max_iterations or tolerance; a degenerate point is slow."
    )


def _deflated_newton(function, x, known, max_iterations):
    """A state near a fixed point that is none of the known ones.

    Newton's method on M(x) F(x), M = Π (1 + 1/|x - x_i|²): its step is that of F, stretched.
    Steps are not shortened until they descend, as M has no end of local minima, but are at
    most ten times the size of the state.
    """
    points = np.array([point.point for point in known]).reshape(-1, x.size)
    for _ in range(max_iterations):
        move, size = _newton_move(*function(x)), max(1.0, float(np.linalg.norm(x)))
        if np.linalg.norm(move) < 1e-6 * size:
            return x
        offsets = x - points
        squares = np.maximum((offsets**2).sum(axis=1), 1e-300)
        slope = float(np.sum(-2 * (offsets @ move) / (squares * (squares + 1))))
        move = move / (1 - slope) if slope != 1 else move
        x = x + move * min(1.0, 10 * size / max(float(np.linalg.norm(move)), 1e-300))
    raise _FailedError("Deflation found nothing else.")


def _newton_move(value, matrix):
    if not np.isfinite(value).all():
        raise _FailedError("The system is not finite there. Start elsewhere.")
    try:
        return np.linalg.solve(_dense(matrix), -value)
    except np.linalg.LinAlgError as error:
        raise _FailedError(
            "The derivative is singular where Newton's method came to. Start elsewhere."
        ) from error


def _dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def _describe(system, function, point, residual):
    matrix = _dense(function(point)[1])
    eigenvalues = np.linalg.eigvals(matrix)
    if hasattr(system, "advance"):
        eigenvalues = by_modulus(eigenvalues + 1)
        stable, growth = bool(abs(eigenvalues[0]) < 1), np.abs(eigenvalues) - 1
    else:
        eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
        stable, growth = bool(eigenvalues[0].real < 0), eigenvalues.real
    margin = _MARGIN * max(1.0, float(np.abs(eigenvalues).max()))
    return FixedPoint(
        point=point,
        residual=residual,
        tolerance=residual,
        eigenvalues=eigenvalues,
        stable=stable,
        index=int(np.sum(growth > 0)),
        degenerate=bool((np.abs(growth) < margin).any()),
        n_starts=1,
        method="Newton",
        difference_quotient=_difference_quotient(function, point, matrix),
    )


def _difference_quotient(function, point, matrix):
    direction = np.random.default_rng(0).standard_normal(point.size)
    direction /= np.linalg.norm(direction)
    step = 1e-5 * max(1.0, float(np.linalg.norm(point)))
    up, down = (function(point + sign * step * direction)[0] for sign in (1, -1))
    exact = matrix @ direction
    # What is less than a hundredth of the whole matrix is compared with that hundredth.
    size = max(float(np.linalg.norm(exact)), 0.01 * float(np.linalg.norm(matrix, 2)), 1e-12)
    error = float(np.linalg.norm((up - down) / (2 * step) - exact)) / size
    if not error <= _WRONG_DERIVATIVE:
        raise _FailedError(
            f"The point is fixed, but its derivative is off by {error:.1e} from a finite "
            "difference. Check the Jacobian; at a kink there is none."
        )
    return error
