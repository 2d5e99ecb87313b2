"""Parameters out of range: refused before any work, with the value, the range and the way out."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron import ann_bridge, sims
from isochron.cli import main
from isochron.connectome import importers

USAGE, NUMERICAL = 2, 4  # exit codes
SIMULATE = ["simulate", "--duration", "0.01"]


@pytest.fixture
def network():
    weights = np.array([[0, 2, 0], [0, 0, 3], [4, 0, 0]])
    graph = importers.from_matrices(
        ["AVAL", "AVAR", "DB1"], weights, rows="postsynaptic", gap=10 * np.ones((3, 3)),
        signs=np.sign(weights),
    )  # fmt: skip
    return sims.GradedNetwork(graph)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "-inf", "1e999", "x", ""])
@pytest.mark.parametrize("option", ["--duration", "--step", "--record-every", "--tolerance"])
def test_numbers_of_a_simulation(tmp_path, capsys, option, value):
    arguments = [*SIMULATE, option, value, "--out", str(tmp_path / "run.nc")]
    assert main(arguments) == USAGE
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "", "x", "1,5"])
def test_currents(capsys, value):
    assert main([*SIMULATE, "--stimulate", f"PLM={value}"]) == USAGE
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("value", ["-1", "0.5", "nan", "x", "1e3", str(-(2**63))])
@pytest.mark.parametrize(
    "command",
    [
        SIMULATE,
        ["train", "--network", "gru", "--task", "flip-flop", "--steps", "1"],
        ["attractors", "--dataset", "varshney2011", "--starts", "2"],
    ],
)
def test_seeds(tmp_path, monkeypatch, capsys, command, value):
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--seed", value]) == USAGE
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "seed" in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_the_largest_seed(tmp_path, suffix, capsys):
    """One that no file can contain was an error after the simulation."""
    out = tmp_path / f"run.{suffix}"
    assert main([*SIMULATE, "--seed", str(2**63), "--out", str(out)]) == USAGE
    assert "must be a whole number from 0 to 2**63 - 1" in capsys.readouterr().err
    assert not out.exists()
    assert main([*SIMULATE, "--seed", str(2**63 - 1), "--out", str(out)]) == 0
    assert sims.load_dataset(out).attrs["seed"] == 2**63 - 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--step", "20", "--duration", "0.005"],
            "step_ms=20 is longer than the run",
        ),  # a step longer than the run
        (["--record-every", "50"], "record_every_ms"),  # no sample
        (["--step", "0.5", "--tolerance", "0.1"], "exclude each other"),
        (["--step", "0.5", "--engine", "nomba"], "numba"),
        (["--step", "5", "--engine", "brian2"], "largest stable step"),
        (["--step", "5", "--engine", "jneuroml"], "largest stable step"),
        (["--method", "stang"], "strang"),
        (["--stimulate", "PLMX=1"], "Did you mean PLM"),
        (["--ablate", "AVAX"], "Did you mean AVA"),
        (["--dataset", "varshney2012"], "varshney2011"),
    ],
)
def test_a_simulation(tmp_path, capsys, arguments, message):
    assert main([*SIMULATE, *arguments, "--out", str(tmp_path / "run.nc")]) == USAGE
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["1e300", "1.1e9", "nan", "-inf"])
@pytest.mark.parametrize(
    "option",
    ["--viscosity", "--stiffness", "--curvature-gain", "--gain", "--normal-drag", "--drag-ratio"],
)
def test_constants_of_a_crawl(tmp_path, capsys, option, value):
    """Above the range a crawl was a row of rounding errors, with exit code 0."""
    assert main(["crawl", option, value, "--out", str(tmp_path / "c.zarr")]) == USAGE
    line = capsys.readouterr().err
    assert option.strip("-").replace("-", "_") in line
    assert "1e+09" in line or value in ("nan", "-inf")
    assert line.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "name",
    ["capacitance", "leak_conductance", "synaptic_conductance", "gap_conductance",
     "activation_rate", "decay_rate", "steepness"],
)  # fmt: skip
def test_constants_of_the_graded_model(name, value):
    if value == 0 and name in ("synaptic_conductance", "gap_conductance"):
        return  # without them the neurons are not coupled
    with pytest.raises(ValueError, match=rf"{name} must .*{value!r}"):
        dataclasses.replace(sims.GRADED_KUNERT2014, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in ("time_constant_ms", "step_ms")
          for value in (0.0, -1.0, np.nan, np.inf)],
        *[("noise_std", value) for value in (-1.0, np.nan, np.inf)],
    ],
)  # fmt: skip
def test_constants_of_networks(name, value):
    parameters = ann_bridge.LowRankRNN(n_units=4, rank=1).settings
    with pytest.raises(ValueError, match=name):
        dataclasses.replace(parameters, **{name: value})


@pytest.mark.parametrize("engine", ["brian2", "jneuroml", "neuron"])
def test_a_step_above_the_limit_of_stability(network, engine):
    """The message has the largest step, with which the same call is accepted."""
    if engine == "brian2":
        pytest.importorskip("brian2")
    with pytest.raises(ValueError, match="largest stable step"):
        sims.simulate(
            network, sims.Stimulus(), duration_s=100, step_ms=5000, record_every_ms=5000,
            engine=engine, rng=np.random.default_rng(0),
        )  # fmt: skip


@pytest.mark.parametrize("value", ["-1", "-0.1", "nan", "inf", "x"])
@pytest.mark.parametrize(
    "option", ["--steps", "--batch-size", "--learning-rate", "--units", "--replicates"]
)
def test_numbers_of_a_training(tmp_path, capsys, option, value):
    out = tmp_path / "run"
    command = ["train", "--network", "gru", "--task", "flip-flop", "--out", str(out)]
    assert main([*command, option, value]) == USAGE
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "tpu", "mps", "cuda:x", ""])
def test_a_device_that_is_not_there(tmp_path, capsys, device):
    out = tmp_path / "run"
    command = ["train", "--network", "gru", "--task", "flip-flop", "--out", str(out)]
    assert main([*command, "--device", device]) == USAGE
    errors = capsys.readouterr().err
    assert "cpu" in errors
    assert errors.count("\n") == 1
    assert not out.exists()


def test_a_loss_that_is_not_finite(tmp_path, capsys):
    """Exit code 4, the step, and the weights before it; no network is written as if trained."""
    out = tmp_path / "run"
    command = ["train", "--network", "gru", "--task", "flip-flop", "--units", "4", "--steps", "9"]
    assert main([*command, "--learning-rate", "1e30", "--out", str(out)]) == NUMERICAL
    errors = capsys.readouterr().err.splitlines()[-1]
    assert "not finite at step" in errors
    assert "learning_rate" in errors
    assert not list(out.rglob("nets/*.safetensors"))


@pytest.mark.parametrize("name", ["learning_rate", "final_learning_rate"])
def test_a_learning_rate_that_float32_lacks(name):
    given: Any = {name: 1e38}
    with pytest.raises(ValueError, match=rf"{name} must be at most 1e\+30, got 1e\+38"):
        ann_bridge.TrainingParameters(**given)


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["cycles", "net", "--starts", "1000000000"], "100,000"),
        (["attractors", "--dataset", "varshney2011", "--starts", "1000000000000"], "100,000,000"),
        (["attractors", "--dataset", "varshney2011", "--nulls", "1000000000"], "1,000,000"),
        (["attractors", "--random", "5", "--networks", "1000000000"], "1,000,000"),
        (["crawl", "--survey", "1000000000"], "100000"),
    ],
)
def test_searches_that_would_never_end(capsys, arguments, most):
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert f"{most}, got {arguments[-1]}" in errors
    assert errors.count("isochron: ") == 1
