"""The search for a limit cycle near a state, by shooting."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.floquet import ReturnMap, has_free_step
from isochron.analysis.limit_cycles.multiple_shooting import shoot_segments, spread_nodes
from isochron.analysis.limit_cycles.result import LimitCycle, NotFoundError, orbit_size
from isochron.analysis.limit_cycles.shooting import shoot_autonomous, shoot_driven
from isochron.analysis.limit_cycles.verification import (
    add_multipliers,
    describe_orbit,
    least_divisor,
)
from isochron.analysis.systems import System


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
    subharmonic: int = 1,
    n_segments: int = 1,
    method: Literal["auto", "dense", "krylov"] = "auto",
) -> LimitCycle:
    """Find the limit cycle near a state.

    A driven map, or a vector field with a forcing `period`, is solved for a fixed point of
    its return map; an autonomous vector field for a point and its period, with the phase
    fixed by the plane through the start, normal to the flow. So is a map that stands for a
    flow, which has no drive and a method ``with_step(step_ms)``: a period is then a whole
    number of its steps, a multiple of 256, of the length that makes the orbit close. An
    orbit that turns out to go round several times is returned as once round. Errors grow
    along a very unstable cycle; several segments (multiple shooting), each with a start of
    its own, keep them small.

    Parameters
    ----------
    system : VectorField or DrivenMap
    start : ndarray, shape (n,) or (s, n)
        A state near the cycle, best from a simulation after its transient; or s of them, at
        equal intervals of time over one period, for multiple shooting.
    period : float, optional
        Forcing period of a driven vector field. A map brings its own.
    max_period : float, optional
        Of an autonomous vector field or map: how long to wait for the first return.
    period_guess : float, optional
        Of an autonomous vector field or map: about how long the period is, instead of waiting
        for a return; an unstable cycle, which a simulation leaves, needs it.
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
        Check the derivative of the return map against finite differences, and Liouville's
        formula.
    subharmonic : int
        Periods of the forcing, or of the map, after which to look for a return.
    n_segments : int
        Segments of multiple shooting; their starts are simulated from `start` if it is one.
    method : {"auto", "dense", "krylov"}
        Make the monodromy matrix, or use it through its products with vectors
        (Newton-Krylov). The latter is chosen for a map of more than 200 dimensions and a
        field, not stiff, of more than 300.

    Returns
    -------
    LimitCycle
        With ``found=False`` and a message if the search does not converge.

    Raises
    ------
    ValueError
        If a map without a drive and without `with_step` is asked for a period of its own, an
        autonomous vector field comes without `max_period` or `period_guess`, or `subharmonic`,
        `n_segments` or `method` is none of the above.

    References
    ----------
    Lust, Roose, Spence and Champneys (1998), SIAM Journal on Scientific Computing 19:1188.
    """
    nodes = np.atleast_2d(np.array(start, dtype=float))
    driven = _is_driven(system, period, max_period, period_guess)
    if len(nodes) > 1:
        n_segments = len(nodes)
    _check(driven, max_period, period_guess, subharmonic, n_segments, method)
    try:
        if driven:
            back = ReturnMap(system, period, rtol, subharmonic)
        else:
            guess = period_guess or _first_return(system, nodes[0], max_period, rtol)
            back = ReturnMap(system, guess, rtol)
        krylov = method == "krylov" or (method == "auto" and back.is_large(nodes.shape[1]))
        search = _Shooting(driven, krylov, tolerance, max_iterations)
        nodes, iterations = search.run(back, nodes, n_segments)
        cycle = search.describe(back, nodes, iterations)
        while (rounds := least_divisor(back, cycle)) > 1:
            back, n_segments = _once_round(back, rounds, driven), -(-n_segments // rounds)
            nodes, _ = search.run(back, nodes[:1], n_segments)
            cycle = search.describe(back, nodes, iterations)
        return add_multipliers(back, cycle, n_multipliers, verify=verify)
    except (NotFoundError, ArithmeticError, np.linalg.LinAlgError) as error:
        return LimitCycle(found=False, message=str(error), tolerance=tolerance)


def _is_driven(system, period, max_period, period_guess) -> bool:
    """Whether the time of the return is given; a map of its own period is asked for as such."""
    if not hasattr(system, "advance"):
        return period is not None
    if max_period is None and period_guess is None:
        return True
    if system.drive_cycles == 0 and not has_free_step(system):
        raise ValueError(
            "A map has a period of its own if its step can be changed: give it a method "
            "with_step(step_ms), or leave out max_period and period_guess."
        )
    return system.drive_cycles > 0


def _check(driven, max_period, period_guess, subharmonic, n_segments, method) -> None:
    if not driven and max_period is None and period_guess is None:
        raise ValueError(
            "An autonomous vector field needs max_period, how long to wait for the first "
            "return, or period_guess."
        )
    if subharmonic < 1 or (subharmonic > 1 and not driven):
        raise ValueError(
            f"subharmonic must be 1 or more, and 1 without a forcing, got {subharmonic!r}."
        )
    if n_segments < 1:
        raise ValueError(f"n_segments must be 1 or more, got {n_segments!r}.")
    if method not in ("auto", "dense", "krylov"):
        raise ValueError(f'method must be "auto", "dense" or "krylov", got {method!r}.')
    if method == "krylov" and n_segments > 1:
        raise ValueError("Multiple shooting makes its matrices; method='krylov' has one segment.")


@dataclass(frozen=True)
class _Shooting:
    """How to shoot."""

    driven: bool
    krylov: bool
    tolerance: float
    max_iterations: int

    def run(self, back: ReturnMap, nodes: np.ndarray, n_segments: int) -> tuple[np.ndarray, int]:
        """Solve for the nodes, and set the period of `back`; with the number of iterations."""
        limits = (self.tolerance, self.max_iterations)
        if n_segments > 1:
            if len(nodes) == 1:
                nodes = spread_nodes(back, nodes[0], n_segments)
            return shoot_segments(back, nodes, *limits, driven=self.driven)
        shoot = shoot_driven if self.driven else shoot_autonomous
        point, iterations = shoot(back, nodes[0], *limits, krylov=self.krylov)
        return point[None], iterations

    def describe(self, back: ReturnMap, nodes: np.ndarray, iterations: int) -> LimitCycle:
        """The orbit that was found, without multipliers."""
        name = "multiple shooting" if len(nodes) > 1 else "shooting"
        return describe_orbit(
            back,
            nodes,
            driven=self.driven,
            tolerance=self.tolerance,
            message=f"{name}, {iterations} Newton iterations",
            method="Newton-Krylov" if self.krylov and len(nodes) == 1 else name,
        )


def _once_round(back: ReturnMap, rounds: int, driven: bool) -> ReturnMap:
    """The return map of an orbit that closes after a fraction of the period."""
    if not driven:
        return ReturnMap(back.system, back.period / rounds, back.rtol)
    return ReturnMap(back.system, back.given_period, back.rtol, back.subharmonic // rounds)


def _first_return(system: Any, start: np.ndarray, max_period: Any, rtol: float | None) -> float:
    """Time of the closest upward crossing of the plane through the start, normal to the flow."""
    ahead = ReturnMap(system, max_period, rtol)
    times, states = ahead.samples(start, 2000)
    height = (states - start) @ ahead.velocity(start)
    crossings = 1 + np.flatnonzero((height[1:-1] < 0) & (height[2:] >= 0))
    if not crossings.size:
        raise NotFoundError(
            f"The orbit does not return within max_period={max_period:g}. Raise max_period, "
            "or start from a state on the rhythm, after its transient."
        )
    distance = np.linalg.norm(states[crossings] - start, axis=1)
    nearby = distance <= 2 * distance.min() + 0.05 * orbit_size(states)
    k = crossings[np.argmax(nearby)]
    fraction = -height[k] / (height[k + 1] - height[k])
    return float(times[k] + fraction * (times[k + 1] - times[k]))
