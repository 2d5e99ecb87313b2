"""The sparse autoencoder, and the control of it whose directions are not learned."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from isochron.analysis.features.dictionary import Dictionary, center_and_scale
from isochron.analysis.similarity import checked_states
from isochron.arguments import require_rng
from isochron.wording import shown

AUXILIARY_WEIGHT = 1 / 32  # of the loss of the features that have not been active, as in the paper
IDLE_SAMPLES = 4096  # without the feature active, after which it counts as inactive
DECAY = 0.3  # of the steps, in which the learning rate falls to 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoencoderTraining:
    """How a sparse autoencoder is trained.

    Attributes
    ----------
    steps : int
        Number of steps of Adam.
    batch_size : int
        Number of states in a step.
    learning_rate : float
        Learning rate; it falls to 0 in the last 30 % of the steps.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    Examples
    --------
    >>> from isochron.analysis import features
    >>> features.AutoencoderTraining(steps=200).batch_size
    128
    """

    steps: int = 1000
    batch_size: int = 128
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "learning_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be positive and finite, got {shown(getattr(self, name))}."
                )


def sparse_autoencoder(
    states: ArrayLike,
    n_features: int,
    n_active: int,
    *,
    training: AutoencoderTraining | None = None,
    rng: np.random.Generator,
) -> Dictionary:
    """Dictionary learned by a top-k sparse autoencoder.

    It minimizes the mean square of what the `n_active` largest features do not describe.
    Features that were not active in the last 4096 states learn to describe the rest, so that few
    stay inactive. The states are centered and divided by one number, their root mean square size.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        At least 2 samples of a state, in one unit; a unit with a larger variance counts more.
    n_features : int
        Number m of features, such as 4 to 16 times the number of dimensions of the states.
    n_active : int
        Number of features that describe a state, from 1 to m.
    training : AutoencoderTraining, optional
        Length of the training; the defaults suit thousands of states.
    rng : numpy.random.Generator
        Source of the first directions and of the order of the states. Results are bit-identical
        for the same generator on one machine and number of threads.

    Returns
    -------
    Dictionary
        Features are not signed. Their order is arbitrary.

    Raises
    ------
    ValueError
        If the states are complex, not finite, too few or do not vary, or a number is out of range.

    References
    ----------
    Makhzani and Frey (2013), arXiv:1312.5663; Gao et al. (2024), arXiv:2406.04093, for the loss of
    inactive features.

    Examples
    --------
    States of three units, each a multiple of one of four directions:

    >>> from isochron.analysis import features
    >>> rng = np.random.default_rng(0)
    >>> truth = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-0.6, -0.8, 0]])
    >>> states = rng.uniform(1, 2, (2000, 1)) * truth[rng.integers(4, size=2000)]
    >>> learned = features.sparse_autoencoder(states, 8, 1, rng=rng)
    >>> learned.explained(states) > 0.9
    True
    """
    require_rng(rng)
    return _trained(states, n_features, n_active, training, rng, learns_directions=True)


def random_dictionary(
    states: ArrayLike,
    n_features: int,
    n_active: int,
    *,
    training: AutoencoderTraining | None = None,
    rng: np.random.Generator,
) -> Dictionary:
    """Dictionary of random directions, with a trained encoder: a control of `sparse_autoencoder`.

    The directions are those from which the sparse autoencoder starts: normal with the covariance
    of the states. Everything else is trained in the same way.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        As in `sparse_autoencoder`.
    n_features : int
        Number m of features.
    n_active : int
        Number of features that describe a state, from 1 to m.
    training : AutoencoderTraining, optional
        Length of the training of the encoder.
    rng : numpy.random.Generator
        Source of the directions and of the order of the states.

    Returns
    -------
    Dictionary
        Features are not signed.

    Raises
    ------
    ValueError
        As in `sparse_autoencoder`.

    Examples
    --------
    Random directions describe less than learned ones:

    >>> from isochron.analysis import features
    >>> rng = np.random.default_rng(0)
    >>> states = rng.uniform(1, 2, (2000, 1)) * np.eye(6)[rng.integers(6, size=2000)]
    >>> short = features.AutoencoderTraining(steps=300)
    >>> kinds = (features.sparse_autoencoder, features.random_dictionary)
    >>> learned, random = (
    ...     kind(states, 12, 1, training=short, rng=np.random.default_rng(1)) for kind in kinds
    ... )
    >>> learned.explained(states) > random.explained(states)
    True
    """
    require_rng(rng)
    return _trained(states, n_features, n_active, training, rng, learns_directions=False)


def _trained(
    states: ArrayLike,
    n_features: int,
    n_active: int,
    training: AutoencoderTraining | None,
    rng: np.random.Generator,
    *,
    learns_directions: bool,
) -> Dictionary:
    given = checked_states(states, 2)
    if not 1 <= n_active <= n_features:
        raise ValueError(
            f"n_active must be from 1 to n_features = {shown(n_features)}, got {shown(n_active)}."
        )
    mean, scale = center_and_scale(given)
    x = torch.from_numpy((given - mean) / scale)
    directions = _first_directions(x, n_features, rng)
    module = _Autoencoder(directions, n_active, learns_directions=learns_directions)
    _fit(module, x, training or AutoencoderTraining(), rng)
    with torch.no_grad():
        return Dictionary(
            mean=mean + scale * module.bias.numpy(),
            scale=scale,
            encoder=module.encoder.numpy().copy(),
            offsets=module.offsets.numpy().copy(),
            directions=module.unit_directions().numpy().copy(),
            n_active=n_active,
            signed=False,
        )


def _first_directions(x: Tensor, n_features: int, rng: np.random.Generator) -> Tensor:
    """Unit vectors, normal with the covariance of the states."""
    weights = torch.from_numpy(rng.standard_normal((n_features, len(x))))
    return torch.nn.functional.normalize(weights @ x, dim=1)


class _Autoencoder:
    """Weights of a top-k autoencoder of states of unit root mean square."""

    def __init__(self, directions: Tensor, n_active: int, *, learns_directions: bool) -> None:
        self.n_active = n_active
        self.directions = directions.clone().requires_grad_(learns_directions)
        self.encoder = directions.clone().requires_grad_()
        self.offsets = torch.zeros(len(directions), dtype=torch.float64).requires_grad_()
        self.bias = torch.zeros(directions.shape[1], dtype=torch.float64).requires_grad_()
        self.idle = torch.zeros(len(directions), dtype=torch.int64)  # states without the feature

    def weights(self) -> list[Tensor]:
        """What is trained."""
        every = (self.directions, self.encoder, self.offsets, self.bias)
        return [it for it in every if it.requires_grad]

    def unit_directions(self) -> Tensor:
        """The directions, normalized."""
        return torch.nn.functional.normalize(self.directions, dim=1)

    def loss(self, x: Tensor) -> Tensor:
        """Mean square error of states, and of its description by inactive features."""
        pre, directions = (x - self.bias) @ self.encoder.T + self.offsets, self.unit_directions()
        z = _largest(pre, self.n_active)
        rest = x - self.bias - z @ directions
        loss = (rest**2).sum(dim=1).mean()
        inactive = self.idle > IDLE_SAMPLES
        self.idle = torch.where((z > 0).any(dim=0), 0, self.idle + len(x))
        if not inactive.any():
            return loss
        count = min(2 * self.n_active, int(inactive.sum()))
        other = _largest(pre.masked_fill(~inactive, -math.inf), count)
        missed = rest.detach() - other @ directions
        return loss + AUXILIARY_WEIGHT * (missed**2).sum(dim=1).mean()


def _largest(pre: Tensor, count: int) -> Tensor:
    """The largest `count` of each row where they are positive, else 0."""
    values, places = torch.topk(pre, count, dim=1)
    return torch.zeros_like(pre).scatter(1, places, torch.relu(values))


def _fit(
    module: _Autoencoder, x: Tensor, training: AutoencoderTraining, rng: np.random.Generator
) -> None:
    adam = torch.optim.Adam(module.weights(), lr=training.learning_rate)
    for step in range(training.steps):
        left = (training.steps - step) / (DECAY * training.steps)
        adam.param_groups[0]["lr"] = training.learning_rate * min(1.0, left)
        batch = torch.from_numpy(rng.integers(len(x), size=training.batch_size))
        loss = module.loss(x[batch])
        adam.zero_grad()
        loss.backward()
        adam.step()
