"""Style of the figures of reports, and their conversion for HTML."""

import base64
import io
from typing import Any

STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "isochron",
    "svg.fonttype": "path",
    "legend.frameon": True,
}


def to_data_uri(figure: Any) -> str:
    """A figure as a data URI with an SVG image; bit-identical for the same figure."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
