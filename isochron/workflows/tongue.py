"""Where a weak reference locks the cycles of a kept net or a kept run of the worm 1:1."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isochron import analysis, ann_bridge, sims
from isochron.files import write_bytes
from isochron.runs.measures import measure_tongues
from isochron.runs.resting_state import describe_no_cycle, find_cycle_or_resting_state
from isochron.runs.saved_network import SavedNet
from isochron.runs.simulation_spec import SimulationSpec, describe_model
from isochron.workflows.cycles import DATASETS, find_nets, read_graded_run
from isochron.workflows.network_cycles import describe_unforced

STEP_MS = 4.0  # of the worm
LOCKING_PERIODS = 150  # of the worm, before its locked cycle is solved for


def find_tongues(
    path: Path,
    amplitudes: Sequence[float],
    *,
    frequency_Hz: float | None = None,
    channel: int | None = None,
    span: float = 0.4,
    n_starts: int = 64,
    seed: int = 0,
    max_period_s: float = 10.0,
) -> list[dict[str, Any]]:
    """Edges in frequency of the 1:1 tongue of each stable cycle, at each amplitude.

    Each cycle is found at the largest amplitude, and followed in frequency there and at
    smaller ones in turn (`isochron.analysis.find_tongue`). A network gets the reference on the
    input that its task declares, or on `channel`; a worm a sinusoidal current into the neurons
    that the run stimulates, on top of that stimulus. Low-rank networks are followed in their
    exact reduced variables.

    Parameters
    ----------
    path : Path
        As for `isochron.workflows.cycles.find_rhythms`.
    amplitudes : sequence of float
        Of the reference: pA into each stimulated neuron of a worm. Positive.
    frequency_Hz : float, optional
        Where to start: by default that of a network's task, or the intrinsic frequency of a worm.
    channel : int, optional
        Number of the network's input that the reference enters: by default that of its task. If
        the file records no task it is 0, at a frequency of 8.4 Hz (lower if a step of the network
        is longer than 29 ms), and ``notes`` state this.
    span : float
        How far to follow, as a fraction of that frequency.
    n_starts, seed : int
        Number of random initial states of a network, and their seed.
    max_period_s : float
        Of a worm: longest period of its own to look for.

    Returns
    -------
    list of dict
        JSON values, for every system ``source``, ``system``, ``frequency_Hz``,
        ``own_frequency_Hz``, ``input`` (its number, of a network), ``amplitude_unit``,
        ``cycles`` (each with ``tongue``: rows of ``amplitude``, ``low_Hz``, ``high_Hz``,
        ``low_open``, ``high_open``, ``resolution_Hz``) and ``notes``, which state what is
        forced if the task has no reference, and how many starts of a network come to rest
        without the reference.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ValueError
        If a number is out of range, it is neither a run nor a network, or the task of a network
        has no reference and no input is given.
    """
    _check(amplitudes, frequency_Hz, span, n_starts, max_period_s)
    ordered = sorted(set(amplitudes))
    if path.suffix in DATASETS:
        return [_of_run(path, ordered, frequency_Hz, span, max_period_s)]
    return [
        _of_net(net, ordered, frequency_Hz, channel, span, n_starts, seed)
        for net in find_nets(path)
    ]


def _check(amplitudes, frequency_Hz, span, n_starts, max_period_s) -> None:
    if not amplitudes or not all(0 < amplitude < math.inf for amplitude in amplitudes):
        raise ValueError(f"amplitudes must be positive and finite, got {list(amplitudes)!r}.")
    if not 0 < span < 1:
        raise ValueError(f"span must lie between 0 and 1, got {span!r}.")
    if frequency_Hz is not None and not 0 < frequency_Hz < math.inf:
        raise ValueError(f"frequency must be positive and finite, got {frequency_Hz!r}.")
    if n_starts < 1 or not 0 < max_period_s < math.inf:
        raise ValueError(
            f"starts must be at least 1 and max_period positive, got {n_starts!r} and "
            f"{max_period_s!r}."
        )


def _of_net(path: Path, amplitudes, frequency_Hz, channel, span, n_starts, seed) -> dict[str, Any]:
    saved = SavedNet.load(path)
    reference = saved.choose_reference(frequency_Hz, amplitudes[-1], channel)
    assert reference is not None  # as amplitudes are positive

    def driven(hertz: float, amplitude: float) -> ann_bridge.TrainedMap:
        return saved.map_under(reference._replace(frequency_Hz=hertz, amplitude=amplitude))

    system = driven(reference.frequency_Hz, amplitudes[-1])
    if not system.smooth:
        raise ValueError(
            f"{path} is a spiking network; its map has no Jacobian to follow a cycle with."
        )
    states = system.initial_states(n_starts, np.random.default_rng(seed))
    for limit in _limits(system.frequency_Hz, span):
        driven(limit, amplitudes[-1])  # refuses a frequency beyond what the step allows
    survey = analysis.find_entrained_cycles(system, states)
    cycles = []
    for cycle, basin in zip(survey.cycles, survey.basins, strict=True):
        if cycle.stable:
            phase, _ = analysis.harmonic_phase(
                np.atleast_2d(system.outputs(cycle.states[1:]).T)[0], system.reference_phase()
            )
            cycles.append(
                {
                    "output_phase_cycles": phase,
                    "how_found": f"{basin} of {survey.n_starts} starts",
                    "tongue": _tongue(driven, cycle.point, system.frequency_Hz, amplitudes, span),
                }
            )
    notes = saved.training_notes() + saved.assumed_reference(reference, channel, frequency_Hz)
    notes += [describe_unforced(saved, states), survey.cannot_exclude]
    if not cycles:
        notes.insert(0, f"No stable cycle at amplitude {amplitudes[-1]:g}; try another frequency.")
    return {
        "source": str(path),
        "system": f"{saved.net.kind} net, {system.dimension} variables",
        "frequency_Hz": system.frequency_Hz,
        "own_frequency_Hz": None,
        "input": reference.channel,
        "amplitude_unit": "1",
        "cycles": cycles,
        "notes": notes,
    }


def _of_run(path: Path, amplitudes, frequency_Hz, span, max_period_s) -> dict[str, Any]:
    spec, last = read_graded_run(path)
    if not spec.currents:
        raise ValueError(f"{path} stimulates no neuron, so there is none to give the reference.")
    network, stimulus = spec.network(), spec.stimulus()
    cycle, rest = find_cycle_or_resting_state(network, stimulus, last, max_period_s=max_period_s)
    found = {
        "source": str(path),
        "system": describe_model(spec, network),
        "frequency_Hz": frequency_Hz,
        "own_frequency_Hz": None,
        "amplitude_unit": "pA",
        "cycles": [],
        "notes": [],
    }
    if cycle is None or not cycle.found:
        return found | {"notes": describe_no_cycle(cycle, rest, max_period_s=max_period_s)}
    if not cycle.stable:
        return found | {"notes": ["The cycle is unstable; only stable ones are followed."]}
    own = 1e3 / cycle.period
    frequency = own if frequency_Hz is None else frequency_Hz

    def driven(hertz: float, amplitude: float) -> sims.GradedMap:
        current = _reference(spec, hertz, amplitude)
        return sims.GradedMap(network, stimulus + current, step_ms=STEP_MS)

    system = driven(frequency, amplitudes[-1])
    start = system.advance(cycle.point, LOCKING_PERIODS * system.n_steps)
    rows = _tongue(driven, start, frequency, amplitudes, span)
    return found | {
        "frequency_Hz": frequency,
        "own_frequency_Hz": own,
        "cycles": [
            {
                "output_phase_cycles": None,
                "how_found": f"the run's cycle, {LOCKING_PERIODS} periods under the reference",
                "tongue": rows,
            }
        ],
    }


def _reference(spec: SimulationSpec, hertz: float, amplitude: float) -> sims.Stimulus:
    names = [name for name, _ in spec.currents]
    return sims.sinusoidal_current(names, amplitude_pA=amplitude, frequency_Hz=hertz)


def _limits(frequency_Hz: float, span: float) -> tuple[float, float]:
    return (1 - span) * frequency_Hz, (1 + span) * frequency_Hz


def _tongue(driven, start, frequency_Hz, amplitudes, span) -> list[dict[str, Any]]:
    """Rows of a tongue; an amplitude at which the cycle was not found has edges None."""
    rows = measure_tongues(
        driven,
        start,
        frequency=frequency_Hz,
        amplitude=amplitudes[-1],
        amplitudes=amplitudes,
        limits=_limits(frequency_Hz, span),
        report=lambda fraction, text: None,
    )
    known = {row["amplitude"] for row in rows}
    lost = {"low_Hz": None, "high_Hz": None, "low_open": False, "high_open": False}
    rows += [
        {"amplitude": amplitude, **lost, "resolution_Hz": rows[0]["resolution_Hz"]}
        for amplitude in amplitudes
        if amplitude not in known
    ]
    return sorted(rows, key=lambda row: row["amplitude"])


def draw_tongues(systems: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a figure, one panel for each cycle; the format is that of the suffix of `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from isochron.analysis.plotting import plot_tongue

    panels = [(system, cycle) for system in systems for cycle in system["cycles"]]
    figure = Figure(figsize=(4.6 * max(1, len(panels)), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for i, (system, cycle) in enumerate(panels):
        ax = figure.add_subplot(1, len(panels), i + 1)
        edges = {
            key: np.array([row[key] for row in cycle["tongue"]], dtype=float)
            for key in ("low_Hz", "high_Hz", "amplitude")
        }
        unit = system["amplitude_unit"]
        plot_tongue(
            edges["low_Hz"],
            edges["high_Hz"],
            edges["amplitude"],
            low_open=np.array([row["low_open"] for row in cycle["tongue"]]),
            high_open=np.array([row["high_open"] for row in cycle["tongue"]]),
            intrinsic_frequency=system["own_frequency_Hz"],
            label="amplitude of the reference" + ("" if unit == "1" else f" ({unit})"),
            ax=ax,
        )
        ax.set_title(f"{Path(system['source']).name}: {cycle['how_found']}", fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], dpi=150)
    write_bytes(path, buffer.getvalue())
