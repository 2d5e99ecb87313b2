"""The study of attention: memory curves, the end of a window, feedback, a tiny run."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge
from isochron.ann_bridge.tasks import PhaseMemory
from isochron.cli import main
from isochron.runs.cycle_surveys import survey_entrained_cycles, survey_intrinsic_cycles
from isochron.studies import read_results
from isochron.studies.attention.memory import LongTrials, half_time, memory_curve, ringing
from isochron.studies.attention.networks import with_feedback

CONFIG = """
[memory]
pairs = 1
n_trials = 3
longest_ms = 300
[training]
steps = 2
batch_size = 2
[cycles]
n_starts = 4
[[tasks]]
kind = "phase-memory"
[[substrates]]
kind = "attention"
n_units = 8
window = 61
[[substrates]]
kind = "gru"
n_units = 4
"""
SMALL: dict[str, Any] = {"n_units": 8, "window": 41, "stride": 8}


def small(**settings):
    return ann_bridge.AttentionNet(**{**SMALL, **settings})


def trials(pulse_ms=150.0):
    return LongTrials.of(PhaseMemory(), 5, pulse_ms=pulse_ms, longest_ms=300.0, seed=0)


def test_long_trials_differ_only_in_which_stimulus_is_shown():
    one, other = (inputs.numpy() for inputs in trials().inputs)
    differ = np.flatnonzero((one != other).any(axis=(1, 2)))
    assert trials().end == differ[-1] == 125 + 75 - 1  # steps of 2 ms: onset 250 ms, 150 ms long
    assert differ[0] == 125
    assert len(one) == 200 + 150
    np.testing.assert_array_equal(one[:, :, 0], other[:, :, 0])
    assert not trials().without_reference().inputs[0][:, :, 0].any()


@pytest.mark.parametrize("pulse_ms", [16.0, 150.0])
@pytest.mark.parametrize("settings", [{}, {"n_layers": 2}, {"positions": "sinusoidal"}])
def test_the_memory_ends_in_the_step_in_which_the_stimulus_leaves_the_window(pulse_ms, settings):
    """For any weights; before it the outputs differ in every step, from it on in no bit."""
    net, long = small(**settings), trials(pulse_ms)
    gap = np.ptp(long.outputs(net, seed=0), axis=0)  # (n_lags, n_trials)
    assert (gap[: net.settings.reach] > 0).all()
    assert (gap[net.settings.reach :] == 0).all()
    curve = memory_curve(long.outputs(net, seed=0), long.step_ms, 1.0)
    assert curve.last_ms == net.settings.reach * net.settings.step_ms


def test_the_memory_of_a_recurrent_network_does_not_end_in_a_step():
    """A unit that forgets 2 % in a step: the difference falls by this factor in each."""
    net = ann_bridge.FullRankRNN.from_weights(
        [[0.0]], input_weights=[[0.0, 1.0, -1.0]], output_weights=[1.0], time_constant_ms=100.0
    )
    long = trials()
    curve = memory_curve(long.outputs(net, seed=0), long.step_ms, 1.0)
    ratios = np.divide(curve.differences[1:], curve.differences[:-1])
    np.testing.assert_allclose(ratios, 0.98, rtol=1e-3)
    assert curve.last_ms is None


def test_a_memory_curve_of_planted_outputs():
    """Opposite outputs for 10 steps, half as much for 5, then the same: 1, 1/2, 0."""
    outputs = np.zeros((2, 20, 3))
    outputs[0, :10], outputs[1, :10] = 2.0, -2.0
    outputs[0, 10:15], outputs[1, 10:15] = 1.0, -1.0
    curve = memory_curve(outputs, 4.0, 2.0)
    np.testing.assert_allclose(curve.differences, [1.0] * 10 + [0.5] * 5 + [0.0] * 5)
    assert (curve.lags_ms[0], curve.last_ms, curve.last_difference) == (4.0, 60.0, 0.5)
    assert curve.half_ms == 64.0


def test_half_time_of_an_exponential_decay():
    """It is below half of its mean so far, (1 - e^-x) / x, from x = 1.26 on."""
    decay = np.exp(-np.arange(0, 10, 0.01))
    assert half_time(decay, 0.01) == pytest.approx(1.26, abs=0.02)
    assert half_time(np.ones(50), 1.0) is None


def test_ringing_is_the_variation_over_time():
    wave = np.sqrt(2) * np.sin(np.linspace(0, 20 * np.pi, 1000, endpoint=False))
    outputs = np.broadcast_to(wave[None, :, None], (2, 1000, 4))
    assert ringing(outputs, 2.0) == pytest.approx(0.5)
    assert ringing(np.ones((2, 10, 4)), 2.0) == 0


@pytest.mark.parametrize("positions", ["rotary", "sinusoidal"])
def test_the_code_of_positions_is_not_a_clock(positions):
    """Shifted inputs give shifted outputs; a constant input gives a constant. float32: 1e-5."""
    net, generator = small(n_inputs=1, positions=positions), torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 1, 1, generator=generator)
    with torch.no_grad():
        here = net(inputs, generator)[60:].numpy()
        later = net(torch.cat([inputs[:13], inputs]), generator)[73:].numpy()
        constant = net(torch.ones(200, 1, 1), generator)[60:].numpy()
    np.testing.assert_allclose(later, here, atol=1e-5)
    assert np.ptp(here) > 0.1
    assert np.ptp(constant) < 1e-5


def test_a_transformer_has_one_cycle_and_no_intrinsic_one():
    """Exactly: after one window its state is the reference, whatever it was; all multipliers 0."""
    net = small(n_layers=2)
    system = ann_bridge.TrainedMap(net, frequency_Hz=1000 / 120)
    rng = np.random.default_rng(0)
    survey = survey_entrained_cycles(system, system.initial_states(6, rng))
    assert survey.basins == (6,)
    assert survey.index_sum == 1
    np.testing.assert_array_equal(survey.cycles[0].multipliers, 0)
    free = ann_bridge.TrainedMap(net)
    found = survey_intrinsic_cycles(free, free.initial_states(6, rng))
    assert not found.found
    assert found.n_resting == 6


def relay():
    """A fed-back network of window 2 with the output -1.5 u / √((u² + 1) / 2) of its input u."""
    net = ann_bridge.AttentionNet(
        n_units=4, n_heads=2, n_inputs=1, window=2, stride=1, feedback=1.0
    )
    weights = {name: 0 * tensor for name, tensor in net.state_dict().items()}
    weights["scale"] += 1
    weights["input_weights"][:, 0] = torch.tensor([1.0, -1.0, 0.0, 0.0])
    weights["biases"][:] = torch.tensor([0.0, 0.0, 1.0, -1.0])
    weights["output_weights"][0] = -1.5
    net.load_state_dict(weights)
    return net


def test_feedback_makes_a_network_recurrent():
    """y = -1.5 u / √((u² + 1) / 2) has the 2-cycle u = ±√3.5; without feedback there is none.

    The normalization adds 1e-5 to the variance.
    """
    net = relay()
    free, without = (ann_bridge.TrainedMap(it) for it in (net, with_feedback(net, 0.0)))
    cycle = analysis.find_limit_cycle(free, free.advance([0.3, -0.2], 40), subharmonic=2)
    assert cycle.stable
    assert cycle.period == 2 * free.step_ms
    np.testing.assert_allclose(np.abs(cycle.point), np.sqrt(3.5), rtol=1e-4)
    np.testing.assert_array_equal(without.advance([0.3, -0.2], 2), 0)


@pytest.mark.slow
def test_the_survey_finds_the_cycle_of_a_network_with_feedback():
    free = ann_bridge.TrainedMap(relay())
    found = survey_intrinsic_cycles(free, free.initial_states(6, np.random.default_rng(0)))
    assert [cycle.period_ms for cycle in found.cycles] == [pytest.approx(2 * free.step_ms)]
    assert found.cycles[0].output_amplitude == pytest.approx(np.sqrt(3.5), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"n_layers": 2}, {"positions": "sinusoidal"}])
def test_a_window_longer_than_the_trial_learns_the_phase_memory(settings):
    """Chance is 0.5."""
    task = PhaseMemory()
    net = ann_bridge.AttentionNet.for_task(task, n_units=32, stride=16, **settings)
    assert net.settings.reach >= task.n_steps
    budget = ann_bridge.TrainingParameters(
        steps=400, batch_size=32, learning_rate=0.005, stop_below=0.03
    )
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=1) < 0.05


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    config, out = tmp_path / "x.toml", tmp_path / "run"
    config.write_text(CONFIG)
    command = ["study", "attention", "--config", str(config), "--out", str(out), "--workers", "1"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == "attention"
    results = read_results(out)
    transformer, control = results.networks
    assert transformer.ends_with_window
    assert transformer.largest_multiplier == 0
    assert transformer.fed_back.n_starts == 4
    assert control.reach_ms is control.fed_back is None
    assert "What this run cannot say" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[[substrates]]\nkind = 'attention'", "compares networks of the kind attention with"),
        ("[[tasks]]\nkind = 'flip-flop'", "the memory is measured in trials with a reference"),
        (
            "[[substrates]]\nkind = 'attention'\nfeedback = 1.0\n[[substrates]]\nkind = 'gru'",
            "the study trains without feedback",
        ),
        ("[cycles]\nfrequency_Hz = 1e6", "frequency_Hz must lie in"),
        ("[memory]\nlongest_ms = -1", "longest_ms must be"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "attention", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()
