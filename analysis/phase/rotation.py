"""Rotation numbers by weighted Birkhoff averages, and the invariant circles of maps.

An average along a quasi-periodic orbit with the smooth weight exp(-1/(t (1 - t))) converges
faster than any power of its length; the plain average only as 1/length.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import real_array
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
        A function along an orbit, real or complex.

    Returns
    -------
    ndarray, shape (...)

    References
    ----------
    Das, Sander, Saiki and Yorke (2017), Nonlinearity 30:4111, equation 4.
    """
    values = np.asarray(values)
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
    """

    value: float
    uncertainty: float

    def is_locked(self, ratio: float, *, tolerance: float) -> bool:
        """Whether the value is the ratio within a tolerance, and known that well."""
        return max(abs(self.value - ratio), self.uncertainty) <= tolerance

    def near_ratio(self) -> Fraction | None:
        """The simplest fraction within the error of the value, if it is simpler than by chance.

        Motion on a circle is quasi-periodic only if its rotation number is irrational; of a
        fraction p/q, it is locked to a cycle of q returns, which may be longer than was observed.
        Of all numbers, 1 % or less are within an error e of a fraction with a denominator up to
        0.1 / √e: at most that many fractions of each denominator, each of width 2e.

        Returns
        -------
        Fraction or None
            None if the denominator is larger than that, as that of most irrational numbers is.
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
        In radians, unwrapped (a lift); see `numpy.unwrap` for phases that advance less than
        half a turn from one sample to the next. Best after the transient.

    Returns
    -------
    RotationNumber

    Raises
    ------
    ValueError
        If there are fewer than 8 phases, one is not finite, or they are wrapped: steps larger
        than half a turn, and yet all within one turn.
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
    """A closed curve on which a map turns: γ(φ) goes to γ(φ + 2πρ).

    Attributes
    ----------
    rotation : RotationNumber
        ρ, turns per return of the map.
    coefficients : ndarray of complex, shape (2 K + 1, n)
        γ(φ) = Σ c_k exp(i k φ), k from -K to K.
    residual : float
        Largest distance of the orbit from γ at its phases, relative to the size of the curve.
    """

    rotation: RotationNumber
    coefficients: np.ndarray
    residual: float

    def in_units(self, units: Units) -> "InvariantCircle":
        """The same curve in scaled coordinates."""
        return replace(self, coefficients=self.coefficients / units.scale)

    def __call__(self, phases: ArrayLike) -> np.ndarray:
        """Points of the curve, shape (..., n)."""
        return evaluate_series(self.coefficients, phases)

    def tangent(self, phases: ArrayLike) -> np.ndarray:
        """dγ/dφ, shape (..., n)."""
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
    """The attracting circle of a map without locking, as a Fourier series of its own phase.

    The rotation number is that of the angle in the plane of the first two principal
    components; it gives every state of the orbit its phase, and the curve is fitted to them.

    Parameters
    ----------
    system : ForcedMap
        One return is its `n_steps` steps: a single step without a forcing; a period of the
        forcing, for an oscillator that the forcing does not lock.
    start : array_like, shape (n,)
    n_transient, n_returns : int
        Returns to throw away and to average over.
    n_harmonics : int
        K.
    tolerance : float
        Largest accepted residual.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the orbit by default.

    Returns
    -------
    InvariantCircle

    Raises
    ------
    TypeError
        If `system` is not a map.
    ValueError
        If a number is out of range, or `start` does not fit the map.
    ArithmeticError
        If the orbit diverges, rests, is locked (closes after a few returns: such a cycle has no
        phase of its own) or is not on a curve that goes once around its mean, if a variable is
        an angle, or if the series cannot be fitted.

    References
    ----------
    Das, Sander, Saiki and Yorke (2017), Nonlinearity 30:4111, section 4 (there the
    coefficients are weighted averages too; a fit needs a shorter orbit).
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
        raise ArithmeticError("The orbit diverges; start elsewhere.")
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
    centred = orbit - orbit.mean(axis=0)
    size = float(np.linalg.norm(centred, axis=1).max())
    _reject_rest_or_lock(orbit, size, 2 * n_harmonics + 1)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    angle = np.unwrap(np.angle(centred @ axes[0] + 1j * (centred @ axes[min(1, len(axes) - 1)])))
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
            "one that winds twice around its mean, has no such circle."
        )
    return InvariantCircle(
        rotation=rotation, coefficients=coefficients * units.scale, residual=residual
    )


def _reject_rest_or_lock(orbit: np.ndarray, size: float, most: int) -> None:
    if size <= 1e-9 * max(1.0, float(np.abs(orbit).max())):
        raise ArithmeticError(
            "The orbit rests, at a fixed point or on a cycle locked to the forcing; neither has a "
            "phase of its own. Use find_limit_cycle."
        )
    gaps = np.linalg.norm(orbit[1 : most + 1] - orbit[0], axis=1)
    if gaps.min() <= 1e-9 * size:
        k = int(np.argmin(gaps)) + 1
        raise ArithmeticError(
            f"The orbit closes after {k} returns: it is locked, and has no phase of its own. Use "
            f"find_limit_cycle with subharmonic={k}."
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
