"""The study of features: planted states, ellipses, ablation, animals, classes, a tiny run."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.analysis import features
from isochron.ann_bridge.tasks import PhaseMemory
from isochron.cli import main
from isochron.files import DataFileError
from isochron.studies import STUDIES, read_results
from isochron.studies.features.ablation import ablate, summarize
from isochron.studies.features.animals import HALVES, animal_samples, classes_of, open_animals
from isochron.studies.features.claims import answer, groups
from isochron.studies.features.classes import with_classes
from isochron.studies.features.configuration import (
    AnimalsSection,
    FeaturesConfig,
    FeaturesSection,
)
from isochron.studies.features.contrasts import contrasts
from isochron.studies.features.measure import N_BINS, measure, monosemantic
from isochron.studies.features.results import (
    AUTOENCODER,
    DICTIONARIES,
    KINDS,
    TRAINED,
    UNTRAINED,
    DictionaryRow,
    SystemRow,
)
from isochron.studies.features.samples import Samples, planar_phases
from isochron.studies.features.trials import NetTrials
from tests.application.test_compare_animals import write_recording

CONFIG = """
[features]
expansion = 2
seeds = 2
steps = 5
ellipses = 2
n_surrogates = 9
[networks]
pairs = 1
n_trials = 6
[training]
steps = 2
batch_size = 2
[worm]
worms = 4
simulated_s = 4.0
[[tasks]]
kind = "phase-memory"
[[substrates]]
kind = "full-rank"
n_units = 8
"""
FEW = FeaturesSection(seeds=2, steps=80, ellipses=2, n_surrogates=39)


def quiet(fraction, text):
    pass


def turning(n_trials=20, n_times=40, seed=0):
    """Phases and trials of a rotation that starts anywhere."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(0, 2 * np.pi, (n_trials, 1))
    phases = (first + 2 * np.pi / 13.7 * np.arange(n_times)).ravel()
    return phases, np.repeat(np.arange(n_trials), n_times), rng


def samples_of(states, phases, trials, conditions=None):
    return Samples(
        states=states, phases=phases, trials=trials,
        conditions=np.zeros_like(trials) if conditions is None else conditions,
        held_out=trials >= trials.max() / 2, derived=False,
    )  # fmt: skip


def bumps(phases, rng):
    """Eight units, each active in an eighth of the cycle: more than an ellipse."""
    centers = 2 * np.pi * np.arange(8) / 8
    states = np.exp(8 * (np.cos(phases[:, None] - centers) - 1))
    return states + 0.02 * rng.standard_normal(states.shape)


def test_sparse_states_tell_more_about_the_phase_than_their_ellipse():
    phases, trials, rng = turning()
    found = measure(FEW, samples_of(bumps(phases, rng), phases, trials), 0, quiet).fields
    mine = found["dictionaries"][0]
    assert mine.phase_bits > 2 * max(found["ellipses"])
    assert found["p_value"] == pytest.approx(1 / 3)  # of 2 ellipses
    assert mine.stimulus_bits is None


def test_an_ellipse_does_not_tell_more_than_ellipses():
    """Autoencoders of the same ellipse differ by up to 30 %; features tile the loop in all."""
    phases, trials, rng = turning()
    circle = np.c_[np.cos(phases), np.sin(phases)] @ rng.standard_normal((2, 8))
    states = circle + 0.3 * rng.standard_normal(circle.shape)
    found = measure(FEW, samples_of(states, phases, trials), 0, quiet).fields
    bits, null = found["dictionaries"][0].phase_bits, found["ellipses"]
    assert 0.7 * min(null) < bits < 1.3 * max(null)
    assert bits > 0.1


def test_features_of_stimulus_and_of_phase_are_told_apart():
    """Bumps along the phase, and one unit that is on after stimulus 1."""
    phases, trials, rng = turning()
    kinds = rng.permutation(trials.max() + 1)[trials] % 2
    states = np.c_[bumps(phases, rng), 2 * kinds + 0.02 * rng.standard_normal(len(kinds))]
    found = measure(FEW, samples_of(states, phases, trials, kinds), 0, quiet)
    by_stimulus = max(found.rows, key=lambda row: row.stimulus_bits or 0)
    by_phase = max(found.rows, key=lambda row: row.phase_bits)
    assert by_stimulus.tells_stimulus
    assert by_stimulus.stimulus_bits is not None
    assert by_stimulus.stimulus_bits > 0.5  # of 1
    assert by_phase.tells_phase
    direction = found.autoencoder.directions[found.live][found.rows.index(by_stimulus)]
    assert np.abs(direction).argmax() == 8
    off, on = np.reshape(by_stimulus.tuning, (2, N_BINS)).mean(axis=1)
    assert on > 5 * off


