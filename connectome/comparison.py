"""What two connectomes share, and where they differ."""

from dataclasses import dataclass

import numpy as np

from isochron.connectome.model import Connectome


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerComparison:
    """Connections of one layer, among the neurons (and muscles) that both connectomes have.

    Attributes
    ----------
    both, only_first, only_second : int
        Number of connections; a gap junction counts once.
    jaccard : float or None
        Shared part of all: both / (both + only_first + only_second); None without any.
    weight_correlation : float or None
        Spearman's rank correlation of the weights of the connections in both: the units
        may differ. None for fewer than three, or constant weights.
    """

    both: int
    only_first: int
    only_second: int
    jaccard: float | None
    weight_correlation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two connectomes share.

    Attributes
    ----------
    shared_neurons, only_first, only_second : tuple of str
        Neurons of both, and of one alone.
    same_unit : bool
        Whether the weights count the same thing.
    layers : dict of str to LayerComparison
        For each layer that holds a connection in one of the two.
    remarks : tuple of str
        Why equal names may be different neurons: the animals differ, or one is not known.
    """

    shared_neurons: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    same_unit: bool
    layers: dict[str, LayerComparison]
    remarks: tuple[str, ...] = ()


def compare(first: Connectome, second: Connectome) -> Comparison:
    """Compare two connectomes, connection by connection, among the neurons that both have.

    Raises
    ------
    ValueError
        If they share no neuron.
    """
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
