"""Values in messages are those of the caller, without the types of NumPy."""

import numpy as np
import pytest

from isochron import analysis, ann_bridge, connectome, sims
from isochron.wording import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.str_("AVA"), "'AVA'"),
        (np.True_, "True"),
        ((np.float32(0.25), "a"), "(0.25, 'a')"),
        ([np.nan, np.float64(np.inf)], "[nan, inf]"),
        ("it's", '"it\'s"'),
        (None, "None"),
        (np.zeros(2), "array([0., 0.])"),
        (2**64, "18446744073709551616"),
        (-(10**400), "a whole number of 401 digits"),
        (2**66, "a whole number of 20 digits"),
        ([10**5000], "a list with very large numbers"),  # Python does not write such numbers
        ("x" * 1000, "'" + 199 * "x" + "..."),
    ],
)
def test_the_text_of_a_value(value, text):
    assert shown(value) == text


def test_a_long_array_is_short():
    assert len(shown(np.arange(1000))) < 100


@pytest.mark.parametrize("bad", [0.5, 3, -7, 1e300])
def test_a_sign_of_a_matrix(bad):
    with pytest.raises(ValueError, match=r"signs must be -1, 0 or 1, got [\d.e+-]+ from A"):
        connectome.from_matrices(
            ["A", "B"], np.ones((2, 2)), rows="postsynaptic", signs=np.full((2, 2), bad)
        )


DOORS = {
    "sign": lambda x: connectome.SignTable(senders={"AVAL": x}),
    "threshold": lambda x: connectome.load("varshney2011").threshold(x),
    "conductance": lambda x: sims.GradedParameters(capacitance=x),
    "muscle": lambda x: sims.MuscleParameters(gain=x),
    "scale": lambda x: analysis.find_fixed_points(
        analysis.Flow(lambda t, y: -y), np.ones((1, 1)), scale=x
    ),
    "radius": lambda x: ann_bridge.tasks.PhaseMemory(frequency_Hz=x),
    "period": lambda x: analysis.find_limit_cycle(
        analysis.Flow(lambda t, y: -y), np.ones(1), max_period=x
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_numbers_of_numpy_are_numbers(door, kind):
    with pytest.raises((ValueError, TypeError)) as raised:
        DOORS[door](kind(-np.inf))
    assert "inf" in str(raised.value)
    assert "np." not in str(raised.value)
