"""Where a survey draws its starts from: ``sampler(rng, n)``, shape (n, dimension)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from isochron.arguments import require_rng
from isochron.real_numbers import as_floats, require_real

Sampler = Callable[[np.random.Generator, int], np.ndarray]


def uniform_box(low: ArrayLike, high: ArrayLike) -> Sampler:
    """States spread evenly over a box.

    Parameters
    ----------
    low, high : array_like, shape (dimension,)
        Corners, finite, low < high in every coordinate.

    Returns
    -------
    callable
        ``sampler(rng, n)``: states, shape (n, dimension).

    Raises
    ------
    ValueError
        If the corners are not finite, or not in order.

    Examples
    --------
    >>> drawn = analysis.uniform_box([-1, 0], [1, 5])(np.random.default_rng(0), 1000)
    >>> drawn.min(axis=0).round(1), drawn.max(axis=0).round(1)
    (array([-1.,  0.]), array([1., 5.]))
    """
    low, high = as_floats("low", low), as_floats("high", high)
    sides = high - low
    if low.ndim != 1 or low.shape != high.shape or not (np.isfinite(sides) & (sides > 0)).all():
        raise ValueError(f"A box needs finite low < high of one shape, got {low} and {high}.")
    return lambda rng, n: rng.uniform(low, high, size=(n, low.size))


def gaussian_around(states: ArrayLike, spread: ArrayLike) -> Sampler:
    """States taken at random from given ones, each moved by Gaussian noise.

    Parameters
    ----------
    states : array_like, shape (dimension,) or (m, dimension)
        States around which others are drawn.
    spread : array_like, shape () or (dimension,)
        Standard deviation, in the unit of the state; not negative.

    Returns
    -------
    callable
        ``sampler(rng, n)``: states, shape (n, dimension).

    Raises
    ------
    ValueError
        If there is no finite state, or `spread` is negative or not finite.

    Examples
    --------
    >>> sampler = analysis.gaussian_around([[0.0, 0.0], [10.0, 0.0]], spread=0.1)
    >>> drawn = sampler(np.random.default_rng(0), 1000)
    >>> drawn.shape, np.unique(drawn[:, 0].round(-1))
    ((1000, 2), array([ 0., 10.]))
    """
    states, spread = np.atleast_2d(as_floats("states", states)), as_floats("spread", spread)
    if not states.size or not np.isfinite(states).all():
        raise ValueError(f"Need at least one finite state, got shape {states.shape}.")
    if not (np.isfinite(spread) & (spread >= 0)).all():
        raise ValueError(f"spread must be finite and not negative, got {spread}.")

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        chosen = states[rng.integers(len(states), size=n)]
        return chosen + spread * rng.standard_normal(chosen.shape)

    return sample


def draw_starts(sampler: Sampler, rng: np.random.Generator, n_starts: int) -> np.ndarray:
    """Initial states of a sampler, shape (n_starts, dimension), checked."""
    require_rng(rng)
    drawn = sampler(rng, n_starts)
    require_real("The states of sampler", drawn)
    starts = np.asarray(drawn, dtype=float)
    if starts.ndim != 2 or len(starts) != n_starts or not np.isfinite(starts).all():
        raise ValueError(
            f"sampler must return finite states of shape ({n_starts}, dimension), got shape "
            f"{starts.shape}."
        )
    return starts


def spread_of(starts: np.ndarray) -> float:
    """Spread of the starts, or the size of the only one; 1 if all are 0."""
    spread = float(np.linalg.norm(starts - starts.mean(axis=0), axis=1).max())
    return spread or float(np.linalg.norm(starts[0])) or 1.0
