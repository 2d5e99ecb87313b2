"""Results of an enumeration of attractors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from isochron.analysis.results import short_repr


@dataclass(frozen=True, kw_only=True, slots=True)
class Attractor:
    """A fixed point (length 1) or a cycle.

    Attributes
    ----------
    length : int
        Number of states on it.
    basin : int
        Number of states that converge to it, including those on it.
    representative : int
        Its smallest state, as a number: neuron 0 is the lowest bit, and a bit of 1 means +1.
    max_transient : int
        Number of steps from the farthest state of its basin.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> for attractor in sign_networks.enumerate_attractors(ring).attractors:
    ...     print(attractor)
    Attractor(length=6, basin=6, representative=0, max_transient=0)
    Attractor(length=2, basin=2, representative=2, max_transient=0)
    """

    length: int
    basin: int
    representative: int
    max_transient: int


@short_repr
@dataclass(frozen=True, kw_only=True, eq=False)
class Enumeration:
    """All attractors of a network, ordered by representative.

    Attributes
    ----------
    n : int
        Number of neurons.
    tie_rule : str
        Next state of a neuron whose field is exactly 0, as in `SignNetwork`.
    lengths, basins, representatives, max_transients : ndarray of int64, shape (n_attractors,)
        Fields of each `Attractor`.
    transients : ndarray of int64, shape (longest + 1,)
        Number of the 2**n states that are 0, 1, 2, ... steps from their attractor.
    symmetric : bool
        Whether F(-s) = -F(s) for all s, so that only half of the states had to be visited.
    seconds : float
        Wall time in s, without that of compiling or of loading compiled code.

    Examples
    --------
    A chain in which neuron 0 keeps its state and the others copy their predecessor: both fixed
    points are reached after at most two steps.

    >>> from isochron.analysis import sign_networks
    >>> found = sign_networks.enumerate_attractors([[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    >>> found.cycles_by_length, found.representatives, found.transients
    ({1: 2}, array([0, 7]), array([2, 2, 4]))
    """

    n: int
    tie_rule: str
    lengths: np.ndarray
    basins: np.ndarray
    representatives: np.ndarray
    max_transients: np.ndarray
    transients: np.ndarray
    symmetric: bool
    seconds: float

    @property
    def n_attractors(self) -> int:
        """Number of attractors."""
        return self.lengths.size

    @property
    def cycles_by_length(self) -> dict[int, int]:
        """Number of attractors of each length that occurs; fixed points have length 1."""
        lengths, counts = np.unique(self.lengths, return_counts=True)
        return dict(zip(lengths.tolist(), counts.tolist(), strict=True))

    @cached_property
    def attractors(self) -> tuple[Attractor, ...]:
        """The attractors one by one; the arrays contain the same and are cheaper."""
        columns = (self.lengths, self.basins, self.representatives, self.max_transients)
        return tuple(
            Attractor(length=length, basin=basin, representative=first, max_transient=longest)
            for length, basin, first, longest in zip(*(c.tolist() for c in columns), strict=True)
        )

    @property
    def max_transient(self) -> int:
        """Steps from the farthest state to its attractor."""
        return self.transients.size - 1

    @property
    def mean_transient(self) -> float:
        """Mean number of steps to the attractor, over all states."""
        return float(np.arange(self.transients.size) @ self.transients / 2.0**self.n)

    @property
    def states_per_second(self) -> float:
        """Speed: number of states over the wall time, per s."""
        return 2.0**self.n / self.seconds
