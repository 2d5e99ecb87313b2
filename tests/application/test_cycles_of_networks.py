"""isochron cycles and tongue on networks of tasks with and without a reference."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge
from isochron.ann_bridge import tasks
from isochron.cli import main
from isochron.runs.saved_network import SavedNet, TrainingSummary
from isochron.workflows import network_cycles as net_rhythms
from isochron.workflows.cycle_rows import circle_row
from tests.ann_bridge.test_starts import four_memories


def cycles(capsys, *arguments, command="cycles", code=0):
    found = main([command, *map(str, arguments)])
    captured = capsys.readouterr()
    assert found == code, captured.err
    return captured.out if code == 0 else captured.err


def rows_of(capsys, *arguments):
    (system,) = json.loads(cycles(capsys, *arguments, "--json"))
    return system["rhythms"], system


def turning_net(turn=0.6, gain=2.0, n_units=64):
    """Rank 2 whose κ turns around the origin: an invariant circle of the map without inputs."""
    net = four_memories(n_units)
    turned = gain * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    with torch.no_grad():
        net.n.copy_(net.m @ torch.tensor(turned, dtype=net.m.dtype))
    return net


def one_relu_unit():
    """x' = x + a (2 relu(x) - x - 1 + 0.2 u): affine on either side of 0, fixed at -1 and 1."""
    return ann_bridge.FullRankRNN.from_weights(
        [[2.0]], input_weights=[[0.2]], output_weights=[1.0], biases=[-1.0], activation="relu",
        noise_std=0.0, initial_std=2.0,
    )  # fmt: skip


EVERY_TASK = {
    "PhaseMemory": tasks.PhaseMemory(),
    "DelayedMatchToSample": tasks.DelayedMatchToSample(),
    "DelayedComparison": tasks.DelayedComparison(),
    "ParametricWorkingMemory": tasks.ParametricWorkingMemory(),
    "Sternberg": tasks.Sternberg(),
    "FlipFlop": tasks.FlipFlop(),
    "ReadySetGo": tasks.ReadySetGo(),
}


@pytest.mark.parametrize("name", EVERY_TASK)
def test_only_the_task_with_a_reference_is_forced(capsys, tmp_path, name):
    task = EVERY_TASK[name]
    net = ann_bridge.GRUNet(n_units=6, n_inputs=task.n_inputs, n_outputs=task.n_outputs)
    ann_bridge.save_net(net, tmp_path / "net", task=task, loss=0.99 * task.chance)
    rows, system = rows_of(capsys, tmp_path / "net", "--starts", 4)
    forced = {row["condition"].startswith("reference 8.4") for row in rows}
    assert (True in forced) == (name == "PhaseMemory")
    assert system["training"]["task"] == name
    assert system["training"]["learned"] == "no"
    assert any(note.startswith("Not learned: loss") for note in system["notes"])


@pytest.mark.parametrize(
    "net",
    [
        ann_bridge.LowRankRNN(n_units=12, n_inputs=2),
        ann_bridge.LSTMNet(n_units=4, n_inputs=2),
        ann_bridge.CoupledOscillatorNet(n_units=4, n_inputs=2),
        ann_bridge.ClosedFormNet(
            ann_bridge.full_connectivity(4, 2, rng=np.random.default_rng(0)), n_inputs=2
        ),
        ann_bridge.LiquidNet(
            ann_bridge.full_connectivity(4, 2, rng=np.random.default_rng(0)), n_inputs=2
        ),
    ],
    ids=lambda net: net.kind,
)
@pytest.mark.parametrize("options", [(), ("--frequency", 20)])
def test_networks_without_a_task_with_and_without_forcing(capsys, tmp_path, net, options):
    ann_bridge.save_net(net, tmp_path / "net")
    rows, system = rows_of(capsys, tmp_path / "net", "--starts", 2, *options)
    conditions = {row["condition"] for row in rows}
    if options:
        assert "reference 20 Hz, amplitude 1" in conditions
    else:
        assert conditions == {"no reference"}
        assert any("names no task" in note for note in system["notes"])
    assert all(row["residual"] < 1e-8 for row in rows if row["residual"] is not None)


