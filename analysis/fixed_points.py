"""Fixed points by Newton's method from many starts, with those found put out of its way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from isochron.analysis.angles import check_angles, without_turns
from isochron.analysis.floquet import by_modulus
from isochron.analysis.scales import map_response, measure_scale
from isochron.analysis.systems import System
from isochron.analysis.units import Units

_MARGIN = 1e-6
_WRONG_DERIVATIVE = 0.05
_STEPS = (1e-5, 1e-7, 1e-9)  # of the check by differences, in sizes of the state
_UNKNOWN = 1e-9  # of the largest eigenvalue: one whose sign is a rounding error
_SMALL = 1e-3  # of the scale: a state below it is known relative to itself
_REFINEMENTS = 4
_SINGULAR = 1e-10  # of the largest singular value: a direction in which nothing changes
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """A state that does not move.

    Attributes
    ----------
    point : ndarray, shape (n,)
    residual : float
        Length of the next step of Newton's method, relative to the size of the state (see
        `scale` of `find_fixed_points`): the distance from the fixed point, to first order.
    tolerance : float
        Largest residual that was accepted.
    eigenvalues : ndarray of complex, shape (n,)
        Of the Jacobian (field, largest real part first) or of the map's derivative
        (largest modulus first).
    stable : bool
        Whether perturbations shrink in every direction.
    index : int
        Number of unstable directions.
    degenerate : bool
        Whether an eigenvalue lies on the boundary of stability, to 1e-6 of the largest: there
        the linearisation decides neither stability nor whether the point is isolated (it may
        belong to a line of fixed points, or be a centre).
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
    scale: ArrayLike | None = None,
    angles: Sequence[int] = (),
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
        Points nearer than this, relative to their length, are one, and so are points that the
        residuals do not tell apart.
    deflations : int
        After the first point, how often to look again from each start with Newton's method
        kept away from all points known so far. It finds points whose basin has no start.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable, in its unit: residuals of points near 0
        are relative to it. By default the largest absolute value among the starts.
    angles : sequence of int
        Indices of variables that are angles in radians: points that differ by whole turns are
        one. For states that turn with one velocity see `find_limit_cycle`.

    Returns
    -------
    FixedPointSearch
        A sequence of `FixedPoint`, with the starts from which nothing was found.

    Raises
    ------
    ValueError
        If the map is driven, `deflations` is negative, or `scale` is not positive.

    References
    ----------
    Farrell, Birkisson and Funke (2015), SIAM Journal on Scientific Computing 37:A2026.
    """
    if deflations < 0:
        raise ValueError(f"deflations must be 0 or more, got {deflations!r}.")
    if getattr(system, "n_steps", 1) != 1:
        raise ValueError("A driven map has no fixed points; switch its drive off.")
    starts = [np.array(start, dtype=float) for start in starts]
    if not starts:
        return FixedPointSearch((), ())
    turning = check_angles(angles, starts[0].size)
    sizes = _scale_of(system, np.array(starts), scale)
    sizes[list(turning)] = 1.0
    units = Units(sizes)
    register = _Register(units.system(system), tolerance, same, turning)
    search = _search(register, units.enter(starts), deflations, max_iterations)
    return FixedPointSearch(
        tuple(replace(found, point=units.leave(found.point)) for found in search.points),
        tuple(replace(failure, state=units.leave(failure.state)) for failure in search.failures),
    )


def _search(register: "_Register", starts, deflations, max_iterations) -> FixedPointSearch:
    """The search, with states of size 1."""
    function, tolerance = register.function, register.tolerance
    failures = []
    for start in starts:
        try:
            register.add(*_newton(function, start, tolerance, max_iterations), "Newton")
        except _FailedError as error:
            failures.append(FailedStart(start, str(error)))
    for start in list(starts) * deflations:
        try:
            near = _deflated_newton(register, start, max_iterations)
            register.add(*_newton(function, near, tolerance, max_iterations), "deflated Newton")
        except _FailedError:  # nothing else to be found from here
            continue
    points = sorted(register.found, key=lambda point: (not point.stable, -point.n_starts))
    return FixedPointSearch(tuple(points), tuple(failures))


def _scale_of(system: Any, starts: np.ndarray, scale: ArrayLike | None) -> np.ndarray:
    """Sizes among the starts; of what is 0 there, the size of the first step of Newton's method."""
    first = starts[np.isfinite(starts).all(axis=1)][:1].ravel()

    def newton(sizes: np.ndarray) -> np.ndarray:
        del sizes
        try:
            return _newton_move(*_residual_of(system)(first))
        except (_FailedError, ArithmeticError):
            return np.zeros(first.size)

    response = map_response(system, first) if hasattr(system, "advance") else newton
    return measure_scale(starts, scale=scale, response=response if first.size else None)


