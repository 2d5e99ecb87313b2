import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.datasets import vendored_arrays
from isochron.connectome.signs import FENYVES_CODES

UNTYPED: Any = connectome


def test_gaba_neurons_inhibit(graph):
    signs = connectome.gaba_inhibitory(graph)
    assert ((signs != 0) == (graph.chemical > 0)).all()
    senders = {graph.neurons[j] for j in np.flatnonzero((signs < 0).any(axis=0))}
    assert senders == {n for n in connectome.GABAERGIC if graph.chemical[:, graph.index([n])].any()}
    assert senders


def test_the_rule_is_recorded(graph):
    rule = connectome.Fenyves2020(unsigned="gaba", complex="none")
    signed = graph.with_signs(rule)
    assert signed.history == ("signs: Fenyves2020(unsigned='gaba', complex='none')",)
    np.testing.assert_array_equal(signed.signs, rule(graph))


def test_the_signs_of_fenyves_have_the_numbers_of_the_paper(expected):
    codes = vendored_arrays("fenyves2020")["signs"][:, 2]
    found = {name: int((codes == i).sum()) for i, name in enumerate(FENYVES_CODES)}
    assert found == expected("cells")["fenyves2020"]


def test_what_becomes_of_the_unsigned_is_a_parameter():
    cook = connectome.load("cook2019-hermaphrodite")
    none = connectome.Fenyves2020(unsigned="none", complex="none")(cook)
    # The table was made from the file before its correction of July 2020.
    assert 0.95 * 1327 < (none > 0).sum() <= 1327
    assert 0.95 * 425 < (none < 0).sum() <= 425
    kinds = {"excitatory": 1, "inhibitory": -1}
    for name, sign in kinds.items():
        signs = UNTYPED.Fenyves2020(unsigned=name, complex="none")(cook)
        filled = (signs != 0) & (none == 0)
        assert (signs[filled] == sign).all()
        assert (signs[none != 0] == none[none != 0]).all()
        assert filled.sum() > 1000
    gaba = connectome.Fenyves2020(unsigned="gaba", complex="gaba")(cook)
    assert ((gaba != 0) == (cook.chemical > 0)).all()
    rest = none == 0
    assert (gaba[rest] == connectome.gaba_inhibitory(cook)[rest]).all()


def test_transmitter_rule(graph):
    def sent(rule, name):
        j = graph.index([name])[0]
        return set(rule(graph)[:, j][graph.chemical[:, j] > 0].tolist())

    plain = connectome.TransmitterSigns()
    assert sent(plain, "RIBL") == {-1}
    assert sent(plain, "AVAL") == sent(plain, "PLML") == {1}
    chloride = connectome.TransmitterSigns(inhibitory=("GABA", "glutamate"), unknown="none")
    assert sent(chloride, "PLML") == {-1}
    assert sent(chloride, "RID") == {0}
    assert sent(plain, "RID") == {1}


@pytest.mark.parametrize(
    ("rule", "signs"),
    [
        ({}, {"AVJL": -1, "PHAL": 1, "I4": 1, "PVWL": 1}),
        ({"inhibitory": ("GABA", "glutamate")}, {"AVJL": -1, "PHAL": -1, "I4": -1}),
        ({"unknown": "none"}, {"AVJL": -1, "PHAL": 1}),
        ({"uncertain": "unknown"}, {"AVJL": 1, "PHAL": 1}),
        ({"uncertain": "unknown", "unknown": "none"}, {"AVJL": 0, "PHAL": 0, "PVWL": 0}),
        (
            {"inhibitory": "serotonin", "uncertain": "unknown", "unknown": "inhibitory"},
            {"PVWL": -1, "AVJL": -1, "NSML": -1, "AVAL": 1},
        ),
    ],
)
def test_a_transmitter_with_a_question_mark(rule, signs):
    """AVJ has GABA?, PHA and I4 glutamate?, PVW serotonin? (Wang et al., 2024)."""
    cook = connectome.load("cook2019-hermaphrodite")
    found = connectome.TransmitterSigns(**rule)(cook)
    for name, sign in signs.items():
        j = cook.neurons.index(name)
        assert set(found[:, j][cook.chemical[:, j] > 0]) == {sign}, name


