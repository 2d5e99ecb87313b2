"""isochron train and isochron evaluate."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.registry import NETWORKS, TASKS
from isochron.cli.errors import describe_error
from isochron.cli.evaluate import evaluate
from isochron.cli.train import train
from isochron.files import DataFileError
from isochron.registry import Entry
from isochron.runs.configuration import to_toml
from isochron.runs.training_configuration import read_train_config, train_config
from isochron.workflows.train import build_net, build_task

SMALL = ["--task", "comparison", "--units", "12", "--batch-size", "4", "--steps", "60",
         "--device", "cpu"]  # fmt: skip


def run(capsys, command, *arguments):
    words = list(map(str, arguments))
    try:
        command.main(words, standalone_mode=False)
        code = 0
    except Exception as error:
        code = describe_error(error, words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def config_of(network="low-rank", task: Any = "phase-memory", connectome=None, **settings):
    """A configuration of these kinds; the settings are the network's."""
    task = {"kind": task} if isinstance(task, str) else task
    sections = {"task": task, "network": {"kind": network} | settings}
    return train_config(sections | ({} if connectome is None else {"connectome": connectome}))


def weights(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("nets/*.safetensors"))}


@pytest.mark.long
def test_replicates_are_trained_kept_and_evaluated(tmp_path, capsys):
    out = tmp_path / "a"
    code, text, _ = run(capsys, train, *SMALL, "--replicates", 2, "--out", out, "--json")
    assert code == 0
    summary = json.loads(text)
    assert summary["chance"] == 1.0
    assert summary["device"] == "cpu"
    rows = summary["replicates"]
    assert [row["name"] for row in rows] == ["replicate-0", "replicate-1"]
    assert all(len(row["losses"]) == row["steps"] == 60 for row in rows)
    assert all(row["seconds_per_step"] > 0 for row in rows)
    assert rows[0]["losses"] != rows[1]["losses"]
    net, notes = ann_bridge.load_net(out / "nets" / "replicate-1")
    assert net.settings.n_units == 12
    assert notes["losses"] == rows[1]["losses"]
    assert "DelayedComparison" in notes["task"]
    assert notes["provenance"]["packages"]["torch"] == torch.__version__
    assert not list((out / "data").iterdir())  # the checkpoints are gone

    code, text, _ = run(capsys, evaluate, out, "--json")
    assert code == 0
    found = json.loads(text)
    expected = ann_bridge.evaluate(net, build_task(config_of(task="comparison")), seed=1)
    assert found["replicates"][1]["loss"] == expected
    low, high = found["replicates"][1]["interval"]
    assert low < expected < high
    assert found["replicates"][1]["standard_error"] > 0
    assert (found["chance"], found["missing"]) == (1.0, 0)
    code, text, _ = run(capsys, evaluate, out)
    assert "replicate-0: loss" in text
    assert "better than chance)" in text


def test_the_same_command_again_changes_nothing(tmp_path, capsys):
    out = tmp_path / "a"
    _, first, _ = run(capsys, train, *SMALL, "--out", out, "--json")
    before = weights(out)
    stamp = (out / "nets" / "replicate-0.safetensors").stat().st_mtime_ns
    _, again, _ = run(capsys, train, *SMALL, "--out", out, "--json")
    assert first == again
    assert weights(out) == before
    assert (out / "nets" / "replicate-0.safetensors").stat().st_mtime_ns == stamp


def test_a_network_whose_file_is_gone_is_trained_again(tmp_path, capsys):
    out = tmp_path / "a"
    run(capsys, train, *SMALL, "--out", out)
    before = weights(out)
    for folder, name in (("nets", ".json"), ("nets", ".safetensors"), ("steps", ".json")):
        (out / folder / f"replicate-0{name}").unlink()
        assert run(capsys, train, *SMALL, "--out", out)[0] == 0
        assert run(capsys, evaluate, out)[0] == 0
        assert weights(out) == before


def test_a_damaged_network_is_not_reported_as_trained(tmp_path, capsys):
    out = tmp_path / "a"
    run(capsys, train, *SMALL, "--out", out)
    before, file = weights(out), out / "nets" / "replicate-0.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, text, error = run(capsys, train, *SMALL, "--out", out)
    assert (code, text) == (3, "")
    assert f"Remove {file} to train this network again." in error
    file.unlink()
    assert run(capsys, train, *SMALL, "--out", out)[0] == 0
    assert weights(out) == before


