"""How complete a survey is: what it may have missed, and the sum of the indices.

Over all cycles of a map that takes a ball into itself the indices add up to 1 (Lefschetz). Where
they do not, cycles are searched for between those that are known.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np

from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.survey.refinement import CycleSearch

_FRACTIONS = (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4)  # of the way from one cycle to a different one
_FACTORS = (1.0, 0.5, 0.0, 1.5, 2.0)  # by which an orbit that is not a cycle is widened
_MIXED = 3  # cycles of which further states are random mixtures


def index_sum(cycles: Iterable[LimitCycle]) -> int:
    """Sum over cycles of the sign of det(1 - M), M the derivative of the return map."""
    # A complex pair has a positive factor |1 - μ|², and changes nothing by its two; a
    # multiplier below -1 has a positive factor 1 - μ too.
    expanding = [np.sum(np.real(cycle.multipliers) > 1) for cycle in cycles]
    return int(sum((-1) ** int(count) for count in expanding))


def undetected_basin_bound(n_starts: int, confidence: float = 0.95) -> float:
    """Largest weight of a basin that n independent starts may all have missed.

    The probability that none of n starts falls into a basin of weight p is (1 - p)^n.
    """
    return 1 - (1 - confidence) ** (1 / n_starts) if n_starts else 1.0


def search_between_cycles(
    search: CycleSearch, not_entrained: list[np.ndarray], budget: int
) -> None:
    """Start Newton's method between the cycles until their indices add up to 1.

    The mean of the states that are on no cycle is taken for one more: a torus goes round a cycle.
    """
    inside = []
    if not_entrained and budget:
        with np.errstate(all="ignore"):
            around = search.system.orbit(np.array(not_entrained), search.system.n_steps)
        inside.append(around.mean(axis=1))
    for count, orbit in enumerate(_mixtures(search, inside)):
        if count >= budget or index_sum(search.cycles) == 1:
            return
        search.shoot(orbit)


def _mixtures(search: CycleSearch, inside: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Some orbits, those between two of the cycles, each once, then mixtures of several.

    An orbit that is not a cycle is also tried shrunk and widened around its mean.
    """
    for orbit in inside:
        mean = orbit.mean(axis=0)
        yield from (mean + factor * (orbit - mean) for factor in _FACTORS)
    tried: set[tuple[float, int, int]] = set()
    rng = np.random.default_rng(0)
    while orbits := inside + [cycle.states for cycle in search.cycles]:
        way = next((way for way in _ways(orbits) if way not in tried), None)
        if way is None and len(orbits) == 1:
            return
        if way is None:
            chosen = rng.choice(len(orbits), min(_MIXED, len(orbits)), replace=False)
            weights = 1.5 * rng.dirichlet(np.ones(len(chosen))) - 0.5 / len(chosen)
            yield np.tensordot(weights, np.array([orbits[i] for i in chosen]), axes=1)
        else:
            tried.add(way)
            part, first, second = way
            yield (1 - part) * orbits[first] + part * orbits[second]


def _ways(orbits: list[np.ndarray]) -> list[tuple[float, int, int]]:
    """Fractions of the way from one orbit to a different one, nearest neighbors first."""
    points = np.array([orbit[0] for orbit in orbits])
    pairs = combinations(range(len(points)), 2)
    near = sorted(pairs, key=lambda pair: float(np.linalg.norm(np.subtract(*points[[*pair]]))))
    return [(part, *pair) for part in _FRACTIONS for pair in near]
