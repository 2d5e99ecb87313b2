import dataclasses
import json
from typing import Any, Literal

import networkx
import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import statistics


def random_layer(seed, n=30, density=0.15):
    """Integer weights [post, pre], about a tenth negative, some self-connections."""
    rng = np.random.default_rng(seed)
    present = rng.random((n, n)) < density
    return present * rng.integers(1, 9, (n, n)) * rng.choice([1, -1], (n, n), p=[0.9, 0.1])


def as_graph(weights):
    """The directed graph pre→post without self-connections."""
    digraph = networkx.DiGraph((weights != 0).T)
    digraph.remove_edges_from(list(networkx.selfloop_edges(digraph)))
    return digraph


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


def test_centered_symmetry_degree_is_the_correlation_of_the_two_directions():
    weights = random_layer(2)
    apart = ~np.eye(len(weights), dtype=bool)
    truth = np.corrcoef(weights[apart], weights.T[apart])[0, 1]
    assert statistics.symmetry_degree(weights, centered=True) == pytest.approx(truth, abs=1e-14)


def test_reciprocity_is_that_of_networkx():
    weights = random_layer(3)
    truth = networkx.overall_reciprocity(as_graph(weights))
    assert statistics.reciprocity(weights) == pytest.approx(truth, abs=1e-15)
    assert statistics.symmetry_degree(weights != 0, weighted=False) == pytest.approx(truth)


def test_no_connection_has_no_symmetry():
    for weights in (np.zeros((4, 4)), np.eye(4), np.zeros((0, 0))):
        assert np.isnan(statistics.symmetry_degree(weights))
        assert np.isnan(statistics.reciprocity(weights))
    assert np.isnan(statistics.symmetry_degree(np.ones((4, 4)), centered=True))


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


def ring(n, *, both_ways=False):
    """i → i + 1."""
    weights = np.roll(np.eye(n, dtype=int), 1, axis=0)
    return weights + weights.T if both_ways else weights


def complete(n):
    return np.ones((n, n), dtype=int) - np.eye(n, dtype=int)


def lattice(n, reach):
    """Every neuron joined to the `reach` nearest on either side."""
    offset = (np.arange(n)[:, None] - np.arange(n)) % n
    return (np.minimum(offset, n - offset) <= reach) - np.eye(n, dtype=int)


def test_components_of_a_chain_a_ring_and_a_loner():
    """0→1→2 (a chain), 3→4→5→3 (a ring), 6 (alone, with a self-connection)."""
    weights = np.zeros((7, 7))
    for pre, post in [(0, 1), (1, 2), (3, 4), (4, 5), (5, 3), (6, 6)]:
        weights[post, pre] = 2
    weak = statistics.components(weights, connection="weak")
    assert weak.sizes.tolist() == [3, 3, 1]
    assert weak.labels.tolist() == [0, 0, 0, 1, 1, 1, 2]
    strong = statistics.components(weights, connection="strong")
    assert strong.sizes.tolist() == [3, 1, 1, 1, 1]
    assert strong.labels.tolist() == [1, 2, 3, 0, 0, 0, 4]
    assert statistics.giant_component(weights).tolist() == [3, 4, 5]


@pytest.mark.parametrize("connection", ["weak", "strong"])
def test_components_are_those_of_networkx(connection):
    weights = random_layer(4, density=0.04)
    digraph = as_graph(weights)
    find = getattr(networkx, f"{connection}ly_connected_components")
    truth = {frozenset(part) for part in find(digraph)}
    found = statistics.components(weights, connection=connection)
    parts = {frozenset(np.flatnonzero(found.labels == k).tolist()) for k in range(len(found.sizes))}
    assert parts == truth
    assert found.sizes.tolist() == sorted(map(len, truth), reverse=True)


def test_an_unknown_kind_of_component_is_refused():
    with pytest.raises(ValueError, match="'weak' or 'strong'"):
        statistics.components(ring(3), connection="medium")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("n", [2, 5, 8])
