"""Where the starts of a survey converge, and the boundaries between their basins."""

import math
from itertools import combinations

import numpy as np

from isochron.analysis.survey.refinement import LEAST_SIZE, MOST_STARTS

_LOOK_EVERY = 3  # periods
_BISECTIONS = 10  # to 1e-3 of the distance of two starts
_PERIODS_ALONG = 10  # that such a state is followed for, at most


def discard_transient(search, states, done, most, tolerance):
    """States a period before the last, the last ones, and after how many periods.

    It ends when none of those that stay within bounds moves any more.
    """
    system = search.system
    while True:
        n_periods = min(_LOOK_EVERY, most - done)
        if n_periods > 0:
            states, done = system.advance(states, n_periods * system.n_steps), done + n_periods
        after = system.advance(states, system.n_steps)
        gaps = np.linalg.norm(after - states, axis=1)
        sizes = np.abs(after).max(axis=1) * math.sqrt(states.shape[1])
        still = gaps < tolerance * np.maximum(sizes, LEAST_SIZE * search.scale)
        if done >= most or (still | ~search.stay(after)).all():
            return states, after, done
        states, done = after, done + 1


def search_between_basins(search, starts, ends, n_boundary_pairs, n_periods) -> None:
    """Start Newton's method on the boundaries of the basins, then between what that finds."""
    goals = np.array([cycle.point for cycle in search.cycles if cycle.stable])
    if len(goals) < 2 or not n_boundary_pairs:
        return
    with np.errstate(all="ignore"):
        states = _states_between(search.system, goals, starts, ends, n_boundary_pairs, n_periods)
    search.refine(states)
    saddles = [cycle.point for cycle in search.cycles if not cycle.stable]
    halfway = [np.add(*pair) / 2 for pair in combinations(saddles, 2)]
    search.refine(halfway[:MOST_STARTS])


def _states_between(system, goals, starts, ends, n_pairs, n_periods) -> np.ndarray:
    """For each pair, a state on the boundary of its basins, after which the map moves further."""

    def goal_of(states: np.ndarray) -> np.ndarray:
        return np.linalg.norm(states[:, None] - goals, axis=2).argmin(axis=1)

    goal = goal_of(np.concatenate([goals, ends]))
    pairs = np.argwhere(np.triu(goal[:, None] != goal))
    chosen = pairs[:: max(1, len(pairs) // n_pairs)][:n_pairs]
    low, high = np.concatenate([goals, starts])[chosen.T]
    home = goal[chosen[:, 0]]
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        stays = goal_of(system.advance(middle, n_periods * system.n_steps)) == home
        low, high = np.where(stays[:, None], (middle, high), (low, middle))
    along = [(low + high) / 2]
    for _ in range(_PERIODS_ALONG):
        along.append(system.advance(along[-1], system.n_steps))
    moves = np.linalg.norm(np.diff(along, axis=0), axis=2)
    leaves = np.diff(moves, axis=0, append=np.inf) > 0
    return np.array(along)[leaves.argmax(axis=0), np.arange(len(chosen))]