def test_all_resting_states_of_a_network_without_a_reference(capsys, tmp_path):
    """Rank 2 with two bistable coordinates: 4 stable fixed points, 4 saddles and the origin."""
    ann_bridge.save_net(four_memories(), tmp_path / "net", task=tasks.FlipFlop(n_bits=1))
    rows, _ = rows_of(capsys, tmp_path / "net", "--starts", 24)
    assert {row["kind"] for row in rows} == {"fixed point"}
    assert sum(row["stable"] for row in rows) == 4
    assert any(not row["stable"] for row in rows)
    text = cycles(capsys, tmp_path / "net", "--starts", 24)
    assert "trained on FlipFlop, chance 1" in text


def test_mirror_images_of_the_fixed_points_of_an_odd_network_are_listed():
    """One start each near κ₁, κ₂ and the origin: also -κ₁ and -κ₂, but not the origin twice."""
    system = SavedNet(Path("net"), net := four_memories(), net, None, TrainingSummary()).map_under(
        None
    )
    first, second = (2 * column for column in net.m.detach().double().numpy().T)
    found = net_rhythms.find_mirrored_fixed_points(system, [first, second, 0 * first])
    assert [how for _, how in found].count("mirror image") == 2
    assert [point.stable for point, _ in found] == [True] * 4 + [False]
    for point, _ in found:
        assert any(np.allclose(point.point, -image.point, atol=1e-9) for image, _ in found)
    biased = ann_bridge.FullRankRNN.from_weights(
        [[2.0]], input_weights=[[0.2]], output_weights=[1.0], biases=[0.01]
    )
    system = SavedNet(Path("net"), biased, biased, None, TrainingSummary()).map_under(None)
    (only,) = net_rhythms.find_mirrored_fixed_points(system, [np.array([2.0])])
    assert only[1] == "Newton's method"


def test_the_number_of_fixed_points_is_a_lower_bound(capsys, tmp_path):
    """9 of them: 4 memories and the origin, whose index is 1 as that of each, and 4 saddles."""
    ann_bridge.save_net(four_memories(), tmp_path / "net", task=tasks.FlipFlop(n_bits=1))
    rows, system = rows_of(capsys, tmp_path / "net", "--starts", 24)
    (note,) = (note for note in system["notes"] if "lower bound" in note)
    assert note.startswith(f"{len(rows)} fixed points found: a lower bound. Their indices add up")
    assert ("have the sum 1: at least" in note) == (len(rows) < 9)
    ann_bridge.save_net(one_relu_unit(), tmp_path / "net")
    _, system = rows_of(capsys, tmp_path / "net", "--starts", 4)
    assert "2 fixed points found: a lower bound." in system["notes"]


def test_an_oscillation_without_a_reference_is_an_invariant_circle(capsys, tmp_path):
    net = turning_net()
    ann_bridge.save_net(net, tmp_path / "net")
    rows, _ = rows_of(capsys, tmp_path / "net", "--starts", 4)
    (circle,) = (row for row in rows if row["kind"] == "invariant circle")
    assert circle["how_found"].startswith("4 of 4 starts")
    # Independent: turns of the angle of κ in the full network.
    system = ann_bridge.TrainedMap(net)
    kappa = system.orbit(system.advance(net.m[:, 0].detach().numpy(), 2000), 20_000)
    kappa = kappa @ net.m.detach().double().numpy() / 64
    angle = np.unwrap(np.arctan2(kappa[:, 1], kappa[:, 0]))
    steps = 2 * np.pi * 20_000 / abs(angle[-1] - angle[0])
    # The ends of the run are off by less than a turn in 20,000 steps.
    assert circle["period_ms"] == pytest.approx(4.0 * steps, rel=1e-3)


