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
        Value of the parameter.
    state : ndarray, shape (n,)
        The fixed point, or a state on the cycle.
    period : float
        Period of the cycle; NaN for a fixed point.
    values : ndarray of complex, shape (k,)
        Eigenvalues of a field's fixed point, largest real part first; else multipliers without
        the trivial one, largest modulus first.
    index : int
        Number of unstable directions.
    residual : float
        Residual of the equations (a velocity, or a gap in the orbit), relative to the size of
        the state.
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

    Examples
    --------
    >>> hopf = lambda p: analysis.Flow(lambda t, x: x * (p - x @ x) + 2 * np.array([-x[1], x[0]]))
    >>> branch = analysis.continue_fixed_points(hopf, [0.0, 0.0], -1.0, limits=(-1, 1))
    >>> point = branch.special[0]
    >>> print(point.kind, abs(round(point.parameter, 6)), round(point.critical.imag, 6))
    Hopf 0.0 2.0
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
        Points where it turns, or gains or loses stability, in the order along the curve.
    message : str
        Why it ends, and what to try if it ended before a limit.
    tolerance : float
        Length of Newton's last step, relative to the size of the state, that was accepted.

    Examples
    --------
    >>> bistable = lambda p: analysis.Flow(lambda t, x: p + x - x**3)
    >>> branch = analysis.continue_fixed_points(bistable, [-1.5], -2.0, limits=(-2, 2))
    >>> [(point.kind, f"{point.parameter:.4f}") for point in branch.special]
    [('fold', '0.3849'), ('fold', '-0.3849')]
    >>> branch.states.shape == (len(branch.points), 1)
    True
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
        """The branch in the unit of the user.

        Parameters
        ----------
        units : Units
            Scales in which it was followed.

        Returns
        -------
        Branch
        """
        if units.plain:
            return self
        points, special = (
            tuple(replace(point, state=units.leave(point.state)) for point in some)
            for some in (self.points, self.special)
        )
        return replace(self, points=points, special=special)

    def of_kind(self, kind: str) -> tuple[SpecialPoint, ...]:
        """The special points of a kind.

        Parameters
        ----------
        kind : str
            ``fold``, ``branch point``, ``Hopf``, ``period doubling`` or ``Neimark-Sacker``.

        Returns
        -------
        tuple of SpecialPoint
        """
        return tuple(point for point in self.special if point.kind == kind)
