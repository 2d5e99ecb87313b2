"""Proof of a cycle: least period, return error, multipliers, and independent checks of them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from isochron.analysis.floquet import (
    SMALL,
    ReturnMap,
    by_modulus,
    liouville_defect,
    log_multipliers,
    multipliers_from,
    multipliers_of,
)
from isochron.analysis.limit_cycles.multiple_shooting import gaps_between, segment_edges
from isochron.analysis.limit_cycles.result import (
    STABILITY_MARGIN,
    InaccurateError,
    LimitCycle,
    NotFoundError,
    WrongDerivativeError,
    degenerate_kind,
    orbit_size,
)
from isochron.analysis.limit_cycles.shooting import HOW_TO_CLOSE_A_MAP
from isochron.analysis.systems.protocols import jacobian_product

WRONG_DERIVATIVE = 0.05
_WRONG_JACOBIAN = 1e-4  # relative error of a derivative at one state
_ROUNDING = 1e-12
_STIFF_MARGIN = 1e-4  # error of a multiplier by implicit integration
_SAME = 1e-6  # of the size of an orbit: a return that counts as one
_DIVISORS = (2, 3, 5, 7, 11, 13)


def least_divisor(back: ReturnMap, cycle: LimitCycle) -> int:
    """Into how many equal rounds an orbit falls at least; 1 if its period is the least.

    A return within 1e-6 of the orbit's size counts. Up to 13 rounds of an autonomous orbit
    are looked for, and all of a forced one.
    """
    if cycle.autonomous:
        candidates = list(_DIVISORS)
    else:  # the most rounds, hence the least period, first
        candidates = [k for k in range(back.subharmonic, 1, -1) if back.subharmonic % k == 0]
    point, states = cycle.point, cycle.states
    size, n = orbit_size(states, least=1.0), len(states) - 1
    chords = np.linalg.norm(np.diff(states, axis=0), axis=1)
    for k in candidates:
        i = round(n / k)
        # A return between two samples is no further than a chord from the nearer one.
        nearby = (
            np.linalg.norm(back.gap(states[i], point))
            < 2 * chords[i - 1 : i + 1].max() + _SAME * size
        )
        if nearby and np.linalg.norm(back.gap(back.after(point, 1 / k), point)) < _SAME * size:
            return k
    return 1


def describe_orbit(
    back: ReturnMap, nodes: np.ndarray, *, forced: bool, tolerance: float, message: str, method: str
) -> LimitCycle:
    """The orbit through nodes, without multipliers; rejected if it does not close."""
    times, states = _sample(back, nodes)
    size = orbit_size(states, least=1.0)
    if len(nodes) == 1:
        residual = float(np.linalg.norm(back.gap(states[-1], states[0])) / size)
    else:
        residual = float(np.linalg.norm(gaps_between(back, nodes), axis=1).max() / size)
    if residual > 10 * tolerance:
        advice = HOW_TO_CLOSE_A_MAP if back.is_map else "Lower rtol or raise tolerance."
        raise NotFoundError(f"The orbit closes only to {residual:.1e} of its size. {advice}")
    spread = float(np.linalg.norm(states - states.mean(axis=0), axis=1).max())
    if not forced and spread < 1e-6 * max(1.0, float(np.abs(nodes[0]).max())):
        raise NotFoundError(
            f"The orbit has shrunk to a fixed point, at {np.array2string(nodes[0], threshold=8)}; "
            "there is no cycle here. Start farther from it."
        )
    at_rest = _shows_motion(back) and spread <= 10 * max(tolerance, _ROUNDING) * max(
        1.0, float(np.abs(nodes[0]).max())
    )
    return LimitCycle(
        found=not at_rest,
        message=message + _AT_REST if at_rest else message,
        at_rest=at_rest,
        period=back.period,
        times=times,
        states=states,
        residual=residual,
        tolerance=tolerance,
        method=method,
        nodes=nodes,
        subharmonic=back.subharmonic,
        autonomous=not forced,
    )


_AT_REST = (
    ". The state does not move: it is a fixed point, not a cycle; see find_fixed_points, and "
    "find_invariant_circle for quasi-periodic motion of a map"
)


def _shows_motion(back: ReturnMap) -> bool:
    """Whether motion within a period would be seen: not in a map that takes a period at once."""
    return not back.is_map or back.n_steps > 1 or back.system.forcing_cycles == 0


def add_multipliers(
    back: ReturnMap, cycle: LimitCycle, count: int | None, *, verify: bool
) -> LimitCycle:
    """The cycle with its multipliers, checked; rejected if a check fails."""
    if count == 0:
        return cycle
    nodes, checks = cycle.nodes, {}
    whole = (count is None or count >= nodes.shape[1] - 1) and nodes.shape[1] <= SMALL
    logarithms = log_multipliers(back, nodes) if whole else np.empty(0)
    if whole:
        multipliers = by_modulus(multipliers_from(logarithms))
    else:
        multipliers = multipliers_of(back, nodes, count)
    if cycle.autonomous and (multipliers.size == nodes.shape[1] or np.abs(multipliers).min() < 0.9):
        checks["trivial_multiplier"] = float(np.min(np.abs(multipliers - 1)))
    if verify:
        checks["difference_quotient"] = difference_quotient(back, cycle, multipliers)
        if whole and not back.is_map:
            checks["liouville"] = liouville_defect(back, cycle.point, logarithms)
    _reject_failed(back, cycle, checks)
    margin = _STIFF_MARGIN if back.is_stiff else STABILITY_MARGIN
    kind = degenerate_kind(multipliers, autonomous=cycle.autonomous, margin=margin)
    return replace(
        cycle,
        multipliers=multipliers,
        checks=checks,
        degenerate=bool(kind),
        message=cycle.message + _DEGENERATE[kind],
    )


_DEGENERATE = {
    "": "",
    "family": (
        ". A nontrivial multiplier is 1: the orbit is degenerate. It is one of a family of closed "
        "orbits (a center or a conserved quantity) and not a limit cycle, or it is at a bifurcation"
    ),
    "boundary": (
        ". A nontrivial multiplier lies on the unit circle: the orbit is degenerate, and the "
        "linearization does not decide its stability"
    ),
}


def difference_quotient(back: ReturnMap, cycle: LimitCycle, multipliers: np.ndarray) -> float:
    """Relative error of the derivative of the return map in random directions.

    Three directions, or one above 50 dimensions, on every segment. What has shrunk to less
    than a hundredth is compared with that hundredth.
    """
    rng, size = np.random.default_rng(0), orbit_size(cycle.states, least=1.0)
    n = cycle.point.size
    step = 1e-5 / max(1.0, float(np.abs(multipliers).max()) ** (1 / len(cycle.nodes)))
    worst = 0.0
    for node, (begin, end) in zip(
        cycle.nodes, pairwise(segment_edges(back, len(cycle.nodes))), strict=True
    ):
        for _ in range(min(3, n) if n <= SMALL else 1):
            direction = rng.standard_normal((n, 1))
            direction *= size / np.linalg.norm(direction)
            exact = back.part(node, begin, end, direction)[1].ravel()
            found = _central_difference(back, node, begin, end, step * direction.ravel()) / step
            error = np.linalg.norm(found - exact)
            worst = max(worst, float(error / max(float(np.linalg.norm(exact)), size / 100)))
    return worst


def _central_difference(back: ReturnMap, node, begin, end, move) -> np.ndarray:
    """Half the difference of where states on both sides arrive; of one side at an edge."""
    arrivals = []
    for sign in (1, -1):
        try:
            arrivals.append((sign, back.part(node + sign * move, begin, end)))
        except ArithmeticError:
            continue
    if len(arrivals) == 2:
        return (arrivals[0][1] - arrivals[1][1]) / 2
    if not arrivals:
        raise ArithmeticError("The system is not finite near the orbit.")
    sign, arrival = arrivals[0]
    return sign * (arrival - back.part(node, begin, end))


_WHAT_FAILED = {
    "difference_quotient": "its derivative is off by {error:.1e} from a finite difference",
    "liouville": "the product of its multipliers is off by {error:.1e} from Liouville's formula",
    "trivial_multiplier": "no multiplier is nearer to 1 than {error:.1e}",
}


def _reject_failed(back: ReturnMap, cycle: LimitCycle, checks: dict[str, float]) -> None:
    for name, what in _WHAT_FAILED.items():
        error = checks.get(name, 0.0)
        if error <= WRONG_DERIVATIVE:
            continue
        found = (
            f"An orbit closes, but {what.format(error=error)}, so its multipliers would be wrong."
        )
        if _has_wrong_jacobian(back, cycle):
            raise WrongDerivativeError(f"{found} Check the Jacobian.")
        raise InaccurateError(
            f"{found} The Jacobian agrees with finite differences along the orbit: the integration "
            "is not accurate enough for so unstable or so strongly contracting an orbit. Lower "
            "rtol, use n_segments, or pass verify=False (see ShootingControl)."
        )


def _has_wrong_jacobian(back: ReturnMap, cycle: LimitCycle) -> bool:
    """Whether the derivative of the system is wrong at more than a few states of the orbit."""
    rng, size = np.random.default_rng(0), orbit_size(cycle.states, least=1.0)
    places = np.linspace(0, len(cycle.states) - 1, 16).astype(int)
    wrong = 0
    for i in places:
        direction = rng.standard_normal(cycle.point.size)
        direction *= size / np.linalg.norm(direction)
        wrong += _local_error(back, cycle, i, direction) > _WRONG_JACOBIAN
    return wrong > len(places) // 8  # a few may lie at kinks


def _local_error(back: ReturnMap, cycle: LimitCycle, place: int, direction: np.ndarray) -> float:
    """Relative error of the derivative of a field, or of a step of a map, in one direction."""
    state, t = cycle.states[place], float(cycle.times[place])

    def function(x: np.ndarray, v: np.ndarray | None = None) -> Any:
        if back.is_map:
            options = {"start": place % back.system.n_steps, "tangents": v}
            end = back.system.advance(x, 1, **options)
            return end if v is None else end[1]
        return back.system(t, x) if v is None else jacobian_product(back.system, t, x, v)

    exact = np.asarray(function(state, direction[:, None])).ravel()
    error = min(
        float(np.linalg.norm((function(state + move) - function(state - move)) / (2 * h) - exact))
        for h, move in ((h, h * direction) for h in (1e-5, 1e-7))
    )
    return error / max(float(np.linalg.norm(exact)), np.finfo(float).tiny)


def _sample(back: ReturnMap, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and states along all segments, both ends included."""
    if len(nodes) == 1:
        return back.samples(nodes[0])
    times, states = [], []
    for node, (begin, end) in zip(nodes, pairwise(segment_edges(back, len(nodes))), strict=True):
        inner, path = back.part_samples(node, begin, end, max(8, 256 // len(nodes)))
        times.append(inner)
        states.append(path)
    closed = [x[:-1] for x in times[:-1]], [x[:-1] for x in states[:-1]]
    return np.concatenate([*closed[0], times[-1]]), np.concatenate([*closed[1], states[-1]])
