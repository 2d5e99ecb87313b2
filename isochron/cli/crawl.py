"""isochron crawl."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    add_row,
    check_report_folder,
    debug_option,
    force_option,
    json_option,
    noting_saved,
    print_json,
    print_table,
    refuse_to_replace,
    report_option,
    say,
    write_report,
)
from isochron.cli.execution import ExecutionOptions
from isochron.cli.options import PATH, SettingsCommand, reject_given
from isochron.runs.gait_rows import animal_note, gait_table_rows
from isochron.wording import command
from isochron.workflows.crawl_controls.settings import ControlSettings
from isochron.workflows.crawl_settings import CrawlSettings

if TYPE_CHECKING:
    from isochron.workflows.crawl import CrawlSummary
    from isochron.workflows.crawl_survey import GaitSurvey

FORMATS = (".zarr", ".nc", ".wcon")


@click.command(
    cls=SettingsCommand,
    settings={"worm": CrawlSettings, "controls": ControlSettings, "execution": ExecutionOptions},
)
@click.option("--out", type=PATH, help="File for the run: .zarr, .nc or .wcon; folder for --nulls.")
@click.option("--plot", "draw", is_flag=True, help="Draw the run, next to --out or as crawl.png.")
@report_option
@force_option
@json_option
@debug_option
def crawl(
    worm: CrawlSettings, controls: ControlSettings, execution: ExecutionOptions,
    out: Path | None, draw: bool, report: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Simulate a worm that moves, and compare its gait with that of the animal.

    Neurons, muscles, body and proprioception form a closed loop; nothing else oscillates. The run
    is repeated with half the step and twice the links, and the result states whether it converged.

    With --nulls, the same search over random constants is done for the connectome, for draws from
    null models, and without any connection; the folder --out continues what it has.

    Examples:

    \b
    isochron crawl --out crawl.zarr --plot
    isochron crawl --out crawl.zarr --report crawl
    isochron crawl --model stiff --medium agar-shen2011 --json
    isochron crawl --model bistable --dataset cook2019-hermaphrodite --medium water
    isochron crawl --nulls 200 --out controls
    """
    if controls.nulls is not None:
        if report is not None:
            raise click.UsageError("--nulls writes its report to the folder --out; omit --report.")
        from isochron.cli.crawl_controls import run_controls

        run_controls(worm, controls, execution, out, draw=draw, force=force, as_json=as_json)
        return
    needed = "needs --nulls N, for the controls."
    reject_given("execution", [field.name for field in fields(ExecutionOptions)], needed)
    reject_given("controls", ("kinds", "search_budget"), needed)
    if out is not None and out.suffix not in FORMATS:
        raise ValueError(f"--out must end in {', '.join(FORMATS)}, got {str(out)!r}.")
    picture = (out or Path("crawl")).with_suffix(".png") if draw else None
    for path in (out, picture):
        if path is not None:
            refuse_to_replace(path, force)
    check_report_folder(report, force)
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist; make it first.")
    _ = worm.currents  # a wrong one is named at once
    from isochron.runs.results import to_json_values
    from isochron.sims import save_dataset, save_wcon
    from isochron.workflows.crawl import crawl_worm, write_crawl_figure

    run, summary = crawl_worm(worm)
    printed = to_json_values(summary)
    if out is not None:
        (save_wcon if out.suffix == ".wcon" else save_dataset)(run, out)
        printed["file"] = str(out)
    with noting_saved(out):
        if picture is not None:
            write_crawl_figure(run, summary, picture)
            printed["figure"] = str(picture)
        if report is not None:
            from isochron.workflows.crawl_report import crawl_pages

            printed["report"] = write_report(report, crawl_pages(run, summary, worm))
    if as_json:
        print_json(printed)
        return
    _print_summary(summary)
    for name in ("file", "figure", "report"):
        if name in printed:
            say(f"{name}: {printed[name]}")
    if out is not None and out.suffix != ".wcon":
        say(f"To play it: {command('view', out)}")


def _print_summary(summary: "CrawlSummary") -> None:
    from rich.table import Table

    from isochron.workflows.crawl_report import describe_convergence

    gait, animal = summary.gait, summary.animal
    say(
        f"{summary.dataset}, {summary.model} model, {summary.medium}: normal drag "
        f"{summary.normal_drag:g} µN s/mm², K = {summary.drag_ratio:g}; EI = "
        f"{summary.stiffness:g} µN mm², {summary.n_links} links, step {summary.step_ms:g} ms"
    )
    table = Table("", "worm", "animal")
    for row in gait_table_rows([gait], [animal]):
        add_row(table, *row)
    print_table(table)
    say(animal_note(animal))
    for line in describe_convergence(summary):
        say(line)
    if summary.survey is not None:
        print_survey(summary.survey)
    say(summary.limit)


def print_survey(survey: "GaitSurvey") -> None:
    """Print the gaits of a survey, and what it leaves open."""
    from rich.table import Table

    from isochron.workflows.crawl_report import SURVEY_HEAD, survey_notes, survey_rows

    table = Table(*SURVEY_HEAD)
    for row in survey_rows(survey):
        add_row(table, *row)
    print_table(table)
    for line in survey_notes(survey):
        say(line)
