"""Systems and states in units of their typical size.

Algorithms compute with states of size 1. A system whose states are of a different size, or whose
variables differ much in size (mV next to nM), is changed to coordinates ``state / scale`` at the
entrance of each public search, and the result is changed back at its exit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from isochron.analysis.systems.functions import Flow
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import is_map, is_stiff
from isochron.analysis.systems.scales import (
    UNLIKE_ALONG,
    field_response,
    map_response,
    measure_scale,
)

_UNLIKE_DIFFERENCES = 1 / 32  # ratio of sizes below which differences need a length of their own
_FEWEST_STEPS = 32  # along which the sizes of a map's variables are measured
_COARSE_RTOL = 1e-6  # of a trajectory of which only the size is needed


@dataclass(frozen=True)
class Units:
    """Coordinates ``state / scale`` and back.

    Attributes
    ----------
    scale : ndarray, shape (n,)
    """

    scale: np.ndarray

    @property
    def plain(self) -> bool:
        """Whether nothing changes."""
        return bool((self.scale == 1).all())

    def enter(self, states: ArrayLike) -> np.ndarray:
        """States of shape (..., n) in these coordinates."""
        states = np.asarray(states, dtype=float)
        return states if self.plain else states / self.scale

    def leave(self, states: np.ndarray) -> np.ndarray:
        """States of shape (..., n) in the unit of the user."""
        return states if self.plain else states * self.scale

    def enter_cycle(self, cycle: Any) -> Any:
        """A `LimitCycle` in these coordinates."""
        return self._moved(cycle, self.enter)

    def leave_cycle(self, cycle: Any) -> Any:
        """A `LimitCycle` in the unit of the user."""
        return self._moved(cycle, self.leave)

    def _moved(self, cycle: Any, move: Callable[[np.ndarray], np.ndarray]) -> Any:
        if self.plain or not cycle.solved:
            return cycle
        return replace(cycle, states=move(cycle.states), nodes=move(cycle.nodes))

    def system(self, system: Any) -> Any:
        """The same system in these coordinates."""
        if self.plain:
            fixed = getattr(system, "by_differences", False)
            return system.with_scale(1.0) if fixed else system
        if not is_map(system):
            return scaled_field(system, self.scale)
        return _FreeMap(system, self.scale) if hasattr(system, "with_step") else _Map(
            system, self.scale
        )  # fmt: skip


def find_units(
    system: Any,
    states: ArrayLike,
    *,
    scale: ArrayLike | None = None,
    duration: float | None = None,
    angles: tuple[int, ...] = (),
) -> Units:
    """Units for a search from given states.

    If these are not all near 1, the sizes are those along the trajectory from the first one.

    Parameters
    ----------
    system : VectorField or ForcedMap
    states : array_like, shape (..., n)
    scale : array_like, shape () or (n,), optional
        Typical size of the state, if it is known.
    duration : float, optional
        How long to follow an autonomous field; a map is followed for one return.
    angles : tuple of int
        Indices of variables that are angles, in radians: their size is 1.
    """
    found = _find_units(system, states, scale, duration)
    if angles:
        found.scale[list(angles)] = 1.0
    return found


def _find_units(system: Any, states: ArrayLike, scale: ArrayLike | None, duration) -> Units:
    states = np.asarray(states, dtype=float)
    if not states.size:
        raise ValueError(f"A state has at least one variable, got shape {states.shape}.")
    rows = states.reshape(-1, states.shape[-1])
    finite = rows[np.isfinite(rows).all(axis=1)]
    if scale is not None or not len(finite):
        return Units(measure_scale(states, scale=scale))
    first = finite[0]
    response = None
    if is_map(system):
        response = map_response(system, first)
    elif duration is not None:
        response = field_response(system, first, duration)
    by_differences = getattr(system, "by_differences", False)
    unlike = _UNLIKE_DIFFERENCES if by_differences else UNLIKE_ALONG
    units = Units(measure_scale(finite, response=response, unlike=unlike))
    if units.plain or (duration is None and not is_map(system)):
        return units
    try:
        run = _follow(system, first, duration, units)
    except ArithmeticError:
        return units
    known = np.concatenate([finite, run])
    return Units(measure_scale(known, response=response, unlike=unlike))


def _follow(system: Any, start: np.ndarray, duration: float | None, units: Units) -> np.ndarray:
    if is_map(system):
        return _finite_rows(system.orbit(start, max(system.n_steps, _FEWEST_STEPS)))
    assert duration is not None
    times = np.linspace(0, duration, 500)
    states = integrate(
        units.system(system), units.enter(start), duration, times=times, rtol=_COARSE_RTOL
    )
    return units.leave(states)


def _finite_rows(states: np.ndarray) -> np.ndarray:
    return states[np.isfinite(states).all(axis=1)]


def scaled_field(field: Any, scale: np.ndarray) -> Flow:
    """A vector field of ``state / scale``; what the field offers, it offers too."""
    column = scale[:, None]

    def derivative(t: float, y: np.ndarray) -> Any:
        matrix = field.jacobian(t, y * scale)
        if sparse.issparse(matrix):
            return sparse.diags_array(1 / scale) @ matrix @ sparse.diags_array(scale)
        return np.asarray(matrix) * scale / column

    def tangent(t: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return field.tangent(t, y * scale, v * column) / column

    by_differences = getattr(field, "by_differences", False)
    has_tangent = getattr(field, "tangent", None) is not None and not by_differences
    return Flow(
        lambda t, y: np.asarray(field(t, y * scale), dtype=float) / scale,
        None if by_differences else derivative,
        stiff=is_stiff(field),
        tangent=tangent if has_tangent else None,
        scale=1.0,
    )


class _Map:
    """A map of ``state / scale``."""

    def __init__(self, system: Any, scale: np.ndarray) -> None:
        self._system, self._scale, self._column = system, scale, scale[:, None]
        if getattr(system, "by_differences", False):
            self._system = system.with_scale(scale)
        self.dimension, self.n_steps = system.dimension, system.n_steps
        self.step_ms, self.forcing_cycles = system.step_ms, system.forcing_cycles
        self.bounded = getattr(system, "bounded", None)
        if hasattr(system, "tangent_map"):
            self.tangent_map = self._tangent_map

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; see `isochron.analysis.ForcedMap`."""
        state = np.asarray(state) * self._scale
        if tangents is None:
            return self._system.advance(state, n_steps, start=start) / self._scale
        tangents = np.asarray(tangents) * self._column
        state, tangents = self._system.advance(state, n_steps, start=start, tangents=tangents)
        return state / self._scale, tangents / self._column

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included."""
        return self._system.orbit(np.asarray(state) * self._scale, n_steps, start=start) / (
            self._scale
        )

    def _tangent_map(self, state: np.ndarray, n_steps: int) -> Any:
        jvp = self._system.tangent_map(state * self._scale, n_steps)
        return lambda v: jvp(v * self._column) / self._column


class _FreeMap(_Map):
    """The same of a map whose step can be changed."""

    def with_step(self, step_ms: float) -> "_FreeMap":
        """The map with a different step."""
        return _FreeMap(self._system.with_step(step_ms), self._scale)
