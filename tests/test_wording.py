"""Numbers in messages: one thing is not several."""

import pytest

from isochron.wording import counted


@pytest.mark.parametrize(
    ("number", "what", "text"),
    [
        (0, ("muscle",), "0 muscles"),
        (1, ("muscle",), "1 muscle"),
        (2, ("muscle",), "2 muscles"),
        (1, ("gap junction(s) without conductance",), "1 gap junction without conductance"),
        (3, ("gap junction(s) without conductance",), "3 gap junctions without conductance"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_counted(number, what, text):
    assert counted(number, *what) == text
