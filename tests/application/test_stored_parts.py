"""Results of commands that store their parts are bit-identical, on every executor."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge
from isochron.cli import main
from isochron.connectome.statistics import symmetry_degree
from isochron.runs.executors.work import perform
from isochron.runs.null_models import draw_connectome
from isochron.runs.saved_network import SavedNet
from isochron.runs.sign_couplings import LAYERS, connectome_couplings
from isochron.runs.sweep import Limits, Sweep, read_grid
from isochron.runs.sweep.sweeps import prepare
from isochron.runs.sweep.tasks import cut

WORM = ("attractors", "--dataset", "cook2020-pharynx", "--starts", 20, "--nulls", 2, "--seed", 3)
RANDOM = ("attractors", "--random", 6, "--symmetry", 0.5, "--networks", 20, "--seed", 4)


def output(capsys, *arguments, code=0):
    assert main([*map(str, arguments), "--json"]) == code
    return capsys.readouterr().out


def compute(grid, out):
    """All batches of a sweep, in this process."""
    made = prepare(grid, out)
    for task in made.store.missing(made.tasks):
        assert perform(made.store, task, Limits()) == "done"
    return made


def save_network(path, seed):
    made = ann_bridge.LowRankRNN(n_units=24, generator=torch.Generator().manual_seed(seed))
    ann_bridge.save_net(made, path)


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    for seed in (3, 4):
        save_network(folder / f"net{seed}", seed)
    return folder


@pytest.fixture(scope="module")
def tongue(nets):
    return ("tongue", nets, "--amplitudes", "1,0.6", "--starts", 4, "--span", 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("command", [WORM, RANDOM, "tongue"], ids=["worm", "random", "tongue"])
def test_the_same_bits_with_a_store(command, tongue, capsys, tmp_path):
    command = tongue if command == "tongue" else command
    alone = output(capsys, *command)
    assert not list(tmp_path.iterdir())
    for workers in (1, 2):
        store = tmp_path / str(workers)
        assert output(capsys, *command, "--store", store, "--workers", workers) == alone
    assert Sweep(tmp_path / "1").digest() == Sweep(tmp_path / "2").digest()


@pytest.mark.slow
def test_the_same_bits_on_dask(capsys, tmp_path):
    pytest.importorskip("distributed")
    alone = output(capsys, *RANDOM)
    stored = (*RANDOM, "--store", tmp_path / "S", "--executor", "dask", "--workers", 2)
    assert output(capsys, *stored) == alone


@pytest.mark.slow
def test_the_same_bits_on_slurm(capsys, tmp_path, monkeypatch):
    """A scheduler of one line, which runs each job of the array at once."""
    folder = tmp_path / "bin"
    folder.mkdir()
    runs = 'for k in 0 1; do SLURM_ARRAY_TASK_ID=$k bash "$2" >&2; done; echo 7'
    for name, body in (("sbatch", runs), ("squeue", "true")):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    (tmp_path / "jobs.toml").write_text('[slurm]\npartition = "short"\nwidth = 2\n')
    alone = output(capsys, *RANDOM)
    stored = (*RANDOM, "--store", tmp_path / "S", "--executor", "slurm")
    assert output(capsys, *stored, "--slurm", tmp_path / "jobs.toml") == alone
    assert "--partition=short" in (tmp_path / "S" / "sweep.sbatch").read_text()


def test_the_settings_of_jobs_belong_to_slurm(capsys, tmp_path):
    (tmp_path / "jobs.toml").write_text("[slurm]\nwidth = 2\n")
    stored = (*RANDOM, "--store", tmp_path / "S", "--slurm", tmp_path / "jobs.toml")
    assert "--slurm is an option of --executor slurm" in output(capsys, *stored, code=2)
    assert not (tmp_path / "S").exists()


@pytest.mark.slow
def test_the_same_command_computes_only_what_is_missing(capsys, tmp_path):
    more = (*RANDOM[:6], 40, *RANDOM[7:])
    output(capsys, *RANDOM, "--store", tmp_path / "S", "--workers", 1)
    before = {line["key"] for line in Sweep(tmp_path / "S").store.logged()}
    alone = output(capsys, *more)
    assert output(capsys, *more, "--store", tmp_path / "S", "--workers", 1) == alone
    lines = [line["key"] for line in Sweep(tmp_path / "S").store.logged()]
    assert before < set(lines)
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("option", ["--executor=dask", "--workers=2", "--scheduler=tcp://x:1"])
def test_an_executor_needs_a_store(option, capsys):
    assert "needs --store" in output(capsys, *RANDOM, option, code=2)


def test_a_single_network_has_no_parts(capsys, tmp_path):
    np.save(tmp_path / "J.npy", np.zeros((3, 3)))
    text = output(capsys, "attractors", tmp_path / "J.npy", "--store", tmp_path / "S", code=2)
    assert "single network" in text
    assert not (tmp_path / "S").exists()


@pytest.mark.slow
def test_a_failed_part_is_an_error_with_its_reason(capsys, nets, tmp_path):
    command = ("tongue", nets / "net3", "--amplitudes", 1, "--frequency", 200)
    text = output(capsys, *command, "--store", tmp_path / "S", "--workers", 1, code=1)
    assert "failed: ValueError: frequency_Hz must lie in" in text


def survey_grid(source, **axes):
    fixed = {"source": str(source), "n_starts": 8}
    return {"experiment": "survey", "batch": 1, "fixed": fixed, "axes": axes}


def test_a_survey_counts_the_cycles_of_a_network(nets, tmp_path):
    grid = survey_grid(nets / "net4", amplitude=[0.5, 1.0])
    found = compute(grid, tmp_path / "S").dataset()
    saved = SavedNet.load(nets / "net4")
    for k, amplitude in enumerate((0.5, 1.0)):
        system = saved.map_under(saved.choose_reference(None, amplitude))
        starts = system.initial_states(64, np.random.default_rng(9))
        survey = analysis.find_entrained_cycles(system, starts)
        assert found["n_stable"][k] == len(survey.stable)
        assert found["index_sum"][k] == survey.index_sum == 1
        assert found["largest_undetected_basin"][k] > survey.undetected_basin_bound


def test_an_edited_network_has_a_new_key(tmp_path):
    save_network(tmp_path / "a", 3)
    grid = survey_grid(tmp_path / "a", amplitude=[1.0])
    first = compute(grid, tmp_path / "S")
    [before] = first.tasks
    assert first.dataset()["intrinsic_rhythm"] == 0
    save_network(tmp_path / "a", 4)
    again = compute(grid, tmp_path / "S")
    [after] = again.tasks
    assert before.key != after.key
    assert before.settings() == after.settings()
    assert len(list(again.store.logged())) == 2
    assert again.dataset()["intrinsic_rhythm"] == 1


def test_a_network_that_changes_after_the_plan_is_not_computed(tmp_path):
    save_network(tmp_path / "a", 3)
    made = prepare(survey_grid(tmp_path / "a", amplitude=[1.0]), tmp_path / "S")
    save_network(tmp_path / "a", 4)
    [task] = made.tasks
    assert perform(made.store, task, Limits()) == "failed"
    assert "has changed since" in (made.store.failure(task.key) or {})["error"]


def test_an_edited_connectome_has_a_new_key(tmp_path):
    path = tmp_path / "ring.csv"
    grid = read_grid({"experiment": "attractors", "fixed": {"dataset": str(path)}, "axes": {
        "draw": [0]}})  # fmt: skip
    keys = set()
    for weight in (1, 2):
        path.write_text(f"pre,post,weight,layer\nA,B,{weight},chemical\nB,A,1,chemical\n")
        keys |= {task.key for task in cut(grid)}
    assert len(keys) == 2


def test_a_folder_of_networks_is_not_a_run(nets):
    with pytest.raises(ValueError, match="has 2 networks"):
        cut(read_grid(survey_grid(nets, amplitude=[1.0])))
    with pytest.raises(FileNotFoundError, match="none does not exist"):
        cut(read_grid(survey_grid(nets / "none", amplitude=[1.0])))


def test_attractors_by_length_over_null_models(tmp_path):
    axes = {"connectome": {"null": ["none", "erdos-renyi"], "draws": 2}}
    fixed = {"dataset": "cook2020-pharynx", "n_starts": 50}
    grid = {"experiment": "attractors", "fixed": fixed, "axes": axes}
    found = compute(grid, tmp_path / "S").dataset()
    by_length = found["n_by_length"].fillna(0)
    np.testing.assert_array_equal(by_length.sum("length"), found["n_attractors"])
    result = json.loads(str(found["result"].values[0]))
    assert result["symmetry_degree"] == found["symmetry_degree"][0]
    assert len(np.unique(found["symmetry_degree"])) == 3
    couplings = connectome_couplings(draw_connectome("cook2020-pharynx", "erdos-renyi", 1), LAYERS)
    assert found["symmetry_degree"][2] == symmetry_degree(couplings)  # the draw of every sweep
