"""A page explains every exported name of the analysis."""

import re
from pathlib import Path

import pytest

from isochron import analysis
from isochron.analysis import plotting, sign_networks

ROOT = Path(__file__).resolve().parents[2]
PAGES = (*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md")


@pytest.mark.parametrize("module", [analysis, plotting, sign_networks])
def test_every_exported_name_is_on_a_page(module):
    words = set(re.findall(r"\w+", " ".join(page.read_text() for page in PAGES)))
    assert not set(module.__all__) - words


def test_every_name_is_exported_once():
    assert len(set(analysis.__all__)) == len(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)
