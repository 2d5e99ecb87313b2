"""What is given as a system is one: its first answer is looked at before a search starts."""

from numbers import Real
from typing import Any

import numpy as np

from isochron.analysis.systems.protocols import is_map
from isochron.arguments import what_it_is
from isochron.real_numbers import as_float, require_real
from isochron.wording import counted, shown

_WHAT_IS_ONE = (
    "A system is a vector field, such as analysis.Flow(lambda t, x: ...), or a map, such as "
    "analysis.SteppedMap(lambda k, x: ..., None, dimension). For a module of PyTorch: "
    "isochron.ann_bridge.ModuleMap."
)


def check_system(system: Any, state: np.ndarray, *, batched: bool = False) -> None:
    """Check that a system is a vector field or a map whose values are real and fit the state.

    Parameters
    ----------
    system : VectorField or ForcedMap
    state : ndarray, shape (n,)
    batched : bool
        Whether a map must advance several states at once, shape (m, n).

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If its values are complex or have a different shape, or the state does not fit a map.
    """
    of_map = is_map(system)
    if not of_map and not (callable(system) and hasattr(system, "jacobian")):
        raise TypeError(f"{type(system).__name__} is not a system. {_WHAT_IS_ONE}")
    dimension = getattr(system, "dimension", None) if of_map else None
    if dimension is not None and state.shape[-1:] != (dimension,):
        raise ValueError(
            f"A state of this map has {counted(dimension, 'variable')}, but the start has the "
            f"shape {state.shape}."
        )
    if not np.isfinite(state).all():
        return  # the search states which start it is
    try:
        _check_values("A step of the map" if of_map else "The velocity", system, state, of_map)
        if of_map and batched:
            several = np.stack([state] * (state.size + 1))
            _check_values("A step of the map, for several states,", system, several, True)
    except IndexError as error:
        raise ValueError(
            f"The system does not accept a state of shape {state.shape}: {error}."
        ) from error
    except ArithmeticError:
        return  # of a place where the system is not defined


def check_forced_map(system: Any) -> None:
    """Check that a system is a map with a number of steps and of cycles of its forcing.

    Raises
    ------
    TypeError
        If it is something else, such as a vector field.
    """
    if not is_map(system) or not hasattr(system, "forcing_cycles"):
        raise TypeError(f"A map is needed, got {what_it_is(system)}. {_WHAT_IS_ONE}")


def _check_values(what: str, system: Any, states: np.ndarray, of_map: bool) -> None:
    values = system.advance(states, 1) if of_map else system(0.0, states)
    require_real(what, values)
    if np.shape(values) != states.shape:
        raise ValueError(
            f"{what} has the shape {np.shape(values)}, but the state has {states.shape}. "
            + ("Index variables as x[..., 0], so that several states can be advanced at once."
               if states.ndim > 1 else "Return one value for each variable.")
        )  # fmt: skip


def check_durations(**durations: Any) -> None:
    """Check that durations are positive, finite numbers or None.

    Raises
    ------
    TypeError
        If one is not a number.
    ValueError
        If one is not positive and finite.
    """
    for name, value in durations.items():
        if value is None:
            continue
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"{name} must be a number, got {shown(value)}.")
        if not 0 < as_float(value) < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {shown(value)}.")
