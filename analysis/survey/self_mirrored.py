"""Self-mirrored cycles, of a map with an odd symmetry.

If F(-x, k + n/2) = -F(x, k) for every step k of n, the map of a period is g(g(x)), where g(x) is
the state after half a period with its sign changed. The fixed points of g are the cycles with
x(t + T/2) = -x(t). All other cycles come in pairs of mirror images, of equal indices. Simulations
do not lead to a self-mirrored cycle if it is unstable, however the starts are drawn.
"""

from collections.abc import Iterator

import numpy as np

from isochron.analysis.newton import FailedError, newton
from isochron.analysis.survey.completeness import index_sum
from isochron.analysis.survey.refinement import MOST_STARTS, CycleSearch

MOST_VARIABLES = 600  # of which the matrix of derivatives is made
_ITERATIONS = 30


class SelfMirrored:
    """The search for fixed points of g, and the sum of their indices under g.

    Parameters
    ----------
    search : CycleSearch
        Cycles met so far, to which those that are found are added.
    half : int
        Steps of half a period.
    """

    def __init__(self, search: CycleSearch, half: int) -> None:
        self.search, self.half = search, half
        self._signs: dict[int, int] = {}

    @property
    def index_sum(self) -> int:
        """Sum over the fixed points of g of the sign of det(1 - Dg): 1 for a bounded map."""
        return sum(self._sign(number) for number in range(len(self.search.cycles)))

    @property
    def numbers(self) -> list[int]:
        """Numbers of the self-mirrored cycles."""
        return [k for k in range(len(self.search.cycles)) if self._sign(k)]

    def find(self, starts: np.ndarray) -> None:
        """Start Newton's method on g until the indices add up to 1.

        It is started from 0, then from the mean of a state and its image, x and g(x), of the
        cycles and of the starts.
        """
        for state in self._means(starts):
            if index_sum(self.search.cycles) == 1 or self.index_sum == 1:
                return
            try:
                found = newton(self._residual, state, self.search.tolerance, _ITERATIONS)[0]
            except (FailedError, np.linalg.LinAlgError):
                continue
            self.search.refine([found])

    def _means(self, starts: np.ndarray) -> Iterator[np.ndarray]:
        yield np.zeros(self.search.system.dimension)
        points = [cycle.point for cycle in self.search.cycles]
        spread = starts[:: max(1, len(starts) // MOST_STARTS)]
        for state in [*points, *spread][:MOST_STARTS]:
            yield (state + self._image(state)) / 2

    def _image(self, state: np.ndarray) -> np.ndarray:
        """g(x)."""
        return -self.search.system.advance(state, self.half)

    def _residual(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """g(x) - x and its derivative."""
        identity = np.eye(state.size)
        end, tangents = self.search.system.advance(state, self.half, tangents=identity)
        return -end - state, -tangents - identity

    def _sign(self, number: int) -> int:
        """Index of a cycle under g; 0 if it is not self-mirrored."""
        if number not in self._signs:
            point = self.search.cycles[number].point
            own = self.search.place_of(self._image(point)) == number
            # det(1 - Dg) is that of -(Dg - 1), of which the dimension changes the sign
            sign = np.linalg.slogdet(-self._residual(point)[1])[0] if own else 0
            self._signs[number] = int(sign)
        return self._signs[number]
