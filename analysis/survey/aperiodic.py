"""Motion without a period: quasi-periodic, chaotic, or one of a neutral family."""

import numpy as np

from isochron.analysis.lyapunov import LyapunovSpectrum
from isochron.analysis.phase.rotation import weighted_birkhoff_average
from isochron.analysis.survey.motion import Motion
from isochron.analysis.survey.places import Cloud, size_of
from isochron.analysis.systems.angles import on_circles

_REGULAR = 1e-4  # of the size of an orbit: change of averages from one half to the other
_MOVE = 0.05  # of the size of a set: how far a state is moved to see whether it comes back
_DECAYS = -8.0  # logarithm of what is left of a perturbation; shear alone makes it -log(duration)
_OFF = 0.5  # part of a trajectory on a set below which it lies on a different one
_CHAOTIC_GROWTH = 5.0  # least logarithm of what an error grows by while it is observed


def classify_aperiodic(motion: Motion, record: np.ndarray) -> tuple[str | None, LyapunovSpectrum]:
    """Whether motion without a period is quasi-periodic, chaotic, or neither for certain.

    Chaotic if the leading exponent is positive by four standard errors and an error grows
    e⁵-fold while it is observed. Quasi-periodic if averages over both halves of the record agree
    to 1e-4 of its size (they do so fast for regular motion, and for no other) and nothing
    transverse decays: the next exponent is 0.

    References
    ----------
    Sander and Meiss (2020), Physica D 411:132569: averages that tell regular motion.
    """
    spectrum = motion.exponents(record[-1])
    leading, error = float(spectrum.exponents[0]), float(spectrum.errors[0])
    if leading > 4 * error and leading * motion.times.observation > _CHAOTIC_GROWTH:
        return "chaotic", spectrum
    places = on_circles(record, motion.angles)
    halves = np.array_split(places, 2)
    drift = np.linalg.norm(np.subtract(*(weighted_birkhoff_average(half) for half in halves)))
    if (
        drift < _REGULAR * size_of(places)
        and spectrum.exponents[-1] * motion.times.observation > -1
    ):
        return "quasi-periodic", spectrum
    return None, spectrum


def is_neutral(motion: Motion, cloud: Cloud) -> bool:
    """Whether states near a quasi-periodic set neither leave it nor come nearer.

    It is one of a family then, as a curve around the center of a conservative system. A state
    of the set is moved inwards, outwards, and both ways in a random direction, by a little more
    than what tells it from the set. If the set attracts, all come back in the transient.

    A curve of a map, or a torus of two dimensions of a field, attracts if the next exponent is
    negative, even if its states are in clusters so that a different phase seems not to be on it.
    """
    following = motion.exponents(cloud.states[-1], more=1).exponents[-1]
    if following * motion.times.observation < _DECAYS:
        return False
    state = cloud.states[-1]
    far = max(_MOVE * size_of(on_circles(cloud.states, motion.angles)), 4 * cloud.within)
    outwards = state - cloud.states.mean(axis=0)
    outwards[list(motion.angles)] = 0.0  # an angle has no outside
    moves = np.stack([outwards, np.random.default_rng(0).normal(size=state.size)])
    moves *= far / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-300)
    moves = np.concatenate([-moves, moves])
    with np.errstate(all="ignore"):
        for end in motion.discard_transient(state + moves):
            if not np.isfinite(end).all():
                continue
            record = motion.record(end)
            away = np.median(cloud.distances(record))
            if cloud.share(record) < _OFF and away < 2 * far:
                return True
    return False
