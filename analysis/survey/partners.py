"""Partners of cycles: those to which they are connected in a damped map.

Each step of the map is multiplied by a factor λ between 0 and 1. At λ = 0 the damped map of a
bounded system has one cycle, 0, and between 0 and 1 its cycles form curves. Followed from λ = 1 to
smaller factors, a curve turns back in a fold and reaches λ = 1 at a different cycle, of the
opposite index, or at the mirror image; one curve continues to λ = 0. Where the indices of the
cycles do not add up to 1, the curve of one of them leads to a cycle that is missing.
"""

from collections.abc import Iterator

import numpy as np

from isochron.analysis.continuation.curve import (
    CurveSteps,
    LostError,
    Solver,
    advance,
    border,
    correct,
    tangent,
)
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.survey.completeness import index_sum
from isochron.analysis.survey.refinement import CycleSearch
from isochron.analysis.systems.protocols import ForcedMap

_SMALLEST_FACTOR = 0.5  # of a step: 1e-18 over 60 steps
_FACTOR_UNIT = 0.2  # change of λ that counts as much as the size of the state
_FIRST, _SHORT, _LONG = 0.02, 0.1, 0.3  # lengths of steps, of the size of the cycle
_MOST_STEPS = 200
_BISECTIONS = 6
_CONTRACTS = 0.5  # norm of the derivative, below which a curve is not followed further

Place = tuple[np.ndarray, np.ndarray]  # u and the tangent there


class _DampedCycles:
    """The curve of the cycles of the damped map: u = (x, (λ - 1) size / unit)."""

    def __init__(self, system: ForcedMap, size: float) -> None:
        self.system, self.size, self.unit = system, size, _FACTOR_UNIT / size
        self._at, self._value, self._matrix = np.empty(0), np.empty(0), np.empty(0)

    def factor(self, u: np.ndarray) -> float:
        """λ."""
        return 1 + self.unit * float(u[-1])

    def residual(self, u: np.ndarray) -> np.ndarray:
        """The state after a period minus that before."""
        self._compute(u)
        return self._value

    def bordered(self, u: np.ndarray, row: np.ndarray) -> Solver:
        """What solves for a move along the curve."""
        self._compute(u)
        return border(self._matrix[:, :-1], self._matrix[:, -1], row)

    def orientation(self, u: np.ndarray, along: np.ndarray) -> int:
        """Sign of the determinant of the derivative, bordered by the tangent."""
        self._compute(u)
        return int(np.linalg.slogdet(np.vstack([self._matrix, along]))[0])

    def null_vector(self, u: np.ndarray) -> np.ndarray:
        """The direction of the state in which the map of a period is nearest to the identity."""
        self._compute(u)
        return np.linalg.svd(self._matrix[:, :-1])[2][-1]

    def contracts(self, u: np.ndarray) -> bool:
        """Whether the map of a period contracts near the cycle."""
        self._compute(u)
        return bool(np.linalg.norm(self._matrix[:, :-1] + np.eye(u.size - 1)) < _CONTRACTS)

    def _compute(self, u: np.ndarray) -> None:
        if np.array_equal(u, self._at):
            return
        factor, n = self.factor(u), u.size - 1
        state, tangents = u[:-1], np.eye(n, n + 1)
        for k in range(self.system.n_steps):
            state, tangents = self.system.advance(state, 1, start=k, tangents=tangents)
            tangents = factor * tangents
            tangents[:, -1] += self.unit * state
            state = factor * state
        tangents[:, :-1] -= np.eye(n)
        self._at, self._value, self._matrix = u, state - u[:-1], tangents


def search_partners(search: CycleSearch, own: list[int], most: int) -> None:
    """Follow curves, up to a limit, while the indices do not add up to 1.

    First those that branch off the curves of the self-mirrored cycles `own`;
    then those of cycles of which there is one too many.
    """
    done = set(own)
    for number in own:
        for end in _ends_of_branches(search.system, search.cycles[number], most):
            search.refine([end])
            if index_sum(search.cycles) == 1:
                return
    for _ in range(most):
        number = _next(search, done, index_sum(search.cycles) - 1)
        if number is None:
            return
        done |= {number, *_images(search, number)}
        end = _end_from(search.system, search.cycles[number])
        if end is not None:
            search.refine([end])
            partner = search.place_of(end)
            done |= set() if partner is None else {partner, *_images(search, partner)}