@pytest.mark.parametrize("name", ["gaba", "GABAergic", "glutamat", "Glutamate"])
def test_an_unknown_transmitter_is_not_ignored(graph, name):
    near = "GABA" if "gaba" in name.lower() else "glutamate"
    with pytest.raises(ValueError, match=f"transmitter '{name}', .*Did you mean {near}"):
        connectome.TransmitterSigns(inhibitory=(name,))(graph)


def test_transmitters_of_the_user_are_known():
    cells = [connectome.Cell(name, name, "unknown", transmitters=("glycine",)) for name in "AB"]
    fish = dataclasses.replace(pair("A", "B"), cells=tuple(cells), species="D. rerio")
    assert (connectome.TransmitterSigns(inhibitory=("glycine",))(fish)[fish.chemical > 0] < 0).all()


def test_the_gabaergic_neurons_of_the_male_inhibit():
    """All 33 connections from EF1, EF2 and EF3 onto neurons."""
    male = connectome.load("cook2019-male")
    senders = male.index(["EF1", "EF2", "EF3"])
    signs = connectome.TransmitterSigns()(male)[:, senders]
    assert (signs[male.chemical[:, senders] > 0] == -1).all()
    assert (signs != 0).sum() == 33


def pair(*names, **fields):
    """Two neurons, one connection."""
    return connectome.Connectome(
        name="pair",
        neurons=names,
        muscles=(),
        chemical=np.array([[0, 0], [1, 0]]),
        gap=np.zeros((2, 2)),
        neuromuscular=np.zeros((0, 2)),
        source=connectome.Source(weight_unit="weight"),
        **fields,
    )


TABLES = (
    connectome.GabaInhibitory(),
    connectome.TransmitterSigns(),
    connectome.Fenyves2020(unsigned="gaba", complex="gaba"),
)


@pytest.mark.parametrize("rule", TABLES)
@pytest.mark.parametrize("species", [None, "D. melanogaster"])
def test_a_rule_by_name_on_another_animal_says_so(rule, species, caplog):
    fly = dataclasses.replace(pair("DD1", "VD1", species=species), name=f"fly {rule} {species}")
    assert rule(fly)[1, 0] == 1
    assert f"The species of {fly.name} is {species or 'not given'}" in caplog.text
    (said,) = fly.with_signs(rule).history
    assert "inhibits none of the 1 chemical connection)" in said
    assert "knows the neurons of C. elegans only" in said


@pytest.mark.parametrize("rule", [TABLES[0], TABLES[2]])
def test_a_list_of_the_hermaphrodite_says_so_on_a_male(rule, caplog):
    male = connectome.load("cook2019-male")
    (said,) = male.with_signs(rule).history
    assert "CP9, EF1, EF2, EF3 release GABA too" in said
    assert connectome.TransmitterSigns().remarks(male) == ()
    worm = connectome.load("cook2019-hermaphrodite")
    assert rule.remarks(worm) == ()


def test_signs_that_are_all_alike_are_stated(graph):
    assert "(" not in graph.with_signs(connectome.GabaInhibitory()).history[0].split("()")[1]
    excited = graph.with_signs(connectome.SignTable(others="excitatory"))
    assert "(inhibits none of the 2194 chemical connections)" in excited.history[0]
    silent = graph.with_signs(connectome.SignTable())
    assert "(gives none of the 2194 chemical connections a sign)" in silent.history[0]
    assert silent.signs is not None


def test_a_table_of_the_user(small):
    signs = connectome.SignTable(senders={"A": -1}, connections={("C", "D"): -1})(small)
    expected = np.zeros((4, 4))
    expected[1, 0] = expected[3, 2] = -1
    np.testing.assert_array_equal(signs, expected)
    with pytest.raises(ValueError, match="not have a chemical connection from A to D"):
        connectome.SignTable(connections={("A", "D"): 1})(small)
    with pytest.raises(ValueError, match="has no neuron 'Z'"):
        connectome.SignTable(senders={"Z": 1})(small)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: UNTYPED.Fenyves2020(unsigned="x", complex="none"),
        lambda: UNTYPED.Fenyves2020(unsigned="none", complex=""),
        lambda: UNTYPED.TransmitterSigns(unknown="?"),
        lambda: UNTYPED.SignTable(senders={"A": 2}),
        lambda: UNTYPED.SignTable(others="x"),
    ],
)
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be (one of|-1, 0 or 1)"):
        wrong()
