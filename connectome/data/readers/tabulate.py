"""From a list of connections to the arrays of a data set."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from readers.joins import check_unmatched

from isochron.connectome.names import canonical_name


class Connection(NamedTuple):
    """One row of a source. `layer` is chemical, gap, or an extrasynaptic transmitter.

    A gap junction is given from both sides.
    """

    pre: str
    post: str
    layer: str
    weight: int | float


def tabulate(source, connections, neurons, muscles, other_cells):
    """Arrays of a data set, and a sentence on what was left out.

    Parameters
    ----------
    source : str
        Name of the data set.
    connections : iterable of Connection
        With the names of the source.
    neurons, muscles : set of str
        All that exist; those that no connection names are left out.
    other_cells : collection of str
        Cells of other kinds, whose connections are left out.

    Raises
    ------
    ValueError
        If a connection names a cell that is none of these.
    """
    layers, left_out, named, others = {}, Counter(), set(), []
    for pre, post, layer, weight in connections:
        if weight == 0:
            continue
        pre, post = canonical_name(pre), canonical_name(post)
        named |= {pre, post}
        if pre in neurons and post in neurons:
            target = layer
        elif pre in neurons and post in muscles and layer == "chemical":
            target = "neuromuscular"
        else:
            left_out[_kind(pre, post, layer, neurons, muscles)] += 1
            others += [name for name in (pre, post) if name not in neurons | muscles]
            continue
        edges = layers.setdefault(target, Counter())
        edges[post, pre] += weight
    rows = {"neuron": sorted(named & neurons)}
    rows["muscle"] = sorted({post for post, _ in layers.get("neuromuscular", ())})
    arrays = {
        "neurons": np.array(rows["neuron"]),
        "muscles": np.array(rows["muscle"], dtype=str),
    }
    for layer in sorted({"chemical", "gap", "neuromuscular", *layers}):
        target = rows["muscle" if layer == "neuromuscular" else "neuron"]
        arrays[layer] = _triplets(layers.get(layer, {}), target, rows["neuron"])
    said = [f"{n} {kind}" for kind, n in sorted(left_out.items())]
    if found := check_unmatched(source, others, other_cells):
        said.append(f"the other cells are {', '.join(sorted(found))}")
    return arrays, "; ".join(said)


def _triplets(edges, posts, pres):
    row = {name: i for i, name in enumerate(posts)}
    column = {name: i for i, name in enumerate(pres)}
    found = sorted((row[post], column[pre], weight) for (post, pre), weight in edges.items())
    whole = all(weight == int(weight) for *_, weight in found)
    return np.array(found, dtype=np.int32 if whole else float).reshape(-1, 3)


def _kind(pre, post, layer, neurons, muscles):
    def what(name):
        return "neuron" if name in neurons else "muscle" if name in muscles else "other cell"

    if layer == "gap":
        return f"gap-junction entries {' and '.join(sorted((what(pre), what(post))))}"
    return f"{layer} connections {what(pre)} to {what(post)}"
