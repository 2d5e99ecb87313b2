"""A resting worm is called resting, by every command and by the report."""

import json
import math

import numpy as np
import pytest

from isochron import analysis, connectome, sims
from isochron.cli import main
from isochron.runs.resting_state import (
    AT_REST,
    describe_no_cycle,
    find_resting_state,
    is_near_equilibrium,
)
from isochron.runs.results import FreeRunning
from isochron.studies.compare.descriptions import describe_worm
from isochron.studies.compare.results import WormSystem


@pytest.fixture(scope="module")
def alone():
    """One neuron without connections: V decays to E_leak + I / G with C / G = 150 ms."""
    graph = connectome.from_matrices(["AVAL"], np.zeros((1, 1)), rows="postsynaptic", name="one")
    return sims.GradedNetwork(graph)


CURRENT = sims.step_current(["AVAL"], amplitude_pA=0.3)
TAU_MS = 150.0


@pytest.mark.parametrize("widths", [0.05, 1.0, 40.0])
def test_how_long_a_neuron_takes_to_rest(alone, widths):
    """A distance of d widths takes ln(d / limit) time constants of the potential.

    The search allows for ln(2 d / limit) of the slowest time constant, that of the synapse:
    1/(a_r / 2 + a_d) with a_r and a_d of 1/1.5 and 5/1.5 per s. Its steps are 8 ms long.
    """
    rest = alone.equilibrium(CURRENT)
    width = 1 / alone.parameters.steepness
    state = rest + [widths * width, 0]
    found = find_resting_state(alone, CURRENT, state)
    assert found is not None
    np.testing.assert_allclose(found.point.point, rest, rtol=1e-9)
    allowed_ms = math.log(2 * widths / AT_REST) / (1e-3 * (0.5 / 1.5 + 5 / 1.5))
    assert 1e-3 * allowed_ms <= found.settled_s < 1e-3 * (allowed_ms + 8.1)
    assert found.settled_s > 1e-3 * TAU_MS * math.log(widths / AT_REST)
    assert found.distance_mV <= AT_REST * width
    assert is_near_equilibrium(alone, CURRENT, state) == (widths < 0.1)
    assert find_resting_state(alone, CURRENT, state, longest_s=0) is None
    assert "s after the end of the run" in found.describe()


def test_a_neuron_at_rest(alone):
    rest = alone.equilibrium(CURRENT)
    found = find_resting_state(alone, CURRENT, rest, longest_s=0)
    assert found is not None
    assert found.settled_s == 0
    assert "The model is resting: at the end of the run" in found.describe()


def test_an_unstable_equilibrium_is_no_rest():
    """The worm under 2 nA leaves it for its rhythm."""
    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    touch = sims.step_current(["PLM"], amplitude_pA=2000)
    state = worm.equilibrium(touch)
    assert is_near_equilibrium(worm, touch, state)
    assert find_resting_state(worm, touch, state) is None


def run(capsys, *arguments):
    code = main([*map(str, arguments)])
    assert code == 0
    return capsys.readouterr().out


def test_every_command_calls_it_resting(capsys, tmp_path):
    """A run that has settled, and one that still moves."""
    graph = tmp_path / "small.csv"
    connectome.write_csv(connectome.load("varshney2011").subset("PLM", "PVC", "AVB", "VB*"), graph)
    for seconds, state in ((20, "resting"), (0.005, "settling to rest")):
        out = tmp_path / f"run{seconds}.nc"
        arguments = ("--dataset", graph, "--stimulate", "PLM=10", "--duration", seconds)
        text = run(capsys, "simulate", *arguments, "--out", out)
        assert f"state at end: {state}\n" in text
        (system,) = json.loads(run(capsys, "cycles", out, "--json"))
        assert system["resting"]
        assert "The model is resting" in system["notes"][0]
        assert "max_period" not in system["notes"][0]
        (system,) = json.loads(run(capsys, "tongue", out, "--amplitudes", 1, "--json"))
        assert "The model is resting" in system["notes"][0]


@pytest.mark.parametrize("max_period_s", [0.5, 20.0])
def test_no_cycle_and_no_rest_state_what_to_do(max_period_s):
    """In the units and options of the command, not in those of the search."""
    missed = analysis.LimitCycle(found=False, message="Raise max_period above it.", tolerance=0.1)
    (note,) = describe_no_cycle(missed, None, max_period_s=max_period_s)
    assert f"period of up to {max_period_s:g} s was found" in note
    assert "isochron simulate --duration" in note
    assert "(--max-period, in s)" in note
    assert note.endswith("in ms: Raise max_period above it.")
    assert describe_no_cycle(None, None, max_period_s=max_period_s) == []


def test_changing_currents_have_no_state_at_the_end(capsys, tmp_path):
    table = tmp_path / "currents.csv"
    table.write_text("time_ms,AVAL\n0,0\n500,9\n")
    arguments = ("simulate", "--duration", 0.1, "--stimulus", table, "--json")
    assert json.loads(run(capsys, *arguments))["state_at_end"] is None


def test_the_report_calls_it_resting():
    worm = WormSystem(
        name="worm",
        n_units=279,
        dataset="varshney2011",
        seed=0,
        fixed_points=(),
        locking=None,
        dimensionality=None,
        free_running=FreeRunning(oscillates=False, amplitude=0.0, frequency_Hz=None),
        resting=True,
        notes=("The model is resting: at the end of the run ...",),
    )
    assert describe_worm(worm) == (
        "The worm does not have a limit cycle. The model is resting: at the end of the run ..."
    )
