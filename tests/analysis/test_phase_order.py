import numpy as np
import pytest
from scipy import stats

from isochron.analysis.phase.order import circular_rank_correlation, phase_order_test

NAMES = [f"N{k}" for k in range(9)]


def labeled(phases):
    return dict(zip(NAMES, phases, strict=True))


def test_the_coefficient_is_the_sum_over_pairs():
    """Fisher and Lee (1983): Σ sin(a_i - a_j) sin(b_i - b_j) of the uniform scores, normalized."""
    rng = np.random.default_rng(0)
    first, second = rng.uniform(0, 2 * np.pi, (2, 12))
    a, b = (2 * np.pi * stats.rankdata(x) / 12 for x in (first, second))
    s, t = (np.sin(x[:, None] - x) for x in (a, b))
    expected = np.sum(s * t) / np.sqrt(np.sum(s**2) * np.sum(t**2))
    assert circular_rank_correlation(first, second) == pytest.approx(expected)


@pytest.mark.parametrize("n", [4, 5, 12])
def test_only_the_circular_order_counts(n):
    rng = np.random.default_rng(1)
    phases = np.sort(rng.uniform(0, 2 * np.pi, n))
    bent = phases + 0.9 * np.sin(phases)  # monotone on the circle
    for turn in rng.uniform(-20, 20, 5):
        assert circular_rank_correlation(phases, bent + turn) == pytest.approx(1)
        assert circular_rank_correlation(phases, turn - bent) == pytest.approx(-1)
    shuffled = [circular_rank_correlation(phases, rng.permutation(phases)) for _ in range(1000)]
    # Mean 0 within four standard errors, and values on either side.
    assert abs(np.mean(shuffled)) < 4 * np.std(shuffled) / 1000**0.5
    assert min(shuffled) < -0.3 < 0.3 < max(shuffled)


def test_ties_have_their_mean_rank():
    tied = np.array([0.1, 0.1, 2.0, 3.0, 4.0])
    assert circular_rank_correlation(tied, tied) == pytest.approx(1)
    near = circular_rank_correlation(tied, [0.1, 0.2, 2.0, 3.0, 4.0])
    assert 0.8 < near < 1


@pytest.mark.slow
def test_unrelated_orders_have_uniform_p_values_also_if_the_animals_agree():
    """Animals that resemble each other are one piece of evidence, not three."""
    p_values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        common = rng.uniform(0, 2 * np.pi, 9)
        animals = [labeled(common + 0.2 * rng.normal(size=9)) for _ in range(3)]
        model = labeled(rng.uniform(0, 2 * np.pi, 9))
        p_values.append(phase_order_test(model, animals, n_permutations=19, rng=rng).test.p_value)
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int) - 1, minlength=20)
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.binomtest(int(counts[0]), 200, 0.05).pvalue > 0.001


def test_animals_in_the_order_of_the_model_are_found():
    rng = np.random.default_rng(2)
    phases = rng.uniform(0, 2 * np.pi, 9)
    animals = [labeled(phases + turn + 0.3 * rng.normal(size=9)) for turn in (0.0, 2.0, 4.0)]
    del animals[1]["N3"]
    animals[2]["not in the model"] = 1.0
    found = phase_order_test(labeled(phases), animals, n_permutations=199, rng=rng)
    assert found.test.p_value == 1 / 200
    assert found.n_shared == (9, 8, 9)
    assert found.test.statistic == pytest.approx(found.correlations.mean())
    one = circular_rank_correlation(phases, [animals[0][name] for name in NAMES])
    assert found.correlations[0] == pytest.approx(one)
    reverse = [labeled(-phases)]
    assert phase_order_test(labeled(phases), reverse, n_permutations=99, rng=rng).test.p_value > 0.9


def test_the_same_seed_gives_the_same_p_value_whatever_the_order_of_the_labels():
    rng = np.random.default_rng(3)
    model, animal = labeled(rng.uniform(0, 6, 9)), labeled(rng.uniform(0, 6, 9))
    turned = dict(reversed(model.items()))
    one, other = (
        phase_order_test(m, [animal], n_permutations=49, rng=np.random.default_rng(4))
        for m in (model, turned)
    )
    np.testing.assert_array_equal(one.test.null, other.test.null)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: circular_rank_correlation([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]), "4 or more.*got 3"),
        (lambda: circular_rank_correlation(np.ones(5), np.arange(5)), "All phases are equal"),
        (lambda: circular_rank_correlation(np.arange(5), np.arange(4)), "one shape"),
        (lambda: circular_rank_correlation([0, 1, 2, np.nan], np.arange(4)), "first"),
        (
            lambda: phase_order_test(
                labeled(range(9)), [{"N1": 0.0}], rng=np.random.default_rng(0)
            ),
            "Animal 0 shares 1 labels",
        ),
        (
            lambda: phase_order_test(labeled(range(9)), [], rng=np.random.default_rng(0)),
            "one animal or more.*got 0",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
