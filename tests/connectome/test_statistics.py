import networkx
import numpy as np
import pytest

from isochron.connectome import statistics


def random_layer(seed, n=30, density=0.15):
    """Integer weights [post, pre], about a tenth negative, some self-connections."""
    rng = np.random.default_rng(seed)
    present = rng.random((n, n)) < density
    return present * rng.integers(1, 9, (n, n)) * rng.choice([1, -1], (n, n), p=[0.9, 0.1])


def as_graph(weights):
    """The directed graph pre→post without self-connections."""
    graph = networkx.DiGraph((weights != 0).T)
    graph.remove_edges_from(list(networkx.selfloop_edges(graph)))
    return graph


def test_symmetry_degree_of_symmetric_antisymmetric_and_one_way_matrices():
    square = np.random.default_rng(0).normal(size=(6, 6))
    assert statistics.symmetry_degree(square + square.T) == pytest.approx(1, abs=1e-15)
    assert statistics.symmetry_degree(square - square.T) == pytest.approx(-1, abs=1e-15)
    assert statistics.symmetry_degree(np.triu(square, 1)) == 0


def test_symmetry_degree_by_hand():
    """W = [[5, 2, 0], [3, 0, -1], [4, 0, 0]]: 2·(2·3) / (4 + 9 + 1 + 16), the 5 not counted."""
    weights = np.array([[5, 2, 0], [3, 0, -1], [4, 0, 0]])
    assert statistics.symmetry_degree(weights) == pytest.approx(12 / 30, abs=1e-15)
    assert statistics.symmetry_degree(weights, weighted=False) == pytest.approx(2 / 4, abs=1e-15)


@pytest.mark.parametrize("epsilon", [0.0, 0.4, 1.0, 1.6, 2.0])
def test_symmetry_degree_of_the_gaussian_ensemble(epsilon):
    """Hwang et al. (2019): η = (1 - ε) / (1 - ε + ε²/2); the error is about 1/N, here 1/600."""
    rng = np.random.default_rng(1)
    upper, lower = (np.triu(rng.normal(size=(600, 600)), 1) for _ in range(2))
    weights = (1 - epsilon / 2) * (upper + upper.T) + epsilon / 2 * (lower - lower.T)
    truth = (1 - epsilon) / (1 - epsilon + epsilon**2 / 2)
    assert statistics.symmetry_degree(weights) == pytest.approx(truth, abs=5 / 600)


def test_centred_symmetry_degree_is_the_correlation_of_the_two_directions():
    weights = random_layer(2)
    apart = ~np.eye(len(weights), dtype=bool)
    truth = np.corrcoef(weights[apart], weights.T[apart])[0, 1]
    assert statistics.symmetry_degree(weights, centred=True) == pytest.approx(truth, abs=1e-14)


def test_reciprocity_is_that_of_networkx():
    weights = random_layer(3)
    truth = networkx.overall_reciprocity(as_graph(weights))
    assert statistics.reciprocity(weights) == pytest.approx(truth, abs=1e-15)
    assert statistics.symmetry_degree(weights != 0, weighted=False) == pytest.approx(truth)


def test_no_connection_has_no_symmetry():
    for weights in (np.zeros((4, 4)), np.eye(4), np.zeros((0, 0))):
        assert np.isnan(statistics.symmetry_degree(weights))
        assert np.isnan(statistics.reciprocity(weights))
    assert np.isnan(statistics.symmetry_degree(np.ones((4, 4)), centred=True))


def test_symmetry_degree_survives_weights_whose_squares_overflow():
    assert statistics.symmetry_degree([[0, 1e200], [1e200, 0]]) == 1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((2, 3)), r"square matrix.*\(2, 3\)"),
        (np.ones(4), "square matrix"),
        ([[0, np.nan], [1, 0]], "finite"),
        ([["a", "b"], ["c", "d"]], "real numbers"),
    ],
)
def test_what_is_not_a_layer_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        statistics.symmetry_degree(weights)
