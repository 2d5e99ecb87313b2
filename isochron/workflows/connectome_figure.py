"""One figure of a connectome: matrices, circuit, positions."""

import io
from pathlib import Path

from isochron.connectome import Connectome, plotting
from isochron.files import write_bytes
from isochron.wording import printable


def draw_connectome(connectome: Connectome, path: Path) -> None:
    """Write a figure of a connectome; the format is that of the suffix of `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 16))
    FigureCanvasAgg(figure)
    title = printable(f"{connectome.name}; weights are {connectome.source.weight_unit}")
    figure.suptitle(title, y=0.985, parse_math=False)
    rows = figure.add_gridspec(3, 1, height_ratios=(5, 5, 4), top=0.95, bottom=0.02, hspace=0.22)
    matrices = [layer for layer in connectome.layers if layer != "neuromuscular"][:2] or [
        "chemical"
    ]
    columns = rows[0].subgridspec(1, len(matrices))
    for column, layer in enumerate(matrices):
        plotting.plot_adjacency(connectome, layer=layer, ax=figure.add_subplot(columns[column]))
    plotting.plot_circuit(connectome.by_class(), ax=figure.add_subplot(rows[1]))
    plotting.plot_positions(connectome, ax=figure.add_subplot(rows[2], projection="3d"))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], dpi=150)
    write_bytes(path, buffer.getvalue())
