"""Exported models in jNeuroML and NEURON, against our engines, SciPy and closed forms."""

import importlib.util
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron import connectome, sims
from isochron.sims.engines import ENGINES
from isochron.sims.engines.request import EngineRequest
from isochron.sims.neuroml import LEVELS, export_neuroml, processes
from isochron.sims.neuroml.processes import SimulatorError, jneuroml_command, run_process

needs_java = pytest.mark.skipif(
    shutil.which("java") is None or importlib.util.find_spec("pyneuroml") is None,
    reason="needs Java and pyneuroml",
)
needs_neuron = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None or shutil.which("g++") is None,
    reason="needs NEURON and a C++ compiler",
)
PLM = ("PLML", "PLMR")


@pytest.fixture(scope="module")
def neighbors():
    """PLM and the 18 neurons most strongly wired to it, in the order of the data set."""
    graph = connectome.load("varshney2011")
    plm = graph.index(PLM)
    strength = (graph.chemical + graph.chemical.T + graph.gap)[plm].sum(axis=0)
    strength[plm] = strength.max() + 1
    chosen = np.argsort(-strength, kind="stable")[:20]
    return sims.GradedNetwork(graph.subset(*(graph.neurons[i] for i in chosen)))


@pytest.fixture(scope="module")
def shaken():
    """Currents of every shape that NeuroML has."""
    return (
        sims.step_current(PLM, amplitude_pA=200)
        + sims.sinusoidal_current(["PLML"], amplitude_pA=50, frequency_Hz=25, phase_rad=1)
        + sims.pulse_current(
            ["PVCL"], amplitude_pA=100, width_ms=10, period_ms=30, onset_ms=20, n_pulses=2
        )
    )


def request_for(network, stimulus, *, step_ms, duration_ms=60, **changes):
    settings = {
        "network": network,
        "stimulus": stimulus,
        "step_ms": step_ms,
        "n_steps": round(duration_ms / step_ms),
        "every": round(1 / step_ms) if step_ms < 1 else 1,
        "initial_state": network.random_state(stimulus, np.random.default_rng(0), spread_mV=20),
    }
    return EngineRequest(**(settings | changes))


@pytest.fixture(scope="module")
def ours(neighbors, shaken):
    """The compiled engine at a step where its second-order error is far below 1e-3."""
    return ENGINES.load("numba").run(request_for(neighbors, shaken, step_ms=0.025))


@pytest.mark.parametrize(
    ("engine", "step_ms"),
    [
        # Both are of first order; their errors in s are 1e-3 of its range near 0.009 and 0.004.
        pytest.param("jneuroml", 0.00625, marks=[needs_java, pytest.mark.long]),
        pytest.param("neuron", 0.0025, marks=[needs_java, needs_neuron, pytest.mark.long]),
    ],
)
def test_engines_agree_on_the_neighbors_of_plm(neighbors, shaken, ours, engine, step_ms):
    theirs = ENGINES.load(engine).run(request_for(neighbors, shaken, step_ms=step_ms))
    assert theirs.shape == ours.shape == (61, 40)
    start = request_for(neighbors, shaken, step_ms=1).initial_state
    np.testing.assert_allclose(theirs[0], start, rtol=1e-6)
    for part in (slice(0, 20), slice(20, 40)):
        reach = np.ptp(ours[:, part], axis=0).max()
        assert np.abs(theirs - ours)[:, part].max() < 1e-3 * reach


@needs_java
@pytest.mark.long
def test_jneuroml_is_of_first_order(neighbors, shaken):
    """Half the step, half the error."""
    exact = ENGINES.load("numba").run(request_for(neighbors, shaken, step_ms=0.025, duration_ms=20))
    errors = [
        np.abs(
            ENGINES.load("jneuroml").run(
                request_for(neighbors, shaken, step_ms=step, duration_ms=20)
            )
            - exact
        ).max()
        for step in (0.1, 0.05)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)