def test_no_sum_is_asked_of_a_relu_network_and_diverging_starts_are_counted(capsys, tmp_path):
    ann_bridge.save_net(one_relu_unit(), tmp_path / "net")
    rows, system = rows_of(capsys, tmp_path / "net", "--frequency", 8.4, "--starts", 32)
    found = [row["stable"] for row in rows if row["kind"] == "limit cycle"]
    assert sorted(found) == [False, True]
    notes = " ".join(system["notes"])
    assert "starts left all bounds" in notes
    assert "sum 1" not in notes
    rows, system = rows_of(capsys, tmp_path / "net", "--starts", 32)
    assert [row["stable"] for row in rows] == [True, False]
    assert "starts left all bounds" in " ".join(system["notes"])


@pytest.mark.parametrize(("frequency", "periods"), [(8.0, 1), (8.4, 2), (41.3, 9)])
def test_multipliers_belong_to_the_printed_period(capsys, tmp_path, frequency, periods):
    """Without recurrence they are (1 - a) to the number of steps in a period of the reference."""
    net = ann_bridge.LowRankRNN(n_units=8)
    with torch.no_grad():
        net.m.zero_()
    ann_bridge.save_net(net, tmp_path / "net", task=tasks.PhaseMemory())
    rows, _ = rows_of(capsys, tmp_path / "net", "--frequency", frequency, "--starts", 2)
    (cycle,) = (row for row in rows if row["kind"] == "limit cycle")
    assert cycle["map_periods"] == periods
    assert cycle["multiplier_periods"] == 1
    steps = cycle["period_ms"] / 2.0
    leading = abs(complex(*cycle["multipliers"][0]))
    assert leading == pytest.approx(0.9**steps, rel=1e-6)
    assert cycle["largest_nontrivial_multiplier"] == pytest.approx(leading)


def test_an_amplitude_of_0_means_no_forcing(capsys, tmp_path):
    ann_bridge.save_net(four_memories(), tmp_path / "net", task=tasks.PhaseMemory())
    rows, _ = rows_of(capsys, tmp_path / "net", "--amplitude", 0, "--starts", 8)
    assert {row["condition"] for row in rows} == {"no reference"}
    assert {row["kind"] for row in rows} == {"fixed point"}


@pytest.mark.parametrize("command", ["cycles", "tongue"])
def test_a_stimulus_is_not_forced_unless_it_is_named(capsys, tmp_path, command):
    task = tasks.DelayedMatchToSample()
    net = ann_bridge.LowRankRNN(n_units=8, n_inputs=task.n_inputs)
    ann_bridge.save_net(net, tmp_path / "net", task=task)
    options = ("--amplitudes", 1, "--span", 0.1) if command == "tongue" else ("--amplitude", 1)
    asked = (tmp_path / "net", *options, "--frequency", 8, "--starts", 2)
    error = cycles(capsys, *asked, command=command, code=2)
    assert "DelayedMatchToSample, whose inputs are not a reference" in error
    assert "--input 0 to 1" in error
    (system,) = json.loads(cycles(capsys, *asked, "--input", 1, "--json", command=command))
    assert system["rhythms" if command == "cycles" else "cycles"]
    said = "DelayedMatchToSample does not have a reference input: input 1 is forced at 8 Hz"
    assert any(note.startswith(said) for note in system["notes"])
    assert "Assumed" not in " ".join(system["notes"])
    error = cycles(capsys, *asked, "--input", 7, command=command, code=2)
    assert "inputs 0 to 1; got the reference on input 7" in error


def test_the_input_that_a_tongue_forces_is_printed(capsys, tmp_path):
    net = ann_bridge.LowRankRNN(n_units=8, n_inputs=2, step_ms=50.0, time_constant_ms=200.0)
    ann_bridge.save_net(net, tmp_path / "net", task="Own()")
    asked = (tmp_path / "net", "--amplitudes", 1, "--starts", 2, "--input", 1, "--span", 0.1)
    text = " ".join(cycles(capsys, *asked, command="tongue").split())
    assert "forced: input 1, from 5 Hz" in text  # four steps a period
    assert (
        "Own does not have a reference input: input 1 is forced at 5 Hz, as the network was not"
        in text
    )
    assert "Assumed: the frequency is 5 Hz (--frequency" in text


