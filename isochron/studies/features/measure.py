"""Dictionaries of the states of any system, measured in held-out states next to their nulls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron import analysis
from isochron.analysis import features
from isochron.analysis.features import AutoencoderTraining, Dictionary
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.studies.features.configuration import FeaturesSection
from isochron.studies.features.results import (
    ALONE,
    AUTOENCODER,
    ICA,
    PCA,
    RANDOM,
    STABLE,
    DictionaryRow,
    FeatureRow,
)
from isochron.studies.features.samples import Samples

VARIANCE = 0.99  # that counts the dimensions of states
INFORMATIVE_BITS = 0.02  # least information of a monosemantic feature
LIVE = 0.01  # least share of the states in which a live feature is active
N_BINS = 12  # of the phase
FEW_SURROGATES = 19  # where only their mean is used


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found: fields of a `SystemRow`, its features, and the dictionaries."""

    fields: dict[str, Any]
    rows: tuple[FeatureRow, ...]
    live: np.ndarray
    autoencoder: Dictionary
    random: Dictionary


@dataclass(frozen=True, eq=False)
class Measurement:
    """The dictionaries of one system: sizes, training and seeds.

    Attributes
    ----------
    section : FeaturesSection
    seed : int
    n_dimensions : int
        Number of dimensions of the states.
    """

    section: FeaturesSection
    seed: int
    n_dimensions: int

    @classmethod
    def of(cls, section: FeaturesSection, samples: Samples, seed: int) -> "Measurement":
        """The measurement of a system."""
        ratio, _ = analysis.principal_components(samples.training)
        n_dimensions = 1 + int(np.searchsorted(np.cumsum(ratio), VARIANCE))
        return cls(section, seed, min(n_dimensions, len(ratio)))

    @property
    def n_active(self) -> int:
        """Number of features that describe a state."""
        return max(1, round(self.section.active_share * self.n_dimensions))

    def rng(self, *purpose: str | int) -> np.random.Generator:
        """A source of random numbers."""
        return np.random.default_rng(derive_seed(self.seed, *purpose))

    def autoencoder(self, states: np.ndarray, number: int) -> Dictionary:
        """The autoencoder of a seed."""
        return self._trained(features.sparse_autoencoder, states, self.section.steps, number)

    def random(self, states: np.ndarray, number: int, *, steps: int = 1) -> Dictionary:
        """Random directions of a seed; their encoder needs more than one step."""
        return self._trained(features.random_dictionary, states, steps, number)

    def _trained(self, kind: Any, states: np.ndarray, steps: int, number: int) -> Dictionary:
        return kind(
            states,
            self.section.expansion * self.n_dimensions,
            self.n_active,
            training=AutoencoderTraining(steps=steps),
            rng=self.rng(AUTOENCODER, number),
        )

    def describe(self, samples: Samples, kind: str, dictionary: Dictionary) -> DictionaryRow:
        """Measures of a dictionary in held-out states."""
        held, live = samples.held_out, live_features(dictionary, samples.training)
        z = dictionary.encode(samples.states[held])[:, live]
        phase = self.phase_information(samples, z, FEW_SURROGATES, kind)
        entropy = float(phase.entropy_bits.sum())
        stimulus = self.stimulus_information(samples, z, FEW_SURROGATES, kind)
        return DictionaryRow(
            kind=kind,
            n_features=len(dictionary.directions),
            n_active=dictionary.n_active,
            n_live=int(live.sum()),
            explained=dictionary.explained(samples.states[held]),
            phase_bits=float(phase.excess.mean()),
            phase_share=float(phase.excess.sum()) / entropy if entropy else 0.0,
            stimulus_bits=None if stimulus is None else float(stimulus.excess.mean()),
            **monosemantic(phase.excess, None if stimulus is None else stimulus.excess),
        )

    def phase_information(
        self, samples: Samples, z: np.ndarray, n_surrogates: int, purpose: str
    ) -> features.FeatureInformation:
        """Information of held-out features about the phase."""
        held = samples.held_out
        return features.phase_information(
            z,
            samples.phases[held],
            trials=samples.trials[held],
            n_bins=N_BINS,
            n_surrogates=n_surrogates,
            rng=self.rng("shifts", purpose),
        )

    def stimulus_information(
        self, samples: Samples, z: np.ndarray, n_surrogates: int, purpose: str
    ) -> features.FeatureInformation | None:
        """Information of held-out features about the stimulus; None if there is one only."""
        if not samples.several:
            return None
        held = samples.held_out
        return features.condition_information(
            z,
            samples.conditions[held],
            trials=samples.trials[held],
            n_surrogates=n_surrogates,
            rng=self.rng("permutations", purpose),
        )


def monosemantic(phase: np.ndarray, stimulus: np.ndarray | None) -> dict[str, float | None]:
    """Shares of the features of whose information, in bits, most is about one thing."""
    if stimulus is None:
        return {"phase_alone": None, "stimulus_alone": None}
    parts = np.maximum([phase, stimulus], 0)
    total = parts.sum(axis=0)
    alone = ((parts >= ALONE * total) & (total >= INFORMATIVE_BITS)).mean(axis=1)
    return {"phase_alone": float(alone[0]), "stimulus_alone": float(alone[1])}


