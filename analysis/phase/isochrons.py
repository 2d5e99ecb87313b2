"""Asymptotic phase of any state, and so isochrons: sets of states of equal asymptotic phase."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp
from scipy.interpolate import BPoly
from scipy.spatial import KDTree

from isochron.analysis.arrays import as_angles, real_array
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import VectorField, is_map, is_stiff
from isochron.analysis.systems.scales import measure_scale
from isochron.analysis.systems.units import Units

_SAFETY = 3  # times the estimated distance of a given cycle from the true one


def difference_of_phases(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """first - second, wrapped into (-π, π], element by element.

    Parameters
    ----------
    first, second : array_like, shape (...)
        Phases in radians, wrapped or not; the two shapes are broadcast. A complex array is taken
        as an analytic signal, by its angle. NaN is allowed.

    Returns
    -------
    ndarray, shape (...)
        Radians, in (-π, π]; NaN where a phase is.

    Examples
    --------
    >>> analysis.difference_of_phases([0.1, 3.0], [6.2, -3.0]).round(4)
    array([ 0.1832, -0.2832])
    """
    difference = as_angles(first, "first", finite=False) - as_angles(second, "second", finite=False)
    return math.pi - (math.pi - difference) % (2 * math.pi)


def asymptotic_phase(
    field: VectorField,
    cycle: LimitCycle,
    states: ArrayLike,
    *,
    max_periods: int = 50,
    convergence_tolerance: float = 1e-10,
    rtol: float = 1e-11,
    vectorized: bool = False,
) -> np.ndarray:
    """Phase of a state: that of the point on a stable cycle to which its trajectory converges.

    The state is followed for whole periods until it is on the cycle, and its phase there is
    measured; isochrons are the level lines of the result.

    Parameters
    ----------
    field : VectorField
        Autonomous, of n dimensions.
    cycle : LimitCycle
        Stable cycle of the field; phase 0 is at ``cycle.point``.
    states : array_like, shape (..., n)
        States whose phases are computed, in the unit of the cycle.
    max_periods : int
        Largest number of periods to follow, from 0. Each period shrinks the distance by the
        largest nontrivial multiplier.
    convergence_tolerance : float
        Distance from the cycle, relative to its size, that counts as on it, at least 1e-13. The
        error of the phase in radians is of this order. If the cycle itself is known less
        accurately, by its residual, that accuracy counts instead.
    rtol : float
        Relative tolerance of the integration.
    vectorized : bool
        Whether ``field(t, x)`` takes x of shape (m, n); then all states are followed together,
        which is much faster for a grid.

    Returns
    -------
    ndarray, shape (...)
        Radians in [0, 2π); NaN for states that do not converge to the cycle.

    Raises
    ------
    TypeError
        If `cycle` is not a `LimitCycle`, or `field` is a map.
    ValueError
        If the cycle is not a stable autonomous cycle of the field, the last axis of the states
        is not its dimension, the states are complex, or a number is out of range.

    References
    ----------
    Guckenheimer (1975), Journal of Mathematical Biology 1:259.

    Examples
    --------
    z' = (1 + i) z - (1 + i/2) |z|² z: the cycle is |z| = 1, and its isochrons are the spirals
    arg z - ln|z| / 2 = constant.

    >>> linear, cubic = np.array([[1, -1], [1, 1]]), np.array([[1, -0.5], [0.5, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * cubic @ z,
    ...     lambda t, z: linear - z @ z * cubic - 2 * np.outer(cubic @ z, z),
    ... )
    >>> cycle = analysis.find_limit_cycle(system, [1.0, 0.0], period_guess=12)
    >>> radius = np.array([0.5, 1.0, 2.0])
    >>> states = np.outer(radius, [np.cos(1), np.sin(1)])
    >>> analysis.asymptotic_phase(system, cycle, states).round(4)
    array([1.3466, 1.    , 0.6534])
    >>> (1 - np.log(radius) / 2).round(4)
    array([1.3466, 1.    , 0.6534])
    """
    states = real_array(states, "states", finite=False)
    if not isinstance(cycle, LimitCycle):
        raise TypeError(
            f"An asymptotic phase needs a LimitCycle, as find_limit_cycle returns it; got "
            f"{type(cycle).__name__}."
        )
    if is_map(field):
        raise TypeError(
            "An asymptotic phase needs a field (Flow), not a map. For a map that represents a flow "
            "use perturbed_phase_response, for an invariant circle find_map_phase_response."
        )
    if not (cycle.found and cycle.autonomous and cycle.stable):
        raise ValueError(
            "An asymptotic phase needs a stable autonomous cycle that was found, with its "
            "multipliers computed."
        )
    require_dimension(field, cycle)
    if not max_periods >= 0:
        raise ValueError(f"max_periods must be at least 0, got {max_periods!r}.")
    if states.shape[-1:] != cycle.point.shape:
        raise ValueError(f"states must have {cycle.point.size} columns, got {states.shape}.")
    if not convergence_tolerance >= 1e-13:
        raise ValueError(
            f"convergence_tolerance must be at least 1e-13, got {convergence_tolerance!r}."
        )
    units = Units(measure_scale(cycle.states))
    field, cycle = units.system(field), units.enter_cycle(cycle)
    known_to = _SAFETY * cycle.residual / (1 - cycle.largest_multiplier)
    convergence_tolerance = max(convergence_tolerance, known_to)
    flat = units.enter(states.reshape(-1, states.shape[-1]))
    place, limits = _Place(field, cycle), (max_periods, convergence_tolerance, rtol)
    if vectorized:
        phases = _follow(field, place, flat, *limits)
    else:
        rows = [_follow(field, place, row[None], *limits) for row in flat]
        phases = np.concatenate(rows) if rows else np.empty(0)
    return phases.reshape(states.shape[:-1])


def require_dimension(field: VectorField, cycle: LimitCycle) -> None:
    """Raise ValueError if a field does not take the states of a cycle."""
    try:
        shape = np.shape(field(0.0, cycle.point))
    except (IndexError, ValueError) as error:
        shape, cause = None, error
    else:
        cause = None
    if shape != cycle.point.shape:
        raise ValueError(
            f"The field does not have the dimension of the cycle, {cycle.point.size}. Give the "
            "field of which the cycle was found."
        ) from cause


def _follow(field, place, states, max_periods, tolerance, rtol):
    """Phases of states, shape (m, n), integrated together, period by period."""
    phases = np.full(len(states), math.nan)
    waiting = np.arange(len(states))
    for _ in range(max_periods + 1):
        found, distances = place.nearest(states)
        there = distances < tolerance
        phases[waiting[there]] = found[there]
        waiting, states = waiting[~there], states[~there]
        if not waiting.size:
            break
        states = _advance(field, states, place.period, rtol)
        finite = np.isfinite(states).all(axis=1)
        waiting, states = waiting[finite], states[finite]
        if not waiting.size:
            break
    return phases


def _advance(field, states, duration, rtol):
    """States after a time; NaN where the integration fails."""
    shape = states.shape
    options: dict[str, Any] = {"rtol": rtol, "atol": rtol * 1e-2, "method": "DOP853"}
    if len(states) == 1 and is_stiff(field):
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
    """Phase of states near a cycle, and their distance from it.

    Between nodes the cycle is a polynomial of degree 5 through its states, velocities and
    accelerations, with an error of order 1e-16 for a smooth cycle.
    """

    def __init__(self, field: VectorField, cycle: LimitCycle, n_nodes: int = 2048) -> None:
        self.period = cycle.period
        self.times = np.linspace(0, cycle.period, n_nodes + 1)
        nodes = integrate(field, cycle.point, cycle.period, times=self.times)
        gap = float(np.linalg.norm(nodes[-1] - nodes[0]))
        if not gap <= 1e-3 * np.ptp(nodes, axis=0).max():
            raise ValueError(
                f"The orbit does not close after the period {cycle.period:.6g}: it misses its "
                f"start by {gap:.2g}. Give the field of which the cycle was found; both must have "
                "the same unit of time."
            )
        velocities = np.array([field(0.0, x) for x in nodes])
        pairs = zip(nodes, velocities, strict=True)
        accelerations = np.array([field.jacobian(0.0, x) @ v for x, v in pairs])
        self.curve = BPoly.from_derivatives(
            self.times, np.stack([nodes, velocities, accelerations], axis=1), extrapolate=True
        )
        self.velocity = self.curve.derivative()
        self.tree = KDTree(nodes[:-1])
        self.size = float(np.linalg.norm(nodes - nodes.mean(axis=0), axis=1).max())

    def nearest(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Phase of the point of the cycle next to each state, and the relative distance."""
        times = self.times[self.tree.query(states)[1]]
        step = self.period / (len(self.times) - 1)
        for _ in range(8):
            gap, velocity = states - self.curve(times), self.velocity(times)
            move = np.sum(velocity * gap, axis=1) / np.sum(velocity**2, axis=1)
            times = times + np.clip(move, -step, step)
        distance = np.linalg.norm(states - self.curve(times), axis=1) / self.size
        return 2 * math.pi * (times / self.period % 1.0), distance
