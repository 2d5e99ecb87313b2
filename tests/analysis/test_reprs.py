"""Results are printed on one line, whatever the size of their arrays."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron import analysis
from isochron.analysis import sign_networks
from isochron.analysis.results import short_repr

INPUTS = {"Flow", "SteppedMap", "SystemFamily", "SignNetwork", "Section", "NewtonStarts"}


def results():
    for package in (analysis, sign_networks):
        for name in package.__all__:
            item = getattr(package, name)
            if dataclasses.is_dataclass(item) and name not in INPUTS:
                types = " ".join(str(field.type) for field in dataclasses.fields(item))
                if any(word in types for word in ("ndarray", "tuple[", "list[")):
                    yield pytest.param(item, id=name)


def filled(kind: Any):
    """An instance whose fields are all large arrays."""
    instance = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(instance, field.name, np.zeros((200, 12)))
    return instance


@pytest.mark.parametrize("kind", list(results()))
def test_arrays_are_printed_by_their_shape(kind):
    text = repr(filled(kind))
    assert text.startswith(f"{kind.__name__}(")
    assert "array(200, 12)" in text
    assert "\n" not in text
    assert len(text) < 1000


def test_a_cycle_and_a_survey_take_a_few_lines():
    system = analysis.SteppedMap(lambda k, x: 3.3 * x * (1 - x), None, 1)
    cycle = analysis.find_limit_cycle(system, [0.47], subharmonic=2)
    assert "found=True" in repr(cycle)
    assert "period=2" in repr(cycle)
    assert "states=array(3, 1)" in repr(cycle)
    survey = analysis.find_entrained_cycles(system, np.linspace(0.1, 0.9, 5)[:, None])
    for result in (cycle, survey, analysis.find_fixed_points(system, [[0.5], [0.1]])):
        assert len(repr(result).splitlines()) == 1
        assert len(repr(result)) < 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.array([1.0, 2.5]), "[1.  2.5]"),
        (np.empty((0, 3)), "array(0, 3)"),
        ((1, 2), "(1, 2)"),
        (("a",), "('a',)"),
        (tuple(range(9)), "<9 int>"),
        ((np.zeros(9), 1.0), "(array(9,), 1.0)"),
        ({"a": np.float64(1)}, "{'a': 1.0}"),
        ("x" * 500, "'" + "x" * 198 + "…"),
        ((analysis.LimitCycle(found=False, message=""),) * 3, "<3 LimitCycle>"),
    ],
)
def test_the_text_of_a_field(value, text):
    kind = short_repr(dataclasses.make_dataclass("Result", ["value"]))
    assert repr(kind(value)) == f"Result(value={text})"
