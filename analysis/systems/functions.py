"""Systems made of functions: `Flow`, `SteppedMap`, and `black_box` for a simulator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.systems.differences import difference_tangent
from isochron.analysis.systems.protocols import jacobian_product
from isochron.analysis.systems.scales import check_scale, measure_scale
from isochron.arguments import require_callable
from isochron.real_numbers import as_floats, require_count, require_real


@dataclass(frozen=True)
class Flow:
    """A vector field made of functions.

    Attributes
    ----------
    field : callable
        ``field(t, x)``, shape (n,) to (n,).
    derivative : callable, optional
        ``derivative(t, x)``, shape (n,) to (n, n), dense or sparse.
    stiff : bool
        Integrate with an implicit method.
    tangent : callable, optional
        ``tangent(t, x, v)``: the derivative times v, shape (n, m). If neither is given,
        differences of order 4 are taken (see `difference_tangent`).
    scale : array_like, shape () or (n,), optional
        Length over which the field bends, for these differences. By default the typical size
        of each state variable, which every search measures.

    Examples
    --------
    >>> mu = 1.0
    >>> van_der_pol = analysis.Flow(lambda t, x: [x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]])
    >>> van_der_pol(0.0, np.array([2.0, 0.0]))
    array([ 0., -2.])
    >>> cycle = analysis.find_limit_cycle(van_der_pol, [2.0, 0.0], max_period=20)
    >>> print(f"{cycle.period:.4f}")
    6.6633
    """

    field: Callable[[float, np.ndarray], Any]
    derivative: Callable[[float, np.ndarray], Any] | None = None
    stiff: bool = False
    tangent: Callable[[float, np.ndarray, np.ndarray], np.ndarray] | None = None
    scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_scale(self.scale)
        if self.derivative is None and self.tangent is None:
            object.__setattr__(self, "tangent", self._difference)

    def __call__(self, t: float, state: np.ndarray) -> np.ndarray:
        """Velocity, shape (n,)."""
        velocity = np.array(self.field(t, np.array(state)))  # which may reuse its arrays
        if velocity.dtype.kind == "c":
            require_real("The velocity", velocity)
        return velocity.astype(float, copy=False)

    def jacobian(self, t: float, state: np.ndarray) -> Any:
        """Derivative of the velocity, shape (n, n)."""
        if self.derivative is not None:
            matrix = self.derivative(t, np.array(state))
            return matrix.copy() if hasattr(matrix, "copy") else matrix
        return jacobian_product(self, t, state, np.eye(len(state)))

    def _difference(self, t: float, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return difference_tangent(
            lambda x: self(t, x), state, vectors, _known_or_measured(self.scale, state)
        )

    @property
    def by_differences(self) -> bool:
        """Whether the derivative is taken by differences of a length that was not given."""
        return self.scale is None and self.derivative is None and _is_own(self.tangent, self)

    def with_scale(self, scale: ArrayLike) -> "Flow":
        """The same field with a length for its differences.

        Parameters
        ----------
        scale : array_like, shape () or (n,)
            Length over which the field bends, in the unit of the state.

        Returns
        -------
        Flow
        """
        return replace(self, tangent=None, scale=scale)


@dataclass(frozen=True)
class SteppedMap:
    """A map made of functions of the step number and the state.

    Attributes
    ----------
    step : callable
        ``step(k, x)``; shape (..., n) to (..., n), or (n,) to (n,) if only single states are used.
    tangent : callable or None
        ``tangent(k, x, v)``: derivative of the step at x, shape (n,), times v, shape (n, m).
        None takes differences of order 4 (see `difference_tangent`).
    dimension, n_steps, step_ms, forcing_cycles
        As in `ForcedMap`.
    scale : array_like, shape () or (n,), optional
        Length over which the step bends, for these differences. By default the typical size
        of each state variable, which every search measures.
    bounded : bool or None
        Whether the map is known to take a ball into itself (see `EntrainedCycleSurvey.index_sum`).

    Examples
    --------
    >>> henon = analysis.SteppedMap(
    ...     lambda k, x: np.stack([1 - 1.4 * x[..., 0] ** 2 + x[..., 1], 0.3 * x[..., 0]], -1),
    ...     None,
    ...     dimension=2,
    ... )
    >>> henon.advance([0.0, 0.0], 2)
    array([-0.4,  0.3])
    >>> henon.orbit([0.0, 0.0], 2).shape
    (3, 2)
    """

    step: Callable[[int, np.ndarray], Any]
    tangent: Callable[[int, np.ndarray, np.ndarray], Any] | None
    dimension: int
    n_steps: int = 1
    step_ms: float = 1.0
    forcing_cycles: int = 0
    scale: ArrayLike | None = None
    bounded: bool | None = None

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_scale(self.scale)
        if self.tangent is None:
            object.__setattr__(self, "tangent", self._difference)

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents)."""
        require_count("n_steps", n_steps)
        state = as_floats("state", state)
        for k in range(start, start + n_steps):
            if tangents is not None and self.tangent is not None:
                tangents = np.array(self.tangent(k % self.n_steps, np.array(state), tangents))
            state = self._stepped(k, state)
        return state if tangents is None else (state, tangents)

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included."""
        states = [np.asarray(state, dtype=float)]
        for k in range(start, start + n_steps):
            states.append(self._stepped(k, states[-1]))
        return np.stack(states)

    def _stepped(self, k: int, state: np.ndarray) -> np.ndarray:
        """The state after a step, whose function may reuse its arrays or change its argument."""
        return np.array(self.step(k % self.n_steps, np.array(state)))

    def _difference(self, k: int, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return difference_tangent(
            lambda x: self._stepped(k, x),
            state,
            vectors,
            _known_or_measured(self.scale, state),
            jumps=True,
        )

    @property
    def by_differences(self) -> bool:
        """Whether the derivative is taken by differences of a length that was not given."""
        return self.scale is None and _is_own(self.tangent, self)

    def with_scale(self, scale: ArrayLike) -> "SteppedMap":
        """The same map with a length for its differences.

        Parameters
        ----------
        scale : array_like, shape () or (n,)
            Length over which the step bends, in the unit of the state.

        Returns
        -------
        SteppedMap
        """
        return replace(self, tangent=None, scale=scale)


def has_given_tangent(field: Any) -> bool:
    """Whether a field's derivative times vectors is given as a function, not by the matrix."""
    tangent = getattr(field, "tangent", None)
    return tangent is not None and not (isinstance(field, Flow) and _is_own(tangent, field))


