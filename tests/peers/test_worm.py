"""The worm against what is known of it: specification, section 2, and two engines."""

import dataclasses

import numpy as np
import pytest

from isochron import analysis, connectome, sims
from isochron.experiments.worm_system import MOTOR_CLASSES


def test_the_cycle_at_2000_pA(worm_cycle):
    assert worm_cycle.found, worm_cycle.message
    assert worm_cycle.stable
    assert abs(worm_cycle.period - 1800) < 20
    assert worm_cycle.residual < 1e-9
    assert worm_cycle.checks["trivial_multiplier"] < 1e-5
    assert worm_cycle.checks["difference_quotient"] < 1e-3
    assert worm_cycle.multipliers.size == 558


def test_two_components_carry_the_motor_variance(worm, worm_cycle):
    motor = np.concatenate([worm.wiring.index(worm.wiring.select(c)) for c in MOTOR_CLASSES])
    ratio, _ = analysis.principal_components(worm_cycle.states[:-1, motor])
    assert ratio[:2].sum() >= 0.99


def test_the_compiled_engine_has_the_same_cycle(worm, touch, worm_cycle):
    """Independent integrators: Strang splitting from the point that Radau's shooting found.

    Its error is of second order: 0.0022 mV after one period at 2 ms, times 5 for margin.
    """
    step = worm_cycle.period / 904
    stepper = sims.GradedMap(worm, touch, step_ms=step)
    end, tangents = stepper.advance(worm_cycle.point, 904, tangents=np.eye(558))
    assert np.abs(end - worm_cycle.point)[:279].max() < 0.011
    leading = np.sort(np.abs(np.linalg.eigvals(tangents)))[::-1][:4]
    np.testing.assert_allclose(leading, np.abs(worm_cycle.multipliers[:4]), atol=1e-3)


def test_the_fixed_point_at_1000_pA(worm):
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=1000)
    rest = worm.equilibrium(stimulus)
    field = worm.field_under(stimulus)
    assert np.abs(field(0, rest)).max() < 1e-11
    (point,) = analysis.find_fixed_points(field, [rest])
    assert point.stable
    np.testing.assert_allclose(point.point, rest, atol=1e-6)
    run = sims.simulate(worm, stimulus, duration_s=15, step_ms=2, rng=np.random.default_rng(0))
    assert np.ptp(run.V.values[-100:], axis=0).max() < 0.01


@pytest.mark.parametrize(("current", "stable"), [(1200, True), (1400, False)])
def test_the_hopf_bifurcation_lies_between_1200_and_1400_pA(worm, current, stable):
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=current)
    jacobian = worm.field_under(stimulus).jacobian(0, worm.equilibrium(stimulus)).toarray()
    assert (np.linalg.eigvals(jacobian).real.max() < 0) == stable


def test_the_period_scales_with_the_time_constants(worm, touch, worm_cycle):
    """C, 1/a_r and 1/a_d times k: the same orbit, k times slower, exactly."""
    k, p = 1.7, worm.parameters
    slow = sims.GradedNetwork(
        worm.wiring,
        dataclasses.replace(
            p,
            capacitance=k * p.capacitance,
            activation_rate=p.activation_rate / k,
            decay_rate=p.decay_rate / k,
        ),
    )
    cycle = analysis.find_limit_cycle(
        slow.field_under(touch), worm_cycle.point, period_guess=k * worm_cycle.period,
        n_multipliers=0,
    )  # fmt: skip
    np.testing.assert_allclose(cycle.period, k * worm_cycle.period, rtol=1e-7)


def test_the_rhythm_does_not_depend_on_the_seed(worm, touch, worm_cycle):
    start = worm.random_state(touch, np.random.default_rng(99), spread_mV=10)
    stepper = sims.GradedMap(worm, touch, step_ms=8)
    end = stepper.advance(start, 25_000)
    size = np.linalg.norm(worm_cycle.states - worm_cycle.states.mean(axis=0), axis=1).max()
    assert np.linalg.norm(worm_cycle.states - end, axis=1).min() < 0.05 * size


def test_synapses_stay_within_their_bounds(worm_run, worm):
    p = worm.parameters
    bound = p.activation_rate / (p.activation_rate + p.decay_rate)
    assert worm_run.s.values.min() > 0
    assert worm_run.s.values.max() < bound == pytest.approx(1 / 6)


@pytest.mark.parametrize("current", [2000, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_default_step_is_good_to_a_microvolt(worm, current):
    """Specification: 1e-3 mV in V - Vth over 5 s, against BDF at rtol 1e-10."""
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=current)
    compiled, exact = (
        sims.simulate(
            worm, stimulus, engine=engine, duration_s=5, record_every_ms=20,
            record=["V_minus_threshold"], rng=np.random.default_rng(0),
        ).V_minus_threshold.values
        for engine in ("numba", "scipy")
    )  # fmt: skip
    assert np.ptp(exact) > 5
    assert np.abs(compiled - exact).max() < 1e-3


@pytest.mark.parametrize("current", [1000, 2000])
def test_torch_and_the_compiled_engine_are_equal(worm, current):
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=current)
    runs = [
        sims.simulate(
            worm, stimulus, engine=engine, duration_s=1, step_ms=8, record_every_ms=40,
            rng=np.random.default_rng(0),
        ).V.values
        for engine in ("numba", "torch")
    ]  # fmt: skip
    # Potentials reach volts; relative to them this is 1e-13.
    np.testing.assert_allclose(runs[1], runs[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("current", [1000, 2000, 4000])
def test_cook_2019_rests_with_the_same_constants(current):
    """The negative control of the specification: no rhythm on the newer wiring."""
    network = sims.GradedNetwork(connectome.load("cook2019-hermaphrodite"))
    stimulus = sims.step_current(["PLM"], amplitude_pA=current)
    rest = network.equilibrium(stimulus)
    jacobian = network.field_under(stimulus).jacobian(0, rest).toarray()
    assert np.linalg.eigvals(jacobian).real.max() < 0
    run = sims.simulate(network, stimulus, duration_s=20, step_ms=8, rng=np.random.default_rng(0))
    assert np.abs(run.V.values[-1] - rest[: network.n_neurons]).max() < 0.01
