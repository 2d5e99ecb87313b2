"""The method "multistep" of the compiled engine, against SciPy with tight tolerances."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from isochron import connectome, sims
from isochron.sims.engines.multistep import coefficients, one_worm, runs
from isochron.sims.engines.multistep.schedule import Scales, find_scales, plan_stages

N0, N3 = ["N0"], ["N3"]
CONSTANT = sims.step_current(N3, amplitude_pA=20)
STIMULI = {
    "constant": CONSTANT,
    "switched": CONSTANT
    + sims.step_current(N0, amplitude_pA=8, onset_ms=103.7, duration_ms=151.1),
    "rise": CONSTANT + sims.step_current(N0, amplitude_pA=8, onset_ms=50, rise_ms=240),
    "ramp": CONSTANT + sims.ramp_current(N0, amplitude_pA=8, onset_ms=51, duration_ms=120),
    "pulses": CONSTANT
    + sims.pulse_current(N0, amplitude_pA=9, width_ms=21, period_ms=77, n_pulses=3, onset_ms=40),
    "sinusoid": CONSTANT + sims.sinusoidal_current(N0, amplitude_pA=5, frequency_Hz=4),
    "chirp": CONSTANT
    + sims.chirp_current(
        N0, amplitude_pA=5, first_frequency_Hz=1, last_frequency_Hz=4, duration_ms=250, onset_ms=60
    ),
    "noise": CONSTANT
    + sims.noise_current(
        N0, deviation_pA=3, correlation_time_ms=50, duration_ms=401, sample_ms=20,
        rng=np.random.default_rng(0),
    ),
}  # fmt: skip


def errors(network, stimulus, steps, rule="fixed"):
    """Largest error of potentials and activations with each step, at samples between steps."""
    start = network.random_state(
        stimulus, np.random.default_rng(0), spread_mV=5, threshold_rule=rule
    )
    options = {
        "duration_s": 0.4,
        "record_every_ms": 10 / 3,
        "threshold_rule": rule,
        "initial_state": start,
    }
    exact = sims.simulate(network, stimulus, engine="scipy", step_ms=10 / 3, **options)
    found = []
    for step in steps:
        run = sims.simulate(network, stimulus, method="multistep", step_ms=step, **options)
        np.testing.assert_allclose(run.time, exact.time, rtol=1e-12)
        found.append([float(np.abs(run[name] - exact[name]).max()) for name in ("V", "s")])
    return np.array(found), [float(np.ptp(exact[name].values)) for name in ("V", "s")]


@pytest.mark.parametrize("kind", STIMULI)
def test_it_is_of_third_order_for_every_stimulus(small, kind):
    """Halving the step divides the error of the potentials by 8. From 4 to 2 ms the next term of
    the error is some per cent of it, and a segment rounds its step down."""
    found, sizes = errors(small, STIMULI[kind], (4.0, 2.0))
    assert np.log2(found[0, 0] / found[1, 0]) == pytest.approx(3, abs=0.35)
    assert (found[1] < 1e-4 * np.array(sizes)).all()


@pytest.mark.parametrize("rule", sims.THRESHOLD_RULES)
def test_it_follows_every_threshold_rule(small, rule):
    found, _ = errors(small, STIMULI["switched"] + STIMULI["sinusoid"], (4.0, 2.0), rule)
    assert np.log2(found[0, 0] / found[1, 0]) == pytest.approx(3, abs=0.35)


def test_the_two_methods_agree(worm, touch):
    """Strang's error is of second order: extrapolation from 1 and 0.5 ms removes it, after the
    first 0.1 s, whose fast relaxation these steps do not resolve."""
    start = worm.random_state(touch, np.random.default_rng(0))
    options = {"duration_s": 1, "record_every_ms": 50, "initial_state": start}
    coarse, fine = (sims.simulate(worm, touch, step_ms=step, **options).V for step in (1, 0.5))
    run = sims.simulate(worm, touch, method="multistep", step_ms=4, **options)
    exact = fine + (fine - coarse) / 3
    assert float(np.abs(run.V - exact)[3:].max()) < 1e-4
    assert float(np.abs(coarse - exact)[3:].max()) > 4e-4


def unstable():
    """Rates and drive at which the activations limit the step to less than 12 ms."""
    steep = dataclasses.replace(sims.GRADED_KUNERT2014, steepness=0.25)
    network = sims.GradedNetwork(connectome.load("varshney2011"), steep)
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=4000)
    return network, touch, network.random_state(touch, np.random.default_rng(5))


def test_the_guard_halves_an_unstable_step(monkeypatch):
    """Without it the run does not fail: it oscillates from step to step, by hundreds of mV."""
    network, touch, start = unstable()
    options = {"duration_s": 1, "record_every_ms": 24, "initial_state": start}

    def run(step):
        return sims.simulate(network, touch, method="multistep", step_ms=step, **options)

    exact, guarded = run(1), run(24)
    assert guarded.attrs["step_ms"] in (6, 3)
    assert np.abs(guarded.V - exact.V).max() < 1
    monkeypatch.setattr(runs, "LARGEST_CORRECTION", np.inf)
    free = run(24)
    assert free.attrs["step_ms"] == 24
    assert np.isfinite(free.V).all()
    assert np.abs(free.V - exact.V).max() > 100


def test_a_run_that_is_not_finite_is_reported(small):
    with pytest.raises(sims.DivergenceError, match="not finite between 0 and 100 ms"):
        sims.simulate(
            small, CONSTANT, method="multistep", step_ms=8, duration_s=0.1,
            initial_state=np.full(40, 1.7e308),
        )  # fmt: skip


def test_the_result_states_the_steps(small):
    run = sims.simulate(
        small, CONSTANT, method="multistep", step_ms=8, duration_s=4,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert run.attrs["method"] == "multistep"
    assert run.attrs["step_ms"] == 8
    # The longest step, and those that double at the start.
    assert 500 < run.attrs["n_steps"] < 1000


def test_samples_do_not_change_the_steps(small):
    """They are interpolated: a state is the same to the last bit, whatever else is recorded."""
    options = {"method": "multistep", "step_ms": 7, "duration_s": 0.6}
    runs = [
        sims.simulate(
            small, STIMULI["pulses"], record_every_ms=every, rng=np.random.default_rng(0), **options
        )
        for every in (1, 50)
    ]
    np.testing.assert_array_equal(runs[0].V[50::50], runs[1].V[1:])


def test_a_long_run_is_the_same_in_blocks(small, monkeypatch):
    """A block starts with a factor of its own conductances: the rest is at extrapolated potentials,
    with an error of third order."""
    options = {
        "method": "multistep", "step_ms": 2, "duration_s": 1, "threshold_rule": "adiabatic",
        "initial_state": small.equilibrium(CONSTANT),
    }  # fmt: skip
    whole = sims.simulate(small, STIMULI["sinusoid"], **options)
    monkeypatch.setattr(runs, "BLOCK_STEPS", 50)
    blocks = sims.simulate(small, STIMULI["sinusoid"], **options)
    np.testing.assert_allclose(blocks.V, whole.V, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["small", "worm"])
def test_the_equations_of_the_potentials_are_solved(name, request):
    """The factor in slices with its dense block, against a dense solution."""
    network = request.getfixturevalue(name)
    p, rng = network.parameters, np.random.default_rng(0)
    layout = one_worm.build_network(p, network.laplacian, network.synapses, network.reversal)
    size = layout.diagonal.size
    conductance, x = rng.random(size), rng.normal(size=(2, size))
    matrix = np.diag(np.full(network.n_neurons, 0.3) + conductance[layout.place])
    matrix += (network.laplacian + p.leak_conductance * np.eye(network.n_neurons)) / p.capacitance
    expected = np.linalg.solve(matrix, x[1, layout.place])
    factor = one_worm.factor_arrays(layout)
    one_worm.factorize(layout, 0.3, conductance, factor)
    one_worm.solve(layout, factor, x, 1)
    np.testing.assert_allclose(x[1, layout.place], expected, rtol=1e-11)


def test_synapses_are_summed(worm):
    n = worm
    layout = one_worm.build_network(n.parameters, n.laplacian, n.synapses, n.reversal)
    s = np.random.default_rng(0).random(layout.diagonal.size)
    sums = np.zeros((2, s.size))
    one_worm.sum_synapses(layout, s, sums[0], sums[1])
    at, scale = layout.place, n.parameters.capacitance
    np.testing.assert_allclose(sums[0, at] * scale, n.synapses @ s[at], rtol=1e-12)
    np.testing.assert_allclose(
        sums[1, at] * scale, (n.synapses * n.reversal) @ s[at], rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("duration", [0.3, 9.9, 120.0, 5e3])
def test_stages_fill_the_segment(duration):
    """The last step ends where the segment does, and no step is longer than the longest."""
    stages = plan_stages(duration, 16.0, Scales(synapses=250.0, n_doublings=9))
    total = sum(stage.step * stage.n_steps for stage in stages)
    assert total == pytest.approx(duration, rel=1e-12)
    assert all(0 < stage.step <= 16 and stage.n_steps > 0 for stage in stages)
    for before, after in pairwise(stages):
        assert after.step / before.step == pytest.approx(2 if after.doubled else 1)
        assert before.n_steps >= 4 or not after.doubled


def test_first_steps_resolve_the_fastest_potentials(worm):
    """At a step of 25 ms, a tenth of the time constant of the synapses, the first step is at most
    half of the shortest time constant, which is that of `largest_explicit_step` / 2."""
    first = plan_stages(1e4, 25.0, find_scales(worm))[0].step
    assert first < sims.largest_explicit_step(worm) / 4


@pytest.mark.parametrize("order", [1, 3])
def test_coefficients_are_exact_for_polynomials(order):
    """Backward differentiation and extrapolation of order k for degree k and k - 1, Adams for the
    degrees k - 1 and k of the derivative."""
    h = 0.7
    c = coefficients.coefficients(order, h)
    past = -h * np.arange(3.0)
    for degree in range(order + 1):
        potential = np.polynomial.Polynomial.basis(degree)
        right = potential.deriv()(h) + potential(past) @ c.past
        assert c.inertia * potential(h) == pytest.approx(right)
        rise = potential.integ()(h) - potential.integ()(0)
        assert rise == pytest.approx(potential(np.array([h, *past])) @ c.corrected)
    for degree in range(order):
        value = np.polynomial.Polynomial.basis(degree)
        assert value(past) @ c.extrapolated == pytest.approx(value(h), abs=1e-12)
        rise = value.integ()(h) - value.integ()(0)
        assert rise == pytest.approx(value(past) @ c.predicted)


def test_a_stimulus_that_is_faster_than_the_step_is_rejected(small):
    fast = sims.sinusoidal_current(N3, amplitude_pA=5, frequency_Hz=100)
    with pytest.raises(ValueError, match="steps would miss it"):
        sims.simulate(
            small, fast, method="multistep", step_ms=8, duration_s=0.1,
            initial_state=np.zeros(small.dimension),
        )  # fmt: skip
