"""Null models that preserve the number of partners of every neuron."""

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

    Each step replaces two connections a→b and c→d by a→d and c→b, or reverses a directed
    triangle, unless a connection would occur twice or a neuron connect to itself. The numbers of
    incoming and outgoing chemical connections and of gap-junction partners of every neuron stay.

    Parameters
    ----------
    connectome : Connectome
        Connectome to rewire.
    rng : numpy.random.Generator
        Source of randomness. The same seed gives the same connectome.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0. At 10 the overlap with the original has
        reached its minimum.
    weights : {"carried", "reshuffled"}
        Carried: each weight stays with its presynaptic neuron, so the summed output weight of
        each neuron stays; that of a gap junction stays with one of its two neurons.
        Reshuffled: the weights of a layer are permuted among its connections.
    signs : {"carried", "reshuffled"}
        Carried: each sign stays with its presynaptic neuron, so a neuron whose connections all
        inhibit remains inhibitory. Reshuffled: the signs are permuted among the chemical
        connections.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        If `swaps_per_edge` is negative or not finite, or `weights` or `signs` is unknown.

    References
    ----------
    Maslov and Sneppen (2002), Science 296:910. Rao, Jana and Bandyopadhyay (1996), Sankhya A
    58:225.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.rewire(worm, np.random.default_rng(0))
    >>> from isochron.connectome.statistics import degrees
    >>> int(abs(degrees(random.chemical).incoming - degrees(worm.chemical).incoming).max())
    0
    >>> random.history
    ('rewired, 10 swaps for each connection, weights carried',)
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
    """Degree-preserving rewiring that also preserves the histogram of connection lengths.

    The length of a connection is the straight distance between the two somata. A swap is
    rejected unless the new lengths fall into the same bins as the old ones, so the histogram
    of lengths is preserved exactly.

    Parameters
    ----------
    connectome : Connectome
        Connectome to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    bin_um : float
        Width of the bins in µm.
    positions : array_like, shape (n_neurons, 3), or None
        Somata in µm, in the order of the neurons; None for those of `connectome.cells`.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0; more than for `rewire`, because most are
        rejected.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        As in `rewire`; if `bin_um` is not positive, or a neuron does not have a position.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.null_models.rewire_by_distance(worm, np.random.default_rng(0))
    >>> places = np.array([cell.position for cell in worm.cells])
    >>> length = np.linalg.norm(places[:, None] - places[None], axis=-1)  # um
    >>> for one in (worm, random):
    ...     print(np.count_nonzero(one.chemical[length < 100]))
    1512
    1512
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
    """Degree-preserving rewiring that also preserves the connections from group to group.

    Parameters
    ----------
    connectome : Connectome
        Connectome to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    groups : sequence of str, length n_neurons, or None
        Group of each neuron, in their order; None for the types of `connectome.cells`.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        As in `rewire`; if there is not one group for each neuron, or `groups` is None and no
        type is known.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.null_models.rewire_by_group(worm, np.random.default_rng(0))
    >>> sensory, motor = worm.index(worm.select("sensory")), worm.index(worm.select("motor"))
    >>> for one in (worm, random):  # from sensory to motor neurons
    ...     print(np.count_nonzero(one.chemical[np.ix_(motor, sensory)]))
    171
    171
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
