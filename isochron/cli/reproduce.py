"""isochron reproduce."""

from typing import Any

import click

from isochron.cli.studies import StudyOptions, run_study, study_options
from isochron.studies import PAPERS


@click.command(epilog="\n\n".join(f"{name}: {paper}." for name, paper in PAPERS.items()))
@click.argument("paper", type=click.Choice([*PAPERS]))
@study_options("runs/PAPER")
def reproduce(paper: str, **options: Any) -> None:
    """Reproduce a PAPER with statistics: results.json and report.html.

    The same command resumes a run that was interrupted.
    """
    run_study(paper, StudyOptions(**options))
