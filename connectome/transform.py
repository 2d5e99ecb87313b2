"""From one wiring to another: parts, ablations, thresholds, merged neurons.

Each returns a new `Connectome` whose history says what was done.
"""

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np

from isochron.connectome.cells import Cell, main_transmitter
from isochron.connectome.model import Connectome


def subset(wiring: Connectome, *what: str) -> Connectome:
    """Only the neurons selected, with the connections among them and onto muscles.

    Parameters
    ----------
    wiring : Connectome
    *what : str
        As for `Connectome.select`.

    Raises
    ------
    ValueError
        If one of them matches nothing.
    """
    return _keep(wiring, wiring.select(*what), f"only {', '.join(what)}")


def ablate(wiring: Connectome, *what: str) -> Connectome:
    """All but the neurons selected.

    Raises
    ------
    ValueError
        If one of `what` matches nothing, or no neuron would be left.
    """
    gone = set(wiring.select(*what))
    left = tuple(name for name in wiring.neurons if name not in gone)
    if not left:
        raise ValueError(f"Ablating {', '.join(what)} leaves no neuron of {wiring.name}.")
    return _keep(wiring, left, f"without {', '.join(what)}")


def binarise(wiring: Connectome) -> Connectome:
    """Every weight that is not zero becomes 1."""
    return _each_layer(wiring, "binary weights", lambda weights: (weights > 0).astype(np.int32))


def threshold(wiring: Connectome, minimum: float) -> Connectome:
    """Only connections of at least a weight.

    Parameters
    ----------
    wiring : Connectome
    minimum : float
        In `wiring.source.weight_unit`.

    Raises
    ------
    ValueError
        If `minimum` is not a positive number.
    """
    if not 0 < minimum < math.inf:
        raise ValueError(f"minimum must be positive and finite, got {minimum!r}.")
    what = f"weights of at least {minimum:g}"
    return _each_layer(wiring, what, lambda weights: np.where(weights >= minimum, weights, 0))


def merge_left_right(wiring: Connectome) -> Connectome:
    """Left and right twins become one neuron: AVAL and AVAR are AVA.

    Weights add up. Gap junctions between twins become gap junctions of the merged neuron
    with itself, each counted once. Signed weights add up too, and what cancels is unsigned.
    Neurons with different main transmitters become one whose transmitter is not known.

    Raises
    ------
    ValueError
        If a third neuron has the name of the merged one: X beside XL and XR.
    """
    names = set(wiring.neurons)
    labels = [_without_side(name, names) for name in wiring.neurons]
    for name, label in zip(wiring.neurons, labels, strict=True):
        if label != name and label in names:
            raise ValueError(
                f"{wiring.name}: {label}L and {label}R would become {label}, which is the name of "
                f"another neuron. Name that one differently, or leave it out: ablate({label!r})."
            )
    return _merge(wiring, labels, "left and right merged")


def by_class(wiring: Connectome) -> Connectome:
    """The neurons of a class become one: VB1 to VB11 are VB. Weights as `merge_left_right`."""
    return _merge(wiring, [cell.cell_class for cell in wiring.cells], "merged by class")


def _without_side(name: str, names: Collection[str]) -> str:
    stem, twin = name[:-1], {"L": "R", "R": "L"}.get(name[-1:])
    return stem if stem and twin and stem + twin in names else name


def _keep(wiring: Connectome, names: Sequence[str], what: str) -> Connectome:
    at = wiring.index(names)
    inside = np.ix_(at, at)
    return wiring.changed(
        what,
        neurons=tuple(names),
        chemical=wiring.chemical[inside],
        gap=wiring.gap[inside],
        neuromuscular=wiring.neuromuscular[:, at],
        extrasynaptic={k: w[inside] for k, w in wiring.extrasynaptic.items()},
        signs=None if wiring.signs is None else wiring.signs[inside],
        cells=tuple(wiring.cells[i] for i in at),
    )


def _each_layer(
    wiring: Connectome, what: str, change: Callable[[np.ndarray], np.ndarray]
) -> Connectome:
    chemical = change(wiring.chemical)
    return wiring.changed(
        what,
        chemical=chemical,
        gap=change(wiring.gap),
        neuromuscular=change(wiring.neuromuscular),
        extrasynaptic={k: change(w) for k, w in wiring.extrasynaptic.items()},
        signs=None if wiring.signs is None else np.where(chemical > 0, wiring.signs, 0),
    )


def _merge(wiring: Connectome, labels: Sequence[str], what: str) -> Connectome:
    names = tuple(dict.fromkeys(labels))
    member = (np.array(labels)[:, None] == np.array(names)).astype(wiring.chemical.dtype)

    def added(weights: np.ndarray) -> np.ndarray:
        return member.T @ weights @ member

    gap = added(wiring.gap)
    np.fill_diagonal(gap, added(np.tril(wiring.gap)).diagonal())
    signs = None
    if wiring.signs is not None:
        signs = np.sign(added(wiring.chemical * wiring.signs.astype(wiring.chemical.dtype)))
    return wiring.changed(
        what,
        neurons=names,
        chemical=added(wiring.chemical),
        gap=gap,
        neuromuscular=wiring.neuromuscular @ member,
        extrasynaptic={k: added(w) for k, w in wiring.extrasynaptic.items()},
        signs=signs,
        cells=tuple(_merged_cell(wiring, labels, name) for name in names),
    )


def _merged_cell(wiring: Connectome, labels: Sequence[str], name: str) -> Cell:
    members = [cell for cell, label in zip(wiring.cells, labels, strict=True) if label == name]
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
    """Those of the first of the cells, if all have the same main transmitter, else none."""
    main = main_transmitter(members)
    return (main, *members[0].transmitters[1:]) if main else ()
