"""Draw signals: over time, as events, as colors, as spectra."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting.style import (
    SERIES_COLORS,
    SIGNED_COLORS,
    STABLE,
    axes_or_new,
    place_legend_below,
)

_UNKNOWN = "#bbbbbb"  # of NaN, where white is 0


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
        Times in s.
    series : ndarray, shape (n_times, n_series)
        Signals, in the unit of `label`.
    names : sequence of str
        Names of the signals, in the legend, or next to the lines if `offset` is not 0.
    offset : float
        Distance between the zeros of neighboring signals, in their unit; 0 draws them over each
        other, in different styles.
    label : str
        Label of the vertical axis, with its unit.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> times = np.linspace(0, 2, 200)
    >>> potentials = np.c_[np.sin(10 * times), np.cos(10 * times)]
    >>> ax = plotting.plot_series(times, potentials, names=["AVAL", "AVBL"], offset=3.0)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['AVAL', 'AVBL']
    """
    ax = axes_or_new(ax)
    styles = ("-", "--", "-.", ":", "-", "--")
    for i, name in enumerate(names):
        color, style = SERIES_COLORS[i % 6], styles[i % 6] if not offset else "-"
        ax.plot(times, series[:, i] - i * offset, color=color, linestyle=style, label=name)
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
    event_times : sequence of ndarray, shape (n_events,)
        Times of the events of each cell in s.
    names : sequence of str, optional
        Names of the rows; numbers by default.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> ax = plotting.plot_raster([np.array([0.1, 0.4]), np.array([0.3])], names=["a", "b"])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['a', 'b']
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
    signed: bool = False,
    ax: Any = None,
) -> Any:
    """Draw many signals over time as rows of color, the first on top.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Times in s, evenly spaced.
    values : ndarray, shape (n_times, n_series)
        Signals, in the unit of `label`. NaN stays white, or gray if `signed`.
    names : sequence of str, optional
        Names of the rows; numbers by default.
    label : str
        Label of the color scale, with its unit.
    signed : bool
        Whether 0 divides two directions, as of a phase response or a deviation from a mean: 0 is
        then white, negative values are blue and positive ones red, with limits symmetric about
        0. Otherwise lower values are darker.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> phases = np.linspace(0, 2 * np.pi, 65)
    >>> response = np.c_[-np.sin(phases), 0.5 * np.cos(phases)]
    >>> ax = plotting.plot_heat_map(phases, response, names=["AVAL", "AVBL"], signed=True)
    >>> ax.collections[0].get_clim()
    (-1.0, 1.0)
    """
    ax = axes_or_new(ax)
    rows = np.arange(values.shape[1])
    colors: dict[str, Any] = {"cmap": "cividis"}
    if signed:
        ax.set_facecolor(_UNKNOWN)
        finite = np.abs(values[np.isfinite(values)])
        limit = float(finite.max(initial=0.0)) or 1.0
        colors = {"cmap": SIGNED_COLORS, "vmin": -limit, "vmax": limit}
    image = ax.pcolormesh(times, rows, values.T, shading="nearest", rasterized=True, **colors)
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
    frequencies : ndarray, shape (n_frequencies,)
        Frequencies in Hz, ascending.
    density : ndarray, shape (n_frequencies,)
        Power spectral density, square of the unit of the signal per Hz.
    low, high : ndarray, shape (n_frequencies,), optional
        Ends of the interval, in the unit of the density; both or neither.
    label : str
        Label of the vertical axis, with its unit.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> noise = np.random.default_rng(0).normal(size=256)
    >>> found = analysis.multitaper_spectrum(noise, rate_Hz=100)
    >>> ax = plotting.plot_spectrum(
    ...     found.frequencies, found.density, low=found.low, high=found.high, label="mV²/Hz"
    ... )
    >>> ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()
    ('frequency (Hz)', 'mV²/Hz', 'log')
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
