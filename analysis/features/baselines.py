"""Dictionaries with which a sparse autoencoder is compared: principal, independent components."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.dimensionality import principal_components
from isochron.analysis.features.dictionary import Dictionary, center_and_scale
from isochron.analysis.similarity import checked_states
from isochron.arguments import require_rng
from isochron.wording import shown

MAX_ITERATIONS = 500
CONVERGED = 1e-8  # 1 less the cosine of a direction before and after an iteration
LEAST_VARIANCE = 1e-12  # of the largest


def pca(states: ArrayLike, n_components: int) -> Dictionary:
    """Dictionary of the first principal components, all of which are active.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        At least 2 samples of a state.
    n_components : int
        Number of components, from 1 to n and below the number of samples.

    Returns
    -------
    Dictionary
        Features are signed and uncorrelated.

    Raises
    ------
    ValueError
        If the states are complex, not finite or do not vary, or do not span `n_components`
        dimensions.

    Examples
    --------
    >>> from isochron.analysis import features
    >>> states = np.random.default_rng(0).normal(size=(500, 3)) * [3.0, 1.0, 0.1]
    >>> features.pca(states, 2).explained(states) > 0.99
    True
    """
    states, components = _leading(states, n_components)
    mean, scale = center_and_scale(states)
    return _signed(mean, scale, components, components)


def ica(states: ArrayLike, n_components: int, *, rng: np.random.Generator) -> Dictionary:
    """Dictionary of independent components in the space of the first principal ones (FastICA).

    All components are found at the same time, with the contrast log cosh.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        At least 2 samples of a state.
    n_components : int
        Number of components, as in `pca`.
    rng : numpy.random.Generator
        Source of the first directions.

    Returns
    -------
    Dictionary
        Features are signed and uncorrelated; their sign and order are arbitrary. The iteration
        ends after 500 steps at the latest. Normal states do not have independent directions
        that differ from others, and the result is then one of many.

    Raises
    ------
    ValueError
        As in `pca`.

    References
    ----------
    Hyvärinen (1999), IEEE Transactions on Neural Networks 10:626.

    Examples
    --------
    Two independent signals, mixed:

    >>> from isochron.analysis import features
    >>> rng = np.random.default_rng(0)
    >>> signals = rng.laplace(size=(4000, 2))
    >>> mixing = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> found = features.ica(signals @ mixing, 2, rng=rng)
    >>> print(np.abs(found.directions @ mixing.T).max(axis=0) > 0.99)
    [ True  True]
    """
    require_rng(rng)
    states, components = _leading(states, n_components)
    mean, scale = center_and_scale(states)
    scores = (states - mean) / scale @ components.T
    deviations = np.sqrt((scores**2).mean(axis=0))
    rotation = _fast_ica(scores / deviations, rng)
    unmixing = (rotation / deviations) @ components
    mixing = (rotation * deviations) @ components
    norms = np.linalg.norm(mixing, axis=1)
    return _signed(mean, scale, norms[:, None] * unmixing, mixing / norms[:, None])


def _fast_ica(white: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotation, shape (k, k), of white samples, shape (n_samples, k), to independent ones."""
    rotation = _orthogonal(rng.standard_normal((white.shape[1], white.shape[1])))
    for _ in range(MAX_ITERATIONS):
        before, rates = rotation, np.tanh(white @ rotation.T)
        slopes = (1 - rates**2).mean(axis=0)
        rotation = _orthogonal(rates.T @ white / len(white) - slopes[:, None] * rotation)
        if np.abs(np.abs((rotation * before).sum(axis=1)) - 1).max() < CONVERGED:
            break
    return rotation


def _orthogonal(matrix: np.ndarray) -> np.ndarray:
    """The orthogonal matrix that is nearest."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right


def _leading(states: ArrayLike, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Checked states, and the first principal components."""
    checked = checked_states(states, 2)
    ratio, components = principal_components(checked)
    spanned = int(np.sum(ratio > LEAST_VARIANCE * ratio[0])) if ratio[0] else 0
    if not 1 <= n_components <= spanned:
        raise ValueError(
            f"n_components must be from 1 to {spanned}, the number of dimensions that the states "
            f"span; got {shown(n_components)}."
        )
    return checked, components[:n_components]


def _signed(
    mean: np.ndarray, scale: float, encoder: np.ndarray, directions: np.ndarray
) -> Dictionary:
    return Dictionary(
        mean=mean,
        scale=scale,
        encoder=encoder,
        offsets=np.zeros(len(encoder)),
        directions=directions,
        n_active=len(encoder),
        signed=True,
    )
