"""Null models that keep reciprocal partners, single layers, or all but the signs."""

import dataclasses
from math import comb

import numpy as np
import pytest
from scipy.stats import chisquare

from isochron import connectome
from isochron.connectome import null_models
from isochron.connectome.null_models import rewire_reciprocal, shuffle_signs
from isochron.connectome.statistics import reciprocity
from tests.connectome.test_null_models import assert_uniform, directed_layers, overlap, small


@pytest.fixture(scope="module")
def worm():
    return connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)


def signs_of(graph) -> np.ndarray:
    assert graph.signs is not None
    return graph.signs


def partners(layer):
    """Partners of each neuron: reciprocal ones, those it only sends to and only receives from."""
    present = (layer > 0) & ~np.eye(len(layer), dtype=bool)
    mutual = present & present.T
    one_way = present & ~present.T
    return np.array([mutual.sum(0), one_way.sum(0), one_way.sum(1)])


@pytest.mark.parametrize("dataset", ["varshney2011", "cook2019-hermaphrodite", "white1986-whole"])
def test_the_reciprocal_partners_of_every_neuron_stay(dataset):
    start = connectome.load(dataset)
    found = rewire_reciprocal(start, np.random.default_rng(0))
    np.testing.assert_array_equal(partners(found.chemical), partners(start.chemical))
    assert reciprocity(found.chemical) == reciprocity(start.chemical)
    np.testing.assert_array_equal(np.sort(found.chemical, axis=0), np.sort(start.chemical, axis=0))
    np.testing.assert_array_equal((found.gap > 0).sum(0), (start.gap > 0).sum(0))
    assert overlap(start, found, "chemical") < 0.15
    assert reciprocity(connectome.rewire(start, np.random.default_rng(0)).chemical) < 0.5 * (
        reciprocity(start.chemical)
    )


def test_reciprocal_pairs_and_one_way_connections_both_mix(worm):
    """Their overlap with the original after the default number of steps is that after ten times
    as many: means over 10 connectomes, of standard error below 0.006 (some 230 pairs).
    """

    def shares(found):
        kept = []
        for part in (lambda x: x & x.T, lambda x: x & ~x.T):
            before, after = (
                part((one.chemical > 0) & ~np.eye(len(one.neurons), dtype=bool))
                for one in (worm, found)
            )
            kept.append((before & after).sum() / before.sum())
        return kept

    rng = np.random.default_rng(1)
    usual = np.mean([shares(rewire_reciprocal(worm, rng)) for _ in range(10)], axis=0)
    long = np.mean(
        [shares(rewire_reciprocal(worm, rng, swaps_per_edge=400)) for _ in range(10)], axis=0
    )
    np.testing.assert_allclose(usual, long, atol=0.03)
    assert (usual < 0.12).all()
    early = np.mean(
        [shares(rewire_reciprocal(worm, rng, swaps_per_edge=0.5)) for _ in range(3)], axis=0
    )
    assert (early > 0.5).all()


