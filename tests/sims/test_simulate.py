"""simulate(): engines, threshold rules, recorded variables."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from isochron import sims
from isochron.registry import Registry
from isochron.sims.drive import Drive

RULES = sims.THRESHOLD_RULES


@pytest.fixture(scope="module")
def switched():
    """A changing input with a jump, on a constant one."""
    constant = sims.step_current(["N3"], amplitude_pA=20)
    jump = sims.step_current(["N0"], amplitude_pA=8, onset_ms=100)
    return constant + jump + sims.sinusoidal_current(["N5"], amplitude_pA=5, frequency_Hz=4)


def test_thresholds_of_the_rules(small, switched):
    times = np.array([0.0, 50.0, 150.0, 400.0])
    fixed, adiabatic, ramped = (Drive(small, switched, rule) for rule in RULES)
    current = switched.bound(small.connectome).at(times)
    constant = small.thresholds(switched.constant(small.connectome))
    np.testing.assert_array_equal(fixed.thresholds(times), np.tile(constant, (4, 1)))
    for t, input_then in zip(times, current, strict=True):
        np.testing.assert_allclose(adiabatic.thresholds(t), small.thresholds(input_then), atol=1e-9)
    factor = np.array([0.5 * (1 + np.tanh(-6)), 0.5 * (1 + np.tanh(-4)), 0.5, 1.0])
    np.testing.assert_allclose(ramped.currents(times), factor[:, None] * current)
    np.testing.assert_allclose(
        ramped.thresholds(150.0), small.thresholds(0.5 * current[2]), atol=1e-9
    )


def test_layers_that_are_not_simulated_are_stated(small, switched):
    n = small.n_neurons
    layers = {"dopamine": np.eye(n, dtype=int), "tyramine": np.zeros((n, n), dtype=int)}
    graph = dataclasses.replace(small.connectome, extrasynaptic=layers)
    options = {"duration_s": 0.01, "rng": np.random.default_rng(0)}
    run = sims.simulate(sims.GradedNetwork(graph), switched, **options)
    assert run.attrs["not_simulated"] == "extrasynaptic connections: dopamine (20)"
    both = sims.simulate_many(sims.GradedNetwork(graph), [switched] * 2, **options)
    assert both.attrs["not_simulated"] == run.attrs["not_simulated"]
    assert "not_simulated" not in sims.simulate(small, switched, **options).attrs


@pytest.mark.parametrize("rule", RULES)
def test_the_compiled_engine_converges_to_the_reference(small, switched, rule):
    """Second order, jump and moving thresholds included; the reference is good to 1e-7 mV."""
    options = {
        "duration_s": 0.4,
        "record_every_ms": 400,
        "threshold_rule": rule,
        "initial_state": small.random_state(switched, np.random.default_rng(0), spread_mV=5),
    }
    exact = sims.simulate(small, switched, engine="scipy", step_ms=5, **options).V[-1]
    errors = [
        np.linalg.norm(sims.simulate(small, switched, step_ms=step, **options).V[-1] - exact)
        for step in (2.5, 1.25, 0.625, 0.3125)
    ]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.1)


def test_the_two_references_agree(small, switched):
    runs = [
        sims.simulate(
            small, switched, engine="scipy", method=method, duration_s=0.3, record_every_ms=50,
            step_ms=5, rng=np.random.default_rng(0),
        )
        for method in ("BDF", "Radau")
    ]  # fmt: skip
    np.testing.assert_allclose(runs[0].V, runs[1].V, atol=1e-6)
    assert np.abs(runs[0].V[-1] - runs[0].V[0]).max() > 1


@pytest.mark.parametrize("rule", RULES)
def test_a_long_run_is_the_same_in_blocks(small, switched, rule, monkeypatch):
    from isochron.sims.engines import numba_graded

    def run():
        return sims.simulate(
            small, switched, duration_s=0.3, step_ms=1, record_every_ms=7,
            threshold_rule=rule, rng=np.random.default_rng(0),
        )  # fmt: skip

    whole = run()
    monkeypatch.setattr(numba_graded, "BLOCK_STEPS", 20)
    np.testing.assert_allclose(run().V, whole.V, rtol=0, atol=1e-10)


def test_what_is_recorded(small, switched):
    options = {"duration_s": 0.2, "rng": np.random.default_rng(0), "threshold_rule": "adiabatic"}
    run = sims.simulate(small, switched, record=["V_minus_threshold", "input", "V"], **options)
    assert set(run.data_vars) == {"V", "V_minus_threshold", "input", "threshold"}
    np.testing.assert_allclose(run.V - run.threshold, run.V_minus_threshold)
    assert run.threshold.dims == ("time", "neuron")
    assert run.input.attrs["units"] == "pA"
    np.testing.assert_allclose(run.input.sel(time=150, neuron="N0"), 8)
    with pytest.raises(ValueError, match="record must be"):
        sims.simulate(small, switched, record=["voltage"], **options)


def test_provenance_is_enough_to_repeat(small, switched):
    rng = np.random.default_rng(5)
    run = sims.simulate(small, switched, duration_s=0.1, step_ms=0.5, rng=rng)
    again = np.random.default_rng()
    again.bit_generator.state = json.loads(run.attrs["rng"])
    assert run.identical(sims.simulate(small, switched, duration_s=0.1, step_ms=0.5, rng=again))
    assert run.attrs["engine"] == "numba"
    assert run.attrs["n_steps"] == 200
    assert "onset=100" in run.attrs["stimulus"]
    parameters = sims.GradedParameters(**json.loads(run.attrs["parameters"]))
    assert parameters == small.parameters


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "euler"}, "Unknown engine 'euler'.* Available: numba, torch"),
        ({"method": "euler"}, "not have a method 'euler'; it has strang"),
        ({"threshold_rule": "moving"}, "choose from fixed, adiabatic, ramped"),
        ({"initial_state": np.zeros(3)}, "40 finite numbers"),
        ({"step_ms": 0}, "step_ms must be positive"),
    ],
)
def test_bad_arguments_are_refused(small, switched, options, message):
    with pytest.raises(ValueError, match=message):
        sims.simulate(
            small, switched, **{"duration_s": 0.1, "rng": np.random.default_rng(0), **options}
        )


def test_a_missing_package_is_named_with_its_cure():
    missing = dataclasses.replace(sims.ENGINES["brian2"], path="no_such_package")
    with pytest.raises(ModuleNotFoundError, match=r'pip install "isochron\[spiking\]"'):
        Registry("engine", {"brian2": missing}).load("brian2")


@pytest.mark.parametrize(
    "stimulus",
    [
        sims.pulse_current(["N3"], amplitude_pA=5, width_ms=0.2, period_ms=20, n_pulses=3),
        sims.pulse_current(["N3"], amplitude_pA=5, width_ms=19.9, period_ms=20, n_pulses=3),
        sims.step_current(["N3"], amplitude_pA=5, onset_ms=0.01, duration_ms=0.3),
        sims.sinusoidal_current(["N3"], amplitude_pA=5, frequency_Hz=8400),
    ],
    ids=["pulse", "gap", "step", "sinusoid"],
)
def test_what_happens_within_a_step_is_refused(small, stimulus):
    """A fixed step would miss it; an engine that stops at jumps does not."""
    options = {"duration_s": 0.01, "initial_state": np.zeros(small.dimension)}
    with pytest.raises(ValueError, match="steps would miss it"):
        sims.simulate(small, stimulus, **options)
    with pytest.raises(ValueError, match="steps would miss it"):
        sims.simulate_many(
            small, [stimulus, stimulus], duration_s=0.01, rng=np.random.default_rng(0)
        )
    assert sims.simulate(small, stimulus, engine="scipy", **options).V.notnull().all()


def test_a_seed_is_not_a_generator(small, switched):
    seed: Any = 0
    with pytest.raises(TypeError, match="default_rng"):
        sims.simulate(small, switched, duration_s=0.01, rng=seed)
    with pytest.raises(TypeError, match="default_rng"):
        sims.simulate_many(small, [switched], duration_s=0.01, rng=seed)


def test_milliseconds_for_seconds_are_noticed(small, switched):
    with pytest.raises(ValueError, match="duration_s is in seconds"):
        sims.simulate(small, switched, duration_s=2e8, rng=np.random.default_rng(0))


def sample_of(network):
    rng = np.random.default_rng(0)
    names = list(network.connectome.neurons)
    return xr.Dataset(
        {name: (("neuron",), rng.random(len(names))) for name in ("V", "s")},
        coords={"neuron": names},
    )


def test_a_state_is_put_in_the_order_of_the_network(small):
    sample = sample_of(small)
    right = sims.state_vector(sample)
    np.testing.assert_array_equal(sims.state_vector(sample, small), right)
    shuffled = sample.isel(neuron=np.random.default_rng(1).permutation(20))
    np.testing.assert_array_equal(sims.state_vector(shuffled, small), right)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda sample: sample.drop_vars("s"), "lacks s"),
        (lambda sample: sample.expand_dims(member=3), "member=0"),
        (lambda sample: sample.expand_dims(time=2), "Choose one time"),
        (lambda sample: sample.isel(neuron=slice(19)), "lacks N19"),
        (
            lambda sample: sample.assign_coords(neuron=["X", *sample.neuron.values[1:]]),
            "lacks N0; the network lacks X",
        ),
    ],
)
def test_a_state_of_another_worm_is_refused(small, spoil, message):
    with pytest.raises(ValueError, match=message):
        sims.state_vector(spoil(sample_of(small)), small)


def test_a_run_is_not_a_state(small, switched):
    run: Any = sample_of(small)
    with pytest.raises(ValueError, match="state_vector"):
        sims.simulate(small, switched, duration_s=0.01, initial_state=run)
