"""Draw phase: tongues, phase responses, isochrons."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting.series import plot_series
from isochron.analysis.plotting.style import STABLE, axes_or_new, place_legend_below


def plot_tongue(
    low: np.ndarray,
    high: np.ndarray,
    amplitudes: np.ndarray,
    *,
    open_ends: tuple[np.ndarray, np.ndarray],
    reference: tuple[float, float] | None = None,
    intrinsic_frequency: float | None = None,
    label: str = "amplitude",
    ax: Any = None,
) -> Any:
    """Draw the region of 1:1 locking in frequency and amplitude of a forcing.

    Parameters
    ----------
    low, high : ndarray, shape (n,)
        Edges in Hz, NaN where nothing locks.
    amplitudes : ndarray, shape (n,)
        Amplitudes of the forcing, in the unit of `label`.
    open_ends : pair of ndarray of bool, shape (n,)
        Whether the search for the low and the high edge ended before an edge: drawn as arrows.
    reference : tuple of float, optional
        Frequency in Hz and amplitude, marked with a cross.
    intrinsic_frequency : float, optional
        Frequency in Hz without the forcing, marked with a diamond at the tip of the tongue.
    label : str
        Label of the amplitude axis, with its unit.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> amplitudes = np.array([0.1, 0.2, 0.3])
    >>> closed = np.zeros(3, bool)
    >>> ax = plotting.plot_tongue(
    ...     10 - amplitudes, 10 + amplitudes, amplitudes, open_ends=(closed, closed),
    ...     intrinsic_frequency=10.0, label="amplitude (pA)",
    ... )
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('frequency of the reference (Hz)', 'amplitude (pA)')
    """
    ax = axes_or_new(ax)
    low_open, high_open = open_ends
    known = np.isfinite(low)
    ax.fill_betweenx(amplitudes, low, high, where=known, color=STABLE, alpha=0.2)
    for edge, is_open, closed, arrow in ((low, low_open, "o-", "<"), (high, high_open, "s-", ">")):
        ax.plot(edge, amplitudes, closed, color=STABLE, markersize=4, linewidth=1)
        ax.plot(edge[is_open], amplitudes[is_open], arrow, color=STABLE, markersize=9)
    if reference is not None:
        ax.plot(*reference, marker="x", color="black", markersize=8, linestyle="none")
    if intrinsic_frequency is not None:
        ax.plot(intrinsic_frequency, 0, marker="D", color="black", markersize=6, clip_on=False)
    ax.set_xlabel("frequency of the reference (Hz)")
    ax.set_ylabel(label)
    ax.set_ylim(bottom=0)
    return ax


def plot_phase_response(
    phases: np.ndarray,
    response: np.ndarray,
    *,
    names: Sequence[str],
    label: str = "phase response (rad per unit)",
    ax: Any = None,
) -> Any:
    """Draw the phase response to perturbations of several variables over one cycle.

    Parameters
    ----------
    phases : ndarray, shape (m,)
        Radians, from 0 to 2π.
    response : ndarray, shape (m, n_series)
        Response to each variable, in the unit of `label`. Many variables are readable only as
        rows of color: `plot_heat_map` with ``signed=True``.
    names : sequence of str
        Names of the variables that are perturbed.
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
    >>> phases = np.linspace(0, 2 * np.pi, 65)
    >>> response = np.c_[-np.sin(phases), np.cos(phases)]
    >>> ax = plotting.plot_phase_response(phases, response, names=["x", "y"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['x', 'y']
    """
    ax = plot_series(phases, response, names=names, label=label, ax=ax)
    ax.axhline(0, color="#999999", linewidth=0.7, zorder=0)
    ax.set_xticks(np.pi * np.arange(0, 2.1, 0.5), ["0", "π/2", "π", "3π/2", "2π"])
    ax.set_xlabel("phase of the perturbation (rad)")
    place_legend_below(ax)
    return ax


def plot_isochrons(
    x: np.ndarray,
    y: np.ndarray,
    phases: np.ndarray,
    *,
    cycle: np.ndarray | None = None,
    n_lines: int = 12,
    labels: tuple[str, str] = ("x", "y"),
    ax: Any = None,
) -> Any:
    """Draw the asymptotic phase over a plane, with lines of equal phase.

    Parameters
    ----------
    x : ndarray, shape (n_x,)
        Horizontal coordinates of the grid, ascending.
    y : ndarray, shape (n_y,)
        Vertical coordinates of the grid, ascending.
    phases : ndarray, shape (n_y, n_x)
        Radians in [0, 2π], such as from `asymptotic_phase`; NaN stays white.
    cycle : ndarray, shape (m, 2), optional
        States of the cycle; its first one, at phase 0, is marked.
    n_lines : int
        Number of isochrons, evenly spaced in phase.
    labels : tuple of str
        Labels of the two axes, with units.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> axis = np.linspace(-1, 1, 40)
    >>> x, y = np.meshgrid(axis, axis)
    >>> twisted = np.arctan2(y, x) - np.log(np.hypot(x, y))
    >>> ax = plotting.plot_isochrons(axis, axis, twisted % (2 * np.pi), n_lines=8)
    >>> ax.figure.axes[1].get_ylabel()
    'asymptotic phase (rad)'
    """
    ax = axes_or_new(ax)
    image = ax.pcolormesh(
        x, y, phases, cmap="twilight", vmin=0, vmax=2 * np.pi, alpha=0.6, rasterized=True
    )
    for level in 2 * np.pi * np.arange(n_lines) / n_lines:
        # The zero line of the sine, without that of the opposite phase.
        distance = np.where(np.cos(phases - level) > 0, np.sin(phases - level), np.nan)
        ax.contour(x, y, distance, levels=[0], colors="black", linewidths=0.7)
    if cycle is not None:
        ax.plot(*cycle.T, color="black", linewidth=2.2)
        ax.plot(*cycle[0], "o", color="black", markerfacecolor="white", zorder=4)
    bar = ax.figure.colorbar(image, ax=ax, label="asymptotic phase (rad)")
    bar.set_ticks([0, np.pi, 2 * np.pi], labels=["0", "π", "2π"])
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    return ax
