"""The pages that show the numbers of the benchmark: from the stored result, not by hand."""

import runpy
from pathlib import Path

import pytest

from isochron.bench.registry import BENCHMARKS
from isochron.bench.results import BenchReport
from isochron.runs.results import from_json_values, to_json_values
from tests.bench.test_report import report_of, row

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "speed.py"))


def test_the_pages_show_the_stored_numbers(tool):
    """Else: python tools/speed.py."""
    expected = tool["pages"](tool["read_report"]())
    assert len(expected) == 2
    for path, text in expected.items():
        assert path.read_text(encoding="utf-8") == text


def test_a_changed_number_is_seen(tool):
    report = tool["read_report"]()
    other = to_json_values(report)
    for each in other["rows"]:
        if each["measured"]:
            each["measured"]["seconds"] *= 3
    changed = tool["pages"](from_json_values(other, BenchReport))
    assert all(path.read_text(encoding="utf-8") != text for path, text in changed.items())


def test_a_row_that_does_not_exist_is_an_error(tool):
    with pytest.raises(ValueError, match="no row for {worms}"):
        tool["fill"]("{worms}", report_of(row()))


def test_a_peer_that_was_not_measured_has_no_number(tool):
    skipped = report_of(row(measured=None, skipped="not installed"))
    assert tool["fill"]("{worm} {worm/0}", skipped) == "not measured not measured"


def test_the_stored_report_has_every_row_of_a_cpu(tool):
    names = {each.name for each in tool["read_report"]().rows}
    assert names == {name for name in BENCHMARKS if "cpu" in BENCHMARKS[name].devices}
