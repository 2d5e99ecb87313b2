"""Limit cycles by shooting: Newton's method on the return map, dense or Newton-Krylov."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, gmres

from isochron.analysis.floquet import DENSE_LIMIT, ReturnMap, floquet_multipliers
from isochron.analysis.flow import flow
from isochron.analysis.systems import System

STABILITY_MARGIN = 1e-6
WRONG_DERIVATIVE = 0.05


@dataclass(frozen=True, kw_only=True)
class LimitCycle:
    """A periodic orbit, or the account of a search that found none.

    Attributes
    ----------
    found : bool
        Whether the search converged; nothing else is meaningful if it did not.
    message : str
        How it was found, or why it was not and what to try.
    period : float
        In the time unit of the system (ms for ours).
    times : ndarray, shape (m,)
        From 0 to `period`.
    states : ndarray, shape (m, n)
        The orbit; the first state is the point that was solved for.
    residual : float
        Closure |x(T) - x(0)|, relative to the size of the orbit.
    multipliers : ndarray of complex
        Floquet multipliers, largest modulus first; all, or the leading ones.
    autonomous : bool
        Whether one of them is the trivial 1.
    checks : dict of str to float
        Independent checks: ``trivial_multiplier`` (distance of the nearest one from 1) and
        ``difference_quotient`` (the derivative of the return map against a finite
        difference in a random direction, relative).
    """

    found: bool
    message: str
    period: float = math.nan
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    states: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    residual: float = math.nan
    multipliers: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=complex))
    autonomous: bool = False
    checks: dict[str, float] = field(default_factory=dict)

    @property
    def point(self) -> np.ndarray:
        """A state on the cycle, shape (n,)."""
        return self.states[0]

    @property
    def nontrivial_multipliers(self) -> np.ndarray:
        """The multipliers without the trivial one of an autonomous cycle."""
        if not self.autonomous:
            return self.multipliers
        return np.delete(self.multipliers, np.argmin(np.abs(self.multipliers - 1)))

    @property
    def largest_multiplier(self) -> float:
        """Largest modulus of a non-trivial multiplier; 0 in one autonomous dimension."""
        return float(np.max(np.abs(self.nontrivial_multipliers), initial=0.0))

    @property
    def stable(self) -> bool:
        """Whether all non-trivial multipliers lie inside the unit circle, as far as computed."""
        known = self.found and self.multipliers.size > 0
        return known and self.largest_multiplier < 1 - STABILITY_MARGIN


def find_limit_cycle(
    system: System,
    start: ArrayLike,
    *,
    period: float | None = None,
    max_period: float | None = None,
    period_guess: float | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 12,
    rtol: float | None = None,
    n_multipliers: int | None = None,
    verify: bool = True,
) -> LimitCycle:
    """Find the limit cycle near a state.

    A driven map, or a vector field with a forcing `period`, is solved for a fixed point of
    its return map; an autonomous vector field for a point and its period, with the phase
    fixed by the plane through the start, normal to the flow.

    Parameters
    ----------
    system : VectorField or DrivenMap
    start : ndarray, shape (n,)
        A state near the cycle, best from a simulation after its transient.
    period : float, optional
        Forcing period of a driven vector field. A map brings its own.
    max_period : float, optional
        Of an autonomous vector field: how long to wait for the first return.
    period_guess : float, optional
        Of an autonomous vector field: about how long the period is, instead of waiting for a
        return; an unstable cycle, which a simulation leaves, needs it.
    tolerance : float
        Largest accepted closure, relative to the size of the orbit.
    max_iterations : int
        Of Newton's method.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.
    n_multipliers : int, optional
        How many of the leading multipliers to compute; 0 for none. By default as many as
        `floquet_multipliers` gives.
    verify : bool
        Check the derivative of the return map against a finite difference.

    Returns
    -------
    LimitCycle
        With ``found=False`` and a message if the search does not converge.

    Raises
    ------
    ValueError
        If an autonomous vector field comes without `max_period` or `period_guess`.

    References
    ----------
    Lust, Roose, Spence and Champneys (1998), SIAM Journal on Scientific Computing 19:1188.
    """
    start = np.array(start, dtype=float)
    driven = hasattr(system, "advance") or period is not None
    if not driven and max_period is None and period_guess is None:
        raise ValueError(
            "An autonomous vector field needs max_period, how long to wait for the first "
            "return, or period_guess."
        )
    try:
        if driven:
            back = ReturnMap(system, period, rtol)
            point, iterations = _shoot_driven(back, start, tolerance, max_iterations)
        else:
            guess = period_guess or _first_return(system, start, max_period, rtol)
            back = ReturnMap(system, guess, rtol)
            point, iterations = _shoot_autonomous(back, start, tolerance, max_iterations)
        cycle = _describe(back, point, iterations, not driven, tolerance)
        return _add_multipliers(back, cycle, n_multipliers, verify)
    except (_NotFoundError, ArithmeticError, np.linalg.LinAlgError) as error:
        return LimitCycle(found=False, message=str(error))


class _NotFoundError(Exception):
    pass


def _first_return(system: Any, start: np.ndarray, max_period: Any, rtol: float | None) -> float:
    """Time of the closest upward crossing of the plane through the start, normal to the flow."""
    times = np.linspace(0, max_period, 2001)
    states = flow(system, start, max_period, times=times, rtol=rtol)
    height = (states - start) @ system(0.0, start)
    crossings = 1 + np.flatnonzero((height[1:-1] < 0) & (height[2:] >= 0))
    if not crossings.size:
        raise _NotFoundError(
            f"The orbit does not return within max_period={max_period:g}. Raise max_period, "
            "or start from a state on the rhythm, after its transient."
        )
    distance = np.linalg.norm(states[crossings] - start, axis=1)
    nearby = distance <= 2 * distance.min() + 0.05 * _size(states)
    k = crossings[np.argmax(nearby)]
    fraction = -height[k] / (height[k + 1] - height[k])
    return times[k] + fraction * (times[k + 1] - times[k])


def _shoot_autonomous(back, start, tolerance, max_iterations):
    """Newton on (x, T) with x(T) = x and f(start).(x - start) = 0.

    The matrix is kept from one iteration to the next while it halves the residual.
    """
    point, normal, n = start, back.system(0.0, start), start.size
    normal = normal / np.linalg.norm(normal)
    size = _size(back.samples(start)[1])
    matrix, last = None, math.inf
    for iteration in range(max_iterations):
        if matrix is None:
            end, monodromy = back(point, np.eye(n))
            matrix = np.zeros((n + 1, n + 1))
            matrix[:n, :n] = monodromy - np.eye(n)
            matrix[:n, n] = back.system(back.period, end)
            matrix[n, :n] = normal
        else:
            end = back(point)
        gap = np.append(end - point, normal @ (point - start))
        error = np.linalg.norm(gap[:n]) / size
        if error < tolerance:
            return point, iteration
        move = np.linalg.solve(matrix, -gap)
        point, back.period = point + move[:n], back.period + move[n]
        if not 0 < back.period < math.inf:
            break
        if error > 0.5 * last:
            matrix = None
        last = error
    raise _NotFoundError(_advice(max_iterations))


def _shoot_driven(back, start, tolerance, max_iterations):
    point, n = start, start.size
    size, last = None, math.inf
    for iteration in range(max_iterations):
        if back.is_map and n > DENSE_LIMIT:
            gap = back(point) - point
            solve = _krylov_solver
        else:
            end, monodromy = back(point, np.eye(n))
            gap = end - point
            solve = _dense_solver(monodromy)
        if not np.isfinite(gap).all():
            break
        size = size or _size(back.samples(point)[1])
        error = float(np.linalg.norm(gap)) / size
        if error <= tolerance:
            return point, iteration
        if error > 1e3 * max(last, 1e-3):
            break
        last = error
        point = point + solve(back, point, gap)
    raise _NotFoundError(_advice(max_iterations))


def _dense_solver(monodromy):
    matrix = np.eye(len(monodromy)) - monodromy
    return lambda back, point, gap: np.linalg.solve(matrix, gap)


def _krylov_solver(back, point, gap):
    derivative = back.derivative(point)
    n = point.size
    matrix = LinearOperator((n, n), matvec=lambda v: v - derivative @ v, dtype=float)  # type: ignore[call-arg]
    move, _ = gmres(matrix, gap, rtol=1e-6, restart=25, maxiter=1)
    return move


def _advice(max_iterations):
    return (
        f"Newton's method did not converge in {max_iterations} iterations. Start nearer to the "
        "cycle (simulate longer), or raise max_iterations or tolerance."
    )


def _describe(back, point, iterations, autonomous, tolerance):
    times, states = back.samples(point)
    size = _size(states)
    residual = float(np.linalg.norm(states[-1] - states[0]) / size)
    if residual > 10 * tolerance:
        raise _NotFoundError(
            f"The orbit closes only to {residual:.1e} of its size. Lower rtol or raise tolerance."
        )
    if autonomous and size < 1e-6 * max(1.0, float(np.abs(point).max())):
        raise _NotFoundError("The orbit has shrunk to a fixed point; there is no cycle here.")
    return LimitCycle(
        found=True,
        message=f"shooting, {iterations} Newton iterations",
        period=back.period,
        times=times,
        states=states,
        residual=residual,
        autonomous=autonomous,
    )


def _add_multipliers(back, cycle, count, verify):
    if count == 0:
        return cycle
    period = None if back.is_map else back.period
    multipliers = floquet_multipliers(
        back.system, cycle.point, period, n_leading=count, rtol=back.rtol
    )
    checks = {}
    if cycle.autonomous:
        checks["trivial_multiplier"] = float(np.min(np.abs(multipliers - 1)))
    if verify:
        checks["difference_quotient"] = error = _difference_quotient(back, cycle, multipliers)
        if error > WRONG_DERIVATIVE:
            raise _NotFoundError(
                f"An orbit closes, but its derivative is off by {error:.1e} from a finite "
                "difference, so its multipliers would be wrong. Check the Jacobian."
            )
    return replace(cycle, multipliers=multipliers, checks=checks)


def _difference_quotient(back, cycle, multipliers):
    """Relative error of the derivative of the return map in one random direction.

    What has shrunk to less than a hundredth is compared with that hundredth.
    """
    point, size = cycle.point, _size(cycle.states)
    direction = np.random.default_rng(0).standard_normal((point.size, 1))
    direction *= size / np.linalg.norm(direction)
    exact = back(point, direction)[1].ravel()
    step = 1e-5 / max(1.0, float(np.abs(multipliers).max()))
    up, down = (back(point + sign * step * direction.ravel()) for sign in (1, -1))
    error = np.linalg.norm((up - down) / (2 * step) - exact)
    return float(error / max(float(np.linalg.norm(exact)), size / 100))


def _size(states: np.ndarray) -> float:
    """Largest distance of an orbit from its mean; its norm if it does not move."""
    spread = np.linalg.norm(states - states.mean(axis=0), axis=1).max()
    return float(spread) or max(1.0, float(np.linalg.norm(states[0])))