@pytest.mark.parametrize("n_inputs", [1, 3])
@pytest.mark.parametrize(
    ("options", "assumed"),
    [
        ((), ("input 0 is forced", "the frequency is 8.4 Hz")),
        (("--frequency", 8), ("input 0 is forced",)),
        (("--input", 0), ("the frequency is 8.4 Hz",)),
        (("--frequency", 8, "--input", 0), ()),
    ],
)
def test_what_is_assumed_of_a_reference_is_reported(capsys, tmp_path, n_inputs, options, assumed):
    net = ann_bridge.LowRankRNN(n_units=8, n_inputs=n_inputs)
    ann_bridge.save_net(net, tmp_path / "net")
    common = ("--starts", 2, "--json", *options)
    for command, strength in (("tongue", "--amplitudes"), ("cycles", "--amplitude")):
        (system,) = json.loads(
            cycles(capsys, tmp_path / "net", strength, 1, *common, command=command)
        )
        notes = " ".join(system["notes"])
        assert ("The file records no task. Assumed:" in notes) == bool(assumed)
        for part in ("input 0 is forced", "the frequency is 8.4 Hz"):
            assert (part in notes) == (part in assumed)
        assert ("--input 0 to 2" in notes) == (n_inputs == 3 and "input 0 is forced" in assumed)


@pytest.mark.parametrize("command", ["cycles", "tongue"])
@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0])
def test_a_network_that_rests_without_its_reference_is_called_so(capsys, tmp_path, gain, command):
    """The origin is stable for gain < 1; for gain = 2 it is a source, and the network turns."""
    ann_bridge.save_net(turning_net(gain=gain), tmp_path / "net", task=tasks.PhaseMemory())
    options = ("--amplitudes", 1, "--span", 0.05) if command == "tongue" else ()
    asked = (tmp_path / "net", "--starts", 4, "--json", *options)
    (system,) = json.loads(cycles(capsys, *asked, command=command))
    notes = " ".join(system["notes"])
    rests = "4 of 4 starts converge to rest: no intrinsic rhythm was found"
    assert (rests in notes) == (gain < 1)
    assert ("0 of 4 starts converge to rest; 4 continue to move." in notes) == (gain > 1)
    assert "Assumed" not in notes


@pytest.mark.parametrize("tolerance", [1e-8, 1e-16])
@pytest.mark.parametrize(("turn", "gain"), [(0.25, 1.2), (0.5, 1.3)])
def test_a_circle_that_is_known_roughly_has_a_remark(
    capsys, tmp_path, monkeypatch, turn, gain, tolerance
):
    """A row is within the tolerance, or reports how far the orbit is off the circle."""
    monkeypatch.setattr(net_rhythms, "CIRCLE_TOLERANCE", tolerance)
    ann_bridge.save_net(turning_net(turn, gain), tmp_path / "net")
    rows, _ = rows_of(capsys, tmp_path / "net", "--starts", 1)
    (circle,) = (row for row in rows if row["kind"] == "invariant circle")
    assert (circle["residual"] > tolerance) == (tolerance == 1e-16)
    assert ("approximate: the orbit is off" in circle["how_found"]) == (tolerance == 1e-16)


@pytest.mark.parametrize(("turns", "caveat"), [(1 / 301, True), ((5**0.5 - 1) / 200, False)])
def test_a_rotation_number_near_a_fraction_is_stated(turns, caveat):
    """A circle whose motion may be a cycle of 301 steps is not stated to be quasi-periodic."""
    circle = analysis.InvariantCircle(
        rotation=analysis.RotationNumber(value=turns, uncertainty=1e-9),
        coefficients=np.eye(3, 2, dtype=complex), residual=1e-10,
    )  # fmt: skip
    row = circle_row(circle, 2.0, "no reference", "4 of 4 starts")
    assert ("1/301 within its error of 1e-09: a cycle of 301 steps" in row.how_found) == caveat
    assert row.rotation_number == turns


