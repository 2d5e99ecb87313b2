"""Following a state into its attractor, to places where a search for a cycle may start."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.fixed_points import find_fixed_points
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles.result import NotFoundError, orbit_ranges, orbit_size
from isochron.analysis.systems.protocols import is_map
from isochron.analysis.systems.units import Units, find_units

_SAMPLES = 2000  # of the time in which a return is looked for
TRANSIENT_RTOL = 1e-7  # only which attractor is reached depends on it
_NEAR = 0.05  # of the size of an orbit: a return to the same place
FAR = 0.25  # of the range of a variable: a return to a different place
_SHRINKING = 0.1  # of the extent a while before: what is left of it
_AT_REST = 1e-6  # of the size of a state, or of what it has been: it hardly moves
_SHRINKS = 0.9  # of the extent a while before: it is not on a cycle
_LONG = 8  # times the longest period: to say how long it would have to be


@dataclass(frozen=True)
class Place:
    """A state on an attractor, in given units, and after how long the trajectory returns."""

    units: Units
    state: np.ndarray
    period: float


def first_return(ahead: ReturnMap, start: np.ndarray, *, farthest: float = FAR) -> float:
    """Time of the closest upward crossing of the plane through the start, normal to the flow.

    Parameters
    ----------
    ahead : ReturnMap
        Over the time in which a return is looked for.
    start : ndarray, shape (n,)
    farthest : float
        Largest distance of the return, of any variable relative to its range.

    Raises
    ------
    NotFoundError
        If there is none, or it is far from the start.
    """
    times, states = ahead.samples(start, _SAMPLES)
    found = _return_along(ahead, times, states)
    if found is None:
        raise NotFoundError(
            f"The orbit does not return within max_period={ahead.period:g}. Start from a state on "
            "the cycle, after its transient, allow a max_transient (see ShootingControl), or "
            "raise max_period."
        )
    distance, period = found
    if distance > farthest:
        raise NotFoundError(
            "The orbit does not return near its start. Start from a state on the cycle, after its "
            "transient, allow a max_transient (see ShootingControl), or give period_guess."
        )
    return period


def approaches(
    system: Any,
    start: np.ndarray,
    max_period: float,
    longest: float,
    *,
    scale: ArrayLike | None = None,
    angles: tuple[int, ...] = (),
) -> Iterator[Place]:
    """Places along the trajectory from a start, later and later, to search for a cycle.

    Raises
    ------
    NotFoundError
        When there are no more, with what the trajectory does.
    """
    state, elapsed, returned = start, 0.0, False
    largest = np.abs(start)
    wait = min(2 * max_period, longest)
    while True:
        try:
            units = find_units(system, state, scale=scale, duration=wait, angles=angles)
            ahead = ReturnMap(units.system(system), wait, TRANSIENT_RTOL)
            state = units.leave(ahead(units.enter(state)))
            units = find_units(system, state, scale=scale, duration=max_period, angles=angles)
            record = _Record(units.system(system), units.enter(state), max_period, angles)
        except ArithmeticError as error:
            raise NotFoundError(
                f"The trajectory leaves all bounds within {elapsed + wait:.3g} after the start: "
                "there is no attractor in that direction. Start elsewhere."
            ) from error
        elapsed += wait
        largest = np.maximum(largest, units.leave(np.abs(record.states).max(axis=0)))
        _raise_if_converged(system, units, record, elapsed, largest)
        for place, period in record.returns():
            returned = True
            yield Place(units, place, period)
        if elapsed >= longest:
            raise NotFoundError(_what_it_does(units, record, returned, elapsed))
        wait = min(2 * wait, longest - elapsed)


class _Record:
    """A trajectory on an attractor, long enough to see it return."""

    def __init__(
        self, system: Any, start: np.ndarray, max_period: float, angles: tuple[int, ...]
    ) -> None:
        self.max_period = max_period
        # Every step of a map is saved: the half of it, and returns to its start only.
        duration = (1 if is_map(system) else 2) * max_period
        self.ahead = ReturnMap(system, duration, TRANSIENT_RTOL, angles=angles)
        self.times, self.states = self.ahead.samples(start, 2 * _SAMPLES)
        if not np.isfinite(self.states).all():
            raise ArithmeticError("The trajectory is not finite.")
        self.bases = [0] if is_map(system) else [0, self._fastest()]

    def _fastest(self) -> int:
        half = self.states[: len(self.states) // 2 + 1]
        return int(np.argmax(np.linalg.norm(np.diff(half, axis=0), axis=1)))

    def returns(self) -> Iterator[tuple[np.ndarray, float]]:
        """States, and after how long they return."""
        for i in dict.fromkeys(self.bases):
            states, times = self.states[i:], self.times[i:] - self.times[i]
            within = times <= self.max_period
            found = _return_along(self.ahead, times[within], states[within])
            if found is not None and found[0] <= FAR:
                yield states[0], found[1]

    def extents(self) -> tuple[float, float]:
        """How far it moves in the first and the last quarter of the time."""
        quarter = len(self.states) // 4
        first, last = self.states[:quarter], self.states[-quarter:]
        return float(np.ptp(first, axis=0).max()), float(np.ptp(last, axis=0).max())


def _raise_if_converged(
    system: Any, units: Units, record: _Record, elapsed: float, largest: np.ndarray
) -> None:
    before, after = record.extents()
    state = record.states[-1]
    at_rest = after <= _AT_REST * max(1.0, float(np.abs(state).max()))
    shrinks = at_rest or after <= _SHRINKING * before
    if not (shrinks or _has_decayed(units, record, largest)):
        return
    for point in find_fixed_points(units.system(system), [state], scale=1.0):
        if not shrinks and not point.stable:  # a small cycle may surround it
            continue
        distance = float(np.linalg.norm(point.point - state))
        if distance <= 10 * np.sqrt(state.size) * max(before, after) or at_rest:
            raise NotFoundError(
                "The trajectory converges to a fixed point at "
                f"{_written(units.leave(point.point))}, {elapsed:.3g} after the start: no cycle "
                "attracts this start. Start in the basin of a cycle, change the parameters, or "
                "give period_guess for an unstable cycle."
            )


def _has_decayed(units: Units, record: _Record, largest: np.ndarray) -> bool:
    """Whether little is left of the sizes that the variables have had, and it still shrinks.

    The units follow the state. A state that decays to 0 is of size 1 in them at all times.
    """
    before, after = record.extents()
    last = record.states[-(len(record.states) // 4) :]
    left = units.leave(np.ptp(last, axis=0))
    return after <= _SHRINKS * before and bool((left <= _AT_REST * largest).all())


def _what_it_does(units: Units, record: _Record, returned: bool, elapsed: float) -> str:
    if returned:
        return (
            f"The trajectory from the start still moves after {elapsed:.3g} and passes near where "
            "it was, but Newton's method finds no cycle there. It may be quasi-periodic or "
            "chaotic: see compute_lyapunov_spectrum and find_all_attractors. If it approaches a "
            "cycle slowly, raise max_transient; for a very unstable cycle give period_guess and "
            "n_segments (see ShootingControl)."
        )
    try:
        long = ReturnMap(
            record.ahead.system,
            _LONG * record.max_period,
            TRANSIENT_RTOL,
            angles=record.ahead.angles,
        )
        start = record.states[record.bases[0]]
        times, states = long.samples(start, _LONG * _SAMPLES)
        found = _return_along(long, times, states)
    except ArithmeticError:
        found = None
    if found is not None:
        return (
            f"The trajectory returns only after about {found[1]:.3g}, longer than max_period="
            f"{record.max_period:g}. Raise max_period above it."
        )
    where = _written(units.leave(record.states[-1]))
    return (
        f"The trajectory does not return within {_LONG} times max_period={record.max_period:g} "
        f"and does not rest; {elapsed:.3g} after the start it is at {where}. It may grow without "
        "bound, or be much slower than max_period. If a variable is an angle, give its index in "
        "angles."
    )


def _return_along(
    ahead: ReturnMap, times: np.ndarray, states: np.ndarray
) -> tuple[float, float] | None:
    """Distance and time of the first close return to the first state, or None.

    The distance is that of the variable farthest off, relative to its range.
    """
    moved = ahead.gap(states, states[0])
    height = moved @ ahead.velocity(states[0])
    crossings = 1 + np.flatnonzero((height[1:-1] < 0) & (height[2:] >= 0))
    if not crossings.size:
        return None
    distance = np.linalg.norm(moved[crossings], axis=1)
    nearby = distance <= 2 * distance.min() + _NEAR * orbit_size(states)
    first = int(np.argmax(nearby))
    apart = float((np.abs(moved[crossings[first]]) / orbit_ranges(states)).max())
    k = crossings[first]
    fraction = -height[k] / (height[k + 1] - height[k])
    return apart, float(times[k] + fraction * (times[k + 1] - times[k]))


def _written(point: np.ndarray) -> str:
    return np.array2string(point, precision=4, threshold=8, edgeitems=3)