def test_a_run_whose_marker_is_damaged_can_be_replaced(tmp_path, capsys):
    out = tmp_path / "a"
    run(capsys, train, *SMALL, "--out", out)
    before = weights(out)
    for content in ("{", "[]"):
        (out / "run.json").write_text(content)
        code, _, error = run(capsys, train, *SMALL, "--out", out)
        assert code == 3
        assert "Give a different folder with --out, or --force to start again." in error
        assert run(capsys, train, *SMALL, "--out", out, "--force")[0] == 0
        assert weights(out) == before


@pytest.mark.long
def test_a_killed_command_goes_on_with_the_same_bits(tmp_path, capsys):
    arguments = [*SMALL, "--steps", "400", "--replicates", "2"]
    run(capsys, train, *arguments, "--out", tmp_path / "whole")
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", "from isochron.cli.train import train; train()",
         *arguments, "--out", str(out)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(out.glob("data/replicate-1-checkpoints/step-*.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    assert not (out / "steps" / "replicate-1.json").exists()
    code, text, _ = run(capsys, evaluate, out)
    assert code == 0
    assert "Not trained yet: 1" in text
    assert run(capsys, train, *arguments, "--out", out)[0] == 0
    assert weights(out) == weights(tmp_path / "whole")


def test_another_configuration_needs_force(tmp_path, capsys):
    out = tmp_path / "a"
    run(capsys, train, *SMALL, "--out", out)
    code, _, error = run(capsys, train, *SMALL, "--seed", 1, "--out", out)
    assert code == 2
    assert "--force" in error
    before = weights(out)
    assert run(capsys, train, *SMALL, "--seed", 1, "--out", out, "--force")[0] == 0
    assert weights(out) != before


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.parametrize("task", TASKS)
def test_every_net_fits_every_task(net, task):
    config = config_of(net, task, **({} if "connectome" in net else {"n_units": 8}))
    budget = ann_bridge.TrainingParameters(steps=1, batch_size=2)
    record = ann_bridge.train(build_net(config, 0), build_task(config), budget, seed=0)
    assert 0 < record.losses[0] < 100


def test_options_reach_task_and_net():
    four = {"kind": "phase-memory", "n_stimuli": 4}
    assert build_task(config_of(task=four | {"reference": "theta"})).n_inputs == 5
    given = {"rank": 3, "readout": "rates", "oscillation_Hz": 8.0, "n_units": 64}
    net = build_net(config_of(task=four, **given), 0)
    settings = net.settings
    assert (settings.rank, settings.readout, settings.oscillation_Hz) == (3, "rates", 8.0)
    assert settings.n_inputs == 5
    full = build_net(config_of("full-rank", "sternberg"), 0).settings
    assert (full.n_units, full.step_ms, full.time_constant_ms) == (100, 20.0, 500.0)
    given = config_of("full-rank", "sternberg", time_constant_ms=50.0)
    assert build_net(given, 0).settings.time_constant_ms == 50.0
    assert config_of("full-rank").training.learning_rate == 1e-3


def test_nets_on_the_worm():
    edges = {}
    for name in ("liquid", "closed-form"):
        net = build_net(config_of(name, connectivity="connectome"), 0)
        assert net.settings.n_units == 279
        edges[name] = net.state_dict()["synapses"].shape[1]
    assert edges["closed-form"] > edges["liquid"]  # each unit to itself
    free = build_net(config_of("connectome"), 0)
    signed = build_net(
        config_of("connectome", connectome={"signs": "gaba"}, learns_class_parameters=True), 0
    )
    assert (free.signs is None, signed.signs is None) == (True, False)
    assert signed.settings.learns_class_parameters
    full = build_net(config_of("liquid", connectivity="full", n_units=5), 0)
    assert full.state_dict()["synapses"].shape[1] == 25


def test_a_schedule_and_penalties_reach_the_training(tmp_path, capsys):
    options = [
        "--warmup-steps",
        5,
        "--decay",
        "cosine",
        "--weight-penalty",
        0.1,
        "--rate-penalty",
        0.2,
    ]
    assert run(capsys, train, *SMALL, *options, "--steps", 2, "--out", tmp_path / "a")[0] == 0
    _, notes = ann_bridge.load_net(tmp_path / "a" / "nets" / "replicate-0")
    for text in ("warmup_steps=5", "decay='cosine'", "weight_penalty=0.1", "rate_penalty=0.2"):
        assert text in notes["training"]


def test_a_recorded_reference_is_trained_on_and_evaluated(tmp_path, capsys, monkeypatch):
    time_s = np.arange(8000) / 1000
    theta = np.sin(2 * np.pi * 8.0 * time_s)
    theta[4000:5000] = 0  # a dead electrode, of which no trial may consist
    np.save(tmp_path / "theta.npy", np.stack([time_s, theta], axis=1))
    monkeypatch.chdir(tmp_path)
    arguments = ["--reference", "theta.npy", "--sampling", 1000, "--units", 8, "--steps", 1,
                 "--batch-size", 2, "--device", "cpu", "--out", tmp_path / "a"]  # fmt: skip
    code, _, error = run(capsys, train, *arguments)
    assert code == 3
    assert "2 channels" in error
    code, text, _ = run(capsys, train, *arguments, "--channel", 1)
    assert code == 0
    assert "% of the reference recording oscillate" in text
    monkeypatch.chdir("/")
    assert run(capsys, evaluate, tmp_path / "a")[0] == 0
    _, notes = ann_bridge.load_net(tmp_path / "a" / "nets" / "replicate-0")
    assert "RecordedReference(sha256=" in notes["task"]
    assert "usable_share=0." in notes["task"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "chess"], "'chess' is not one of 'phase-memory'"),
        (["--network", "transformer"], "'transformer' is not one of 'low-rank'"),
        (["--reference", "alpha"], "reference must be one of sines"),
        (["--units", "0"], "n_units"),
        (["--rank", "999"], "rank must lie between"),
        (["--steps", "-1"], "steps must be a whole number"),
        (["--learning-rate", "nan"], "learning_rate must be finite"),
        (["--replicates", "0"], "replicates must be at least 1"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["--stimuli", "3", "--task", "sternberg"], "--stimuli. The task sternberg has --lead"),
        (["--reference", "theta", "--task", "sternberg"], "Unknown option --reference"),
        (["--oscillation", "8", "--network", "gru"], "Unknown option --oscillation"),
        (["--readout", "rates", "--network", "gru"], "The network gru has --units, --initial-std"),
        (["--network", "connectome", "--units", "5"], "Unknown option --units"),
        (
            ["--network", "liquid", "--connectivity", "connectome", "--units", "5"],
            "setting n_units",
        ),
        (["--network", "liquid", "--units", "3"], "[network] n_units must be at least 4, got 3."),
        (["--network", "liquid", "--connectivity", "tree"], "'tree' is not one of 'policy'"),
        (["--network", "gru", "--connectivity", "full"], "Unknown option --connectivity"),
        (["--network", "gru", "--rank", "3"], "Unknown option --rank"),
        (["--stpes", "3"], "Unknown option --stpes. Did you mean --steps? The task"),
        (["--network", "spiking", "--readout", "rates"], "Unknown option --readout"),
        (["--network", "full-rank", "--signs", "gaba"], "full-rank is not on a connectome"),
        (["--network", "liquid", "--signs", "gaba"], "the setting signs; connectivity ="),
        (["--network", "liquid", "--dataset", "cook2019"], "the setting dataset; connectivity ="),
        (["--network", "connectome", "--signs", "cosine"], "Unknown sign rule 'cosine'"),
        (
            ["--network", "connectome-low-rank", "--learns-class-parameters"],
            "is not supported with",
        ),
        (["--reference", "theta.npy"], "sampling_Hz goes with a reference file"),
        (["--sampling", "1000"], "sampling_Hz goes with a reference file"),
        (["--reference", "none.npy", "--sampling", "1000"], "none.npy"),
        (["--channel", "0"], "goes with a reference file"),
        (["--decay", "linear"], "'linear' is not one of 'none', 'cosine'"),
        (["--network", "gru", "--precision", "bfloat16"], "precision bfloat16 applies to products"),
        (["--config", "none.toml"], "configuration file none.toml does not exist"),
        (["--growth", "0.7"], "growth has no effect without oscillation_Hz"),
        (["--final-learning-rate", "0.1"], "final_learning_rate has no effect without decay = cos"),
        (["--network", "closed-form", "--time-step", "2"], "no effect without mode = pure"),
        (["--rate-penalty", "-1"], "rate_penalty must be >= 0"),
        (["--network", "connectome", "--dataset", "cook2020x"], "cook2020x"),
    ],
)
def test_bad_input_is_named_before_any_file_is_made(capsys, tmp_path, arguments, message):
    code, _, error = run(capsys, train, *arguments, "--out", tmp_path / "a")
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_left_alone(capsys, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    code, _, error = run(capsys, train, *SMALL, "--out", tmp_path, "--force")
    assert code == 2
    assert "thesis.tex" in error
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_messages_on_the_page_are_those_of_the_commands(tmp_path, capsys, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "train.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(capsys, train, *SMALL, "--steps", 0, "--out", "nets/b")
    commands = {
        "`nets/a does not contain a training.": (evaluate, "nets/a"),
        "`nets/a contains a run of a different config.": (train, *SMALL, "--out", "nets/a"),
        "`nets/a/nets/replicate-0.safetensors is not the file that replicate-0.json describes.": (
            evaluate, "nets/a",
        ),
        "`Unknown option --rank. The task flip-flop has --bits,": (
            train, "--task", "flip-flop", "--network", "gru", "--rank", 2,
        ),
    }  # fmt: skip
    for start, command in commands.items():
        assert start in page
        _, _, error = run(capsys, *command)
        assert error.startswith(f"isochron: {start[1:]}")
        if "does not contain" in start:
            Path("nets/b").rename("nets/a")
        if "different config" in start:
            Path("nets/a/nets/replicate-0.safetensors").write_bytes(b"x")


def test_evaluate_names_what_is_missing(capsys, tmp_path):
    code, _, error = run(capsys, evaluate, tmp_path)
    assert code == 3
    assert "isochron train" in error
    run(capsys, train, *SMALL, "--steps", 0, "--out", tmp_path / "a")
    code, _, error = run(capsys, evaluate, tmp_path / "a", "--trials", 0)
    assert (code, "trials >= 1" in error) == (2, True)
    (tmp_path / "a" / "nets" / "replicate-0.json").unlink()
    code, _, error = run(capsys, evaluate, tmp_path / "a")
    assert (code, f"No network in {tmp_path / 'a'} is finished" in error) == (2, True)


def test_what_is_no_folder_of_trainings_is_named(capsys, tmp_path):
    net = ann_bridge.LowRankRNN(n_units=4, rank=1)
    ann_bridge.save_net(net, tmp_path / "one")
    (tmp_path / "table.csv").write_text("a,b")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "config.toml").write_text("pairs = 3\n")
    for path, message in (
        ("one", "a single network; isochron evaluate takes the folder"),
        ("one.json", "a single network"),
        ("table.csv", "is a file; isochron evaluate takes a folder"),
        ("study", "study does not contain a training: Unknown section [pairs]"),
        ("nothing", "To make one: isochron train --out"),
    ):
        code, _, error = run(capsys, evaluate, tmp_path / path)
        assert code == 3
        assert message in error


def without_out(capsys, *arguments):
    return run(capsys, train, *arguments)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_printed_configuration_reads_back(kind, tmp_path, capsys):
    code, text, _ = without_out(capsys, "--network", kind, "--print-config")
    assert code == 0
    (tmp_path / "a.toml").write_text(text)
    config = train_config(read_train_config(tmp_path / "a.toml"))
    assert config == config_of(kind)
    assert to_toml(config).count("\n") > 20


def test_options_override_a_file(tmp_path, capsys):
    path = tmp_path / "a.toml"
    path.write_text('[network]\nkind = "gru"\nn_units = 8\n[training]\nseed = 3\n')
    _, text, _ = without_out(capsys, "--config", path, "--initial-std", 0.5, "--print-config")
    for line in ('kind = "gru"', "n_units = 8", "initial_std = 0.5", "seed = 3"):
        assert line in text
    _, text, _ = without_out(capsys, "--config", path, "--network", "lstm", "--print-config")
    assert "n_units = 64" in text


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"network": {"kind": "gru", "rank": 2}}, "network gru does not have the setting rank. It "
         "has n_units, initial_std."),
        ({"network": {"kind": "gru", "n_unit": 2}}, "setting n_unit. Did you mean n_units?"),
        ({"network": {"kind": "low-rank", "n_inputs": 3}}, "does not have the setting n_inputs"),
        ({"network": {"kind": "grue"}}, "Unknown network 'grue'. Did you mean gru?"),
        ({"network": {"n_units": 2.5}}, r"\[network\] n_units must be a whole number"),
        ({"task": {"kind": "sternberg", "n_item": 2}}, "task sternberg does not have the "
         "setting n_item. Did you mean n_items?"),
        ({"networks": {}}, r"Unknown section \[networks\]. Did you mean \[network\]?"),
        ({"network": "gru"}, r"write \[network\] above"),
        ({"training": {"units": 3}}, r"section \[training\] does not have the setting units"),
        ({"network": {"kind": "gru"}, "connectome": {"signs": "gaba"}}, "not on a connectome"),
    ],
)  # fmt: skip
def test_a_setting_that_a_kind_does_not_have_is_an_error_also_at_a_default(sections, message):
    with pytest.raises(ValueError, match=message):
        train_config(sections)


