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
        Edges in Hz, NaN where there is none.
    amplitudes : ndarray, shape (n,)
    open_ends : pair of ndarray of bool, shape (n,)
        Where the search for the low and the high edge ended before an edge: drawn as arrows.
    reference : tuple of float, optional
        Frequency and amplitude to be marked with a cross.
    intrinsic_frequency : float, optional
        Frequency without the forcing, marked with a diamond where the tongue has its tip.
    label : str
        Of the amplitude axis.
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
    names : sequence of str
        Of the variables that are perturbed.
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
    y : ndarray, shape (n_y,)
    phases : ndarray, shape (n_y, n_x)
        Radians; NaN is left white.
    cycle : ndarray, shape (m, 2), optional
    n_lines : int
        Isochrons, evenly spaced in phase.
    labels : tuple of str
        Of the two axes.
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
