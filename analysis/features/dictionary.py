"""A dictionary of directions, with which states are encoded and from which one can be removed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import real_array
from isochron.analysis.results import short_repr
from isochron.wording import shown


@short_repr
@dataclass(frozen=True, kw_only=True)
class Dictionary:
    """Directions, a few of which describe each state.

    A state x is encoded as z, the largest `n_active` of E (x - mean) / scale + offsets, and
    decoded as mean + scale * D' z.

    Attributes
    ----------
    mean : ndarray, shape (n,)
        Mean of the states, in their unit.
    scale : float
        Root mean square distance of the states from their mean.
    encoder : ndarray, shape (m, n)
        E. Dimensionless.
    offsets : ndarray, shape (m,)
        Dimensionless.
    directions : ndarray, shape (m, n)
        D, unit vectors.
    n_active : int
        Number of features that are not 0 in a state, at most m.
    signed : bool
        Whether features may be negative, as those of `pca`; the largest ones are then those of
        the largest modulus.

    Examples
    --------
    Two directions, one of which is active in each state:

    >>> from isochron.analysis import features
    >>> axes = np.eye(2)
    >>> plane = features.Dictionary(
    ...     mean=np.zeros(2), scale=1.0, encoder=axes, offsets=np.zeros(2), directions=axes,
    ...     n_active=1, signed=False,
    ... )
    >>> plane.encode([[3.0, 1.0], [-1.0, 2.0]])
    array([[3., 0.],
           [0., 2.]])
    """

    mean: np.ndarray
    scale: float
    encoder: np.ndarray
    offsets: np.ndarray
    directions: np.ndarray
    n_active: int
    signed: bool

    def encode(self, states: ArrayLike) -> np.ndarray:
        """Features of states.

        Parameters
        ----------
        states : array_like, shape (..., n)
            States.

        Returns
        -------
        ndarray, shape (..., m)
            At most `n_active` of a state are not 0; those that are not signed are not negative.

        Raises
        ------
        ValueError
            If the states are complex, not finite, or of a different number of units.
        """
        pre = (self._checked(states) - self.mean) / self.scale @ self.encoder.T + self.offsets
        size = np.abs(pre) if self.signed else pre
        if self.n_active < pre.shape[-1]:
            chosen = np.argpartition(-size, self.n_active - 1, axis=-1)[..., : self.n_active]
            kept = np.zeros(pre.shape, dtype=bool)
            np.put_along_axis(kept, chosen, values=True, axis=-1)
            pre = np.where(kept, pre, 0.0)
        return pre if self.signed else np.maximum(pre, 0.0)

    def decode(self, features: ArrayLike) -> np.ndarray:
        """States that features describe.

        Parameters
        ----------
        features : array_like, shape (..., m)
            Features, such as those of `encode`.

        Returns
        -------
        ndarray, shape (..., n)
            States.

        Raises
        ------
        ValueError
            If the features are complex, not finite, or of a different number.
        """
        features = real_array(features, "features")
        if features.ndim < 1 or features.shape[-1] != len(self.directions):
            raise ValueError(
                f"features must have shape (..., {len(self.directions)}), got {features.shape}."
            )
        return self.mean + self.scale * features @ self.directions

    def explained(self, states: ArrayLike) -> float:
        """Fraction of the variance of states that their features describe.

        Parameters
        ----------
        states : array_like, shape (n_samples, n)
            States, such as those that were not used to find the directions.

        Returns
        -------
        float
            1 for a perfect description, 0 for one no better than the mean of `states`; may be
            negative.

        Raises
        ------
        ValueError
            As in `encode`, or if the states do not vary.
        """
        states = self._checked(states).reshape(-1, len(self.mean))
        total = float(((states - states.mean(axis=0)) ** 2).sum())
        if not total > 0:
            raise ValueError("The states do not vary, so there is no variance to describe.")
        return 1.0 - float(((states - self.decode(self.encode(states))) ** 2).sum()) / total

    def without(self, states: ArrayLike, feature: int) -> np.ndarray:
        """States less the contribution of one feature to their description: its ablation.

        What the features do not describe remains, so that a state in which the feature is 0 is
        unchanged.

        Parameters
        ----------
        states : array_like, shape (..., n)
            States.
        feature : int
            Number of the feature, from 0.

        Returns
        -------
        ndarray, shape (..., n)
            States, in the same unit.

        Raises
        ------
        ValueError
            As in `encode`, or if the feature does not exist.
        """
        if not 0 <= feature < len(self.directions):
            raise ValueError(
                f"feature must be from 0 to {len(self.directions) - 1}, got {shown(feature)}."
            )
        states = self._checked(states)
        part = self.encode(states)[..., feature, None] * self.directions[feature]
        return states - self.scale * part

    def _checked(self, states: ArrayLike) -> np.ndarray:
        states = real_array(states, "states")
        if states.ndim < 1 or states.shape[-1] != len(self.mean):
            raise ValueError(f"states must have shape (..., {len(self.mean)}), got {states.shape}.")
        return states


def center_and_scale(states: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of states, and their root mean square distance from it.

    Raises
    ------
    ValueError
        If the states do not vary.
    """
    mean = states.mean(axis=0)
    scale = float(np.sqrt(((states - mean) ** 2).sum(axis=1).mean()))
    if not scale > 1e-13 * float(np.abs(states).max()):  # beyond round-off of the mean
        raise ValueError("The states do not vary, so they do not have features.")
    return mean, scale
