"""The figures of `isochron reproduce pals2024`, drawn from its run folder alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from isochron.analysis.plotting import SERIES_COLORS, place_legend_below, plot_tongue
from isochron.sims import load_dataset
from isochron.studies.compare.figures import STYLE
from isochron.studies.pals2024.results import NetworkRow, Pals2024Results

MARKERS = "osD^vPX*<>"
PANEL_INCHES = (5.6, 4.0)
SMOOTH_STEPS = 10


def draw_figures(run: Path, results: Pals2024Results) -> list[tuple[str, str, Any]]:
    """Title, caption and figure of each part of the report."""
    drawn = [("Example trials", _draw_trials.__doc__ or "", _draw_trials(run, results))]
    for title, draw in (
        ("Code", _draw_codes),
        ("Losses", _draw_losses),
        ("Tongue", _draw_tongue),
        ("Memories under a stimulus", _draw_folds),
    ):
        drawn.append((title, draw.__doc__ or "", _panel(draw, results)))
    return [(title, " ".join(caption.split()), figure) for title, caption, figure in drawn]


def _panel(draw: Callable[..., None], results: Pals2024Results) -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=PANEL_INCHES, layout="constrained")
        draw(results, figure.subplots())
    return figure


def _names(results: Pals2024Results) -> list[str]:
    return [condition.condition for condition in results.conditions]


def _nets_of(results: Pals2024Results, condition: str) -> list[NetworkRow]:
    return [net for net in results.nets if net.condition == condition]


def _look(index: int) -> tuple[str, str]:
    """Color and marker of a condition; the markers differ, too, for readers without color."""
    return SERIES_COLORS[index % len(SERIES_COLORS)], MARKERS[index % len(MARKERS)]


def _draw_trials(run: Path, results: Pals2024Results) -> Any:
    """Output (solid) and target (dashed) in one trial of each stimulus, with noise; the stimulus
    is applied in the shaded interval. Each panel shows the first network of a condition that
    learned, or else its first network. A network that has learned follows the target.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = _names(results)
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.1 * columns, 2.4 * rows + 0.3), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        for name, ax in zip(names, panels, strict=False):
            nets = _nets_of(results, name)
            net = next((net for net in nets if net.learned), nets[0])
            _draw_trial(load_dataset(run / "data" / f"{net.name}.nc"), ax)
            ax.set_title(f"{name}\nloss {net.loss:.3f}", fontsize="small")
        for ax in panels[len(names) :]:
            ax.remove()
    return figure


def _draw_trial(data: Any, ax: Any) -> None:
    time = data.time.values * 1e-3
    for trial in range(data.target.shape[1]):
        base = -2.8 * trial
        pulse = data.input.values[:, trial, 1:].max(axis=-1) > 0
        target = np.where(data.mask.values[:, trial] > 0, data.target.values[:, trial], np.nan)
        ax.fill_between(time, base - 1.2, base + 1.2, where=pulse, color="#e8d9a0", linewidth=0)
        ax.plot(time, base + target, "--", color=SERIES_COLORS[1], linewidth=1)
        ax.plot(time, base + data.output.values[:, trial], color=SERIES_COLORS[0], linewidth=1)
    n_trials = data.target.shape[1]
    ax.set_yticks([-2.8 * k for k in range(n_trials)], [f"{1 + k}" for k in range(n_trials)])
    ax.set_xlabel("time (s)")
    ax.set_ylabel("stimulus")
    ax.set_ylim(-2.8 * (n_trials - 1) - 1.8, 1.8)


def _draw_codes(results: Pals2024Results, ax: Any) -> None:
    """Code of each network that learned: differences between the memories of the mean outputs
    (|Δrate|) and of the phases (|Δφ|) of the units, means over units. Networks above the dashed
    line and at the left edge have a pure phase code; those at the bottom right have a rate code.
    """
    ax.axhline(1.6, color="#9a9a9a", linestyle="--", linewidth=1)
    for index, name in enumerate(_names(results)):
        color, marker = _look(index)
        codes = [net.code for net in _nets_of(results, name) if net.learned]
        if codes:
            ax.plot(
                [code.rate_difference for code in codes],
                [code.phase_difference for code in codes],
                linestyle="none",
                color=color,
                marker=marker,
                markersize=7,
                alpha=0.75,
                label=name,
            )
    ax.set_xlabel("mean |Δrate| (standard deviations)")
    ax.set_ylabel("mean |Δφ| (rad)")
    ax.set_xlim(left=-0.05)
    ax.set_ylim(-0.1, np.pi)
    if ax.get_legend_handles_labels()[0]:
        place_legend_below(ax)