def test_a_feature_is_monosemantic_if_its_information_is_about_one_thing():
    phase = np.array([0.5, 0.5, 0.001, -0.01, 0.019])
    stimulus = np.array([0.01, 0.4, 0.3, 0.3, 0.0])
    assert monosemantic(phase, stimulus) == {"phase_alone": 0.2, "stimulus_alone": 0.4}
    assert monosemantic(phase, None) == {"phase_alone": None, "stimulus_alone": None}
    assert monosemantic(phase / 100, stimulus / 100) == {"phase_alone": 0, "stimulus_alone": 0}


def test_planar_phases_are_the_angle_up_to_a_constant():
    phases, trials, rng = turning(n_trials=3, n_times=137 * 2)
    plane = np.c_[np.cos(-phases), np.sin(-phases)]  # backwards
    found = planar_phases(plane @ rng.standard_normal((2, 5)), trials)
    for trial in range(3):
        mine = trials == trial
        rotation = np.exp(1j * (found[mine] - phases[mine]))
        assert abs(rotation.mean()) > 0.95  # of an ellipse, made even
        assert np.bincount((found[mine] * 8 / (2 * np.pi)).astype(int)).min() > 30


def test_an_ellipse_of_derived_phases_has_derived_phases():
    phases, trials, rng = turning(n_times=100)
    samples = Samples.with_planar_phases(bumps(phases, rng), trials, trials >= 10)
    null = samples.ellipse(np.random.default_rng(0))
    np.testing.assert_array_equal(null.phases, planar_phases(null.states, trials))
    assert not np.array_equal(null.phases, samples.phases)
    assert null.states.shape == samples.states.shape


@pytest.fixture(scope="module")
def trials():
    net = ann_bridge.FullRankRNN.for_task(
        PhaseMemory(), n_units=12, noise_std=0.0, generator=torch.Generator().manual_seed(1)
    )
    return net, NetTrials.of(net, PhaseMemory(), 8, every_ms=20.0, seed=3)


def test_states_of_trials_are_those_of_the_network(trials):
    """Outputs of the states are those of the network, to the precision of its weights."""
    net, found = trials
    generator = torch.Generator().manual_seed(3)
    drawn = PhaseMemory().sample(8, generator)
    with torch.no_grad():
        outputs = net(drawn.inputs, generator).numpy()
    mine = found.system.outputs(found.states)
    np.testing.assert_allclose(mine.T, outputs[found.times], atol=1e-4)
    np.testing.assert_array_equal(found.targets.T, drawn.targets.numpy()[found.times])
    assert (drawn.mask.numpy()[found.times] == 1).all()


def test_phases_of_trials_are_those_of_their_targets(trials):
    """The target is sin(phase + 2 pi offset); the analytic signal is off by less than 0.2."""
    _, found = trials
    offsets = 2 * np.pi * np.array(PhaseMemory().offsets)[found.stimuli]
    np.testing.assert_allclose(np.sin(found.phases + offsets[:, None]), found.targets, atol=0.2)
    samples = found.samples()
    assert samples.several
    assert samples.held_out.sum() == samples.held_out.size // 2
    assert found.times[-1] + found.period < PhaseMemory().n_steps


