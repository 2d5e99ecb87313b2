"""The figures of a run, drawn from its folder alone."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron.analysis import principal_components
from isochron.analysis.plotting import (
    SERIES_COLORS,
    place_legend_below,
    plot_multipliers,
    plot_phase_portrait,
    plot_series,
    plot_tongue,
)
from isochron.report import STYLE
from isochron.sims import load_dataset
from isochron.studies.compare.network_arrays import REFERENCE_INPUT
from isochron.studies.compare.results import NetSystem, WormSystem

PANEL_INCHES = (4.6, 3.5)
WORM_SECONDS = 8.0
SERIES_CLASSES = ("VB", "DB", "VA", "DA", "VD", "DD")
MAX_POINTS = 3000


def draw_panels(run: Path, system: WormSystem | NetSystem) -> list[tuple[str, Any]]:
    """Figures of one system: portrait, time series, multipliers, tongue.

    Parameters
    ----------
    run : Path
        Run folder.
    system : WormSystem or NetSystem
        One of the systems of the results.

    Returns
    -------
    list of (str, matplotlib.figure.Figure)
        Caption and figure.
    """
    data = load_dataset(run / "data" / f"{system.name}.nc")
    is_worm = isinstance(system, WormSystem)
    portrait = _worm_portrait if is_worm else _net_portrait
    series = _worm_series if is_worm else _net_series
    return [
        (portrait.__doc__ or "", _figure(portrait, data, system)),
        (series.__doc__ or "", _figure(series, data, system)),
        (_multipliers.__doc__ or "", _figure(_multipliers, data, system)),
        (_tongue.__doc__ or "", _figure(_tongue, data, system)),
    ]


def draw_overview(run: Path, systems: Sequence[WormSystem | NetSystem]) -> Any:
    """The main figure: one phase portrait for each of several systems."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    columns = min(3, len(systems))
    rows = -(-len(systems) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * columns, 3.3 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for system, ax in zip(systems, panels, strict=False):
            data = load_dataset(run / "data" / f"{system.name}.nc")
            (_worm_portrait if isinstance(system, WormSystem) else _net_portrait)(data, system, ax)
            ax.set_title(system.name)
        for ax in panels[len(systems) :]:
            ax.remove()
    return figure


def _figure(draw: Callable[..., None], data: xr.Dataset, system: WormSystem | NetSystem) -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=PANEL_INCHES, layout="constrained")
        draw(data, system, figure.subplots())
    return figure


