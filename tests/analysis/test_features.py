"""Features of states: planted ones, information of known size, ellipses, matching, ablation."""

import numpy as np
import pytest

from isochron.analysis import features

SEEDS = 5
PLANTED, UNITS, ACTIVE = 40, 20, 3  # twice as many features as units: superposition
LEARNED = 2 * PLANTED  # features of the autoencoders
SHORT = features.AutoencoderTraining(steps=500)


def planted(seed=0, n_samples=4000):
    """States with 3 of 40 directions of 20 units each, and their features."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((PLANTED, UNITS))
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    amounts = np.zeros((n_samples, PLANTED))
    for row in amounts:
        row[rng.choice(PLANTED, ACTIVE, replace=False)] = rng.uniform(0.5, 1.5, ACTIVE)
    noise = 0.02 * rng.standard_normal((n_samples, UNITS))
    return amounts @ truth + noise, truth, amounts


@pytest.fixture(scope="module")
def learned():
    """Autoencoders of the planted states from 5 seeds."""
    states, _, _ = planted()
    return [
        features.sparse_autoencoder(
            states, LEARNED, ACTIVE, training=SHORT, rng=np.random.default_rng(seed)
        )
        for seed in range(SEEDS)
    ]


def used(dictionary):
    """Directions of the features that are active in 1 % of the states or more."""
    states, _, _ = planted()
    return dictionary.directions[(dictionary.encode(states) > 0).mean(axis=0) > 0.01]


def test_planted_features_are_recovered_and_not_by_the_baselines(learned):
    """Mean maximum cosine above .9; with 80 random directions of 20 units it is about .6."""
    states, truth, _ = planted()
    for dictionary in learned:
        assert features.recovered_cosines(dictionary.directions, truth).mean() > 0.9
    rng = np.random.default_rng(0)
    others = [
        features.random_dictionary(states, LEARNED, ACTIVE, training=SHORT, rng=rng),
        features.pca(states, UNITS),
        features.ica(states, UNITS, rng=rng),
    ]
    for dictionary in others:
        assert features.recovered_cosines(dictionary.directions, truth).mean() < 0.75


def test_planted_features_are_stable_over_seeds_and_random_ones_are_not(learned):
    """At least 80 % of the features have a matched cosine above .9 with those of 4 other seeds."""
    cosines = np.concatenate(features.feature_stability([used(it) for it in learned]))
    assert np.mean(cosines > 0.9) >= 0.8
    rng = np.random.default_rng(0)
    random = [rng.standard_normal((PLANTED, UNITS)) for _ in range(SEEDS)]
    assert np.mean(np.concatenate(features.feature_stability(random)) > 0.9) == 0


def test_at_equal_numbers_of_active_features_the_planted_ones_describe_more(learned):
    states, _, _ = planted(n_samples=6000)
    trained, fresh = states[:4000], states[4000:]  # the same directions, other samples
    assert learned[0].explained(fresh) > 0.9
    assert features.pca(trained, ACTIVE).explained(fresh) < 0.5


def test_ablation_of_a_feature_moves_the_output_that_reads_it(learned):
    """A readout of one planted direction falls by its amount, where it is active and only there."""
    states, truth, amounts = planted()
    dictionary = learned[0]
    target = 7
    readout = np.linalg.pinv(truth.T)[target]  # 1 for this direction, as far as 20 units allow
    feature = int(np.argmax(dictionary.directions @ truth[target]))
    moved = (dictionary.without(states, feature) - states) @ readout
    active = amounts[:, target] > 0
    own = truth[target] @ readout
    slope = np.sum(moved[active] * amounts[active, target]) / np.sum(amounts[active, target] ** 2)
    assert slope == pytest.approx(-own, rel=0.25)  # where the encoder misses it, nothing is removed
    assert np.abs(moved[~active]).mean() < 0.05 * np.abs(moved[active]).mean()
    inactive = dictionary.encode(states)[:, feature] == 0
    np.testing.assert_array_equal(dictionary.without(states, feature)[inactive], states[inactive])


def test_an_autoencoder_is_the_same_for_the_same_seed_and_in_any_unit():
    states, _, _ = planted(n_samples=300)
    few = features.AutoencoderTraining(steps=20)
    one, same, other, scaled = (
        features.sparse_autoencoder(x, 8, 2, training=few, rng=np.random.default_rng(seed))
        for x, seed in ((states, 1), (states, 1), (states, 2), (1024 * states, 1))
    )
    np.testing.assert_array_equal(one.directions, same.directions)
    assert np.abs(one.directions - other.directions).max() > 0.1
    np.testing.assert_allclose(scaled.directions, one.directions, rtol=1e-9)
    np.testing.assert_allclose(scaled.encode(1024 * states), one.encode(states), atol=1e-9)


def test_features_that_are_never_active_come_back():
    """Twice as many features as directions: all directions are found, whatever the start."""
    rng = np.random.default_rng(0)
    states = rng.uniform(1, 2, (3000, 1)) * np.eye(12)[rng.integers(12, size=3000)]
    found = features.sparse_autoencoder(states, 24, 1, training=SHORT, rng=np.random.default_rng(3))
    assert features.recovered_cosines(found.directions, np.eye(12) - 1 / 12).mean() > 0.9


def test_the_encoding_has_the_largest_values():
    rng = np.random.default_rng(0)
    dictionary = features.Dictionary(
        mean=np.zeros(4), scale=1.0, encoder=np.eye(4), offsets=np.zeros(4),
        directions=np.eye(4), n_active=2, signed=False,
    )  # fmt: skip
    states = rng.standard_normal((50, 4))
    found = dictionary.encode(states)
    for row, x in zip(found, states, strict=True):
        kept = np.sort(np.argsort(x)[-2:])
        np.testing.assert_array_equal(np.flatnonzero(row), [k for k in kept if x[k] > 0])
    np.testing.assert_allclose(dictionary.decode(found), found)
    assert dictionary.encode(states.reshape(5, 10, 4)).shape == (5, 10, 4)


def test_principal_components_as_a_dictionary_are_a_projection():
    states = np.random.default_rng(0).standard_normal((200, 5)) * [5, 3, 1, 0.5, 0.1]
    found = features.pca(states, 2)
    variances = np.sort(np.linalg.eigvalsh(np.cov(states.T)))[::-1]
    assert found.explained(states) == pytest.approx(variances[:2].sum() / variances.sum())
    assert features.pca(states, 5).explained(states) == pytest.approx(1)


def test_independent_components_unmix_signals():
    """Four independent signals in six units; each direction is one column of the mixing."""
    rng = np.random.default_rng(0)
    signals = np.c_[rng.laplace(size=(5000, 2)), rng.uniform(-2, 2, (5000, 2))]
    mixing = rng.standard_normal((4, 6))
    found = features.ica(signals @ mixing, 4, rng=rng)
    both = np.vstack([mixing, -mixing])
    assert features.recovered_cosines(found.directions, both).reshape(2, 4).max(axis=0).min() > 0.98
    assert found.explained(signals @ mixing) == pytest.approx(1)
    scores = found.encode(signals @ mixing)
    np.testing.assert_allclose(np.corrcoef(scores.T), np.eye(4), atol=1e-10)


def test_information_of_a_feature_that_tells_the_bin():
    """Active in exactly one of 12 bins: H(1/12) bits, all of its entropy."""
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, 60_000)
    inside = (phases < 2 * np.pi / 12).astype(float)
    found = features.phase_information(inside[:, None], phases, n_levels=1, n_surrogates=9, rng=rng)
    exact = -(1 / 12 * np.log2(1 / 12) + 11 / 12 * np.log2(11 / 12))
    assert found.bits[0] == pytest.approx(exact, abs=0.01)  # sampling: 1 / sqrt(60000) of a share
    assert found.entropy_bits[0] == pytest.approx(exact, abs=0.01)
    assert found.null_bits[0] < 0.001  # bias of 11 degrees of freedom: 11 / (2 n ln 2)
    assert found.p_values[0] == 0.1


def test_the_bias_of_an_unrelated_feature_is_removed():
    """Bits of the sample are 44 / (2 n ln 2) on average; the excess is 0 within 4 errors."""
    excesses, bits = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        phases = rng.uniform(0, 2 * np.pi, 400)
        values = rng.standard_normal((400, 3))
        found = features.phase_information(values, phases, n_surrogates=19, rng=rng)
        excesses.append(found.excess.mean())
        bits.append(found.bits.mean())
    assert np.mean(bits) == pytest.approx(33 / (800 * np.log(2)), rel=0.15)  # 3 x 11 degrees
    assert abs(np.mean(excesses)) < 4 * np.std(excesses) / np.sqrt(40)


def test_a_shift_of_one_periodic_trial_does_not_hide_its_information():
    """The surrogates of one strictly periodic trial are as informative; those of many are not."""
    rng = np.random.default_rng(0)
    n_trials, n_times = 30, 60
    first = rng.uniform(0, 2 * np.pi, n_trials)
    phases = (first[:, None] + 2 * np.pi / 12 * np.arange(n_times)).ravel()
    values = np.maximum(np.cos(phases), 0)[:, None]
    trials = np.repeat(np.arange(n_trials), n_times)
    many = features.phase_information(values, phases, trials=trials, rng=rng)
    one = features.phase_information(values[:n_times], phases[:n_times], rng=rng)
    assert one.bits[0] > 0.5
    assert one.excess[0] == pytest.approx(0, abs=0.05 * one.bits[0])
    assert many.excess[0] > 0.8 * many.bits[0]


def test_information_about_a_condition_counts_trials_not_samples():
    """A feature that differs between trials, but not by condition, is not significant."""
    rng = np.random.default_rng(0)
    trials = np.repeat(np.arange(40), 25)
    conditions = rng.permutation(np.arange(40) % 2)[trials]
    values = np.c_[conditions + 0.1, rng.standard_normal(40)[trials]]
    found = features.condition_information(values, conditions, trials=trials, rng=rng)
    assert found.p_values[0] == 0.01
    assert found.p_values[1] > 0.05
    assert found.bits[1] > 0.01  # of samples as independent it would be: p < .001
    assert found.excess[0] > 0.9


def test_an_ellipse_has_phase_mean_and_covariance_and_nothing_else():
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, 20_000)
    kinds = rng.integers(2, size=phases.size)
    sign = 1 - 2 * kinds
    states = np.c_[
        3 + sign * np.cos(phases), np.sin(phases), 2 * (np.cos(phases) > 0.8), np.cos(3 * phases)
    ]
    null = features.noisy_ellipse(states, phases, conditions=kinds, rng=rng)
    for kind in (0, 1):
        mine = kinds == kind
        np.testing.assert_allclose(null[mine].mean(axis=0), states[mine].mean(axis=0), atol=0.05)
        np.testing.assert_allclose(np.cov(null[mine].T), np.cov(states[mine].T), atol=0.05)
        assert np.mean(null[mine][:, 0] * np.cos(phases[mine])) == pytest.approx(
            (0.5, -0.5)[kind], abs=0.05
        )
    assert abs(np.mean(null[:, 3] * np.cos(3 * phases))) < 0.02
    assert abs(np.mean((null[:, 2] - null[:, 2].mean()) ** 3)) < 0.2  # not skewed: no sparse part


def test_an_ellipse_without_the_condition_would_lose_the_rhythm():
    """Two conditions in antiphase have no first harmonic in common."""
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, 5000)
    kinds = rng.integers(2, size=phases.size)
    states = (1 - 2 * kinds)[:, None] * np.c_[np.cos(phases), np.sin(phases)]
    pooled = features.noisy_ellipse(states, phases, rng=rng)
    apart = features.noisy_ellipse(states, phases, conditions=kinds, rng=rng)
    assert abs(np.mean((1 - 2 * kinds) * pooled[:, 0] * np.cos(phases))) < 0.05
    np.testing.assert_allclose(apart, states, atol=1e-10)


def test_matched_features_are_one_to_one():
    """Two features near one partner: only one of them is matched with it."""
    one = np.array([[1.0, 0.0, 0.0], [0.999, 0.04, 0.0]])
    other = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    first, second = features.feature_stability([one, other])
    assert sorted(first.round(2)) == [0.0, 1.0]
    assert sorted(second.round(2)) == [0.0, 1.0]


def test_bad_input_is_one_line_that_states_the_range():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((50, 3))
    with pytest.raises(ValueError, match="n_active must be from 1 to n_features = 4, got 5"):
        features.sparse_autoencoder(states, 4, 5, rng=rng)
    with pytest.raises(ValueError, match="do not vary"):
        features.sparse_autoencoder(np.ones((50, 3)), 4, 1, rng=rng)
    with pytest.raises(ValueError, match="steps must be positive and finite, got 0"):
        features.AutoencoderTraining(steps=0)
    with pytest.raises(ValueError, match="n_components must be from 1 to 3"):
        features.pca(states, 4)
    with pytest.raises(ValueError, match=r"features must have shape \(49, m\)"):
        features.phase_information(states, np.zeros(49), rng=rng)
    with pytest.raises(ValueError, match="not in one piece"):
        features.phase_information(states, np.zeros(50), trials=np.arange(50) % 2, rng=rng)
    with pytest.raises(ValueError, match="several conditions"):
        features.condition_information(states, np.arange(50), trials=np.arange(50) // 10, rng=rng)
    with pytest.raises(ValueError, match="one value for each of the 50 states"):
        features.noisy_ellipse(states, np.zeros(49), rng=rng)
    with pytest.raises(ValueError, match="at least 2 dictionaries, got 1"):
        features.feature_stability([states])
    with pytest.raises(ValueError, match="feature must be from 0 to 1, got 2"):
        features.pca(states, 2).without(states, 2)
