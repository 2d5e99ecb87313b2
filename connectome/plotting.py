"""Draw connectomes: every function takes axes and returns them, and computes nothing new.

Types of neurons differ in marker as well as in color, so that figures are readable in black
and white.
"""

from typing import Any

import numpy as np

from isochron.connectome.cells import CELL_TYPES
from isochron.connectome.model import Connectome, check_connectome
from isochron.wording import counted

COLOURS = {
    "sensory": "#3a7d44",
    "interneuron": "#1b5e9b",
    "motor": "#c1440e",
    "pharyngeal": "#7a4b9d",
    "unknown": "#777777",
    "muscle": "#b8860b",
}
MARKERS = {
    "sensory": "^",
    "interneuron": "o",
    "motor": "s",
    "pharyngeal": "D",
    "unknown": "x",
    "muscle": "v",
}


def plot_adjacency(connectome: Connectome, *, layer: str = "chemical", ax: Any = None) -> Any:
    """Draw a layer as a matrix, neurons sorted by type, then by name.

    Parameters
    ----------
    connectome : Connectome
    layer : str
        Any layer of neurons onto neurons.
    ax : matplotlib axes, optional
    """
    check_connectome(connectome)
    ax = _axes(ax)
    order = sorted(
        range(len(connectome.cells)), key=lambda i: (_rank(connectome, i), connectome.neurons[i])
    )
    post, pre = np.nonzero(connectome.layer(layer)[np.ix_(order, order)])
    weights = connectome.layer(layer)[np.ix_(order, order)][post, pre]
    sizes = 0.6 + 2.4 * np.sqrt(weights / max(weights.max(initial=1), 1))
    ax.scatter(pre, post, s=sizes, marker="s", color="#222222", linewidths=0)
    kinds = [connectome.cells[i].type for i in order]
    ticks, labels = [], []
    for kind in dict.fromkeys(kinds):
        first, number = kinds.index(kind), kinds.count(kind)
        if first:
            ax.axhline(first - 0.5, color="#999999", linewidth=0.6)
            ax.axvline(first - 0.5, color="#999999", linewidth=0.6)
        if number > 4:
            ticks.append(first + number / 2 - 0.5)
            labels.append(kind)
    ax.set_xticks(ticks, labels, fontsize="small", rotation=30, ha="right")
    ax.set_yticks(ticks, labels, fontsize="small")
    ax.set(
        xlim=(-0.5, len(kinds) - 0.5),
        ylim=(len(kinds) - 0.5, -0.5),
        aspect="equal",
        xlabel="presynaptic",
        ylabel="postsynaptic",
        title=f"{layer}: {counted(len(weights), 'entry', 'entries')}",
    )
    ax.tick_params(length=0)
    return ax


def plot_circuit(connectome: Connectome, *, ax: Any = None) -> Any:
    """Draw the chemical synapses from layer to layer: sensory, inter-, motor neurons, muscle.

    Neurons of unknown type are omitted, unless no type is known. Within a layer neurons are
    sorted from head to tail. Draw ``connectome.by_class()`` rather than a
    whole worm, or nothing can be read. Lines are darker and wider for stronger connections;
    those within a layer are arcs below it.
    """
    check_connectome(connectome)
    ax = _axes(ax)
    places = _circuit_places(connectome)
    strongest = max(connectome.chemical.max(initial=1), connectome.neuromuscular.max(initial=1))
    for weights, posts in (
        (connectome.chemical, connectome.neurons),
        (connectome.neuromuscular, connectome.muscles),
    ):
        for i, j in np.argwhere(weights):
            pre, post = places.get(connectome.neurons[j]), places.get(posts[i])
            if pre is None or post is None or i == j and posts is connectome.neurons:
                continue
            strength = float(np.sqrt(weights[i, j] / strongest))
            style = {"color": "black", "alpha": 0.04 + 0.7 * strength, "lw": 0.3 + 2 * strength}
            if pre[1] == post[1]:
                x = np.linspace(pre[0], post[0], 20)
                arc = np.sin(np.linspace(0, np.pi, 20)) * (0.08 + 0.22 * abs(post[0] - pre[0]))
                ax.plot(x, pre[1] - arc, **style, zorder=1)
            else:
                ax.plot(*zip(pre, post, strict=True), **style, zorder=1)
    kind_of = {cell.name: cell.type for cell in connectome.cells} | dict.fromkeys(
        connectome.muscles, "muscle"
    )
    for name, (x, y) in places.items():
        kind = kind_of[name]
        ax.plot(x, y, MARKERS[kind], color=COLOURS[kind], markersize=5, zorder=2)
        ax.annotate(
            name, (x, y + 0.05), fontsize=6, rotation=90, ha="center", va="bottom", zorder=3
        )
    levels = {y: kind_of[name] for name, (_, y) in places.items()}
    ax.set_yticks(list(levels), [levels[y] for y in levels], fontsize="small")
    ax.set_xticks([0, 1], ["head", "tail"], fontsize="small")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("chemical synapses, layer by layer")
    return ax


def plot_positions(connectome: Connectome, *, ax: Any = None) -> Any:
    """Draw the somata in three dimensions, with the gap junctions between them.

    Parameters
    ----------
    connectome : Connectome
        Neurons without a known position are omitted.
    ax : matplotlib 3-D axes, optional
    """
    check_connectome(connectome)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(9, 4)).add_subplot(projection="3d")
    place = {cell.name: cell.position for cell in connectome.cells if cell.position is not None}
    for i, j in np.argwhere(np.triu(connectome.gap, 1)):
        one, other = place.get(connectome.neurons[i]), place.get(connectome.neurons[j])
        if one is not None and other is not None:
            x, y, z = zip(one, other, strict=True)
            ax.plot(y, x, z, color="#999999", linewidth=0.4, alpha=0.5, clip_on=False)
    for kind in CELL_TYPES:
        points = [place[c.name] for c in connectome.cells if c.type == kind and c.name in place]
        if points:
            x, y, z = np.transpose(points)
            ax.scatter(
                y, x, z, s=9, marker=MARKERS[kind], color=COLOURS[kind], label=kind, clip_on=False
            )
    ax.set_box_aspect((6, 1, 1.4), zoom=2.1)
    ax.set(yticks=[], zticks=[])
    ax.set_xlabel("head to tail (µm)", labelpad=14)
    if place:
        ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    ax.set_title("somata and gap junctions" if place else "no position of a soma is known")
    ax.view_init(elev=18, azim=-75)
    return ax


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def _rank(connectome: Connectome, i: int) -> int:
    return CELL_TYPES.index(connectome.cells[i].type)


def _circuit_places(connectome: Connectome) -> dict[str, tuple[float, float]]:
    """Rows from above: sensory, pharyngeal, interneurons, motor neurons, muscle.

    If no type is known, all neurons are one row.
    """
    along = sorted(connectome.cells, key=lambda cell: (cell.position or (0, 0, 0))[1])
    rows = [
        [cell.name for cell in along if cell.type == kind]
        for kind in ("sensory", "pharyngeal", "interneuron", "motor")
    ]
    if not any(rows):
        rows = [[cell.name for cell in along]]
    filled = [row for row in (*rows, list(connectome.muscles)) if row]
    return {
        name: ((k + 0.5) / len(names), float(len(filled) - level))
        for level, names in enumerate(filled)
        for k, name in enumerate(names)
    }
