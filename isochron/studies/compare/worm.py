"""The worm of a comparison: its rhythm, its rest, its locking to a reference."""

from typing import Any

import numpy as np
import xarray as xr

from isochron import analysis, sims
from isochron.connectome import Connectome
from isochron.runs.datasets import open_connectome
from isochron.runs.graded_cycle import find_graded_cycle
from isochron.runs.measures import (
    Report,
    common_tongue,
    describe_cycle,
    describe_fixed_point,
    measure_dimensionality,
    measure_free_running,
    measure_phase_locking,
    measure_tongues,
)
from isochron.runs.provenance import derive_seed
from isochron.runs.resting_state import find_resting_state
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.configuration import CompareConfig, WormSection

MOTOR_CLASSES = ("VA", "VB", "VD", "DA", "DB", "DD", "AS")
DETUNING = 0.98  # of the reference from the worm's own frequency
LOCKED_PERIODS = 40
TRANSIENT_PERIODS = 150
SURVEY_S = 200.0
TRAJECTORY_EVERY_MS = 20.0


def check_worm(section: WormSection) -> None:
    """Reject an unknown data set or neuron before any work is done.

    Raises
    ------
    ValueError
        If the data set or a stimulated neuron does not exist.
    """
    connectome = open_connectome(section.dataset)
    try:
        connectome.index(section.stimulated)
    except ValueError as error:
        raise ValueError(
            f"[worm] stimulated: {error} Name neurons of {connectome.name} in the section [worm] "
            "of a file for --config (isochron compare --print-config prints one)."
        ) from error


