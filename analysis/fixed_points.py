"""Fixed points by Newton's method from many starts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.floquet import by_modulus
from isochron.analysis.newton import FailedError, dense, newton, newton_move, residual_of
from isochron.analysis.results import short_repr
from isochron.analysis.saturation import only_saturates
from isochron.analysis.systems.angles import check_angles, without_turns
from isochron.analysis.systems.checks import check_system
from isochron.analysis.systems.derivatives import derivative_fault
from isochron.analysis.systems.functions import takes_differences
from isochron.analysis.systems.protocols import System, is_map
from isochron.analysis.systems.scales import map_response, measure_scale
from isochron.analysis.systems.units import Units
from isochron.real_numbers import as_floats

_MARGIN = 1e-6
_WRONG_DERIVATIVE = 0.05
_STEPS = (1e-5, 1e-7, 1e-9)  # of the check by differences, in sizes of the state
_UNKNOWN = 1e-9  # of the largest eigenvalue: one whose sign is a rounding error
_SMALL = 1e-3  # of the scale: a state below it is known relative to itself
_ROUNDING = 1e-12
_UNLIKE = 32.0  # ratio of two sizes from which they are not one scale
_KNOWN = 10.0  # last steps of Newton's method above which a variable is not 0
_SHORTER = (2.0**-15, 2.0**-30)  # of the size: lengths over which the system may bend
_REMEASURED = 3


@short_repr
@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """A state that does not move.

    Attributes
    ----------
    point : ndarray, shape (n,)
        The state.
    residual : float
        Length of the next step of Newton's method, relative to the size of the state (see
        `scale` of `find_fixed_points`): the distance from the fixed point, to first order.
    tolerance : float
        Largest residual that was accepted.
    eigenvalues : ndarray of complex, shape (n,)
        Eigenvalues of the Jacobian (field, largest real part first) or of the map's derivative
        (largest modulus first).
    stable : bool
        Whether perturbations shrink in every direction.
    index : int
        Number of unstable directions.
    degenerate : bool
        Whether an eigenvalue lies on the boundary of stability, to 1e-6 of the largest: there
        the linearization decides neither stability nor whether the point is isolated (it may
        belong to a line of fixed points, or be a center).
    n_starts : int
        How many starts led here.
    method : str
        ``Newton``, or ``deflated Newton`` if only that found it.
    difference_quotient : float
        Check: the derivative against a finite difference in a random direction, relative.
        A point where it is above 0.05 is not returned.

    Examples
    --------
    >>> pitchfork = analysis.Flow(lambda t, x: x - x**3)
    >>> for found in analysis.find_fixed_points(pitchfork, [[-2.0], [0.1], [2.0]]):
    ...     print(found.point.round(6), found.stable, found.eigenvalues.real.round(6))
    [-1.] True [-2.]
    [1.] True [-2.]
    [0.] False [1.]
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


@short_repr
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


