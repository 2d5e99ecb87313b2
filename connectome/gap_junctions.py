"""Gap junctions that a file states once, twice, or with two different weights."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

UnequalGap = Literal["error", "larger", "mean"]
UNEQUAL_GAP: tuple[str, ...] = get_args(UnequalGap)


def symmetric_gap(
    gap: ArrayLike,
    names: Sequence[str],
    *,
    unequal_gap: UnequalGap = "error",
    where: str,
    listed_once: bool = False,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Symmetric gap junctions, and what was done to make them so.

    Parameters
    ----------
    gap : array_like, shape (n_neurons, n_neurons)
        Weights. The two directions of a pair are ``gap[i, j]`` and ``gap[j, i]``.
    names : sequence of str
        Names of the neurons.
    unequal_gap : {"error", "larger", "mean"}
        Weight of a pair whose two directions differ: none, the larger, or the mean.
    where : str
        The file or connectome, for the error message.
    listed_once : bool
        Whether a pair may be listed in one direction only, as in a list of connections: a
        direction with weight 0 then takes the weight of the other one. False: 0 is a weight.

    Returns
    -------
    ndarray, shape (n_neurons, n_neurons)
        Symmetric; of the type of `gap`, or float64 where a mean is not a whole number.
    tuple of str
        A line for the history of the connectome; empty if no two directions differ.

    Raises
    ------
    ValueError
        If two directions differ and `unequal_gap` is ``"error"``, or if it is not a rule.
    """
    if unequal_gap not in UNEQUAL_GAP:
        rules = ", ".join(map(repr, UNEQUAL_GAP))
        raise ValueError(f"unequal_gap must be one of {rules}, got {unequal_gap!r}.")
    weights = np.array(gap)
    if listed_once:
        weights = np.where(weights == 0, weights.T, weights)
    pairs = np.argwhere(np.triu(weights != weights.T))
    if not len(pairs):
        return weights, ()
    if unequal_gap == "error":
        raise ValueError(_advice(weights, pairs, names, where))
    larger = np.maximum(weights, weights.T)
    if unequal_gap == "mean":
        larger = (weights + weights.T.astype(float)) / 2
        if np.array_equal(larger, np.rint(larger)):
            larger = larger.astype(weights.dtype)
    return larger, (f"unequal gap junctions take the {unequal_gap} weight ({len(pairs)})",)


def _advice(weights: np.ndarray, pairs: np.ndarray, names: Sequence[str], where: str) -> str:
    i, j = pairs[0]
    return (
        f"{where}: the gap junction of {names[i]} and {names[j]} has weight {weights[j, i]:g} "
        f"from {names[i]} to {names[j]} and {weights[i, j]:g} the other way; {len(pairs)} of the "
        "pairs are unequal. Choose unequal_gap='larger' or unequal_gap='mean'."
    )
