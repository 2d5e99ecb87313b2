"""Method and step for a promised error, and the warning about a step that is too coarse."""

from typing import Any

import numpy as np
import pytest

from isochron import sims


@pytest.mark.parametrize("tolerance", [None, 0.1, 1e-4])
def test_the_promised_error_is_reached(worm, touch, tolerance):
    """Against a run with an eighth of the step, whose error is 1/512."""
    start = worm.random_state(touch, np.random.default_rng(5))
    options = {"duration_s": 5, "initial_state": start}
    run = sims.simulate(worm, touch, tolerance_mV=tolerance, **options)
    assert run.attrs["method"] == "multistep"
    fine = run.attrs["step_ms"] / 8
    exact = sims.simulate(worm, touch, method="multistep", step_ms=fine, **options)
    error = float(np.abs(run.V - exact.V).max())
    assert error < (tolerance or 1e-3)
    # The next term of the error is larger where the step is long.
    assert run.attrs["estimated_error_mV"] == pytest.approx(error, rel=0.3)


@pytest.mark.parametrize("amplitude_pA", [2e4, 1e6])
def test_the_error_is_that_of_the_step_that_the_guard_took(worm, amplitude_pA):
    """The run at a step and that at half of it both took what the guard allows: 0 mV, not 33."""
    push = sims.step_current(["PLML", "PLMR"], amplitude_pA=amplitude_pA)
    options = {
        "duration_s": 0.5,
        "initial_state": worm.random_state(push, np.random.default_rng(5)),
    }
    run = sims.simulate(worm, push, **options)
    exact = sims.simulate(worm, push, engine="scipy", **options)
    error = float(np.abs(run.V - exact.V).max())
    assert 0.3 * error < run.attrs["estimated_error_mV"]
    assert error < max(1e-3, 1e-4 * float(np.ptp(exact.V.values)))


def test_a_coarser_promise_takes_fewer_steps(worm, touch):
    rng = np.random.default_rng
    runs = [
        sims.simulate(worm, touch, tolerance_mV=tolerance, duration_s=2, rng=rng(0))
        for tolerance in (1e-1, 1e-3, 1e-5)
    ]
    steps = [run.attrs["step_ms"] for run in runs]
    assert steps[0] > steps[1] > steps[2]
    # A tenth of the time constant of open synapses, 250 ms, is the longest.
    assert steps[0] <= 20


def test_a_given_step_is_that_of_strang_as_before(small, drive):
    run = sims.simulate(small, drive, step_ms=2, duration_s=0.1, rng=np.random.default_rng(0))
    assert (run.attrs["method"], run.attrs["step_ms"], run.attrs["n_steps"]) == ("strang", 2, 50)
    assert "estimated_error_mV" not in run.attrs
    free = sims.simulate(
        small, drive, method="strang", duration_s=0.1, rng=np.random.default_rng(0)
    )
    assert (free.attrs["method"], free.attrs["step_ms"]) == ("strang", 0.5)


def test_frequent_jumps_take_the_method_that_does_not_restart(small):
    noise = sims.noise_current(
        ["N3"], deviation_pA=1, correlation_time_ms=20, duration_ms=201, mean_pA=20,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    run = sims.simulate(small, noise, duration_s=0.2, rng=np.random.default_rng(0))
    assert (run.attrs["method"], run.attrs["step_ms"]) == ("strang", 0.5)
    start = small.random_state(noise, np.random.default_rng(0))
    exact = sims.simulate(small, noise, engine="scipy", duration_s=0.2, initial_state=start)
    error = float(np.abs(run.V - exact.V).max())
    assert run.attrs["estimated_error_mV"] == pytest.approx(error, rel=0.3)
    with pytest.warns(sims.StepWarning, match="above tolerance_mV=1e-06"):
        sims.simulate(small, noise, duration_s=0.2, tolerance_mV=1e-6, initial_state=start)


def test_a_step_that_is_too_coarse_is_marked(worm, touch):
    """A fifth of the period. The potentials are then wrong by more than their range."""
    options: Any = {"duration_s": 20, "step_ms": 400, "record_every_ms": 400}
    with pytest.warns(sims.StepWarning, match="step_ms=400 is too coarse"):
        run = sims.simulate(worm, touch, rng=np.random.default_rng(0), **options)
    assert run.attrs["estimated_error_mV"] > 100
    with pytest.warns(sims.StepWarning, match="step_ms=400 is too coarse"):
        sims.simulate_many(worm, [touch, touch], rng=np.random.default_rng(0), **options)


def test_ordinary_steps_are_not_checked(worm, touch):
    """Warnings are errors in the tests."""
    run = sims.simulate(worm, touch, duration_s=0.2, step_ms=20, rng=np.random.default_rng(0))
    assert "estimated_error_mV" not in run.attrs


def test_step_and_tolerance_exclude_each_other(small, drive):
    calls: Any = ((sims.simulate, drive), (sims.simulate_many, [drive]))
    for function, stimulus in calls:
        with pytest.raises(ValueError, match="exclude each other"):
            function(
                small, stimulus, step_ms=1, tolerance_mV=1, duration_s=0.1,
                rng=np.random.default_rng(0),
            )  # fmt: skip


def test_the_error_of_the_multistep_method_is_estimated(worm, touch, worm_run):
    """A step twice as long has 8 times the error; and at 16 ms the period is good to 1e-5."""
    start = sims.state_vector(worm_run.isel(time=-1))
    options = {"duration_s": 40, "initial_state": start, "method": "multistep"}
    coarse, fine = (
        sims.estimate_step_error(worm, touch, step_ms=step, **options) for step in (16, 8)
    )
    assert coarse.order == 3
    assert abs(coarse.period) < 1e-5
    assert 4 < coarse.potential_mV / fine.potential_mV < 40
    assert coarse.step_for(period=abs(coarse.period) / 8) == pytest.approx(8)


@pytest.mark.parametrize("step_ms", [1e300, 101])
def test_a_step_that_is_longer_than_the_run(small, step_ms):
    push, rng = sims.step_current(["N3"], amplitude_pA=1), np.random.default_rng(0)
    with pytest.raises(ValueError, match="step_ms=.* is longer than the run: .* is 100 ms"):
        sims.simulate(small, push, step_ms=step_ms, duration_s=0.1, rng=rng)
    with pytest.raises(ValueError, match="step_ms=.* is longer than the run: .* is 100 ms"):
        sims.simulate_many(small, [push], step_ms=step_ms, duration_s=0.1, rng=rng)


@pytest.mark.parametrize("step_ms", [4.9, 0.1 * 59])
def test_a_run_of_one_step(small, step_ms):
    """0.0049 s are less than 4.9 ms in floating-point numbers."""
    assert step_ms > 1e3 * (duration := round(step_ms / 1e3, 6))
    push = sims.step_current(["N3"], amplitude_pA=1)
    settings = {"step_ms": step_ms, "duration_s": duration, "record_every_ms": step_ms}
    run = sims.simulate(small, push, rng=np.random.default_rng(0), **settings)
    assert run.sizes["time"] == 2