@needs_java
def test_the_largest_stable_step_is_where_it_is_said(neighbors):
    """Just below it a disturbance decays; without the check, at 1.3 times, it grows."""
    stimulus = sims.step_current(PLM, amplitude_pA=200)
    rate = np.linalg.eigvalsh(neighbors.laplacian)[-1] / 1.5
    with pytest.raises(ValueError, match=r"largest stable step here is (\S+) ms") as refusal:
        ENGINES.load("jneuroml").run(request_for(neighbors, stimulus, step_ms=10))
    limit = float(str(refusal.value).split("step here is ")[1].split()[0])
    assert 0.5 * 2 / rate < limit < 2 / rate
    calm = ENGINES.load("jneuroml").run(
        request_for(neighbors, stimulus, step_ms=limit * 0.99, duration_ms=200)
    )
    rest = neighbors.equilibrium(stimulus)
    assert np.abs(calm[-1] - rest)[:20].max() < np.abs(calm[0] - rest)[:20].max()


@needs_java
def test_simulate_runs_it(neighbors):
    stimulus = sims.step_current(PLM, amplitude_pA=200)
    start = neighbors.random_state(stimulus, np.random.default_rng(1))
    theirs, mine = (
        sims.simulate(
            *(neighbors, stimulus),
            engine=engine,
            initial_state=start,
            duration_s=0.02,
            step_ms=0.05,
            record_every_ms=1.0,
        )
        for engine in ("jneuroml", "numba")
    )
    assert theirs.sizes == mine.sizes
    np.testing.assert_allclose(theirs.V, mine.V, atol=1e-3 * np.ptp(mine.V.values))


@pytest.mark.slow
@needs_java
def test_the_whole_worm_in_jneuroml(worm, touch):
    """Varshney's 279 neurons through the fastest transient, of rate 7.9 / ms."""
    states = [
        ENGINES.load(engine).run(request_for(worm, touch, step_ms=0.002, duration_ms=5))
        for engine in ("jneuroml", "numba")
    ]
    reach = np.ptp(states[1][:, :279], axis=0).max()
    assert np.abs(states[0] - states[1])[:, :279].max() < 1e-3 * reach


