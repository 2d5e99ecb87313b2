"""A survey: which entrained cycles a forced map has, and how much of the state space each draws."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.results import short_repr
from isochron.analysis.survey.basins import discard_transient, search_between_basins
from isochron.analysis.survey.completeness import (
    index_sum,
    search_between_cycles,
    undetected_basin_bound,
)
from isochron.analysis.survey.partners import search_partners
from isochron.analysis.survey.refinement import SMALL, CycleSearch, size_of, spread
from isochron.analysis.survey.self_mirrored import MOST_VARIABLES, SelfMirrored
from isochron.analysis.survey.settings import NewtonStarts
from isochron.analysis.survey.symmetry import half_period, mirror_step
from isochron.analysis.systems.angles import turning_variables
from isochron.analysis.systems.checks import check_forced_map
from isochron.analysis.systems.protocols import ForcedMap
from isochron.analysis.systems.units import find_units
from isochron.real_numbers import as_floats
from isochron.settings import settings_from
from isochron.wording import counted

_TURNS_OVER = 40  # periods in which a variable that is an angle is seen to turn
_BUDGET = 100  # orbits between cycles
_MOST_FOLLOWED = 20  # curves of a damped map


@short_repr
@dataclass(frozen=True, kw_only=True)
class EntrainedCycleSurvey:
    """Cycles of the forcing's period that were found, and what the search cannot exclude.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        Stable ones first, largest basin first; then unstable ones, by their expanding directions.
        A state that does not move, as that of a map without a forcing, has ``at_rest`` set.
    basins : tuple of int
        Number of simulated starts that converged to each cycle.
    n_starts : int
        Starts that were simulated.
    n_not_entrained : int
        Starts that converged to none of the cycles: not locked, subharmonic, or still moving.
    n_diverged : int
        Starts that left all bounds.
    bounded : bool or None
        Whether the map is known to take a ball into itself; only then are the indices of all
        cycles known to add up to 1.
    odd_symmetry : bool
        Whether the map turns into itself when the state changes sign and half a period
        passes; the mirror image of every cycle was then searched for too.
    mirror_index_sum : int or None
        Sum of the indices of the self-mirrored cycles, x(t + T/2) = -x(t), as
        fixed points of the map of half a period with the sign changed. All of them have the sum 1
        if the map is bounded. None if they were not searched for.
    mirror_note : str
        Reason why they were not searched for in a map with the symmetry.

    Examples
    --------
    >>> def step(k, x):  # a bistable unit under a sine of 20 steps
    ...     return x + 0.1 * (x - x**3 + 0.2 * np.cos(2 * np.pi * k / 20))
    >>> forced = analysis.SteppedMap(step, None, 1, n_steps=20, forcing_cycles=1, bounded=True)
    >>> survey = analysis.find_entrained_cycles(forced, np.linspace(-2, 2, 20)[:, None])
    >>> [cycle.stable for cycle in survey.cycles], survey.basins
    ([True, True, False], (10, 10, 0))
    >>> survey.index_sum  # 1: no sign that a cycle is missing
    1
    """

    cycles: tuple[LimitCycle, ...]
    basins: tuple[int, ...]
    n_starts: int
    n_not_entrained: int
    n_diverged: int = 0
    bounded: bool | None = None
    odd_symmetry: bool = False
    mirror_index_sum: int | None = None
    mirror_note: str = ""

    @property
    def stable(self) -> tuple[LimitCycle, ...]:
        """The stable cycles."""
        return tuple(cycle for cycle in self.cycles if cycle.stable)

    @property
    def fixed_points(self) -> tuple[LimitCycle, ...]:
        """Those among `cycles` whose state does not move: fixed points, not cycles."""
        return tuple(cycle for cycle in self.cycles if cycle.at_rest)

    @property
    def undetected_basin_bound(self) -> float:
        """Fraction of starts that an attractor may draw and still be missed, at 95 % confidence."""
        return undetected_basin_bound(self.n_starts)

    @property
    def index_sum(self) -> int:
        """Sum over the cycles of the sign of det(1 - M), M the derivative of the return map.

        Over all cycles of a map that takes a ball into itself, as the leak makes any network of
        bounded rates, it is 1 (Lefschetz): stable cycles and sources of two expanding directions
        count 1, saddles of one -1. A different sum shows that cycles were missed. The sum 1 does
        not show that none was, for a pair born in a fold adds nothing.
        A map that states can leave to infinity may have any sum.
        """
        return index_sum(self.cycles)

    @property
    def cannot_exclude(self) -> str:
        """What the survey leaves open and what to do next, in words."""
        texts = [
            f"An attractor with a basin below {self.undetected_basin_bound:.2g} may be missed "
            "(95 %); raise the number of starts to find smaller ones."
        ]
        starts = counted(self.n_starts, "start")
        if number := len(self.fixed_points):
            several = "are fixed points, not cycles"
            what = "is a fixed point, not a cycle" if number == 1 else several
            texts.append(f"{number} of the {counted(len(self.cycles), 'orbit')} {what}.")
        if self.n_diverged:
            texts.append(f"{self.n_diverged} of {starts} left all bounds.")
        if self.n_not_entrained:
            texts.append(
                f"{self.n_not_entrained} of {starts} converged to none of the cycles; raise "
                "transient_periods, or see find_all_attractors for subharmonics, tori and chaos."
            )
        if self.bounded and self.index_sum != 1:
            several = self.index_sum > 1
            lacking = counted(
                abs(self.index_sum - 1),
                "saddle is" if several else "stable cycle or source is",
                "saddles are" if several else "stable cycles or sources are",
            )
            texts.append(
                f"The indices of the cycles add up to {self.index_sum}. All cycles of a bounded "
                f"map have the sum 1: at least {lacking} missing. "
                "Raise the number of starts or the budget of NewtonStarts."
            )
            if self.mirror_note:
                texts.append(self.mirror_note)
            elif self.mirror_index_sum not in (None, 1):
                texts.append(
                    "Self-mirrored cycles are among those missing: their "
                    f"indices under half a period add up to {self.mirror_index_sum}, not 1."
                )
        return " ".join(texts)


def find_entrained_cycles(
    system: ForcedMap,
    starts: ArrayLike,
    *,
    transient_periods: int = 60,
    convergence_tolerance: float | None = None,
    newton: NewtonStarts | None = None,
    tolerance: float = 1e-9,
    merge_tolerance: float = 1e-3,
    scale: ArrayLike | None = None,
    **fields: Any,
) -> EntrainedCycleSurvey:
    """Find the cycles of a forced map that repeat with its forcing.

    Every start is simulated until it converges; one representative of each place is
    refined by Newton's method and counts only if it converges there. Newton's method is
    also started from the transients, which finds unstable cycles as well. In a map with an odd
    symmetry (`has_odd_symmetry`) and an even number of steps, cycles with x(t + T/2) = -x(t) are
    searched for from 0, as fixed points of the map of half a period with the sign changed. If the
    indices of such a map, bounded, do not add up to 1 then, each step is multiplied by a factor,
    and cycles are followed to smaller factors, through folds and to branches of cycles without
    the symmetry, until a curve returns to the map. For what does not repeat with the forcing
    (subharmonics, tori, chaos) see `find_all_attractors`.

    Parameters
    ----------
    system : ForcedMap
        Map whose step depends on the phase of the forcing.
    starts : ndarray, shape (n_starts, dimension)
        Independent draws from the states of interest.
    transient_periods : int
        Periods of the map to simulate at most; fewer, if no start moves any more.
    convergence_tolerance : float, optional
        Starts have converged when none moves by more than this in a period, relative to its size
        as in `merge_tolerance`; a hundredth of `merge_tolerance` by default.
    newton : NewtonStarts, optional
        Where Newton's method is started, in addition to the states to which the starts converge.
        Or its fields as keywords.
    tolerance : float
        Largest accepted return error, relative to the size of the cycle.
    merge_tolerance : float
        Cycles nearer than this are one, relative to the largest coordinate of either times
        the square root of the dimension.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured from the starts by default.

    Returns
    -------
    EntrainedCycleSurvey

    Raises
    ------
    ValueError
        If there are no starts, or one is not finite, or a tolerance is not positive, or a
        variable is an angle.

    References
    ----------
    Battelino, Grebogi, Ott, Yorke and Yorke (1988), Physica D 32:296: saddles by bisection.

    Examples
    --------
    >>> def step(k, x):  # a bistable unit under a sine of 20 steps
    ...     return x + 0.1 * (x - x**3 + 0.2 * np.cos(2 * np.pi * k / 20))
    >>> forced = analysis.SteppedMap(step, None, 1, n_steps=20, forcing_cycles=1, bounded=True)
    >>> survey = analysis.find_entrained_cycles(forced, np.linspace(-2, 2, 20)[:, None])
    >>> [f"{cycle.multipliers[0].real:.3f}" for cycle in survey.cycles]  # two stable, one saddle
    ['0.012', '0.012', '6.665']
    """
    newton = settings_from(NewtonStarts, newton, fields)
    starts = np.atleast_2d(as_floats("starts", starts))
    if convergence_tolerance is None:
        convergence_tolerance = 1e-2 * merge_tolerance
    _check(
        system,
        starts,
        tolerance=tolerance,
        merge_tolerance=merge_tolerance,
        convergence_tolerance=convergence_tolerance,
    )
    units = find_units(system, starts, scale=scale)
    system, starts = units.system(system), units.enter(starts)
    mirror = mirror_step(system, starts) if newton.odd_symmetry else None
    search = CycleSearch(system, tolerance, merge_tolerance, mirror, size_of(starts))
    with np.errstate(all="ignore"):  # of starts that diverge
        waypoints, states, done = [], starts, 0
        for stop in sorted(set(newton.periods)):
            states, done = system.advance(states, (stop - done) * system.n_steps), stop
            waypoints.append(states)
        limits = (transient_periods, convergence_tolerance)
        before, states, done = discard_transient(search, states, done, *limits)
    stays = search.stay(states)
    not_entrained = [
        state
        for state, previous in zip(states[stays], before[stays], strict=True)
        if not search.counts(state, float(np.linalg.norm(state - previous)))
    ]
    _reject_angles(search, not_entrained)
    search.refine(spread(waypoints))
    search_between_basins(
        search, starts[stays], states[stays], newton.n_boundary_pairs, max(2, done // 2)
    )
    mirrored, note = _self_mirrored(search, starts, sought=mirror is not None)
    if mirrored is not None:
        mirrored.find(starts[stays])
    bounded = getattr(system, "bounded", None)
    if bounded is not False and stays.all():
        small = system.dimension <= SMALL
        usual = _BUDGET if small else _BUDGET // 5
        budget = usual if newton.budget is None else newton.budget
        if mirrored is not None and budget:
            search_partners(search, mirrored.numbers, _MOST_FOLLOWED)
        search_between_cycles(search, not_entrained, budget)
    mirror_sum = None if mirrored is None else mirrored.index_sum
    cycles, basins = search.sorted()
    return EntrainedCycleSurvey(
        cycles=tuple(units.leave_cycle(cycle) for cycle in cycles),
        basins=basins,
        n_starts=len(starts),
        n_not_entrained=len(not_entrained),
        n_diverged=int(np.sum(~stays)),
        bounded=bounded,
        odd_symmetry=mirror is not None,
        mirror_index_sum=mirror_sum,
        mirror_note=note,
    )


def _self_mirrored(
    search: CycleSearch, starts: np.ndarray, *, sought: bool
) -> tuple[SelfMirrored | None, str]:
    """The search for self-mirrored cycles, or the reason why there is none."""
    system = search.system
    if not sought or system.forcing_cycles == 0:
        return None, ""
    what = "Self-mirrored cycles were not searched for: "
    if system.n_steps % 2:
        return None, what + f"half a period is not a whole number of the {system.n_steps} steps."
    if system.dimension > MOST_VARIABLES:
        return None, what + f"the map has more than {MOST_VARIABLES} variables."
    half = half_period(system, starts)
    if half is None:
        return None, what + "the symmetry does not extend to random states."
    return SelfMirrored(search, half), ""


def _check(system: Any, starts: np.ndarray, **tolerances: float) -> None:
    if not len(starts):
        raise ValueError("A survey needs at least one start.")
    check_forced_map(system)
    if starts.shape[1] != system.dimension or not np.isfinite(starts).all():
        raise ValueError(
            f"starts must be finite, of shape (n_starts, {system.dimension}), got shape "
            f"{starts.shape}."
        )
    for name, value in tolerances.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and not negative, got {value!r}.")


def _reject_angles(search: CycleSearch, not_entrained: list[np.ndarray]) -> None:
    """Raise if a state that does not converge differs from its start by whole turns."""
    if not not_entrained:
        return
    system = search.system
    with np.errstate(all="ignore"):
        orbit = system.orbit(not_entrained[0], _TURNS_OVER * system.n_steps)[:: system.n_steps]
        turning = turning_variables(system, orbit) if np.isfinite(orbit).all() else ()
    if turning:
        raise ValueError(
            f"The variables of indices {turning} grow or fall without bound, and the map is "
            "2π-periodic in them: they are angles, which find_entrained_cycles does not support. "
            f"Use find_all_attractors with angles={turning}, or a map of the cosine and sine of "
            "each angle."
        )
