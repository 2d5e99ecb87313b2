"""Asymptotic phase of any state, and so the isochrons: the states that end up in step."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.systems import VectorField


def difference_of_phases(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """first - second, wrapped into (-π, π]."""
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    return math.pi - (math.pi - difference) % (2 * math.pi)


def asymptotic_phase(
    field: VectorField,
    cycle: LimitCycle,
    states: ArrayLike,
    *,
    max_periods: int = 50,
    settled: float = 1e-10,
    rtol: float = 1e-11,
    vectorised: bool = False,
) -> np.ndarray:
    """Phase of the point on a stable cycle that a state finally moves along with.

    The state is followed for whole periods until it is on the cycle, and its place there is
    measured; isochrons are the level lines of the result.

    Parameters
    ----------
    field : VectorField
        Autonomous.
    cycle : LimitCycle
        Stable; phase 0 is at ``cycle.point``.
    states : array_like, shape (..., n)
    max_periods : int
        How long to wait. Each period shrinks the distance by the largest multiplier.
    settled : float
        Distance from the cycle, relative to its size, that counts as on it. The error of the
        phase in radians is of this order.
    rtol : float
        Relative tolerance of the integration.
    vectorised : bool
        Whether ``field(t, x)`` takes x of shape (m, n); then all states are followed together,
        which is much faster for a grid.

    Returns
    -------
    ndarray, shape (...)
        Radians in [0, 2π); NaN for states that do not come to the cycle.

    Raises
    ------
    ValueError
        If the cycle is not a stable autonomous one, or the last axis is not its dimension.

    References
    ----------
    Guckenheimer (1975), Journal of Mathematical Biology 1:259.
    """
    states = np.array(states, dtype=float)
    if not (cycle.found and cycle.autonomous and cycle.stable):
        raise ValueError(
            "An asymptotic phase needs a stable autonomous cycle that was found, with its "
            "multipliers computed."
        )
    if states.shape[-1:] != cycle.point.shape:
        raise ValueError(f"states must have {cycle.point.size} columns, got {states.shape}.")
    if not settled >= 1e-13:
        raise ValueError(f"settled must be at least 1e-13, got {settled!r}.")
    flat = states.reshape(-1, states.shape[-1])
    place = _Place(field, cycle)
    if vectorised:
        phases = _follow(field, place, flat, max_periods, settled, rtol)
    else:
        rows = [_follow(field, place, row[None], max_periods, settled, rtol) for row in flat]
        phases = np.concatenate(rows) if rows else np.empty(0)
    return phases.reshape(states.shape[:-1])


def _follow(field, place, states, max_periods, settled, rtol):
    """Phases of states, shape (m, n), integrated together, period by period."""
    phases = np.full(len(states), math.nan)
    waiting = np.arange(len(states))
    for _ in range(max_periods + 1):
        near = place.distance(states) < 0.1
        for k in np.flatnonzero(near):
            phase, distance = place.phase(states[k])
            if distance < settled:
                phases[waiting[k]] = phase
        left = np.isnan(phases[waiting])
        waiting, states = waiting[left], states[left]
        if not waiting.size:
            break
        states = _advance(field, states, place.period, rtol)
        finite = np.isfinite(states).all(axis=1)
        waiting, states = waiting[finite], states[finite]
    return phases


def _advance(field, states, duration, rtol):
    """States after a time; NaN where the integration fails."""
    shape = states.shape
    options: dict[str, Any] = {"rtol": rtol, "atol": rtol * 1e-2, "method": "DOP853"}
    if len(states) == 1 and getattr(field, "stiff", False):
        options |= {"method": "Radau", "jac": field.jacobian}

    def velocity(t, x):
        x = x if len(states) == 1 else x.reshape(shape)
        return np.asarray(field(t, x)).ravel()

    with np.errstate(over="ignore", invalid="ignore"):
        solution = solve_ivp(velocity, (0.0, duration), states.ravel(), **options)
    if solution.success:
        return solution.y[:, -1].reshape(shape)
    return np.full(shape, math.nan)


class _Place:
    """Where on a cycle a nearby state is."""

    def __init__(self, field: VectorField, cycle: LimitCycle) -> None:
        self.field: Any = field
        self.period = cycle.period
        self.times, self.states = cycle.times[:-1], cycle.states[:-1]
        self.size = float(np.linalg.norm(self.states - self.states.mean(axis=0), axis=1).max())

    def distance(self, states: np.ndarray) -> np.ndarray:
        """Distance of each state from the nearest node, relative to the size of the cycle."""
        return np.array([np.linalg.norm(self.states - x, axis=1).min() for x in states]) / self.size

    def phase(self, state: np.ndarray) -> tuple[float, float]:
        """Phase of the nearest point of the cycle, and its relative distance."""
        k = int(np.argmin(np.linalg.norm(self.states - state, axis=1)))
        shift, point = 0.0, self.states[k]
        for _ in range(20):
            velocity = self.field(0.0, point)
            move = velocity @ (state - point) / (velocity @ velocity)
            if abs(move) <= 1e-14 * self.period:
                break
            shift += float(np.clip(move, -0.05 * self.period, 0.05 * self.period))
            point = self._after(self.states[k], shift)
        phase = 2 * math.pi * ((self.times[k] + shift) / self.period % 1.0)
        return phase, float(np.linalg.norm(state - point)) / self.size

    def _after(self, state: np.ndarray, duration: float) -> np.ndarray:
        """The state a short time, perhaps negative, later."""
        method = "Radau" if getattr(self.field, "stiff", False) else "DOP853"
        solution = solve_ivp(
            self.field, (0.0, duration), state, method=method, rtol=1e-12, atol=1e-14
        )
        return solution.y[:, -1]
