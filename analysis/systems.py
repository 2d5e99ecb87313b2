"""What the analysis can take: vector fields and maps.

Anything with these attributes will do; `Flow` and `SteppedMap` wrap plain functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class VectorField(Protocol):
    """A flow dx/dt = field(t, x). A true attribute ``stiff`` asks for implicit integration."""

    def __call__(self, t: float, state: np.ndarray, /) -> np.ndarray:
        """Velocity, shape (n,)."""
        ...

    def jacobian(self, t: float, state: np.ndarray, /) -> Any:
        """Derivative of the velocity, dense or SciPy-sparse, shape (n, n)."""
        ...


@runtime_checkable
class DrivenMap(Protocol):
    """A map x[k+1] = step(k, x[k]) that repeats after `n_steps` steps."""

    @property
    def dimension(self) -> int:
        """Number of state variables."""
        ...

    @property
    def n_steps(self) -> int:
        """Steps after which the map repeats; 1 without a drive."""
        ...

    @property
    def step_ms(self) -> float:
        """Time that one step stands for."""
        ...

    @property
    def drive_cycles(self) -> int:
        """Periods of the drive in `n_steps`; 0 without a drive."""
        ...

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents)."""
        ...

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included; shape (n_steps + 1, ..., dimension)."""
        ...


System = VectorField | DrivenMap


@dataclass(frozen=True)
class Flow:
    """A vector field made of two functions.

    Attributes
    ----------
    field : callable
        ``field(t, x)``, shape (n,) to (n,).
    derivative : callable
        ``derivative(t, x)``, shape (n,) to (n, n), dense or sparse.
    stiff : bool
        Integrate with an implicit method.
    """

    field: Callable[[float, np.ndarray], Any]
    derivative: Callable[[float, np.ndarray], Any]
    stiff: bool = False

    def __call__(self, t: float, state: np.ndarray) -> np.ndarray:
        """Velocity, shape (n,)."""
        return np.asarray(self.field(t, state), dtype=float)

    def jacobian(self, t: float, state: np.ndarray) -> Any:
        """Derivative of the velocity, shape (n, n)."""
        return self.derivative(t, state)


@dataclass(frozen=True)
class SteppedMap:
    """A map made of two functions of the step number and the state.

    Attributes
    ----------
    step : callable
        ``step(k, x)``; shape (..., n) to (..., n), or (n,) to (n,) if only single states are used.
    tangent : callable
        ``tangent(k, x, v)``: derivative of the step at x, shape (n,), times v, shape (n, m).
    dimension, n_steps, step_ms, drive_cycles
        As in `DrivenMap`.
    """

    step: Callable[[int, np.ndarray], Any]
    tangent: Callable[[int, np.ndarray, np.ndarray], Any]
    dimension: int
    n_steps: int = 1
    step_ms: float = 1.0
    drive_cycles: int = 0

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents)."""
        state = np.asarray(state, dtype=float)
        for k in range(start, start + n_steps):
            if tangents is not None:
                tangents = self.tangent(k % self.n_steps, state, tangents)
            state = self.step(k % self.n_steps, state)
        return state if tangents is None else (state, tangents)

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included."""
        states = [np.asarray(state, dtype=float)]
        for k in range(start, start + n_steps):
            states.append(self.step(k % self.n_steps, states[-1]))
        return np.stack(states)
