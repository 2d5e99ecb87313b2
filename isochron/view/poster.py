"""A still picture of the runs, which the page and reports show before anything moves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.view.colors import diverging_map
from isochron.view.run_data import Viewed
from isochron.wording import printable

MIDDLE = 0.90
LONGEST_TITLE = 60  # characters


def draw_poster(viewed: Sequence[Viewed]) -> str:
    """Units at the end of each run in their colors, and the activity of all over time.

    Returns
    -------
    str
        PNG as a data URI.
    """
    import base64
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.1 + 1.2 * len(viewed)), layout="constrained")
    FigureCanvasAgg(figure)
    colors = ListedColormap(diverging_map(MIDDLE) / 255)
    grid = figure.subplots(len(viewed), 2, width_ratios=(3, 2), squeeze=False)
    for run, (left, right) in zip(viewed, grid, strict=True):
        _draw_run(run, left, right, colors)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, transparent=True, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _draw_run(run: Viewed, left: Any, right: Any, colors: Any) -> None:
    activity = run.recorded.activity
    largest = np.abs(activity).max(axis=0)
    relative = activity / np.where(largest > 0, largest, 1)
    frame = len(activity) // 2
    across = 2 if run.is_worm else 1
    left.scatter(
        run.places[:, 0], run.places[:, across], c=relative[frame], s=9, cmap=colors, vmin=-1,
        vmax=1, edgecolors="#808890", linewidths=0.3,
    )  # fmt: skip
    title = printable(run.title)
    title = title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE]}…"
    left.set_title(title, fontsize=8, color="#808890", parse_math=False)
    left.set_axis_off()
    if run.is_worm:
        left.set_ylim(-0.12, 0.12)
    most = np.argsort(-activity.std(axis=0), kind="stable")[:120]
    right.imshow(
        relative[:, np.sort(most)].T, aspect="auto", cmap=colors, vmin=-1, vmax=1,
        interpolation="nearest",
    )  # fmt: skip
    right.set_axis_off()
