"""How a limit cycle is solved for and verified."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from numpy.typing import ArrayLike

from isochron.analysis.systems.scales import check_scale

Method = Literal["auto", "dense", "krylov"]


@dataclass(frozen=True, kw_only=True)
class ShootingControl:
    """How a cycle is solved for by shooting, and how it is verified.

    Attributes
    ----------
    tolerance : float
        Largest accepted return error, relative to the size of the orbit.
    max_iterations : int, optional
        Iterations of Newton's method; 12 by default, 20 in `find_recurrent_cycles`.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.
    n_multipliers : int, optional
        Number of leading multipliers to compute; 0 for none. By default as many as
        `floquet_multipliers` gives.
    verify : bool
        Check the derivative of the return map against finite differences, and Liouville's
        formula.
    n_segments : int, optional
        Segments of multiple shooting; their starts are simulated from the start if it is one
        state. By default 1, 6 in `find_recurrent_cycles`, and as many as there are starts.
    method : {"auto", "dense", "krylov"}
        Make the monodromy matrix, or use it through its products with vectors
        (Newton-Krylov). The latter is chosen for a map of more than 200 dimensions and a
        field, not stiff, of more than 300.
    max_transient : float, optional
        How long to follow the start into its attractor, before giving up; 30 times `max_period`
        by default, 240 returns of a map or a forced field. 0 searches near the start only.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable, in its unit: tolerances are relative to
        it. By default it is measured along the trajectory from the start.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> from isochron.analysis import Flow, ShootingControl, find_limit_cycle
    >>> field = Flow(lambda t, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]])
    >>> cycle = find_limit_cycle(
    ...     field, [2.0, 0.0], max_period=20, control=ShootingControl(tolerance=1e-11, n_segments=3)
    ... )
    >>> print(cycle.method, f"{cycle.period:.8f}")
    multiple shooting 6.66328686
    """

    tolerance: float = 1e-9
    max_iterations: int | None = None
    rtol: float | None = None
    n_multipliers: int | None = None
    verify: bool = True
    n_segments: int | None = None
    method: Method = "auto"
    max_transient: float | None = None
    scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.max_transient is not None and not 0 <= self.max_transient < math.inf:
            raise ValueError(
                f"max_transient must be 0 or more and finite, got {self.max_transient!r}."
            )
        if self.n_segments is not None and self.n_segments < 1:
            raise ValueError(f"n_segments must be 1 or more, got {self.n_segments!r}.")
        if self.method not in ("auto", "dense", "krylov"):
            raise ValueError(f'method must be "auto", "dense" or "krylov", got {self.method!r}.')
        if self.method == "krylov" and self.n_segments not in (None, 1):
            raise ValueError(
                "Multiple shooting makes its matrices; method='krylov' has one segment."
            )
        if self.scale is not None:
            check_scale(self.scale)

    @property
    def searches_nearby(self) -> bool:
        """Whether the start is not followed into its attractor."""
        return self.max_transient == 0

    def with_defaults(self, *, max_iterations: int, n_segments: int) -> "ShootingControl":
        """The same with numbers for those that were not given.

        Parameters
        ----------
        max_iterations : int
            Iterations of Newton's method, if they are not given.
        n_segments : int
            Segments of multiple shooting, if they are not given.

        Returns
        -------
        ShootingControl
        """
        given = {"max_iterations": self.max_iterations, "n_segments": self.n_segments}
        usual = {"max_iterations": max_iterations, "n_segments": n_segments}
        return replace(self, **{k: usual[k] if v is None else v for k, v in given.items()})
