"""Input that asks for more than the machine has: an estimate before any work, and exit code 5."""

import errno
import time

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, memory
from isochron.ann_bridge.registry import NETWORKS, TASKS, network_parameters, task_settings
from isochron.cli import main
from isochron.cli.errors import describe_error
from isochron.files import DataFileError
from isochron.memory import TooLargeError, require_memory, spare_memory
from isochron.runs.configuration import read_toml
from isochron.runs.datasets import open_connectome
from isochron.sims.neuroml.includes import read_documents
from isochron.toml_text import DEEPEST, parse_toml

RESOURCES = 5  # exit code
HEAD = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="x">'


@pytest.fixture(autouse=True)
def at_once():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 120  # also on a machine that is busy and compiles


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "--duration", "5e8", "--record-every", "1e11"],  # 10^12 steps
        ["simulate", "--duration", "5e8"],  # 10^11 samples
        ["simulate", "--duration", "5e8", "--record-every", "1e11", "--engine", "scipy"],
        ["simulate", "--duration", "5e8", "--record-every", "1e11", "--step", "0.5"],
        ["simulate", "--duration", "5e8", "--record-every", "1e11", "--engine", "neuron"],
        ["simulate", "--duration", "5e8", "--record-every", "1e11", "--model", "c302-a"],
        [
            "simulate",
            "--duration",
            "5e8",
            "--record-every",
            "1e11",
            "--model",
            "adaptive-exponential",
        ],
        ["train", "--network", "gru", "--task", "flip-flop", "--batch-size", "1000000000"],
        ["train", "--network", "gru", "--task", "flip-flop", "--units", "1000000000"],
        ["train", "--network", "low-rank", "--task", "flip-flop", "--units", "100000000000"],
        ["train", "--network", "gru", "--task", "flip-flop", "--replicates", "1000000000"],
    ],
)
def test_a_command(tmp_path, capsys, arguments):
    out = tmp_path / "run.zarr"
    assert main([*arguments, "--out", str(out)]) == 5
    assert capsys.readouterr().err.count("isochron: ") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["low-rank", "full-rank", "lstm", "attention", "convolution"])
def test_a_network_names_its_section(tmp_path, capsys, kind):
    """The estimate is that of the weights of this kind: an LSTM has four gates."""
    arguments = ["train", "--network", kind, "--task", "flip-flop", "--units", "50000000"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 5
    wanted = f"isochron: [network] A network of kind {kind} with 50000000 units would take"
    assert wanted in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("experiment", "setting", "message"),
    [
        ("simulate", "duration_s = 1e10", "1.25e+12 steps"),
        ("cycles", "duration_s = 1e10", "1.25e+12 steps"),
        ("crawl", "duration_s = 1e10", "steps"),
        (
            "train",
            "network.n_units = 1000000000",
            "[network] A network of kind low-rank",
        ),
        ("train", "training.batch_size = 1000000000", "[training] batch_size: 1000000000 trials"),
    ],
)
def test_a_sweep(tmp_path, capsys, experiment, setting, message):
    """Its batches failed, with exit code 1."""
    axis = "training.weight_penalty" if experiment == "train" else "leak_conductance"
    grid = f'experiment = "{experiment}"\n[fixed]\n{setting}\n[axes]\n{axis} = [0.01, 0.02]\n'
    (tmp_path / "g.toml").write_text(grid)
    assert main(["sweep", str(tmp_path / "g.toml"), "--out", str(tmp_path / "s")]) == 5
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("s/batches/*"))


def test_a_table_with_many_names(tmp_path, monkeypatch, capsys):
    """A table of 64 to 512 kB asked for 12 GB: matrices of all neurons by all."""
    monkeypatch.setattr(memory, "spare_memory", lambda: 2**30)
    path = tmp_path / "a.csv"
    rows = "".join(f"n{i},n{i + 1},1\n" for i in range(20_000))
    path.write_text(f"pre,post,weight\n{rows}")
    with pytest.raises(TooLargeError, match="20001 cells would take about 11.9 GiB"):
        connectome.from_csv(path)
    assert main(["connectome", "show", str(path)]) == 5
    assert "a.csv" in capsys.readouterr().err


def test_evaluation(monkeypatch):
    task = ann_bridge.tasks.FlipFlop(n_bits=1)
    net = ann_bridge.GRUNet.for_task(task, n_units=8)
    with pytest.raises(TooLargeError, match="1000000000 trials"):
        ann_bridge.evaluate_trials(net, task, seed=0, n_trials=10**9)


def test_the_estimate_is_compared_with_what_is_free():
    assert 2**20 < spare_memory() < 2**50
    require_memory(1.0, "This", "Do less.")
    with pytest.raises(
        TooLargeError, match=r"This would take about .* GiB .* are free\. Do less\."
    ):
        require_memory(2.0**60, "This", "Do less.")


@pytest.mark.parametrize(("text", "known"), [("1000000\n", True), ("max\n", False), (None, False)])
def test_the_limit_of_a_container_counts(tmp_path, monkeypatch, text, known):
    limit = tmp_path / "memory.max"
    if text is not None:
        limit.write_text(text)
    monkeypatch.setattr(memory, "Path", lambda name: limit)
    assert (spare_memory() == 10**6) == known


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8 bytes"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_every_way_in_which_memory_ends_has_code_5(error, capsys):
    assert describe_error(error, []) == RESOURCES
    assert capsys.readouterr().err.startswith("isochron: There is not enough memory.")


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 20_000) + " = 1",
        "[" + ".".join(["a"] * 20_000) + "]",
        "x = {" + " . ".join(['"a"'] * 20_000) + " = 1}",
        "x = " + "[" * 20_000,
        "x = " + "{a = " * 20_000,
    ],
)
def test_deep_toml(tmp_path, text):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ValueError, match="is not a TOML file"):
        read_toml(tmp_path / "x.toml")
    with pytest.raises(DataFileError, match="is not a TOML file"):
        open_connectome(str(tmp_path / "x.toml"))