@pytest.mark.slow
@needs_java
@needs_neuron
def test_neuron_is_of_first_order(neighbors, shaken):
    exact = ENGINES.load("numba").run(request_for(neighbors, shaken, step_ms=0.025, duration_ms=20))
    errors = [
        np.abs(
            ENGINES.load("neuron").run(request_for(neighbors, shaken, step_ms=h, duration_ms=20))
            - exact
        ).max()
        for h in (0.02, 0.01)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


# Other levels: jNeuroML on the exported files.


def run_export(exported):
    """Columns of the trace file: time in ms, potentials in mV."""
    command = [*jneuroml_command(), exported.simulation.name, "-nogui"]
    name = exported.simulation.stem.removeprefix("LEMS_")
    made = run_process(command, exported.folder, name="jNeuroML", produces=f"{name}.v.dat")
    return 1e3 * np.loadtxt(made)


def spike_times(exported, cell):
    name = exported.simulation.stem.removeprefix("LEMS_")
    rows = np.loadtxt(exported.folder / f"{name}.spikes", ndmin=2)
    return 1e3 * rows[rows[:, 1] == cell, 0]


def bare(names, gap=None):
    """Neurons without synapses."""
    none = np.zeros((len(names), len(names)))
    return connectome.from_matrices(names, none, gap, rows="postsynaptic", name="bare")


@needs_java
def test_a_cell_of_level_a_fires_as_the_closed_form_says(tmp_path):
    """T = tau ln(RI / (RI - 20 mV)) with tau = 30 ms, R = 10 GOhm; none below 2 pA."""
    stimulus = sims.step_current(["A"], amplitude_pA=3) + sims.step_current(["B"], amplitude_pA=1.9)
    exported = export_neuroml(
        bare(["A", "B"]),
        tmp_path / "out",
        level="A",
        stimulus=stimulus,
        duration_s=0.3,
        step_ms=0.02,
    )
    potentials = run_export(exported)[:, 1:]
    period = np.diff(spike_times(exported, 0))
    # A spike is seen one step late at most, and Euler's error is dt / (2 tau).
    np.testing.assert_allclose(period, 30 * np.log(3), atol=2 * 0.02)
    assert len(period) >= 7
    assert not len(spike_times(exported, 1))
    assert potentials[-1, 1] == pytest.approx(-50 + 19 * (1 - np.exp(-10)), abs=1e-3)


@needs_java
@pytest.mark.long
def test_gap_junctions_of_level_b_conduct_and_those_of_a_do_not(tmp_path):
    """Two cells at rest: (g + 2 G) difference = I, with g = 0.1 nS and G = 5 x 0.01 nS."""
    graph = bare(["A", "B"], [[0, 5], [5, 0]])
    stimulus = sims.step_current(["A"], amplitude_pA=1)
    for level, difference in (("A", 10.0), ("B", 5.0)):
        exported = export_neuroml(
            graph, tmp_path / level, level=level, stimulus=stimulus, duration_s=0.4
        )
        last = run_export(exported)[-1, 1:]
        assert last[0] - last[1] == pytest.approx(difference, abs=1e-3)


@needs_java
@pytest.mark.long
def test_a_cell_of_level_c1_follows_its_equations(tmp_path):
    """Against SciPy, from the formulas of Boyle and Cohen (2008) written down here again."""

    def gate(v, midpoint, scale):
        return 1 / (1 + np.exp(-(v - midpoint) / scale))

    gates = np.array(
        [
            (25.0, 19.9, 15.9),
            (2.25518, -8.05232, 7.42636),
            (149.963, -15.6456, -9.97468),
            (0.1, -3.4, 6.7),
            (151.0, 25.2, -5.0),
        ]
    )

    def field(t, state):
        v, (n, p, q, e, f) = state[0], state[1:]
        ionic = 0.005 * (v + 50) + (3 * n + 0.0711643917483308 * p**4 * q) * (v + 60)
        ionic += 3 * e**2 * f * (v - 40)  # uA/cm2
        area = np.pi * 5**2 * 1e-8  # cm2
        applied = 1e-6 * 2 / area  # 2 pA in uA/cm2
        target = gate(v, gates[:, 1], gates[:, 2])
        return [(applied - ionic) / 1.0, *((target - state[1:]) / gates[:, 0])]

    exported = export_neuroml(
        bare(["A"]),
        tmp_path / "out",
        level="C1",
        stimulus=sims.step_current(["A"], amplitude_pA=2),
        duration_s=0.06,
        step_ms=0.005,
    )
    times, potential = run_export(exported)[::40].T
    start = [-45.0, *gate(-45.0, gates[:, 1], gates[:, 2])]
    exact = solve_ivp(field, (0, 60), start, "LSODA", times, rtol=1e-9, atol=1e-9).y[0]
    assert np.ptp(exact) > 10
    np.testing.assert_allclose(potential, exact, atol=1e-3 * np.ptp(exact))


@pytest.mark.long
@needs_java
@pytest.mark.parametrize("level", LEVELS)
def test_jneuroml_runs_and_validates_every_level(tmp_path, level):
    """With muscles, autapses and self gap junctions; NeuroML's own cross references too."""
    graph = connectome.load("cook2019-hermaphrodite").subset(
        *("AVAL", "PLML", "DA1", "DD1", "VB1", "VD1", "RIH", "IL1DL")
    )
    few = [i for i, row in enumerate(graph.neuromuscular) if row.any()][:3]
    graph = graph.changed(
        "three muscles",
        muscles=tuple(graph.muscles[i] for i in few),
        neuromuscular=graph.neuromuscular[few],
    )
    stimulus = sims.step_current(["PLML"], amplitude_pA=5)
    exported = export_neuroml(
        graph, tmp_path / "out", level=level, stimulus=stimulus, duration_s=0.01, step_ms=0.01
    )
    assert exported.n_muscles == 3
    traces = run_export(exported)
    assert traces.shape == (1001, 1 + 8 + 3)
    assert np.isfinite(traces).all()
    if level != "graded":  # its cells are LEMS components, which NeuroML's validator cannot see
        command = [*jneuroml_command(), "-validate", exported.network.name]
        run_process(command, exported.folder, name="jNeuroML", produces=exported.network.name)
        assert "Valid against schema and all tests" in (exported.folder / "log.txt").read_text()


# What goes wrong.


@pytest.mark.parametrize("engine", ["jneuroml", "neuron"])
def test_what_neuroml_cannot_hold_is_refused(neighbors, engine):
    wave = sims.sinusoidal_current(PLM, amplitude_pA=5, frequency_Hz=4)
    moving = request_for(neighbors, wave, step_ms=0.05, threshold_rule="adiabatic")
    with pytest.raises(ValueError, match="NeuroML has fixed thresholds"):
        ENGINES.load(engine).run(moving)
    ramp = sims.ramp_current(PLM, amplitude_pA=5, onset_ms=0, duration_ms=9)
    with pytest.raises(ValueError, match="cannot represent a current of the shape Ramp"):
        ENGINES.load(engine).run(request_for(neighbors, ramp, step_ms=0.05))


def test_an_output_beyond_memory_is_refused(neighbors):
    stimulus = sims.step_current(PLM, amplitude_pA=200)
    endless = request_for(neighbors, stimulus, step_ms=0.05, n_steps=10**12)
    with pytest.raises(ValueError, match="GiB of text"):
        ENGINES.load("jneuroml").run(endless)


@pytest.mark.parametrize("engine", ["jneuroml", "neuron"])
def test_a_missing_java_is_named(neighbors, monkeypatch, engine):
    pytest.importorskip("pyneuroml")
    if engine == "neuron":
        pytest.importorskip("neuron")
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **path: None if name == "java" else which(name, **path)
    )
    stimulus = sims.step_current(PLM, amplitude_pA=200)
    with pytest.raises(SimulatorError, match="needs Java"):
        ENGINES.load(engine).run(request_for(neighbors, stimulus, step_ms=0.05))