def takes_differences(system: Any) -> bool:
    """Whether a system comes without a derivative, so that differences represent it."""
    if getattr(system, "derivative", None) is not None:
        return False
    return isinstance(system, (Flow, SteppedMap)) and _is_own(system.tangent, system)


def _is_own(tangent: Any, system: Any) -> bool:
    """Whether a tangent is the method of differences of the system itself."""
    return getattr(tangent, "__func__", None) is type(system)._difference


def _known_or_measured(scale: ArrayLike | None, state: np.ndarray) -> np.ndarray:
    """A given scale, or the size of the state's largest variable."""
    if scale is not None:
        return np.asarray(scale, dtype=float)
    return measure_scale(np.abs(state).max(keepdims=True))


def black_box(
    get_state: Callable[[], Any],
    set_state: Callable[[np.ndarray], None],
    step: Callable[[int], None],
    *,
    n_steps: int = 1,
    step_ms: float = 1.0,
    forcing_cycles: int = 0,
    scale: ArrayLike | None = None,
) -> SteppedMap:
    """Wrap a simulator that can only be set, stepped and read as a map.

    Parameters
    ----------
    get_state : callable
        Function without arguments that returns all that the future depends on, shape (n,).
    set_state : callable
        ``set_state(x)``, x of shape (n,), puts the simulator into a state.
    step : callable
        ``step(k)`` moves the simulator by one step; k < `n_steps` is the phase of the forcing.
    n_steps, step_ms, forcing_cycles, scale
        Number of steps of a period of the forcing, step in ms, periods of the forcing in
        `n_steps`, and length for differences, shape () or (n,): as in `SteppedMap`.

    Returns
    -------
    SteppedMap
        The derivative is taken by differences.

    Raises
    ------
    ValueError
        If the state is not a vector, or does not come back as it was set.

    Examples
    --------
    >>> class Simulator:
    ...     x = np.array([1.0])
    ...     def step(self, k):
    ...         self.x = 0.5 * self.x + 1
    >>> inside = Simulator()
    >>> system = analysis.black_box(
    ...     lambda: inside.x, lambda x: setattr(inside, "x", x), inside.step
    ... )
    >>> point = analysis.find_fixed_points(system, [[0.3]])[0]
    >>> print(point.point, point.eigenvalues.real)
    [2.] [0.5]
    """
    for name, value in (("get_state", get_state), ("set_state", set_state), ("step", step)):
        require_callable(name, value, "see the example of black_box")
    first = np.array(get_state(), dtype=float)
    if first.ndim != 1 or not first.size:
        raise ValueError(f"get_state must return shape (n,), got shape {first.shape}.")
    set_state(first.copy())
    if not np.array_equal(np.asarray(get_state(), dtype=float), first, equal_nan=True):
        raise ValueError("get_state does not return what set_state was given.")

    def moved(k: int, states: np.ndarray) -> np.ndarray:
        if states.ndim > 1:
            return np.stack([moved(k, state) for state in states])
        set_state(states.copy())
        step(k)
        return np.array(get_state(), dtype=float)

    return SteppedMap(
        moved, None, first.size, n_steps, step_ms, forcing_cycles=forcing_cycles, scale=scale
    )
