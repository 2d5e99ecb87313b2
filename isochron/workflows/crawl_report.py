"""The report of one crawl, and what `isochron crawl` prints of it."""

from typing import Any

import xarray as xr

from isochron.report.study_page import PageTable
from isochron.runs.gait_rows import animal_note, gait_table_rows
from isochron.view import build_page
from isochron.workflows.crawl import CrawlSummary, crawl_spec, draw_crawl
from isochron.workflows.crawl_models import open_model
from isochron.workflows.crawl_settings import CrawlSettings
from isochron.workflows.crawl_survey import GaitSurvey
from isochron.workflows.run_report import build_pages, record_of

GAIT_HEAD = ("", "worm", "animal")
SURVEY_HEAD = (
    "gait", "starts", "share (95 %)", "frequency (Hz)", "wavelength", "speed (mm/s)",
    "rms curvature (1/mm)", "direction",
)  # fmt: skip
METHODS = {
    "frequency": "Frequency of the curvature, after the transient.",
    "wavelength": "From the slope of the phase of the curvature along the body.",
    "speed": (
        "Mean velocity of the center of the body along the line from tail to head; forward is "
        "positive."
    ),
    "traveling index": (
        "Power of waves from head to tail minus that of waves from tail to head, divided by their "
        "sum: 1 for a traveling wave, 0 for one that stands."
    ),
    "convergence": (
        "The run again with half the time step, and with twice the links. Numbers of a gait that "
        "change are properties of the discretization, not of the model."
    ),
    "animal": "Adult hermaphrodites in the same medium; speed is from a different assay.",
}


def crawl_pages(run: xr.Dataset, summary: CrawlSummary, settings: CrawlSettings) -> dict[str, str]:
    """The report of a crawl and the page that plays it, as HTML by file name.

    Parameters
    ----------
    run : xarray.Dataset
    summary : CrawlSummary
    settings : CrawlSettings
        Settings of the run.
    """
    connectome = open_model(crawl_spec(settings), settings).connectome
    title = f"{summary.dataset}, {summary.model} model, {summary.medium}"
    return build_pages(
        record_of(connectome, settings),
        draw_crawl(run, summary),
        "Curvature from head to tail over time, and the path of the body.",
        build_page({"worm": run}, title=title, connectome=connectome),
        command="isochron crawl",
        question=f"How does the worm move? {title}",
        answer=[describe_crawl(summary), *describe_convergence(summary)],
        caveats=_caveats(summary),
        tables=_tables(summary),
        methods=METHODS,
    )


def describe_crawl(summary: CrawlSummary) -> str:
    """The gait as a sentence."""
    gait = summary.gait
    if gait["frequency_Hz"] is None:
        return "The worm is at rest."
    numbers = f"{gait['frequency_Hz']:.3g} Hz and {gait['speed']:.3g} mm/s"
    if gait["wavelength"] is not None:
        numbers += f", wavelength {gait['wavelength']:.3g} body lengths"
    return f"The worm moves with {numbers}; direction of the wave: {gait['direction']}."


def describe_convergence(summary: CrawlSummary) -> list[str]:
    """Whether finer runs have the same gait, as sentences."""
    if summary.converged is None:
        return ["Convergence: not checked (--check checks it)."]
    if summary.converged:
        changes = " and ".join(
            f"{100 * _largest(one.differences):.1f} % with {one.change}"
            for one in summary.convergence
        )
        return [f"Converged: the numbers of the gait change by at most {changes}."]
    return [
        f"Not converged: with {one.change} the gait differs by more than "
        f"{100 * one.tolerance:g} %: {', '.join(_beyond(one))}."
        for one in summary.convergence
        if not one.converged
    ]


def survey_rows(survey: GaitSurvey) -> list[list[str]]:
    """The gaits of a survey as rows of a table, below `SURVEY_HEAD`."""
    names = ("frequency_Hz", "wavelength", "speed", "rms_curvature")
    return [
        [one.kind, str(one.n_starts), f"{one.basin_low:.2f} to {one.basin_high:.2f}"]
        + [_number(one.gait[name]) for name in names]
        + [one.gait["direction"]]
        for one in survey.gaits
    ]


def survey_notes(survey: GaitSurvey) -> list[str]:
    """What a survey leaves open, as sentences."""
    failed = [f"{n} of {survey.n_starts} starts: {why}" for why, n in survey.failures.items()]
    return [*failed, f"The survey cannot exclude {survey.cannot_exclude}"]


def _caveats(summary: CrawlSummary) -> list[str]:
    if summary.survey is not None:
        return [summary.limit, *survey_notes(summary.survey)]
    other = (
        f"Whether the worm has other gaits: this is one run from one initial state (seed "
        f"{summary.seed}). isochron crawl --survey searches for them."
    )
    return [summary.limit, other]


def _tables(summary: CrawlSummary) -> list[PageTable]:
    rows = gait_table_rows([summary.gait], [summary.animal])
    note = animal_note(summary.animal)
    found = [PageTable(title="Gait", columns=GAIT_HEAD, rows=rows, note=note, n_labels=1)]
    if summary.survey is not None:
        rows = survey_rows(summary.survey)
        found.append(PageTable(title="Gaits from random states", columns=SURVEY_HEAD, rows=rows))
    return found


def _beyond(one: Any) -> list[str]:
    """Numbers of a finer run that differ by more than the tolerance."""
    return [
        f"{_words(name)} {'not defined' if value is None else f'{100 * value:.1f} %'}"
        for name, value in one.differences.items()
        if value is None or value > one.tolerance
    ] or [f"direction {one.gait['direction']}"]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _largest(differences: dict[str, float | None]) -> float:
    """The largest difference; 0 for a worm at rest."""
    return max((value for value in differences.values() if value is not None), default=0.0)


def _words(name: str) -> str:
    return name.removesuffix("_Hz").replace("_", " ")
