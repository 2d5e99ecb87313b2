"""What the experiments of a sweep measure, against known signals and known worms."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from isochron import connectome, sims
from isochron.runs.sweep import Sweep, sweep
from isochron.runs.sweep.experiments.simulate import describe_oscillation
from isochron.sims import GradedParameters


@pytest.mark.parametrize("frequency", [0.31, 0.5531, 1.234])
def test_frequency_amplitude_and_phase_of_sines(frequency):
    """The window of 20 s resolves 0.05 Hz; a parabola through the peak is good to a fiftieth."""
    t = np.arange(500) * 0.04
    amplitudes, phases = np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, -2.0])
    V = amplitudes * np.cos(2 * np.pi * frequency * t[:, None] + phases) - 35
    found = describe_oscillation(V[None], 40.0, np.array([0.5]))
    assert found["oscillates"][0] == 1
    assert abs(found["frequency_Hz"][0] - frequency) < 1e-3
    np.testing.assert_allclose(found["amplitude_mV"][0], amplitudes, rtol=5e-3)
    np.testing.assert_allclose(found["mean_mV"][0], V.mean(axis=0))
    turned = np.angle(np.exp(1j * (found["phase"][0] - phases)))
    np.testing.assert_allclose(turned - turned[0], 0, atol=1e-2)
    assert found["half_range_mV"][0] == pytest.approx(4.0, rel=1e-2)


@pytest.mark.parametrize(
    "shape", [lambda t: np.exp(-t) * np.cos(8 * t), lambda t: 0 * t, lambda t: 0.3 * np.sin(t)]
)
def test_what_decays_or_is_small_does_not_oscillate(shape):
    t = np.arange(500) * 0.04
    found = describe_oscillation(10 * shape(t)[None, :, None], 40.0, np.array([5.0]))
    assert found["oscillates"][0] == 0
    assert np.isnan(found["frequency_Hz"][0])


SHORT = {"duration_s": 0.4, "observe_s": 0.4, "record_every_ms": 8.0}
AXES = {
    "amplitude_pA": [0.0, 2000.0],
    "gap_conductance": [0.05, 0.1],
    "ablate": [[], ["AVA", "VB*"]],
}


@pytest.mark.long
def test_worms_are_the_same_with_any_number_of_workers(tmp_path):
    grid = {"fixed": SHORT, "axes": AXES, "batch": 3}
    one, two = (sweep("simulate", grid, out=tmp_path / str(n), workers=n) for n in (1, 2))
    assert one.digest() == two.digest()
    found = one.dataset()
    assert found["mean_mV"].shape == (2, 2, 2, 279)
    assert np.isfinite(found["mean_mV"]).all()
    assert list(found["ablate"].values) == ["", "AVA, VB*"]


@pytest.mark.slow
def test_traces_are_saved_if_asked(tmp_path):
    grid = {
        "fixed": SHORT | {"keep_traces": True, "trace_neurons": ["AVAL", "PLML"]},
        "axes": {"amplitude_pA": [2000.0]},
    }
    found = sweep("simulate", grid, out=tmp_path / "S", workers=1).dataset()
    assert found["V"].dims == ("amplitude_pA", "time", "trace_neuron")
    assert found["V"].sel(trace_neuron="PLML").max() > found["V"].sel(trace_neuron="AVAL").max()


@pytest.mark.slow
def test_datasets_of_different_neurons_are_aligned(tmp_path):
    grid = {"fixed": SHORT, "axes": {"dataset": ["varshney2011", "cook2020-pharynx"]}}
    grid["fixed"] = grid["fixed"] | {"stimulate": ["*"], "amplitude_pA": 5.0}
    found = sweep("simulate", grid, out=tmp_path / "S", workers=1).dataset()
    assert found.sizes["neuron"] > 279
    assert int(np.isfinite(found["mean_mV"].sel(dataset="cook2020-pharynx")).sum()) == 22


def test_null_models_are_drawn_by_number(tmp_path):
    axes = {"connectome": {"null": ["none", "erdos-renyi"], "draws": 2}}
    grid = {"fixed": SHORT | {"dataset": "cook2020-pharynx", "stimulate": ["*"]}, "axes": axes}
    found = sweep("simulate", grid, out=tmp_path / "S", workers=1).dataset()
    assert list(found["null_model"].values) == ["none", "erdos-renyi", "erdos-renyi"]
    means = found["mean_mV"].values
    assert not np.allclose(means[1], means[2])


@pytest.mark.slow
def test_networks_are_trained_and_resume(tmp_path):
    grid = {
        "fixed": {
            "task": {"kind": "flip-flop"},
            "network": {"kind": "gru", "n_units": 4},
            "training": {"steps": 2, "batch_size": 4},
        },
        "axes": {"training": {"learning_rate": {"values": [0.01, 0.001], "paired": True}}},
        "batch": 1,
    }
    one, two = (sweep("train", grid, out=tmp_path / str(n), workers=n) for n in (1, 2))
    assert one.digest() == two.digest()
    found = Sweep(tmp_path / "1").dataset()
    assert found["loss"].dims == ("training.learning_rate",)
    assert (found["steps"] == 2).all()
    assert np.isfinite(found["loss"]).all()


@pytest.mark.slow
def test_the_cycle_of_the_worm_is_found(tmp_path):
    grid = {"axes": {"amplitude_pA": [1000.0, 2000.0]}}
    found = sweep("cycles", grid, out=tmp_path / "S", workers=1).dataset()
    assert found["period_ms"].sel(amplitude_pA=2000.0) == pytest.approx(1808.316, abs=1e-2)
    assert found["stable"].sel(amplitude_pA=2000.0) == 1
    assert found["at_rest"].sel(amplitude_pA=1000.0) == 1


@pytest.mark.long
def test_the_onset_is_that_of_the_function(tmp_path):
    grid = {
        "fixed": {"dataset": "varshney2011", "largest_pA": 1500.0},
        "axes": {"stimulate": [["PLML", "PLMR"], ["AVM"]]},
    }
    found = sweep("onset", grid, out=tmp_path / "S", workers=1).dataset()
    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    expected = sims.find_onset(worm, ["PLML", "PLMR"], largest_pA=1500.0)
    assert found["onset_pA"].values.tolist() == [expected.current_pA, np.inf]
    assert found["oscillatory"].values.tolist() == [1, 0]
    assert found["period_ms"].values[0] == expected.period_ms


def test_settings_have_units_from_one_place(tmp_path):
    grid = {"fixed": SHORT, "axes": {"gap_conductance": [0.05], "amplitude_pA": [0.0]}}
    found = sweep("simulate", grid, out=tmp_path / "S", workers=1).dataset()
    assert found["gap_conductance"].attrs["units"] == "nS"
    assert found["gap_conductance"].attrs["long_name"].startswith("Conductance of a gap junction")
    assert found["amplitude_pA"].attrs["units"] == "pA"


def test_every_constant_of_the_model_is_described():
    for item in fields(GradedParameters):
        assert item.metadata["unit"], item.name
        assert item.metadata["description"], item.name


@pytest.mark.slow
def test_the_engine_torch_agrees_with_numba(tmp_path):
    """Both take the same steps in float64; sums are in a different order."""
    axes = {"engine": {"values": ["numba", "torch"], "paired": True}}
    grid = {"fixed": SHORT | {"amplitude_pA": 1000.0}, "axes": axes}
    found = sweep("simulate", grid, out=tmp_path / "S", workers=1).dataset()
    one, other = found["mean_mV"].values
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"device": "cuda"}, "has no effect without engine"),
        ({"engine": "jax"}, "engine must be one of"),
    ],
)
def test_a_device_that_does_not_fit_is_rejected(fixed, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        sweep("simulate", {"fixed": fixed}, out=tmp_path / "S")
    assert not (tmp_path / "S").exists()


def test_a_machine_without_a_gpu_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    grid = {"fixed": SHORT | {"engine": "torch", "device": "cuda"}}
    with pytest.raises(ValueError, match="does not find a GPU"):
        sweep("simulate", grid, out=tmp_path / "S", workers=2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_worms_on_a_gpu_are_those_of_the_processor(tmp_path):
    """In float64, by the same steps."""
    grid = {"fixed": SHORT | {"engine": "torch"}, "axes": {"amplitude_pA": [0.0, 1000.0]}}
    cpu, gpu = (
        sweep("simulate", grid | {"fixed": grid["fixed"] | {"device": device}},
              out=tmp_path / device, workers=2).dataset()
        for device in ("cpu", "cuda")
    )  # fmt: skip
    np.testing.assert_allclose(gpu["mean_mV"], cpu["mean_mV"], rtol=1e-9)
