"""Phase-only reduction of a rank-2 network: angles that are locked to the reference."""

from dataclasses import dataclass

import numpy as np

from isochron.ann_bridge.trained_map import FixedRadiusMap

GRID = 720


@dataclass(frozen=True)
class LockedAngles:
    """Fixed points of the angle's return map over a period of the map.

    Attributes
    ----------
    stable, unstable : ndarray
        Angles in radians, at phase 0 of the reference.
    """

    stable: np.ndarray
    unstable: np.ndarray


def lock_angles(system: FixedRadiusMap) -> LockedAngles:
    """All locked angles, from the signs of the shift over a period on a grid.

    On a circle a grid finds all of them that are further apart than its half a degree.
    """
    angles = 2 * np.pi * (np.arange(GRID) + 0.5) / GRID
    shift = system.advance(angles[:, None], system.n_steps)[:, 0] - angles
    shift = np.angle(np.exp(1j * shift))
    after = np.roll(shift, -1)
    crossing = (np.sign(shift) != np.sign(after)) & (np.abs(after - shift) < np.pi)
    at = angles + 2 * np.pi / GRID * shift / np.where(crossing, shift - after, 1.0)
    rising = after > shift
    return LockedAngles(
        stable=at[crossing & ~rising] % (2 * np.pi), unstable=at[crossing & rising] % (2 * np.pi)
    )
