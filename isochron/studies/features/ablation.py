"""What the output of a network does when one feature is removed from its state."""

from dataclasses import dataclass

import numpy as np

from isochron import analysis
from isochron.analysis.features import Dictionary
from isochron.studies.features.measure import live_features
from isochron.studies.features.results import AblationRow
from isochron.studies.features.trials import NetTrials

N_PERMUTATIONS = 999


@dataclass(frozen=True, eq=False)
class Ablation:
    """Labels of the live features of a dictionary, and the effects of their removal.

    Attributes
    ----------
    labels, effects : ndarray, shape (m,)
        Mean target weighted by the feature, in training; mean change of the output in held-out
        states in which it is active, NaN if it is active in none.
    later_share : float
        Size of the change one period later, relative to that at once.
    """

    labels: np.ndarray
    effects: np.ndarray
    later_share: float

    def agreement(self) -> float | None:
        """Minus the correlation of labels and effects: 1 if removal moves away from the label."""
        known = np.isfinite(self.effects)
        return _opposition(self.labels[known], self.effects[known])


def ablate(trials: NetTrials, dictionary: Dictionary) -> Ablation:
    """Remove every live feature from every held-out state in which it is active, one at a time."""
    samples = trials.samples()
    live = np.flatnonzero(live_features(dictionary, samples.training))
    z = dictionary.encode(samples.training)[:, live]
    labels = z.T @ trials.targets.ravel()[~samples.held_out] / z.sum(axis=0)
    features, changes, later = [], [], []
    for k in range(len(trials.times)):
        feature, now, after = _removed_at(trials, dictionary, k)
        features.append(feature)
        changes.append(now)
        later.append(after)
    which, change = np.concatenate(features), np.concatenate(changes)
    count = np.bincount(which, minlength=len(dictionary.directions))[live]
    total = np.bincount(which, weights=change, minlength=len(dictionary.directions))[live]
    effects = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    size = float(np.sqrt(np.mean(change**2)))
    size_later = float(np.sqrt(np.mean(np.concatenate(later) ** 2)))
    return Ablation(labels, effects, size_later / size if size else 0.0)


def _removed_at(
    trials: NetTrials, dictionary: Dictionary, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features active at the k-th time, and changes of the output at once and a period later."""
    held = slice(len(trials.states) // 2, None)
    states, step = trials.states[held, k], int(trials.times[k])
    inputs = trials.inputs[step + 1 : step + 1 + trials.period, held]
    z = dictionary.encode(states)
    trial, feature = np.nonzero(z)
    removed = (
        states[trial]
        - dictionary.scale * z[trial, feature, None] * (dictionary.directions[feature])
    )
    system = trials.system
    now = system.outputs(removed) - system.outputs(states)[trial]
    end = system.outputs(system.respond(states, inputs))
    later = system.outputs(system.respond(removed, inputs[:, trial])) - end[trial]
    return feature, now, later


def summarize(ablation: Ablation, random: Ablation, rng: np.random.Generator) -> AblationRow:
    """The ablations of a dictionary next to those of random directions."""
    known = np.isfinite(ablation.effects)
    labels, effects = ablation.labels[known], ablation.effects[known]
    agreement, p_value = ablation.agreement(), None
    if agreement is not None:

        def statistic(permuted: np.ndarray) -> float:
            return _opposition(permuted, effects) or 0.0

        p_value = analysis.surrogate_test(
            statistic, labels, analysis.permuted, n_surrogates=N_PERMUTATIONS, rng=rng
        ).p_value
    return AblationRow(
        n_features=int(known.sum()),
        agreement=agreement,
        p_value=p_value,
        random_agreement=random.agreement(),
        later_share=ablation.later_share,
    )


def _opposition(labels: np.ndarray, effects: np.ndarray) -> float | None:
    """Minus the correlation; None if it is not defined."""
    if len(labels) < 3 or not labels.std() > 0 or not effects.std() > 0:
        return None
    return -float(np.corrcoef(labels, effects)[0, 1])
