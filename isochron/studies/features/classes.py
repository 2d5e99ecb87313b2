"""Classes of neurons in which the features of a worm or an animal are concentrated."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from isochron import analysis
from isochron.studies.features.measure import Measured
from isochron.studies.features.results import FeatureRow


def mean_share(rows: Sequence[FeatureRow]) -> float:
    """`class_share` of features, mean; 0 without features."""
    return float(np.mean([row.class_share or 0.0 for row in rows])) if rows else 0.0


def with_classes(
    found: Measured, classes: list[str], n_permutations: int, rng: np.random.Generator
) -> tuple[tuple[FeatureRow, ...], float]:
    """Features with the class of neurons that stands out in each, and the mean of a null model.

    The share of a class is that of the squared direction, less the share of the neurons that are
    in the class. In the null model the classes are permuted among the neurons.
    """
    names, numbers = np.unique(classes, return_inverse=True)
    weights = found.autoencoder.directions[found.live] ** 2
    weights /= weights.sum(axis=1, keepdims=True)

    expected = np.bincount(numbers) / len(numbers)

    def excess(order: np.ndarray) -> np.ndarray:
        parts = [weights[:, order == k].sum(axis=1) for k in range(len(names))]
        return np.stack(parts, axis=1) - expected

    mine = excess(numbers)
    largest = mine.max(axis=1)
    null = np.array([excess(rng.permutation(numbers)).max(axis=1) for _ in range(n_permutations)])
    p = analysis.benjamini_hochberg(
        (1 + (null >= largest - 1e-12).sum(axis=0)) / (1 + n_permutations)
    )
    rows = tuple(
        replace(
            row,
            neuron_class=str(names[mine[k].argmax()]),
            class_share=float(largest[k]),
            class_p=float(p[k]),
        )
        for k, row in enumerate(found.rows)
    )
    return rows, float(null.mean())
