"""Many steps at once by compiled code, next to single steps of whole matrices in NumPy."""

from typing import Any

import numpy as np
import pytest

from isochron import ann_bridge
from isochron.ann_bridge.compiled_steps import FEW_CONNECTIONS, SparseStep
from isochron.ann_bridge.float64_steps import LeakyStep

RNG = np.random.default_rng(5)
N, N_STEPS = 61, 40
WEIGHTS = RNG.normal(size=(N, N)) * (RNG.random((N, N)) < 0.1)
WEIGHTS[7] = 0  # a unit without connections
INPUTS = RNG.normal(size=(N, 1))
STATES = RNG.normal(size=(70, N))
TIME_CONSTANTS_MS = np.linspace(5, 40, N)
ROUNDING = 1e-13  # some hundred roundings of numbers of size 1


def network(weights=WEIGHTS, **options):
    return ann_bridge.FullRankRNN.from_weights(
        weights, input_weights=INPUTS, output_weights=np.ones(N), **options
    )


@pytest.fixture(params=[{}, {"time_constant_ms": TIME_CONSTANTS_MS}], ids=["one", "many"])
def system(request):
    return ann_bridge.TrainedMap(network(**request.param), frequency_Hz=8)


def whole(system, states, n_steps=N_STEPS):
    """States of single steps, with the matrix in which most weights are 0."""
    path = [states]
    for t in range(n_steps):
        path.append(LeakyStep.advance(system._step, path[-1], system._drive[t]))
    return np.array(path)


def test_it_is_used_where_connections_are_few():
    assert isinstance(network().float64_step(), SparseStep)
    full = RNG.random((N, N)) < 2 * FEW_CONNECTIONS
    assert not isinstance(network(np.where(full, 1.0, 0.0)).float64_step(), SparseStep)
    assert not isinstance(network(activation="relu").float64_step(), SparseStep)
    assert not isinstance(network(form="rate").float64_step(), SparseStep)


def test_states_are_those_of_single_steps(system):
    np.testing.assert_allclose(
        system.advance(STATES, N_STEPS), whole(system, STATES)[-1], rtol=0, atol=ROUNDING
    )
    np.testing.assert_allclose(
        system.orbit(STATES[:3], N_STEPS), whole(system, STATES[:3]), rtol=0, atol=ROUNDING
    )


def test_a_state_does_not_depend_on_those_beside_it(system):
    together = system.advance(STATES, N_STEPS)
    for k in (0, 31, 32, 69):
        np.testing.assert_array_equal(together[k], system.advance(STATES[k], N_STEPS))
    np.testing.assert_array_equal(system.advance(STATES[:2], N_STEPS), together[:2])
    path = system.orbit(STATES.reshape(7, 10, N), N_STEPS)
    np.testing.assert_array_equal(path[-1].reshape(70, N), together)


@pytest.mark.parametrize("k", [1, 2, N])
def test_tangents_are_those_of_single_steps(system, k):
    tangents = RNG.normal(size=(N, k))
    state, expected = STATES[0], tangents
    for t in range(N_STEPS):
        state, expected = LeakyStep.linearise(system._step, state, system._drive[t], expected)
    end, found = system.advance(STATES[0], N_STEPS, tangents=tangents)
    np.testing.assert_allclose(end, state, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
    along = system.tangent_map(STATES[0], N_STEPS)
    np.testing.assert_array_equal(along(tangents), found)


def test_states_and_tangents_that_are_given_stay_as_they_are(system):
    states, tangents = STATES.copy(), np.eye(N)
    system.advance(states, 3)
    system.advance(states[0], 3, tangents=tangents)
    system.tangent_map(states[0], 3)(tangents)
    np.testing.assert_array_equal(states, STATES)
    np.testing.assert_array_equal(tangents, np.eye(N))


def test_noise_is_that_of_single_steps():
    system = ann_bridge.TrainedMap(network())
    path = system.orbit(STATES[0], 5, noise_std=0.1, rng=np.random.default_rng(3))
    step: Any = system._step
    rng, std = np.random.default_rng(3), step.noise_gain * 0.1
    for before, after in zip(path[:-1], path[1:], strict=True):
        quiet = LeakyStep.advance(step, before, np.zeros(N))
        np.testing.assert_allclose(
            after, quiet + std * rng.standard_normal(N), rtol=0, atol=ROUNDING
        )


def test_states_of_a_wrong_width_are_refused(system):
    with pytest.raises(ValueError, match=rf"shape \(..., {N}\), got \(3,\)"):
        system.advance(np.zeros(3), 2)
