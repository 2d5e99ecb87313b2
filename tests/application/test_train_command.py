"""isochron train and isochron evaluate."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.registry import NETWORKS, TASKS
from isochron.cli.errors import describe_error
from isochron.cli.evaluate import evaluate
from isochron.cli.train import train
from isochron.workflows.train import build_net, build_task, train_config

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


def weights(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("nets/*.safetensors"))}


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
    expected = ann_bridge.evaluate(net, build_task(train_config(task="comparison")), seed=1)
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
    assert "1 not trained yet" in text
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
    config = train_config(net=net, task=task, **({} if "connectome" in net else {"units": 8}))
    budget = ann_bridge.TrainingParameters(steps=1, batch_size=2)
    record = ann_bridge.train(build_net(config, 0), build_task(config), budget, seed=0)
    assert 0 < record.losses[0] < 100


def test_options_reach_task_and_net():
    task = build_task(train_config(stimuli=4, reference="theta"))
    assert task.n_inputs == 5
    net = build_net(
        train_config(rank=3, readout="rates", oscillation_Hz=8.0, units=64, stimuli=4), 0
    )
    settings = net.settings
    assert (settings.rank, settings.readout, settings.oscillation_Hz) == (3, "rates", 8.0)
    assert settings.n_inputs == 5
    full = build_net(train_config(net="full-rank", task="sternberg"), 0).settings
    assert (full.n_units, full.step_ms, full.time_constant_ms) == (100, 20.0, 500.0)
    given = train_config(net="full-rank", task="sternberg", time_constant_ms=50.0)
    assert build_net(given, 0).settings.time_constant_ms == 50.0
    assert train_config(net="full-rank").learning_rate == 1e-3


def test_nets_on_the_worm():
    edges = {}
    for name in ("liquid", "closed-form"):
        net = build_net(train_config(net=name, connectivity="connectome"), 0)
        assert net.settings.n_units == 279
        edges[name] = net.state_dict()["synapses"].shape[1]
    assert edges["closed-form"] > edges["liquid"]  # each unit to itself
    free = build_net(train_config(net="connectome"), 0)
    signed = build_net(train_config(net="connectome", signs="gaba", class_parameters=True), 0)
    assert (free.signs is None, signed.signs is None) == (True, False)
    assert signed.settings.learns_class_parameters
    full = build_net(train_config(net="liquid", connectivity="full", units=5), 0)
    assert full.state_dict()["synapses"].shape[1] == 25


def test_a_schedule_and_penalties_reach_the_training(tmp_path, capsys):
    options = ["--warmup", 5, "--decay", "cosine", "--weight-penalty", 0.1, "--rate-penalty", 0.2]
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
        (["--task", "chess"], "task must be one of phase-memory"),
        (["--net", "transformer"], "net must be one of low-rank"),
        (["--reference", "alpha"], "reference must be one of sines"),
        (["--units", "0"], "n_units"),
        (["--rank", "999"], "rank must lie between"),
        (["--steps", "-1"], "steps must be a whole number"),
        (["--learning-rate", "nan"], "learning_rate must be positive"),
        (["--replicates", "0"], "replicates must be at least 1"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["--device", "tpu"], "device must be cpu, cuda or auto"),
        (["--stimuli", "3", "--task", "sternberg"], "stimuli does not go with"),
        (["--reference", "theta", "--task", "sternberg"], "reference does not go with"),
        (["--oscillation", "8", "--net", "gru"], "oscillation_Hz does not go with"),
        (["--readout", "rates", "--net", "gru"], "readout does not go with"),
        (["--net", "connectome", "--units", "5"], "279 neurons"),
        (["--net", "liquid", "--connectivity", "connectome", "--units", "5"], "279 units"),
        (["--net", "liquid", "--units", "3"], "n_motor must lie between 1 and n_units - 3"),
        (["--net", "liquid", "--connectivity", "tree"], "connectivity must be one of policy"),
        (["--net", "gru", "--connectivity", "full"], "connectivity does not go with the net gru"),
        (["--net", "gru", "--rank", "3"], "rank does not go with the net gru"),
        (["--net", "spiking", "--readout", "rates"], "readout does not go with"),
        (["--net", "full-rank", "--signs", "gaba"], "signs does not go with the net full-rank"),
        (["--net", "liquid", "--signs", "gaba"], "signs does not go with the connectivity policy"),
        (["--net", "liquid", "--dataset", "cook2019"], "dataset does not go with the connectivity"),
        (["--net", "connectome", "--signs", "cosine"], "signs must be one of gaba"),
        (["--net", "connectome-low-rank", "--class-parameters"], "class_parameters does not go"),
        (["--reference", "theta.npy"], "sampling_Hz goes with a reference file"),
        (["--sampling", "1000"], "sampling_Hz goes with a reference file"),
        (["--reference", "none.npy", "--sampling", "1000"], "none.npy"),
        (["--channel", "0"], "goes with a reference file"),
        (["--decay", "linear"], "decay must be none or cosine"),
        (["--rate-penalty", "-1"], "rate_penalty must be >= 0"),
        (["--net", "connectome", "--dataset", "cook2020x"], "cook2020x"),
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


def test_evaluate_names_what_is_missing(capsys, tmp_path):
    code, _, error = run(capsys, evaluate, tmp_path)
    assert code == 2
    assert "isochron train" in error
    run(capsys, train, *SMALL, "--steps", 0, "--out", tmp_path / "a")
    code, _, error = run(capsys, evaluate, tmp_path / "a", "--trials", 0)
    assert (code, "trials >= 1" in error) == (2, True)


def test_what_is_no_folder_of_trainings_is_named(capsys, tmp_path):
    net = ann_bridge.LowRankRNN(n_units=4, rank=1)
    ann_bridge.save_net(net, tmp_path / "one")
    (tmp_path / "table.csv").write_text("a,b")
    for path, message in (
        ("one", "a single network; isochron evaluate takes the folder"),
        ("one.json", "a single network"),
        ("table.csv", "is a file; isochron evaluate takes a folder"),
        ("nothing", "To make one: isochron train --out"),
    ):
        code, _, error = run(capsys, evaluate, tmp_path / path)
        assert code == 2
        assert message in error