def readout_neurons(connectome: Connectome) -> tuple[list[int], str]:
    """Neurons whose activity is the rhythm of a connectome, and a note if it is a choice.

    Those of the motor classes of the ventral cord of *C. elegans*; without two of them all motor
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


def analyse_worm(config: CompareConfig, folder: RunPaths, name: str, report: Report) -> Any:
    """Simulate the worm and find its rhythm; the row of the worm as JSON values."""
    section = config.worm
    connectome = open_connectome(section.dataset)
    network = sims.GradedNetwork(connectome)
    neurons, readout_note = readout_neurons(connectome)
    active = sims.step_current(section.stimulated, amplitude_pA=section.current_pA)
    rng = np.random.default_rng(derive_seed(config.seed, "worm"))

    report(0.0, "simulating")
    run = sims.simulate(
        network,
        active,
        duration_s=section.simulated_s,
        step_ms=section.step_ms,
        record_every_ms=TRAJECTORY_EVERY_MS,
        rng=rng,
    )
    report(0.1, "searching the limit cycle")
    last = sims.state_vector(run.isel(time=-1))
    cycle = find_graded_cycle(network, active, last, max_period_ms=5000.0)
    rest = None if cycle.found else find_resting_state(network, active, last)

    report(0.45, "searching fixed points")
    fixed_points = _fixed_points(network, section, rng)
    row: dict[str, Any] = {
        "name": name,
        "kind": "worm",
        "n_units": network.n_neurons,
        "dataset": connectome.name,
        "seed": config.seed,
        "loss": None,
        "standard_error": None,
        "chance": None,
        "learned": None,
        "fixed_points": [described for _, described in fixed_points],
        "limit_cycles": [],
        "locking": None,
        "dimensionality": None,
        "free_running": {"oscillates": False, "amplitude": 0.0, "frequency_Hz": None},
        "resting": rest is not None,
        "notes": [rest.describe() if rest else cycle.message, *filter(None, [readout_note])],
    }
    arrays = _trajectory_arrays(run, neurons)
    if cycle.found:
        motor = cycle.states[:, neurons]
        output = analysis.principal_components(motor)[1][0]
        condition = f"constant {section.current_pA:g} pA"
        found = describe_cycle(cycle, condition=condition, how_found=cycle.message)
        report(0.5, "random starts")
        arrived = _survey(network, active, section, cycle, rng)
        found["n_starts"], found["n_starts_arrived"] = section.n_starts, arrived
        row["limit_cycles"] = [found]
        row["dimensionality"] = measure_dimensionality(motor[:-1])
        row["locking"], row["free_running"] = _measure_locking(
            network, active, section, cycle, (neurons, output), report
        )
        arrays["cycle_states"] = (("cycle", "cycle_time", "state"), cycle.states[None])
        arrays["cycle_time"] = (("cycle_time",), cycle.times, {"units": "ms"})
    points = [point.point for point, _ in fixed_points]
    arrays["fixed_point_states"] = (("fixed_point", "state"), np.array(points))
    dataset = xr.Dataset(arrays, {"neuron": list(connectome.neurons)}, run.attrs)
    sims.save_dataset(dataset, folder.data_path(name))
    return row


def _fixed_points(network, section, rng):
    """Fixed points at the resting and at the full current."""
    found = []
    for current in (section.resting_current_pA, section.current_pA):
        stimulus = sims.step_current(section.stimulated, amplitude_pA=current)
        settled = sims.simulate(
            network, stimulus, duration_s=20.0, step_ms=4.0, record_every_ms=2e4, rng=rng
        )
        starts = [
            network.equilibrium(stimulus),
            sims.state_vector(settled.isel(time=-1)),
        ]
        for point in analysis.find_fixed_points(network.field_under(stimulus), starts):
            condition = f"constant {current:g} pA"
            found.append((point, describe_fixed_point(point, condition=condition)))
    return found


def _survey(network, active, section, cycle, rng) -> int:
    """How many random starts come to the cycle: within 5 % of its size."""
    stepper = sims.GradedMap(network, active, step_ms=4 * section.step_ms)
    starts = [network.random_state(active, rng, spread_mV=10.0) for _ in range(section.n_starts)]
    ends = stepper.advance(np.array(starts), round(1e3 * SURVEY_S / stepper.step_ms))
    size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
    distances = [np.linalg.norm(cycle.states - end, axis=1).min() for end in ends]
    return int(np.sum(np.array(distances) < 0.05 * size))


def _measure_locking(network, active, section, cycle, readout, report):
    """Locking of the motor rhythm to a weak sinusoidal current, near the worm's frequency."""
    neurons, weights = readout
    intrinsic_frequency = 1e3 / cycle.period
    frequency, amplitude = DETUNING * intrinsic_frequency, section.reference_amplitude_pA

    def driven(hertz: float, pA: float, step_ms: float = section.tongue_step_ms):
        current = sims.sinusoidal_current(section.stimulated, amplitude_pA=pA, frequency_Hz=hertz)
        return sims.GradedMap(network, active + current, step_ms=step_ms)

    report(0.55, "phase locking")
    system = driven(frequency, amplitude, section.step_ms)
    settled = system.advance(cycle.point, TRANSIENT_PERIODS * system.n_steps)
    phase = 2 * np.pi * np.arange(LOCKED_PERIODS * system.n_steps) / system.n_steps
    signal = system.orbit(settled, phase.size)[1:, neurons] @ weights
    free = sims.GradedMap(network, active, step_ms=system.step_ms)
    unforced = free.orbit(cycle.point, phase.size)[1:, neurons] @ weights
    coarse = driven(frequency, amplitude)
    point = coarse.advance(settled, TRANSIENT_PERIODS * coarse.n_steps)
    tongues = measure_tongues(
        driven,
        point,
        frequency=frequency,
        amplitude=amplitude,
        amplitudes=section.tongue_amplitudes_pA,
        limits=((1 - section.tongue_span) * frequency, (1 + section.tongue_span) * frequency),
        report=lambda fraction, text: report(0.6 + 0.4 * fraction, text),
    )
    here = [row for row in tongues if row["amplitude"] == amplitude]
    locked = analysis.find_limit_cycle(
        coarse, point, control=analysis.ShootingControl(max_transient=0)
    )
    locking = {
        "reference_frequency_Hz": frequency,
        "reference_amplitude": amplitude,
        "amplitude_unit": "pA",
        "noise": "none",
        "locked_cycle_stable": locked.stable,
        "plv": measure_phase_locking(signal, phase, system.n_steps),
        "plv_uncoupled": measure_phase_locking(unforced, phase, system.n_steps),
        "tongue": common_tongue(here),
        "tongue_by_amplitude": tongues,
    }
    free_running = measure_free_running(unforced, system.step_ms, float(np.ptp(signal)) / 2)
    return locking, free_running


def _trajectory_arrays(run: xr.Dataset, neurons: list[int]) -> dict[str, Any]:
    deviation = (run.V - run.threshold).transpose("time", "neuron").values.astype(np.float32)
    return {
        "trajectory": (("time", "neuron"), deviation, {"units": "mV", "long_name": "V - Vth"}),
        "time": (("time",), run.time.values, {"units": "ms"}),
        "threshold": (("neuron",), run.threshold.values, {"units": "mV"}),
        "is_motor": (("neuron",), np.isin(np.arange(run.sizes["neuron"]), neurons)),
    }
