"""Transformations of a connectome: parts, ablations, thresholds, merged neurons.

Each returns a new `Connectome` whose history states the change.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from isochron.connectome.cells import Cell, main_transmitter
from isochron.connectome.model import Connectome
from isochron.connectome.weights import whole
from isochron.wording import shown


def subset(connectome: Connectome, *what: str) -> Connectome:
    """Only the neurons selected, with the connections among them and onto muscles.

    Parameters
    ----------
    connectome : Connectome
    *what : str
        As for `Connectome.select`.

    Raises
    ------
    ValueError
        If one of them matches nothing.
    """
    return _keep(connectome, connectome.select(*what), f"only {', '.join(what)}")


def ablate(connectome: Connectome, *what: str) -> Connectome:
    """All but the neurons selected.

    Raises
    ------
    ValueError
        If one of `what` matches nothing, or no neuron would be left.
    """
    gone = set(connectome.select(*what))
    left = tuple(name for name in connectome.neurons if name not in gone)
    if not left:
        raise ValueError(f"Ablating {', '.join(what)} leaves no neuron of {connectome.name}.")
    return _keep(connectome, left, f"without {', '.join(what)}")


def binarize(connectome: Connectome) -> Connectome:
    """Every weight that is not zero becomes 1."""
    return _each_layer(connectome, "binary weights", lambda weights: (weights > 0).astype(np.int32))


def threshold(connectome: Connectome, minimum: float) -> Connectome:
    """Only connections of at least a weight.

    Parameters
    ----------
    connectome : Connectome
    minimum : float
        In `connectome.source.weight_unit`.

    Raises
    ------
    ValueError
        If `minimum` is not a positive number.
    """
    if not 0 < minimum < math.inf:
        raise ValueError(f"minimum must be positive and finite, got {shown(minimum)}.")
    what = f"weights of at least {minimum:g}"
    return _each_layer(connectome, what, lambda weights: np.where(weights >= minimum, weights, 0))


def merge_left_right(connectome: Connectome) -> Connectome:
    """Left and right twins become one neuron: AVAL and AVAR are AVA.

    Weights add up. Gap junctions between twins become gap junctions of the merged neuron
    with itself, each counted once. Signed weights add up too, and what cancels is unsigned.
    Neurons with different main transmitters become one whose transmitter is not known.

    Raises
    ------
    ValueError
        If a third neuron has the name of the merged one: X in addition to XL and XR.
    """
    names = set(connectome.neurons)
    labels = pair_labels(connectome.neurons, names)
    for name, label in zip(connectome.neurons, labels, strict=True):
        if label != name and label in names:
            raise ValueError(
                f"{connectome.name}: {label}L and {label}R would become {label}, the name of "
                f"a third neuron. Rename that one, or remove it: ablate({label!r})."
            )
    return _merge(connectome, labels, "left and right merged")


def by_class(connectome: Connectome) -> Connectome:
    """The neurons of a class become one: VB1 to VB11 are VB. Weights as `merge_left_right`."""
    return _merge(connectome, [cell.cell_class for cell in connectome.cells], "merged by class")


def pair_labels(names: Iterable[str], among: Collection[str]) -> list[str]:
    """AVA for AVAL and AVAR, and for any name whose twin is among some names; else the name."""

    def label(name: str) -> str:
        stem, twin = name[:-1], {"L": "R", "R": "L"}.get(name[-1:])
        return stem if stem and twin and stem + twin in among else name

    return [label(name) for name in names]


def _keep(connectome: Connectome, names: Sequence[str], what: str) -> Connectome:
    at = connectome.index(names)
    inside = np.ix_(at, at)
    return connectome.changed(
        what,
        neurons=tuple(names),
        chemical=connectome.chemical[inside],
        gap=connectome.gap[inside],
        neuromuscular=connectome.neuromuscular[:, at],
        extrasynaptic={k: w[inside] for k, w in connectome.extrasynaptic.items()},
        signs=None if connectome.signs is None else connectome.signs[inside],
        cells=tuple(connectome.cells[i] for i in at),
    )


def _each_layer(
    connectome: Connectome, what: str, change: Callable[[np.ndarray], np.ndarray]
) -> Connectome:
    chemical = change(connectome.chemical)
    return connectome.changed(
        what,
        chemical=chemical,
        gap=change(connectome.gap),
        neuromuscular=change(connectome.neuromuscular),
        extrasynaptic={k: change(w) for k, w in connectome.extrasynaptic.items()},
        signs=None if connectome.signs is None else np.where(chemical > 0, connectome.signs, 0),
    )


def _merge(connectome: Connectome, labels: Sequence[str], what: str) -> Connectome:
    names = tuple(dict.fromkeys(labels))
    member = (np.array(labels)[:, None] == np.array(names)).astype(float)

    def added(weights: np.ndarray) -> np.ndarray:
        return _of_kind(weights, member.T @ weights @ member)

    gap = added(connectome.gap)
    np.fill_diagonal(gap, added(np.tril(connectome.gap)).diagonal())
    signs = None
    if connectome.signs is not None:
        signs = np.sign(added(connectome.chemical * connectome.signs.astype(float)))
    return connectome.changed(
        what,
        neurons=names,
        chemical=added(connectome.chemical),
        gap=gap,
        neuromuscular=_of_kind(connectome.neuromuscular, connectome.neuromuscular @ member),
        extrasynaptic={k: added(w) for k, w in connectome.extrasynaptic.items()},
        signs=signs,
        cells=tuple(_merged_cell(connectome, labels, name) for name in names),
    )


def _of_kind(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Sums of weights: integers if the weights are."""
    return whole(sums) if weights.dtype.kind == "i" else sums


def _merged_cell(connectome: Connectome, labels: Sequence[str], name: str) -> Cell:
    members = [cell for cell, label in zip(connectome.cells, labels, strict=True) if label == name]
    first = members[0]
    places = [cell.position for cell in members if cell.position is not None]
    whole = tuple(one for cell in members for one in cell.merged or (cell.name,))
    middle = tuple(np.mean(places, axis=0).tolist()) if places else None
    return Cell(
        name,
        first.cell_class,
        first.type,
        first.sex,
        _common_transmitters(members),
        middle,
        first.lineage if len(members) == 1 else "",
        () if whole == (name,) else whole,
    )


def _common_transmitters(members: Sequence[Cell]) -> tuple[str, ...]:
    """Transmitters of the first cell, if all have the same main transmitter, else none."""
    main = main_transmitter(members)
    return (main, *members[0].transmitters[1:]) if main else ()
