import dataclasses
import itertools
import time

import numpy as np
import pytest
from scipy.stats import chisquare

from isochron import connectome
from isochron.connectome import null_models

LAYERS = ("chemical", "gap")
REWIRING = (
    null_models.rewire,
    null_models.rewire_chemical,
    null_models.rewire_reciprocal,
    null_models.rewire_by_distance,
    null_models.rewire_by_group,
)
RESAMPLING = (
    null_models.erdos_renyi,
    null_models.resample_by_distance,
    null_models.resample_by_group,
)


def test_the_registry_names_all_of_them():
    found = [null_models.NULL_MODELS.load(name) for name in null_models.NULL_MODELS]
    assert found == [*REWIRING, *RESAMPLING, null_models.shuffle_signs]


@pytest.fixture(scope="module")
def worm():
    """Varshney's, its 26 GABAergic neurons inhibiting."""
    graph = connectome.load("varshney2011")
    inhibit = np.isin(graph.neurons, connectome.GABAERGIC)
    signs = np.where(inhibit, -1, 1) * (graph.chemical > 0)
    return dataclasses.replace(graph, signs=signs)


def small(chemical, gap=None):
    n = len(chemical)
    return connectome.Connectome(
        name="small",
        neurons=tuple("ABCDEFGH"[:n]),
        muscles=(),
        chemical=np.array(chemical),
        gap=np.zeros((n, n), dtype=int) if gap is None else np.array(gap),
        neuromuscular=np.zeros((0, n)),
        source=connectome.Source(weight_unit="contacts"),
    )


def directed_layers(n):
    """Every directed layer of n neurons without self-connections."""
    apart = np.nonzero(~np.eye(n, dtype=bool))
    for present in itertools.product((0, 1), repeat=n * (n - 1)):
        layer = np.zeros((n, n), dtype=int)
        layer[apart] = present
        yield layer


