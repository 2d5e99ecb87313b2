"""Null models that place the connections anew, whatever the partners of each neuron."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.model import Connectome
from isochron.connectome.null_models import _classes
from isochron.connectome.null_models.layers import Moved, placed, placed_both_ways


def erdos_renyi(connectome: Connectome, rng: np.random.Generator) -> Connectome:
    """As many connections, anywhere: every set of so many pairs is equally likely.

    The weights, each with its sign, are permuted among the connections. A neuron may come to
    have outputs of both signs; apply a sign rule afterwards if it must not.

    Parameters
    ----------
    connectome : Connectome
        Chemical synapses become as many ordered pairs of different neurons, gap junctions as
        many unordered ones.
    rng : numpy.random.Generator
        Source of randomness.

    References
    ----------
    Erdős and Rényi (1959), Publicationes Mathematicae 6:290.
    """
    return _resampled(connectome, rng, _classes.all_alike(connectome), "Erdos-Renyi")


def resample_by_distance(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    bin_um: float = 50.0,
    positions: ArrayLike | None = None,
) -> Connectome:
    """As `erdos_renyi`, with as many connections in each bin of length.

    The weights are permuted within each bin.

    Parameters
    ----------
    connectome : Connectome
        What to resample.
    rng : numpy.random.Generator
        Source of randomness.
    bin_um : float
        Width of the bins in µm. The length is the straight distance between the somata.
    positions : array_like, shape (n_neurons, 3), or None
        Somata in µm, in the order of the neurons; None for those of `connectome.cells`.

    Raises
    ------
    ValueError
        If `bin_um` is not positive, or a neuron has no position.
    """
    kind = _classes.by_distance(connectome, bin_um, positions)
    return _resampled(connectome, rng, kind, f"resampled by distance (bins of {bin_um:g} um)")


def resample_by_group(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    groups: Sequence[str] | None = None,
) -> Connectome:
    """Block model: as `erdos_renyi`, with as many connections from each group to each group.

    This is the stochastic block model with the number of connections of each block fixed. The
    weights are permuted within each block.

    Parameters
    ----------
    connectome : Connectome
        What to resample.
    rng : numpy.random.Generator
        Source of randomness.
    groups : sequence of str, length n_neurons, or None
        Group of each neuron, in their order; None for the types of `connectome.cells`.

    Raises
    ------
    ValueError
        If there is not one group for each neuron.

    References
    ----------
    Holland, Laskey and Leinhardt (1983), Social Networks 5:109.
    """
    kind = _classes.by_group(connectome, groups)
    return _resampled(
        connectome, rng, kind, f"resampled by {'type' if groups is None else 'group'}"
    )


def _resampled(
    connectome: Connectome, rng: np.random.Generator, kind: np.ndarray, what: str
) -> Connectome:
    n = len(connectome.neurons)
    chemical = _anew(connectome.chemical, np.nonzero(~np.eye(n, dtype=bool)), kind, rng)
    gap = _anew(connectome.gap, np.triu_indices(n, 1), _classes.of_unordered(kind), rng)
    fields = {
        "name": f"{connectome.name} {what.split(' (')[0]}",
        "chemical": placed(connectome.chemical, chemical, connectome.chemical[chemical.before]),
        "gap": placed_both_ways(connectome.gap, gap, connectome.gap[gap.before]),
    }
    if connectome.signs is not None:
        fields["signs"] = placed(connectome.signs, chemical, connectome.signs[chemical.before])
    return connectome.changed(f"{what}, weights reshuffled", **fields)


def _anew(
    matrix: np.ndarray,
    pairs: tuple[np.ndarray, ...],
    kind: np.ndarray,
    rng: np.random.Generator,
) -> Moved:
    """As many of the pairs of each class as are connected, drawn without replacement.

    Both lists are in order of class, the new one at random within each.
    """
    rows, columns = pairs
    connected = matrix[rows, columns] != 0
    _, number, available = np.unique(kind[rows, columns], return_inverse=True, return_counts=True)
    wanted = np.bincount(number[connected], minlength=available.size)
    shuffled = np.lexsort((rng.random(number.size), number))
    rank = np.arange(number.size) - (np.cumsum(available) - available)[number[shuffled]]
    chosen = shuffled[rank < wanted[number[shuffled]]]
    original = np.flatnonzero(connected)
    original = original[np.argsort(number[original], kind="stable")]
    return Moved((rows[original], columns[original]), (rows[chosen], columns[chosen]))
