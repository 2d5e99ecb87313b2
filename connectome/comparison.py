"""Comparison of two connectomes: shared neurons and connections, and differences."""

from dataclasses import dataclass

import numpy as np

from isochron.connectome.model import Connectome, check_connectome


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerComparison:
    """Connections of one layer, among the neurons (and muscles) that both connectomes have.

    Attributes
    ----------
    both, only_first, only_second : int
        Number of connections; a gap junction counts once.
    jaccard : float or None
        Jaccard index, both / (both + only_first + only_second); None without connections.
    weight_correlation : float or None
        Spearman's rank correlation of the weights of the connections in both: the units
        may differ. None for fewer than three, or constant weights.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> strong = connectome.compare(worm, worm.threshold(5)).layers["chemical"]
    >>> strong.both, strong.only_first, strong.only_second
    (382, 1812, 0)
    >>> round(strong.jaccard, 3)  # 382 / 2194
    0.174
    """

    both: int
    only_first: int
    only_second: int
    jaccard: float | None
    weight_correlation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Neurons and connections that two connectomes share.

    Attributes
    ----------
    shared_neurons, only_first, only_second : tuple of str
        Neurons of both connectomes, and of one of them only.
    same_unit : bool
        Whether the weights have the same unit.
    layers : dict of str to LayerComparison
        Comparison of each layer in which at least one of the two has a connection.
    remarks : tuple of str
        Reasons why equal names may be different neurons: the species differ, or one is not known.

    Examples
    --------
    >>> names = ["varshney2011", "cook2019-hermaphrodite"]
    >>> found = connectome.compare(*map(connectome.load, names))
    >>> len(found.shared_neurons), found.only_second[:3], found.same_unit
    (279, ('CANL', 'CANR', 'I1L'), False)
    """

    shared_neurons: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    same_unit: bool
    layers: dict[str, LayerComparison]
    remarks: tuple[str, ...] = ()


def compare(first: Connectome, second: Connectome) -> Comparison:
    """Compare two connectomes, connection by connection, among the neurons that both have.

    Parameters
    ----------
    first, second : Connectome
        The connectomes; neurons and muscles of the same name are taken as the same.

    Returns
    -------
    Comparison
        Shared neurons, and for each layer the shared connections.

    Raises
    ------
    ValueError
        If they share no neuron.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> found = connectome.compare(worm, connectome.load("cook2019-hermaphrodite"))
    >>> round(found.layers["chemical"].jaccard, 3), round(found.layers["gap"].jaccard, 3)
    (0.534, 0.36)
    """
    check_connectome(first)
    check_connectome(second)
    shared = tuple(name for name in first.neurons if name in set(second.neurons))
    if not shared:
        why = "".join(f" {text}" for text in _remarks(first, second))
        raise ValueError(f"{first.name} and {second.name} share no neuron.{why}")
    layers = dict.fromkeys([*first.layers, *second.layers])
    return Comparison(
        shared_neurons=shared,
        only_first=tuple(x for x in first.neurons if x not in set(shared)),
        only_second=tuple(x for x in second.neurons if x not in set(shared)),
        same_unit=first.source.weight_unit == second.source.weight_unit,
        layers={
            layer: _compare_layer(
                _part(first, layer, shared, second), _part(second, layer, shared, first)
            )
            for layer in layers
        },
        remarks=_remarks(first, second),
    )


def _remarks(first: Connectome, second: Connectome) -> tuple[str, ...]:
    if first.species == second.species:
        return ()
    of = [f"{one.name}: {one.species or 'not given'}" for one in (first, second)]
    known = first.species and second.species
    return (
        f"The species {'differ' if known else 'of one is not known'} ({', '.join(of)}): neurons of "
        "the same name need not be the same.",
    )


def _part(
    connectome: Connectome, layer: str, shared: tuple[str, ...], other: Connectome
) -> np.ndarray:
    at = connectome.index(shared)
    if layer == "neuromuscular":
        muscles = [name for name in connectome.muscles if name in set(other.muscles)]
        rows = [connectome.muscles.index(name) for name in sorted(muscles)]
        return connectome.neuromuscular[rows][:, at]
    if layer not in (*connectome.layers, "chemical", "gap"):
        return np.zeros((len(at), len(at)))
    weights = connectome.layer(layer)[np.ix_(at, at)]
    return np.triu(weights) if layer == "gap" else weights


def _compare_layer(first: np.ndarray, second: np.ndarray) -> LayerComparison:
    both = (first > 0) & (second > 0)
    counts = int(both.sum()), int((first > 0).sum()), int((second > 0).sum())
    union = counts[1] + counts[2] - counts[0]
    return LayerComparison(
        both=counts[0],
        only_first=counts[1] - counts[0],
        only_second=counts[2] - counts[0],
        jaccard=counts[0] / union if union else None,
        weight_correlation=_rank_correlation(first[both], second[both]),
    )


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    from scipy.stats import spearmanr

    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.asarray(spearmanr(first, second))[0])
