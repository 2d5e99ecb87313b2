"""The notebooks of the site: made from their text sources, small, and they run."""

import runpy
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "examples" / "notebooks").glob("*.py"))
# Some seconds each: these run in CI, and with -m slow.
SLOW = {
    *("connectome_and_nulls", "from_touch_to_crawl", "how_many_attractors"),
    *("own_task_and_network", "worm_in_ten_minutes", "your_trained_network"),
}


def made(source: Path) -> Path:
    """The notebook of a source."""
    return ROOT / "docs" / "tutorials" / f"{source.stem}.ipynb"


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "notebooks.py"))


@pytest.fixture(scope="module")
def read(tool):
    return tool["read"]


def test_the_figures_of_the_gallery_are_those_of_the_notebooks(tool):
    """Else: python tools/notebooks.py --figures."""
    expected = tool["figures"](tool["GALLERY"].read_text(encoding="utf-8"))
    found = {file: file.read_bytes() for file in tool["FIGURES"].glob("*.png")}
    assert expected
    assert found == expected


def test_there_are_notebooks():
    assert len(SOURCES) >= 1
    listed = {path.stem for path in (ROOT / "docs" / "tutorials").glob("*.ipynb")}
    assert listed == {source.stem for source in SOURCES}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_is_that_of_its_source(source, read):
    """Else: make notebooks."""
    expected, found = read(source), nbformat.read(made(source), as_version=4)
    assert [cell.source for cell in found.cells] == [cell.source for cell in expected.cells]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_has_outputs_and_is_small(source):
    assert made(source).stat().st_size < 400_000
    outputs = [
        output
        for cell in nbformat.read(made(source), as_version=4).cells
        for output in cell.get("outputs", ())
    ]
    kinds = {output.output_type for output in outputs}
    assert kinds & {"display_data", "execute_result"}
    assert "error" not in kinds
    assert not any(output.get("name") == "stderr" for output in outputs)


def run(source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a source as a script in an empty folder."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(source)])
    monkeypatch.setattr(plt, "show", plt.close)
    try:
        runpy.run_path(str(source), run_name="__main__")
    finally:
        plt.close("all")


@pytest.mark.parametrize(
    "source", [it for it in SOURCES if it.stem not in SLOW], ids=lambda source: source.stem
)
def test_a_notebook_runs(source, tmp_path, monkeypatch):
    run(source, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source", [it for it in SOURCES if it.stem in SLOW], ids=lambda source: source.stem
)
def test_a_slow_notebook_runs(source, tmp_path, monkeypatch):
    run(source, tmp_path, monkeypatch)
