"""What the analysis accepts, vector fields and maps, and which of the two a system is.

Anything with these attributes will do. `isochron.analysis.systems.functions` wraps plain
functions and simulators.
"""

from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np


@runtime_checkable
class VectorField(Protocol):
    """A flow dx/dt = field(t, x).

    A true attribute ``stiff`` asks for implicit integration. A method ``tangent(t, x, v)``,
    the Jacobian at x times v of shape (n, m), is used instead of the matrix where there is one.

    Examples
    --------
    >>> class Decay:
    ...     def __call__(self, t, state):
    ...         return -state
    ...
    ...     def jacobian(self, t, state):
    ...         return -np.eye(len(state))
    >>> isinstance(Decay(), analysis.VectorField)
    True
    >>> analysis.flow(Decay(), [1.0], 1.0)
    array([0.36787944])
    """

    def __call__(self, t: float, state: np.ndarray, /) -> np.ndarray:
        """Velocity, shape (n,)."""
        ...

    def jacobian(self, t: float, state: np.ndarray, /) -> Any:
        """Derivative of the velocity, dense or SciPy-sparse, shape (n, n).

        Parameters
        ----------
        t : float
            Time.
        state : ndarray, shape (n,)
            State, or states with further axes in front.

        Returns
        -------
        ndarray or sparse matrix, shape (n, n)
            Derivative of the velocity by the state.
        """
        ...


@runtime_checkable
class ForcedMap(Protocol):
    """A map x[k+1] = step(k, x[k]) that repeats after `n_steps` steps.

    A true attribute ``bounded`` declares that it takes a ball into itself, so that the indices
    of its cycles add up to 1; a false one that states can leave to infinity.

    Examples
    --------
    >>> class Rotation:
    ...     dimension, n_steps, step_ms, forcing_cycles = 1, 4, 1.0, 1
    ...
    ...     def advance(self, state, n_steps, *, start=0, tangents=None):
    ...         state = np.asarray(state, dtype=float)
    ...         for k in range(start, start + n_steps):
    ...             state = 0.5 * state + np.cos(np.pi * k / 2)
    ...         return state if tangents is None else (state, 0.5**n_steps * tangents)
    ...
    ...     def orbit(self, state, n_steps, *, start=0):
    ...         return np.stack([self.advance(state, k, start=start) for k in range(n_steps + 1)])
    >>> cycle = analysis.find_limit_cycle(Rotation(), [0.0])
    >>> print(cycle.period, cycle.multipliers.real)
    4.0 [0.0625]
    """

    @property
    def dimension(self) -> int:
        """Number of state variables."""
        ...

    @property
    def n_steps(self) -> int:
        """Steps after which the map repeats; 1 without a forcing."""
        ...

    @property
    def step_ms(self) -> float:
        """Time that one step represents."""
        ...

    @property
    def forcing_cycles(self) -> int:
        """Periods of the forcing in `n_steps`; 0 without a forcing."""
        ...

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents).

        Parameters
        ----------
        state : ndarray, shape (..., dimension)
            State, or many states.
        n_steps : int
            Number of steps.
        start : int
            Step of the forcing at which they start.
        tangents : ndarray, shape (dimension, k), optional
            Tangent vectors at a single state.

        Returns
        -------
        ndarray, shape (..., dimension)
            If `tangents` is given: the pair of state and tangents.
        """
        ...

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included; shape (n_steps + 1, ..., dimension).

        Parameters
        ----------
        state : ndarray, shape (..., dimension)
            First state.
        n_steps : int
            Number of steps.
        start : int
            Step of the forcing at which they start.

        Returns
        -------
        ndarray, shape (n_steps + 1, ..., dimension)
            States along the run, the first included.
        """
        ...


System = VectorField | ForcedMap


def is_map(system: Any) -> TypeGuard[ForcedMap]:
    """Whether a system is a map; else it is a vector field."""
    return hasattr(system, "advance")


def has_free_step(system: Any) -> bool:
    """Whether a map represents a flow, in steps of any length: no forcing, and `with_step`."""
    return hasattr(system, "with_step") and system.forcing_cycles == 0


def is_stiff(system: Any) -> bool:
    """Whether a field asks for implicit integration."""
    return getattr(system, "stiff", False)


def jacobian_product(field: Any, t: float, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The Jacobian of a vector field times vectors, shape (n, m), without the matrix if it can."""
    tangent = getattr(field, "tangent", None)
    if tangent is not None:
        return tangent(t, state, vectors)
    return field.jacobian(t, state) @ vectors
