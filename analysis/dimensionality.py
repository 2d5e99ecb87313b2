"""How many dimensions an activity fills."""

import numpy as np


def principal_components(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of samples of a state.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)

    Returns
    -------
    variance_ratio : ndarray, shape (min(n_samples, n),)
        Fraction of the variance along each component, largest first; zeros if nothing varies.
    components : ndarray, shape (min(n_samples, n), n)
        Unit vectors; the entry of largest modulus of each is positive.

    Raises
    ------
    ValueError
        If the array is not two-dimensional or not finite.
    """
    states = np.asarray(states, dtype=float)
    if states.ndim != 2 or not np.isfinite(states).all():
        raise ValueError(f"states must be finite, of shape (n_samples, n); got {states.shape}.")
    _, singular, components = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    variance = singular**2
    return variance / (variance.sum() or 1.0), components * signs[:, None]


def participation_ratio(states: np.ndarray) -> float:
    """Effective dimension (sum λ)² / sum λ² of the covariance eigenvalues λ; 0 if nothing varies.

    References
    ----------
    Gao et al. (2017), bioRxiv 214262.
    """
    ratio, _ = principal_components(states)
    total = float((ratio**2).sum())
    return float(ratio.sum() ** 2 / total) if total else 0.0
