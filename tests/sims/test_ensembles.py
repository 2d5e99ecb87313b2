"""simulate_many(): each member equals the same run of simulate()."""

import json

import numpy as np
import pytest

from isochron import sims

OPTIONS = {"duration_s": 0.3, "step_ms": 2, "record_every_ms": 20}


@pytest.fixture(scope="module")
def members(small):
    """Eleven networks, more than a group of lanes, with different parameters and connectomes."""
    return [
        *[small.with_parameters(gap_conductance=g) for g in (0.05, 0.2)],
        *[small.with_parameters(capacitance=c, steepness=0.1) for c in (1.0, 2.0)],
        small.disconnect("N1*"),
        *[small.disconnect(f"N{i}") for i in range(6)],
    ]


@pytest.fixture(scope="module")
def stimuli():
    return [
        sims.step_current(["N3"], amplitude_pA=20 + k)
        + sims.sinusoidal_current(["N0"], amplitude_pA=k, frequency_Hz=4)
        for k in range(11)
    ]


@pytest.mark.parametrize("rule", sims.THRESHOLD_RULES)
@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_members_are_what_they_are_alone(members, stimuli, engine, rule):
    starts = np.stack(
        [n.random_state(s, np.random.default_rng(0)) for n, s in zip(members, stimuli, strict=True)]
    )
    together = sims.simulate_many(
        members, stimuli, engine=engine, threshold_rule=rule, initial_states=starts, chunk=9,
        record=["V", "s", "V_minus_threshold"], **OPTIONS,
    )  # fmt: skip
    for k, (network, stimulus) in enumerate(zip(members, stimuli, strict=True)):
        alone = sims.simulate(
            network, stimulus, threshold_rule=rule, initial_state=starts[k],
            record=["V", "s", "V_minus_threshold"], **OPTIONS,
        )  # fmt: skip
        for name in ("V", "s", "V_minus_threshold"):
            np.testing.assert_allclose(together[name][k], alone[name], rtol=0, atol=1e-9)
    assert not together.failed.any()
    assert np.ptp(together.V.values[:, -1], axis=0).max() > 1


def test_threads_and_chunks_change_nothing(members, stimuli):
    runs = [
        sims.simulate_many(
            members, stimuli, rng=np.random.default_rng(0), workers=workers, chunk=chunk, **OPTIONS
        )
        for workers, chunk in ((1, 100), (2, 8))
    ]
    assert runs[0].identical(runs[1])
    assert len(json.loads(runs[0].attrs["parameters"])) == 11
    np.testing.assert_array_equal(runs[0].final_state[:, :20], runs[0].V[:, -1])


@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_a_member_that_fails_says_why_and_stops_nobody(small, engine):
    """Twice the largest potential is not finite."""
    stimulus = sims.step_current(["N3"], amplitude_pA=20)
    start = small.random_state(stimulus, np.random.default_rng(0))
    starts = np.stack([start, np.full(40, 1.7e308), start])
    run = sims.simulate_many(small, stimulus, engine=engine, initial_states=starts, **OPTIONS)
    assert run.failed.values.tolist() == [False, True, False]
    assert run.reason.values[1].startswith("not finite after")
    np.testing.assert_array_equal(run.V[0], run.V[2])


def test_float32_is_float64_to_its_precision(small, stimuli, device):
    """24 bits on potentials of some tens of mV."""
    runs = [
        sims.simulate_many(
            small,
            stimuli,
            engine="torch",
            dtype=dtype,
            device=device,
            rng=np.random.default_rng(0),
            **OPTIONS,
        )  # fmt: skip
        for dtype in ("float64", "float32")
    ]
    difference = np.abs(runs[0].V - runs[1].V).values
    assert 0 < difference.max() < 1e-3


def test_a_neuron_cut_off_is_as_good_as_absent(small, drive):
    """The other neurons move as in a simulation without it."""
    cut = small.disconnect("N1*")
    absent = sims.GradedNetwork(small.connectome.ablate("N1*"))
    stimulus = sims.step_current(["N3", "N5"], amplitude_pA=20)
    kept = small.connectome.index(absent.connectome.neurons)
    start = cut.random_state(stimulus, np.random.default_rng(0))
    whole = sims.simulate(cut, stimulus, initial_state=start, **OPTIONS)
    part = sims.simulate(
        absent, stimulus, initial_state=start[np.concatenate([kept, kept + 20])], **OPTIONS
    )
    np.testing.assert_allclose(whole.V[:, kept], part.V, atol=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "scipy"}, "engine must be one of numba, torch, triton"),
        ({"dtype": "float16"}, "dtype must be one of"),
        ({"dtype": "float32"}, "compute in float32; the method is 'strang'"),
        ({"record": ["input"]}, "record must be a list of some of V"),
        ({"rng": None}, "initial_states, or rng"),
        ({"initial_states": np.zeros((3, 40))}, "as many of each"),
        ({"initial_states": np.zeros((11, 39))}, "rows of 40"),
        ({"chunk": 0}, "chunk must be positive"),
        ({"duration_s": 1e7, "record_every_ms": 2}, "GiB"),
        ({"engine": "torch", "device": "cuda"}, "No CUDA device"),
    ],
)
def test_bad_ensembles_are_refused(members, stimuli, options, message):
    import torch

    if options.get("device") and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    given = {**OPTIONS, "rng": np.random.default_rng(0), **options}
    with pytest.raises(ValueError, match=message):
        sims.simulate_many(members, stimuli, **given)


