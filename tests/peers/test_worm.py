"""The worm against what is known of it: specification, section 2, and two engines."""

import dataclasses

import numpy as np
import pytest

from isochron import analysis, connectome, sims
from isochron.analysis.phase.adjoint import AdjointSweep
from isochron.studies.compare.worm import MOTOR_CLASSES

N_STEPS = 256  # of 7 ms in a period: errors of order 6 leave 11 digits of it


@pytest.fixture(scope="module")
def worm_response(worm_map, worm_cycle):
    """Its phase response."""
    return analysis.find_phase_response(worm_map, worm_cycle, n_nodes=32)


def test_the_cycle_at_2000_pA(worm_cycle):
    assert worm_cycle.found, worm_cycle.message
    assert worm_cycle.stable
    assert worm_cycle.method == "Newton-Krylov"
    assert len(worm_cycle.states) == N_STEPS + 1
    assert worm_cycle.period == pytest.approx(1808.31566, abs=1e-4)
    assert worm_cycle.residual < 1e-9
    assert worm_cycle.checks["trivial_multiplier"] < 1e-8
    assert worm_cycle.checks["difference_quotient"] < 1e-3
    assert worm_cycle.largest_multiplier == pytest.approx(0.896588, abs=1e-6)


def test_the_stiff_equations_have_the_same_cycle(worm, touch, worm_cycle):
    """Independent integrators: Radau IIA, rtol 1e-9, closes the extrapolated Strang orbit.

    Its error in one period is 1e-10 of the orbit's size at this tolerance.
    """
    end = analysis.flow(worm.field_under(touch), worm_cycle.point, worm_cycle.period)
    size = np.linalg.norm(worm_cycle.states - worm_cycle.states.mean(axis=0), axis=1).max()
    assert np.linalg.norm(end - worm_cycle.point) < 1e-9 * size


@pytest.mark.slow
def test_shooting_with_the_stiff_equations_finds_the_same_cycle(worm, touch, worm_cycle):
    """Independent tangents too: an L-stable method of order 4 along Radau's orbit."""
    cycle = analysis.find_limit_cycle(
        worm.field_under(touch),
        worm_cycle.point,
        period_guess=1810,
        control=analysis.ShootingControl(method="dense"),
    )
    assert cycle.multipliers.size == 558
    assert cycle.checks["trivial_multiplier"] < 1e-5
    np.testing.assert_allclose(cycle.period, worm_cycle.period, rtol=1e-8)
    np.testing.assert_allclose(cycle.multipliers[:4], worm_cycle.multipliers[:4], atol=1e-5)


def test_the_phase_response_is_normal_to_the_field(worm, touch, worm_response):
    """Z·f = Ω: Z from tangents of the compiled steps, f from the equations."""
    field = worm.field_under(touch)
    velocity = np.array([field(0, x) for x in worm_response.states])
    product = np.sum(worm_response.response * velocity, axis=1)
    np.testing.assert_allclose(product, worm_response.angular_velocity, rtol=1e-6)


def test_the_adjoint_of_the_stiff_equations_gives_the_same_response(
    worm, touch, worm_cycle, worm_response
):
    """One sweep of Radau, rtol 1e-7, backward; what a step of 7 ms cannot follow is forgotten.

    PVDL is among the most sensitive neurons; where gap junctions are strongest, the steps
    leave 3 % of a response a thousand times smaller.
    """
    sweep = AdjointSweep(worm.field_under(touch), worm_cycle, 1e-7)
    times = worm_response.phases / worm_response.angular_velocity
    exact = sweep(worm_response.response[-1], times)[:-1]
    error = np.abs(worm_response.response[:-1] - exact)[:, :279].max(axis=0)
    relative = error / np.abs(exact[:, :279]).max(axis=0)
    assert relative[worm.connectome.index(["PVDL"])[0]] < 1e-3
    assert np.median(relative) < 1e-3


def test_a_push_moves_the_phase_by_the_phase_response(worm, touch, worm_cycle):
    """0.1 mV forth and back, then 200 periods of waiting, on the map in steps of 7 ms.

    The derivative and the pushed states are of one map, so the step does not matter.
    """
    coarse = sims.GradedMap(worm, touch, step_ms=8)
    cycle = analysis.find_limit_cycle(
        coarse,
        worm_cycle.point,
        period_guess=1808,
        control=analysis.ShootingControl(n_multipliers=0),
    )
    response = analysis.find_phase_response(coarse, cycle, n_nodes=8)
    for neuron in ("PVDL", "AVAL"):
        place = worm.connectome.index([neuron])[0]
        (pushed,) = analysis.perturbed_phase_response(
            coarse, cycle, response.phases[[3]], np.eye(558)[place], size=0.1, max_periods=200
        )
        scale = np.abs(response.response[:, place]).max()
        assert abs(pushed - response.response[3, place]) < 1e-3 * scale


def test_a_lasting_current_shortens_the_period_by_the_mean_response(
    worm, touch, worm_response, worm_cycle
):
    """dΩ/dI is the mean of Z over C: first order of averaging, with constant thresholds.

    A sine of frequency 0 is a current that the thresholds do not follow.
    """
    place = worm.connectome.index(["PVDL"])[0]
    frequencies = []
    for current in (2e-4, -2e-4):  # pA; PVD is so sensitive that at 1e-3 the cubic term is 2 %
        more = sims.sinusoidal_current(
            ["PVDL"], amplitude_pA=current, frequency_Hz=0, phase_rad=np.pi / 2
        )
        system = analysis.ExtrapolatedMap(sims.GradedMap(worm, touch + more, step_ms=8))
        cycle = analysis.find_limit_cycle(
            system,
            worm_cycle.point,
            period_guess=worm_cycle.period,
            control=analysis.ShootingControl(n_multipliers=0),
        )
        frequencies.append(2 * np.pi / cycle.period)
    slope = (frequencies[0] - frequencies[1]) / 4e-4
    mean = worm_response.response[:-1, place].mean() / worm.parameters.capacitance
    np.testing.assert_allclose(slope, mean, rtol=5e-3)


def test_two_components_carry_the_motor_variance(worm, worm_cycle):
    motor = np.concatenate(
        [worm.connectome.index(worm.connectome.select(c)) for c in MOTOR_CLASSES]
    )
    ratio, _ = analysis.principal_components(worm_cycle.states[:-1, motor])
    assert ratio[:2].sum() >= 0.99


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
        worm.connectome,
        dataclasses.replace(
            p,
            capacitance=k * p.capacitance,
            activation_rate=p.activation_rate / k,
            decay_rate=p.decay_rate / k,
        ),
    )
    system = analysis.ExtrapolatedMap(sims.GradedMap(slow, touch, step_ms=8 * k))
    cycle = analysis.find_limit_cycle(
        system,
        worm_cycle.point,
        period_guess=1.001 * k * worm_cycle.period,
        control=analysis.ShootingControl(n_multipliers=0),
    )
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
    """The negative control of the specification: no rhythm on the newer connectome."""
    network = sims.GradedNetwork(connectome.load("cook2019-hermaphrodite"))
    stimulus = sims.step_current(["PLM"], amplitude_pA=current)
    rest = network.equilibrium(stimulus)
    jacobian = network.field_under(stimulus).jacobian(0, rest).toarray()
    assert np.linalg.eigvals(jacobian).real.max() < 0
    run = sims.simulate(network, stimulus, duration_s=20, step_ms=8, rng=np.random.default_rng(0))
    assert np.abs(run.V.values[-1] - rest[: network.n_neurons]).max() < 0.01