def undirected_layers(n):
    for present in itertools.product((0, 1), repeat=n * (n - 1) // 2):
        layer = np.zeros((n, n), dtype=int)
        layer[np.triu_indices(n, 1)] = present
        yield layer + layer.T


def assert_uniform(draw, realisations, samples_each=300):
    """Chi-square of the counts of all realizations; a false alarm once in 10^4 seeds."""
    counts = {layer.tobytes(): 0 for layer in realisations}
    assert len(counts) > 1
    for _ in range(samples_each * len(counts)):
        counts[(draw() != 0).astype(int).tobytes()] += 1
    assert chisquare(list(counts.values())).pvalue > 1e-4


# Each has realizations that differ in the number of swaps they allow, so a chain that does not
# count rejected steps, or does not reverse triangles, is not uniform on them.
DIRECTED = {
    "ring of three": [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    "ring of four": [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
    "uneven": [[0, 1, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 0]],
}
UNDIRECTED = {
    "hexagon": np.roll(np.eye(6, dtype=int), 1, axis=0) + np.roll(np.eye(6, dtype=int), -1, axis=0),
    "path of five": np.diag([1] * 4, 1) + np.diag([1] * 4, -1),
}


@pytest.mark.parametrize("name", DIRECTED)
def test_directed_rewiring_is_uniform_over_all_layers_of_the_same_degrees(name):
    start = np.array(DIRECTED[name])
    same = [
        layer
        for layer in directed_layers(len(start))
        if (layer.sum(0) == start.sum(0)).all() and (layer.sum(1) == start.sum(1)).all()
    ]
    rng = np.random.default_rng(0)
    assert_uniform(lambda: null_models.rewire_directed(start, rng, swaps_per_edge=20), same)


@pytest.mark.parametrize("name", UNDIRECTED)
def test_undirected_rewiring_is_uniform_over_all_layers_of_the_same_degrees(name):
    start = UNDIRECTED[name]
    same = [
        layer for layer in undirected_layers(len(start)) if (layer.sum(0) == start.sum(0)).all()
    ]
    rng = np.random.default_rng(1)
    assert_uniform(lambda: null_models.rewire_undirected(start, rng, swaps_per_edge=20), same, 100)


def test_the_weights_too_are_uniform():
    """Undirected weights 1 and 2 on two pairs of four neurons: 3 pairings, 2 ways each."""
    start = np.zeros((4, 4), dtype=int)
    start[0, 1] = start[1, 0] = 1
    start[2, 3] = start[3, 2] = 2
    rng = np.random.default_rng(2)
    seen = [
        null_models.rewire_undirected(start, rng, swaps_per_edge=20).tobytes() for _ in range(1800)
    ]
    counts = [seen.count(one) for one in set(seen)]
    assert len(counts) == 6
    assert chisquare(counts).pvalue > 1e-4


def test_rewiring_by_group_is_uniform_over_all_layers_of_the_same_degrees_and_blocks():
    start = small([[0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0]])
    groups = ["s", "s", "m", "m"]

    def kept(layer):
        blocks = layer.reshape(2, 2, 2, 2).sum(axis=(1, 3))
        return (*layer.sum(0), *layer.sum(1), *blocks.ravel())

    same = [layer for layer in directed_layers(4) if kept(layer) == kept(start.chemical)]
    rng = np.random.default_rng(3)
    assert_uniform(
        lambda: null_models.rewire_by_group(start, rng, groups=groups, swaps_per_edge=20).chemical,
        same,
    )


def test_erdos_renyi_is_uniform_over_all_layers_of_as_many_connections():
    start = small([[0, 1, 1], [0, 0, 0], [0, 0, 0]], [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    rng = np.random.default_rng(4)
    same = [layer for layer in directed_layers(3) if layer.sum() == 2]
    assert_uniform(lambda: null_models.erdos_renyi(start, rng).chemical, same)
    pairs = [layer for layer in undirected_layers(3) if layer.sum() == 2]
    assert_uniform(lambda: null_models.erdos_renyi(start, rng).gap, pairs)


def test_resampling_by_distance_is_uniform_within_the_bins():
    """On a line at 0, 1, 5: one connection of length 1, one of length 4 to 5."""
    start = small([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    positions = [[0, 0, 0], [0, 1, 0], [0, 5, 0]]
    short = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    same = [
        layer for layer in directed_layers(3) if layer.sum() == 2 and (layer * short).sum() == 1
    ]
    assert len(same) == 8
    rng = np.random.default_rng(5)
    assert_uniform(
        lambda: (
            null_models.resample_by_distance(start, rng, bin_um=3, positions=positions).chemical
        ),
        same,
    )


@pytest.mark.parametrize("randomise", REWIRING)
def test_rewiring_keeps_partners_weights_and_signs_of_every_neuron(worm, randomise):
    rewired = randomise(worm, np.random.default_rng(6))
    for layer in LAYERS:
        before, after = getattr(worm, layer), getattr(rewired, layer)
        for axis in (0, 1):
            np.testing.assert_array_equal((after > 0).sum(axis), (before > 0).sum(axis))
        np.testing.assert_array_equal(np.diag(after), np.diag(before))
        np.testing.assert_array_equal(np.sort(after, axis=None), np.sort(before, axis=None))
    np.testing.assert_array_equal(np.sort(rewired.chemical, axis=0), np.sort(worm.chemical, axis=0))
    np.testing.assert_array_equal(rewired.gap, rewired.gap.T)
    inhibit = np.isin(worm.neurons, connectome.GABAERGIC)
    assert ((rewired.signs == -1) == (rewired.chemical > 0) * inhibit).all()
    assert ((rewired.signs != 0) == (rewired.chemical > 0)).all()
    np.testing.assert_array_equal(rewired.neuromuscular, worm.neuromuscular)


def test_a_sign_and_a_weight_stay_together():
    """The sign of every connection is given by the parity of its weight."""
    rng = np.random.default_rng(7)
    weights = np.triu(rng.permutation(64).reshape(8, 8) + 1, 1) * (rng.random((8, 8)) < 0.7)
    weights = weights + np.tril(rng.permutation(64).reshape(8, 8) + 1) * (rng.random((8, 8)) < 0.3)
    start = small(weights)
    start = dataclasses.replace(start, signs=np.where(weights % 2, 1, -1) * (weights > 0))
    for randomise in (null_models.rewire, null_models.erdos_renyi):
        found = randomise(start, rng)
        assert (found.chemical != start.chemical).any()
        expected = np.where(found.chemical % 2, 1, -1) * (found.chemical > 0)
        np.testing.assert_array_equal(found.signs, expected)


def test_reshuffled_weights_and_signs_leave_their_neurons(worm):
    rng = np.random.default_rng(8)
    weights = null_models.rewire(worm, rng, weights="reshuffled")
    np.testing.assert_array_equal(
        np.sort(weights.chemical, axis=None), np.sort(worm.chemical, axis=None)
    )
    assert (weights.chemical.sum(0) != worm.chemical.sum(0)).mean() > 0.5
    assert weights.signs is not None
    np.testing.assert_array_equal(np.sum(weights.signs, axis=0), worm.signs.sum(0))
    np.testing.assert_array_equal(weights.gap, weights.gap.T)
    signs = null_models.rewire(worm, rng, signs="reshuffled")
    assert signs.signs is not None
    negative = signs.signs == -1
    assert negative.sum() == (worm.signs == -1).sum()
    inhibit = np.isin(worm.neurons, connectome.GABAERGIC)
    assert negative[:, inhibit].sum() < 0.3 * negative.sum()
    assert (signs.chemical.sum(0) == worm.chemical.sum(0)).all()


@pytest.mark.parametrize("randomise", [null_models.rewire_by_group, null_models.resample_by_group])
def test_connections_from_type_to_type_are_kept(worm, randomise):
    types = np.array([cell.type for cell in worm.cells])
    found = randomise(worm, np.random.default_rng(9))
    for layer in LAYERS:
        for post, pre in itertools.product(set(types), repeat=2):
            block = np.ix_(types == post, types == pre)
            before, after = getattr(worm, layer)[block], getattr(found, layer)[block]
            assert np.count_nonzero(after) == np.count_nonzero(before), (layer, post, pre)
            if randomise is null_models.resample_by_group:
                assert after.sum() == before.sum()
    assert (found.chemical != worm.chemical).any()


@pytest.mark.parametrize(
    "randomise", [null_models.rewire_by_distance, null_models.resample_by_distance]
)
def test_the_histogram_of_wiring_lengths_is_kept(worm, randomise):
    places = np.array([cell.position for cell in worm.cells])
    length = np.linalg.norm(places[:, None] - places, axis=-1)
    found = randomise(worm, np.random.default_rng(10), bin_um=30)
    anywhere = null_models.erdos_renyi(worm, np.random.default_rng(10))
    edges = np.arange(0, 901, 30)
    for layer in LAYERS:
        lengths = [length[getattr(one, layer) > 0] for one in (worm, found, anywhere)]
        before, after, random = (np.histogram(values, edges)[0] for values in lengths)
        np.testing.assert_array_equal(after, before)
        assert abs(random - before).sum() > 0.2 * before.sum()
        # Each length moves by less than its bin, and not all one way.
        assert abs(lengths[1].mean() - lengths[0].mean()) < 5
    assert (found.chemical != worm.chemical).any()


@pytest.mark.parametrize("randomise", RESAMPLING)
def test_resampling_keeps_numbers_and_weights(worm, randomise):
    found = randomise(worm, np.random.default_rng(11))
    for layer in LAYERS:
        before, after = getattr(worm, layer), getattr(found, layer)
        np.testing.assert_array_equal(np.sort(after, axis=None), np.sort(before, axis=None))
        np.testing.assert_array_equal(np.diag(after), np.diag(before))
    assert (found.signs == -1).sum() == (worm.signs == -1).sum()
    np.testing.assert_array_equal(found.gap, found.gap.T)


def overlap(one, other, layer):
    """Share of the connections of one that the other has too."""
    a, b = getattr(one, layer) > 0, getattr(other, layer) > 0
    return (a & b).sum() / a.sum()


@pytest.mark.long
@pytest.mark.parametrize("randomise", REWIRING)
def test_the_default_number_of_swaps_has_mixed(worm, randomise):
    """The overlap with the original is that of ten times as many swaps.

    Over 10 connectomes its mean has a standard error of 0.002 (chemical) and 0.004 (gap); four of
    them, for the difference of two such means.
    """
    rng = np.random.default_rng(12)
    usual = [randomise(worm, rng) for _ in range(10)]
    default = randomise.__kwdefaults__["swaps_per_edge"]
    long = [randomise(worm, rng, swaps_per_edge=10 * default) for _ in range(10)]
    tolerances = {"chemical": 0.012, "gap": 0.024}
    if randomise is null_models.rewire_chemical:
        del tolerances["gap"]
    for layer, tolerance in tolerances.items():
        means = [np.mean([overlap(worm, one, layer) for one in some]) for some in (usual, long)]
        assert means[0] == pytest.approx(means[1], abs=tolerance)
        assert means[0] < 0.15


@pytest.mark.parametrize("randomise", [*REWIRING, *RESAMPLING])
def test_the_same_seed_gives_the_same_bits(worm, randomise):
    first, again, other = (randomise(worm, np.random.default_rng(seed)) for seed in (13, 13, 14))
    for layer in (*LAYERS, "signs"):
        np.testing.assert_array_equal(getattr(first, layer), getattr(again, layer))
        if randomise is not null_models.rewire_chemical or layer != "gap":
            assert (getattr(first, layer) != getattr(other, layer)).any()


@pytest.mark.parametrize("randomise", [*REWIRING, *RESAMPLING])
def test_what_was_done_is_recorded_and_the_original_is_untouched(worm, randomise):
    before = worm.chemical.copy()
    found = randomise(worm, np.random.default_rng(15))
    np.testing.assert_array_equal(worm.chemical, before)
    assert found.name.startswith("varshney2011 ")
    assert len(found.history) == len(worm.history) + 1
    assert "weights" in found.history[-1]


def test_no_swap_changes_nothing(worm):
    found = null_models.rewire(worm, np.random.default_rng(16), swaps_per_edge=0)
    np.testing.assert_array_equal(found.chemical, worm.chemical)
    np.testing.assert_array_equal(found.gap, worm.gap)


@pytest.mark.parametrize("randomise", [null_models.rewire, null_models.erdos_renyi])
def test_wirings_with_nothing_to_randomise_come_back(randomise):
    for n in (0, 1, 3):
        empty = small(np.zeros((n, n), dtype=int))
        assert randomise(empty, np.random.default_rng(17)).chemical.shape == (n, n)


def test_a_hundred_thousand_swaps_take_well_under_a_second():
    graph = connectome.load("cook2019-hermaphrodite")
    layer = graph.chemical
    per_edge = 100_000 / np.count_nonzero(layer - np.diag(np.diag(layer)))
    rng = np.random.default_rng(18)
    null_models.rewire_directed(layer, rng, swaps_per_edge=1)
    began = time.process_time()
    null_models.rewire_directed(layer, rng, swaps_per_edge=per_edge)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("randomise", "options", "message"),
    [
        (null_models.rewire, {"swaps_per_edge": -1}, "swaps_per_edge.*got -1"),
        (null_models.rewire_by_group, {"swaps_per_edge": np.nan}, "swaps_per_edge"),
        (null_models.rewire, {"weights": "lost"}, "'carried' or 'reshuffled', got 'lost'"),
        (null_models.rewire, {"signs": None}, "signs must be"),
        (null_models.rewire, {"layers": "gap"}, r"layers must be .*got 'gap'"),
        (null_models.rewire_reciprocal, {"layers": ()}, r"layers must be .*got \(\)"),
        (null_models.rewire_reciprocal, {"swaps_per_edge": -1}, "swaps_per_edge.*got -1"),
        (null_models.erdos_renyi, {"layers": ["neuromuscular"]}, "layers must be .*neuromuscular"),
        (null_models.rewire_by_distance, {"bin_um": 0}, "bin_um must be positive.*got 0"),
        (null_models.resample_by_distance, {"bin_um": np.inf}, "bin_um"),
        (null_models.resample_by_distance, {"positions": [[0, 0, 0]]}, r"279 neurons.*\(1, 3\)"),
        (null_models.resample_by_group, {"groups": ["a", "b"]}, "279 neurons.*got 2"),
    ],
)
def test_bad_settings_are_refused(worm, randomise, options, message):
    with pytest.raises(ValueError, match=message):
        randomise(worm, np.random.default_rng(0), **options)


def test_neurons_without_a_position_are_named():
    with pytest.raises(
        ValueError, match=r"position of 2 neurons is not known, such as A, B.*ablate"
    ):
        null_models.rewire_by_distance(small([[0, 1], [0, 0]]), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("rewire", "weights", "message"),
    [
        (null_models.rewire_directed, np.ones((2, 3)), "square"),
        (null_models.rewire_directed, [[0, np.nan], [0, 0]], "finite"),
        (null_models.rewire_undirected, [[0, 1], [0, 0]], "symmetric.*rewire_directed"),
    ],
)
def test_what_is_not_a_layer_is_refused(rewire, weights, message):
    with pytest.raises(ValueError, match=message):
        rewire(weights, np.random.default_rng(0))