def test_a_missing_package_is_named(neighbors, monkeypatch):
    stimulus = sims.step_current(PLM, amplitude_pA=200)
    request = request_for(neighbors, stimulus, step_ms=0.05)
    monkeypatch.setattr(processes, "find_spec", lambda name: None)
    with pytest.raises(SimulatorError, match=r"pip install \"isochron\[neuroml\]\""):
        ENGINES.load("jneuroml").run(request)
    neuron = ENGINES.load("neuron")
    monkeypatch.setattr(neuron, "find_spec", lambda name: None)
    with pytest.raises(SimulatorError, match=r"pip install \"isochron\[neuron\]\""):
        neuron.run(request)


def test_a_failure_tells_what_the_simulator_said(tmp_path):
    program = "import sys; print('the last word'); sys.exit(3)"
    with pytest.raises(SimulatorError, match=r"exit code 3(.|\n)*the last word"):
        run_process([sys.executable, "-c", program], tmp_path, name="it", produces="x")
    with pytest.raises(SimulatorError, match="exit code 0"):
        run_process([sys.executable, "-c", ""], tmp_path, name="it", produces="x")


def test_a_simulator_that_hangs_is_ended_with_its_children(tmp_path):
    program = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "open('child', 'w').write(str(child.pid)); time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(SimulatorError, match="stopped after 3 s"):
        run_process(
            [sys.executable, "-c", program], tmp_path, name="it", produces="x", time_limit_s=3
        )
    assert time.monotonic() - began < 20
    status = Path("/proc", (tmp_path / "child").read_text(), "status")
    deadline = time.monotonic() + 5
    while status.exists() and "zombie" not in status.read_text():
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.05)
