"""States with their phases, for the training of dictionaries and held out; and their ellipses."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from isochron.analysis import features, principal_components


@dataclass(frozen=True, eq=False)
class Samples:
    """States of a system.

    Attributes
    ----------
    states : ndarray, shape (n_samples, n)
    phases : ndarray, shape (n_samples,)
        Radians.
    trials, conditions : ndarray of int, shape (n_samples,)
        Trial, worm or animal; and the number of its stimulus.
    held_out : ndarray of bool, shape (n_samples,)
        Whether the state is not used to find dictionaries; the same in a whole trial.
    derived : bool
        Whether the phases are those of the states in their principal plane, not of a reference.
    """

    states: np.ndarray
    phases: np.ndarray
    trials: np.ndarray
    conditions: np.ndarray
    held_out: np.ndarray
    derived: bool

    @classmethod
    def with_planar_phases(
        cls, states: np.ndarray, trials: np.ndarray, held_out: np.ndarray
    ) -> "Samples":
        """States of one condition without a reference."""
        phases = planar_phases(states, trials)
        return cls(states, phases, trials, np.zeros_like(trials), held_out, derived=True)

    @property
    def several(self) -> bool:
        """Whether there are several conditions."""
        return bool(np.ptp(self.conditions))

    @property
    def training(self) -> np.ndarray:
        """States that are not held out."""
        return self.states[~self.held_out]

    def ellipse(self, rng: np.random.Generator) -> "Samples":
        """A noisy ellipse with the same phases, conditions, mean and covariance.

        Phases that are derived from states are derived from those of the ellipse, too.
        """
        states = features.noisy_ellipse(
            self.states, self.phases, conditions=self.conditions, rng=rng
        )
        phases = planar_phases(states, self.trials) if self.derived else self.phases
        return replace(self, states=states, phases=phases)


def planar_phases(states: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Angle in the plane of the first two principal components of each trial, made even.

    All phases are equally frequent in a trial, and grow on the whole.
    """
    found = np.empty(len(states))
    for trial in np.unique(trials):
        mine = states[trials == trial]
        plane = (mine - mine.mean(axis=0)) @ principal_components(mine)[1][:2].T
        angle = np.angle(plane @ [1, 1j])
        turns = np.unwrap(angle)
        forward = angle if turns[-1] >= turns[0] else -angle
        found[trials == trial] = 2 * np.pi * (rankdata(np.mod(forward, 2 * np.pi)) - 1) / len(mine)
    return found