@pytest.mark.parametrize("kind", NETWORKS)
def test_there_is_one_default_for_each_kind(kind):
    parameters = NETWORKS.load_settings(kind)
    config = config_of(kind)
    assert config.training.learning_rate == parameters.usual_learning_rate
    if config.connectome is None:
        assert config.network.settings["n_units"] == parameters().n_units


def test_a_configuration_of_0_1_is_rejected_with_the_way_out(tmp_path, capsys):
    (tmp_path / "config.toml").write_text('task = "phase-memory"\nnet = "gru"\nunits = 64\n')
    with pytest.raises(DataFileError, match=r"isochron 0.1: train again.*--print-config"):
        read_train_config(tmp_path / "config.toml")
    for command, arguments in (
        (evaluate, [tmp_path]),
        (train, ["--config", tmp_path / "config.toml"]),
    ):
        code, _, error = run(capsys, command, *arguments)
        assert code == 3
        assert error.count("\n") == 1
        assert "configuration of isochron 0.1" in error


def test_a_training_needs_a_folder(capsys):
    code, _, error = without_out(capsys, *SMALL)
    assert (code, "Missing option '--out'" in error) == (2, True)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_option_has_one_meaning(task, network):
    """No two settings of a task, its network and the training share the name of an option."""
    context = train.make_context(
        "train", ["--task", task, "--network", network], resilient_parsing=True
    )
    names = [name for it in train.get_params(context) for name in it.opts if name.startswith("-")]
    assert len(names) == len(set(names))


