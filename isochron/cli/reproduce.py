"""isochron reproduce."""

import sys
from pathlib import Path

import click

from isochron.cli.common import debug_option, json_option, print_json


@click.command()
@click.argument("paper", type=click.Choice(["pals2024"]))
@click.option(
    "--config", type=Path, help="Configuration file (TOML); it replaces some of the defaults."
)
@click.option("--out", type=Path, help="Run folder.  [default: runs/PAPER]")
@click.option(
    "--quick", is_flag=True, help="Smaller networks, four claims: minutes instead of hours."
)
@click.option("--print-config", is_flag=True, help="Print the configuration as commented TOML.")
@click.option("--workers", type=int, help="Number of processes; one for each core by default.")
@click.option("--force", is_flag=True, help="Replace a run of a different configuration.")
@json_option
@debug_option
def reproduce(
    paper: str,
    config: Path | None,
    out: Path | None,
    quick: bool,
    print_config: bool,
    workers: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Reproduce a PAPER with statistics: results.json and report.html.

    pals2024: phase-locked limit cycles in a working-memory task (Pals, Macke and Barak, 2024).
    The same command resumes a run that was interrupted.
    """
    from isochron.runs.configuration import overlay, read_toml, to_toml
    from isochron.runs.datasets import with_resolved_dataset
    from isochron.studies.pals2024.configuration import QUICK, Pals2024Config

    experiment = QUICK if quick else Pals2024Config()
    if config is not None:
        experiment = overlay(experiment, read_toml(config))
        experiment = with_resolved_dataset(experiment, "connectome", config.parent)
    if print_config:
        title = f"isochron reproduce {paper}{' --quick' if quick else ''}: every setting"
        click.echo(to_toml(experiment, title))
        return
    from isochron.cli.progress import show_progress, terminate_cleanly
    from isochron.runs.results import to_json_values
    from isochron.studies.pals2024.report import format_claims
    from isochron.studies.pals2024.study import reproduce as run

    folder = Path("runs") / paper if out is None else out
    with terminate_cleanly(), show_progress(sys.stderr) as progress:
        results = run(experiment, folder, progress=progress, force=force, workers=workers)
    if as_json:
        print_json(to_json_values(results))
    else:
        click.echo(format_claims(results.claims))
        click.echo(f"Report: {folder / 'report.html'}")
