"""Lyapunov exponents: rates at which neighboring states separate, in every direction."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.newton import dense
from isochron.analysis.results import short_repr
from isochron.analysis.systems.checks import check_system
from isochron.analysis.systems.derivatives import check_derivative
from isochron.analysis.systems.functions import Flow, has_given_tangent
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import System, is_map, is_stiff
from isochron.analysis.systems.units import find_units
from isochron.real_numbers import as_floats
from isochron.settings import check_type, settings_from

_MOST = 16.0  # logarithm of growth or decay between orthonormalizations that is still accurate
_GOAL = 10.0  # its intended value
_SHORTEST, _SHORTEST_STIFF = 1e-9, 1e-3  # stretches, of the longest
_STIFF_STEPS = 48  # in a stretch
_SMALL = 50  # dimensions up to which the divergence is computed too
_ROUND_OFF = math.log(1e-15)  # logarithm of a derivative in a step that may be 0
_DISAGREES = 1e-3  # of the largest exponent: difference of sum and divergence that is an error


@short_repr
@dataclass(frozen=True, kw_only=True)
class LyapunovSpectrum:
    """Lyapunov exponents, largest first.

    Attributes
    ----------
    exponents : ndarray, shape (k,)
        Per time unit of the system (a map: per `step_ms`).
    errors : ndarray, shape (k,)
        Standard errors, from the scatter of the blocks, with the numerical error and the
        difference of the early and the late blocks as far as scatter does not explain it (slow
        convergence). For an exponent of -inf: 0 if all blocks have it, otherwise infinite.
    blocks : ndarray, shape (n_starts, n_blocks, k)
        The exponents over each block of time.
    dimension : int
        Number of dimensions of the system; there may be fewer `exponents`.
    mean_divergence : float
        An independent check: the mean trace of the Jacobian along the trajectories (for a map
        the mean of log|det|), which is the sum of all exponents (Liouville). NaN if not all
        exponents were computed, or the system has more than 50 dimensions.
    message : str
        Warning: the sum disagrees with the mean divergence, and what to do (`errors` include
        the difference), or an exponent of a map is -inf up to round-off. Otherwise empty.

    Examples
    --------
    The Hénon map contracts areas by 0.3 in each step, so its exponents sum to ln 0.3 = -1.204;
    its attractor is chaotic, with a dimension between 1 and 2.

    >>> henon = analysis.SteppedMap(
    ...     lambda k, x: np.array([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]),
    ...     lambda k, x, v: np.array([[-2.8 * x[0], 1], [0.3, 0]]) @ v,
    ...     dimension=2,
    ... )
    >>> spectrum = analysis.compute_lyapunov_spectrum(henon, [0.1, 0.1], block=200, n_blocks=4)
    >>> print(spectrum.exponents.sum().round(3), spectrum.exponents[0].round(1))
    -1.204 0.4
    >>> round(spectrum.kaplan_yorke_dimension, 1)
    1.3
    """

    exponents: np.ndarray
    errors: np.ndarray
    blocks: np.ndarray
    dimension: int
    mean_divergence: float = math.nan
    message: str = ""

    @property
    def kaplan_yorke_dimension(self) -> float:
        """Kaplan-Yorke dimension; NaN if too few exponents are known.

        References
        ----------
        Kaplan and Yorke (1979), Lecture Notes in Mathematics 730:204.
        """
        sums = np.cumsum(self.exponents)
        below = np.flatnonzero(sums < 0)
        if not below.size:
            return float(self.dimension) if len(sums) == self.dimension else math.nan
        j = int(below[0])
        if j == 0:
            return 0.0
        return j + float(sums[j - 1] / abs(self.exponents[j]))


@dataclass(frozen=True, kw_only=True)
class TangentControl:
    """Integration and orthonormalization of tangent vectors along trajectories.

    Attributes
    ----------
    renormalize : float, optional
        Longest time, or number of steps, between orthonormalizations; a tenth of the block, or
        one step, by default.
    rtol : float
        Relative tolerance of the integration of a field.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the first trajectory by
        default.

    Examples
    --------
    >>> control = analysis.TangentControl(renormalize=0.5, rtol=1e-7)
    >>> decay = analysis.Flow(lambda t, x: -x, lambda t, x: -np.eye(1))
    >>> spectrum = analysis.compute_lyapunov_spectrum(
    ...     decay, [1.0], block=5, n_blocks=2, control=control
    ... )
    >>> spectrum.exponents.round(4)
    array([-1.])
    """

    renormalize: float | None = None
    rtol: float = 1e-9
    scale: ArrayLike | None = None


def compute_lyapunov_spectrum(
    system: System,
    starts: ArrayLike,
    *,
    block: float,
    n_blocks: int,
    transient: float = 0.0,
    n_exponents: int | None = None,
    control: TangentControl | None = None,
    **fields: Any,
) -> LyapunovSpectrum:
    """Lyapunov exponents by QR decomposition along one or more trajectories.

    Tangent vectors are integrated and orthonormalized at equal times, or earlier where they grow
    or shrink by factors that would make them inaccurate; the logarithms of their growth are
    averaged over blocks of time. The standard error assumes that the blocks of all starts are
    independent: they must be longer than the correlation time of the system. Where the exponents
    have yet to converge (as log(t)/t with a Jordan block) it includes the trend. All exponents
    are checked against the mean divergence, which is computed without the tangents.

    Parameters
    ----------
    system : VectorField or ForcedMap
        Field or map of n dimensions; a given derivative is checked.
    starts : array_like, shape (n,) or (n_starts, n)
        States where trajectories start.
    block : float
        Length of a block, in time units of the field, or in steps of a map.
    n_blocks : int
        Number of blocks of each trajectory, at least 2.
    transient : float
        Time at the start that is excluded, in the same unit; the tangents converge in it too.
    n_exponents : int, optional
        Number of exponents, the largest; all n by default.
    control : TangentControl, optional
        Settings of the integration of the tangents.
    **fields
        Fields of `TangentControl` as keywords, instead of `control`.

    Returns
    -------
    LyapunovSpectrum
        Exponents with standard errors; a `message` that is not empty is a warning.

    Raises
    ------
    ValueError
        If a number is out of range, a time is not a whole number of steps of a map, or the given
        derivative is not that of the system.
    TypeError
        If `control` and its fields are both given.
    ArithmeticError
        If a trajectory diverges.

    References
    ----------
    Benettin, Galgani, Giorgilli and Strelcyn (1980), Meccanica 15:9.

    Examples
    --------
    z' = (1 + i) z - |z|² z: along its cycle the exponent is 0, and across the cycle -2.

    >>> linear = np.array([[1, -1], [1, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * z,
    ...     lambda t, z: linear - z @ z * np.eye(2) - 2 * np.outer(z, z),
    ... )
    >>> spectrum = analysis.compute_lyapunov_spectrum(
    ...     system, [1.0, 0.0], block=5, n_blocks=2, transient=5
    ... )
    >>> spectrum.exponents.round(3) + 0.0
    array([ 0., -2.])
    """
    control = settings_from(TangentControl, control, fields)
    points = np.atleast_2d(as_floats("starts", starts))
    check_system(system, points[0])
    check_derivative(system, points[0])
    n = points.shape[1]
    stepped = is_map(system)
    check_type("block", block, float)
    span = control.renormalize
    if span is None:
        span = 1 if stepped else block / 10
    check_type("n_blocks", n_blocks, int)
    count = n if n_exponents is None else n_exponents
    _check(
        stepped, n, count, n_blocks, {"block": block, "renormalize": span, "transient": transient}
    )
    unit = system.step_ms if stepped else 1.0  # type: ignore[union-attr]
    units = find_units(system, points, scale=control.scale, duration=None if stepped else block)
    walker = (_MapWalker if stepped else _FieldWalker)(
        units.system(system), span, control.rtol, with_divergence=count == n <= _SMALL
    )
    blocks, divergences = [], []
    for point in units.enter(points):
        walker.place(point, _tangents(n, count))
        if transient:
            walker.walk(transient)
        rows = [walker.walk(block) for _ in range(n_blocks)]
        blocks.append([growth / (block * unit) for growth, _ in rows])
        divergences += [divergence / (block * unit) for _, divergence in rows]
    floor = _ROUND_OFF / unit if stepped else -math.inf
    return _summary(np.array(blocks), float(np.mean(divergences)), walker.error / unit, n, floor)


def _tangents(n: int, count: int) -> np.ndarray:
    """Orthonormal vectors in random directions, since an invariant one would stay invariant."""
    return np.linalg.qr(np.random.default_rng(0).standard_normal((n, count)))[0]


def _summary(
    found: np.ndarray, divergence: float, error: float, n: int, floor: float
) -> LyapunovSpectrum:
    """Means and errors of blocks, shape (n_starts, n_blocks, k)."""
    exponents = found.mean(axis=(0, 1))
    scatter = _block_errors(found)
    defect = 0.0
    if not math.isnan(divergence):
        total = float(exponents.sum())
        defect = 0.0 if total == divergence else abs(total - divergence)
    order = np.argsort(-exponents)
    message = ""
    if exponents.min() < floor:
        message = (
            f"The exponent {exponents.min():.6g} is that of a derivative that vanishes up to "
            "round-off (a superstable orbit, or a map that is not invertible): it may be -inf."
        )
    if defect > _DISAGREES * float(np.abs(exponents).max()):
        message = (
            f"The exponents sum to {exponents.sum():.6g}, but the mean divergence is "
            f"{divergence:.6g}. Lower rtol or renormalize (see TangentControl), set stiff=True for "
            "a stiff field, and check the Jacobian."
        )
    return LyapunovSpectrum(
        exponents=exponents[order],
        errors=np.sqrt(scatter**2 + defect**2 + error**2)[order],
        blocks=found[:, :, order],
        dimension=n,
        mean_divergence=divergence,
        message=message,
    )


def _block_errors(found: np.ndarray) -> np.ndarray:
    """Standard errors of the mean of blocks, shape (n_starts, n_blocks, k), and of its trend."""
    n_starts, n_blocks, _ = found.shape
    count, half = n_starts * n_blocks, n_blocks // 2
    infinite = np.isneginf(found)
    finite = np.where(infinite, 0.0, found)
    variance = finite.var(axis=(0, 1), ddof=1) / count
    change = finite[:, :half].mean(axis=(0, 1)) - finite[:, -half:].mean(axis=(0, 1))
    # For independent blocks; with few of them the variance is mostly the trend, with two, entirely.
    expected = 2 * n_blocks / half * variance * (count - 2) / (count - 1)
    errors = np.sqrt(variance + np.maximum(change**2 - expected, 0.0))
    errors[infinite.any(axis=(0, 1))] = math.inf
    errors[infinite.all(axis=(0, 1))] = 0.0
    return errors


class _Walker(ABC):
    """A trajectory with tangents that are orthonormalized before they become inaccurate."""

    def __init__(self, system: Any, span: float, rtol: float, *, with_divergence: bool) -> None:
        self.system, self.longest, self.rtol = system, span, rtol
        self.span, self.with_divergence = span, with_divergence
        self.walked, self.n_stretches = 0.0, 0

    def place(self, point: np.ndarray, tangents: np.ndarray) -> None:
        """Start the trajectory at a state at time 0."""
        self.point, self.tangents, self.clock = point, tangents, 0.0

    def walk(self, duration: float) -> tuple[np.ndarray, float]:
        """Logarithms of growth over a time, shape (k,), and the integral of the divergence."""
        growth, divergence, left = np.zeros(self.tangents.shape[1]), 0.0, duration
        while left > 1e-12 * duration:
            stretch = self.next_stretch(left)
            point, tangents, part = self.advance(stretch)
            if not (np.isfinite(point).all() and np.isfinite(tangents).all()):
                raise ArithmeticError(f"The trajectory diverges near t = {self.clock:g}.")
            tangents, triangle = np.linalg.qr(tangents)
            with np.errstate(divide="ignore", invalid="ignore"):  # tangents that vanish
                logarithms = np.log(np.abs(np.diag(triangle)))
                change = float(np.abs(np.append(logarithms, np.ptp(logarithms))).max())
            change = math.inf if math.isnan(change) else change
            if self.shorten(stretch, change):
                continue
            self.point, self.tangents = point, tangents
            growth, divergence = growth + logarithms, divergence + part
            self.clock, left = self.clock + stretch, left - stretch
            self.walked, self.n_stretches = self.walked + stretch, self.n_stretches + 1
        return growth, divergence if self.with_divergence else math.nan

    @abstractmethod
    def next_stretch(self, left: float) -> float:
        """Time until the next orthonormalization, at most the time that is left."""

    @abstractmethod
    def advance(self, stretch: float) -> tuple[np.ndarray, np.ndarray, float]:
        """State, tangents and integral of the divergence after a stretch."""

    @abstractmethod
    def shorten(self, stretch: float, change: float) -> bool:
        """Adapt the stretch to the change in it; whether it has to be repeated."""


class _FieldWalker(_Walker):
    """Tangents along a vector field."""

    @property
    def error(self) -> float:
        """Error of the integration: about its tolerance in every stretch."""
        return self.rtol * self.n_stretches / self.walked

    @property
    def is_stiff(self) -> bool:
        """Whether implicit methods are used, which do not resolve decay within a step."""
        return is_stiff(self.system)

    def next_stretch(self, left: float) -> float:
        return left / math.ceil(left / self.span - 1e-9)

    def advance(self, stretch: float) -> tuple[np.ndarray, np.ndarray, float]:
        field, n = self.system, self.point.size
        options: dict[str, Any] = {"start": self.clock, "rtol": self.rtol}
        if self.is_stiff:  # the steps of tangents are three times as long, without error control
            options["max_step"] = stretch / _STIFF_STEPS
        if not self.with_divergence:
            end, tangents = integrate(field, self.point, stretch, tangents=self.tangents, **options)
            return end, tangents, 0.0
        tangents = np.vstack([self.tangents, np.zeros((1, n))])
        end, tangents = integrate(
            _with_divergence(field, n), np.append(self.point, 0.0), stretch, tangents=tangents,
            **options,
        )  # fmt: skip
        return end[:n], tangents[:n], float(end[n])

    def shorten(self, stretch: float, change: float) -> bool:
        shortest = (_SHORTEST_STIFF if self.is_stiff else _SHORTEST) * self.longest
        too_far = change > _MOST and stretch > shortest
        if too_far:
            self.span = stretch * min(0.5, max(0.01, _GOAL / change))
        elif stretch > 0.5 * self.span:
            self.span = min(self.longest, stretch * min(2.0, _GOAL / max(change, 1e-9)))
        return too_far


def _with_divergence(field: Any, n: int) -> Flow:
    """A field with one more variable, the integral of its divergence, without a tangent."""
    known: list[Any] = [None, None]

    def matrix(t: float, x: np.ndarray) -> Any:
        key = (t, x.tobytes())
        if known[0] != key:
            known[:] = key, field.jacobian(t, x)
        return known[1]

    def velocity(t: float, y: np.ndarray) -> np.ndarray:
        return np.append(field(t, y[:n]), matrix(t, y[:n]).trace())

    def tangent(t: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        given = has_given_tangent(field)
        moved = field.tangent(t, y[:n], v[:n]) if given else matrix(t, y[:n]) @ v[:n]
        return np.vstack([moved, np.zeros((1, v.shape[1]))])

    def derivative(t: float, y: np.ndarray) -> np.ndarray:
        inner, whole = matrix(t, y[:n]), np.zeros((n + 1, n + 1))
        whole[:n, :n] = dense(inner)
        return whole

    return Flow(velocity, derivative, stiff=is_stiff(field), tangent=tangent)


class _MapWalker(_Walker):
    """Tangents along a map."""

    error = 0.0

    def next_stretch(self, left: float) -> float:
        return min(left, max(1, int(self.span)))

    def advance(self, stretch: float) -> tuple[np.ndarray, np.ndarray, float]:
        start, count = round(self.clock) % self.system.n_steps, round(stretch)
        point, tangents = self.system.advance(
            self.point, count, start=start, tangents=self.tangents
        )
        if not self.with_divergence:
            return point, tangents, 0.0
        if count == 1:  # the tangents are orthonormal
            return point, tangents, _log_determinant(tangents)
        divergence, state, identity = 0.0, self.point, np.eye(point.size)
        for k in range(start, start + count):
            phase = k % self.system.n_steps
            state, matrix = self.system.advance(state, 1, start=phase, tangents=identity)
            divergence += _log_determinant(matrix)
        return point, tangents, divergence

    def shorten(self, stretch: float, change: float) -> bool:
        too_far = change > _MOST and stretch > 1
        if too_far:
            self.span = max(1, int(stretch) // 2)
        return too_far


def _log_determinant(matrix: np.ndarray) -> float:
    return float(np.linalg.slogdet(matrix)[1]) if np.isfinite(matrix).all() else math.inf


def _check(stepped, n, count, n_blocks, times) -> None:
    if not 1 <= count <= n:
        raise ValueError(f"n_exponents must lie between 1 and {n}, got {count!r}.")
    if n_blocks < 2:
        raise ValueError(f"n_blocks must be at least 2 for an error, got {n_blocks!r}.")
    for name, value in times.items():
        if not (value >= 0 if name == "transient" else value > 0) or not value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
        if stepped and value != round(value):
            raise ValueError(f"{name} must be whole steps of a map, got {value!r}.")
    if times["renormalize"] > times["block"] or (stepped and times["block"] % times["renormalize"]):
        raise ValueError(
            f"renormalize={times['renormalize']!r} must fit into block={times['block']!r}."
        )
