"""The worm of a comparison: its rhythm, its rest, its locking to a reference."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from isochron import analysis, sims
from isochron.analysis import FixedPoint, LimitCycle
from isochron.connectome import Connectome
from isochron.runs.datasets import open_connectome
from isochron.runs.graded_cycle import find_graded_cycle
from isochron.runs.measures import (
    Report,
    describe_cycle,
    describe_fixed_point,
    measure_dimensionality,
    measure_free_running,
    measure_phase_locking,
    measure_tongues,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.resting_state import find_resting_state
from isochron.runs.results import FreeRunning, Locking, TongueEdges, extended, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.configuration import CompareConfig, WormSection
from isochron.studies.compare.driven import COMPONENTS, describe_driven_worm, drive_worm
from isochron.studies.compare.results import WormCycle, WormSystem
from isochron.studies.compare.weak_forcing import weak_forcing_of_worm

MOTOR_CLASSES = ("VA", "VB", "VD", "DA", "DB", "DD", "AS")
DETUNING = 0.98  # of the reference from the worm's own frequency
LOCKED_PERIODS = 40
TRANSIENT_PERIODS = 150
SURVEY_S = 200.0
TRAJECTORY_EVERY_MS = 20.0


def check_worm(section: WormSection, dataset: str | None = None) -> None:
    """Reject an unknown data set or neuron before any work is done.

    `dataset` is that of the section by default.

    Raises
    ------
    ValueError
        If the data set or a stimulated neuron does not exist.
    """
    connectome = open_connectome(section.dataset if dataset is None else dataset)
    try:
        connectome.index(section.stimulated)
    except ValueError as error:
        raise ValueError(
            f"[worm] stimulated: {error} Name neurons of {connectome.name} in the section [worm] "
            "of a file for --config (isochron compare --print-config prints one)."
        ) from error


def readout_neurons(connectome: Connectome) -> tuple[list[int], str]:
    """Neurons whose activity is the rhythm of a connectome, and a note if it is a choice.

    Those of the motor classes of the ventral cord of C. elegans; without two of them all motor
    neurons; without two motor neurons all neurons.

    Returns
    -------
    list of int
        Their positions.
    str
        Empty for the motor classes.
    """
    classes = [i for i, cell in enumerate(connectome.cells) if cell.cell_class in MOTOR_CLASSES]
    if len(classes) > 1 and connectome.is_worm:
        return classes, ""
    motor = [i for i, cell in enumerate(connectome.cells) if cell.type == "motor"]
    if len(motor) > 1:
        return motor, "The rhythm is that of all motor neurons."
    everyone = list(range(len(connectome.neurons)))
    return (
        everyone,
        "The rhythm is that of all neurons, because fewer than two motor neurons are known.",
    )


@dataclass(frozen=True)
class Worm:
    """The model of the worm, its current, and the neurons whose activity is its rhythm."""

    section: WormSection
    network: sims.GradedNetwork
    active: sims.Stimulus
    neurons: list[int]
    rng: np.random.Generator

    @property
    def condition(self) -> str:
        """The current in words."""
        return _constant(self.section.current_pA)


def analyse_worm(config: CompareConfig, folder: RunPaths, name: str, report: Report) -> Any:
    """Simulate the worm and find its rhythm; `WormSystem` as JSON values."""
    section = config.worm
    connectome = open_connectome(section.dataset)
    neurons, readout_note = readout_neurons(connectome)
    worm = Worm(
        section=section,
        network=sims.GradedNetwork(connectome),
        active=sims.step_current(section.stimulated, amplitude_pA=section.current_pA),
        neurons=neurons,
        rng=np.random.default_rng(derive_seed(config.seed, "worm")),
    )
    report(0.0, "simulating")
    run = sims.simulate(
        worm.network,
        worm.active,
        duration_s=section.simulated_s,
        step_ms=section.step_ms,
        record_every_ms=TRAJECTORY_EVERY_MS,
        rng=worm.rng,
    )
    report(0.1, "searching the limit cycle")
    last = sims.state_vector(run.isel(time=-1))
    cycle = find_graded_cycle(worm.network, worm.active, last, max_period_ms=5000.0)
    rest = None if cycle.found else find_resting_state(worm.network, worm.active, last)
    report(0.45, "searching fixed points")
    points = _fixed_points(worm)
    found = WormSystem(
        name=name,
        n_units=worm.network.n_neurons,
        dataset=connectome.name,
        seed=config.seed,
        fixed_points=tuple(
            describe_fixed_point(point, condition=condition) for condition, point in points
        ),
        locking=None,
        dimensionality=None,
        free_running=FreeRunning(oscillates=False, amplitude=0.0, frequency_Hz=None),
        resting=rest is not None,
        notes=(rest.describe() if rest else cycle.message, *filter(None, [readout_note])),
    )
    driven = None
    if cycle.found:
        found = _with_cycle(found, worm, cycle, report)
        driven = _drive(worm, cycle)
        found = replace(found, driven=describe_driven_worm(driven))
    arrays = _arrays(worm, run, cycle, [point for _, point in points], driven)
    sims.save_dataset(arrays, folder.data_path(name))
    return to_json_values(found)


def _with_cycle(found: WormSystem, worm: Worm, cycle: LimitCycle, report: Report) -> WormSystem:
    """Measures of a worm with a limit cycle."""
    motor = cycle.states[:, worm.neurons]
    described = describe_cycle(cycle, condition=worm.condition, how_found=cycle.message)
    report(0.5, "random starts")
    arrived = _survey(worm, cycle)
    locking, free_running = _measure_locking(worm, cycle, report)
    counts = {"n_starts": worm.section.n_starts, "n_starts_arrived": arrived}
    return replace(
        found,
        limit_cycles=(extended(described, WormCycle, **counts),),
        dimensionality=measure_dimensionality(motor[:-1]),
        locking=locking,
        free_running=free_running,
        weak_forcing=weak_forcing_of_worm(
            worm.network,
            worm.active,
            cycle,
            stimulated=worm.section.stimulated,
            amplitude_pA=worm.section.reference_amplitude_pA,
        ),
    )


def _drive(worm: Worm, cycle: LimitCycle) -> np.ndarray:
    """Components of the worm under the irregular references."""
    return drive_worm(
        worm.network,
        worm.active,
        cycle.point,
        stimulated=worm.section.stimulated,
        amplitude_pA=worm.section.reference_amplitude_pA,
        period_ms=cycle.period / DETUNING,
        neurons=worm.neurons,
    )


def _constant(current_pA: float) -> str:
    return f"constant {current_pA:g} pA"


def _fixed_points(worm: Worm) -> list[tuple[str, FixedPoint]]:
    """Fixed points at the resting and at the full current, with the current in words."""
    section, network, found = worm.section, worm.network, []
    for current in (section.resting_current_pA, section.current_pA):
        stimulus = sims.step_current(section.stimulated, amplitude_pA=current)
        settled = sims.simulate(
            network, stimulus, duration_s=20.0, step_ms=4.0, record_every_ms=2e4, rng=worm.rng
        )
        starts = [
            network.equilibrium(stimulus),
            sims.state_vector(settled.isel(time=-1)),
        ]
        for point in analysis.find_fixed_points(network.field_under(stimulus), starts):
            found.append((_constant(current), point))
    return found


def _survey(worm: Worm, cycle: LimitCycle) -> int:
    """Number of random starts that converge to within 5 % of the size of the cycle."""
    network, section = worm.network, worm.section
    stepper = sims.GradedMap(network, worm.active, step_ms=4 * section.step_ms)
    starts = [
        network.random_state(worm.active, worm.rng, spread_mV=10.0) for _ in range(section.n_starts)
    ]
    ends = stepper.advance(np.array(starts), round(1e3 * SURVEY_S / stepper.step_ms))
    size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
    distances = [np.linalg.norm(cycle.states - end, axis=1).min() for end in ends]
    return int(np.sum(np.array(distances) < 0.05 * size))


def _measure_locking(worm: Worm, cycle: LimitCycle, report: Report) -> tuple[Locking, FreeRunning]:
    """Locking of the motor rhythm to a weak sinusoidal current, near the worm's frequency."""
    section, network, neurons = worm.section, worm.network, worm.neurons
    weights = analysis.principal_components(cycle.states[:, neurons])[1][0]
    frequency = DETUNING * 1e3 / cycle.period
    amplitude = section.reference_amplitude_pA

    def forced(hertz: float, pA: float, step_ms: float = section.tongue_step_ms):
        current = sims.sinusoidal_current(section.stimulated, amplitude_pA=pA, frequency_Hz=hertz)
        return sims.GradedMap(network, worm.active + current, step_ms=step_ms)

    report(0.55, "phase locking")
    system = forced(frequency, amplitude, section.step_ms)
    settled = system.advance(cycle.point, TRANSIENT_PERIODS * system.n_steps)
    phase = 2 * np.pi * np.arange(LOCKED_PERIODS * system.n_steps) / system.n_steps
    signal = system.orbit(settled, phase.size)[1:, neurons] @ weights
    free = sims.GradedMap(network, worm.active, step_ms=system.step_ms)
    unforced = free.orbit(cycle.point, phase.size)[1:, neurons] @ weights
    coarse = forced(frequency, amplitude)
    point = coarse.advance(settled, TRANSIENT_PERIODS * coarse.n_steps)
    tongues = measure_tongues(
        forced,
        point,
        frequency=frequency,
        amplitude=amplitude,
        amplitudes=section.tongue_amplitudes_pA,
        limits=((1 - section.tongue_span) * frequency, (1 + section.tongue_span) * frequency),
        report=lambda fraction, text: report(0.6 + 0.4 * fraction, text),
    )
    locked = analysis.find_limit_cycle(
        coarse, point, control=analysis.ShootingControl(max_transient=0)
    )
    locking = Locking(
        reference_frequency_Hz=frequency,
        reference_amplitude=amplitude,
        amplitude_unit="pA",
        noise="none",
        locked_cycle_stable=locked.stable,
        plv=measure_phase_locking(signal, phase, system.n_steps),
        plv_uncoupled=measure_phase_locking(unforced, phase, system.n_steps),
        tongue=TongueEdges.overlap([row for row in tongues if row.amplitude == amplitude]),
        tongue_by_amplitude=tuple(tongues),
    )
    return locking, measure_free_running(unforced, system.step_ms, float(np.ptp(signal)) / 2)


