"""Dynamical similarity of systems with inputs."""

import numpy as np
import pytest

from isochron.analysis.delay_models import choose_rank, dynamical_distance, fit_delay_model


def rotation(n, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def system(seed=0, n=4, n_inputs=2):
    """A stable operator, not normal, and an input operator."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n))
    return 0.9 * a / np.abs(np.linalg.eigvals(a)).max(), rng.normal(size=(n, n_inputs))


def driven(operators, inputs, seed=0):
    """x[t+1] = A x[t] + B u[t] + 0.3 from a random state; no noise."""
    a, b = operators
    states = [np.random.default_rng(seed).normal(size=len(a))]
    for u in inputs[:-1]:
        states.append(a @ states[-1] + b @ u + 0.3)
    return np.array(states)


def white(n=300, seed=0, n_inputs=2):
    return np.random.default_rng(seed).normal(size=(n, n_inputs))


def slow(n=300, seed=0, n_inputs=2):
    """White noise averaged over 12 samples, with a rhythm."""
    noise = white(n + 11, seed, n_inputs)
    smooth = np.stack([np.convolve(x, np.ones(12), "valid") for x in noise.T], axis=1)
    return smooth + 3 * np.cos(0.2 * np.arange(n))[:, None]


def distance(first, second):
    return dynamical_distance(first, second, rng=np.random.default_rng(0))


def fitted(operators, inputs, *, with_inputs=True, seed=0, whiten=True):
    options = {"inputs": inputs} if with_inputs else {}
    states = driven(operators, inputs, seed)
    return fit_delay_model(states, n_delays=1, rank=len(operators[0]), whiten=whiten, **options)


def test_the_regression_finds_operator_and_inputs():
    """In orthonormal coordinates z = Vᵀ x: operator Vᵀ A V, input operator Vᵀ B."""
    a, b = system()
    model = fitted((a, b), slow(), whiten=False)
    assert model.input_operator is not None
    assert model.offset is not None
    v = model.basis
    np.testing.assert_allclose(v.T @ v, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(model.operator, v.T @ a @ v, atol=1e-9)
    np.testing.assert_allclose(model.input_operator, v.T @ b, atol=1e-9)
    expected = v.T @ (0.3 + (a - np.eye(4)) @ model.mean)
    np.testing.assert_allclose(model.offset, expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_systems_equal_up_to_a_rotation_have_no_distance(seed):
    a, b = system(seed)
    q = rotation(4, seed + 10)
    turned = q @ a @ q.T, q @ b
    assert distance((a, b), turned) < 1e-6
    # Under the same input, in coordinates of unit covariance; its states need not be the same.
    assert distance(fitted((a, b), white()), fitted((a, b), white())) < 1e-6
    # Under different inputs, in the unit of the series.
    models = [
        fitted(one, inputs, whiten=False)
        for one, inputs in (((a, b), white()), (turned, slow(seed=5)))
    ]
    assert distance(*models) < 1e-6


def test_coordinates_of_unit_covariance_hide_a_linear_map():
    """States of one run in other units and mixed by any invertible map."""
    operators, inputs = system(), white()
    states = driven(operators, inputs)
    mixed = states @ np.random.default_rng(3).normal(size=(4, 4)) * 50 - 7
    models = [fit_delay_model(x, n_delays=1, rank=4, inputs=inputs) for x in (states, mixed)]
    assert distance(*models) < 1e-6


def test_the_effect_of_the_input_counts():
    """One operator, two ways in: the distance is positive, without inputs it is 0."""
    a, b = system()
    other = system(seed=9)[1]
    assert distance(a, a) < 1e-9
    assert distance((a, b), (a, other)) > 0.5
    assert distance((a, b), (a, 2 * b)) == pytest.approx(np.linalg.norm(b), rel=0.2)
    models = [fitted((a, x), white(), whiten=False) for x in (b, other)]
    assert distance(*models) == pytest.approx(distance((a, b), (a, other)), rel=1e-3)


def test_the_distance_of_diagonal_systems_is_the_least_over_both_pairings():
    """diag(0.9, 0.5) with inputs e1 and h e2: C is the identity or the swap."""
    a, e1 = np.diag([0.9, 0.5]), np.array([[1.0], [0.0]])
    for h in (0.1, 0.5, 1.0, 3.0):
        other = np.array([[0.0], [h]])
        swap, identity = np.hypot(0.4 * np.sqrt(2), abs(1 - h)), np.hypot(1, h)
        found = distance((a, e1), (a, other))
        assert found <= min(swap, identity) + 1e-9
        # Any rotation by θ: |A - CAC'|² = 2 (0.4 sin θ)², |e1 - h C e2|² = 1 + h² - 2 h sin θ.
        angles = np.linspace(0, 2 * np.pi, 20001)
        exact = 2 * (0.4 * np.sin(angles)) ** 2 + 1 + h**2 - 2 * h * np.sin(angles)
        assert found == pytest.approx(np.sqrt(exact.min()), abs=1e-6)


def test_a_comparison_without_the_input_takes_it_for_the_system():
    """One system under two inputs differs without them; two systems under one input that
    dominates both are closer than that.
    """
    one, other = system(n_inputs=1), system(seed=4, n_inputs=1)
    inputs, rhythm = white(n_inputs=1), slow(n_inputs=1)
    alone = distance(
        fitted(one, inputs, with_inputs=False, whiten=False),
        fitted(one, rhythm, with_inputs=False, whiten=False),
    )
    assert alone > 0.1
    known = distance(fitted(one, inputs, whiten=False), fitted(one, rhythm, whiten=False))
    assert known < 1e-6
    assert distance(fitted(one, rhythm, whiten=False), fitted(other, rhythm, whiten=False)) > 0.5


def test_delays_of_states_and_inputs_replace_units_that_are_not_observed():
    """One of 3 units: 3 past samples and 3 past inputs determine the next one."""
    operators = system(seed=2, n=3, n_inputs=1)
    inputs, later = white(400, n_inputs=1), white(400, 1, n_inputs=1)
    seen, unseen = (driven(operators, u)[:, :1] for u in (inputs, later))

    def error(n_input_delays):
        model = fit_delay_model(
            seen, n_delays=3, rank=3, inputs=inputs, n_input_delays=n_input_delays
        )
        return model.held_out_error(unseen, later)

    assert error(3) < 1e-12
    assert error(1) > 1e-3
    alone = fit_delay_model(seen, n_delays=3, rank=3)
    assert alone.held_out_error(unseen) > 0.1
    rank, errors = choose_rank(
        seen, unseen, n_delays=3, ranks=[1, 2, 3], inputs=(inputs, later), n_input_delays=3
    )
    assert rank == 3
    assert errors[2] == pytest.approx(error(3))


def test_trials_are_not_joined():
    """Each trial has its inputs; the step from one trial to the next is not used."""
    operators = system()
    inputs = [white(40, seed) for seed in range(4)]
    trials = [driven(operators, u, seed) for seed, u in enumerate(inputs)]
    model = fit_delay_model(trials, n_delays=1, rank=4, inputs=inputs, whiten=False)
    assert distance((model.operator, model.input_operator), operators) < 1e-6
    same = fit_delay_model(
        np.array(trials), n_delays=1, rank=4, inputs=np.array(inputs), whiten=False
    )
    np.testing.assert_allclose(same.operator, model.operator)


def test_noise_brings_little_distance():
    """Observation noise of 1 %: far below the distance to a different system."""
    rng = np.random.default_rng(6)
    models = []
    for operators in (system(), system(), system(seed=1)):
        inputs = white(2000)
        states = driven(operators, inputs)
        noisy = states + 0.01 * states.std() * rng.normal(size=states.shape)
        models.append(fit_delay_model(noisy, n_delays=1, rank=4, inputs=inputs))
    assert distance(models[0], models[1]) < 0.1 * distance(models[0], models[2])


STATES = driven(system(), white())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=white(299)), "300.*299|299"),
        (lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=np.ones((300, 1))), "constant"),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=STATES[:, :2]),
            "determined by the states",
        ),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=white(), n_input_delays=2),
            "n_input_delays must be from 1 to n_delays = 1, got 2",
        ),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=white() * np.nan),
            "inputs",
        ),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=white()).held_out_error(
                STATES
            ),
            "has inputs",
        ),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4).held_out_error(STATES, white()),
            "does not have inputs",
        ),
        (
            lambda: fit_delay_model(STATES, n_delays=1, rank=4, inputs=white()).held_out_error(
                STATES, white()[:, :1]
            ),
            "inputs must have 2 columns.*got 1",
        ),
        (lambda: distance(system(), system()[0]), "same inputs, or none"),
        (lambda: distance(system(), system(n_inputs=1)), "same inputs, or none"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
