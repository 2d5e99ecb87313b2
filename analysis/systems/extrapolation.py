"""Maps of symmetric time steps, extrapolated to a step of length zero."""

import math
from typing import Any

import numpy as np

from isochron.analysis.systems.protocols import has_free_step


class ExtrapolatedMap:
    """A map that represents a flow, its error of the step removed by extrapolation.

    A step that is symmetric in time (its inverse is the step of the opposite length) has a
    global error in even powers of its length h. Runs in steps of h, h/2, …, h/k, combined by
    Richardson's extrapolation in h² at the end of each run, have one of order 2k, and so have
    their derivatives; the runs themselves are as stable as the map.

    Parameters
    ----------
    system : ForcedMap
        Without a forcing, with a method ``with_step(step_ms)``, symmetric in time. If it is not
        symmetric the order is 2 (3 for k = 2 with luck); measure it.
    n_levels : int
        The number k of runs, 2 to 6. They cost k (k + 1)/2 times as much as one.

    Raises
    ------
    ValueError
        If the map is forced or its step fixed, or `n_levels` is out of range.

    References
    ----------
    Hairer, Nørsett and Wanner (1993), Solving Ordinary Differential Equations I, sections
    II.8 and II.9.

    Examples
    --------
    Largest error of the potentials (mV) of two neurons after ten steps of 16 ms:

    >>> pair = connectome.from_matrices(
    ...     ["A", "B"], [[0, 3], [3, 0]], gap=[[0, 2], [2, 0]], signs=[[0, 1], [-1, 0]],
    ...     rows="postsynaptic",
    ... )
    >>> worm, start = sims.GradedNetwork(pair), np.array([-10.0, 20.0, 0.1, 0.3])
    >>> exact = analysis.flow(worm.field_under(sims.Stimulus()), start, 160)
    >>> steps = sims.GradedMap(worm, sims.Stimulus(), step_ms=16)
    >>> for system in (steps, analysis.ExtrapolatedMap(steps, n_levels=4)):
    ...     print(f"{np.abs(system.advance(start, 10) - exact).max():.4f}")
    0.0081
    0.0000
    """

    n_steps, forcing_cycles = 1, 0

    def __init__(self, system: Any, *, n_levels: int = 3) -> None:
        if not has_free_step(system):
            raise ValueError(
                "Only a map without a forcing, with a method with_step(step_ms), can be "
                "extrapolated."
            )
        if n_levels not in range(2, 7):
            raise ValueError(f"n_levels must be a whole number from 2 to 6, got {n_levels!r}.")
        self.dimension, self.step_ms = system.dimension, system.step_ms
        self._system, self._divisors = system, range(1, n_levels + 1)
        self._weights = [
            math.prod(k * k / (k * k - j * j) for j in self._divisors if j != k)
            for k in self._divisors
        ]

    def with_step(self, step_ms: float) -> "ExtrapolatedMap":
        """The same with a different step.

        Parameters
        ----------
        step_ms : float
            Time of one step, in ms.

        Returns
        -------
        ExtrapolatedMap
        """
        return ExtrapolatedMap(self._system.with_step(step_ms), n_levels=len(self._divisors))

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps, extrapolated as a whole; see `isochron.analysis.ForcedMap`."""
        del start  # every step is alike
        runs = [
            system.advance(state, k * n_steps, tangents=tangents) for k, system in self._systems()
        ]
        if tangents is None:
            return self._combine(runs)
        return self._combine([x for x, _ in runs]), self._combine([v for _, v in runs])

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, each extrapolated; shape (n_steps + 1, ..., dimension)."""
        del start
        return self._combine(
            [system.orbit(state, k * n_steps)[::k] for k, system in self._systems()]
        )

    def _systems(self):
        return ((k, self._system.with_step(self.step_ms / k)) for k in self._divisors)

    def _combine(self, runs) -> np.ndarray:
        return np.tensordot(self._weights, runs, axes=1)
