"""The worm against what is known of it: specification, section 2, and two engines."""

import dataclasses

import numpy as np
import pytest

from isochron import analysis, sims
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
