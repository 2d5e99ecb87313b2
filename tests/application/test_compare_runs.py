"""Networks that were trained elsewhere, in a comparison: which, how analyzed, what is refused."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from isochron import analysis, ann_bridge, sims
from isochron._version import __version__
from isochron.ann_bridge import tasks
from isochron.cli import main
from isochron.files import DataFileError
from isochron.runs.results import from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.studies.compare.configuration import CompareConfig, OnsetSection, ReferenceSection
from isochron.studies.compare.results import NetAnalysis
from isochron.studies.compare.saved_networks import (
    analyse_saved_net,
    saved_specs,
)
from isochron.studies.compare.study import check, inputs, plan
from isochron.studies.compare.subject import pair_seed
from isochron.studies.entries import Substrate, Task

REFERENCE = ReferenceSection(
    n_starts=8, intrinsic_starts=4, thorough=False, tongue_amplitudes=(1.0,),
    tongue_limits_Hz=(7.0, 10.0),
)  # fmt: skip
FLIP = tasks.FlipFlop(n_bits=1, duration_ms=400.0)
PHASE = tasks.PhaseMemory()


def save(path, task: Any = None, *, kind: Any = ann_bridge.LowRankRNN, of: Any = None, **notes):
    path.parent.mkdir(parents=True, exist_ok=True)
    net = kind.for_task(of or task, n_units=6)
    ann_bridge.save_net(net, path, task=task, **notes)


def config_of(*runs):
    return CompareConfig(runs=tuple(map(str, runs)), substrates=(), tasks=(), reference=REFERENCE)


def names(*runs):
    return [spec.name for spec in saved_specs(config_of(*runs))]


def quiet(fraction, text):
    pass


@pytest.fixture
def folder(tmp_path):
    """A run folder with a worm whose cycle is an ellipse."""
    run = tmp_path / "run"
    for name in ("data", "nets", "steps"):
        (run / name).mkdir(parents=True)
    phase = np.linspace(0, 2 * np.pi, 65)
    cycle = np.stack([np.cos(phase), 0.3 * np.sin(phase)], axis=1)
    worm = xr.Dataset(
        {
            "cycle_states": (("cycle", "cycle_time", "state"), cycle[None]),
            "is_motor": ("neuron", np.ones(2, dtype=bool)),
        }
    )
    sims.save_dataset(worm, run / "data" / "worm.nc")
    return RunPaths(run)


def analyse(folder, path):
    config = config_of(path)
    (spec,) = saved_specs(config)
    return from_json_values(analyse_saved_net(config, folder, spec, quiet), NetAnalysis)


def test_replicates_of_two_runs_have_the_numbers_of_their_names(tmp_path):
    for run in ("a/gru", "b/gru"):
        for number in (0, 2, 10):
            save(tmp_path / run / "nets" / f"replicate-{number}", FLIP)
    specs = saved_specs(config_of(tmp_path / "a" / "gru", tmp_path / "b" / "gru"))
    assert [it.label.pair for it in specs] == 2 * [0, 2, 10]
    assert [it.label.substrate for it in specs] == 3 * ["gru"] + 3 * ["b-gru"]
    assert specs[0].name == "gru-flip-flop-0"
    assert {it.label.task for it in specs} == {"flip-flop"}
    assert len({it.name for it in specs}) == 6


def test_networks_of_a_comparison_are_told_apart_by_substrate_and_task(tmp_path):
    for kind in ("low-rank", "dense"):
        save(tmp_path / "nets" / f"{kind}-phase-memory-3", PHASE, steps=9)
    save(tmp_path / "nets" / "dense-phase-memory-3-untrained", PHASE, steps=0)
    labels = [spec.label for spec in saved_specs(config_of(tmp_path))]
    run = labels[0].substrate.removesuffix("-dense")
    assert [(it.substrate, it.pair, it.trained) for it in labels] == [
        (f"{run}-dense", 3, True), (f"{run}-dense", 3, False), (f"{run}-low-rank", 3, True),
    ]  # fmt: skip
    assert labels[1].name == f"{run}-dense-phase-memory-3-untrained"


def test_other_names_are_numbered_by_position(tmp_path):
    save(tmp_path / "mine" / "x", of=FLIP)
    save(tmp_path / "mine" / "y", of=FLIP)
    assert names(tmp_path / "mine") == ["mine-0", "mine-1"]
    assert names(tmp_path / "mine" / "y.safetensors") == ["y-0"]
    assert saved_specs(config_of(tmp_path / "mine"))[0].label.task == "–"


def test_names_of_any_length_fit_into_the_names_of_files(tmp_path):
    for end in "ab":
        save(tmp_path / (200 * "r" + end) / ("n" * 200 + "-7"), FLIP)
    found = names(*sorted(tmp_path.iterdir()))
    assert len(set(found)) == 2
    assert max(map(len, found)) < 140


def test_runs_whose_names_differ_in_case_only_have_different_names(tmp_path):
    for run in ("x/a", "y/A"):
        save(tmp_path / run / "n-0", of=FLIP)
    assert names(tmp_path / "x" / "a", tmp_path / "y" / "A") == ["a-0", "y-A-0"]


def test_a_network_is_not_counted_twice(tmp_path):
    save(tmp_path / "a" / "n-0", FLIP)
    with pytest.raises(ValueError, match=r"a and .*n-0\.safetensors contain the same network"):
        check(config_of(tmp_path / "a", tmp_path / "a" / "n-0.safetensors"))


def test_a_run_with_the_name_of_an_own_network_is_refused(tmp_path):
    save(tmp_path / "gru-flip-flop" / "n-0", of=FLIP)
    config = replace(
        config_of(tmp_path / "gru-flip-flop"),
        substrates=(Substrate.read({"kind": "gru", "n_units": 4}),),
        tasks=(Task.read({"kind": "flip-flop"}),),
        onset=OnsetSection(datasets=()),
    )
    with pytest.raises(ValueError, match="would both be called gru-flip-flop-0"):
        check(config)


def test_a_network_is_analyzed_under_the_reference_of_its_task(tmp_path, folder):
    save(tmp_path / "phase", PHASE)
    found = analyse(folder, tmp_path / "phase")
    assert (found.task, found.chance, found.learned) == ("phase-memory", 0.5, False)
    assert (found.learned_in_part, found.failed) == (False, True)
    net, _ = ann_bridge.load_net(tmp_path / "phase")
    fresh = ann_bridge.evaluate(net, PHASE, seed=pair_seed(0, "evaluation"))
    assert found.loss == pytest.approx(fresh, rel=1e-12)
    assert "reference of its task: 8.4 Hz, amplitude 1, on input 0" in found.notes[0]
    assert found.limit_cycles[0].condition.startswith("reference 8.4 Hz")
    assert found.limit_cycles[0].period_ms == pytest.approx(1e3 / 8.4, rel=1e-3)
    assert found.survey is not None
    assert found.survey.n_starts == 8
    assert found.tongue[0].found
    # Of a filter the cycle is an ellipse, also where the map repeats after two periods.
    assert found.similarity is not None
    assert found.similarity.distance < found.similarity.of_ellipse + 0.05 < 0.8
    data = sims.load_dataset(folder.data_path("phase-phase-memory-0"))
    assert data.trial_output.shape == (PHASE.n_steps, 2)


def test_without_a_reference_that_of_the_configuration_is_used(tmp_path, folder):
    save(tmp_path / "flip", FLIP)
    found = analyse(folder, tmp_path / "flip")
    assert "Its task does not have a reference; that of the configuration" in found.notes[0]
    assert found.limit_cycles[0].condition.startswith("reference 8.333 Hz")
    assert found.chance == FLIP.chance


def test_without_a_task_the_loss_is_not_known(tmp_path, folder):
    save(tmp_path / "mine", of=FLIP)
    found = analyse(folder, tmp_path / "mine")
    assert (found.loss, found.chance, found.learned, found.reached_loss) == (None,) * 4
    assert not found.failed
    assert "Its file does not record a reference" in found.notes[0]
    assert "trial_time" not in sims.load_dataset(folder.data_path("mine-0"))


def test_the_loss_of_a_task_of_a_user_is_that_in_the_file(tmp_path, folder):
    save(tmp_path / "mine", "Mine(n=2)", of=FLIP, loss=0.1, standard_error=0.01, chance=1.0)
    found = analyse(folder, tmp_path / "mine")
    assert (found.task, found.loss, found.chance) == ("Mine", 0.1, 1.0)
    assert (found.learned, found.learned_in_part, found.failed) == (False, True, False)


def test_several_outputs_and_double_precision(tmp_path, folder):
    task = tasks.FlipFlop(n_bits=2, duration_ms=400.0)
    net = ann_bridge.FullRankRNN.for_task(task, n_units=6).double()
    ann_bridge.save_net(net, tmp_path / "two", task=task)
    found = analyse(folder, tmp_path / "two")
    assert found.chance == task.chance
    assert all(np.isfinite(cycle.output_phase_cycles) for cycle in found.limit_cycles)


def test_a_turn_is_one_period_of_a_cycle_that_repeats_after_two(tmp_path, folder):
    from isochron.runs.analysed_network import AnalysedNetwork
    from isochron.studies.compare.results import NetLabel, NetOutcome
    from isochron.studies.compare.subject import Subject

    net = ann_bridge.FullRankRNN.from_weights([[0]], input_weights=[[1]], output_weights=[1])
    subject = Subject(
        label=NetLabel(name="n", substrate="s", task="–", pair=0, trained=True, dataset=None),
        outcome=NetOutcome(
            loss=None, standard_error=None, chance=None, learned=None, reached_loss=None
        ),
        network=AnalysedNetwork.of(net), task=None,
        reference=replace(REFERENCE, frequency_Hz=8.4), seed=0,
    )  # fmt: skip
    system = subject.system
    assert (system.forcing_cycles, system.n_steps) == (2, 119)
    cycle = analysis.find_limit_cycle(system, np.zeros(1))
    turn = subject.turn(cycle)[:-1, 0]
    # A linear filter answers a sine with a sine: one turn, of the amplitude of the whole orbit.
    angle = 2 * np.pi * np.arange(len(turn)) / len(turn)
    amplitude = 2 * abs(np.mean(turn * np.exp(-1j * angle)))
    assert amplitude == pytest.approx(np.sqrt(2) * cycle.states[:-1].std(), rel=1e-9)
    assert np.sqrt(2) * turn.std() == pytest.approx(amplitude, rel=1e-9)


def test_an_edited_network_is_a_different_run(tmp_path):
    save(tmp_path / "a", FLIP)
    config = config_of(tmp_path / "a")
    with RunFolder(tmp_path / "run", config, __version__, inputs=inputs(config)) as run:
        (step,) = [it for it in plan(config, run) if it.name == "analyze-a-flip-flop-0"]
        assert step.after == ("worm",)
    with RunFolder(tmp_path / "run", config, __version__, inputs=inputs(config)):
        pass
    save(tmp_path / "a", FLIP, remark="again")
    with pytest.raises(ValueError, match="a different network a-flip-flop-0"):
        RunFolder(tmp_path / "run", config, __version__, inputs=inputs(config))
    with pytest.raises(DataFileError, match="was altered after this run was started"):
        analyse_saved_net(*step.arguments, report=quiet)


def refused(tmp_path, capsys, *runs):
    out = tmp_path / "out"
    code = main(["compare", "--quick", "--out", str(out), "--runs", *map(str, runs)])
    assert not out.exists()
    return code, capsys.readouterr().err


def test_a_folder_without_networks_is_refused(tmp_path, capsys):
    code, errors = refused(tmp_path, capsys, tmp_path)
    assert code == 3
    assert "does not contain a network. A run is a folder of isochron train" in errors


def test_a_spiking_network_is_refused(tmp_path, capsys):
    save(tmp_path / "good", PHASE)
    save(tmp_path / "spikes", PHASE, kind=ann_bridge.SpikingNet)
    code, errors = refused(tmp_path, capsys, tmp_path / "good", tmp_path / "spikes")
    assert code == 3
    assert "spikes is a spiking network; its map does not have a Jacobian" in errors


def test_a_damaged_file_is_refused(tmp_path, capsys):
    save(tmp_path / "bad", PHASE)
    weights = tmp_path / "bad.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    code, errors = refused(tmp_path, capsys, weights)
    assert code == 3
    assert "is not the file that bad.json describes" in errors
    assert "Traceback" not in errors


def test_a_run_is_given_once(tmp_path, capsys):
    save(tmp_path / "a", PHASE)
    code, errors = refused(tmp_path, capsys, tmp_path / "a", tmp_path / "a")
    assert code == 2
    assert "twice" in errors


def test_runs_on_the_command_line_train_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "--quick", "--print-config", "--runs", "a", "b/c", "--runs", "d"]) == 0
    text = capsys.readouterr().out
    assert f"runs = {json.dumps([str(tmp_path / it) for it in ('a', 'd', 'b/c')])}" in text
    assert "substrates = []\n" in text
    assert "tasks = []\n" in text
    assert "draws = 20 " in text  # as of --quick


def test_runs_of_a_file_are_found_from_its_folder(tmp_path, capsys):
    (tmp_path / "x.toml").write_text('runs = ["nets/a"]\n[[substrates]]\nkind = "low-rank"\n')
    assert main(["compare", "--config", str(tmp_path / "x.toml"), "--print-config"]) == 0
    text = capsys.readouterr().out
    assert f'runs = ["{tmp_path / "nets" / "a"}"]' in text
    assert text.count("\n[[substrates]]\n") == 1
    assert text.count("\n[[tasks]]\n") == 4


def test_an_argument_that_is_not_a_run_is_refused(capsys):
    assert main(["compare", "somewhere"]) == 2
    assert "--runs somewhere" in capsys.readouterr().err
