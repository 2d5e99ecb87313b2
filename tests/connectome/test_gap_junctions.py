"""One rule makes gap junctions symmetric, whatever the file."""

import numpy as np
import pytest

from isochron.connectome.gap_junctions import symmetric_gap

NAMES = ("I2L", "M1", "MI")
UNEQUAL = np.array([[0, 5, 2], [3, 0, 0], [2, 0, 0]])


@pytest.mark.parametrize(("rule", "weight"), [("larger", 5), ("mean", 4)])
def test_a_rule_decides_between_unequal_weights(rule, weight):
    gap, history = symmetric_gap(UNEQUAL, NAMES, unequal_gap=rule, where="x")
    np.testing.assert_array_equal(gap, [[0, weight, 2], [weight, 0, 0], [2, 0, 0]])
    assert gap.dtype == UNEQUAL.dtype
    assert history == (f"unequal gap junctions take the {rule} weight (1)",)


def test_a_mean_is_not_rounded():
    gap, _ = symmetric_gap([[0, 1], [2, 0]], NAMES, unequal_gap="mean", where="x")
    np.testing.assert_array_equal(gap, [[0, 1.5], [1.5, 0]])


def test_unequal_weights_are_refused_with_the_way_out():
    message = r"x: .*I2L and M1 has weight 3 from I2L to M1 and 5 the other way.*unequal_gap='larg"
    with pytest.raises(ValueError, match=message):
        symmetric_gap(UNEQUAL, NAMES, where="x")
    with pytest.raises(ValueError, match=r"unequal_gap must be one of .*got 'sum'"):
        symmetric_gap(UNEQUAL, NAMES, unequal_gap="sum", where="x")  # type: ignore[arg-type]


def test_a_pair_listed_once_is_not_unequal():
    once = np.triu(UNEQUAL)
    gap, history = symmetric_gap(once, NAMES, where="x", listed_once=True)
    np.testing.assert_array_equal(gap, once + once.T)
    assert history == ()
    with pytest.raises(ValueError, match="the other way"):
        symmetric_gap(once, NAMES, where="x")


def test_nothing_is_changed_where_nothing_differs():
    equal = np.array([[1, 2], [2, 0]], dtype=np.int32)
    gap, history = symmetric_gap(equal, NAMES, unequal_gap="mean", where="x")
    np.testing.assert_array_equal(gap, equal)
    assert history == ()
    assert gap.dtype == np.int32
