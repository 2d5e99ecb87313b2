"""Null models that preserve the number of partners of every neuron."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from isochron.arguments import require_rng
from isochron.connectome.model import Connectome, check_connectome
from isochron.connectome.null_models import _classes
from isochron.connectome.null_models import layers as moves
from isochron.connectome.null_models.layers import BOTH_LAYERS

Values = Literal["carried", "reshuffled"]


@dataclass(frozen=True)
class _Options:
    """Options that the rewiring null models share."""

    swaps_per_edge: float
    weights: Values
    signs: Values
    layers: Sequence[str]

    def __post_init__(self) -> None:
        moves.check_swaps(self.swaps_per_edge)
        _check("weights", self.weights)
        _check("signs", self.signs)
        moves.check_layers(self.layers)


def rewire(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    swaps_per_edge: float = 10.0,
    weights: Values = "carried",
    signs: Values = "carried",
    layers: Sequence[str] = BOTH_LAYERS,
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
    layers : sequence of {"chemical", "gap"}
        Layers to rewire; the other one does not change.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        If `swaps_per_edge` is negative or not finite, or `weights`, `signs` or a layer is unknown.

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
    check_connectome(connectome)
    require_rng(rng)
    options = _Options(swaps_per_edge, weights, signs, layers)
    return _rewired(connectome, rng, _classes.all_alike(connectome), options, "rewired")


def rewire_chemical(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    swaps_per_edge: float = 10.0,
    weights: Values = "carried",
    signs: Values = "carried",
) -> Connectome:
    """Degree-preserving rewiring of the chemical synapses; the gap junctions do not change.

    Parameters
    ----------
    connectome : Connectome
        Connectome to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.

    Returns
    -------
    Connectome
        That of `rewire` with ``layers=("chemical",)``.

    Raises
    ------
    ValueError
        As in `rewire`.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> random = connectome.null_models.rewire_chemical(worm, np.random.default_rng(0))
    >>> bool((random.gap == worm.gap).all()), bool((random.chemical == worm.chemical).all())
    (True, False)
    >>> random.name
    'varshney2011 rewired, chemical only'
    """
    check_connectome(connectome)
    require_rng(rng)
    return rewire(
        connectome,
        rng,
        swaps_per_edge=swaps_per_edge,
        weights=weights,
        signs=signs,
        layers=("chemical",),
    )


def rewire_reciprocal(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    swaps_per_edge: float = 40.0,
    weights: Values = "carried",
    signs: Values = "carried",
    layers: Sequence[str] = BOTH_LAYERS,
) -> Connectome:
    """Degree-preserving rewiring that also preserves the reciprocal partners of each neuron.

    Two neurons are reciprocal partners if each has a chemical connection to the other. For
    every neuron the numbers of its reciprocal partners, of those that only send to it and of
    those that only receive from it stay; so does the reciprocity of the connectome.

    Each step chooses two pairs of neurons A-B and C-D that are connected alike (both one-way,
    or both reciprocal) and exchanges them with A-D and C-B if these two are alike, too (both
    without a connection, or both connected in the same way); or replaces a path of one-way
    connections A→B→C→D by A→C→B→D; or reverses a directed triangle of one-way connections. Every
    connectome of 4 neurons with the same numbers is reached, and 96 % of those of 5 neurons (by
    enumeration); the others have few partners left to exchange.

    Parameters
    ----------
    connectome : Connectome
        Connectome to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Number of steps tried per connection, >= 0; more than for `rewire`, because more are
        rejected.
    weights, signs : {"carried", "reshuffled"}
        As in `rewire`.
    layers : sequence of {"chemical", "gap"}
        As in `rewire`.

    Returns
    -------
    Connectome
        The random connectome, with the same neurons and muscles.

    Raises
    ------
    ValueError
        As in `rewire`.

    References
    ----------
    Milo, Shen-Orr, Itzkovitz, Kashtan, Chklovskii and Alon (2002), Science 298:824.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> from isochron.connectome.statistics import reciprocity
    >>> for make in (connectome.null_models.rewire_reciprocal, connectome.rewire):
    ...     random = make(worm, np.random.default_rng(0))
    ...     print(round(reciprocity(random.chemical) / reciprocity(worm.chemical), 1))
    1.0
    0.3
    """
    check_connectome(connectome)
    require_rng(rng)
    options = _Options(swaps_per_edge, weights, signs, layers)
    kind = _classes.all_alike(connectome)
    what = "rewired with reciprocity"
    return _rewired(connectome, rng, kind, options, what, moves.move_reciprocal)


def rewire_by_distance(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    bin_um: float = 50.0,
    positions: ArrayLike | None = None,
    swaps_per_edge: float = 200.0,
    weights: Values = "carried",
    signs: Values = "carried",
    layers: Sequence[str] = BOTH_LAYERS,
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
    layers : sequence of {"chemical", "gap"}
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
    check_connectome(connectome)
    require_rng(rng)
    kind = _classes.by_distance(connectome, bin_um, positions)
    what = f"rewired by distance (bins of {bin_um:g} um)"
    options = _Options(swaps_per_edge, weights, signs, layers)
    return _rewired(connectome, rng, kind, options, what)


def rewire_by_group(
    connectome: Connectome,
    rng: np.random.Generator,
    *,
    groups: Sequence[str] | None = None,
    swaps_per_edge: float = 20.0,
    weights: Values = "carried",
    signs: Values = "carried",
    layers: Sequence[str] = BOTH_LAYERS,
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
    layers : sequence of {"chemical", "gap"}
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
    check_connectome(connectome)
    require_rng(rng)
    kind = _classes.by_group(connectome, groups)
    what = f"rewired by {'type' if groups is None else 'group'}"
    options = _Options(swaps_per_edge, weights, signs, layers)
    return _rewired(connectome, rng, kind, options, what)


def _rewired(
    connectome: Connectome,
    rng: np.random.Generator,
    kind: np.ndarray,
    options: _Options,
    what: str,
    move: Callable[..., moves.Moved] = moves.move_directed,
) -> Connectome:
    matrices = {
        "chemical": (connectome.chemical, move, kind, moves.placed),
        "gap": (
            connectome.gap,
            moves.move_undirected,
            _classes.of_unordered(kind),
            moves.placed_both_ways,
        ),
    }
    per_edge = options.swaps_per_edge
    moved = {
        name: how(matrix, kinds, rng, per_edge)
        for name, (matrix, how, kinds, _) in matrices.items()
        if name in options.layers
    }
    fields: dict[str, Any] = {
        "name": f"{connectome.name} {what.split(' (')[0]}{moves.only(options.layers)}"
    }
    for name, new in moved.items():
        matrix, _, _, place = matrices[name]
        fields[name] = place(matrix, new, _drawn(matrix, new, rng, options.weights))
    said = f"{what}, {per_edge:g} swaps for each connection, weights {options.weights}"
    if connectome.signs is not None and "chemical" in moved:
        values = _drawn(connectome.signs, moved["chemical"], rng, options.signs)
        fields["signs"] = moves.placed(connectome.signs, moved["chemical"], values)
        said += f", signs {options.signs}"
    return connectome.changed(said + moves.only(options.layers), **fields)


def _drawn(
    matrix: np.ndarray, moved: moves.Moved, rng: np.random.Generator, how: Values
) -> np.ndarray:
    values = matrix[moved.before]
    return values if how == "carried" else rng.permutation(values)


def _check(name: str, value: str) -> None:
    if value not in get_args(Values):
        raise ValueError(f"{name} must be 'carried' or 'reshuffled', got {value!r}.")
