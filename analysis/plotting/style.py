"""Colors, axes and the place of the legend, common to all plots.

Lines differ in style as well as in color, so that figures are readable in black and white.
"""

from typing import Any

STABLE, UNSTABLE, TRAJECTORY, REFERENCE = "#1b5e9b", "#c1440e", "#9a9a9a", "#555555"
SIGNED_COLORS = "RdBu_r"  # diverging, white in the middle
SERIES_COLORS = ("#1b5e9b", "#c1440e", "#3a7d44", "#7a4b9d", "#555555", "#b8860b")


def axes_or_new(ax: Any) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def place_legend_below(ax: Any) -> None:
    """Put a legend under the axes, where it covers no data.

    Parameters
    ----------
    ax : matplotlib axes
        Axes with labeled lines.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from isochron.analysis import plotting
    >>> ax = plt.subplots()[1]
    >>> lines = ax.plot([0, 1], [0, 1], label="worm")
    >>> plotting.place_legend_below(ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['worm']
    """
    ax.legend(
        fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False
    )
