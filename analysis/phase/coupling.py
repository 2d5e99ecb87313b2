"""Weakly coupled and weakly forced oscillators: averaged equations and their locked states.

Two phases that obey φ' = Ω + Z(φ)·p(φ, ψ) drift slowly against each other if the perturbation p is
small; averaging over one turn leaves an equation for their difference alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from isochron.analysis.arrays import require_finite
from isochron.analysis.phase.response import PhaseResponse
from isochron.analysis.results import short_repr
from isochron.analysis.systems.functions import Flow
from isochron.analysis.systems.protocols import VectorField
from isochron.arguments import require_callable, require_instance
from isochron.settings import check_type


@short_repr
@dataclass(frozen=True, kw_only=True)
class CouplingFunction:
    """H(χ): mean advance of a phase by a perturbation that lags behind it by χ.

    Attributes
    ----------
    lags : ndarray, shape (m,)
        χ from 0, evenly spaced over one turn, its end not included.
    values : ndarray, shape (m,)
        H in radians per unit of time.
    n, m : int
        Locking ratio: the lag is χ = φ - (m/n) ψ, where φ is the phase of the oscillator and ψ
        that of the other oscillator or the forcing.

    Examples
    --------
    Kuramoto's coupling H = -sin χ. Of two such oscillators the difference of phases obeys
    χ' = -2 sin χ:

    >>> lags = 2 * np.pi * np.arange(16) / 16
    >>> coupling = analysis.CouplingFunction(lags=lags, values=-np.sin(lags))
    >>> print(coupling(0.5).round(4), coupling.mutual()(0.5).round(4))
    -0.4794 -0.9589
    """

    lags: np.ndarray
    values: np.ndarray
    n: int = 1
    m: int = 1

    def __call__(self, lags: ArrayLike) -> np.ndarray:
        """H between the samples, by its Fourier series."""
        coefficients = np.fft.rfft(self.values) / self.values.size
        coefficients[1 : (self.values.size + 1) // 2] *= 2
        waves = np.exp(1j * np.multiply.outer(np.asarray(lags), np.arange(coefficients.size)))
        return np.real(waves @ coefficients)

    def mutual(self) -> "CouplingFunction":
        """H(χ) - H(-χ): velocity of the phase difference of two identical coupled oscillators."""
        mirrored = np.roll(self.values[::-1], 1)
        return CouplingFunction(lags=self.lags, values=self.values - mirrored, n=self.n, m=self.m)


@dataclass(frozen=True, kw_only=True)
class LockedState:
    """A lag that stays constant: there the two phases are locked.

    Attributes
    ----------
    lag : float
        χ in radians, in [0, 2π).
    exponent : float
        Rate at which a small deviation grows, per unit of time; stable if negative.

    Examples
    --------
    >>> analysis.LockedState(lag=0.0, exponent=-1.0).stable
    True
    """

    lag: float
    exponent: float

    @property
    def stable(self) -> bool:
        """Whether deviations shrink."""
        return self.exponent < 0


def phase_coupling_function(
    response: PhaseResponse,
    perturbation: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    n: int = 1,
    m: int = 1,
) -> CouplingFunction:
    """H(χ) = mean over φ of Z(φ)·p(φ, ψ), where the other phase is ψ = (n/m) (φ - χ).

    The mean is over m turns of φ, after which both phases have completed whole turns. The
    trapezoidal rule converges faster than any power of the number of nodes.

    Parameters
    ----------
    response : PhaseResponse
        Phase response of the oscillator that is perturbed, with n_nodes intervals.
    perturbation : callable
        ``perturbation(phase, other)``: change of its velocity, shape (m n_nodes, dimension),
        in units of state per unit of time, at its phases and those of the other oscillator or
        the forcing, each of shape (m n_nodes,) in radians.
    n, m : int
        Locking ratio, each at least 1: the other oscillator makes n turns while this one makes
        m.

    Returns
    -------
    CouplingFunction
        H at the n_nodes phases of the response, as lags.

    Raises
    ------
    ValueError
        If n or m is not a positive integer, or `perturbation` returns a different shape or
        values that are not finite.

    References
    ----------
    Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, section 5.2.

    Examples
    --------
    The oscillator z' = (1 + i) z - |z|² z, with a force 0.1 cos ψ on the real part. Its phase
    response is i z, so the mean of -sin φ · 0.1 cos(φ - χ) is -0.05 sin χ:

    >>> linear = np.array([[1, -1], [1, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * z,
    ...     lambda t, z: linear - z @ z * np.eye(2) - 2 * np.outer(z, z),
    ... )
    >>> cycle = analysis.find_limit_cycle(system, [1.0, 0.0], period_guess=6)
    >>> response = analysis.find_phase_response(system, cycle, n_nodes=64)
    >>> coupling = analysis.phase_coupling_function(
    ...     response, lambda phase, other: np.c_[0.1 * np.cos(other), 0 * other]
    ... )
    >>> np.allclose(coupling.values, -0.05 * np.sin(coupling.lags), atol=1e-6)
    True
    """
    if n != int(n) or m != int(m) or min(n, m) < 1:
        raise ValueError(f"n and m must be integers from 1, got {n!r} and {m!r}.")
    require_instance("response", response, PhaseResponse, "analysis.phase_response(cycle)")
    require_callable("perturbation", perturbation, "lambda phase, other: ...")
    own, z = response.phases[:-1], response.response[:-1]
    phases = np.concatenate([own + 2 * math.pi * turn for turn in range(m)])
    z = np.tile(z, (m, 1))

    def perturbed(lag: float) -> np.ndarray:
        change = np.asarray(perturbation(phases, n / m * (phases - lag)), dtype=float)
        if change.shape != z.shape:
            raise ValueError(
                f"perturbation must return shape {z.shape} (phases, dimension of the state), got "
                f"{change.shape}."
            )
        return change

    values = np.array([np.mean(np.sum(z * perturbed(lag), axis=1)) for lag in own])
    require_finite(values, "The coupling function")
    return CouplingFunction(lags=own, values=values, n=n, m=m)


def find_locked_states(
    coupling: CouplingFunction, detuning: float = 0.0
) -> tuple[LockedState, ...]:
    """Zeros of χ' = detuning + H(χ), stable and unstable.

    Parameters
    ----------
    coupling : CouplingFunction
        H of a forced oscillator; for two oscillators that act on each other, its `mutual()`.
    detuning : float
        Ω - (m/n) Ω_other, radians per unit of time: the intrinsic angular velocity less that at
        which it would lock.

    Returns
    -------
    tuple of LockedState
        Ordered by lag; empty if nothing locks. A lag at which the sum touches zero without a
        change of sign (the edge of the tongue) is not found.

    Raises
    ------
    ValueError
        If the detuning is not finite, or every lag is a locked state: H is constant and
        cancels the detuning.

    Examples
    --------
    χ' = 0.5 - sin χ is 0 at π/6 (stable) and at 5π/6:

    >>> lags = 2 * np.pi * np.arange(16) / 16
    >>> coupling = analysis.CouplingFunction(lags=lags, values=-np.sin(lags))
    >>> for state in analysis.find_locked_states(coupling, detuning=0.5):
    ...     print(round(state.lag / np.pi, 4), round(state.exponent, 4), state.stable)
    0.1667 -0.866 True
    0.8333 0.866 False
    """
    require_instance("coupling", coupling, CouplingFunction, "phase_coupling_function(...)")
    check_type("detuning", detuning, float)
    if not math.isfinite(detuning):
        raise ValueError(f"detuning must be finite (radians per unit of time), got {detuning!r}.")

    def velocity(lag: float) -> float:
        return detuning + float(coupling(lag))

    fine = np.linspace(0, 2 * math.pi, 8 * coupling.lags.size + 1) - 1e-3
    values = detuning + coupling(fine)
    size = max(abs(detuning), float(np.abs(coupling.values).max()))
    if np.abs(values).max() <= 1e-12 * size or not size:
        raise ValueError(
            "detuning + H is 0 at every lag: any lag stays constant, and none is selected. Check "
            "that the perturbation acts on a variable to which the phase responds."
        )
    states = []
    for k in np.flatnonzero((values[:-1] < 0) != (values[1:] < 0)):
        lag = optimize.root_scalar(velocity, bracket=fine[k : k + 2], xtol=1e-14).root
        slope = (velocity(lag + 1e-5) - velocity(lag - 1e-5)) / 2e-5
        states.append(LockedState(lag=lag % (2 * math.pi), exponent=slope))
    return tuple(sorted(states, key=lambda state: state.lag))


def locking_range(coupling: CouplingFunction) -> tuple[float, float]:
    """Least and greatest detuning at which a locked state exists: -max H and -min H.

    Parameters
    ----------
    coupling : CouplingFunction
        As in `find_locked_states`.

    Returns
    -------
    low, high : float
        Ends of the range of Ω - (m/n) Ω_other, radians per unit of time.

    Raises
    ------
    TypeError
        If `coupling` is something else.

    Examples
    --------
    >>> lags = 2 * np.pi * np.arange(16) / 16
    >>> coupling = analysis.CouplingFunction(lags=lags, values=0.2 - np.sin(lags))
    >>> analysis.locking_range(coupling)
    (-1.2, 0.8)
    """
    require_instance("coupling", coupling, CouplingFunction, "phase_coupling_function(...)")
    fine = coupling(np.linspace(0, 2 * math.pi, 64 * coupling.lags.size, endpoint=False))
    return float(-fine.max()), float(-fine.min())


def fixed_radius_field(
    field: VectorField, *, radius: float, angular_velocity: float, center: ArrayLike = (0.0, 0.0)
) -> Flow:
    """A forced planar field reduced to its angle, at one radius, in a turning frame.

    With x = center + r e(θ) and θ = Ωt + ψ, the angle obeys ψ' = e'(θ)·field(t, x)/r - Ω. Its
    periodic orbits over one period of the forcing, 2π/Ω, are the locked states of the
    reduction: `find_limit_cycle(reduced, [psi], period=...)` finds both kinds. It is the phase
    model whose response is Z = e'(θ)/r, as if the radius relaxed at once; nothing is averaged.

    Parameters
    ----------
    field : VectorField
        Two-dimensional.
    radius : float
        r, mean radius of the cycle, in the unit of the state.
    angular_velocity : float
        Ω of the frame, radians per unit of time; that of the forcing for 1:1 locking.
    center : array_like, shape (2,)
        Center of the circle, in the unit of the state.

    Returns
    -------
    Flow
        Field of one dimension, ψ in radians.

    Raises
    ------
    ValueError
        If the field is not two-dimensional, or a number is out of range.

    References
    ----------
    Pals, Macke and Barak (2024), bioRxiv 2023.04.11.536352.

    Examples
    --------
    z' = (1 + i) z - |z|² z + 0.1 cos(t), forced at its intrinsic frequency, locks at ψ = 0. The
    multiplier of ψ' = -0.05 sin ψ over one period is exp(-0.05 · 2π):

    >>> linear = np.array([[1, -1], [1, 1]])
    >>> forced = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * z + [0.1 * np.cos(t), 0],
    ...     lambda t, z: linear - z @ z * np.eye(2) - 2 * np.outer(z, z),
    ... )
    >>> reduced = analysis.fixed_radius_field(forced, radius=1.0, angular_velocity=1.0)
    >>> cycle = analysis.find_limit_cycle(reduced, [0.2], period=2 * np.pi)
    >>> np.abs(cycle.multipliers).round(3), round(float(np.exp(-0.1 * np.pi)), 3)
    (array([0.73]), 0.73)
    """
    require_callable("field", field, "lambda t, x: ...")
    check_type("radius", radius, float)
    check_type("angular_velocity", angular_velocity, float)
    if not 0 < radius < math.inf:
        raise ValueError(f"radius must be positive, got {radius!r}.")
    if not math.isfinite(angular_velocity):
        raise ValueError(
            f"angular_velocity must be finite (radians per unit of time), got {angular_velocity!r}."
        )
    origin = np.asarray(center, dtype=float)
    if origin.shape != (2,) or not np.isfinite(origin).all():
        raise ValueError(f"center must be two finite numbers, got {center!r}.")
    if np.shape(field(0.0, origin + [radius, 0.0])) != (2,):
        raise ValueError("field must be two-dimensional: its velocity must have shape (2,).")

    def frame(t: float, psi: np.ndarray):
        theta = angular_velocity * t + float(psi[0])
        outward = np.array([math.cos(theta), math.sin(theta)])
        return outward, np.array([-outward[1], outward[0]])

    def velocity(t: float, psi: np.ndarray) -> np.ndarray:
        outward, along = frame(t, psi)
        return np.array([along @ field(t, origin + radius * outward) / radius - angular_velocity])

    def derivative(t: float, psi: np.ndarray) -> np.ndarray:
        outward, along = frame(t, psi)
        point = origin + radius * outward
        slope = along @ (field.jacobian(t, point) @ along) - outward @ field(t, point) / radius
        return np.array([[slope]])

    return Flow(velocity, derivative)
