"""What a search for a limit cycle returns."""

import math
from dataclasses import dataclass, field

import numpy as np

from isochron.analysis.results import short_repr

STABILITY_MARGIN = 1e-6
# Relative to a state: an orbit that moves less rests. A return error of 1e-8 is rounding.
RESTING = 1e-6


class NotFoundError(Exception):
    """A search ended without a cycle; its text states what to try."""


class InaccurateError(NotFoundError):
    """A check of an orbit failed although the derivative of the system is right."""


class WrongDerivativeError(NotFoundError):
    """An orbit closes, but the derivative of the system is wrong."""


@short_repr
@dataclass(frozen=True, kw_only=True)
class LimitCycle:
    """A periodic orbit, or the account of a search that found none.

    Attributes
    ----------
    found : bool
        Whether a cycle was found: an orbit that moves and closes. Otherwise nothing but the
        message is meaningful, or, with `at_rest`, the orbit is a fixed point.
    message : str
        How it was found, or why it was not and what to try.
    period : float
        In the time unit of the system (ms for ours). The least one.
    times : ndarray, shape (m,)
        From 0 to `period`.
    states : ndarray, shape (m, n)
        The orbit; the first state is the point that was solved for.
    residual : float
        Return error |x(T) - x(0)|, relative to the size of the orbit; the largest gap between
        segments if there are several.
    tolerance : float
        Largest residual that was accepted.
    method : str
        ``shooting``, ``Newton-Krylov`` or ``multiple shooting``.
    nodes : ndarray, shape (s, n)
        States at equal intervals of time from phase 0, from which the orbit was made; one,
        but for multiple shooting.
    subharmonic : int
        Periods of the forcing after which the orbit closes; 1 without a forcing.
    multipliers : ndarray of complex, shape (k,)
        Floquet multipliers, largest modulus first; all k = n, or the leading ones.
    autonomous : bool
        Whether one of them is the trivial 1.
    at_rest : bool
        Whether the state does not move: a fixed point of a map without a forcing, or of a forced
        system at an amplitude that does not move it, and no cycle, so that `found` is False.
        Its multipliers are those of the fixed point.
    degenerate : bool
        Whether a nontrivial multiplier lies on the unit circle within its error. If it is 1 the
        orbit is one of a family of closed orbits, as around a center or where a quantity is
        conserved, and no limit cycle, or it is at a bifurcation; then neither `stable` nor
        `index` is decided by the linearization.
    checks : dict of str to float
        Independent checks: ``trivial_multiplier`` (distance of the nearest one from 1),
        ``difference_quotient`` (the derivative of the return map against finite
        differences in random directions, relative) and, for a vector field of at most 50
        dimensions, ``liouville`` (log of the determinant against the integral of the
        trace, relative). An orbit with one of them above 0.05 is not returned as found.

    Examples
    --------
    >>> hopf = analysis.Flow(lambda t, x: x * (1 - x @ x) + np.array([-x[1], x[0]]))
    >>> cycle = analysis.find_limit_cycle(hopf, [2.0, 0.0], max_period=20)
    >>> cycle.found, cycle.stable
    (True, True)
    >>> print(f"{cycle.period / np.pi:.6f}", cycle.multipliers.real.round(6))  # 1 and exp(-4π)
    2.000000 [1.e+00 3.e-06]
    """

    found: bool
    message: str
    period: float = math.nan
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    states: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    residual: float = math.nan
    tolerance: float = math.nan
    method: str = ""
    nodes: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    subharmonic: int = 1
    multipliers: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=complex))
    autonomous: bool = False
    at_rest: bool = False
    degenerate: bool = False
    checks: dict[str, float] = field(default_factory=dict)

    @property
    def solved(self) -> bool:
        """Whether the search converged: to a cycle, or to a fixed point (`at_rest`)."""
        return self.found or self.at_rest

    @property
    def point(self) -> np.ndarray:
        """A state on the cycle, shape (n,)."""
        return self.states[0]

    @property
    def nontrivial_multipliers(self) -> np.ndarray:
        """The multipliers without the trivial one of an autonomous cycle."""
        distances = np.abs(self.multipliers - 1)
        if not self.autonomous or distances.min(initial=np.inf) > 0.05:  # not among the leading
            return self.multipliers
        return np.delete(self.multipliers, np.argmin(distances))

    @property
    def largest_multiplier(self) -> float:
        """Largest modulus of a non-trivial multiplier; 0 in one autonomous dimension."""
        return float(np.max(np.abs(self.nontrivial_multipliers), initial=0.0))

    @property
    def stable(self) -> bool:
        """Whether all non-trivial multipliers lie inside the unit circle, as far as computed."""
        known = self.solved and self.multipliers.size > 0 and not self.degenerate
        return known and self.largest_multiplier < 1 - STABILITY_MARGIN

    @property
    def index(self) -> int:
        """Number of non-trivial multipliers outside the unit circle, as far as computed.

        For a degenerate orbit, those that are 1 within the error of a double one do not count.
        """
        outside = np.abs(self.nontrivial_multipliers) > 1 + STABILITY_MARGIN
        if self.degenerate:
            outside &= np.abs(self.nontrivial_multipliers - 1) > 2 * math.sqrt(STABILITY_MARGIN)
        return int(np.sum(outside))


def degenerate_kind(multipliers: np.ndarray, *, autonomous: bool, margin: float) -> str:
    """``family`` or ``boundary`` if a nontrivial multiplier is 1, or of modulus 1; else empty.

    A double multiplier 1 splits by the root of the rounding error, but the mean of the pair has
    an error of the same order as that.
    """
    near = np.abs(multipliers - 1) < 2 * math.sqrt(margin)
    others = multipliers[~near]
    if near.sum() > int(autonomous) and abs(np.mean(multipliers[near] - 1)) <= margin:
        return "family"
    boundary = np.abs(np.abs(others) - 1) <= STABILITY_MARGIN
    return "boundary" if boundary.any() else ""


def orbit_ranges(states: np.ndarray) -> np.ndarray:
    """How far each variable may be expected to move: by its range, or a tenth of its size."""
    ranges = np.maximum(np.ptp(states, axis=0), 0.1 * np.abs(states).max(axis=0))
    return np.maximum(ranges, 0.003 * float(ranges.max()) or 1.0)


def orbit_size(states: np.ndarray, *, least: float = 0.0) -> float:
    """Largest distance of an orbit from its mean; 1 or its norm if it rests.

    An orbit rests if it moves less than 1e-6 of its norm, or of `least` if that is more: what it
    moves is then of the order of the error with which it closes. In units where states have
    size 1, `least` is 1.
    """
    spread = float(np.linalg.norm(states - states.mean(axis=0), axis=1).max())
    norm = float(np.linalg.norm(states[0]))
    return spread if spread > RESTING * max(least, norm) else max(1.0, norm)
