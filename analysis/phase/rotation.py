"""Rotation numbers by weighted Birkhoff averages, and the invariant circles of maps.

An average along a quasi-periodic orbit with the smooth weight exp(-1/(t (1 - t))) converges
faster than any power of its length; the plain average only as 1/length.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import real_array, unlabeled
from isochron.analysis.results import short_repr
from isochron.analysis.systems.angles import turning_variables
from isochron.analysis.systems.protocols import ForcedMap, is_map
from isochron.analysis.systems.scales import UNLIKE_ALONG, map_response, measure_scale
from isochron.analysis.systems.units import Units


def weighted_birkhoff_average(values: ArrayLike) -> np.ndarray:
    """Average over the first axis with the weight exp(-1/(t (1 - t))), 0 < t < 1.

    Parameters
    ----------
    values : array_like, shape (n_times, ...)
        Values of a function along an orbit, real or complex, at equal intervals of time.

    Returns
    -------
    ndarray, shape (...)
        Average in the unit of `values`.

    Raises
    ------
    ValueError
        If `values` is empty, or not numbers.

    References
    ----------
    Das, Sander, Saiki and Yorke (2017), Nonlinearity 30:4111, equation 4.

    Examples
    --------
    Mean of a cosine along a quasi-periodic orbit, which is 0:

    >>> golden = (np.sqrt(5) - 1) / 2
    >>> values = np.cos(2 * np.pi * golden * np.arange(500))
    >>> print(abs(values.mean()) > 1e-5, abs(analysis.weighted_birkhoff_average(values)) < 1e-13)
    True True
    """
    values = unlabeled(values, "values", 0)
    if not np.iscomplexobj(values):
        values = real_array(values, "values", finite=False)
    if not values.ndim or not len(values):
        raise ValueError("An average needs at least one time.")
    t = np.arange(1, len(values) + 1) / (len(values) + 1)
    weight = np.exp(-1 / (t * (1 - t)))
    return np.tensordot(weight / weight.sum(), values, axes=1)


@dataclass(frozen=True, kw_only=True)
class RotationNumber:
    """Turns per step or per period.

    Attributes
    ----------
    value : float
        Turns; not reduced modulo 1.
    uncertainty : float
        Difference between the values of the two halves of the orbit: an estimate of the error
        of each half, so usually far above that of `value`.

    Examples
    --------
    >>> number = analysis.rotation_number(2 * np.pi / 3 * np.arange(100))
    >>> number.value, number.near_ratio()
    (0.3333, Fraction(1, 3))
    >>> number.is_locked(1 / 3, tolerance=1e-6)
    True
    """

    value: float
    uncertainty: float

    def is_locked(self, ratio: float, *, tolerance: float) -> bool:
        """Whether the value is the ratio within a tolerance, and its uncertainty is as small.

        Parameters
        ----------
        ratio : float
            Turns per step or per period: m/n for n turns of a forcing in m of the system.
        tolerance : float
            Largest deviation from the ratio, and largest uncertainty, in turns.

        Returns
        -------
        bool
            False also if the value is too uncertain to tell.
        """
        return max(abs(self.value - ratio), self.uncertainty) <= tolerance

    def near_ratio(self) -> Fraction | None:
        """The simplest fraction within the error of the value, if it is simpler than by chance.

        Motion on a circle is quasi-periodic only if its rotation number is irrational; if it is
        a fraction p/q, the motion is locked to a cycle of q returns, which may be longer than was
        observed. At most 1 % of all numbers are within an error e of a fraction with a
        denominator up to 0.1 / √e: there are at most that many fractions of each denominator,
        each of width 2e.

        Returns
        -------
        Fraction or None
            None if the denominator is larger than that, as it is for most irrational numbers.
        """
        error = max(self.uncertainty, 1e-13 * max(1.0, abs(self.value)))
        if not (math.isfinite(error) and math.isfinite(self.value)):
            return None
        found = _simplest(Fraction(self.value - error), Fraction(self.value + error))
        return found if found.denominator <= 0.1 / math.sqrt(error) else None


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator in an interval, by continued fractions."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    whole -= 1
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole))


def rotation_number(phases: ArrayLike) -> RotationNumber:
    """Mean advance of a phase from one sample to the next, in turns.

    Parameters
    ----------
    phases : array_like, shape (n_times,)
        At least 8 phases in radians, unwrapped (a lift); see `numpy.unwrap` for phases that
        advance less than half a turn from one sample to the next. Omit the transient.

    Returns
    -------
    RotationNumber
        Turns per sample, not reduced modulo 1.

    Raises
    ------
    ValueError
        If there are fewer than 8 phases, one is not finite, or they are wrapped: steps larger
        than half a turn, and yet all within one turn.

    Examples
    --------
    A phase that advances by 0.618 turns on average, with a modulation that is not periodic in
    the samples:

    >>> golden = (np.sqrt(5) - 1) / 2
    >>> turns = golden * np.arange(200)
    >>> number = analysis.rotation_number(2 * np.pi * turns + 0.3 * np.sin(2 * np.pi * turns))
    >>> number.value
    0.6180339887
    """
    phases = real_array(phases, "phases", n_axes=1, least=8)
    steps = np.diff(phases) / (2 * math.pi)
    if np.ptp(phases) <= 2 * math.pi * (1 + 1e-9) and np.abs(steps).max() > 0.5:
        raise ValueError(
            "phases are wrapped: they jump by more than π within one turn, and their mean advance "
            "is lost. Give np.unwrap(phases), if they advance by less than π per sample."
        )
    half = steps.size // 2
    first, second = (float(weighted_birkhoff_average(part)) for part in np.split(steps, [half]))
    value = float(weighted_birkhoff_average(steps))
    return RotationNumber(value=value, uncertainty=abs(first - second))


@short_repr
@dataclass(frozen=True, kw_only=True)
class InvariantCircle:
    """A closed curve on which a map is a rotation: γ(φ) is mapped to γ(φ + 2πρ).

    Attributes
    ----------
    rotation : RotationNumber
        ρ, turns per return of the map.
    coefficients : ndarray of complex, shape (2 K + 1, n)
        c_k of γ(φ) = Σ c_k exp(i k φ), k from -K to K, in the unit of the state.
    residual : float
        Largest distance of the orbit from γ at its phases, relative to the size of the curve.

    Examples
    --------
    A circle of radius 2 about (1, 0), which a map turns by a tenth:

    >>> circle = analysis.InvariantCircle(
    ...     rotation=analysis.RotationNumber(value=0.1, uncertainty=0.0),
    ...     coefficients=np.array([[1, 1j], [1, 0], [1, -1j]]),
    ...     residual=0.0,
    ... )
    >>> circle([0, np.pi / 2]).round(4) + 0.0
    array([[3., 0.],
           [1., 2.]])
    >>> circle.tangent(0).round(4) + 0.0
    array([0., 2.])
    """

    rotation: RotationNumber
    coefficients: np.ndarray
    residual: float

    def in_units(self, units: Units) -> "InvariantCircle":
        """The same curve in scaled coordinates.

        Parameters
        ----------
        units : Units
            Scale of each variable, in the unit of the state.

        Returns
        -------
        InvariantCircle
            Curve of the state divided by the scale.
        """
        return replace(self, coefficients=self.coefficients / units.scale)

    def __call__(self, phases: ArrayLike) -> np.ndarray:
        """Points of the curve, shape (..., n)."""
        return evaluate_series(self.coefficients, phases)

    def tangent(self, phases: ArrayLike) -> np.ndarray:
        """Tangent of the curve, dγ/dφ.

        Parameters
        ----------
        phases : array_like, shape (...)
            φ in radians.

        Returns
        -------
        ndarray, shape (..., n)
            Units of state per radian.
        """
        return evaluate_series(1j * _orders(self.coefficients)[:, None] * self.coefficients, phases)


def find_invariant_circle(
    system: ForcedMap,
    start: ArrayLike,
    *,
    n_transient: int = 2000,
    n_returns: int = 4000,
    n_harmonics: int = 32,
    tolerance: float = 1e-8,
    scale: ArrayLike | None = None,
) -> InvariantCircle:
    """The attracting circle of a map without locking, as a Fourier series in its phase.

    The rotation number is that of the angle in the plane of the first two principal
    components; it gives every state of the orbit its phase, and the curve is fitted to the
    states.

    Parameters
    ----------
    system : ForcedMap
        Map of n dimensions. One return is its `n_steps` steps: a single step without a forcing;
        a period of the forcing, for an oscillator that the forcing does not lock.
    start : array_like, shape (n,)
        State in the basin of the circle, in the unit of the state.
    n_transient, n_returns : int
        Number of returns to discard, from 0, and to average over, at least 16 `n_harmonics`.
    n_harmonics : int
        Order K of the Fourier series, at least 1.
    tolerance : float
        Largest accepted residual, relative to the size of the curve.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the orbit by default.

    Returns
    -------
    InvariantCircle
        The curve, with a residual of at most `tolerance`.

    Raises
    ------
    TypeError
        If `system` is not a map.
    ValueError
        If a number is out of range, or `start` does not fit the map.
    ArithmeticError
        If the orbit diverges, rests, is locked (closes after a few returns: such a cycle does
        not have an intrinsic phase) or is not on a curve that goes once around its mean, if a
        variable is an angle, or if the series cannot be fitted.

    References
    ----------
    Das, Sander, Saiki and Yorke (2017), Nonlinearity 30:4111, section 4 (there the
    coefficients are weighted averages too; a fit needs a shorter orbit).

    Examples
    --------
    A map that turns by 2 rad and relaxes to the unit circle:

    >>> turn = np.array([[np.cos(2), -np.sin(2)], [np.sin(2), np.cos(2)]])
    >>> system = analysis.SteppedMap(
    ...     lambda k, x: turn @ x / np.sqrt(0.5 + 0.5 * x @ x), None, dimension=2
    ... )
    >>> circle = analysis.find_invariant_circle(
    ...     system, [1.5, 0.0], n_transient=100, n_returns=400, n_harmonics=8
    ... )
    >>> 2 * np.pi * circle.rotation.value
    2.0000
    >>> np.linalg.norm(circle([0.0, 1.0, 2.0]), axis=1).round(4)
    array([1., 1., 1.])
    """
    if min(n_transient, n_harmonics - 1) < 0 or n_returns < 16 * n_harmonics:
        raise ValueError(
            "Need n_transient >= 0, n_harmonics >= 1 and n_returns >= 16 n_harmonics, got "
            f"{n_transient!r}, {n_harmonics!r} and {n_returns!r}."
        )
    if not is_map(system):
        raise TypeError(
            "find_invariant_circle needs a map (ForcedMap); for a field use find_limit_cycle."
        )
    start = real_array(start, "start", n_axes=1)
    if start.size != system.dimension:
        raise ValueError(f"start must be {system.dimension} numbers, got {start.size}.")
    stride = system.n_steps
    state = system.advance(np.asarray(start, dtype=float), n_transient * stride)
    orbit = system.orbit(state, n_returns * stride)[::stride]
    if not np.isfinite(orbit).all():
        raise ArithmeticError("The orbit diverges. Use a different start.")
    turning = turning_variables(system, orbit)
    if turning:
        raise ArithmeticError(
            f"The variables of indices {turning} grow or fall without bound, and the map is "
            "2π-periodic in them: they are angles. Use rotation_number of an angle along the "
            "orbit, or a map of its cosine and sine."
        )
    known = np.concatenate([np.atleast_2d(start), orbit])
    response = map_response(system, start)
    units = Units(measure_scale(known, scale=scale, response=response, unlike=UNLIKE_ALONG))
    orbit = units.enter(orbit)
    centered = orbit - orbit.mean(axis=0)
    size = float(np.linalg.norm(centered, axis=1).max())
    _reject_rest_or_lock(orbit, size, 2 * n_harmonics + 1)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    angle = np.unwrap(np.angle(centered @ axes[0] + 1j * (centered @ axes[min(1, len(axes) - 1)])))
    if angle[-1] < angle[0]:
        angle = -angle
    rotation = rotation_number(angle)
    phases = 2 * math.pi * rotation.value * np.arange(len(orbit))
    coefficients = fourier_series(orbit, phases, n_harmonics)
    gap = evaluate_series(coefficients, phases) - orbit
    residual = float(np.linalg.norm(gap, axis=1).max()) / size
    if not residual <= tolerance:
        raise ArithmeticError(
            f"The orbit is off a smooth circle by {residual:.1e} of its size, above "
            f"{tolerance:.1e}. Raise n_transient, n_returns or n_harmonics; a chaotic orbit, or "
            "one that winds twice around its mean, is not on such a circle."
        )
    return InvariantCircle(
        rotation=rotation, coefficients=coefficients * units.scale, residual=residual
    )


def _reject_rest_or_lock(orbit: np.ndarray, size: float, most: int) -> None:
    if size <= 1e-9 * max(1.0, float(np.abs(orbit).max())):
        raise ArithmeticError(
            "The orbit rests, at a fixed point or on a cycle locked to the forcing; neither has an "
            "intrinsic phase. Use find_limit_cycle."
        )
    gaps = np.linalg.norm(orbit[1 : most + 1] - orbit[0], axis=1)
    if gaps.min() <= 1e-9 * size:
        k = int(np.argmin(gaps)) + 1
        raise ArithmeticError(
            f"The orbit closes after {k} returns: it is locked and does not have an intrinsic "
            f"phase. Use find_limit_cycle with subharmonic={k}."
        )


def fourier_series(values: np.ndarray, phases: np.ndarray, n_harmonics: int) -> np.ndarray:
    """Coefficients, shape (2 K + 1, n), of a function of the phase, by least squares.

    Raises
    ------
    ArithmeticError
        If they cannot be computed.
    """
    orders = np.arange(-n_harmonics, n_harmonics + 1)
    waves = np.exp(1j * np.multiply.outer(phases, orders))
    try:
        return np.linalg.lstsq(waves, values.astype(complex))[0]
    except np.linalg.LinAlgError as error:  # the singular values did not converge
        raise ArithmeticError(
            f"A Fourier series of {n_harmonics} harmonics cannot be fitted to {len(values)} "
            "values: their phases may leave gaps, as near locking. Use fewer harmonics or more "
            "values."
        ) from error


def evaluate_series(coefficients: np.ndarray, phases: ArrayLike) -> np.ndarray:
    """Real part of Σ c_k exp(i k φ), shape (..., n)."""
    waves = np.exp(1j * np.multiply.outer(np.asarray(phases, dtype=float), _orders(coefficients)))
    return np.real(waves @ coefficients)


def _orders(coefficients: np.ndarray) -> np.ndarray:
    most = len(coefficients) // 2
    return np.arange(-most, most + 1)