def test_mean_path_of_rings_and_complete_graphs(n):
    """One way round: 1 … n - 1 steps, mean n / 2. Both ways: ⌊n²/4⌋ / (n - 1)."""
    assert statistics.mean_path_length(ring(n)) == pytest.approx(n / 2)
    both = statistics.mean_path_length(ring(n, both_ways=True))
    assert both == pytest.approx((n * n // 4) / (n - 1))
    assert statistics.mean_path_length(complete(n)) == 1


def test_paths_lead_from_pre_to_post():
    weights = np.zeros((3, 3))
    weights[1, 0] = weights[2, 1] = 1
    inf = np.inf
    truth = [[0, inf, inf], [1, 0, inf], [2, 1, 0]]
    np.testing.assert_array_equal(statistics.path_lengths(weights), truth)
    assert np.isnan(statistics.mean_path_length(weights))


def test_mean_path_is_that_of_networkx_on_the_giant_component():
    weights = random_layer(5, density=0.06)
    digraph = as_graph(weights)
    giant = digraph.subgraph(max(networkx.strongly_connected_components(digraph), key=len))
    assert giant.number_of_nodes() < len(weights)
    truth = networkx.average_shortest_path_length(giant)
    assert statistics.mean_path_length(weights) == pytest.approx(truth, rel=1e-14)


def test_degrees_and_strengths_by_hand():
    weights = np.array([[7, 2, 0], [3, 0, -1], [4, 0, 0]])
    degrees = statistics.degrees(weights)
    assert degrees.incoming.tolist() == [1, 2, 1]
    assert degrees.outgoing.tolist() == [2, 1, 1]
    assert degrees.partners.tolist() == [2, 2, 2]
    strengths = statistics.strengths(weights)
    assert strengths.incoming.tolist() == [2, 2, 4]
    assert strengths.outgoing.tolist() == [7, 2, -1]


@pytest.mark.parametrize("seed", [6, 7])
def test_clustering_is_that_of_networkx(seed):
    weights = random_layer(seed)
    digraph = as_graph(weights)
    truths: dict[Literal["undirected", "directed"], Any] = {
        "undirected": networkx.clustering(digraph.to_undirected()),
        "directed": networkx.clustering(digraph),
    }
    for definition, truth in truths.items():
        found = statistics.local_clustering(weights, definition=definition)
        np.testing.assert_allclose(found, [truth[i] for i in range(len(weights))], atol=1e-14)
    truth = networkx.transitivity(digraph.to_undirected())
    assert statistics.clustering(weights, definition="transitivity") == pytest.approx(truth)


@pytest.mark.parametrize("seed", [8, 9])
def test_neighbor_clustering_is_the_density_among_the_neighbors(seed):
    """By the definition, from subgraphs: networkx does not have it for directed graphs."""
    weights = random_layer(seed)
    digraph = as_graph(weights)
    around: dict[Literal["out-neighbor", "in-neighbor"], Any] = {
        "out-neighbor": digraph.successors,
        "in-neighbor": digraph.predecessors,
    }
    for definition, neighbors in around.items():
        truth = [networkx.density(digraph.subgraph(neighbors(node))) for node in sorted(digraph)]
        found = statistics.local_clustering(weights, definition=definition)
        np.testing.assert_allclose(found, truth, atol=1e-14)


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_clustering_of_the_ring_lattice(reach):
    """Watts and Strogatz: 3 (K - 2) / (4 (K - 1)) with K = 2 reach partners."""
    truth = 3 * (2 * reach - 2) / (4 * (2 * reach - 1))
    for definition in ("undirected", "out-neighbor", "in-neighbor", "directed", "transitivity"):
        found = statistics.clustering(lattice(20, reach), definition=definition)
        assert found == pytest.approx(truth), definition


def test_an_unknown_definition_of_clustering_is_refused():
    with pytest.raises(ValueError, match=r"out-neighbor.*transitivity.*got 'cosy'"):
        statistics.clustering(ring(4), definition="cosy")  # pyright: ignore[reportArgumentType]


def test_triads_and_dyads_are_those_of_networkx():
    weights = random_layer(10, n=25, density=0.3)
    survey = networkx.triadic_census(as_graph(weights))
    assert min(survey[name] for name in statistics.TRIADS) > 0
    found = dict(zip(statistics.TRIADS, statistics.triad_counts(weights).tolist(), strict=True))
    assert found == {name: survey[name] for name in statistics.TRIADS}
    assert {*statistics.TRIADS, "003", "012", "102"} == set(survey)
    digraph = as_graph(weights)
    both = sum(digraph.has_edge(b, a) for a, b in digraph.edges) // 2
    one_way = digraph.number_of_edges() - 2 * both
    assert statistics.dyad_counts(weights).tolist() == [25 * 12 - both - one_way, one_way, both]


def test_triads_of_a_triangle():
    """A directed ring is one 030C, a complete triangle one 300, and nothing else."""
    for weights, name in ((ring(3), "030C"), (complete(3), "300")):
        counts = statistics.triad_counts(weights)
        assert counts.sum() == counts[statistics.TRIADS.index(name)] == 1


def test_rich_club_is_that_of_networkx():
    weights = random_layer(11)
    digraph = as_graph(weights).to_undirected()
    truth = networkx.rich_club_coefficient(digraph, normalized=False)
    found = statistics.rich_club_coefficient(weights)
    for k, value in truth.items():
        assert found[k] == pytest.approx(value, rel=1e-14)
    assert np.isnan(found[max(truth) + 1 :]).all()


def test_rich_club_of_a_clique_with_leaves():
    """Each of 4 neurons of a clique has a leaf: φ(0) = 10 / 28, φ(1 … 3) = 1, then nobody."""
    weights = np.zeros((8, 8))
    weights[:4, :4] = complete(4)
    weights[range(4), range(4, 8)] = 1
    found = statistics.rich_club_coefficient(weights)
    np.testing.assert_allclose(found[:4], [10 / 28, 1, 1, 1])
    assert np.isnan(found[4:]).all()


def test_a_rich_club_is_measured_against_the_same_degrees():
    star = np.zeros((4, 4))
    star[0, 1:] = 1
    with pytest.raises(ValueError, match="other numbers of partners"):
        statistics.rich_club(star, [ring(4)] * 2)


def test_comparison_with_null_by_hand():
    """Samples 1, 2, 3, 4 around an observed 5: z = 2.5 / √(5/3), no sample as extreme."""
    layers = [np.full((2, 2), value) for value in (1, 2, 3, 4)]
    result = statistics.compare_with_null(np.max, np.full((2, 2), 5), iter(layers))
    assert result.samples.tolist() == [1, 2, 3, 4]
    assert result.z == pytest.approx(2.5 / np.sqrt(5 / 3))
    assert result.ratio == pytest.approx(2)
    assert result.p == pytest.approx(2 / 5)


@pytest.mark.parametrize("observed", [0.3, 0.1 + 0.2, 0.3 - 1e-16])
def test_values_that_differ_by_round_off_are_equal(observed):
    """0.1 + 0.2 is not 0.3 to the last bit: no evidence, and no deviation to divide by."""
    samples = np.array([0.3, 0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2])
    found = statistics.NullComparison(np.array(observed), samples)
    assert found.p == 1.0
    assert np.isnan(found.z)


def test_p_values_are_uniform_if_there_is_nothing_to_find():
    """P(p ≤ 0.2) = 0.2 for 19 samples, standard deviation 0.009 over 2000 trials: 4 of them."""
    rng = np.random.default_rng(12)
    values = rng.normal(size=(2000, 20))
    p = statistics.NullComparison(values[:, 0], values[:, 1:].T).p
    assert (p <= 0.2 + 1e-12).mean() == pytest.approx(0.2, abs=0.036)


def test_comparisons_refuse_too_few_samples_and_changing_shapes():
    with pytest.raises(ValueError, match="At least 2 random layers are needed, got 1"):
        statistics.compare_with_null(np.sum, ring(3), [ring(3)])
    with pytest.raises(ValueError, match="must not depend on the connectome"):
        statistics.compare_with_null(np.ravel, ring(3), [ring(4)] * 2)


def test_a_watts_strogatz_network_is_a_small_world_and_a_random_one_is_not():
    rng = np.random.default_rng(13)
    digraph = networkx.watts_strogatz_graph(100, 8, 0.1, seed=1)
    small = networkx.to_numpy_array(digraph)
    random = [
        networkx.to_numpy_array(networkx.gnm_random_graph(100, 400, seed=int(seed)))
        for seed in rng.integers(2**31, size=21)
    ]
    found = statistics.small_worldness(small, random[1:])
    clustering = networkx.average_clustering(digraph)
    assert found.observed == pytest.approx(
        clustering / networkx.average_shortest_path_length(digraph)
    )
    assert found.ratio > 3
    assert abs(statistics.small_worldness(random[0], random[1:]).z) < 4


@pytest.mark.parametrize(("exponent", "k_min"), [(2.2, 1), (3.0, 4)])
def test_power_law_recovers_the_exponent_it_was_drawn_with(exponent, k_min):
    """20 000 values of the exact distribution by inversion; 4 standard errors."""
    from scipy.special import zeta

    support = np.arange(k_min, 200_000)
    cumulative = 1 - zeta(exponent, support + 1) / zeta(exponent, k_min)
    uniform = np.random.default_rng(14).random(20_000)
    values = support[np.searchsorted(cumulative, uniform)]
    fit = statistics.power_law_tail(values, k_min=k_min)
    assert abs(fit.exponent - exponent) < 4 * fit.standard_error
    assert fit.n_tail == 20_000
    assert fit.distance < 2 / np.sqrt(20_000)
    halves = [statistics.power_law_tail(part, k_min=k_min) for part in np.split(values, 20)]
    spread = np.std([half.exponent for half in halves], ddof=1)
    # The spread of 20 estimates is known to 1 in sqrt(38), 16 %; three times that.
    assert spread == pytest.approx(np.sqrt(20) * fit.standard_error, rel=0.5)


def test_power_law_finds_the_maximum_of_the_likelihood():
    from scipy.special import zeta

    values = np.array([4, 4, 4, 5, 5, 7, 9, 20, 2, 1])
    fit = statistics.power_law_tail(values, k_min=4)
    tail = values[values >= 4]
    grid = np.linspace(1.5, 4, 25_001)
    likelihood = -len(tail) * np.log(zeta(grid, 4)) - grid * np.log(tail).sum()
    assert fit.exponent == pytest.approx(grid[likelihood.argmax()], abs=1e-4)
    curvature = np.gradient(np.gradient(likelihood, grid), grid)[likelihood.argmax()]
    assert fit.standard_error == pytest.approx(1 / np.sqrt(-curvature), rel=1e-4)


def test_power_law_finds_where_the_tail_begins():
    """Uniform below 10, exponent 2.5 from 10 on. The start is found late rather than early."""
    from scipy.special import zeta

    rng = np.random.default_rng(15)
    support = np.arange(10, 100_000)
    cumulative = 1 - zeta(2.5, support + 1) / zeta(2.5, 10)
    tail = support[np.searchsorted(cumulative, rng.random(2000))]
    fit = statistics.power_law_tail(np.concatenate([rng.integers(0, 10, 2000), tail]))
    assert 10 <= fit.k_min <= 20
    assert abs(fit.exponent - 2.5) < 4 * fit.standard_error


@pytest.mark.parametrize(
    ("values", "k_min", "message"),
    [
        ([1, 2, 3.5], None, "whole numbers"),
        ([1, -2, 3], None, "whole numbers"),
        ([1, np.inf], None, "finite"),
        ([1, 2, 3], 0, "k_min must be"),
        ([1, 2, 3], 3, r"Only 1 value at.*k_min = 3.*largest value is 3"),
        ([5, 5, 5], None, "two different"),
        ([5000, 5000, 5000, 5001], 5000, "Lower k_min"),
    ],
)
def test_what_has_no_power_law_is_refused(values, k_min, message):
    with pytest.raises(ValueError, match=message):
        statistics.power_law_tail(values, k_min=k_min)


def test_the_summary_is_json_and_agrees_with_the_functions():
    graph = connectome.load("varshney2011")
    found = statistics.summary(graph)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == ["chemical", "gap", "combined"]
    chemical = found["chemical"]
    assert chemical["connections"] == 2194
    assert chemical["dyads"]["both ways"] * 2 / 2194 == chemical["reciprocity"]
    assert chemical["giant"]["neurons"] == chemical["strong_components"][0] == 237
    assert chemical["degrees"]["incoming"]["mean"] == 2194 / 279
    assert found["gap"]["symmetry_degree"]["weighted"] == pytest.approx(1)
    combined = statistics.symmetry_degree(graph.chemical + graph.gap, weighted=False)
    assert found["combined"]["symmetry_degree"]["binary"] == combined


def test_the_summary_of_a_wiring_without_gap_junctions_has_none():
    graph = connectome.load("varshney2011")
    found = statistics.summary(dataclasses.replace(graph, gap=np.zeros((279, 279), dtype=int)))
    assert found["gap"]["reciprocity"] is None
    assert found["gap"]["giant"]["mean_path"] is None
    assert found["combined"] == found["chemical"]
    json.dumps(found, allow_nan=False)
