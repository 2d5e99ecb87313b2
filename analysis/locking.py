"""Phase locking: how firmly, and over which frequencies."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import LimitCycle, find_limit_cycle
from isochron.analysis.systems import DrivenMap


def phase_locking_value(phase: ArrayLike, reference: ArrayLike) -> float:
    """|mean exp(i (phase - reference))|: 1 for a constant phase difference, 0 for all alike.

    Parameters
    ----------
    phase, reference : array_like, shape (n_times,)
        Radians.

    References
    ----------
    Lachaux et al. (1999), Human Brain Mapping 8:194.
    """
    difference = np.asarray(phase, dtype=float) - np.asarray(reference, dtype=float)
    return float(abs(np.mean(np.exp(1j * difference))))


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """Where one stable 1:1 locked cycle exists, at one amplitude of the drive.

    Attributes
    ----------
    low, high : float
        Lowest and highest frequency at which it was found, Hz; NaN if it was not found.
    low_open, high_open : bool
        Whether the walk came to its limit before the cycle was lost: no edge there.
    resolution : float
        The cycle is lost within so many Hz beyond `low` and `high`.
    centre : ndarray or None
        State of the cycle at the frequency where the walk began; None if it was not found.
    """

    low: float = math.nan
    high: float = math.nan
    low_open: bool = False
    high_open: bool = False
    resolution: float = math.nan
    centre: np.ndarray | None = None

    @property
    def width(self) -> float:
        """high - low, Hz."""
        return self.high - self.low


def find_tongue(
    system_at: Callable[[float], DrivenMap],
    start: ArrayLike,
    *,
    frequency: float,
    limits: tuple[float, float],
    step: float,
    resolution: float,
    tolerance: float = 1e-8,
) -> Tongue:
    """Walk a stable locked cycle up and down in drive frequency until it is lost.

    Each cycle is the start of the search at the next frequency. The step grows to twice the
    first while that succeeds; where it fails, or the cycle found is unstable or another one,
    it is halved, down to the resolution. A gap narrower than the step is not seen.

    Parameters
    ----------
    system_at : callable
        Drive frequency in Hz to the driven map at, or very near, that frequency. The edges
        are frequencies of the maps themselves.
    start : ndarray, shape (dimension,)
        State on, or in the basin of, the cycle at `frequency`, at drive phase 0.
    frequency : float
        Where to start, Hz.
    limits : tuple of float
        Lowest and highest frequency to try, Hz.
    step, resolution : float
        First step of the walk, and accuracy of the edges, Hz.
    tolerance : float
        Closure that counts as found.

    Returns
    -------
    Tongue
        With NaN edges if there is no stable cycle at `frequency`.

    Raises
    ------
    ValueError
        If the numbers are not in order: limits around the frequency, 0 < resolution <= step.
    """
    if not 0 < limits[0] <= frequency <= limits[1] < math.inf:
        raise ValueError(f"frequency {frequency!r} must lie within limits {limits!r}, above 0.")
    if not 0 < resolution <= step < math.inf:
        raise ValueError(f"Need 0 < resolution <= step, got {resolution!r} and {step!r}.")
    first = find_limit_cycle(system_at(frequency), start, tolerance=tolerance)
    if not first.stable:
        return Tongue(resolution=resolution)
    ends = []
    for limit in limits:
        ends.append(_walk(system_at, first, frequency, limit, step, resolution, tolerance))
    (low, low_open), (high, high_open) = ends
    return Tongue(
        low=low,
        high=high,
        low_open=low_open,
        high_open=high_open,
        resolution=resolution,
        centre=first.point,
    )


def _walk(system_at, cycle: LimitCycle, frequency, limit, step, resolution, tolerance):
    """Frequency of the last map in which the cycle was found, and whether that is the limit."""
    sign = 1 if limit >= frequency else -1
    longest, reached = 2 * step, _drive_frequency(system_at(frequency))
    while sign * (limit - frequency) > 0:
        trial = frequency + sign * min(step, abs(limit - frequency))
        system = system_at(trial)
        found = find_limit_cycle(
            system,
            cycle.point,
            tolerance=tolerance,
            max_iterations=6,
            n_multipliers=2,
            verify=False,
        )
        if found.stable and _continues(cycle, found):
            cycle, frequency, reached = found, trial, _drive_frequency(system)
            step = min(1.5 * step, longest)
        elif step > resolution:
            step = max(step / 2, resolution)
        else:
            return reached, False
    return reached, True


def _drive_frequency(system: DrivenMap) -> float:
    return 1e3 * system.drive_cycles / (system.n_steps * system.step_ms)


def _continues(before: LimitCycle, after: LimitCycle) -> bool:
    """Whether one cycle is the next along a branch: it moved less than half its size."""
    size = np.abs(before.states - before.states.mean(axis=0)).max()
    return bool(np.abs(after.point - before.point).max() < 0.5 * size)
