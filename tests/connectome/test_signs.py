from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.datasets import vendored_arrays
from isochron.connectome.signs import FENYVES_CODES

UNTYPED: Any = connectome


def test_gaba_neurons_inhibit(wiring):
    signs = connectome.gaba_inhibitory(wiring)
    assert ((signs != 0) == (wiring.chemical > 0)).all()
    senders = {wiring.neurons[j] for j in np.flatnonzero((signs < 0).any(axis=0))}
    assert senders == {
        n for n in connectome.GABAERGIC if wiring.chemical[:, wiring.index([n])].any()
    }
    assert senders


def test_the_rule_is_recorded(wiring):
    rule = connectome.Fenyves2020(unsigned="gaba", complex="none")
    signed = wiring.with_signs(rule)
    assert signed.history == ("signs: Fenyves2020(unsigned='gaba', complex='none')",)
    np.testing.assert_array_equal(signed.signs, rule(wiring))


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


def test_transmitter_rule(wiring):
    def sent(rule, name):
        j = wiring.index([name])[0]
        return set(rule(wiring)[:, j][wiring.chemical[:, j] > 0].tolist())

    plain = connectome.TransmitterSigns()
    assert sent(plain, "RIBL") == {-1}
    assert sent(plain, "AVAL") == sent(plain, "PLML") == {1}
    chloride = connectome.TransmitterSigns(inhibitory=("GABA", "glutamate"), unknown="none")
    assert sent(chloride, "PLML") == {-1}
    assert sent(chloride, "RID") == {0}
    assert sent(plain, "RID") == {1}


def test_a_table_of_the_user(small):
    signs = connectome.SignTable(senders={"A": -1}, connections={("C", "D"): -1})(small)
    expected = np.zeros((4, 4))
    expected[1, 0] = expected[3, 2] = -1
    np.testing.assert_array_equal(signs, expected)
    with pytest.raises(ValueError, match="no chemical connection from A to D"):
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
