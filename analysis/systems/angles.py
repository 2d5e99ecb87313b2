"""State variables that are angles: states that differ by whole turns are one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.systems.protocols import is_map

_ROUNDING = 1e-12  # of the size of a state or velocity


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


def on_circles(states: np.ndarray, angles: tuple[int, ...]) -> np.ndarray:
    """States with the cosine and the sine of each angle in its place: alike modulo whole turns.

    Parameters
    ----------
    states : ndarray, shape (..., n)
    angles : tuple of int
        Indices of variables, of which there are m.

    Returns
    -------
    ndarray, shape (..., n + m)
        The other variables, then the cosines and the sines; `states` itself without angles.
    """
    if not angles:
        return states
    turning = states[..., list(angles)]
    others = np.delete(states, list(angles), axis=-1)
    return np.concatenate([others, np.cos(turning), np.sin(turning)], axis=-1)


def turning_variables(system: Any, states: np.ndarray) -> tuple[int, ...]:
    """Indices of variables that seem to be angles, in radians, not declared as such.

    They move on in one direction by more than a turn, and the system does not distinguish whole
    turns.

    Parameters
    ----------
    system : VectorField or ForcedMap
    states : ndarray, shape (m, n)
        Along a trajectory.
    """
    parts = np.array_split(states, 4)
    moves = np.array([part[-1] - part[0] for part in parts])
    onward = (moves > 0).all(axis=0) | (moves < 0).all(axis=0)
    onward &= np.abs(states[-1] - states[0]) > 2 * math.pi
    some = states[[0, len(states) // 2, -1]]
    return tuple(
        i
        for i in np.flatnonzero(onward).tolist()
        if all(_has_period_of_a_turn(system, state, i) for state in some)
    )


def _has_period_of_a_turn(system: Any, state: np.ndarray, i: int) -> bool:
    turned = state.copy()
    turned[i] += 2 * math.pi
    if is_map(system):
        before, after = (system.advance(x, system.n_steps) for x in (state, turned))
        change = without_turns(after - before, tuple(range(state.size)))
    else:
        before = np.asarray(system(0.3, state))
        change = np.asarray(system(0.3, turned)) - before
    size = max(float(np.abs(before).max()), float(np.abs(state).max()))
    return bool(np.abs(change).max() <= _ROUNDING * size)
