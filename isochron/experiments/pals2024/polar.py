"""The phase-only reduction of a rank-2 net: its radius held fixed, one angle is left."""

from dataclasses import dataclass

import numpy as np

from isochron.ann_bridge import TrainedMap

GRID = 720
SETTLE_PERIODS = 20


@dataclass(frozen=True)
class LockedAngles:
    """Fixed points of the angle's return map over a period of the reference.

    Attributes
    ----------
    stable, unstable : ndarray
        Angles in radians, at phase 0 of the reference.
    """

    stable: np.ndarray
    unstable: np.ndarray


def lock_angles(system: TrainedMap, radius: float) -> LockedAngles:
    """Locked orbits of a reduced rank-2 net whose radius in (κ1, κ2) is held fixed.

    After each step of the map κ is put back to the radius; the filtered inputs v, which do not
    depend on κ, run on the cycle to which the reference brings them.

    Parameters
    ----------
    system : TrainedMap
        Of `reduce_low_rank` of a net of rank 2, under a reference.
    radius : float
        Mean of √(κ1² + κ2²) on the cycles.

    References
    ----------
    Pals, Macke and Barak (2024), the two phase-coupled oscillators; here the map.
    """
    filtered = np.zeros(system.dimension)
    filtered = system.advance(filtered, SETTLE_PERIODS * system.n_steps)
    filtered[:2] = 0.0
    angles = 2 * np.pi * (np.arange(GRID) + 0.5) / GRID
    ends = _return_map(system, filtered, radius, angles)
    shift = np.angle(np.exp(1j * (ends - angles)))
    after = np.roll(shift, -1)
    crossing = (np.sign(shift) != np.sign(after)) & (np.abs(after - shift) < np.pi)
    at = angles + 2 * np.pi / GRID * shift / np.where(crossing, shift - after, 1.0)
    rising = after > shift
    return LockedAngles(
        stable=at[crossing & ~rising] % (2 * np.pi), unstable=at[crossing & rising] % (2 * np.pi)
    )


def _return_map(
    system: TrainedMap, filtered: np.ndarray, radius: float, angles: np.ndarray
) -> np.ndarray:
    """Angles after one period, shape of `angles`."""
    states = np.broadcast_to(filtered, (angles.size, filtered.size)).copy()
    states[:, 0], states[:, 1] = radius * np.cos(angles), radius * np.sin(angles)
    for step in range(system.n_steps):
        states = system.advance(states, 1, start=step)
        states[:, :2] *= radius / np.linalg.norm(states[:, :2], axis=1, keepdims=True)
    return np.arctan2(states[:, 1], states[:, 0])
