"""What the analysis can take: vector fields and maps.

Anything with these attributes will do; `Flow` and `SteppedMap` wrap plain functions,
`black_box` a simulator, and `SystemFamily` a system that has parameters.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.systems.scales import check_scale, measure_scale
from isochron.real_numbers import require_count, require_real

# Of a central difference of order 4: rounding / h + h⁴ / 30 is least near this h.
_DIFFERENCE_STEP = 7e-4
_JUMP = 0.05  # relative disagreement of two differences, from which a function is not smooth
_ONE_SIDED = np.array([-25, 48, -36, 16, -3]) / 12  # of values at 0, h, 2h, 3h, 4h


@runtime_checkable
class VectorField(Protocol):
    """A flow dx/dt = field(t, x).

    A true attribute ``stiff`` asks for implicit integration. A method ``tangent(t, x, v)``,
    the Jacobian at x times v of shape (n, m), is used instead of the matrix where there is one.
    """

    def __call__(self, t: float, state: np.ndarray, /) -> np.ndarray:
        """Velocity, shape (n,)."""
        ...

    def jacobian(self, t: float, state: np.ndarray, /) -> Any:
        """Derivative of the velocity, dense or SciPy-sparse, shape (n, n)."""
        ...


@runtime_checkable
class ForcedMap(Protocol):
    """A map x[k+1] = step(k, x[k]) that repeats after `n_steps` steps.

    A true attribute ``bounded`` declares that it takes a ball into itself, so that the indices
    of its cycles add up to 1; a false one that states can leave to infinity.
    """

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
    def forcing_cycles(self) -> int:
        """Periods of the drive in `n_steps`; 0 without a drive."""
        ...

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents)."""
        ...

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included; shape (n_steps + 1, ..., dimension)."""
        ...


System = VectorField | ForcedMap


def difference_tangent(
    function: Callable[[np.ndarray], Any],
    point: np.ndarray,
    vectors: np.ndarray,
    scale: ArrayLike,
    *,
    jumps: bool = False,
) -> np.ndarray:
    """Derivative of a function times vectors, by central differences of order 4.

    The error is about 1e-12 of the function for one that varies over lengths of `scale`,
    and grows with its fifth derivative. Where the function is finite on one side only, such as
    for concentrations near 0, the differences are taken to that side.

    Parameters
    ----------
    function : callable
        Shape (n,) to (n,).
    point : ndarray, shape (n,)
    vectors : ndarray, shape (n, m)
    scale : array_like, shape () or (n,)
        Length over which the function bends, in the unit of the state.
    jumps : bool
        Whether to look for a jump or kink beside the point, as that of x mod 1, and to take the
        differences to the other side. For maps: an integrator of a field would see the change of
        side as a jump of its own.

    Returns
    -------
    ndarray, shape (n, m)
    """
    columns = np.zeros((point.size, vectors.shape[1]))
    scale = np.asarray(scale, dtype=float)
    for column, vector in zip(columns.T, vectors.T, strict=True):
        longest = (np.abs(vector) / scale).max(initial=0.0)
        if longest == 0:
            continue
        step = _DIFFERENCE_STEP / longest
        ahead, behind = (
            [np.asarray(function(point + sign * k * step * vector)) for k in (1, 2)]
            for sign in (1, -1)
        )
        near, far = ahead[0] - behind[0], ahead[1] - behind[1]
        column[:] = (8 * near - far) / (12 * step)
        if not np.isfinite(column).all():
            column[:] = _one_sided_product(function, point, vector, scale)
        elif (
            jumps
            and (
                np.abs(2 * near - far) > _JUMP * np.abs(near).max() + 1e-9 * np.abs(ahead[0])
            ).any()
        ):
            column[:] = _product_beside_a_jump(function, point, vector, step, column)
    return columns


def _product_beside_a_jump(function, point, vector, step, central) -> np.ndarray:
    """The same where the function jumps or has a kink nearby, as x mod 1 does.

    Differences of order 4 to one side, and of order 2 to compare; the side on which the two agree
    best, and both sides if they do not agree on either.
    """
    here, best, least = np.asarray(function(point)), central, _JUMP
    for h in (step, -step):
        values = np.array(
            [here, *(np.asarray(function(point + k * h * vector)) for k in range(1, 5))]
        )
        fine = np.tensordot(_ONE_SIDED, values, axes=1) / h
        coarse = (4 * values[1] - 3 * values[0] - values[2]) / (2 * h)
        size = max(np.abs(fine).max(), np.abs(coarse).max())
        gap = float(np.abs(fine - coarse).max() / size) if 0 < size < np.inf else np.inf
        if gap < least:
            best, least = fine, gap
    return best


def _one_sided_product(function, point, vector, scale) -> np.ndarray:
    """The same at the edge of where the function is defined, such as concentrations near 0.

    Differences of order 4 along every variable, to the side on which they are finite.
    """
    here = np.asarray(function(point))
    product = np.zeros(point.size)
    for i, length in enumerate(np.broadcast_to(scale, point.shape)):
        if vector[i] == 0:
            continue
        slope = np.full(point.size, np.nan)
        for h in (sign * _DIFFERENCE_STEP * length / 4**k for k in range(4) for sign in (1, -1)):
            move = np.zeros(point.size)
            move[i] = h
            values = [here] + [np.asarray(function(point + j * move)) for j in range(1, 5)]
            slope = np.tensordot(_ONE_SIDED, values, axes=1) / h
            if np.isfinite(slope).all():
                break
        product += slope * vector[i]
    return product


def jacobian_product(field: Any, t: float, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The Jacobian of a vector field times vectors, shape (n, m), without the matrix if it can."""
    tangent = getattr(field, "tangent", None)
    if tangent is not None:
        return tangent(t, state, vectors)
    return field.jacobian(t, state) @ vectors


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
        velocity = np.asarray(self.field(t, state))
        if velocity.dtype.kind == "c":
            require_real("The velocity", velocity)
        return velocity.astype(float, copy=False)

    def jacobian(self, t: float, state: np.ndarray) -> Any:
        """Derivative of the velocity, shape (n, n)."""
        if self.derivative is not None:
            return self.derivative(t, state)
        return jacobian_product(self, t, state, np.eye(len(state)))

    def _difference(self, t: float, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return difference_tangent(
            lambda x: self.field(t, x), state, vectors, _known_or_measured(self.scale, state)
        )

    @property
    def by_differences(self) -> bool:
        """Whether the derivative is taken by differences of a length that was not given."""
        return self.scale is None and self.derivative is None and _is_own(self.tangent, self)

    def with_scale(self, scale: ArrayLike) -> "Flow":
        """The same field with a length for its differences."""
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
        require_real("state", state)
        state = np.asarray(state, dtype=float)
        for k in range(start, start + n_steps):
            if tangents is not None and self.tangent is not None:
                tangents = self.tangent(k % self.n_steps, state, tangents)
            state = self.step(k % self.n_steps, state)
        return state if tangents is None else (state, tangents)

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, the first included."""
        states = [np.asarray(state, dtype=float)]
        for k in range(start, start + n_steps):
            states.append(self.step(k % self.n_steps, states[-1]))
        return np.stack(states)

    def _difference(self, k: int, state: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return difference_tangent(
            lambda x: self.step(k, x),
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
        """The same map with a length for its differences."""
        return replace(self, tangent=None, scale=scale)


def has_given_tangent(field: Any) -> bool:
    """Whether a field's derivative times vectors is a function of its own, not of the matrix."""
    tangent = getattr(field, "tangent", None)
    return tangent is not None and not (isinstance(field, Flow) and _is_own(tangent, field))


def takes_differences(system: Any) -> bool:
    """Whether a system has no derivative of its own, so that differences stand for it."""
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
    """A simulator with a state of its own, as a map.

    Parameters
    ----------
    get_state : callable
        Returns all that the future depends on, shape (n,).
    set_state : callable
        Puts the simulator into a state.
    step : callable
        ``step(k)`` moves the simulator by one step; k < `n_steps` is the phase of the drive.
    n_steps, step_ms, forcing_cycles, scale
        As in `SteppedMap`.

    Raises
    ------
    ValueError
        If the state is not a vector, or does not come back as it was set.
    """
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


@dataclass(frozen=True)
class SystemFamily:
    """Systems that differ in parameters, by name.

    Attributes
    ----------
    make : callable
        ``make(**parameters)`` returns a system.
    parameters : mapping of str to float
        Their values where nothing else is said.
    """

    make: Callable[..., System]
    parameters: Mapping[str, float]

    def along(self, *names: str) -> Callable[..., Any]:
        """A function of the values of some parameters, in this order; the others stay."""
        for name in names:
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, n=3)
                hint = f" Did you mean {', '.join(near)}?" if near else ""
                known = ", ".join(self.parameters)
                raise ValueError(f"There is no parameter {name!r}.{hint} There are: {known}.")

        def at(*values: float) -> System:
            return self.make(**{**self.parameters, **dict(zip(names, values, strict=True))})

        return at