def test_removal_moves_the_output_as_the_label_says(trials):
    """States are the target along a unit that is read: removal brings the output to 0."""
    _, found = trials
    readout = np.r_[1.0, np.zeros(3)]
    states = np.zeros((*found.targets.shape, 4))
    states[..., 0] = found.targets
    system: Any = SimpleNamespace(outputs=lambda x: x @ readout, respond=lambda x, inputs: 0.5 * x)
    planted = NetTrials(
        system=system, inputs=found.inputs, times=found.times, states=states,
        phases=found.phases, targets=found.targets, stimuli=found.stimuli, period=found.period,
    )  # fmt: skip
    axes = np.array([readout, -readout, np.eye(4)[1], np.eye(4)[2]])
    dictionary = features.Dictionary(
        mean=np.zeros(4), scale=1.0, encoder=axes, offsets=np.r_[0, 0, 1e-3, 2e-3],
        directions=axes, n_active=4, signed=False,
    )  # fmt: skip
    ablation = ablate(planted, dictionary)
    assert ablation.labels[0] > 0.5
    assert ablation.labels[1] < -0.5
    assert ablation.effects[0] < -0.5
    assert ablation.effects[1] > 0.5
    np.testing.assert_allclose(ablation.effects[2:], 0)  # what is not read
    assert ablation.agreement() == pytest.approx(1, abs=0.02)
    assert ablation.later_share == pytest.approx(0.5)
    row = summarize(ablation, ablation, np.random.default_rng(0))
    assert row.p_value is not None
    assert row.p_value < 0.2  # the smallest of 4 labels: 2 / 4! orders are as good
    assert row.n_features == 4


def test_a_planted_class_of_neurons_is_found():
    rng = np.random.default_rng(0)
    classes = ["A"] * 5 + ["B"] * 5 + ["C"] * 30
    directions = rng.standard_normal((3, 40))
    directions[0] = 0
    directions[0, 5:10] = 1  # all of B
    found: Any = SimpleNamespace(
        autoencoder=SimpleNamespace(directions=directions), live=np.ones(3, dtype=bool),
        rows=measured_rows(3),
    )  # fmt: skip
    rows, null = with_classes(found, classes, 99, np.random.default_rng(1))
    assert rows[0].neuron_class == "B"
    assert rows[0].class_share == pytest.approx(1 - 5 / 40)
    assert rows[0].class_p == pytest.approx(0.03)
    assert rows[1].class_p is not None
    assert rows[1].class_p > 0.05
    assert 0.05 < null < 0.4


def test_neurons_of_recordings_have_their_classes():
    assert classes_of(["AVAL", "AVAR", "?3", "?7"]) == ["AVA", "AVA", "?3", "?7"]


def measured_rows(count):
    phases, trials, rng = turning(n_trials=8)
    section = FeaturesSection(seeds=2, steps=2, ellipses=1, n_surrogates=3)
    rows = measure(section, samples_of(bumps(phases, rng), phases, trials), 0, quiet).rows
    return rows[:count]


def lags(*names):
    return {name: 0.7 * k for k, name in enumerate(names)}


def test_the_same_neurons_of_all_animals_and_one_is_held_out(tmp_path):
    names = ("AVAL", "AVBL", "RIML", "SMDVL")
    files = [
        write_recording(tmp_path / "a.json", lags(*names, "VB2"), seed=1),
        write_recording(tmp_path / "b.json", lags(*names[::-1], "AIBL"), seed=2),
    ]
    config = FeaturesConfig(animals=AnimalsSection(recordings=tuple(files)))
    one, two = (it.activity for it in open_animals(config))
    assert one.shape == two.shape == (600, 4)
    alone = open_animals(FeaturesConfig(animals=AnimalsSection(recordings=(files[1],))))[0].activity
    np.testing.assert_array_equal(two, alone[:, [3, 2, 1, 0]])  # by name
    samples = animal_samples([one, two], 0)
    np.testing.assert_array_equal(samples.states[samples.held_out], one)
    np.testing.assert_array_equal(samples.training, two)
    halves = animal_samples([one], 0)
    np.testing.assert_array_equal(halves.states[halves.held_out], one[300:])


def test_animals_without_neurons_in_common_are_an_error(tmp_path):
    files = (
        write_recording(tmp_path / "a.json", lags("AVAL", "AVBL", "RIML")),
        write_recording(tmp_path / "b.json", lags("AVAL", "AVBL", "AIBL")),
    )
    config = FeaturesConfig(animals=AnimalsSection(recordings=files))
    with pytest.raises(DataFileError, match="2 neurons identified in all 2 recordings; at least 3"):
        open_animals(config)