@short_repr
@dataclass(frozen=True)
class FixedPointSearch(Sequence[FixedPoint]):
    """The fixed points that were found, as a sequence, and the starts that failed.

    Attributes
    ----------
    points : tuple of FixedPoint
        Stable ones first, then those reached from most starts. There may be others.
    failures : tuple of FailedStart
        Starts from which nothing was found, each with the reason.

    Examples
    --------
    >>> saddle_node = analysis.Flow(lambda t, x: 1 + x**2)  # no fixed point
    >>> search = analysis.find_fixed_points(saddle_node, [[0.5]])
    >>> len(search), len(search.failures)
    (0, 1)
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


def find_fixed_points(
    system: System,
    starts: Iterable[ArrayLike],
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
    merge_tolerance: float = 1e-6,
    deflations: int = 0,
    scale: ArrayLike | None = None,
    angles: Sequence[int] = (),
) -> FixedPointSearch:
    """Find the fixed points that Newton's method reaches from some states.

    Parameters
    ----------
    system : VectorField or ForcedMap
        Autonomous: a field that does not depend on time, or a map with ``n_steps == 1``.
    starts : iterable of ndarray, shape (n,)
        Where to start; each gives at most one fixed point.
    tolerance : float
        Largest accepted residual.
    max_iterations : int
        Iterations of Newton's method, with the step halved while it does not come nearer to zero.
    merge_tolerance : float
        Points nearer than this, relative to their length, are one, and so are points that the
        residuals do not tell apart.
    deflations : int
        After the first point, how often to look again from each start with Newton's method
        repelled by all points known so far. It finds points whose basin contains no start.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable, in its unit: residuals of points near 0
        are relative to it. By default each start has a size of its own, measured again at the
        point that was found. A variable that is 0 has that of the start, or of other starts.
    angles : sequence of int
        Indices of variables that are angles in radians: points that differ by whole turns are
        one. For states that turn with one velocity see `find_limit_cycle`.

    Returns
    -------
    FixedPointSearch
        A sequence of `FixedPoint`, with the starts from which nothing was found. States that a
        saturated map moves by less than a rounding error are failures.

    Raises
    ------
    ValueError
        If the map is forced, `deflations` is negative, or `scale` is not positive.

    References
    ----------
    Farrell, Birkisson and Funke (2015), SIAM Journal on Scientific Computing 37:A2026.

    Examples
    --------
    The three fixed points of a unit with a gain of 2, x -> tanh(2 x):

    >>> unit = analysis.SteppedMap(lambda k, x: np.tanh(2 * x), None, dimension=1)
    >>> found = analysis.find_fixed_points(unit, np.linspace(-2, 2, 9)[:, None])
    >>> sorted(round(float(point.point[0]), 4) for point in found)
    [-0.9575, 0.0, 0.9575]
    >>> [point.stable for point in found]
    [True, True, False]
    """
    if deflations < 0:
        raise ValueError(f"deflations must be 0 or more, got {deflations!r}.")
    if getattr(system, "n_steps", 1) != 1:
        raise ValueError("A forced map does not have fixed points; switch its forcing off.")
    if isinstance(starts, Iterable) and not hasattr(starts, "__array__"):
        starts = list(starts)
    found = as_floats("starts", starts)
    if not found.size:
        return FixedPointSearch((), ())
    states = list(np.atleast_2d(found))
    check_system(system, states[0])
    turning = check_angles(angles, states[0].size)
    frames = _frames(system, states, scale, turning)
    register = _Register(tolerance, merge_tolerance, scale is None)
    return _named(_search(register, states, frames, deflations, max_iterations), system)


def _named(found: FixedPointSearch, system: Any) -> FixedPointSearch:
    """The search, whose failures name a wrong derivative of the system if there is one."""
    fault = derivative_fault(system, found.failures[0].state) if found.failures else ""
    if not fault:
        return found
    failures = tuple(replace(failure, message=fault) for failure in found.failures)
    return replace(found, failures=failures)


@dataclass(frozen=True)
class _Frame:
    """A system in units in which a state has size 1."""

    original: Any
    sizes: np.ndarray
    angles: tuple[int, ...]

    @cached_property
    def units(self) -> Units:
        return Units(self.sizes)

    @cached_property
    def system(self) -> Any:
        return self.units.system(self.original)

    @cached_property
    def function(self):
        return residual_of(self.system, self.angles)

    def resized(self, sizes: np.ndarray) -> "_Frame":
        sizes = np.array(sizes)
        sizes[list(self.angles)] = 1.0
        return replace(self, sizes=sizes)


def _frames(system, starts, scale, angles) -> list[_Frame]:
    """Units for each start; where it is 0, those of all starts."""
    common = _Frame(system, np.ones(starts[0].size), angles)
    together = common.resized(_scale_of(system, np.array(starts), scale))
    if scale is not None or len(starts) == 1:
        return [together] * len(starts)
    filled = [np.where(start == 0, together.sizes, start) for start in starts]
    return [
        common.resized(_scale_of(system, np.array([own]), None)) if np.isfinite(own).all()
        else together
        for own in filled
    ]  # fmt: skip


def _search(register: "_Register", starts, frames, deflations, max_iterations):
    failures = []
    for start, frame in zip(starts, frames, strict=True):
        try:
            register.find(frame, start, frame.units.enter(start), max_iterations, "Newton")
        except FailedError as error:
            failures.append(FailedStart(start, str(error)))
    for start, frame in list(zip(starts, frames, strict=True)) * deflations:
        try:
            near = _deflated_newton(register, frame, frame.units.enter(start), max_iterations)
            register.find(frame, start, near, max_iterations, "deflated Newton")
        except FailedError:  # nothing else to be found from here
            continue
    points = sorted(register.found, key=lambda point: (not point.stable, -point.n_starts))
    return FixedPointSearch(tuple(points), tuple(failures))


def _scale_of(system: Any, starts: np.ndarray, scale: ArrayLike | None) -> np.ndarray:
    """Sizes among the starts; of what is 0 there, the size of the first step of Newton's method."""
    first = starts[np.isfinite(starts).all(axis=1)][:1].ravel()

    def newton(sizes: np.ndarray) -> np.ndarray:
        del sizes
        try:
            return newton_move(*residual_of(system)(first))
        except (FailedError, ArithmeticError):
            return np.zeros(first.size)

    response = map_response(system, first) if is_map(system) else newton
    return measure_scale(starts, scale=scale, response=response if first.size else None)


