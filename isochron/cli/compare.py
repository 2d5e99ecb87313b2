"""isochron compare."""

from typing import Any

import click

from isochron.cli.studies import StudyOptions, run_study, study_options
from isochron.runs.model_settings import DATASET_HELP


@click.command()
@click.option("--dataset", help=f"{DATASET_HELP}.  [default: varshney2011]")
@study_options("runs/compare")
def compare(dataset: str | None, **options: Any) -> None:
    """Compare the worm, trained networks and controls: results.json and report.html.

    The same command resumes a run that was interrupted.
    """
    run_study("compare", StudyOptions(**options), dataset)
