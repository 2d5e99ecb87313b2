"""isochron compare."""

import sys
from pathlib import Path

import click

from isochron.cli.common import debug_option, json_option, print_json
from isochron.runs.model_settings import DATASET_HELP


@click.command()
@click.option(
    "--config", type=Path, help="Configuration file (TOML); it replaces some of the defaults."
)
@click.option(
    "--out", type=Path, default=Path("runs/compare"), show_default=True, help="Run folder."
)
@click.option(
    "--quick", is_flag=True, help="Small networks and few seeds: minutes instead of hours."
)
@click.option("--print-config", is_flag=True, help="Print the configuration as commented TOML.")
@click.option("--dataset", help=f"{DATASET_HELP}.  [default: varshney2011]")
@click.option("--workers", type=int, help="Number of processes; one for each core by default.")
@click.option("--force", is_flag=True, help="Replace a run of a different configuration.")
@json_option
@debug_option
def compare(
    config: Path | None,
    out: Path,
    quick: bool,
    print_config: bool,
    dataset: str | None,
    workers: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare the worm, trained networks and controls: results.json and report.html.

    The same command resumes a run that was interrupted.
    """
    from isochron.runs.configuration import overlay, read_toml, to_toml
    from isochron.runs.datasets import resolve_dataset, with_resolved_dataset
    from isochron.studies.compare.configuration import QUICK, CompareConfig

    experiment = QUICK if quick else CompareConfig()
    if config is not None:
        experiment = overlay(experiment, read_toml(config))
        experiment = with_resolved_dataset(experiment, "worm", config.parent)
    if dataset is not None:
        experiment = overlay(experiment, {"worm": {"dataset": resolve_dataset(dataset)}})
    if print_config:
        title = f"isochron compare{' --quick' if quick else ''}: every setting and its default"
        click.echo(to_toml(experiment, title))
        return
    from isochron.cli.progress import show_progress, terminate_cleanly
    from isochron.studies.compare.study import compare as run
    from isochron.studies.compare.table import format_table

    with terminate_cleanly(), show_progress(sys.stderr) as progress:
        results = run(experiment, out, progress=progress, force=force, workers=workers)
    if as_json:
        print_json(results)
    else:
        click.echo(format_table(results["systems"]))
        click.echo(f"Report: {out / 'report.html'}")