class _Register:
    """Fixed points met so far, each once."""

    def __init__(self, system: Any, tolerance: float, same: float, angles: tuple[int, ...]) -> None:
        self.system, self.function = system, _residual_of(system, angles)
        self.tolerance, self.same, self.angles = tolerance, same, angles
        self.found: list[FixedPoint] = []

    def add(self, point: np.ndarray, residual: float, method: str) -> None:
        """Count a point, known or new."""
        for i, other in enumerate(self.found):
            lengths = [float(np.linalg.norm(x)) for x in (point, other.point)]
            unknown = sum(
                r * max(1.0, length)
                for r, length in zip((residual, other.residual), lengths, strict=True)
            )
            difference = without_turns(point - other.point, self.angles)
            if np.linalg.norm(difference) <= self.same * max(lengths) + 10 * unknown:
                self.found[i] = replace(other, n_starts=other.n_starts + 1)
                return
        described = _describe(self.system, self.function, point, residual)
        self.found.append(replace(described, tolerance=self.tolerance, method=method))


def _residual_of(system: Any, angles: tuple[int, ...] = ()):
    return _map_residual(system, angles) if hasattr(system, "advance") else _field_residual(system)


def _field_residual(field: Any):
    def function(x):
        return field(0.0, x), field.jacobian(0.0, x)

    return function


def _map_residual(system: Any, angles: tuple[int, ...]):
    def function(x):
        end, tangents = system.advance(x, 1, tangents=np.eye(x.size))
        return without_turns(end - x, angles), tangents - np.eye(x.size)

    return function


