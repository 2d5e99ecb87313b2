import numpy as np
import pytest

from isochron.analysis.sign_networks import (
    CouplingLaw,
    asymmetry,
    count_attractors,
    enumerate_attractors,
    limit_at_zero_symmetry,
    mean_fixed_points,
    mean_three_cycles,
    mean_two_cycles,
    random_couplings,
)


def degree(J):
    return np.sum(J * J.T) / np.sum(J * J)


@pytest.mark.parametrize("symmetry", [-1.0, -0.8, 0.0, 8 / 17, 0.96, 1.0])
@pytest.mark.parametrize("law", ["gaussian", "uniform", "sign"])
def test_the_symmetry_degree_is_what_was_asked(law, symmetry):
    J = random_couplings(400, symmetry, np.random.default_rng(0), law=CouplingLaw(entries=law))
    assert not np.diag(J).any()
    # 79,800 pairs: the standard error is below 1 / sqrt(79800), times 4
    assert abs(degree(J) - symmetry) < 4 / np.sqrt(79_800)


def test_epsilon_and_eta():
    for epsilon in (0.0, 0.3, 0.5, 1.0, 1.7, 2.0):
        eta = (1 - epsilon) / (1 - epsilon + epsilon**2 / 2)
        assert asymmetry(eta) == pytest.approx(epsilon, abs=1e-12)
    assert asymmetry(8 / 17) == pytest.approx(0.75)


def test_dilution():
    rng = np.random.default_rng(0)
    couples = random_couplings(300, 0.5, rng, law=CouplingLaw(dilution=0.4))
    assert abs(np.count_nonzero(couples) / (300 * 299) - 0.6) < 0.01
    np.testing.assert_array_equal(couples != 0, (couples != 0).T)
    assert abs(degree(couples) - 0.5) < 0.03
    each = random_couplings(300, 0.5, rng, law=CouplingLaw(dilution=0.4, dilute="directions"))
    assert abs(degree(each) - 0.5 * 0.6) < 0.03


@pytest.mark.parametrize(
    ("symmetry", "seed"),
    [(0.8, 1), (8 / 17, 2), pytest.param(0.0, 3, marks=pytest.mark.long), (-8 / 17, 4)],
)
def test_mean_fixed_points_of_an_ensemble(symmetry, seed):
    """Exact mean against enumeration, within 3 standard errors at a stated seed."""
    counted = count_attractors(10, symmetry, 1500, np.random.default_rng(seed))
    mean, error = counted.of_length(1)
    assert abs(mean - mean_fixed_points(10, symmetry)) < 3 * error


@pytest.mark.long
def test_mean_cycles_of_an_ensemble_without_symmetry():
    counted = count_attractors(8, 0.0, 6000, np.random.default_rng(7))
    for length, exact in ((1, 1.0), (2, mean_two_cycles(8)), (3, mean_three_cycles(8))):
        mean, error = counted.of_length(length)
        assert abs(mean - exact) < 3 * error, length
    assert counted.of_length(999) == (0.0, 0.0)
    assert counted.log_total[0] < np.log(counted.total[0])  # Jensen


def test_two_cycles_of_two_neurons_by_hand():
    """Each of two neurons copies or inverts the other. Of the four equally likely networks, two
    have two fixed points and a 2-cycle, two have one cycle of length 4: a mean of 1/2."""
    assert mean_two_cycles(2) == pytest.approx(0.5)
    counts = []
    for a in (-1, 1):
        for b in (-1, 1):
            J = np.array([[0, a], [b, 0]])
            counts.append(enumerate_attractors(J).cycles_by_length.get(2, 0))
    assert np.mean(counts) == 0.5
    assert mean_three_cycles(2) == pytest.approx(0.0)


@pytest.mark.parametrize("k", [1, 3])
def test_antiperiodic_cycles_are_half_the_cycles_of_half_the_length(k):
    """E[2k-cycles with s(t+k) = -s(t)] = E[k-cycles] / 2 for odd k, at any symmetry."""
    rng = np.random.default_rng(11)
    from isochron.analysis.sign_networks import SignNetwork, unpack

    differences = []
    for _ in range(1500):
        J = random_couplings(9, 0.3, rng)
        network = SignNetwork.of(J)
        found = enumerate_attractors(J)
        of_length_k = int(np.sum(found.lengths == k))
        antiperiodic = 0
        for first in found.representatives[found.lengths == 2 * k]:
            start = state = unpack([first], 9)
            for _ in range(k):
                state = network.step(state)
            antiperiodic += bool((state == -start).all())
        differences.append(antiperiodic - of_length_k / 2)
    error = np.std(differences) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 3 * error


@pytest.mark.long
def test_limits_at_zero_symmetry_are_reached_by_the_exact_means():
    """The exact mean approaches its limit as 1/n: extrapolated from n and 2n."""
    extrapolated = 2 * mean_two_cycles(4000) - mean_two_cycles(2000)
    assert limit_at_zero_symmetry(2) == pytest.approx(extrapolated, rel=1e-4)
    coarse, middle, fine = (mean_three_cycles(n) for n in (50, 100, 200))
    extrapolated = (4 * (2 * fine - middle) - (2 * middle - coarse)) / 3
    assert limit_at_zero_symmetry(3) == pytest.approx(extrapolated, rel=1e-3)


@pytest.mark.long
def test_the_limit_holds_for_lengths_beyond_the_paper():
    """L = 7 and 8 at n = 16, where finite-size effects are below the error of 2000 networks."""
    counted = count_attractors(16, 0.0, 2000, np.random.default_rng(5))
    for length in (7, 8):
        mean, error = counted.of_length(length)
        assert abs(mean - limit_at_zero_symmetry(length)) < 3 * error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.0, 5), "n must be from 1 to 30, got 0"),
        ((31, 0.0, 5), "n must be from 1 to 30, got 31"),
        ((5, 1.2, 5), "between -1 .* got 1.2"),
        ((5, float("nan"), 5), "got nan"),
        ((5, 0.0, 1), "n_networks must be at least 2"),
    ],
)
def test_bad_ensembles_are_refused(arguments, message):
    n, symmetry, n_networks = arguments
    with pytest.raises(ValueError, match=message):
        count_attractors(n, symmetry, n_networks, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entries": "cauchy"}, "gaussian, uniform, sign, got 'cauchy'"),
        ({"dilution": 1.0}, "dilution must be from 0 to less than 1"),
        ({"dilute": "all"}, "couples, directions"),
    ],
)
def test_bad_laws_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CouplingLaw(**options)


def test_bad_sizes_of_exact_means_are_refused():
    for call in (
        lambda: mean_fixed_points(2, 0.0),
        lambda: mean_fixed_points(10, 1.5),
        lambda: mean_two_cycles(1),
        lambda: mean_three_cycles(201),
        lambda: limit_at_zero_symmetry(0),
    ):
        with pytest.raises(ValueError, match="got"):
            call()