def _remeasured(start: _Frame, point, residual, tolerance, max_iterations):
    """The frame, point and residual of Newton's method in units of the point that it found."""
    frame = start
    for _ in range(_REMEASURED):
        other = _at_point(start, frame, point)
        better = other is not None and _is_better(other, frame, point)
        if other is None or not (better or _lacks_digits(frame, point, tolerance)):
            break
        try:
            near = other.units.enter(frame.units.leave(point))
            found, residual = newton(other.function, near, tolerance, max_iterations)
        except FailedError:
            break
        if getattr(start.original, "by_differences", False) and not better:
            # the variable is small by chance: over its size, differences are rounding errors
            return frame, frame.units.enter(other.units.leave(found)), residual
        frame, point = other, found
    return frame, point, residual


def _at_point(start: _Frame, frame: _Frame, point: np.ndarray) -> _Frame | None:
    """Units of a point, with those of the start for what is 0 there; None if they are alike."""
    try:
        move = np.abs(newton_move(*frame.function(point)))
    except FailedError:
        return None
    known = np.abs(point) > np.maximum(_KNOWN * move, _ROUNDING)
    own = np.abs(frame.units.leave(point))
    sizes = np.where(known, own, start.sizes)
    sizes = 2.0 ** np.round(np.log2(np.maximum(sizes, np.finfo(float).tiny)))
    other = frame.resized(sizes)
    ratios = other.sizes / frame.sizes
    return other if ratios.max() >= _UNLIKE or ratios.min() <= 1 / _UNLIKE else None


def _lacks_digits(frame: _Frame, point: np.ndarray, tolerance: float) -> bool:
    """Whether the point is far from size 1, or a variable is not known relative to itself."""
    length = float(np.linalg.norm(point))
    if not _SMALL <= length <= 1 / _SMALL:
        return length > 0
    move = np.abs(newton_move(*frame.function(point)))
    own = np.abs(point)
    known = own > np.maximum(_KNOWN * move, _ROUNDING)
    return bool((known & (move > tolerance * own)).any())


def _is_better(other: _Frame, frame: _Frame, point: np.ndarray) -> bool:
    """Whether differences in other units find a different derivative that is certain.

    They are if it stays over shorter lengths: it does not where it is a rounding error.
    """
    if not getattr(frame.original, "by_differences", False):
        return False
    with np.errstate(all="ignore"):
        gap, doubt, _, size = _disagreement(other, frame, point)
        return gap > max(10 * doubt, _UNKNOWN * size)


