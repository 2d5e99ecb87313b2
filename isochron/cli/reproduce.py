"""isochron reproduce."""

import click

from isochron.cli.common import debug_option, json_option
from isochron.cli.execution import ExecutionOptions
from isochron.cli.options import NearestChoice, SettingsCommand
from isochron.cli.studies import RUN_SETTINGS, StudyOptions, run_study
from isochron.studies import PAPERS

HELP = "\n\n".join(f"{name}: {paper}." for name, paper in PAPERS.items())


@click.command(cls=SettingsCommand, settings=RUN_SETTINGS, epilog=HELP)
@click.argument("paper", type=NearestChoice([*PAPERS]))
@json_option
@debug_option
def reproduce(
    paper: str, options: StudyOptions, execution: ExecutionOptions, as_json: bool
) -> None:
    """Reproduce a PAPER with statistics: results.json and report.html.

    The same command resumes a run that was interrupted, and runs again what failed. With
    --executor dask or slurm the steps run on a cluster; the results are the same.
    """
    run_study(paper, options, execution, as_json=as_json)
