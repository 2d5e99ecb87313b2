"""Following a state of a map, or of a forced field, to where its returns converge."""

from collections.abc import Callable, Iterator

import numpy as np

from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles.result import NotFoundError, orbit_size
from isochron.analysis.phase.rotation import weighted_birkhoff_average
from isochron.analysis.systems.angles import on_circles

Turning = Callable[[np.ndarray], tuple[int, ...]]

MOST_RETURNS = 240  # by default
_LOOKS = (4, 16, 60)  # returns after which a cycle is searched for, before the last
_CLOSES = 1e-6  # of the size of an orbit
_REGULAR = 1e-3  # of the size of an orbit: change of averages from one half to the other
_LONGEST = 64  # returns after which an orbit is seen to close

_DIVERGES = (
    "The trajectory leaves all bounds within {n} returns of the start: there is no attractor in "
    "that direction. Start elsewhere."
)
_TURNS = (
    "The variables of indices {angles} grow or fall without bound, and the system is 2π-periodic "
    "in them: give angles={angles}."
)
_OTHER_PERIOD = (
    "The trajectory converges to an orbit that closes after {k} returns. Give subharmonic={k} (it "
    "was {subharmonic})."
)
_NO_PERIOD = "The trajectory from the start does not close within {n} returns, and its averages "
_QUASI_PERIODIC = "do not change from one half of them to the other: it is quasi-periodic. Use "
_IRREGULAR = (
    "change: it may be chaotic, or still approach its attractor. See compute_lyapunov_spectrum "
    "and find_all_attractors; raise max_transient (see ShootingControl) for a slow"
    " approach."
)
_CIRCLE = "find_invariant_circle."
_ROTATION = "rotation_number for the mean advance of the angles."
_FIELD = "find_all_attractors, which recognizes such orbits, or change the forcing."


def later_states(
    back: ReturnMap, start: np.ndarray, most: int, turning: Turning, message: str
) -> Iterator[np.ndarray]:
    """States after more and more returns, to search for a cycle of some returns there.

    Parameters
    ----------
    back : ReturnMap
        Number of all returns that the cycle takes.
    start : ndarray, shape (n,)
    most : int
        Returns to follow it for.
    turning : callable
        ``angles(states)``, states of shape (m, n): indices of variables that seem to be angles.
    message : str
        Why the search at the start failed; used where nothing more is known.

    Raises
    ------
    NotFoundError
        When there are no more, with what the trajectory does.
    """
    state, done = start, 0
    single = ReturnMap(back.system, back.given_period, back.rtol, 1, back.angles)
    for stop in [*(look for look in _LOOKS if look < most), most]:
        try:
            with np.errstate(all="ignore"):
                for _ in range(stop - done):
                    state = _finite(single(state))
        except ArithmeticError as error:
            raise NotFoundError(_DIVERGES.format(n=stop)) from error
        done = stop
        yield state
    raise NotFoundError(_what_it_does(single, state, most, back.subharmonic, turning) or message)


def _finite(state: np.ndarray) -> np.ndarray:
    if not np.isfinite(state).all():
        raise ArithmeticError("The state is not finite.")
    return state


def _what_it_does(
    single: ReturnMap, state: np.ndarray, most: int, subharmonic: int, turning: Turning
) -> str:
    """What a trajectory does that has converged; empty if its cycle was not found for its error."""
    states = [state]
    try:
        with np.errstate(all="ignore"):
            for _ in range(most):
                states.append(_finite(single(states[-1])))
    except ArithmeticError:
        return _DIVERGES.format(n=2 * most)
    orbit = np.array(states)
    angles = {*turning(orbit), *single.angles}
    if len(angles) > len(single.angles):
        return _TURNS.format(angles=tuple(sorted(angles)))
    orbit = on_circles(orbit, single.angles)
    gaps = np.linalg.norm(orbit[1 : _LONGEST + 1] - orbit[0], axis=1)
    if gaps.min(initial=np.inf) <= _CLOSES * orbit_size(orbit, least=1.0):
        k = 1 + int(np.argmax(gaps <= _CLOSES * orbit_size(orbit, least=1.0)))
        return _OTHER_PERIOD.format(k=k, subharmonic=subharmonic) if subharmonic % k else ""
    halves = np.array_split(orbit, 2)
    drift = np.linalg.norm(np.subtract(*(weighted_birkhoff_average(half) for half in halves)))
    first = _NO_PERIOD.format(n=most)
    if not drift < _REGULAR * orbit_size(orbit):
        return first + _IRREGULAR
    if not single.is_map:
        return first + _QUASI_PERIODIC + _FIELD
    return first + _QUASI_PERIODIC + (_ROTATION if single.angles else _CIRCLE)
