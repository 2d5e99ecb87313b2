"""Attractors that were found, and how."""

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
    basin : int
        States that converge to it, those on it included.
    representative : int
        Its smallest state, as a number: neuron 0 is the lowest bit, and a bit of 1 means +1.
    max_transient : int
        Steps from the farthest state of its basin.
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
    lengths, basins, representatives, max_transients : ndarray of int64, shape (n_attractors,)
        See `Attractor`.
    transients : ndarray of int64, shape (longest + 1,)
        How many of the 2**n states are 0, 1, 2, ... steps from their attractor.
    symmetric : bool
        Whether F(-s) = -F(s) for all s, so that only half of the states had to be visited.
    seconds : float
        Wall time, without that of compiling or of loading compiled code.
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
        """Speed of the whole job."""
        return 2.0**self.n / self.seconds
