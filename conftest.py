"""The names that examples in docstrings may use without an import, as the API reference states."""

import sys

import numpy as np
import pytest
from _pytest import doctest as doctests

from isochron import analysis, ann_bridge, connectome, sims, view

DOCTEST_MODULE = doctests.DoctestModule


def pytest_collectstart():
    """Importing brian2 replaces pytest's collector by one that fails for ``__init__.py``."""
    doctests.DoctestModule = DOCTEST_MODULE


@pytest.fixture(autouse=True)
def names_of_examples(request):
    """np and the packages; files go to an empty folder."""
    is_example = isinstance(request.node, pytest.DoctestItem)
    if is_example:
        import matplotlib as mpl

        mpl.use("agg")
        request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
        request.getfixturevalue("doctest_namespace").update(
            np=np,
            analysis=analysis,
            ann_bridge=ann_bridge,
            connectome=connectome,
            sims=sims,
            view=view,
        )
    yield
    if is_example and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
