"""Places in the state space: what tells whether a trajectory is on a set that is known."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.spatial import KDTree

from isochron.analysis.fixed_points import FixedPoint
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.systems.angles import on_circles, without_turns

Angles = tuple[int, ...]
_LARGEST_GAP = 0.05  # of the size of a set that is known by its states
_FEW = 10


class Place(Protocol):
    """A set of states that attracts."""

    def contains(self, record: np.ndarray) -> bool:
        """Whether states, shape (m, n), as they followed each other, lie on it."""
        ...


@dataclass(frozen=True)
class Points:
    """A fixed point, or the points of a cycle that returns make."""

    states: np.ndarray
    within: float
    angles: Angles = ()

    def contains(self, record: np.ndarray) -> bool:
        """Whether the last state is at one of the points."""
        gaps = without_turns(self.states - record[-1], self.angles)
        return bool(np.linalg.norm(gaps, axis=1).min() < self.within)


@dataclass(frozen=True)
class Curve:
    """A closed curve, as a polygon."""

    states: np.ndarray
    within: float
    angles: Angles = ()

    def contains(self, record: np.ndarray) -> bool:
        """Whether the last state lies on the polygon."""
        ways = without_turns(record[-1] - self.states[:-1], self.angles)
        sides = np.diff(self.states, axis=0)
        lengths = np.maximum((sides**2).sum(axis=1), 1e-300)
        along = np.clip((ways * sides).sum(axis=1) / lengths, 0, 1)
        gaps = without_turns(ways - along[:, None] * sides, self.angles)
        return bool(np.linalg.norm(gaps, axis=1).min() < self.within)


class Cloud:
    """A set that is known by many of its states only."""

    def __init__(self, states: np.ndarray, angles: Angles = ()) -> None:
        self.states, self.angles = states, angles
        self._axes = _principal_axes(on_circles(states, angles))
        known = self._coordinates(states)
        self.tree = KDTree(known)
        # How far states that come later lie from those that came first: the distance of the
        # nearest neighbors says nothing of gaps where an orbit nearly closes.
        first, later = np.array_split(known, 2)
        gap = float(np.quantile(KDTree(first).query(later)[0], 0.99))
        self.within = min(3 * gap, _LARGEST_GAP * size_of(known))

    def contains(self, record: np.ndarray) -> bool:
        """Whether 95 % of the states lie among those known; a few states cannot tell."""
        return len(record) > _FEW and self.share(record) > 0.95

    def share(self, record: np.ndarray) -> float:
        """Part of the states that lie among those known."""
        return float(np.mean(self.distances(record, up_to=self.within) < self.within))

    def distances(self, record: np.ndarray, up_to: float = np.inf) -> np.ndarray:
        """Distances of states from the nearest known one; infinite beyond a limit."""
        states = self._coordinates(record)
        return np.asarray(self.tree.query(states, distance_upper_bound=up_to)[0])

    def _coordinates(self, states: np.ndarray) -> np.ndarray:
        return on_circles(states, self.angles) @ self._axes


def _principal_axes(states: np.ndarray) -> np.ndarray:
    """Axes of the largest variance first, as columns; few variables stay as they are.

    Distances do not change. A tree over many variables is fast only if it can tell states apart
    by the first few: without this a search in 279 of them takes minutes.
    """
    n = states.shape[1]
    if n <= _FEW:
        return np.eye(n)
    centered = states - states.mean(axis=0)
    axes = np.linalg.eigh(centered.T @ centered)[1]
    return np.ascontiguousarray(axes[:, ::-1])  # BLAS does not take steps backward


@dataclass(frozen=True)
class Periodic:
    """A verified attractor, and where it is."""

    solution: FixedPoint | LimitCycle
    place: Place


def size_of(states: np.ndarray) -> float:
    """Largest distance of states from their mean."""
    return float(np.linalg.norm(states - states.mean(axis=0), axis=1).max())
