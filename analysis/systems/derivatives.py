"""Whether the derivative that comes with a system is that of the system, at one state."""

from collections.abc import Callable
from typing import Any

import numpy as np

from isochron.analysis.systems.functions import takes_differences
from isochron.analysis.systems.protocols import is_map

_WRONG = 0.05  # relative to the derivative: a difference from which it is not the same
_SURE = 1e-3  # relative change of a difference from one length to the next, where it is known
# Lengths of differences, in sizes of the state: from those over which anything bends to those
# where only rounding is left. Each is a power of 2, so that adding it rounds least.
_LENGTHS = tuple(2.0**-k for k in range(2, 44, 3))
_DIRECTIONS = 3
_SMALL = 50  # most variables of which each column is compared, to state the wrong entry


def check_derivative(system: Any, state: np.ndarray) -> None:
    """Check that a given derivative agrees with finite differences at a state.

    Raises
    ------
    ValueError
        If it does not; the message states what seems to be wrong.
    """
    if fault := derivative_fault(system, state):
        raise ValueError(fault)


def derivative_fault(system: Any, state: np.ndarray) -> str:
    """What is wrong with the derivative that comes with a system; empty if it is not known to be.

    It is wrong if differences settle, forward and backward, and agree with the derivative at no
    length. At a kink, a jump, or where the system is noisy they do not settle; where states are
    rounded they agree over larger lengths.

    Parameters
    ----------
    system : VectorField or ForcedMap
    state : ndarray, shape (n,)
    """
    if takes_differences(system) or not np.isfinite(state).all():
        return ""
    value, product = _functions(system)
    with np.errstate(all="ignore"):
        try:
            found = [_compare(value, product, state, seed) for seed in range(_DIRECTIONS)]
        except (ArithmeticError, ValueError, NotImplementedError, np.linalg.LinAlgError):
            return ""  # of a place, or a system, without a derivative
        wrong = [pair for pair in found if pair is not None]
        return _in_words(system, value, product, state, wrong) if len(wrong) == _DIRECTIONS else ""


def _functions(system: Any) -> tuple[Callable, Callable]:
    """A system as a function of the state, and its derivative times vectors, shape (n, m)."""
    if is_map(system):
        return (
            lambda x: system.advance(x, 1),
            lambda x, vectors: np.asarray(system.advance(x, 1, tangents=vectors)[1]),
        )
    tangent = getattr(system, "tangent", None)
    if tangent is not None and getattr(system, "derivative", None) is None:
        return lambda x: system(0.0, x), lambda x, vectors: np.asarray(tangent(0.0, x, vectors))
    return lambda x: system(0.0, x), lambda x, vectors: system.jacobian(0.0, x) @ vectors


def _compare(value, product, state, seed) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Direction, difference and derivative along it, where they are not the same."""
    direction = np.random.default_rng(seed).standard_normal(state.size)
    if seed:  # variables may have sizes of their own
        sizes = np.abs(state)
        direction *= np.where(sizes > 0, sizes, sizes.max() or 1.0)
    direction /= np.linalg.norm(direction)
    given = product(state, direction[:, None])[:, 0]
    found = _difference(value, state, direction, given)
    return None if found is None else (direction, found, given)


def _difference(value, state, direction, given) -> np.ndarray | None:
    """A difference of which one can be sure, if none agrees with the derivative; else None."""
    size = float(np.abs(state).max()) or 1.0
    middle, before, sure = value(state), None, None
    for length in np.multiply(_LENGTHS, size):
        ahead = (value(state + length * direction) - middle) / length
        behind = (middle - value(state - length * direction)) / length
        found = (ahead + behind) / 2
        if not np.isfinite(found).all():
            continue
        norm = max(float(np.linalg.norm(found)), float(np.linalg.norm(given)))
        if any(np.linalg.norm(part - given) <= _WRONG * norm for part in (found, ahead, behind)):
            return None
        settled = before is not None and np.linalg.norm(found - before) <= _SURE * norm
        if settled and np.linalg.norm(ahead - behind) <= _WRONG * norm:
            sure = found if sure is None else sure
        before = found
    return sure


def _in_words(system, value, product, state, wrong) -> str:
    """What the derivative would have to be, if that can be told."""
    directions = np.array([direction for direction, _, _ in wrong]).T
    found = np.array([difference for _, difference, _ in wrong]).T
    given = np.array([derivative for _, _, derivative in wrong]).T
    size = float(np.linalg.norm(found))
    error = float(np.linalg.norm(found - given)) / max(size, float(np.linalg.norm(given)))
    of_map = is_map(system)
    what = (
        "tangents: they are not the derivative of the step" if of_map
        else "Jacobian: it is not the derivative of the velocity"
    )  # fmt: skip
    text = f"Check the {what}. At {_written(state)} a finite difference differs by {error:.2g}."

    def explains(matrix_times: np.ndarray) -> bool:
        return bool(np.linalg.norm(found - matrix_times) <= 2 * _WRONG * size)

    if explains(-given):
        return f"{text} The sign is opposite: return the negative of it."
    if state.size > _SMALL:
        return f"{text} Correct it, or omit it: differences are taken then."
    matrix = product(state, np.eye(state.size))
    if explains(matrix.T @ directions):
        return f"{text} It is transposed: entry [i, j] must be that of variable i by variable j."
    if of_map and explains((matrix - np.eye(state.size)) @ directions):
        return f"{text} The identity is too much: it is that of the step, not of x + step."
    return text + _worst_entry(value, state, matrix)


def _worst_entry(value, state, matrix) -> str:
    """The entry of a matrix that is farthest from a difference."""
    size = float(np.abs(state).max()) or 1.0
    length = size * 2.0**-17  # the cube root of the rounding error
    moves = length * np.eye(state.size)
    columns = [(value(state + move) - value(state - move)) / (2 * length) for move in moves]
    found = np.array(columns).T
    errors = np.abs(found - matrix)
    if not np.isfinite(errors).all():
        return " Correct it, or omit it: differences are taken then."
    i, j = np.unravel_index(int(np.argmax(errors)), errors.shape)
    return (
        f" Entry [{i}, {j}] is {matrix[i, j]:.4g}, the difference is {found[i, j]:.4g}. Correct "
        "it, or omit it: differences are taken then."
    )


def _written(state: np.ndarray) -> str:
    return np.array2string(state, precision=4, threshold=8, edgeitems=3)
