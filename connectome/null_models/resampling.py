"""Null models that draw all connections again, whatever the partners of each neuron."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.arguments import require_rng
from isochron.connectome.model import Connectome, check_connectome
from isochron.connectome.null_models import _classes
from isochron.connectome.null_models.layers import (
    BOTH_LAYERS,
    Moved,
    check_layers,
    only,
    placed,
    placed_both_ways,
)


def erdos_renyi(
    connectome: Connectome, rng: np.random.Generator, *, layers: Sequence[str] = BOTH_LAYERS
) -> Connectome:
    """Random graph with the same number of connections (Erdős–Rényi).

    Every set of pairs of that size is equally likely. The weights, each with its sign, are
    permuted among the connections. A neuron may have outputs of both signs; apply a sign rule
    afterwards if it must not.

    Parameters
    ----------
    connectome : Connectome
        Connectome whose numbers of connections are preserved: those of chemical synapses as
        ordered pairs of different neurons, those of gap junctions as unordered pairs.
    rng : numpy.random.Generator
        Source of randomness.
    layers : sequence of {"chemical", "gap"}
        Layers to draw again; the other one does not change.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        If a layer is unknown.

    References
    ----------
    Erdős and Rényi (1959), Publicationes Mathematicae 6:290.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.null_models.erdos_renyi(worm, np.random.default_rng(0))
    >>> np.count_nonzero(worm.chemical), np.count_nonzero(random.chemical)
    (2194, 2194)
    >>> for one in (worm, random):  # largest number of presynaptic partners
    ...     print(int((one.chemical > 0).sum(axis=1).max()))
    53
    15
    """
    check_connectome(connectome)
    require_rng(rng)
    return _resampled(connectome, rng, _classes.all_alike(connectome), "Erdos-Renyi", layers)


def resample_by_distance(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    bin_um: float = 50.0,
    positions: ArrayLike | None = None,
    layers: Sequence[str] = BOTH_LAYERS,
) -> Connectome:
    """Random graph with the same number of connections in each bin of length.

    As `erdos_renyi`; the weights are permuted within each bin.

    Parameters
    ----------
    connectome : Connectome
        Connectome to resample.
    rng : numpy.random.Generator
        Source of randomness.
    bin_um : float
        Width of the bins in µm. The length is the straight distance between the somata.
    positions : array_like, shape (n_neurons, 3), or None
        Somata in µm, in the order of the neurons; None for those of `connectome.cells`.
    layers : sequence of {"chemical", "gap"}
        As in `erdos_renyi`.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        If `bin_um` is not positive, or a neuron does not have a position.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> places = np.array([cell.position for cell in worm.cells])
    >>> length = np.linalg.norm(places[:, None] - places[None], axis=-1)  # um
    >>> for null_model in ("resample_by_distance", "erdos_renyi"):
    ...     make = getattr(connectome.null_models, null_model)
    ...     random = make(worm, np.random.default_rng(0))
    ...     print(null_model, np.count_nonzero(random.chemical[length < 100]))
    resample_by_distance 1512
    erdos_renyi 960
    """
    check_connectome(connectome)
    require_rng(rng)
    kind = _classes.by_distance(connectome, bin_um, positions)
    what = f"resampled by distance (bins of {bin_um:g} um)"
    return _resampled(connectome, rng, kind, what, layers)


def resample_by_group(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    groups: Sequence[str] | None = None,
    layers: Sequence[str] = BOTH_LAYERS,
) -> Connectome:
    """Random graph with the same number of connections from each group to each group.

    This is the stochastic block model with the number of connections of each block fixed. As
    `erdos_renyi`; the weights are permuted within each block.

    Parameters
    ----------
    connectome : Connectome
        Connectome to resample.
    rng : numpy.random.Generator
        Source of randomness.
    groups : sequence of str, length n_neurons, or None
        Group of each neuron, in their order; None for the types of `connectome.cells`.
    layers : sequence of {"chemical", "gap"}
        As in `erdos_renyi`.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        If there is not one group for each neuron, `groups` is None and no type is known, or a
        layer is unknown.

    References
    ----------
    Holland, Laskey and Leinhardt (1983), Social Networks 5:109.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.null_models.resample_by_group(worm, np.random.default_rng(0))
    >>> sensory, motor = worm.index(worm.select("sensory")), worm.index(worm.select("motor"))
    >>> for one in (worm, random):  # from sensory to motor neurons
    ...     print(np.count_nonzero(one.chemical[np.ix_(motor, sensory)]))
    171
    171
    """
    check_connectome(connectome)
    require_rng(rng)
    kind = _classes.by_group(connectome, groups)
    what = f"resampled by {'type' if groups is None else 'group'}"
    return _resampled(connectome, rng, kind, what, layers)


def _resampled(
    connectome: Connectome,
    rng: np.random.Generator,
    kind: np.ndarray,
    what: str,
    layers: Sequence[str],
) -> Connectome:
    check_layers(layers)
    n = len(connectome.neurons)
    fields: dict[str, Any] = {"name": f"{connectome.name} {what.split(' (')[0]}{only(layers)}"}
    if "chemical" in layers:
        before = connectome.chemical
        moved = _anew(before, np.nonzero(~np.eye(n, dtype=bool)), kind, rng)
        fields["chemical"] = placed(before, moved, before[moved.before])
        if connectome.signs is not None:
            values = connectome.signs[moved.before]
            fields["signs"] = placed(connectome.signs, moved, values)
    if "gap" in layers:
        before = connectome.gap
        moved = _anew(before, np.triu_indices(n, 1), _classes.of_unordered(kind), rng)
        fields["gap"] = placed_both_ways(before, moved, before[moved.before])
    return connectome.changed(f"{what}, weights reshuffled{only(layers)}", **fields)


def _anew(
    matrix: np.ndarray,
    pairs: tuple[np.ndarray, ...],
    kind: np.ndarray,
    rng: np.random.Generator,
) -> Moved:
    """Pairs of each class drawn without replacement, as many as are connected.

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
