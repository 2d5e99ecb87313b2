"""Every exported name states what a user needs: parameters, shapes, returns, errors, an example."""

import pytest

from tests.reference.public import exported, faults


@pytest.mark.parametrize("name", exported(), ids=lambda name: name.path)
def test_the_docstring_is_complete(name):
    assert faults(name) == []