def test_toml_that_is_not_deep():
    keys = ".".join(["a"] * DEEPEST)
    assert parse_toml(f"{keys} = 1")
    text = "# ... and so on ...\nx = [1.5, 2.5]\ny = 'a.b'\nz = \"word \" * 3".replace(" * 3", "")
    assert parse_toml(text)["x"] == [1.5, 2.5]
    assert parse_toml(f'x = "{"a" * 1_000_000}"')["x"][:2] == "aa"


def chain(folder, n, times):
    """Files that include the next one, each several times; the last one has the network."""
    for i in range(n):
        includes = f'<include href="f{i + 1}.nml"/>' * times
        (folder / f"f{i}.nml").write_text(f"{HEAD}{includes}</neuroml>")
    (folder / f"f{n}.nml").write_text(f'{HEAD}<network id="n"/></neuroml>')
    return folder / "f0.nml"


def test_files_that_include_the_next_one_twice(tmp_path):
    assert read_documents(chain(tmp_path, 26, 2)).network.get("id") == "n"


def test_deep_includes(tmp_path):
    with pytest.raises(ValueError, match="through more than 32 files"):
        read_documents(chain(tmp_path, 3000, 1))


def test_many_includes(tmp_path):
    for i in range(1100):
        (tmp_path / f"f{i}.nml").write_text(f"{HEAD}</neuroml>")
    includes = "".join(f'<include href="f{i}.nml"/>' for i in range(1100))
    (tmp_path / "x.nml").write_text(f"{HEAD}{includes}</neuroml>")
    with pytest.raises(ValueError, match="more than 1000"):
        read_documents(tmp_path / "x.nml")


SMALL = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=200)
WITHOUT_MASKS = [kind for kind in NETWORKS if not kind.startswith("connectome")]
WRONG_COUNTS = [0, -1, 2.0, 0.5, True, float("nan"), "3", [3], 2**70]


@pytest.mark.parametrize("kind", WITHOUT_MASKS)
def test_networks_made_in_python(kind):
    """They ended with a message of torch or NumPy; 10^12 inputs of 8 units are 30 TiB."""
    make = NETWORKS.load(kind).for_task
    huge = 64 * 10**9
    with pytest.raises(TooLargeError, match=r"(circuit|network) of .*GiB.*Lower n_units"):
        make(SMALL, n_units=huge)
    for value in WRONG_COUNTS:
        with pytest.raises(ValueError, match="n_units must"):
            make(SMALL, n_units=value)
    parameters = network_parameters(kind)(n_units=8)
    with pytest.raises(TypeError, match="not both"):
        make(SMALL, parameters, n_units=16)
    with pytest.raises(TypeError, match="There is no setting 'n_unit'. Did you mean n_units"):
        make(SMALL, n_unit=16)
    for wrong in ({"n_units": 8}, 8, "8"):
        with pytest.raises(TypeError, match="The settings must be a "):
            make(SMALL, wrong)
    for wrong in (5, "seed", np.random.default_rng(0)):
        with pytest.raises(TypeError, match="generator must be a Generator"):
            make(SMALL, n_units=8, generator=wrong)
    for wrong in (None, "flip-flop", ann_bridge.tasks.FlipFlop, 3):
        with pytest.raises(TypeError, match="is not a task|A task is needed"):
            make(wrong)


@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        (ann_bridge.LowRankRNN, {"n_inputs": 10**12}),
        (ann_bridge.FullRankRNN, {"n_outputs": 10**12}),
        (ann_bridge.GRUNet, {"n_units": 10**7}),
        (ann_bridge.LSTMNet, {"n_units": 10**7}),
        (ann_bridge.AttentionNet, {"n_units": 10**7}),
        (ann_bridge.ConvolutionNet, {"n_units": 10**7}),
    ],
)
def test_sizes_of_networks(network, sizes):
    with pytest.raises(TooLargeError, match=f"A network of kind {network.kind} with .* GiB"):
        network(**sizes)


@pytest.mark.parametrize("kind", TASKS)
def test_trials_of_tasks(kind):
    settings = task_settings(kind)()
    task = settings if hasattr(settings, "sample") else settings.task()
    with pytest.raises(TooLargeError, match="Lower batch_size"):
        task.sample(10**12, torch.Generator())
    for value in WRONG_COUNTS:
        with pytest.raises(ValueError, match="batch_size must"):
            task.sample(value, torch.Generator())
    with pytest.raises(TypeError, match="generator must be a Generator, got None"):
        task.sample(1, None)


def test_a_network_that_fits_is_made(monkeypatch):
    """The estimate is not below what the weights take, and not above twice that."""
    estimates = []
    monkeypatch.setattr(
        "isochron.ann_bridge.nets.parameters.require_memory", lambda n, *_: estimates.append(n)
    )
    for kind in WITHOUT_MASKS:
        net = NETWORKS.load(kind).for_task(SMALL, n_units=64)
        taken = 4 * sum(weights.numel() for weights in net.parameters())
        if kind not in ("liquid", "closed-form"):  # whose synapses are there before
            assert 1 <= estimates[-1] / taken < 4, kind
