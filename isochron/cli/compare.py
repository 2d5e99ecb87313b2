"""isochron compare."""

import click

from isochron.cli.common import debug_option, json_option
from isochron.cli.options import SettingsCommand
from isochron.cli.studies import StudyOptions, run_study
from isochron.runs.model_settings import DATASET_HELP


@click.command(cls=SettingsCommand, settings={"options": StudyOptions})
@click.option("--dataset", help=f"{DATASET_HELP}.  [default: varshney2011]")
@json_option
@debug_option
def compare(options: StudyOptions, dataset: str | None, as_json: bool) -> None:
    """Compare the worm, trained networks and controls: results.json and report.html.

    The same command resumes a run that was interrupted.
    """
    run_study("compare", options, as_json=as_json, dataset=dataset)
