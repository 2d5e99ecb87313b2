"""Typical sizes of state variables, so that no tolerance or difference step depends on units."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.wording import shown

# Sizes of the largest variable that are used as they are: tolerances are wide enough for them.
_PLAIN = (0.125, 128.0)
_ALIKE = 1 / 32  # ratio of two variables' sizes above which they have one scale
_UNLIKE = 1e-6  # ratio of two variables' sizes below which they have different units
UNLIKE_ALONG = 1e-3  # the same of sizes along a trajectory, or of many starts
_CANCELLED = 1e-10  # of what it responds with: a variable that is only a rounding error


def measure_scale(
    states: ArrayLike,
    *,
    scale: ArrayLike | None = None,
    response: Callable[[np.ndarray], np.ndarray] | None = None,
    unlike: float = _UNLIKE,
) -> np.ndarray:
    """Typical size of each state variable, a power of two; 1 for all if all are near 1.

    Parameters
    ----------
    states : array_like, shape (..., n)
        Starts, or a trajectory. Values that are not finite are ignored.
    scale : array_like, shape () or (n,), optional
        The answer, if the caller knows it.
    response : callable, optional
        Change of the system's output for a change of the size of all variables, shape (n,) to
        (n,). It gives a size to variables that are 0 in all states, or only rounding errors.

    Returns
    -------
    ndarray, shape (n,)
        Positive.

    Raises
    ------
    ValueError
        If `scale` is not positive and finite, or does not have one value for each variable.
    """
    states = np.asarray(states, dtype=float)
    n = states.shape[-1]
    if scale is not None:
        return check_scale(scale, n)
    rows = np.abs(states.reshape(-1, n))
    sizes = np.where(np.isfinite(rows), rows, 0.0).max(axis=0, initial=0.0)
    if _is_plain(sizes, unlike):
        return np.ones(n)
    if response is not None:
        sizes = _fill_from(sizes, response)
    largest = float(sizes.max(initial=0.0)) or 1.0
    sizes = np.where(sizes > np.finfo(float).tiny, sizes, largest)
    if _is_plain(sizes, unlike):
        return np.ones(n)
    return 2.0 ** np.round(np.log2(np.where(sizes > _ALIKE * largest, largest, sizes)))


def check_scale(scale: ArrayLike, n: int | None = None) -> np.ndarray:
    """A given scale as an array, shape (n,), or as it is if `n` is not known."""
    values = np.asarray(scale, dtype=float)
    if values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"scale must be positive and finite, got {shown(scale)}.")
    if n is None:
        return values
    if values.shape not in ((), (1,), (n,)):
        raise ValueError(
            f"scale must be one number or one for each of {n} variables, got shape {values.shape}."
        )
    return np.broadcast_to(values, (n,)).copy()


def _is_plain(sizes: np.ndarray, unlike: float) -> bool:
    largest = float(sizes.max(initial=0.0))
    return _PLAIN[0] <= largest <= _PLAIN[1] and bool((sizes >= unlike * largest).all())


def _fill_from(sizes: np.ndarray, response: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Sizes, where they are lost, from the response of the variable to those that are known."""
    for _ in range(sizes.size):
        found = np.abs(response(sizes))
        found = np.where(np.isfinite(found), found, 0.0)
        lost = sizes <= _CANCELLED * found
        if not lost.any():
            break
        sizes = np.where(lost, found, sizes)
    return sizes


def map_response(system: Any, state: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """How far one return of a map moves if all variables move by a thousandth of their size."""

    def response(sizes: np.ndarray) -> np.ndarray:
        return _largest_change(lambda x: system.advance(x, system.n_steps), state, sizes)

    return response


def field_response(
    field: Any, state: np.ndarray, duration: float
) -> Callable[[np.ndarray], np.ndarray]:
    """How far a field moves in a time, by its velocity and by the change of this."""

    def response(sizes: np.ndarray) -> np.ndarray:
        change = _largest_change(lambda x: np.asarray(field(0.0, x)), state, sizes)
        return duration * np.maximum(np.abs(np.asarray(field(0.0, state))), change)

    return response


def _largest_change(function: Callable, state: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Largest response over some directions, per size."""
    rng, small = np.random.default_rng(0), 2.0**-10
    changes = []
    with np.errstate(all="ignore"):
        for _ in range(3):
            move = small * sizes * rng.choice([-1.0, 1.0], size=sizes.size)
            changes.append(np.abs(function(state + move) - function(state - move)) / (2 * small))
    return np.max(changes, axis=0)