def _plane(cycles: Sequence[np.ndarray], other: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Projection on the two main components of the cycles, or of `other` without cycles.

    The second coordinate of a single unit is 0.
    """
    states = np.concatenate([cycle[:-1] for cycle in cycles]) if len(cycles) else other
    main = principal_components(states)[1][:2]
    axes = np.pad(main, ((0, 2 - len(main)), (0, 0)))
    center = states.mean(axis=0)
    return lambda x: (x - center) @ axes.T


def _thin(orbit: np.ndarray) -> np.ndarray:
    return orbit[:: max(1, len(orbit) // MAX_POINTS)]


def _worm_portrait(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Phase portrait of the motor neurons in the plane of the two main principal components of
    the cycle: the simulated trajectory (thin line) converges to the stable limit cycle (thick
    blue line). Circles: fixed points under the same current, filled if stable."""
    motor = np.flatnonzero(data.is_motor.values)
    threshold = data.threshold.values[motor]
    cycles = [] if "cycle_states" not in data else list(data.cycle_states.values[:, :, motor])
    trajectory = data.trajectory.values[:, motor].astype(float) + threshold
    project = _plane(cycles, trajectory)
    points = project(data.fixed_point_states.values[:, motor])
    driven = [point.condition for point in system.fixed_points]
    active = [c.condition for c in system.limit_cycles]
    here = np.array([condition in active for condition in driven], dtype=bool)
    stable = np.array([point.stable for point in system.fixed_points], dtype=bool)
    plot_phase_portrait(
        trajectories=[_thin(project(trajectory))],
        stable_cycles=[project(cycle) for cycle in cycles],
        stable_points=points[here & stable],
        unstable_points=points[here & ~stable],
        labels=("component 1 (mV)", "component 2 (mV)"),
        ax=ax,
    )


def _net_portrait(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Phase portrait of all units in the plane of the two main principal components of the stable
    cycles: trajectories from random initial states (thin lines) converge to the stable entrained
    cycles (thick blue lines); unstable cycles are dashed. Circles: fixed points with the
    reference off, filled if stable.
    """
    stable = np.array([cycle.stable for cycle in system.limit_cycles], dtype=bool)
    cycles = data.cycle_states.values
    trajectories = data.trajectory.values.astype(float)
    project = _plane(cycles[stable], trajectories.reshape(-1, trajectories.shape[-1]))
    points = project(data.fixed_point_states.values)
    rests = np.array([point.stable for point in system.fixed_points], dtype=bool)
    plot_phase_portrait(
        trajectories=[project(orbit) for orbit in trajectories],
        stable_cycles=[project(cycle) for cycle in cycles[stable]],
        unstable_cycles=[project(cycle) for cycle in cycles[~stable]],
        stable_points=points[rests],
        unstable_points=points[~rests],
        labels=("component 1", "component 2"),
        ax=ax,
    )


def _worm_series(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Potential over time, relative to the threshold of the synapses: the motor neuron with the
    largest amplitude of each of six classes, or six neurons without these classes. Every trace
    is scaled; its peak-to-peak amplitude is stated below the name."""
    time = data.time.values * 1e-3
    recent = time >= time[-1] - WORM_SECONDS
    activity = data.trajectory.values[recent]
    chosen = _most_active(data, np.ptp(activity, axis=0))
    swing = np.ptp(activity[:, chosen], axis=0)
    scaled = (activity[:, chosen] - activity[:, chosen].mean(axis=0)) / np.where(swing, swing, 1)
    names = [
        f"{data.neuron.values[i]}\n{size:.3g} mV" for i, size in zip(chosen, swing, strict=True)
    ]
    plot_series(time[recent], scaled, names=names, offset=1.3, ax=ax)


def _most_active(data: xr.Dataset, swings: np.ndarray) -> list[int]:
    """The most active motor neuron of each class, or the most active ones without classes."""
    read = np.flatnonzero(data.is_motor.values).tolist()
    chosen = []
    for group in SERIES_CLASSES:
        members = [i for i in read if str(data.neuron.values[i]).startswith(group)]
        chosen += [max(members, key=swings.__getitem__)] if members else []
    return chosen or sorted(read, key=swings.__getitem__, reverse=True)[: len(SERIES_CLASSES)]


def _net_series(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Output (solid) and target (dashed) in one trial of each stimulus; the stimulus is applied
    in the shaded interval. A network that has learned follows the target after the stimulus."""
    if "trial_time" not in data:
        ax.text(0.5, 0.5, "the task is not known", ha="center", transform=ax.transAxes)
        ax.set_axis_off()
        return
    time = data.trial_time.values * 1e-3
    n_trials = data.trial_target.shape[1]
    stimuli, reference = data.trial_inputs.values, int(data.attrs.get(REFERENCE_INPUT, 0))
    stimuli = stimuli if reference < 0 else np.delete(stimuli, reference, axis=-1)
    for trial in range(n_trials):
        base = -2.8 * trial
        pulse = np.abs(stimuli[:, trial]).max(axis=-1, initial=0.0) > 0
        counts = data.trial_mask.values[:, trial] > 0
        target = np.where(counts, data.trial_target.values[:, trial], np.nan)
        first = trial == 0
        ax.fill_between(time, base - 1.2, base + 1.2, where=pulse, color="#e8d9a0", linewidth=0)
        ax.plot(
            time, base + target, "--", color=SERIES_COLORS[1], label="target" if first else None
        )
        ax.plot(
            time,
            base + data.trial_output.values[:, trial],
            color=SERIES_COLORS[0],
            linewidth=1,
            label="output" if first else None,
        )
    names = [f"stimulus {trial + 1}" for trial in range(n_trials)]
    ax.set_yticks([-2.8 * trial for trial in range(n_trials)], names)
    ax.set_xlabel("time (s)")
    ax.set_xlim(time[0], time[-1])
    ax.set_ylim(-2.8 * (n_trials - 1) - 1.6, 1.6)
    place_legend_below(ax)


def _multipliers(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Floquet multipliers of every cycle in the complex plane, filled if the cycle is stable.
    Perturbations decay for multipliers inside the unit circle and grow outside."""
    groups = [
        (np.array([complex(*pair) for pair in cycle.multipliers]), cycle.stable)
        for cycle in system.limit_cycles
    ]
    plot_multipliers(groups, ax=ax)


def _tongue(data: xr.Dataset, system: WormSystem | NetSystem, ax: Any) -> None:
    """Arnold tongue: frequencies and amplitudes of the reference at which a stable cycle is
    locked 1:1 (shaded). Diamond: intrinsic frequency with the reference off; dotted: the tongue of
    that cycle for a weak reference, from its phase response. Arrows: the search ended there,
    before an edge of the tongue.
    """
    rows = system.tongue
    if not any(row.found for row in rows):
        ax.text(0.5, 0.5, "no entrained cycle found", ha="center", transform=ax.transAxes)
        ax.set_axis_off()
        return
    low, high, amplitude = np.array(
        [(row.low_Hz, row.high_Hz, row.amplitude) for row in rows], dtype=float
    ).T
    plot_tongue(
        low,
        high,
        amplitude,
        open_ends=(
            np.array([row.low_open for row in rows], dtype=bool),
            np.array([row.high_open for row in rows], dtype=bool),
        ),
        intrinsic_frequency=_intrinsic_frequency(system),
        label=f"amplitude of the reference{' (pA)' if isinstance(system, WormSystem) else ''}",
        ax=ax,
    )
    _add_wedge(system, amplitude.max(), ax)


def _add_wedge(system: WormSystem | NetSystem, largest: float, ax: Any) -> None:
    """Edges of the tongue of the intrinsic cycle for a weak reference, inside the axes."""
    frequency, weak = _intrinsic_frequency(system), system.weak_forcing
    if frequency is None or weak is None:
        return
    limits, width = ax.get_xlim(), weak.tongue_Hz * largest / 2
    edges = [frequency - width, frequency, frequency + width]
    ax.plot(edges, [largest, 0, largest], ":", color="black", linewidth=1)
    ax.set_xlim(limits)


def _intrinsic_frequency(system: WormSystem | NetSystem) -> float | None:
    if isinstance(system, WormSystem):
        return system.free_running.frequency_Hz
    cycles = system.intrinsic.cycles
    return 1e3 / cycles[0].period_ms if cycles else None
