"""The figures of `isochron study features`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.features.claims import NAMES
from isochron.studies.features.measure import N_BINS
from isochron.studies.features.results import (
    DICTIONARIES,
    KINDS,
    STABLE,
    TRAINED,
    UNTRAINED,
    FeaturesResults,
    SystemRow,
)

MARKERS = "osD^"
ELLIPSE = "0.6"
WIDTH_IN, LEAST_HEIGHT_IN = 11, 3.6


def draw_overview(results: FeaturesResults) -> Any:
    """Information about the phase for each feature, less that of cyclic shifts, in held-out states
    of every system (markers: dictionaries with the same number of active features; gray: the
    autoencoder on noisy ellipses of the same variances). Right of it, features of one system:
    their mean against the phase, each divided by its maximum, sorted by the phase at which it is
    largest; one panel for each stimulus.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = _example(results)
    n_stimuli = _n_stimuli(shown)
    with mpl.rc_context(STYLE):
        height = max(LEAST_HEIGHT_IN, 1.2 + 0.27 * len(results.systems))
        figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
        left, *others = figure.subplots(1, 1 + n_stimuli, width_ratios=(2.4, *[1] * n_stimuli))
        _draw_information(left, results.systems)
        curves = _sorted_tuning(shown)
        image: Any = None
        for k, ax in enumerate(others):
            image = ax.imshow(
                curves[:, k * N_BINS : (k + 1) * N_BINS],
                aspect="auto", origin="lower", extent=(0, 1, 0, len(curves)), vmin=0, vmax=1,
                cmap="Blues", interpolation="nearest",
            )  # fmt: skip
            ax.set_xlabel("phase (cycles)")
            ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            ax.set_title(f"stimulus {k}" if n_stimuli > 1 else shown.name, fontsize="medium")
            ax.set_yticks([])
        others[0].set_ylabel(f"features of {shown.name}")
        figure.colorbar(image, ax=others, label="mean / maximum", shrink=0.8)
    return figure


def _draw_information(ax: Any, systems: Sequence[SystemRow]) -> None:
    for k, row in enumerate(systems):
        ellipses = np.array(row.ellipses)
        label = "autoencoder, noisy ellipses" if k == 0 else None
        ax.plot(ellipses, np.full(len(ellipses), k), "|", color=ELLIPSE, markersize=11, label=label)
        for kind, color, marker in zip(DICTIONARIES, SERIES_COLORS, MARKERS, strict=False):
            ax.plot(
                row.of(kind).phase_bits, k, marker, color=color, markersize=5.5,
                label=NAMES[kind] if k == 0 else None, zorder=3,
            )  # fmt: skip
    ax.set_yticks(range(len(systems)), [row.name for row in systems], fontsize="small")
    ax.set_ylim(len(systems) - 0.5, -0.5)
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.set_xlabel("information about the phase (bits for each feature)")
    below = -0.14 * LEAST_HEIGHT_IN / ax.figure.get_size_inches()[1]
    ax.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.4, below), ncols=3)


def _example(results: FeaturesResults) -> SystemRow:
    """The first trained network, or else the first system."""
    return (results.of_kind(TRAINED) or list(results.systems))[0]


def _n_stimuli(row: SystemRow) -> int:
    return len(row.features[0].tuning) // N_BINS


def _sorted_tuning(row: SystemRow) -> np.ndarray:
    """Tuning curves by the stimulus and the phase of their maxima, shape (m, n_stimuli * bins)."""
    curves = np.array([it.tuning for it in row.features])
    curves = curves[curves.max(axis=1) > 0]
    return (curves / curves.max(axis=1, keepdims=True))[np.argsort(curves.argmax(axis=1))]


def draw_features(results: FeaturesResults) -> Any:
    """Single features. Left: information about the phase and about the stimulus, of trained and
    untrained networks. Middle: target at which a feature is active, and the change of the output
    when it is removed; on a falling line, removal moves the output away from the target. Right:
    share of features that are stable over seeds (matched cosine of .9 and above) of every system,
    next to the same autoencoder on an ellipse and to random directions.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
        for kind, color in ((UNTRAINED, "0.7"), (TRAINED, SERIES_COLORS[0])):
            features = [it for row in results.of_kind(kind) for it in row.features]
            pairs = [(it.phase_bits, it.stimulus_bits) for it in features
                     if it.stimulus_bits is not None]  # fmt: skip
            _scatter(left, pairs, color, kind)
            _scatter(
                middle, [(it.label, it.effect) for it in features if it.effect is not None],
                color, kind,
            )  # fmt: skip
        for ax, x, y in (
            (left, "information about the phase (bits)", "information about the stimulus (bits)"),
            (middle, "target at which it is active", "change of output by removal"),
        ):
            ax.set_xlabel(x)
            ax.set_ylabel(y)
            ax.axhline(0, color=REFERENCE, linewidth=0.8, zorder=0)
            ax.axvline(0, color=REFERENCE, linewidth=0.8, zorder=0)
        if results.of_kind(TRAINED):
            left.legend(fontsize="small")
        _draw_stability(right, results)
    return figure


def _scatter(ax: Any, pairs: Sequence[tuple], color: str, label: str) -> None:
    if pairs:
        x, y = zip(*pairs, strict=True)
        ax.plot(x, y, "o", color=color, markersize=3.5, alpha=0.7, markeredgewidth=0, label=label)


def _draw_stability(ax: Any, results: FeaturesResults) -> None:
    names = ("states", "noisy\nellipse", "random\ndirections")
    kinds = [kind for kind in KINDS if results.of_kind(kind)]
    for j, kind in enumerate(kinds):
        for row in results.of_kind(kind):
            shares = (row.stable_share, row.ellipse_stable_share, row.random_stable_share)
            ax.plot(
                np.arange(3) + 0.12 * (j - (len(kinds) - 1) / 2), shares, MARKERS[j],
                color=SERIES_COLORS[j], markersize=5, alpha=0.8,
            )  # fmt: skip
        ax.plot([], [], MARKERS[j], color=SERIES_COLORS[j], markersize=5, label=kind)
    ax.set_xticks(range(3), names)
    ax.set_xlim(-0.5, 2.5)
    ax.set_ylim(-0.05, 1.05)
    ax.set_ylabel(f"share with matched cosine ≥ {STABLE:g}")
    ax.legend(fontsize="small")
