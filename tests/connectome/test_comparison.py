import pytest

from isochron import connectome


def test_what_two_wirings_share(small):
    other = connectome.from_matrices(
        ["B", "C", "D", "E"],
        [[0, 0, 0, 1], [6, 0, 0, 0], [1, 9, 8, 0], [0, 0, 0, 0]],
        rows="postsynaptic",
    )
    found = connectome.compare(small, other)
    assert found.shared_neurons == ("B", "C", "D")
    assert (found.only_first, found.only_second) == (("A",), ("E",))
    chemical = found.layers["chemical"]
    assert (chemical.both, chemical.only_first, chemical.only_second) == (3, 0, 1)
    assert chemical.jaccard == 0.75
    # Weights 2, 5, 1 against 6, 9, 8: ranks 2, 3, 1 against 1, 3, 2.
    assert chemical.weight_correlation == pytest.approx(0.5)
    gap = found.layers["gap"]
    assert (gap.both, gap.only_first, gap.only_second, gap.jaccard) == (0, 1, 0, 0)


def test_a_wiring_is_itself(graph):
    found = connectome.compare(graph, graph)
    assert found.same_unit
    assert found.layers["chemical"].both == 2194
    assert found.layers["gap"].both == 517
    for layer in found.layers.values():
        assert layer.jaccard == 1
        assert layer.weight_correlation == pytest.approx(1)


def test_units_and_layers_that_one_lacks(graph):
    cook = connectome.load("cook2019-hermaphrodite")
    assert not connectome.compare(graph, cook).same_unit
    amines = connectome.compare(graph, connectome.load("bentley2016-monoamine"))
    assert amines.layers["dopamine"].only_second > 1000
    assert amines.layers["chemical"].jaccard == 0


def test_nothing_in_common_is_an_error(graph, small):
    with pytest.raises(ValueError, match="share no neuron"):
        connectome.compare(graph, small)


@pytest.mark.parametrize(
    ("species", "said"),
    [
        ("D. melanogaster", "The species differ (fly: D. melanogaster, varshney2011: C. elegans)"),
        (None, "The species of one is not known (fly: not given, varshney2011: C. elegans)"),
        ("C. elegans", None),
    ],
)
def test_equal_names_of_other_animals_are_stated(graph, species, said):
    fly = connectome.from_matrices(
        ["VB1", "VB2"], [[0, 1], [1, 0]], rows="postsynaptic", species=species, name="fly"
    )
    remarks = connectome.compare(fly, graph).remarks
    assert (remarks == ()) if said is None else remarks[0].startswith(said)
    other = connectome.from_matrices(["a"], [[1]], rows="postsynaptic", species=species)
    if said:
        with pytest.raises(ValueError, match="share no neuron. The species"):
            connectome.compare(other, graph)
