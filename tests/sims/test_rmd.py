"""The neuron RMD with voltage-gated currents: published simulations, order, equilibria."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron import sims
from isochron.sims.rmd import VARIABLES

NEURON = sims.RMDNeuron()
# V in mV at times in ms, of jNeuroML with the model of Nicoletti et al. (2019) in NeuroML
# (OpenWorm, NicolettiEtAl2019_NeuronModels, figure 7B): from -70 mV, a pulse at 10 to 60 ms and
# one of -15 pA at 110 to 130 ms.
PUBLISHED = {
    -2.0: {90.0: -69.47669, 145.0: -69.76094, 150.0: -69.57691},
    2.0: {90.0: -69.502756, 145.0: -69.77347, 150.0: -69.58971},
    6.0: {90.0: -46.044935, 145.0: -70.25943, 150.0: -70.16366},
    10.0: {90.0: -46.367757, 145.0: -70.368126, 150.0: -70.27314},
}


def jacobian(x):
    steps = np.maximum(1e-6 * abs(x), 1e-9)
    moved, back = x + np.diag(steps), x - np.diag(steps)
    field = NEURON.field_under()
    return ((field(0, moved) - field(0, back)) / (2 * steps[:, None])).T


def integrate(x, current, duration_ms, at=None):
    return solve_ivp(
        NEURON.field_under(current), (0, duration_ms), x,
        method="LSODA", rtol=1e-9, atol=1e-11, t_eval=at,
    ).y  # fmt: skip


def test_currents_that_no_neuron_survives_are_an_error():
    neuron = sims.RMDNeuron()
    with pytest.raises(ArithmeticError, match="not finite after step 1, with currents of up to"):
        neuron.respond(np.full((2, 1), 1e7), step_ms=10.0)
    with pytest.raises(ValueError, match="currents is complex"):
        neuron.respond(np.full((2, 1), 1j), step_ms=10.0)
    for wrong in ("10", None, np.array([1.0, 2.0])):
        with pytest.raises(ValueError, match="step_ms must be positive and finite"):
            neuron.respond(np.zeros((2, 1)), step_ms=wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="parameters must be RMDParameters, got 'x'"):
        sims.RMDNeuron("x")  # pyright: ignore[reportArgumentType]


def test_the_potential_crosses_minus_50_mV_when_it_does_in_xppaut():
    """At 313.47 ms, the 347th sample of 10 µs after the start of a current of 10 pA at 310 ms.

    The initial state is that of the published file: closed activations, open inactivations.
    """
    x = np.array([float(name.endswith(("_h", "_hf", "_hs"))) for name in VARIABLES])
    x[0], x[-2], x[-1] = -70.0, 5e-5, 0.13563
    rest = integrate(x, 0.0, 310.0)[:, -1]
    times = 0.01 * np.arange(1, 401)
    potentials = integrate(rest, 10.0, 4.0, times)[0]
    assert times[potentials > -50][0] == pytest.approx(3.47, abs=1e-9)


def test_pulses_leave_the_neuron_where_they_do_in_jneuroml():
    """Its forward Euler method with steps of 25 µs is within 1 mV/ms · 25 µs after a pulse."""
    pulses, step_ms = np.array(list(PUBLISHED)), 0.1
    currents = np.zeros((1500, len(pulses)))
    currents[100:600], currents[1100:1300] = pulses, -15
    start = NEURON.steady_state(-70.0)
    found = NEURON.respond(currents, step_ms, initial_state=start)
    for k, values in enumerate(PUBLISHED.values()):
        for at, potential in values.items():
            assert found[round(at / step_ms) - 1, k] == pytest.approx(potential, abs=0.003)


def test_steps_are_of_second_order():
    """A quarter of the error with half the step, on the rise and the plateau."""
    exact = integrate(NEURON.resting_state(), 10.0, 8.0)[0, -1]
    errors = []
    for parts in (80, 160, 320):
        found = NEURON.respond(np.full((1, 1), 10.0), 8.0, longest_step_ms=8.0 / parts)
        errors.append(found[0, 0] - exact)
    assert abs(errors[0]) < 0.05
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 4, rtol=0.05)


def test_two_equilibria_are_stable_and_the_one_between_is_not():
    potentials = NEURON.equilibria()
    np.testing.assert_allclose(potentials, [-69.5, -59.8, -46.6], atol=0.05)
    stable = []
    for v in potentials:
        x = NEURON.steady_state(v)
        assert abs(NEURON.field_under()(0, x)).max() < 1e-9
        stable.append(np.linalg.eigvals(jacobian(x)).real.max() < 0)
    assert stable == [True, False, True]
    assert len(NEURON.equilibria(3.0)) == 1


def test_without_cca1_a_pulse_leaves_no_plateau():
    """Nicoletti et al. (2019): the T-type channel CCA-1 is critical for the response of RMD."""
    currents = np.concatenate([np.full((5, 1), 10.0), np.zeros((30, 1))])
    lasting = NEURON.respond(currents, 10.0, longest_step_ms=0.5)[-1, 0]
    without = sims.RMDNeuron(sims.RMDParameters(cca1=0.0))
    assert lasting > -50
    assert without.respond(currents, 10.0, longest_step_ms=0.5)[-1, 0] == pytest.approx(
        without.resting_state()[0], abs=1.5
    )


def test_trials_do_not_depend_on_their_neighbors():
    currents = np.random.default_rng(0).normal(0, 6, (10, 3))
    together = NEURON.respond(currents, 5.0)
    alone = NEURON.respond(currents[:, 1:2], 5.0)
    np.testing.assert_allclose(together[:, 1:2], alone, rtol=1e-9)
    with np.errstate(all="raise"):
        assert np.isfinite(NEURON.respond(np.array([[60.0], [-60.0]]), 100.0)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sims.RMDParameters(cca1=-1.0), "cca1 must be not negative and finite, got -1.0"),
        (lambda: sims.RMDParameters(capacitance=0.0), "capacitance must be positive and finite"),
        (lambda: NEURON.respond(np.zeros(3), 1.0), r"shape \(n_steps, n\), got .* \(3,\)"),
        (lambda: NEURON.respond([[np.nan]], 1.0), "currents must be finite"),
        (
            lambda: NEURON.respond([[0.0]], 1.0, initial_state=np.zeros(20)),
            r"initial_state must be finite, with shape \(22,\), got .* \(20,\)",
        ),
        (lambda: NEURON.respond([[0.0]], 0.0), "step_ms must be positive and finite, got 0.0"),
        (lambda: NEURON.respond([[0.0]], 1.0, longest_step_ms=-1.0), "longest_step_ms must be"),
    ],
)
def test_bad_values_are_clear_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
