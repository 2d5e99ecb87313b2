"""How the steps along a branch are chosen."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from isochron.analysis.systems.scales import check_scale


@dataclass(frozen=True, kw_only=True)
class StepControl:
    """How a branch is followed; everything has a default that follows from its size.

    Attributes
    ----------
    step, smallest_step, largest_step : float, optional
        Arclength of the first, the shortest and the longest step, in the unit of the state; by
        default 1/50, 1e-8 and 1/10 of its size. The size of a fixed point is how far it would
        move between the limits at its first velocity, that of a cycle its extent. Where the
        branch goes much farther than this, the longest step grows with the way.
    parameter_scale : float, optional
        Change of the parameter that counts as much as one unit of the state; by default
        the limits are as far apart as the state is large.
    scale : array_like, shape () or (n,), optional
        Typical size of each variable, if these differ much; arclengths are then in units of it.
    max_points : int, optional
        Number of points after which the branch ends.
    tolerance : float, optional
        Length of Newton's step that counts as converged, relative to the size.
    rtol : float, optional
        Relative tolerance of the integration along cycles of a field.

    Raises
    ------
    ValueError
        If the steps are not in order, or a number is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from isochron.analysis import Flow, StepControl, continue_fixed_points
    >>> branch = continue_fixed_points(
    ...     lambda p: Flow(lambda t, x: p + x - x**3),
    ...     [-1.5],
    ...     -2.0,
    ...     limits=(-2.0, 2.0),
    ...     control=StepControl(largest_step=0.2, max_points=100),
    ... )
    >>> [f"{fold.parameter:.4f}" for fold in branch.of_kind("fold")]
    ['0.3849', '-0.3849']
    """

    step: float | None = None
    smallest_step: float | None = None
    largest_step: float | None = None
    parameter_scale: float | None = None
    scale: ArrayLike | None = None
    max_points: int | None = None
    tolerance: float | None = None
    rtol: float | None = None

    def __post_init__(self) -> None:
        given = [
            length
            for length in (self.smallest_step, self.step, self.largest_step)
            if length is not None
        ]
        if given != sorted(given) or not all(0 < length < math.inf for length in given):
            raise ValueError(
                "Need 0 < smallest <= first <= largest step, got "
                f"{self.smallest_step!r}, {self.step!r} and {self.largest_step!r}."
            )
        for name in ("parameter_scale", "tolerance", "rtol"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive, got {value!r}.")
        if self.max_points is not None and self.max_points < 1:
            raise ValueError(f"max_points must be 1 or more, got {self.max_points!r}.")
        if self.scale is not None:
            check_scale(self.scale)

    def points(self, otherwise: int) -> int:
        """Largest number of points.

        Parameters
        ----------
        otherwise : int
            Number if it was not given.

        Returns
        -------
        int
        """
        return otherwise if self.max_points is None else self.max_points
