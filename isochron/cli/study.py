"""isochron study."""

import click

from isochron.cli.common import debug_option, json_option
from isochron.cli.execution import ExecutionOptions
from isochron.cli.options import NearestChoice, SettingsCommand
from isochron.cli.studies import RUN_SETTINGS, StudyOptions, run_study
from isochron.studies import FURTHER

HELP = "\n\n".join(f"{name}: {question}" for name, question in FURTHER.items())


@click.command(cls=SettingsCommand, settings=RUN_SETTINGS, epilog=HELP)
@click.argument("name", metavar="NAME", type=NearestChoice([*FURTHER]))
@json_option
@debug_option
def study(name: str, options: StudyOptions, execution: ExecutionOptions, as_json: bool) -> None:
    """Run the study NAME with its controls: results.json and report.html.

    The same command resumes a run that was interrupted, and runs again what failed. With
    --executor dask or slurm the steps run on a cluster; the results are the same.
    """
    run_study(name, options, execution, as_json=as_json)