def live_features(dictionary: Dictionary, states: np.ndarray) -> np.ndarray:
    """Whether each feature is active in 1 % of the states or more, shape (m,)."""
    return (dictionary.encode(states) != 0).mean(axis=0) >= LIVE


def measure(section: FeaturesSection, samples: Samples, seed: int, report: Report) -> Measured:
    """Dictionaries of the states of a system, next to baselines and ellipses."""
    it = Measurement.of(section, samples, seed)
    states = samples.training
    report(0.0, "autoencoders")
    found = [it.autoencoder(states, k) for k in range(section.seeds)]
    report(0.2, "baselines")
    random = it.random(states, 0, steps=section.steps)
    rows = [
        it.describe(samples, kind, dictionary)
        for kind, dictionary in (
            (AUTOENCODER, found[0]),
            (RANDOM, random),
            (PCA, features.pca(states, it.n_active)),
            (ICA, features.ica(states, it.n_active, rng=it.rng(ICA))),
        )
    ]
    stability, stable_share = _stability(found, states)
    directions = [it.random(states, k) for k in range(section.seeds)]
    live = live_features(found[0], states)
    null = _ellipses(it, samples, report)
    fields = {
        "n_units": samples.states.shape[1],
        "n_dimensions": it.n_dimensions,
        "n_states": int(samples.held_out.sum()),
        "n_trials": len(np.unique(samples.trials[samples.held_out])),
        "dictionaries": tuple(rows),
        "p_value": analysis.permutation_p(
            rows[0].phase_bits, null["ellipses"], alternative="greater"
        ).p_value,
        "stable_share": stable_share,
        "random_stable_share": float(
            np.mean(
                np.concatenate(features.feature_stability([d.directions for d in directions]))
                >= STABLE
            )
        ),
    }
    return Measured(
        fields=fields | null,
        rows=_feature_rows(it, samples, found[0], live, stability),
        live=live,
        autoencoder=found[0],
        random=random,
    )


def _stability(found: Sequence[Dictionary], states: np.ndarray) -> tuple[np.ndarray, float]:
    """Matched cosines of the live features of the first dictionary; share of stable ones of all."""
    cosines = features.feature_stability([it.directions[live_features(it, states)] for it in found])
    return cosines[0], float(np.mean(np.concatenate(cosines) >= STABLE))


def _ellipses(it: Measurement, samples: Samples, report: Report) -> dict[str, Any]:
    """The same autoencoder on noisy ellipses; its stability on the first of them."""
    rows, stable = [], 0.0
    for draw in range(it.section.ellipses):
        report(0.3 + 0.6 * draw / it.section.ellipses, f"ellipse {draw + 1}")
        null = samples.ellipse(it.rng("ellipse", draw))
        first = it.autoencoder(null.training, 0)
        rows.append(it.describe(null, AUTOENCODER, first))
        if draw == 0:
            others = [it.autoencoder(null.training, k) for k in range(1, it.section.seeds)]
            stable = _stability([first, *others], null.training)[1]
    return {
        "ellipses": tuple(row.phase_bits for row in rows),
        "ellipse_explained": float(np.mean([row.explained for row in rows])),
        "ellipse_phase_alone": mean_known([row.phase_alone for row in rows]),
        "ellipse_stimulus_alone": mean_known([row.stimulus_alone for row in rows]),
        "ellipse_stable_share": stable,
    }


def mean_known(values: Sequence[float | None]) -> float | None:
    """Mean of the numbers that are known; None without any."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _feature_rows(
    it: Measurement,
    samples: Samples,
    dictionary: Dictionary,
    live: np.ndarray,
    stability: np.ndarray,
) -> tuple[FeatureRow, ...]:
    """The live features, with tests of each."""
    z = dictionary.encode(samples.states[samples.held_out])[:, live]
    count = it.section.n_surrogates
    phase = it.phase_information(samples, z, count, "features")
    stimulus = it.stimulus_information(samples, z, count, "features")
    phase_p = analysis.benjamini_hochberg(phase.p_values)
    stimulus_p = None if stimulus is None else analysis.benjamini_hochberg(stimulus.p_values)
    tuning = tuning_curves(samples, z)
    return tuple(
        FeatureRow(
            active_share=float(np.mean(z[:, k] != 0)),
            phase_bits=float(phase.excess[k]),
            phase_p=float(phase_p[k]),
            stimulus_bits=None if stimulus is None else float(stimulus.excess[k]),
            stimulus_p=None if stimulus_p is None else float(stimulus_p[k]),
            stability=float(stability[k]),
            tuning=tuple(tuning[k].tolist()),
        )
        for k in range(z.shape[1])
    )


def tuning_curves(samples: Samples, z: np.ndarray) -> np.ndarray:
    """Mean of held-out features in bins of the phase, one stimulus after the other.

    Returns
    -------
    ndarray, shape (m, n_conditions * N_BINS)
    """
    held = samples.held_out
    turns = np.mod(samples.phases[held] / (2 * np.pi), 1.0)
    _, condition = np.unique(samples.conditions[held], return_inverse=True)
    bins = condition * N_BINS + np.minimum((turns * N_BINS).astype(int), N_BINS - 1)
    size = N_BINS * (1 + condition.max())
    sums = np.stack([np.bincount(bins, weights=column, minlength=size) for column in z.T])
    return sums / np.maximum(np.bincount(bins, minlength=size), 1)