def _arrays(
    worm: Worm,
    run: xr.Dataset,
    cycle: LimitCycle,
    points: list[FixedPoint],
    driven: np.ndarray | None,
) -> xr.Dataset:
    """Arrays for the figures of the worm and for comparisons with it."""
    deviation = (run.V - run.threshold).transpose("time", "neuron").values.astype(np.float32)
    is_motor = np.isin(np.arange(run.neuron.size), worm.neurons)
    mV, ms = {"units": "mV"}, {"units": "ms"}
    arrays = {
        "trajectory": xr.Variable(("time", "neuron"), deviation, mV | {"long_name": "V - Vth"}),
        "time": xr.Variable("time", run.time.values, ms),
        "threshold": xr.Variable("neuron", run.threshold.values, mV),
        "is_motor": xr.Variable("neuron", is_motor),
    }
    if cycle.found:
        states = cycle.states[None]
        arrays["cycle_states"] = xr.Variable(("cycle", "cycle_time", "state"), states)
        arrays["cycle_time"] = xr.Variable("cycle_time", cycle.times, ms)
    if driven is not None:
        arrays[COMPONENTS] = xr.Variable(("half", "driven_time", "component"), driven, mV)
    states = np.array([point.point for point in points])
    arrays["fixed_point_states"] = xr.Variable(("fixed_point", "state"), states)
    neurons = {"neuron": list(worm.network.connectome.neurons)}
    return xr.Dataset(arrays, neurons, run.attrs)
