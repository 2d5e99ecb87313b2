"""Registries import what they list when it is used, and name what they do not have."""

import sys

import pytest

from isochron.registry import Entry, Registry

SHAPES = Registry(
    "shape",
    {
        "square": Entry("decimal:Decimal", "Four equal sides.", settings="fractions:Fraction"),
        "torus": Entry("no_such_package.torus:Torus", "A ring.", package="isochron[rings]"),
        "module": Entry("colorsys", "A module."),
    },
)


def test_an_entry_is_imported_when_it_is_used():
    from decimal import Decimal
    from fractions import Fraction

    assert SHAPES.load("square") is Decimal
    assert SHAPES.load_settings("square") is Fraction
    assert SHAPES.load("module") is sys.modules["colorsys"]
    assert SHAPES.load_settings("module") is None


def test_an_unknown_name_is_stated_with_what_is_near():
    with pytest.raises(ValueError, match=r"shape 'sqare'.*Did you mean square\?.*torus, module"):
        SHAPES.load("sqare")


def test_a_missing_package_is_stated_with_what_installs_it():
    with pytest.raises(ModuleNotFoundError, match=r"'torus' needs no_such.*isochron\[rings\]"):
        SHAPES.load("torus")


def test_it_is_a_mapping_in_the_order_given():
    assert list(SHAPES) == ["square", "torus", "module"]
    assert SHAPES["square"].summary == "Four equal sides."
    assert "circle" not in SHAPES