def planted(kind, pair, bits, ellipse=0.1):
    rows = tuple(
        DictionaryRow(
            kind=it, n_features=8, n_active=2, n_live=8, explained=0.9,
            phase_bits=bits if it == AUTOENCODER else 0.1 + 0.001 * pair, phase_share=0.5,
            stimulus_bits=0.1, phase_alone=0.25, stimulus_alone=0.5,
        )
        for it in DICTIONARIES
    )  # fmt: skip
    return SystemRow(
        name=f"{kind} {pair}", kind=kind, substrate="a", task="b", pair=pair, n_units=8,
        n_dimensions=4, n_states=100, n_trials=10, dictionaries=rows, ellipses=(ellipse, ellipse),
        p_value=0.3, ellipse_explained=0.9, ellipse_phase_alone=0.1, ellipse_stimulus_alone=0.2,
        stable_share=0.5, ellipse_stable_share=0.5, random_stable_share=0.0, features=(),
    )  # fmt: skip


def test_a_planted_difference_from_ellipses_is_found():
    """Ten pairs, all above their ellipses by 0.2 bits, and not different from before training."""
    rng = np.random.default_rng(0)
    systems = []
    for pair in range(10):
        bits = 0.3 + 0.01 * rng.random()
        systems += [planted(TRAINED, pair, bits), planted(UNTRAINED, pair, bits)]
    found = {row.what: row for row in contrasts(systems)}
    ellipse = found["autoencoder - noisy ellipse"]
    assert ellipse.estimate == pytest.approx(0.2, abs=0.01)
    assert ellipse.p_value == pytest.approx(2 / 2**10)  # exact, all 10 of one sign
    assert ellipse.p_adjusted == pytest.approx(5 * 2 / 2**10)  # the smallest of 5 in Holm
    assert found["autoencoder - before training"].p_adjusted == 1
    assert contrasts([]) == ()


def test_substrates_and_tasks_have_a_line_each():
    rows = [planted(TRAINED, 0, 0.3), planted(TRAINED, 1, 0.05)]
    rows += [replace(planted(TRAINED, 0, 0.3), substrate="c")]
    lines = groups(rows)
    assert len(lines) == 2
    assert lines[0].startswith("a, b: 0.175 bits about the phase")
    assert "(above all of them in 1 of 2 networks)" in lines[0]
    assert "phase 25%, stimulus 50%; on noisy ellipses 10% and 20%" in lines[1]
    assert lines[1].endswith("removal does not vary.")  # nothing was removed
    assert groups(rows[:2]) == []


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    recording = write_recording(tmp_path / "a.json", lags("AVAL", "AVBL", "RIML", "SMDVL"))
    config = tmp_path / "x.toml"
    config.write_text(f"{CONFIG}[animals]\nrecordings = ['a.json']\n")
    runs = [tmp_path / "one", tmp_path / "two"]
    for out in runs:
        command = ["study", "features", "--config", str(config), "--out", str(out)]
        assert main([*command, "--workers", "1", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["experiment"] == "features"
    one, two = (read_results(out) for out in runs)
    assert one.systems == two.systems  # bit-identical
    assert [row.kind for row in one.systems] == list(KINDS)
    assert one.systems[0].ablation is not None
    assert one.systems[2].class_share is not None
    assert one.systems[3].class_share is not None
    assert one.systems[3].remark == HALVES
    assert one.provenance is not None
    assert recording.endswith(one.systems[3].name)
    assert all(it.tuning and it.stability <= 1 for row in one.systems for it in row.features)
    assert "bits of information about the phase" in answer(one)[0]
    page = (runs[0] / "report.html").read_text()
    assert "What this run cannot say" in page
    assert page.count("data:image/svg+xml") == 2


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[features]\nseeds = 1", "seeds must lie between 2 and 100"),
        ("[features]\nactive_share = 1.5", "active_share must be above 0 and at most 1, got 1.5"),
        ("[features]\nexpansion = 0", "expansion must lie between 1 and 1000"),
        ("[worm]\nworms = 5", "worms must be even, got 5"),
        ("[worm]\nstimulated = ['PLMX']", "PLMX"),
        ("[[tasks]]\nkind = 'flip-flop'", "features are compared in trials with a reference"),
        ("[networks]\nevery_ms = 500", "Lower every_ms"),
        ("[animals]\nrecordings = ['missing.json']", "missing.json does not exist"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "features", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()


def test_the_quick_configuration_is_smaller():
    small, full = FeaturesConfig.quick(), FeaturesConfig()
    assert small.networks.pairs < full.networks.pairs == 10
    assert small.features.seeds == full.features.seeds == 5
    assert small.features.ellipses < full.features.ellipses
    assert STUDIES["features"].command == "study features"