def _next(search: CycleSearch, done: set[int], excess: int) -> int | None:
    """A cycle of which there is one too many, not yet followed; None if there is none."""
    for number, cycle in enumerate(search.cycles):
        if excess * index_sum([cycle]) > 0 and number not in done:
            return number
    return None


def _images(search: CycleSearch, number: int) -> set[int]:
    if search.mirror is None:
        return set()
    image = search.place_of(-search.cycles[number].states[search.mirror])
    return set() if image is None else {image}


def _end_from(system: ForcedMap, cycle: LimitCycle) -> np.ndarray | None:
    """A state near the cycle at which the curve of a cycle returns to λ = 1, if it does."""
    curve = _DampedCycles(system, _size(cycle))
    down = np.append(np.zeros(cycle.point.size), -1.0)
    return _end(list(_walk(curve, np.append(cycle.point, 0.0), down, _LONG)))


def _ends_of_branches(system: ForcedMap, cycle: LimitCycle, most: int) -> Iterator[np.ndarray]:
    """States near cycles at which the branches of a curve, and the curve itself, return to λ = 1.

    On a curve of self-mirrored cycles, a branch of cycles that are not leaves
    where the determinant of the derivative, bordered by the tangent, changes its sign. Of two
    branches, which are mirror images, one is followed.
    """
    curve = _DampedCycles(system, _size(cycle))
    down = np.append(np.zeros(cycle.point.size), -1.0)
    way = list(_walk(curve, np.append(cycle.point, 0.0), down, _SHORT))
    signs = [curve.orientation(*place) for place in way]
    crossed = [k for k in range(1, len(way)) if signs[k] != signs[k - 1]]
    for k in crossed[:most]:
        try:
            place, direction = _branch_point(curve, way[k - 1], way[k])
        except LostError:
            continue
        end = _end(list(_walk(curve, place, direction, _LONG, branch=True)))
        if end is not None:
            yield end
    end = _end(way)
    if end is not None:
        yield end


def _branch_point(
    curve: _DampedCycles, before: Place, after: Place
) -> tuple[np.ndarray, np.ndarray]:
    """A place near that where a branch leaves, between two of a curve, and its direction."""
    (low, along), (high, _) = before, after
    sign = curve.orientation(low, along)
    for _ in range(_BISECTIONS):
        middle = correct(curve, (low + high) / 2, along, 1e-9 * curve.size, 8)[0]
        if curve.orientation(middle, along) == sign:
            low = middle
        else:
            high = middle
    return low, np.append(curve.null_vector(low), 0.0)


def _walk(
    curve: _DampedCycles, u: np.ndarray, along: np.ndarray, largest: float, *, branch: bool = False
) -> Iterator[Place]:
    """Places of a curve and its tangents, until it returns to λ = 1, ends or is lost."""
    size = curve.size
    longest = largest * size
    control = CurveSteps(
        first=_FIRST * size, smallest=1e-5 * size, largest=longest, tolerance=1e-6 * size
    )
    step = control.first
    try:
        if not branch:
            along = tangent(curve, u, along)
        yield u, along
        for _ in range(_MOST_STEPS):
            u, step = advance(curve, u, along, step, control)
            along = tangent(curve, u, along)
            yield u, along
            if u[-1] >= 0 or curve.factor(u) < _SMALLEST_FACTOR or curve.contracts(u):
                return
    except (LostError, FloatingPointError):
        return


def _end(way: list[Place]) -> np.ndarray | None:
    """The state at which a way passes λ = 1."""
    if len(way) < 2 or way[-1][0][-1] < 0:
        return None
    before, u = way[-2][0], way[-1][0]
    share = before[-1] / (before[-1] - u[-1])
    return (before + share * (u - before))[:-1]


def _size(cycle: LimitCycle) -> float:
    return float(np.linalg.norm(cycle.states, axis=1).max()) or 1.0