def test_other_neurons_are_refused(small, stimuli):
    other = sims.GradedNetwork(small.connectome.ablate("N9"))
    with pytest.raises(ValueError, match=r"same neurons.*disconnect"):
        sims.simulate_many([small, other], stimuli[0], rng=np.random.default_rng(0), **OPTIONS)


def test_one_network_and_one_stimulus_are_no_ensemble(small, stimuli):
    with pytest.raises(ValueError, match="for each member"):
        sims.simulate_many(small, stimuli[0], rng=np.random.default_rng(0), **OPTIONS)


@pytest.mark.parametrize("rule", sims.THRESHOLD_RULES)
def test_members_of_the_multistep_method_are_what_they_are_alone(members, stimuli, rule):
    """Jumps at different times, parameters and connectomes included; to rounding."""
    pulse = sims.step_current(["N5"], amplitude_pA=4, onset_ms=111, duration_ms=60)
    stimuli = [one + pulse if k % 3 else one for k, one in enumerate(stimuli)]
    starts = np.stack(
        [n.random_state(s, np.random.default_rng(0)) for n, s in zip(members, stimuli, strict=True)]
    )
    options = {"method": "multistep", "step_ms": 8, "threshold_rule": rule, "record": ["V", "s"]}
    options |= {"duration_s": 0.3, "record_every_ms": 7}
    together = sims.simulate_many(members, stimuli, initial_states=starts, **options)
    for k, (network, stimulus) in enumerate(zip(members, stimuli, strict=True)):
        alone = sims.simulate(network, stimulus, initial_state=starts[k], **options)
        for name in ("V", "s"):
            np.testing.assert_allclose(together[name][k], alone[name], rtol=0, atol=1e-9)
    assert np.ptp(together.V.values[:, -1], axis=0).max() > 1


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.long)])
def test_a_member_does_not_depend_on_the_others(members, stimuli, dtype):
    """Bit-identical with any number of threads, chunks and neighbors."""
    starts = np.stack(
        [n.random_state(s, np.random.default_rng(0)) for n, s in zip(members, stimuli, strict=True)]
    )
    options = {"method": "multistep", "step_ms": 8, "dtype": dtype, "duration_s": 0.3}
    runs = [
        sims.simulate_many(
            members, stimuli, initial_states=starts, workers=workers, chunk=chunk, **options
        )
        for workers, chunk in ((1, 100), (2, 3))
    ]
    assert runs[0].identical(runs[1])
    few = sims.simulate_many(members[4:6], stimuli[4:6], initial_states=starts[4:6], **options)
    np.testing.assert_array_equal(few.V, runs[0].V[4:6])


def test_the_guard_halves_the_step_of_a_member_only(small):
    """Rates at which 30 ms is too long, next to a member for which it is not."""
    fast = small.with_parameters(steepness=0.5, activation_rate=0.01, decay_rate=0.05)
    stimulus = sims.step_current(["N3"], amplitude_pA=60)
    options = {"method": "multistep", "duration_s": 0.5, "step_ms": 30, "record_every_ms": 30}
    states = [n.random_state(stimulus, np.random.default_rng(0)) for n in (small, fast)]
    both = sims.simulate_many([small, fast], stimulus, initial_states=np.stack(states), **options)
    steps = json.loads(both.attrs["step_ms"])
    assert steps[1] < steps[0] == 30
    for k, network in enumerate((small, fast)):
        alone = sims.simulate(network, stimulus, initial_state=states[k], **options)
        np.testing.assert_allclose(both.V[k], alone.V, rtol=0, atol=1e-9)
        assert alone.attrs["step_ms"] == steps[k]


def test_a_failed_member_of_the_multistep_method_stops_nobody(small):
    stimulus = sims.step_current(["N3"], amplitude_pA=20)
    start = small.random_state(stimulus, np.random.default_rng(0))
    starts = np.stack([start, np.full(40, 1.7e308), start])
    options = {"method": "multistep", "step_ms": 8, "duration_s": 0.1}
    run = sims.simulate_many(small, stimulus, initial_states=starts, **options)
    assert run.failed.values.tolist() == [False, True, False]
    assert run.reason.values[1].startswith("not finite after")
    np.testing.assert_array_equal(run.V[0], run.V[2])


def test_float32_of_the_multistep_method_is_float64_to_its_precision(small, stimuli):
    """24 bits on differences of some mV from the thresholds, and on driving forces of some tens."""
    options = {"method": "multistep", "step_ms": 8, "duration_s": 0.5}
    runs = [
        sims.simulate_many(small, stimuli, dtype=dtype, rng=np.random.default_rng(0), **options)
        for dtype in ("float64", "float32")
    ]
    difference = np.abs(runs[0].V - runs[1].V).values
    assert 0 < difference.max() < 1e-3


def test_an_ensemble_chooses_its_step(small, stimuli):
    """The error that it states is that of a run with a tenth of the step."""
    options = {"duration_s": 0.5, "rng": np.random.default_rng(0)}
    run = sims.simulate_many(small, stimuli, tolerance_mV=1e-2, **options)
    assert run.attrs["method"] == "multistep"
    options["rng"] = np.random.default_rng(0)
    exact = sims.simulate_many(
        small, stimuli, method="multistep", step_ms=run.attrs["step_ms"] / 10, **options
    )
    error = np.abs(run.V - exact.V).values.max()
    assert error < 1e-2
    assert run.attrs["estimated_error_mV"] == pytest.approx(error, rel=0.3)
