"""Parts of the reports of single runs: where they are from, and the texts that they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isochron.connectome import Connectome
from isochron.report.study_page import PageFigure, StudyPage
from isochron.runs.provenance import Provenance, find_provenance

REPORT, VIEW = "report.html", "view.html"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What the end of a report states of a run.

    Attributes
    ----------
    provenance : Provenance
    config : dataclass
        Settings of the run, with its ``seed``.
    seconds : mapping of str to float
        Time of each part; empty if it was not measured.
    """

    provenance: Provenance
    config: Any
    seconds: Mapping[str, float] = field(default_factory=dict)


def build_pages(
    record: RunRecord,
    figure: Any,
    caption: str,
    view: str | None,
    *,
    play: str = "Play this run",
    **parts: Any,
) -> dict[str, str]:
    """The pages of a run by file name: the report, and the page that plays the run.

    Parameters
    ----------
    record : RunRecord
    figure : matplotlib.figure.Figure
        The poster, at the top of the report.
    caption : str
    view : str or None
        The page that plays the run, as HTML; None if the run cannot be shown.
    play : str
        Text of the link to it.
    **parts
        Other parts of `StudyPage`.
    """
    report = StudyPage(
        overview=PageFigure(caption=caption, figure=figure),
        play="" if view is None else play,
        results=record,
        **parts,
    )
    return {REPORT: report.render()} | ({} if view is None else {VIEW: view})


def record_of(connectome: Connectome, config: Any, **seconds: float) -> RunRecord:
    """Where a run is from."""
    return RunRecord(provenance=find_provenance(connectome), config=config, seconds=seconds)