def _draw_losses(results: Pals2024Results, ax: Any) -> None:
    """Loss of every network over the training, averaged over 10 steps, on a logarithmic scale. The
    dashed line is the chance level, 0.5."""
    for index, name in enumerate(_names(results)):
        for number, net in enumerate(_nets_of(results, name)):
            losses = np.array(net.training.losses, dtype=float)
            window = min(SMOOTH_STEPS, losses.size)
            if not window:
                continue
            smooth = np.convolve(losses, np.full(window, 1 / window), mode="valid")
            ax.plot(
                window + np.arange(smooth.size),
                smooth,
                color=_look(index)[0],
                linestyle=("-", "--", ":")[index // len(SERIES_COLORS) % 3],
                linewidth=1,
                label=None if number else name,
            )
    ax.axhline(0.5, color="#9a9a9a", linestyle="--", linewidth=1)
    ax.set_yscale("log")
    ax.set_xlabel("training step")
    ax.set_ylabel("loss")
    place_legend_below(ax)


def _draw_tongue(results: Pals2024Results, ax: Any) -> None:
    """Frequencies and amplitudes of the reference at which the first memory of a network exists
    (shaded). Cross: the reference at which networks were analyzed. Arrows: the search ended
    there, before an edge of the tongue.
    """
    net = _longest_tongue(results)
    if net is None or net.existence is None:
        _say(ax, "no network with a phase code")
        return
    rows = [row for row in net.existence.tongue if row.low_Hz is not None]
    settings = results.config.analysis
    plot_tongue(
        np.array([row.low_Hz for row in rows]),
        np.array([row.high_Hz for row in rows]),
        np.array([row.amplitude for row in rows]),
        open_ends=(
            np.array([row.low_open for row in rows]),
            np.array([row.high_open for row in rows]),
        ),
        reference=(settings.frequency_Hz, settings.amplitude),
        label="amplitude of the reference",
        ax=ax,
    )
    ax.set_title(net.name, fontsize="medium")


def _draw_folds(results: Pals2024Results, ax: Any) -> None:
    """Amplitude of a constant stimulus at which a memory disappears: a stimulus that codes for a
    different memory (filled) or for this memory (open). A point at 1 means that the memory
    exists up to an amplitude of 1.
    """
    names = [name for name in _names(results) if any(net.folds for net in _nets_of(results, name))]
    if not names:
        _say(ax, "no memories")
        return
    for place, name in enumerate(names):
        color, marker = _look(_names(results).index(name))
        folds = [fold for net in _nets_of(results, name) for fold in net.folds]
        for own, shift in ((False, -0.15), (True, 0.15)):
            lost = [
                1.0 if fold.lost_at is None else fold.lost_at
                for fold in folds
                if fold.is_own is own
            ]
            spread = np.linspace(-0.1, 0.1, len(lost)) if len(lost) > 1 else [0.0]
            ax.plot(
                place + shift + np.asarray(spread),
                lost,
                linestyle="none",
                color=color,
                marker=marker,
                markersize=6,
                markerfacecolor="white" if own else color,
            )
    ax.set_xticks(range(len(names)), names, rotation=20, ha="right")
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("amplitude of the stimulus")


def _longest_tongue(results: Pals2024Results) -> NetworkRow | None:
    """The first network with the longest tongue of those with a phase code."""
    found = [
        (len(net.existence.tongue), net)
        for net in results.nets
        if net.existence is not None and net.code.kind == "phase"
    ]
    return max(found, key=lambda item: item[0], default=(0, None))[1]


def _say(ax: Any, text: str) -> None:
    ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes)
    ax.set_axis_off()
