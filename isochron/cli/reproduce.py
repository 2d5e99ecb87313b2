"""isochron reproduce."""

import click

from isochron.cli.common import debug_option, json_option
from isochron.cli.options import SettingsCommand
from isochron.cli.studies import StudyOptions, run_study
from isochron.studies import PAPERS

HELP = "\n\n".join(f"{name}: {paper}." for name, paper in PAPERS.items())


@click.command(cls=SettingsCommand, settings={"options": StudyOptions}, epilog=HELP)
@click.argument("paper", type=click.Choice([*PAPERS]))
@json_option
@debug_option
def reproduce(paper: str, options: StudyOptions, as_json: bool) -> None:
    """Reproduce a PAPER with statistics: results.json and report.html.

    The same command resumes a run that was interrupted.
    """
    run_study(paper, options, as_json=as_json)