def test_help_lists_kinds_and_adds_their_options():
    code = "import sys; from isochron.cli import main; main(sys.argv[1:]); print(*sys.modules)"

    def shown(*arguments):
        words = [sys.executable, "-c", code, "train", *arguments, "--help"]
        found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert not {"torch", "numba", "scipy", "pandas"} & set(found.split())
        return found

    plain = shown()
    assert all(f"  {kind} " in plain for kind in (*NETWORKS, *TASKS))
    assert "--initial-std" not in plain
    assert "--signs [gaba|transmitter|fenyves2020]" in plain
    gru = shown("--network", "gru")
    assert "--initial-std FLOAT" in gru
    assert "--rank" not in gru
    assert "[default: 0.005]" in gru  # its usual learning rate
    both = shown("--network=low-rank", "--task", "flip-flop")
    for text in ("--bits", "--mean-interval FLOAT", "(ms)", "--rank INTEGER", "[default: 100]"):
        assert text in both


def test_a_new_kind_needs_its_entry_alone(monkeypatch, capsys):
    """Configuration, options and help of a kind come from its entry in the registry."""
    settings = "isochron.ann_bridge.nets.stepped_parameters:LiquidParameters"
    entry = Entry("isochron.ann_bridge.nets.gated:GRUNet", "A new kind.", settings)
    monkeypatch.setitem(NETWORKS._entries, "echo", entry)
    assert config_of("echo", n_units=5).network.settings["unfolds"] == 1
    with pytest.raises(ValueError, match="network echo does not have the setting rank"):
        config_of("echo", rank=2)
    with pytest.raises(SystemExit):
        train.main(["--network", "echo", "--help"])
    shown = capsys.readouterr().out
    assert "A new kind." in shown
    assert "--unfolds" in shown
    train.main(["--network", "echo", "--units", "5", "--print-config"], standalone_mode=False)
    assert 'kind = "echo"' in capsys.readouterr().out
