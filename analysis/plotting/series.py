"""Draw signals: over time, as events, as colors, as spectra."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting.style import SERIES_COLORS, STABLE, axes_or_new, place_legend_below


def plot_series(
    times: np.ndarray,
    series: np.ndarray,
    *,
    names: Sequence[str],
    offset: float = 0.0,
    label: str = "",
    ax: Any = None,
) -> Any:
    """Draw several signals over time, each lowered by `offset` from the one before.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        s.
    series : ndarray, shape (n_times, n_series)
    names : sequence of str
        Of the signals; written in the legend, or next to the lines if they are set apart.
    """
    ax = axes_or_new(ax)
    styles = ("-", "--", "-.", ":", "-", "--")
    for i, name in enumerate(names):
        colour, style = SERIES_COLORS[i % 6], styles[i % 6] if not offset else "-"
        ax.plot(times, series[:, i] - i * offset, color=colour, linestyle=style, label=name)
    if offset:
        ax.set_yticks([-i * offset for i in range(len(names))], names)
    else:
        place_legend_below(ax)
    ax.set_xlabel("time (s)")
    ax.set_ylabel(label)
    ax.set_xlim(times[0], times[-1])
    return ax


def plot_raster(
    event_times: Sequence[np.ndarray], *, names: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """Draw events, such as spikes, as ticks in one row for each cell, the first on top.

    Parameters
    ----------
    event_times : sequence of ndarray
        s.
    names : sequence of str, optional
        Of the rows; by default they are numbered.
    """
    ax = axes_or_new(ax)
    rows = np.arange(len(event_times))
    ax.eventplot(event_times, lineoffsets=rows, linelengths=0.8, colors="black", linewidths=0.8)
    if names is not None:
        ax.set_yticks(rows, names)
    else:
        ax.set_ylabel("cell")
    ax.set_ylim(len(event_times) - 0.5, -0.5)
    ax.set_xlabel("time (s)")
    return ax


def plot_heat_map(
    times: np.ndarray,
    values: np.ndarray,
    *,
    names: Sequence[str] | None = None,
    label: str = "",
    ax: Any = None,
) -> Any:
    """Draw many signals over time as rows of color, darker for lower, the first on top.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        s, evenly spaced.
    values : ndarray, shape (n_times, n_series)
    names : sequence of str, optional
        Of the rows.
    label : str
        Of the color scale.
    """
    ax = axes_or_new(ax)
    rows = np.arange(values.shape[1])
    image = ax.pcolormesh(times, rows, values.T, cmap="cividis", shading="nearest", rasterized=True)
    ax.invert_yaxis()
    if names is not None:
        ax.set_yticks(rows, names)
    ax.set_xlabel("time (s)")
    ax.figure.colorbar(image, ax=ax, label=label)
    return ax


def plot_spectrum(
    frequencies: np.ndarray,
    density: np.ndarray,
    *,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    label: str = "power per Hz",
    ax: Any = None,
) -> Any:
    """Draw a power spectral density on a logarithmic scale, with its interval.

    Parameters
    ----------
    frequencies, density, low, high : ndarray, shape (n_frequencies,)
        Hz; square of the unit of the signal per Hz.
    """
    ax = axes_or_new(ax)
    if low is not None and high is not None:
        ax.fill_between(frequencies, low, high, color=STABLE, alpha=0.25, linewidth=0)
    ax.plot(frequencies, density, color=STABLE)
    ax.set_yscale("log")
    ax.set_xlim(frequencies[0], frequencies[-1])
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel(label)
    return ax
