import numpy as np
import pytest

from isochron import connectome, sims


def test_the_estimated_error_is_the_error(small, drive):
    """Against the reference. At the step of 1 ms the leading term of the error is all but a
    few per cent of it."""
    start = small.random_state(drive, np.random.default_rng(0), spread_mV=5)
    options = {"duration_s": 0.5, "record": ["V"], "initial_state": start}
    exact = sims.simulate(small, drive, engine="scipy", step_ms=1, record_every_ms=1, **options)
    run = sims.simulate(small, drive, step_ms=1, record_every_ms=1, **options)
    error = sims.estimate_step_error(small, drive, step_ms=1, duration_s=0.5, initial_state=start)
    assert error.potential_mV == pytest.approx(float(np.abs(run.V - exact.V).max()), rel=0.05)


def period_of_vb5(run, step):
    signal = run.V.sel(neuron="VB5").values[run.time.values > 3e4]
    signal = signal - signal.mean()
    k = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    crossings = step * (k + signal[k] / (signal[k] - signal[k + 1]))
    return (crossings[-1] - crossings[0]) / (k.size - 1)


def test_the_error_of_the_period(worm, touch, worm_run):
    """Against a run from the same state at an eighth of the step, whose error is a 64th."""
    start = sims.state_vector(worm_run.isel(time=-1))
    options = {"duration_s": 60, "initial_state": start}
    error = sims.estimate_step_error(worm, touch, step_ms=10, **options)
    coarse, fine = (
        period_of_vb5(
            sims.simulate(worm, touch, step_ms=step, record_every_ms=step, **options), step
        )
        for step in (10, 1.25)
    )
    measured = coarse / fine - 1
    # The crossings lie between samples: the period is known to a few 1e-5.
    assert error.period == pytest.approx(measured, abs=5e-5)
    assert abs(measured) > 2e-4
    assert error.step_for(period=abs(error.period) / 4) == pytest.approx(5)


def test_no_rhythm_has_no_period(small, drive):
    rest = sims.step_current(["N3"], amplitude_pA=20)
    error = sims.estimate_step_error(
        small, rest, step_ms=2, duration_s=0.2, initial_state=small.equilibrium(rest)
    )
    assert np.isnan(error.period)
    assert error.potential_mV < 1e-9


@pytest.mark.parametrize(
    ("dataset", "low", "high"),
    [("varshney2011", 0.2, 0.253), ("cook2019-hermaphrodite", 0.01, 0.04)],
)
def test_where_explicit_steps_end(dataset, low, high):
    """Specification: gap junctions alone 2 / 7.9 per ms, the rest lowers it; 10 to 40 µs."""
    network = sims.GradedNetwork(connectome.load(dataset))
    if dataset == "varshney2011":
        rate = np.linalg.eigvalsh(network.laplacian)[-1] / network.parameters.capacitance
        assert rate == pytest.approx(7.9, abs=0.05)
    assert low < sims.largest_explicit_step(network) < high


def test_forward_euler_explodes_there(worm, touch):
    step, field = sims.largest_explicit_step(worm), worm.field_under(touch)
    rest = worm.equilibrium(touch)

    def distance(h):
        state = worm.random_state(touch, np.random.default_rng(0))
        for _ in range(1000):
            state = state + h * field(0, state)
        return np.abs(state - rest)[:279].max()

    with np.errstate(all="ignore"):
        assert distance(0.97 * step) < 10 < 1e3 < distance(1.03 * step)