def test_what_has_no_fitted_circle_may_be_a_long_cycle(capsys, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise ArithmeticError("The orbit closes after 301 returns: it is locked.")

    monkeypatch.setattr(analysis, "find_invariant_circle", refuse)
    ann_bridge.save_net(turning_net(), tmp_path / "net")
    rows, _ = rows_of(capsys, tmp_path / "net", "--starts", 2)
    (row,) = (row for row in rows if "locked" in row["how_found"])
    assert row["kind"] == "quasi-periodic or a long cycle"
    assert row["stable"]


@pytest.mark.parametrize("number", [-1, 1, 9])
def test_a_single_input_is_named(capsys, tmp_path, number):
    ann_bridge.save_net(ann_bridge.LowRankRNN(n_units=8, n_inputs=1), tmp_path / "net")
    error = cycles(capsys, tmp_path / "net", "--input", number, code=2)
    assert error.endswith(f"a single input, 0; got the reference on input {number}.\n")


def test_the_frequency_that_is_analyzed_is_said(capsys, tmp_path):
    ann_bridge.save_net(
        ann_bridge.LowRankRNN(n_units=8), tmp_path / "net", task=tasks.PhaseMemory(frequency_Hz=3)
    )
    _, system = rows_of(capsys, tmp_path / "net", "--starts", 2)
    assert any("Analyzed at 3.003 Hz instead of 3 Hz" in note for note in system["notes"])


def test_what_a_file_records_of_its_task(tmp_path):
    net = ann_bridge.LowRankRNN(n_units=4)
    slow = tasks.PhaseMemory(reference=tasks.SyntheticTheta(frequency_Hz=6.0, amplitude=0.5))
    ann_bridge.save_net(net, tmp_path / "a", task=slow)
    assert SavedNet.load(tmp_path / "a").reference == tasks.ReferenceInput(0, 6.0, 0.5)
    # Files of older versions record the text of the task only.
    older = str(tasks.PhaseMemory(frequency_Hz=5.5, amplitude=2.0))
    ann_bridge.save_net(net, tmp_path / "b", task=older, loss=0.01)
    saved = SavedNet.load(tmp_path / "b")
    assert saved.reference == tasks.ReferenceInput(0, 5.5, 2.0)
    assert saved.training.learned == "yes"
    ann_bridge.save_net(net, tmp_path / "c", task=str(tasks.FlipFlop()), loss=0.3, chance=1.0)
    saved = SavedNet.load(tmp_path / "c")
    assert (saved.task, saved.reference) == ("FlipFlop", None)
    assert saved.training.learned == "in part"


class OwnTask:
    """A task of a user, without a declared reference."""

    n_inputs, n_outputs, n_steps, step_ms, chance = 2, 1, 10, 2.0, 0.25


@pytest.mark.parametrize("source", ["user", "NeuroGym"])
def test_tasks_from_outside_have_no_reference(capsys, tmp_path, source):
    if source == "NeuroGym":
        pytest.importorskip("neurogym")
        task = tasks.NeuroGymTask(name="PerceptualDecisionMaking-v0")
    else:
        task = OwnTask()
    net = ann_bridge.FullRankRNN(
        n_units=6, n_inputs=task.n_inputs, n_outputs=task.n_outputs, step_ms=task.step_ms,
        time_constant_ms=100.0,
    )  # fmt: skip
    ann_bridge.save_net(net, tmp_path / "net", task=task, loss=0.2 * task.chance)
    rows, system = rows_of(capsys, tmp_path / "net", "--starts", 4)
    assert {row["condition"] for row in rows} == {"no reference"}
    assert system["training"]["chance"] == pytest.approx(task.chance)
    assert system["notes"][0].startswith("Learned in part")


def test_a_recorded_reference_declares_its_frequency():
    time = np.arange(4000) / 1000
    recorded = tasks.prepare_recording(np.sin(2 * np.pi * 7.5 * time), sampling_Hz=1000)
    task = tasks.PhaseMemory(reference=recorded)
    assert task.reference_input is not None
    assert task.reference_input.frequency_Hz == pytest.approx(7.5, rel=1e-3)
    assert task.reference_input.amplitude == 1.0
