"""Proof of a cycle: least period, closure, multipliers, and independent checks of them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from isochron.analysis.floquet import (
    SMALL,
    ReturnMap,
    by_modulus,
    floquet_multipliers,
    liouville_defect,
    log_multipliers,
    multipliers_from,
)
from isochron.analysis.limit_cycles.multiple_shooting import gaps_between, segment_edges
from isochron.analysis.limit_cycles.result import LimitCycle, NotFoundError, orbit_size

WRONG_DERIVATIVE = 0.05
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
    size, n = orbit_size(states), len(states) - 1
    chords = np.linalg.norm(np.diff(states, axis=0), axis=1)
    for k in candidates:
        i = round(n / k)
        # A return between two samples is no further than a chord from the nearer one.
        nearby = np.linalg.norm(states[i] - point) < 2 * chords[i - 1 : i + 1].max() + _SAME * size
        if nearby and np.linalg.norm(back.after(point, 1 / k) - point) < _SAME * size:
            return k
    return 1


def describe_orbit(
    back: ReturnMap, nodes: np.ndarray, *, driven: bool, tolerance: float, message: str, method: str
) -> LimitCycle:
    """The orbit through nodes, without multipliers; refused if it does not close."""
    times, states = _sample(back, nodes)
    size = orbit_size(states)
    if len(nodes) == 1:
        residual = float(np.linalg.norm(states[-1] - states[0]) / size)
    else:
        residual = float(np.linalg.norm(gaps_between(back, nodes), axis=1).max() / size)
    if residual > 10 * tolerance:
        raise NotFoundError(
            f"The orbit closes only to {residual:.1e} of its size. Lower rtol or raise tolerance."
        )
    if not driven and size < 1e-6 * max(1.0, float(np.abs(nodes[0]).max())):
        raise NotFoundError("The orbit has shrunk to a fixed point; there is no cycle here.")
    return LimitCycle(
        found=True,
        message=message,
        period=back.period,
        times=times,
        states=states,
        residual=residual,
        tolerance=tolerance,
        method=method,
        nodes=nodes,
        subharmonic=back.subharmonic,
        autonomous=not driven,
    )


def add_multipliers(
    back: ReturnMap, cycle: LimitCycle, count: int | None, *, verify: bool
) -> LimitCycle:
    """The cycle with its multipliers, checked; refused if a check fails."""
    if count == 0:
        return cycle
    nodes, checks = cycle.nodes, {}
    whole = (count is None or count >= nodes.shape[1] - 1) and nodes.shape[1] <= SMALL
    logarithms = log_multipliers(back, nodes) if whole else np.empty(0)
    if whole:
        multipliers = by_modulus(multipliers_from(logarithms))
    else:
        multipliers = floquet_multipliers(
            back.system,
            nodes,
            back.given_period,
            n_leading=count,
            rtol=back.rtol,
            subharmonic=back.subharmonic,
        )
    if cycle.autonomous and (multipliers.size == nodes.shape[1] or np.abs(multipliers).min() < 0.9):
        checks["trivial_multiplier"] = float(np.min(np.abs(multipliers - 1)))
    if verify:
        checks["difference_quotient"] = difference_quotient(back, cycle, multipliers)
        if whole and not back.is_map:
            checks["liouville"] = liouville_defect(back, cycle.point, logarithms)
    _refuse_failed(checks)
    return replace(cycle, multipliers=multipliers, checks=checks)


def difference_quotient(back: ReturnMap, cycle: LimitCycle, multipliers: np.ndarray) -> float:
    """Relative error of the derivative of the return map in random directions.

    Three directions, or one above 50 dimensions, on every segment. What has shrunk to less
    than a hundredth is compared with that hundredth.
    """
    rng, size = np.random.default_rng(0), orbit_size(cycle.states)
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
            up, down = (
                back.part(node + sign * step * direction.ravel(), begin, end) for sign in (1, -1)
            )
            error = np.linalg.norm((up - down) / (2 * step) - exact)
            worst = max(worst, float(error / max(float(np.linalg.norm(exact)), size / 100)))
    return worst


_WHAT_FAILED = {
    "difference_quotient": "its derivative is off by {error:.1e} from a finite difference",
    "liouville": "the product of its multipliers is off by {error:.1e} from Liouville's formula",
    "trivial_multiplier": "no multiplier is nearer to 1 than {error:.1e}",
}


def _refuse_failed(checks: dict[str, float]) -> None:
    for name, what in _WHAT_FAILED.items():
        error = checks.get(name, 0.0)
        if not error <= WRONG_DERIVATIVE:
            raise NotFoundError(
                f"An orbit closes, but {what.format(error=error)}, so its multipliers would be "
                "wrong. Check the Jacobian."
            )


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
