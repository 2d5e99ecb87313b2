"""The null model of states on a loop: an ellipse with noise of the same covariance."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import as_angles
from isochron.analysis.similarity import checked_states
from isochron.arguments import require_rng


def noisy_ellipse(
    states: ArrayLike,
    phases: ArrayLike,
    *,
    conditions: ArrayLike | None = None,
    rng: np.random.Generator,
) -> np.ndarray:
    """States on an ellipse with normal noise, of the mean and covariance of given states.

    On any loop sparse features tile the phase, without a reason other than the loop. Each state
    is replaced by the first harmonic of the states at its phase, and by noise with the covariance
    of what the first harmonic does not describe. So phase, mean and covariance are those of the
    states; harmonics, sparse parts and everything else are not.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        At least 4 samples of a state in each condition.
    phases : array_like, shape (n_samples,)
        Phase of each state, in radians.
    conditions : array_like, shape (n_samples,), optional
        Condition of each state, such as the number of a stimulus; each has a separate ellipse and
        noise. One condition by default.
    rng : numpy.random.Generator
        Source of the noise, which is independent in each sample.

    Returns
    -------
    ndarray, shape (n_samples, n)
        States, in the same unit and order.

    Raises
    ------
    ValueError
        If the states or phases are not finite, differ in number, or a condition has fewer than 4.

    Examples
    --------
    A loop with a second harmonic becomes an ellipse, of the same covariance:

    >>> from isochron.analysis import features
    >>> rng = np.random.default_rng(0)
    >>> phases = rng.uniform(0, 2 * np.pi, 20_000)
    >>> loop = np.c_[2 * np.cos(phases), np.sin(phases), np.cos(2 * phases)]
    >>> null = features.noisy_ellipse(loop, phases, rng=rng)
    >>> print(np.abs(np.cov(null.T) - np.cov(loop.T)).max() < 0.05)
    True
    >>> print(abs(np.mean(null[:, 2] * np.cos(2 * phases))) < 0.05)  # 0.5 in the loop
    True
    """
    require_rng(rng)
    x, angles = checked_states(states, 4), as_angles(phases, "phases")
    groups = np.zeros(len(x)) if conditions is None else np.asarray(conditions)
    if angles.shape != (len(x),) or groups.shape != (len(x),):
        raise ValueError(
            f"phases and conditions must have one value for each of the {len(x)} states, got "
            f"shapes {angles.shape} and {groups.shape}."
        )
    found = np.empty_like(x)
    for group in np.unique(groups):
        mine = groups == group
        found[mine] = _ellipse(x[mine], angles[mine], rng)
    return found


def _ellipse(x: np.ndarray, phases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ellipse and noise of one condition."""
    if len(x) < 4:
        raise ValueError(f"Each condition needs at least 4 states, got {len(x)}.")
    harmonic = np.c_[np.ones(len(x)), np.cos(phases), np.sin(phases)]
    ellipse = harmonic @ np.linalg.lstsq(harmonic, x, rcond=None)[0]
    rest = x - ellipse
    _, singular, axes = np.linalg.svd(rest, full_matrices=False)
    noise = rng.standard_normal((len(x), len(singular)))
    return ellipse + noise @ (singular[:, None] / np.sqrt(len(x)) * axes)
