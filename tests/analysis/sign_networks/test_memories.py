"""Hopfield networks: energy, recall, and the theorem of two steps."""

import numpy as np
import pytest

from isochron.analysis import uphill_share
from isochron.analysis.sign_networks import (
    SignNetwork,
    enumerate_attractors,
    hebbian_couplings,
    random_couplings,
    recall,
    two_step_energy,
)


def patterns(seed, p, n):
    return np.random.default_rng(seed).choice([-1, 1], (p, n))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tie", ["plus", "minus"])
def test_symmetric_couplings_lower_the_energy_and_end_in_two_steps(seed, tie):
    rng = np.random.default_rng(seed)
    J, theta = random_couplings(14, 1.0, rng), 0.2 * rng.standard_normal(14)
    assert enumerate_attractors(J, theta, tie).lengths.max() <= 2
    network = SignNetwork.of(J, theta, tie)
    for start in rng.choice([-1, 1], (10, 14)):
        states = [start]
        for _ in range(40):
            states.append(network.step(states[-1]))
        energy = two_step_energy(J, states, theta)
        assert np.diff(energy).max() <= 1e-12
        assert np.array_equal(states[-1], states[-3])


def test_others_raise_it():
    rng = np.random.default_rng(0)
    J = random_couplings(40, 0.0, rng)
    network, states = SignNetwork.of(J), [rng.choice([-1, 1], 40)]
    for _ in range(40):
        states.append(network.step(states[-1]))
    assert uphill_share(two_step_energy(J, states)) > 0.2


def test_the_energy_by_its_definition():
    rng = np.random.default_rng(1)
    J, theta = rng.standard_normal((5, 5)), rng.standard_normal(5)
    s = rng.choice([-1, 1], (3, 5))
    expected = [-s[t] @ J @ s[t - 1] + theta @ (s[t] + s[t - 1]) for t in (1, 2)]
    np.testing.assert_allclose(two_step_energy(J, s, theta), expected, rtol=1e-12)


def test_recall_ends_in_a_fixed_point_of_lower_energy():
    """Each neuron of the end agrees with its field, computed independently."""
    xi = patterns(2, 8, 60)
    J = hebbian_couplings(xi)
    assert np.array_equal(J, J.T)
    assert not np.diag(J).any()
    assert np.array_equal(J + 8 * np.eye(60), xi.T @ xi)
    rng = np.random.default_rng(3)
    starts = rng.choice([-1, 1], (20, 60))
    ends = recall(J, starts, rng)
    assert ((ends @ J) * ends >= 0).all()
    energy = lambda s: -np.einsum("ki,ij,kj->k", s, J, s) / 2  # noqa: E731
    assert (energy(ends) <= energy(starts)).all()


def test_a_memory_is_recalled_from_a_damaged_copy_below_the_critical_load():
    xi = patterns(4, 20, 500)  # load .04
    damaged = xi.copy()
    damaged[:, :50] *= -1  # a tenth of the neurons
    ends = recall(hebbian_couplings(xi), damaged, np.random.default_rng(0))
    assert (np.mean(ends * xi, axis=1) > 0.99).all()


def test_bad_input():
    with pytest.raises(ValueError, match=r"\+1 and -1"):
        hebbian_couplings([[1, 0]])
    with pytest.raises(ValueError, match="symmetric matrix of integers"):
        recall([[0, 1], [2, 0]], [1, 1], np.random.default_rng(0))
    with pytest.raises(ValueError, match="states must be"):
        recall([[0, 1], [1, 0]], [1, 1, 1], np.random.default_rng(0))
    with pytest.raises(ValueError, match="states must have the shape"):
        two_step_energy(np.eye(2), [1, 1])
