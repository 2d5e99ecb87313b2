"""One figure of a wiring: matrices, circuit, positions."""

import io
from pathlib import Path
from typing import Any

from isochron.connectome import Connectome, plotting
from isochron.connectome.files import write_bytes


def draw_wiring(wiring: Connectome, path: Path) -> None:
    """Write a figure of a wiring; the format is that of the suffix of `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 15), layout="constrained")
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(3, 1, height_ratios=(5, 5, 4.5))
    top, middle, bottom = parts
    figure.suptitle(f"{wiring.name}; weights are {wiring.source.weight_unit}")
    matrices = [layer for layer in wiring.layers if layer != "neuromuscular"][:2] or ["chemical"]
    for layer, ax in zip(matrices, top.subplots(1, len(matrices), squeeze=False)[0], strict=True):
        plotting.plot_adjacency(wiring, layer=layer, ax=ax)
    plotting.plot_circuit(wiring.by_class(), ax=middle.subplots())
    plotting.plot_positions(wiring, ax=bottom.add_subplot(projection="3d"))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], dpi=150)
    write_bytes(path, buffer.getvalue())
