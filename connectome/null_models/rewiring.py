"""Null models that keep the number of partners of every neuron."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.model import Connectome
from isochron.connectome.null_models import _classes, layers

Values = Literal["carried", "reshuffled"]


def rewire(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    swaps_per_edge: float = 10.0,
    weights: Values = "carried",
    signs: Values = "carried",
) -> Connectome:
    """Degree-preserving rewiring of the chemical synapses and of the gap junctions.

    Repeatedly takes two connections a→b and c→d and makes them a→d and c→b, or reverses a
    directed triangle, unless that would double a connection or make a self-connection. Every
    neuron keeps its number of incoming and outgoing chemical connections and of gap-junction
    partners.

    Parameters
    ----------
    connectome : Connectome
        What to rewire.
    rng : numpy.random.Generator
        Source of randomness. The same seed gives the same connectome.
    swaps_per_edge : float
        Steps tried, for each connection. At 10 the overlap with the original is at its floor.
    weights : {"carried", "reshuffled"}
        Carried: each weight stays with its presynaptic neuron, so the summed output weight of
        each neuron is kept; that of a gap junction stays with one of its two neurons.
        Reshuffled: the weights of a layer are permuted among its connections.
    signs : {"carried", "reshuffled"}
        Carried: each sign stays with its presynaptic neuron, so a neuron that only inhibits
        goes on doing so. Reshuffled: the signs are permuted among the chemical connections.

    Returns
    -------
    Connectome
        The rewired one.

    Raises
    ------
    ValueError
        If `swaps_per_edge` is negative or not finite, or `weights` or `signs` is unknown.

    References
    ----------
    Maslov and Sneppen (2002), Science 296:910.
    """
    return _rewired(
        connectome, rng, _classes.all_alike(connectome), swaps_per_edge, weights, signs, "rewired"
    )


def rewire_by_distance(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    bin_um: float = 50.0,
    positions: ArrayLike | None = None,
    swaps_per_edge: float = 200.0,
    weights: Values = "carried",
    signs: Values = "carried",
) -> Connectome:
    """As `rewire`, keeping also how many connections have which length.

    The length of a connection is the straight distance between the two somata. A swap is
    refused unless the new lengths fall into the same bins as the old ones, so the histogram
    of lengths is kept exactly.

    Parameters
    ----------
    connectome : Connectome
        What to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    bin_um : float
        Width of the bins in µm.
    positions : array_like, shape (n_neurons, 3), or None
        Somata in µm, in the order of the neurons; None for those of `connectome.cells`.
    swaps_per_edge : float
        Steps tried, for each connection. Most are refused, hence more of them.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.

    Raises
    ------
    ValueError
        As in `rewire`; if `bin_um` is not positive, or a neuron has no position.
    """
    kind = _classes.by_distance(connectome, bin_um, positions)
    what = f"rewired by distance (bins of {bin_um:g} um)"
    return _rewired(connectome, rng, kind, swaps_per_edge, weights, signs, what)


def rewire_by_group(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    groups: Sequence[str] | None = None,
    swaps_per_edge: float = 20.0,
    weights: Values = "carried",
    signs: Values = "carried",
) -> Connectome:
    """As `rewire`, keeping also the number of connections from each group to each group.

    Parameters
    ----------
    connectome : Connectome
        What to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    groups : sequence of str, length n_neurons, or None
        Group of each neuron, in their order; None for the types of `connectome.cells`.
    swaps_per_edge : float
        Steps tried, for each connection.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.

    Raises
    ------
    ValueError
        As in `rewire`, or if there is not one group for each neuron.
    """
    kind = _classes.by_group(connectome, groups)
    what = f"rewired by {'type' if groups is None else 'group'}"
    return _rewired(connectome, rng, kind, swaps_per_edge, weights, signs, what)


def _rewired(
    connectome: Connectome,
    rng: np.random.Generator,
    kind: np.ndarray,
    per_edge: float,
    weights: Values,
    signs: Values,
    what: str,
) -> Connectome:
    layers.check_swaps(per_edge)
    _check("weights", weights)
    _check("signs", signs)
    chemical = layers.move_directed(connectome.chemical, kind, rng, per_edge)
    gap = layers.move_undirected(connectome.gap, _classes.of_unordered(kind), rng, per_edge)
    fields = {
        "name": f"{connectome.name} {what.split(' (')[0]}",
        "chemical": layers.placed(
            connectome.chemical, chemical, _drawn(connectome.chemical, chemical, rng, weights)
        ),
        "gap": layers.placed_both_ways(
            connectome.gap, gap, _drawn(connectome.gap, gap, rng, weights)
        ),
    }
    said = f"{what}, {per_edge:g} swaps for each connection, weights {weights}"
    if connectome.signs is not None:
        values = _drawn(connectome.signs, chemical, rng, signs)
        fields["signs"] = layers.placed(connectome.signs, chemical, values)
        said += f", signs {signs}"
    return connectome.changed(said, **fields)


def _drawn(
    matrix: np.ndarray, moved: layers.Moved, rng: np.random.Generator, how: Values
) -> np.ndarray:
    values = matrix[moved.before]
    return values if how == "carried" else rng.permutation(values)


def _check(name: str, value: str) -> None:
    if value not in get_args(Values):
        raise ValueError(f"{name} must be 'carried' or 'reshuffled', got {value!r}.")
