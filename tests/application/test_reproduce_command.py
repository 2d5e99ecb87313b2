"""A tiny reproduction through the command line: killed, resumed, looked at."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from isochron import ann_bridge, sims
from isochron.cli import main
from isochron.files import read_sealed_json
from isochron.runs.results import from_json_values, to_json_values
from isochron.studies.pals2024.results import Pals2024Results

# learned_below is above every loss: untrained networks pass the whole analysis, too.
CONFIG = """
nets = 2
conditions = ["rank-1-linear", "rank-2-tanh-oscillatory"]
[low_rank]
n_units = 16
steps = 3
batch_size = 4
[analysis]
learned_below = 100.0
n_starts = 8
n_trials = 4
tongue_amplitudes = [1.0]
tongue_limits_Hz = [8.0, 9.0]
"""
NETS = [f"{name}-{k}" for k in (0, 1) for name in ("rank-1-linear", "rank-2-tanh-oscillatory")]


def command(folder, *more):
    config, out = str(folder / "x.toml"), str(folder / "run")
    return ["reproduce", "pals2024", "--config", config, "--out", out, *more]


def changed(path):
    return {item.name: item.stat().st_mtime_ns for item in path.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that was killed after its first steps, then completed."""
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / "x.toml").write_text(CONFIG)
    process = subprocess.Popen(
        [sys.executable, "-m", "isochron", *command(folder, "--workers", "2")],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    steps = folder / "run" / "steps"
    deadline = time.monotonic() + 200
    while not (steps / "train-rank-1-linear-0.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    before = changed(steps)
    assert 0 < len(before) < 2 * len(NETS)
    assert not (folder / "run" / "results.json").exists()
    assert main(command(folder, "--workers", "1")) == 0
    after = changed(steps)
    whole = [name for name in before if not name.startswith(".")]
    assert [after[name] for name in whole] == [before[name] for name in whole]
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return read_sealed_json(folder / "run" / "results.json")


def test_every_net_and_condition_has_its_row(results):
    assert (results["schema"], results["experiment"]) == (2, "pals2024")
    assert [net["name"] for net in results["nets"]] == NETS
    names = [condition["condition"] for condition in results["conditions"]]
    assert names == ["rank-1-linear", "rank-2-tanh-oscillatory"]
    for net in results["nets"]:
        assert len(net["training"]["losses"]) == 3
        assert len(net["memories"]) == 2
        assert 0 <= net["code"]["phase_difference"] <= np.pi
        held = [memory for memory in net["memories"] if memory["output_phase"] is not None]
        assert len(net["folds"]) == 2 * len(held)
    assert set(results["seconds"]) == {
        f"{step}-{net}" for step in ("train", "analyse") for net in NETS
    }


def test_claims_are_judged_by_the_nets(results):
    rank_1 = results["claims"][0]
    nets = [net for net in results["nets"] if net["condition"] == "rank-1-linear"]
    ends = [net["loss"] + 1.96 * net["standard_error"] for net in nets]
    assert rank_1["found"]["count"] == sum(end >= 0.465 for end in ends)
    assert rank_1["found"]["n"] == 2
    assert {claim["verdict"] for claim in results["claims"]} <= {"holds", "does not hold"}


def test_the_report_stands_alone(folder):
    page = (folder / "run" / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 5
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert all(address.startswith("data:image") for address in addresses)
    assert "<script" not in page
    assert "Rank 1 with a linear readout never learns" in page
    assert "Replication at reduced size: 2 networks in a condition (paper: 12)" in page
    assert "The networks that the authors released" in page
    assert "0.465 to 0.482" in page  # the loss of those of rank 1 with a linear readout


@pytest.mark.slow
def test_other_kinds_of_nets_are_rows_too(tmp_path):
    """A liquid network has cycles; a spiking network is not searched for cycles."""
    text = CONFIG.replace("nets = 2", "nets = 1").replace(
        '["rank-1-linear", "rank-2-tanh-oscillatory"]', '["liquid", "closed-form", "spiking"]'
    )
    sizes = "".join(
        f"[{section}]\nn_units = {units}\nsteps = 2\nbatch_size = 4\n"
        for section, units in (("liquid", 14), ("closed_form", 14), ("spiking", 20))
    )
    (tmp_path / "x.toml").write_text(text + sizes)
    assert main(command(tmp_path, "--workers", "1")) == 0
    rows = json.loads((tmp_path / "run" / "results.json").read_text())["nets"]
    counts = {row["condition"]: row["n_stable_cycles"] for row in rows}
    assert counts["spiking"] is None
    assert counts["liquid"] >= 1
    assert counts["closed-form"] >= 1


def test_a_finished_run_is_not_done_again_and_its_report_is_the_same(folder, capsys):
    run = folder / "run"
    before = (run / "results.json").read_bytes(), (run / "report.html").read_bytes()
    assert main(command(folder, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == "pals2024"
    assert main(["report", str(run)]) == 0
    assert ((run / "results.json").read_bytes(), (run / "report.html").read_bytes()) == before


def test_results_are_read_back_typed(results):
    read = from_json_values(results, Pals2024Results)
    assert json.loads(json.dumps(to_json_values(read))) == results
    assert read.config.conditions == ("rank-1-linear", "rank-2-tanh-oscillatory")


def test_results_of_a_different_form_have_no_report(folder, results, tmp_path, capsys):
    """Results of version 0.1 have rules instead of claims."""
    older = {"rules" if key == "claims" else key: value for key, value in results.items()}
    (tmp_path / "results.json").write_text(json.dumps(older))
    assert main(["report", str(tmp_path)]) == 3
    error = capsys.readouterr().err
    assert "results.json is not a whole result of a run" in error
    assert "The command that made the run writes it again" in error
    assert "claims" in error
    assert error.count("\n") == 1


def test_results_of_the_first_version_name_what_to_do(folder, results, tmp_path, capsys):
    (tmp_path / "results.json").write_text(json.dumps(results | {"schema": 1}))
    assert main(["report", str(tmp_path)]) == 3
    error = capsys.readouterr().err
    assert "was written by isochron 0.1; run the study again" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("section", ["liquid", "closed_form"])
def test_a_configuration_of_the_first_version_names_what_to_do(tmp_path, capsys, section):
    """It has ``wiring``; all other keys have the same name."""
    path = tmp_path / "old.toml"
    path.write_text(f'nets = 1\n[{section}]\nwiring = "full"')
    assert main(["reproduce", "pals2024", "--config", str(path), "--print-config"]) == 3
    error = capsys.readouterr().err
    assert f"old.toml: {section}.wiring is a setting of isochron 0.1" in error
    assert f"write {section}.connectivity" in error
    assert error.count("\n") == 1


def test_nets_and_trials_are_there(folder):
    net, notes = ann_bridge.load_net(folder / "run" / "nets" / "rank-2-tanh-oscillatory-1")
    assert (net.settings.n_units, net.settings.readout) == (16, "rates")
    assert notes["condition"] == "rank-2-tanh-oscillatory"
    trial = sims.load_dataset(folder / "run" / "data" / "rank-2-tanh-oscillatory-1.nc")
    assert trial.output.shape == (400, 2)
    assert not list((folder / "run" / "data").glob("*-checkpoints"))


def test_another_configuration_needs_force(folder, capsys):
    (folder / "y.toml").write_text("nets = 1")
    arguments = ["reproduce", "pals2024", "--config", str(folder / "y.toml")]
    assert main([*arguments, "--out", str(folder / "run")]) == 2
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('conditions = ["rank-7-tanhh"]', "No condition 'rank-7-tanhh'"),
        ("nets = 0", "nets must lie between"),
        ("[low_rank]\nrank = 2", "Unknown setting 'low_rank.rank'"),
        ("[analysis]\nfrequency_Hz = 400.0", "tongue_limits_Hz must lie around"),
        ("[low_rank]\nloading_covariance = 2.0", "loading_covariance must lie in"),
    ],
)
def test_bad_settings_are_refused_before_any_work(tmp_path, capsys, text, message):
    (tmp_path / "x.toml").write_text(text)
    assert main(command(tmp_path)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--scheduler", "tcp://x:1"], 2, "--scheduler is an option of --executor dask"),
        (["--slurm", "s.toml"], 2, "--slurm is an option of --executor slurm"),
        (["--executor", "slurm", "--slurm", "s.toml"], 2, "does not have the setting nodes"),
        (["--executor", "slurm", "--slurm", "x.toml"], 2, "does not have the section [slurm]"),
        (["--executor", "slurm", "--slurm", "no.toml"], 2, "no.toml does not exist"),
        (["--executor", "loca"], 2, "Did you mean local?"),
        (["--task-timeout", "0"], 2, "task_timeout_s must be positive"),
        (["--workers", "0"], 2, "workers must be at least 1"),
        (["--executor", "dask"], 2, 'pip install "isochron[dask]"'),
    ],
)
def test_options_of_executors_are_checked_before_any_work(
    options, code, message, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "isochron.runs.executors.dask", raising=False)
    (tmp_path / "x.toml").write_text(CONFIG)
    (tmp_path / "s.toml").write_text("[slurm]\nnodes = 2")
    assert main([*command(tmp_path), *options]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_step_that_fails_is_one_error_with_its_code(tmp_path, capsys):
    (tmp_path / "x.toml").write_text(CONFIG.replace("nets = 2", "nets = 1"))
    assert main(command(tmp_path, "--workers", "1", "--task-timeout", "0.01")) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("isochron: The step took longer than 0.01 s.")
    assert "That was step train-rank-1-linear-0." in error
    assert "Also failed: train-rank-2-tanh-oscillatory-0." in error
    assert "because a step before failed: " in error


def test_the_configuration_can_be_printed_and_read_back(tmp_path, capsys):
    assert main(["reproduce", "pals2024", "--quick", "--print-config"]) == 0
    printed = capsys.readouterr().out
    (tmp_path / "x.toml").write_text(printed)
    assert main([*command(tmp_path), "--print-config"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == printed.splitlines()[1:]