def _is_surer(other: _Frame, frame: _Frame, point: np.ndarray) -> bool:
    """Whether differences in other units find the same derivative, with less rounding."""
    with np.errstate(all="ignore"):
        gap, doubt, doubt_here, size = _disagreement(other, frame, point)
        return gap <= doubt_here and max(10 * doubt, _UNKNOWN * size) < doubt_here


def _disagreement(other: _Frame, frame: _Frame, point: np.ndarray):
    """Of derivatives in two units, and in each with itself over shorter lengths; their size."""
    state = frame.units.leave(point)

    def derivative(of: _Frame) -> np.ndarray:
        matrix = dense(of.function(of.units.enter(state))[1])
        return matrix * of.sizes[:, None] / of.sizes * other.sizes / other.sizes[:, None]

    here, there = derivative(frame), derivative(other)
    shorter = [derivative(each.resized(each.sizes / _UNLIKE)) for each in (other, frame)]
    differences = here - there, there - shorter[0], here - shorter[1], there
    return [float(np.linalg.norm(difference)) for difference in differences]


def _frame_of_derivative(frame: _Frame, point: np.ndarray) -> _Frame:
    """Units over which differences give the derivative at a point."""
    if not getattr(frame.original, "by_differences", False):
        return frame
    alike = frame.resized(np.full(point.size, frame.sizes.max()))
    if (alike.sizes != frame.sizes).any() and _is_surer(alike, frame, point):
        point, frame = alike.units.enter(frame.units.leave(point)), alike
    for shorter in _SHORTER:
        other = frame.resized(frame.sizes * shorter)
        if _is_better(other, frame, point):
            return other
    return frame


class _Register:
    """Fixed points met so far, each once, in the unit of the user."""

    def __init__(self, tolerance: float, merge_tolerance: float, measured: bool) -> None:
        self.tolerance, self.merge_tolerance, self.measured = tolerance, merge_tolerance, measured
        self.found: list[FixedPoint] = []
        self._frames: list[_Frame] = []

    def find(
        self, frame: _Frame, start: np.ndarray, near: np.ndarray, max_iterations: int, method: str
    ) -> None:
        """Go from a state to a fixed point, and count it, known or new.

        `start` is where the search began, in the unit of the user; `near` is in that of `frame`.
        """
        point, residual = newton(frame.function, near, self.tolerance, max_iterations)
        if self.measured:
            frame, point, residual = _remeasured(
                frame, point, residual, self.tolerance, max_iterations
            )
        self._add(frame, start, point, residual, method)

    def _add(
        self, frame: _Frame, start: np.ndarray, point: np.ndarray, residual: float, method: str
    ) -> None:
        for i, (other, known) in enumerate(zip(self.found, self._frames, strict=True)):
            if self._are_one(frame, point, residual, known, other):
                self.found[i] = replace(other, n_starts=other.n_starts + 1)
                return
        described = _describe(frame, point, residual, self.measured)
        if described.degenerate and is_map(frame.original):
            _refuse_saturated(frame, point, start)
        state = frame.units.leave(point)
        found = replace(described, point=state, tolerance=self.tolerance, method=method)
        self.found.append(found)
        self._frames.append(frame)

    def _are_one(self, frame, point, residual, known: _Frame, other: FixedPoint) -> bool:
        """Whether a point is a known one, in units of this."""
        there = known.units.enter(other.point)
        here = known.units.enter(frame.units.leave(point))
        lengths = [float(np.linalg.norm(x)) for x in (here, there)]
        unknown = other.residual * max(1.0, lengths[1]) + residual * max(
            1.0, float(np.linalg.norm(point))
        ) * float((frame.sizes / known.sizes).max())
        difference = without_turns(here - there, frame.angles)
        return bool(
            np.linalg.norm(difference) <= self.merge_tolerance * max(lengths) + 10 * unknown
        )