# Each fails without one of the moves: the exchange of two pairs that both differ from none, the
# turn of a path, the reversal of a triangle.
STARTS = {
    "path": [[0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
    "triangle": [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]],
    "two kinds": [[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0]],
    "pair and connections": [[0, 0, 1, 1], [1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0]],
}


@pytest.mark.parametrize("name", STARTS)
def test_all_layers_with_the_same_reciprocal_partners_are_equally_likely(name):
    start = small(STARTS[name])
    same = [
        layer for layer in directed_layers(4) if (partners(layer) == partners(start.chemical)).all()
    ]
    rng = np.random.default_rng(2)
    assert_uniform(lambda: rewire_reciprocal(start, rng).chemical, same, 200)


def test_every_layer_of_four_neurons_is_reached():
    """Long walks from one layer of each set of partners visit the whole set."""
    sets = {}
    for layer in directed_layers(4):
        sets.setdefault(partners(layer).tobytes(), []).append(layer)
    several = [layers for layers in sets.values() if len(layers) > 1]
    assert len(several) == 464
    rng = np.random.default_rng(3)
    for layers in several:
        left = {layer.tobytes() for layer in layers}
        start = small(layers[0])
        for _ in range(40 * len(layers)):
            left.discard(rewire_reciprocal(start, rng).chemical.tobytes())
            if not left:
                break
        assert not left, layers[0]


def test_a_sign_and_a_weight_stay_with_their_connection():
    """Every connection has a weight and a sign that tell its sender."""
    rng = np.random.default_rng(4)
    present = (rng.random((8, 8)) < 0.4) & ~np.eye(8, dtype=bool)
    start = small(np.where(present, 10 * np.arange(1, 9) + rng.integers(5, size=(8, 8)), 0))
    start = dataclasses.replace(start, signs=np.where(start.chemical % 2, 1, -1) * present)
    found = rewire_reciprocal(start, rng)
    assert (found.chemical != start.chemical).any()
    columns = np.nonzero(found.chemical)[1]
    np.testing.assert_array_equal(found.chemical[found.chemical > 0] // 10, columns + 1)
    expected = np.where(found.chemical % 2, 1, -1) * (found.chemical > 0)
    np.testing.assert_array_equal(signs_of(found), expected)


RANDOMISE = [
    null_models.rewire,
    null_models.rewire_reciprocal,
    null_models.rewire_by_group,
    null_models.erdos_renyi,
    null_models.resample_by_group,
]


@pytest.mark.parametrize("randomise", RANDOMISE)
def test_a_layer_that_is_not_named_does_not_change(worm, randomise):
    chemical, gap, both = (
        randomise(worm, np.random.default_rng(5), layers=layers)
        for layers in (("chemical",), ["gap"], ("gap", "chemical"))
    )
    usual = randomise(worm, np.random.default_rng(5))
    np.testing.assert_array_equal(chemical.gap, worm.gap)
    assert (chemical.chemical != worm.chemical).any()
    np.testing.assert_array_equal(gap.chemical, worm.chemical)
    np.testing.assert_array_equal(gap.signs, signs_of(worm))
    assert (gap.gap != worm.gap).any()
    assert chemical.name.endswith(", chemical only")
    assert gap.history[-1].endswith(", gap only")
    for layer in ("chemical", "gap", "signs"):
        np.testing.assert_array_equal(getattr(both, layer), getattr(usual, layer))


def test_rewiring_of_chemical_synapses_is_that_of_one_layer(worm):
    one = null_models.rewire_chemical(worm, np.random.default_rng(6), weights="reshuffled")
    other = null_models.rewire(
        worm, np.random.default_rng(6), weights="reshuffled", layers=("chemical",)
    )
    np.testing.assert_array_equal(one.chemical, other.chemical)
    np.testing.assert_array_equal(one.gap, worm.gap)


def test_signs_are_permuted_among_neurons_of_one_sign(worm):
    found = shuffle_signs(worm, np.random.default_rng(7))
    for layer in ("chemical", "gap"):
        np.testing.assert_array_equal(getattr(found, layer), getattr(worm, layer))
    np.testing.assert_array_equal(signs_of(found) != 0, signs_of(worm) != 0)
    inhibitory, before = ((signs_of(one) < 0).any(axis=0) for one in (found, worm))
    assert not (inhibitory & (signs_of(found) > 0).any(axis=0)).any()
    assert inhibitory.sum() == before.sum() == 18
    assert (inhibitory & before).sum() < before.sum() / 2
    assert found.history[-1] == "signs permuted among neurons, weights unchanged"
    again = shuffle_signs(worm, np.random.default_rng(7))
    np.testing.assert_array_equal(signs_of(found), signs_of(again))


def test_signs_of_neurons_with_both_are_permuted_among_connections():
    worm = connectome.load("varshney2011").with_signs(connectome.SIGN_RULES.load("fenyves2020"))
    found = shuffle_signs(worm, np.random.default_rng(8))
    for sign in (-1, 0, 1):
        assert (signs_of(found) == sign).sum() == (signs_of(worm) == sign).sum()
    np.testing.assert_array_equal(signs_of(found) != 0, signs_of(worm) != 0)
    n, inhibitory = (signs_of(worm) != 0).sum(), (signs_of(worm) < 0).sum()
    expected = inhibitory**2 / n
    # Hypergeometric: the standard deviation of the overlap is below √expected; five of them.
    assert abs((signs_of(found)[signs_of(worm) < 0] < 0).sum() - expected) < 5 * expected**0.5
    assert "among connections" in found.history[-1]
    with pytest.raises(ValueError, match='both excites and inhibits.*among="connections"'):
        shuffle_signs(worm, np.random.default_rng(8), among="neurons")


def test_all_orders_of_the_signs_are_equally_likely():
    """Two of five neurons that send inhibit; the sixth sends nothing and stays without a sign."""
    chemical = np.zeros((6, 6), dtype=int)
    chemical[np.arange(1, 6), np.arange(5)] = 1
    chemical[0, 0] = 2
    start = dataclasses.replace(small(chemical), signs=np.sign(chemical) * [1, -1, -1, 1, 1, 1])
    rng = np.random.default_rng(9)
    seen = {}
    for _ in range(2000):
        inhibitory = (signs_of(shuffle_signs(start, rng)) < 0).any(axis=0).tobytes()
        seen[inhibitory] = seen.get(inhibitory, 0) + 1
    assert len(seen) == comb(5, 2)
    assert chisquare(list(seen.values())).pvalue > 1e-4


def test_one_neuron_of_one_sign_can_be_permuted_by_connection(worm):
    found = shuffle_signs(worm, np.random.default_rng(10), among="connections")
    assert (signs_of(found) < 0).sum() == (signs_of(worm) < 0).sum()
    assert ((signs_of(found) < 0).any(axis=0) & (signs_of(found) > 0).any(axis=0)).any()


def test_a_connectome_without_signs_is_signed_as_the_models_do():
    worm = connectome.load("varshney2011")
    found = shuffle_signs(worm, np.random.default_rng(11))
    signed = shuffle_signs(worm.with_signs(connectome.gaba_inhibitory), np.random.default_rng(11))
    np.testing.assert_array_equal(signs_of(found), signs_of(signed))
    assert len(found.history) == 2


def test_signs_that_cannot_be_permuted_are_named(worm):
    with pytest.raises(ValueError, match="signs of one kind.*with_signs"):
        shuffle_signs(small([[0, 1], [0, 0]]), np.random.default_rng(0))
    with pytest.raises(ValueError, match="has no signs.*with_signs"):
        shuffle_signs(small(np.zeros((2, 2), dtype=int)), np.random.default_rng(0))
    with pytest.raises(ValueError, match="among must be one of .*got 'rows'"):
        shuffle_signs(worm, np.random.default_rng(0), among="rows")  # type: ignore[arg-type]


def test_layers_of_a_few_neurons_come_back():
    for n in (0, 1, 3):
        empty = small(np.zeros((n, n), dtype=int))
        found = rewire_reciprocal(empty, np.random.default_rng(0))
        assert found.chemical.shape == (n, n)
    full = small(1 - np.eye(4, dtype=int))
    found = rewire_reciprocal(full, np.random.default_rng(0))
    np.testing.assert_array_equal(found.chemical, full.chemical)


def test_names_of_the_null_models_load_with_their_first_two_arguments(worm):
    for name in null_models.NULL_MODELS:
        found = null_models.NULL_MODELS.load(name)(worm, np.random.default_rng(0))
        assert found.name != worm.name, name
        changed = [
            layer
            for layer in ("chemical", "gap", "signs")
            if (getattr(found, layer) != getattr(worm, layer)).any()
        ]
        assert changed, name