def _newton(function, x, tolerance, max_iterations):
    """A fixed point and its residual."""
    value, matrix = function(x)
    residual, refinements = np.inf, 0
    for _ in range(max_iterations):
        if not value.any():
            return x, 0.0
        move = _newton_move(value, matrix)
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
            residual = _singular_residual(x, value, _dense(matrix))
            if residual < tolerance:
                return x, residual
            raise _FailedError(
                f"Newton's method came to a least speed of {np.linalg.norm(value):.1e} that is "
                "not zero. Try other starts, or `deflations`; if that speed is a rounding error "
                "of the system, give its size as `scale`."
            )
        x, value, matrix = trial
    if refinements:
        return x, residual
    raise _FailedError(
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


def _deflated_newton(register: _Register, x: np.ndarray, max_iterations: int) -> np.ndarray:
    """A state near a fixed point that is none of the known ones.

    Newton's method on M(x) F(x), M = Π (1 + 1/|x - x_i|²): its step is that of F, stretched.
    Steps are not shortened until they descend, as M has no end of local minima, but are at
    most ten times the size of the state.
    """
    function = register.function
    points = np.array([point.point for point in register.found]).reshape(-1, x.size)
    for _ in range(max_iterations):
        move, size = _newton_move(*function(x)), max(1.0, float(np.linalg.norm(x)))
        if np.linalg.norm(move) < 1e-6 * size:
            return x
        offsets = without_turns(x - points, register.angles)
        squares = np.maximum((offsets**2).sum(axis=1), 1e-300)
        slope = float(np.sum(-2 * (offsets @ move) / (squares * (squares + 1))))
        move = move / (1 - slope) if slope != 1 else move
        x = x + move * min(1.0, 10 * size / max(float(np.linalg.norm(move)), 1e-300))
    raise _FailedError("Deflation found nothing else.")


def _newton_move(value, matrix):
    if not np.isfinite(value).all():
        raise _FailedError("The system is not finite there. Start elsewhere.")
    matrix = _dense(matrix)
    if not np.isfinite(matrix).all():
        raise _FailedError("The derivative is not finite there. Start elsewhere.")
    try:
        return np.linalg.solve(matrix, -value)
    except np.linalg.LinAlgError as error:
        move = np.linalg.lstsq(matrix, -value, rcond=_SINGULAR)[0]  # the shortest
        if np.linalg.norm(value + matrix @ move) < 0.5 * np.linalg.norm(value):
            return move
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
        growth, largest = np.abs(eigenvalues) - 1, max(1.0, float(np.abs(eigenvalues).max()))
    else:
        eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
        growth, largest = eigenvalues.real, float(np.abs(eigenvalues).max())
    change = _change_within_residual(function, point, matrix, residual)
    unknown = max(_UNKNOWN * largest, change)
    return FixedPoint(
        point=point,
        residual=residual,
        tolerance=residual,
        eigenvalues=eigenvalues,
        stable=bool((growth < -unknown).all()),
        index=int(np.sum(growth > unknown)),
        degenerate=bool((np.abs(growth) <= max(_MARGIN * largest, change)).any()),
        n_starts=1,
        method="Newton",
        difference_quotient=_difference_quotient(function, point, matrix),
    )


def _direction(n: int) -> np.ndarray:
    direction = np.random.default_rng(0).standard_normal(n)
    return direction / np.linalg.norm(direction)


def _change_within_residual(function, point, matrix, residual) -> float:
    """How much the derivative may differ at the exact point."""
    length = 10 * residual * max(1.0, float(np.linalg.norm(point)))
    if length == 0:
        return 0.0
    there = _dense(function(point + length * np.abs(_direction(point.size)))[1])
    change = float(np.linalg.norm(there - matrix))
    return change if np.isfinite(change) else 0.0


def _difference_quotient(function, point, matrix):
    """Error of the derivative in a random direction, at the step where it is least.

    A right derivative agrees with the difference over some length, a wrong one over none. Near
    the edge of where the function is defined all variables grow, by a one-sided difference.
    """
    central, error = _direction(point.size), np.inf
    length = max(1.0, float(np.linalg.norm(point)))
    for direction, backward in ((central, -central), (np.abs(central), 0 * central)):
        for step in np.multiply(_STEPS, length):
            up, down = (function(point + step * move)[0] for move in (direction, backward))
            found = (up - down) / (step * np.linalg.norm(direction - backward))
            far = function(point + 1e3 * step * direction)[0]
            if not np.isfinite(found).all():
                continue
            size = _least_size(matrix, direction, far / (1e3 * step))
            error = min(error, float(np.linalg.norm(found - matrix @ direction)) / size)
            if error <= _WRONG_DERIVATIVE:
                return error
        if np.isfinite(error):
            break
    raise _FailedError(
        f"The point is fixed, but its derivative is off by {error:.1e} from a finite "
        "difference. Check the Jacobian; at a kink there is none."
    )


def _least_size(matrix, direction, slope) -> float:
    """What an error is compared with: at least a hundredth of the matrix and of a mean slope."""
    mean = float(np.linalg.norm(slope))
    return max(
        float(np.linalg.norm(matrix @ direction)),
        0.01 * float(np.linalg.norm(matrix, 2)),
        0.01 * mean if np.isfinite(mean) else 0.0,
        np.finfo(float).tiny,
    )
