"""The odd symmetry of a map, under which cycles have mirror images."""

import math

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.systems.checks import check_forced_map
from isochron.analysis.systems.protocols import ForcedMap
from isochron.real_numbers import as_floats

_DRAWN = 8  # random states at which a symmetry is checked, in addition to as many starts


def has_odd_symmetry(system: ForcedMap, states: ArrayLike, *, tolerance: float = 1e-9) -> bool:
    """Whether a map turns into itself when the state changes sign and half a period passes.

    F(-x, k + n/2) = -F(x, k) is checked for every step k of the period n, at the given states;
    without a forcing F(-x) = -F(x). The mirror image -x(t + T/2) of a cycle is then a cycle.
    It needs an even number of steps in which the forcing makes an odd number of periods.

    Parameters
    ----------
    system : ForcedMap
        Map, forced or not.
    states : array_like, shape (m, dimension)
        States at which it is checked.
    tolerance : float
        Largest deviation, relative to the largest coordinate of F.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the states are not finite and real.

    Examples
    --------
    >>> import numpy as np
    >>> from isochron.analysis import SteppedMap
    >>> odd = SteppedMap(lambda k, x: np.tanh(2 * x), None, dimension=1)
    >>> has_odd_symmetry(odd, [[0.3], [1.0]])
    True
    >>> biased = SteppedMap(lambda k, x: np.tanh(2 * x + 0.1), None, dimension=1)
    >>> has_odd_symmetry(biased, [[0.3], [1.0]])
    False
    """
    states = np.atleast_2d(as_floats("states", states))
    check_forced_map(system)
    if system.forcing_cycles == 0:
        return _is_odd(system, states, 0, tolerance)
    if system.n_steps % 2 or system.forcing_cycles % 2 == 0:
        return False
    return _is_odd(system, states, system.n_steps // 2, tolerance)


def _is_odd(system: ForcedMap, states: np.ndarray, shift: int, tolerance: float) -> bool:
    for k in range(system.n_steps):
        after = system.advance(states, 1, start=k)
        image = system.advance(-states, 1, start=k + shift)
        if not np.abs(after + image).max() <= tolerance * np.abs(after).max():
            return False
    return True


def half_period(system: ForcedMap, starts: np.ndarray) -> int | None:
    """Steps of half a period of the forcing of a map with the odd symmetry, else None.

    The symmetry is checked at some of the starts and at random states of their size.
    """
    if system.forcing_cycles == 0 or system.n_steps % 2:
        return None
    rng = np.random.default_rng(0)
    sizes = np.abs(starts).max(axis=0)
    drawn = sizes * rng.standard_normal((_DRAWN, system.dimension))
    states = np.concatenate([starts[:: max(1, len(starts) // _DRAWN)], drawn])
    with np.errstate(all="ignore"):
        return system.n_steps // 2 if has_odd_symmetry(system, states) else None


def mirror_step(system: ForcedMap, starts: np.ndarray) -> int | None:
    """Step of a cycle whose state, with the sign changed, starts the image; None if there is none.

    For an odd number n of steps none is half a period of the forcing from step 0. The nearest is
    off by 1 / 2n of it, and the image is close enough to a cycle for Newton's method.
    """
    n, cycles = system.n_steps, system.forcing_cycles
    states = starts[:: max(1, len(starts) // 4)]
    if has_odd_symmetry(system, states):
        return n // 2 if cycles else 0
    if cycles == 0 or n % 2 == 0 or math.gcd(cycles, n) != 1:
        return None
    shift = pow(cycles, -1, n) * (n // 2) % n
    return shift if _is_odd(system, states, shift, 2 * math.pi / n) else None
