"""isochron report."""

from pathlib import Path

import click

from isochron.cli.common import debug_option


@click.command()
@click.argument("run", type=Path)
@debug_option
def report(run: Path) -> None:
    """Write report.html of a finished RUN folder again, from its data."""
    from isochron.files import write_bytes
    from isochron.studies import build_report

    write_bytes(run / "report.html", build_report(run).encode())
    click.echo(f"Report: {run / 'report.html'}")
