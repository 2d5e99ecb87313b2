"""Tongues: where a weak reference locks cycles of a saved network or run of the worm 1:1."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from isochron import analysis, ann_bridge, sims
from isochron.files import write_bytes
from isochron.runs.measures import measure_tongues
from isochron.runs.resting_state import describe_no_cycle, find_cycle_or_resting_state
from isochron.runs.results import TongueRow
from isochron.runs.saved_network import SavedNet
from isochron.runs.simulation_spec import SimulationSpec, describe_model
from isochron.wording import printable
from isochron.workflows.network_cycles import describe_unforced
from isochron.workflows.rhythm_search import DATASETS, DEFAULT_SEARCH, RhythmSearch
from isochron.workflows.search import find_nets, read_graded_run

STEP_MS = 4.0  # of the worm
LOCKING_PERIODS = 150  # of the worm, before its entrained cycle is solved for


@dataclass(frozen=True, kw_only=True)
class ForcedCycle:
    """A stable cycle under a reference, and its 1:1 tongue.

    Attributes
    ----------
    output_phase_cycles : float or None
        Phase of the first output of a network relative to the reference.
    how_found : str
    tongue : tuple of TongueRow
        By ascending amplitude.
    """

    output_phase_cycles: float | None
    how_found: str
    tongue: tuple[TongueRow, ...]


@dataclass(frozen=True, kw_only=True)
class Tongues:
    """The tongues of the stable cycles of one system.

    Attributes
    ----------
    source, system : str
        File, and model or network in words.
    frequency_Hz : float or None
        Frequency at which the walks started; None for a run without a cycle.
    intrinsic_frequency_Hz : float or None
        Frequency of the cycle of a run without the reference.
    amplitude_unit : str
    cycles : tuple of ForcedCycle
    notes : tuple of str
        Notes on the forced input if the task does not have a reference, on the rhythm of a network
        without the reference, and on attractors that the search may have missed.
    """

    source: str
    system: str
    frequency_Hz: float | None
    intrinsic_frequency_Hz: float | None = None
    amplitude_unit: str
    cycles: tuple[ForcedCycle, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NetworkTongues(Tongues):
    """The tongues of a network; `input` is the number of the input that the reference enters."""

    input: int


def find_tongues(
    path: Path,
    amplitudes: Sequence[float],
    search: RhythmSearch = DEFAULT_SEARCH,
    *,
    span: float = 0.4,
) -> list[Tongues]:
    """Edges in frequency of the 1:1 tongue of each stable cycle, at each amplitude.

    Each cycle is found at the largest amplitude, and followed in frequency there and at
    smaller ones in turn (`isochron.analysis.find_tongue`). For a network the reference enters the
    input that its task declares, or that of `search`; for a worm it is a sinusoidal current into
    the neurons that the run stimulates, added to that stimulus. Low-rank networks are followed in
    their exact reduced variables.

    Parameters
    ----------
    path : Path
        As for `isochron.workflows.cycles.find_rhythms`.
    amplitudes : sequence of float
        Amplitudes of the reference, > 0; for a worm the current into each stimulated neuron, pA.
    search : RhythmSearch
        Its frequency is that of the first reference. If the file of a network does not record a
        task, the input is 0 by default, at a frequency of 8.4 Hz (lower if a step of the network
        is longer than 29 ms), and the notes state this.
    span : float
        Range on each side of that frequency, as a fraction of it, 0 to 1.

    Returns
    -------
    list of Tongues
        One for each system.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        If a number is out of range, it is neither a run nor a network, or the task of a network
        does not have a reference and no input is given.
    """
    if not amplitudes or not all(0 < amplitude < math.inf for amplitude in amplitudes):
        raise ValueError(f"amplitudes must be positive and finite, got {list(amplitudes)!r}.")
    if not 0 < span < 1:
        raise ValueError(f"span must lie between 0 and 1, got {span!r}.")
    ordered = sorted(set(amplitudes))
    if path.suffix in DATASETS:
        return [_of_run(path, ordered, search, span)]
    return [_of_net(net, ordered, search, span) for net in find_nets(path)]


def _of_net(
    path: Path, amplitudes: Sequence[float], search: RhythmSearch, span: float
) -> NetworkTongues:
    saved = SavedNet.load(path)
    reference = saved.choose_reference(search.frequency_Hz, amplitudes[-1], search.input)
    assert reference is not None  # as amplitudes are positive

    def forced(hertz: float, amplitude: float) -> ann_bridge.TrainedMap:
        return saved.map_under(reference._replace(frequency_Hz=hertz, amplitude=amplitude))

    system = forced(reference.frequency_Hz, amplitudes[-1])
    if not system.smooth:
        raise ValueError(
            f"{path} is a spiking network; its map does not have a Jacobian, which following a "
            "cycle needs."
        )
    states = system.initial_states(search.n_starts, np.random.default_rng(search.seed))
    for limit in _limits(system.frequency_Hz, span):
        forced(limit, amplitudes[-1])  # raises for a frequency beyond what the step allows
    survey = analysis.find_entrained_cycles(system, states)
    cycles = tuple(
        ForcedCycle(
            output_phase_cycles=_output_phase(system, cycle),
            how_found=f"{basin} of {survey.n_starts} starts",
            tongue=_tongue(forced, cycle.point, system.frequency_Hz, amplitudes, span),
        )
        for cycle, basin in zip(survey.cycles, survey.basins, strict=True)
        if cycle.stable
    )
    notes = [*saved.training.notes]
    notes += saved.assumed_reference(reference, search.input, search.frequency_Hz)
    notes += [describe_unforced(saved, states), survey.cannot_exclude]
    if not cycles:
        notes.insert(
            0, f"No stable cycle at amplitude {amplitudes[-1]:g}; try a different frequency."
        )
    return NetworkTongues(
        source=str(path),
        system=f"{saved.net.kind} network, {system.dimension} variables",
        frequency_Hz=system.frequency_Hz,
        input=reference.channel,
        amplitude_unit="1",
        cycles=cycles,
        notes=tuple(notes),
    )


def _output_phase(system: ann_bridge.TrainedMap, cycle: analysis.LimitCycle) -> float:
    first_output = np.atleast_2d(system.outputs(cycle.states[1:]).T)[0]
    return analysis.harmonic_phase(first_output, system.reference_phase())[0]


def _of_run(path: Path, amplitudes: Sequence[float], search: RhythmSearch, span: float) -> Tongues:
    spec, last = read_graded_run(path)
    if not spec.currents:
        raise ValueError(f"{path} stimulates no neuron, so there is none to give the reference.")
    network, stimulus = spec.network(), spec.stimulus()
    longest = search.max_period_s
    cycle, rest = find_cycle_or_resting_state(network, stimulus, last, max_period_s=longest)
    none = Tongues(
        source=str(path),
        system=describe_model(spec, network),
        frequency_Hz=search.frequency_Hz,
        amplitude_unit="pA",
    )
    if cycle is None or not cycle.found:
        return replace(none, notes=tuple(describe_no_cycle(cycle, rest, max_period_s=longest)))
    if not cycle.stable:
        return replace(none, notes=("The cycle is unstable; only stable ones are followed.",))
    intrinsic = 1e3 / cycle.period
    frequency = intrinsic if search.frequency_Hz is None else search.frequency_Hz

    def forced(hertz: float, amplitude: float) -> sims.GradedMap:
        current = _reference(spec, hertz, amplitude)
        return sims.GradedMap(network, stimulus + current, step_ms=STEP_MS)

    system = forced(frequency, amplitudes[-1])
    start = system.advance(cycle.point, LOCKING_PERIODS * system.n_steps)
    forced_cycle = ForcedCycle(
        output_phase_cycles=None,
        how_found=f"the run's cycle, {LOCKING_PERIODS} periods under the reference",
        tongue=_tongue(forced, start, frequency, amplitudes, span),
    )
    return replace(
        none,
        frequency_Hz=frequency,
        intrinsic_frequency_Hz=intrinsic,
        cycles=(forced_cycle,),
    )


def _reference(spec: SimulationSpec, hertz: float, amplitude: float) -> sims.Stimulus:
    names = [name for name, _ in spec.currents]
    return sims.sinusoidal_current(names, amplitude_pA=amplitude, frequency_Hz=hertz)


def _limits(frequency_Hz: float, span: float) -> tuple[float, float]:
    return (1 - span) * frequency_Hz, (1 + span) * frequency_Hz


def _tongue(forced, start, frequency_Hz, amplitudes, span) -> tuple[TongueRow, ...]:
    """Rows of a tongue; an amplitude at which the cycle was not found has edges None."""
    rows = measure_tongues(
        forced,
        start,
        frequency=frequency_Hz,
        amplitude=amplitudes[-1],
        amplitudes=amplitudes,
        limits=_limits(frequency_Hz, span),
        report=lambda fraction, text: None,
    )
    known = {row.amplitude for row in rows}
    lost = replace(rows[0], low_Hz=None, high_Hz=None, low_open=False, high_open=False)
    rows += [replace(lost, amplitude=one) for one in amplitudes if one not in known]
    return tuple(sorted(rows, key=lambda row: row.amplitude))


def draw_tongues(systems: Sequence[Tongues], path: Path) -> None:
    """Write a figure, one panel for each cycle; the format is that of the suffix of `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [(system, cycle) for system in systems for cycle in system.cycles]
    figure = Figure(figsize=(4.6 * max(1, len(panels)), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for i, (system, cycle) in enumerate(panels):
        _draw_tongue(system, cycle, figure.add_subplot(1, len(panels), i + 1))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], dpi=150)
    write_bytes(path, buffer.getvalue())


def _draw_tongue(system: Tongues, cycle: ForcedCycle, ax: Any) -> None:
    from isochron.analysis.plotting import plot_tongue

    unit = "" if system.amplitude_unit == "1" else f" ({system.amplitude_unit})"
    plot_tongue(
        np.array([row.low_Hz for row in cycle.tongue], dtype=float),
        np.array([row.high_Hz for row in cycle.tongue], dtype=float),
        np.array([row.amplitude for row in cycle.tongue], dtype=float),
        open_ends=(
            np.array([row.low_open for row in cycle.tongue]),
            np.array([row.high_open for row in cycle.tongue]),
        ),
        intrinsic_frequency=system.intrinsic_frequency_Hz,
        label=f"amplitude of the reference{unit}",
        ax=ax,
    )
    title = printable(f"{Path(system.source).name}: {cycle.how_found}")
    ax.set_title(title, fontsize="small", parse_math=False)
