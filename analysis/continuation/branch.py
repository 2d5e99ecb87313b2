"""What continuation returns."""

from dataclasses import dataclass, replace

import numpy as np

from isochron.analysis.results import short_repr
from isochron.analysis.systems.units import Units


@short_repr
@short_repr
@dataclass(frozen=True, kw_only=True)
class BranchPoint:
    """One solution on a branch.

    Attributes
    ----------
    parameter : float
    state : ndarray, shape (n,)
        The fixed point, or a state on the cycle.
    period : float
        Of the cycle; NaN for a fixed point.
    values : ndarray of complex
        Eigenvalues of a field's fixed point, largest real part first; else multipliers
        without the trivial one, largest modulus first.
    index : int
        Number of unstable directions.
    residual : float
        Of the equations (a velocity, or a gap in the orbit), relative to the size of the state.
    """

    parameter: float
    state: np.ndarray
    period: float
    values: np.ndarray
    index: int
    residual: float

    @property
    def stable(self) -> bool:
        """Whether no direction is unstable."""
        return self.index == 0


@short_repr
@dataclass(frozen=True, kw_only=True)
class SpecialPoint(BranchPoint):
    """Where a branch turns, or gains or loses stability.

    Attributes
    ----------
    kind : str
        ``fold``, ``branch point`` (an eigenvalue passes 0, or a multiplier 1, and the branch
        does not turn), ``Hopf``, ``period doubling`` or ``Neimark-Sacker``.
    critical : complex
        The eigenvalue or multiplier on the boundary of stability.
    test : float
        What is left of the test function: the parameter's share of the tangent at a fold,
        the distance of `critical` from the boundary else.
    index_before, index_after : int
        Number of unstable directions of the branch before and after the point. `index` is the
        smaller one: that of the directions that are not critical.
    """

    kind: str
    critical: complex
    test: float
    index_before: int
    index_after: int


@short_repr
@dataclass(frozen=True, kw_only=True)
class Branch:
    """A curve of solutions.

    Attributes
    ----------
    points : tuple of BranchPoint
        In the order along the curve.
    special : tuple of SpecialPoint
    message : str
        Why it ends, and what to try if that was no limit.
    tolerance : float
        Length of Newton's last step, relative to the size of the state, that was accepted.
    """

    points: tuple[BranchPoint, ...]
    special: tuple[SpecialPoint, ...]
    message: str
    tolerance: float

    @property
    def parameters(self) -> np.ndarray:
        """Parameter of every point, shape (m,)."""
        return np.array([point.parameter for point in self.points])

    @property
    def states(self) -> np.ndarray:
        """State of every point, shape (m, n)."""
        return np.array([point.state for point in self.points])

    def leave(self, units: Units) -> "Branch":
        """The branch in the unit of the user."""
        if units.plain:
            return self
        points, special = (
            tuple(replace(point, state=units.leave(point.state)) for point in some)
            for some in (self.points, self.special)
        )
        return replace(self, points=points, special=special)

    def of_kind(self, kind: str) -> tuple[SpecialPoint, ...]:
        """The special points of a kind."""
        return tuple(point for point in self.special if point.kind == kind)
