"""isochron crawl --nulls: the controls of a crawl."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import print_json, print_table, say
from isochron.cli.execution import ExecutionOptions, SweepLines
from isochron.cli.options import reject_given
from isochron.workflows.crawl_controls.settings import ControlSettings
from isochron.workflows.crawl_settings import CrawlSettings

if TYPE_CHECKING:
    from isochron.runs.sweep.sweeps import Sweep
    from isochron.workflows.crawl_controls.summary import ControlSummary

SEARCHED = ("stiffness", "viscosity", "curvature_gain", "gain", "field", "model", "check",
            "stimulate", "signs")  # fmt: skip


def run_controls(
    worm: CrawlSettings, controls: ControlSettings, execution: ExecutionOptions,
    out: Path | None, *, draw: bool, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compute, test and report the controls; continue what the folder has."""
    reject_given("worm", SEARCHED, "has no effect with --nulls, which searches over constants.")
    if out is None or draw:
        raise click.UsageError(
            "--nulls needs --out FOLDER, where runs, summary.json and report.html are stored, and "
            "has no --plot."
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; --nulls needs the name of a folder.")
    from isochron.files import write_bytes, write_json
    from isochron.runs.results import to_json_values
    from isochron.workflows.crawl_controls.page import build_page
    from isochron.workflows.crawl_controls.search import run_search
    from isochron.workflows.crawl_controls.summary import summarize

    place = execution.place()
    if execution.executor == "slurm":
        place["wait"] = True

    def compute(grid: Mapping[str, Any], store: Path) -> "Sweep":
        return _compute(grid, store, place, force=force, quiet=as_json)

    search, best = run_search(worm, controls, out, compute)
    summary = summarize(worm, controls, search, best)
    write_json(out / "summary.json", to_json_values(summary))
    write_bytes(out / "report.html", build_page(summary).encode())
    if as_json:
        print_json(to_json_values(summary))
        return
    _print_summary(summary)
    say(f"Report: {out / 'report.html'}")


def _compute(
    grid: Mapping[str, Any], store: Path, place: Mapping[str, Any], *, force: bool, quiet: bool
) -> "Sweep":
    from isochron.cli.signals import resumable
    from isochron.folders import refuse_links
    from isochron.runs.sweep.sweeps import prepare, run

    refuse_links(store.parent, [store.name])
    store.parent.mkdir(parents=True, exist_ok=True)
    found = prepare(grid, store, retry_failed=True, force=force)
    with resumable():
        run(found, watch=SweepLines(found, quiet=quiet), **place)
    return found


def _print_summary(summary: "ControlSummary") -> None:
    from rich.table import Table

    from isochron.cli.crawl import print_survey
    from isochron.workflows.crawl_controls.page import number, share_text
    from isochron.workflows.crawl_controls.summary import MEASURES

    texts = {measure.name: measure.text for measure in MEASURES}
    table = Table("", "null model", "connectome", "median", "as good or better", "p", "p (Holm)")
    for test in summary.tests:
        table.add_row(
            texts[test.measure], test.kind, number(test.worm), number(test.median),
            share_text(test), f"{test.p_value:.2g}", f"{test.p_holm:.2g}",
        )  # fmt: skip
    print_table(table)
    free = summary.unconnected
    say(
        f"No connections: {free.n_forward} of {free.n_sets} sets crawl, best distance "
        f"{number(free.best_distance)}; connectome: {summary.worm.n_forward} of "
        f"{summary.worm.n_sets}, {number(summary.worm.best_distance)}."
    )
    for reason, count in summary.failures.items():
        say(f"Failed, {count} runs: {reason}")
    if summary.survey is not None:
        print_survey(summary.survey)
    for text in summary.statements:
        say(text)
