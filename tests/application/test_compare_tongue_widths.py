"""Widths of tongues for a weak forcing: which draws, the count of those without a rhythm."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from isochron.runs.configuration import config_digest
from isochron.studies.compare.configuration import CompareConfig, OnsetSection
from isochron.studies.compare.group_figures import _tongue_widths
from isochron.studies.compare.results import CompareResults
from isochron.studies.compare.table import TONGUE_COLUMNS, tongue_rows
from isochron.studies.compare.tongue_widths import (
    TongueGroup,
    TongueWidth,
    find_tongue_width,
    tongue_specs,
    tongue_step,
)

SECTION = OnsetSection(datasets=("varshney2011",), null_models=("rewire", "erdos-renyi"), draws=0,
                       tongue_draws=2)  # fmt: skip
WITHOUT = TongueWidth(remark="first instability: steady")


def width(value):
    return TongueWidth(current_pA=1494.0, period_ms=1997.6, relative_width=value)


def group(null, *found):
    return TongueGroup(dataset="varshney2011", null_model=null, leak_nS=0.01, found=found)


GROUPS = (group("none", width(97.5)), group("rewire", WITHOUT, width(53.2), width(120.0), WITHOUT))


def test_connectomes_and_numbered_draws_of_the_first_null_model_are_steps():
    specs = tongue_specs(CompareConfig(onset=SECTION))
    assert [tongue_step(it) for it in specs] == [
        "tongue-varshney2011-none-0.01nS-0",
        "tongue-varshney2011-rewire-0.01nS-0",
        "tongue-varshney2011-rewire-0.01nS-1",
    ]
    assert tongue_specs(CompareConfig(onset=replace(SECTION, tongue_draws=0))) == []
    with pytest.raises(ValueError, match="tongue_draws must lie between 0 and 10000, got -1"):
        replace(SECTION, tongue_draws=-1)


def test_folders_of_runs_from_before_this_setting_can_be_resumed():
    section = OnsetSection()
    older = {it.name: getattr(section, it.name) for it in fields(section)}
    del older["tongue_draws"]
    assert config_digest(section) == config_digest(older)
    assert config_digest(replace(section, tongue_draws=0)) != config_digest(older)


def test_table_and_figure_state_the_same_widths_and_count_draws_without_a_rhythm():
    (row,) = tongue_rows(GROUPS)
    assert len(row) == len(TONGUE_COLUMNS)
    assert row[2:7] == ("2.00", "9.75", "rewire", "2 of 4", "8.66 (5.32 to 12.00)")
    assert row[7] == "1"  # two draws, one on each side
    results: CompareResults = SimpleNamespace(tongue_widths=GROUPS)  # type: ignore[assignment]
    drawn = _tongue_widths(results)
    assert drawn is not None
    (ax,) = drawn[1].axes
    assert list(ax.lines[0].get_ydata()) == [5.32, 12.0]
    assert ax.collections[0].get_segments()[0][0][1] == 9.75
    assert ax.get_xticklabels()[0].get_text().endswith("2 of 4 without a rhythm")


def test_a_connectome_without_a_rhythm_is_stated():
    (row,) = tongue_rows((group("none", WITHOUT), group("rewire", WITHOUT)))
    assert row[3:] == ("– (first instability: steady)", "rewire", "0 of 1", "–", "–")


@pytest.mark.slow
def test_the_tongue_of_the_connectome_and_of_a_draw_that_does_not_oscillate():
    """9.75 % of the frequency for 0.1 % of the current; draw 0 has no rhythm."""
    config = CompareConfig(onset=SECTION)
    worm, draw = (
        find_tongue_width(config, spec, lambda fraction, text: None)
        for spec in tongue_specs(config)[:2]
    )
    assert worm["current_pA"] == pytest.approx(1.2 * 1245.08, rel=1e-5)
    assert worm["period_ms"] == pytest.approx(1997.6, abs=1)
    assert worm["relative_width"] == pytest.approx(97.5, rel=0.01)  # as the phase response is known
    assert draw == {"current_pA": None, "period_ms": None, "relative_width": None,
                    "remark": "first instability: steady"}  # fmt: skip
