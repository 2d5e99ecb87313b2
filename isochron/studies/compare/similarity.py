"""How similar the cycle of a network is to that of the worm, next to an ellipse and a ceiling."""

from dataclasses import dataclass

import numpy as np

from isochron import analysis, sims
from isochron.runs.run_folder import RunPaths

WORM = "worm"
ROUND_OFF = 1e-12  # of the largest state


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Distance of a cycle to the worm's.

    Attributes
    ----------
    distance : float
        Procrustes distance at the best shift in time, radians, 0 to π/2.
    of_ellipse : float
        The same of an ellipse with the variances of the first two components of the network's
        cycle: what any oscillation of this proportion achieves.
    """

    distance: float
    of_ellipse: float


def compare_with_worm(folder: RunPaths, states: np.ndarray) -> Similarity | None:
    """Compare a cycle, shape (n_times, n_units), with that of the motor neurons of the worm.

    None if the worm does not have a cycle, or the states do not have a shape.
    """
    worm = worm_cycle(folder)
    if worm is None or not has_shape(states):
        return None
    return Similarity(
        distance=analysis.compare_cycles(worm, states).distance,
        of_ellipse=analysis.compare_cycles(worm, analysis.ellipse_of(states)).distance,
    )


def has_shape(states: np.ndarray) -> bool:
    """Whether states, shape (n_times, n_units), are of two or more units and vary.

    The entrained cycle of a network whose units are silent or saturated is a point.
    """
    moves = np.ptp(states, axis=0).max() > ROUND_OFF * np.abs(states).max()
    return bool(moves) and states.shape[1] > 1


def worm_cycle(folder: RunPaths) -> np.ndarray | None:
    """States of the motor neurons on the cycle of the worm, shape (n_times, n_neurons), in mV."""
    data = sims.load_dataset(folder.data_path(WORM))
    if "cycle_states" not in data:
        return None
    return data.cycle_states.values[0][:, np.flatnonzero(data.is_motor.values)]


def turn_of(states: np.ndarray, periods: int) -> np.ndarray:
    """States during one period of the reference, of a cycle of several, shape (n_times, n_units).

    A map at 8.4 Hz and 2 ms repeats after two periods of the reference, 119 steps. Of such a
    cycle it is the part that repeats in each period, by its Fourier series.
    """
    if periods == 1:
        return states
    series = np.fft.rfft(states[:-1], axis=0)[::periods]
    n_times = 2 * len(series) - 1
    turn = np.fft.irfft(series, n_times, axis=0) * n_times / (len(states) - 1)
    return np.concatenate([turn, turn[:1]])
