"""Features of hidden states: sparse directions, what each tells about, and whether they are stable.

A dictionary (`Dictionary`) describes every state by a few of its directions: learned by a sparse
autoencoder (`sparse_autoencoder`), or a baseline with the same number of active features (`pca`,
`ica`, `random_dictionary`). The null model of states on a loop is `noisy_ellipse`.
"""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.analysis.features.autoencoder import (
        AutoencoderTraining,
        random_dictionary,
        sparse_autoencoder,
    )
    from isochron.analysis.features.baselines import ica, pca
    from isochron.analysis.features.dictionary import Dictionary
    from isochron.analysis.features.ellipse import noisy_ellipse
    from isochron.analysis.features.information import (
        FeatureInformation,
        condition_information,
        phase_information,
    )
    from isochron.analysis.features.matching import feature_stability, recovered_cosines

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    # Dictionaries
    "Dictionary",
    "AutoencoderTraining",
    "sparse_autoencoder",
    "random_dictionary",
    "pca",
    "ica",
    # What features tell about
    "FeatureInformation",
    "phase_information",
    "condition_information",
    "noisy_ellipse",
    # Features of several runs
    "feature_stability",
    "recovered_cosines",
]