def _refuse_saturated(frame: _Frame, point: np.ndarray, start: np.ndarray) -> None:
    """Raise if a map does not move a state only because it saturates there."""
    if only_saturates(frame.function, point, frame.units.enter(start)):
        where = np.array2string(frame.units.leave(point), precision=4, threshold=8, edgeitems=3)
        raise FailedError(
            f"Newton's method left the reach of the start for {where}, where the map saturates: "
            "its steps are smaller than rounding errors there, and it is no fixed point. Try other "
            "starts, such as states of a trajectory."
        )


def _deflated_newton(
    register: _Register, frame: _Frame, x: np.ndarray, max_iterations: int
) -> np.ndarray:
    """A state near a fixed point that is none of the known ones.

    Newton's method on M(x) F(x), M = Π (1 + 1/|x - x_i|²): its step is that of F, stretched.
    Steps are not shortened until they descend, as M has no end of local minima, but are at
    most ten times the size of the state.
    """
    function = frame.function
    points = np.array([frame.units.enter(point.point) for point in register.found])
    points = points.reshape(-1, x.size)
    for _ in range(max_iterations):
        move, size = newton_move(*function(x)), max(1.0, float(np.linalg.norm(x)))
        if np.linalg.norm(move) < 1e-6 * size:
            return x
        offsets = without_turns(x - points, frame.angles)
        squares = np.maximum((offsets**2).sum(axis=1), 1e-300)
        slope = float(np.sum(-2 * (offsets @ move) / (squares * (squares + 1))))
        move = move / (1 - slope) if slope != 1 else move
        x = x + move * min(1.0, 10 * size / max(float(np.linalg.norm(move)), 1e-300))
    raise FailedError("Deflation found nothing else.")


def _describe(frame: _Frame, point, residual, measured: bool) -> FixedPoint:
    best = _frame_of_derivative(frame, point) if measured else frame
    doubt = residual * max(1.0, float(np.linalg.norm(point)))
    doubt *= float((frame.sizes / best.sizes).max())
    system, function = best.system, best.function
    point = best.units.enter(frame.units.leave(point))
    matrix = dense(function(point)[1])
    eigenvalues = np.linalg.eigvals(matrix)
    if is_map(system):
        eigenvalues = by_modulus(eigenvalues + 1)
        growth, largest = np.abs(eigenvalues) - 1, max(1.0, float(np.abs(eigenvalues).max()))
    else:
        eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
        growth, largest = eigenvalues.real, float(np.abs(eigenvalues).max())
    change = _change_within(10 * doubt, function, point, matrix)
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
        difference_quotient=_difference_quotient(best, point, matrix),
    )


def _direction(n: int) -> np.ndarray:
    direction = np.random.default_rng(0).standard_normal(n)
    return direction / np.linalg.norm(direction)


def _change_within(length: float, function, point, matrix) -> float:
    """How much the derivative may differ at the exact point, which is nearer than a length."""
    if length == 0:
        return 0.0
    there = dense(function(point + length * np.abs(_direction(point.size)))[1])
    change = float(np.linalg.norm(there - matrix))
    return change if np.isfinite(change) else 0.0


def _difference_quotient(frame: _Frame, point, matrix) -> float:
    """Error of the derivative in a random direction, at the step where it is least.

    A right derivative agrees with the difference over some length, a wrong one over none. Near
    the edge of where the function is defined all variables grow, by a one-sided difference.
    """
    function, central, error = frame.function, _direction(point.size), np.inf
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
    raise FailedError(_no_derivative(frame, error))


def _no_derivative(frame: _Frame, error: float) -> str:
    if takes_differences(frame.original):
        return (
            f"The point is fixed, but differences over other lengths change its derivative by "
            f"{error:.1e}. At a kink there is no derivative; if there is no kink here, give the "
            "length over which the system bends as `scale`, or give its derivative."
        )
    return (
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
