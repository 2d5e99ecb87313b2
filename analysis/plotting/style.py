"""What all plots share: colors, axes, the place of the legend.

Lines differ in style as well as in color, so that figures hold in black and white.
"""

from typing import Any

STABLE, UNSTABLE, TRAJECTORY, REFERENCE = "#1b5e9b", "#c1440e", "#9a9a9a", "#555555"
SERIES_COLORS = ("#1b5e9b", "#c1440e", "#3a7d44", "#7a4b9d", "#555555", "#b8860b")


def axes_or_new(ax: Any) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def place_legend_below(ax: Any) -> None:
    """A legend under the axes, where it hides nothing."""
    ax.legend(
        fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False
    )
