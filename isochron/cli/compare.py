"""isochron compare."""

from pathlib import Path

import click

from isochron.cli.common import debug_option, json_option, print_json, say
from isochron.cli.execution import ExecutionOptions
from isochron.cli.options import PATH, SettingsCommand
from isochron.cli.studies import RUN_SETTINGS, StudyOptions, run_study
from isochron.runs.model_settings import DATASET_HELP

RUNS_HELP = (
    "Networks that were trained elsewhere: run folders of isochron train, compare or reproduce, "
    "folders of saved networks, or single ones (.safetensors). Nothing is trained unless the "
    "configuration has [[substrates]] or [[tasks]]; worm, onsets and these networks are analyzed."
)


@click.command(cls=SettingsCommand, settings=RUN_SETTINGS)
@click.option("--dataset", help=f"{DATASET_HELP}.  [default: varshney2011]")
@click.option("--runs", "first", type=PATH, metavar="RUN [RUN]...", multiple=True, help=RUNS_HELP)
@click.argument("more", type=PATH, nargs=-1, metavar="")
@click.option(
    "--interim", is_flag=True, help="Report what the run in --out has finished so far; run nothing."
)
@json_option
@debug_option
def compare(
    options: StudyOptions, execution: ExecutionOptions, dataset: str | None,
    first: tuple[Path, ...], more: tuple[Path, ...], interim: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compare connectomes with null models, trained networks in pairs, and recordings.

    Writes results.json and report.html, with --interim interim.json and interim.html.

    The same command resumes a run that was interrupted, and runs again what failed. With
    --executor dask or slurm the steps run on a cluster; the results are the same.
    """
    if more and not first:
        raise click.UsageError(f"Got unexpected extra argument ({more[0]}). Runs: --runs {more[0]}")
    if interim:
        _report_interim(options, as_json=as_json)
        return
    runs = (*first, *more)
    run_study("compare", options, execution, as_json=as_json, dataset=dataset, runs=runs)


def _report_interim(options: StudyOptions, *, as_json: bool) -> None:
    """Write and print the results of the finished part of a run."""
    from isochron.runs.results import to_json_values
    from isochron.studies.compare.interim import write_interim
    from isochron.studies.compare.table import format_results

    if options.out is None:
        raise click.UsageError("--interim needs the folder of the run: --out RUN.")
    if options.config is not None or options.quick or options.force:
        raise click.UsageError("--interim takes the configuration from the run: only --out RUN.")
    results = write_interim(options.out)
    if as_json:
        print_json(to_json_values(results))
    else:
        say(format_results(results))
        say(f"Report: {options.out / 'interim.html'}")
