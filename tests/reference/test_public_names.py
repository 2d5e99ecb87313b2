"""Every exported name is on a page of the API reference, once."""

import runpy
from pathlib import Path

from isochron import analysis
from tests.reference.public import exported

ROOT = Path(__file__).resolve().parents[2]


def test_every_exported_name_is_on_one_page():
    made = runpy.run_path(str(ROOT / "docs" / "_extensions" / "api_pages.py"))
    seen: set[int] = set()
    listed = [
        f"{package}.{name}"
        for package in made["PACKAGES"]
        for names in made["groups_of"](package, seen).values()
        for name in names
    ]
    assert len(set(listed)) == len(listed)
    on_a_page = {path.rpartition(".")[2] for path in listed}
    assert {name.path.rpartition(".")[2] for name in exported()} <= on_a_page


def test_every_name_is_exported_once():
    assert len(set(analysis.__all__)) == len(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)
