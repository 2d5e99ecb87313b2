"""State variables that are angles: states that differ by whole turns are one."""

import math
from collections.abc import Sequence

import numpy as np


def check_angles(angles: Sequence[int], n: int) -> tuple[int, ...]:
    """Indices of variables that are angles, of a state of n variables.

    Raises
    ------
    ValueError
        If one is not an index of a variable, or is given twice.
    """
    found = tuple(int(i) for i in angles)
    if len(set(found)) < len(found) or any(not 0 <= i < n for i in found):
        raise ValueError(
            f"angles must be different indices of variables from 0 to {n - 1}, got {angles!r}."
        )
    return found


def without_turns(differences: np.ndarray, angles: tuple[int, ...]) -> np.ndarray:
    """Differences of states, shape (..., n), those of angles taken into [-π, π]."""
    if not angles:
        return differences
    found, turn = np.array(differences, dtype=float), 2 * math.pi
    found[..., angles] -= turn * np.round(found[..., angles] / turn)
    return found
