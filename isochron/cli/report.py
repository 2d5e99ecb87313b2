"""isochron report."""

from pathlib import Path

import click


@click.command()
@click.argument("run", type=Path)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def report(run: Path, debug: bool) -> None:
    """Draw report.html of a finished RUN folder again, from its data."""
    from isochron.report import build_report
    from isochron.sims.storage import write_bytes

    write_bytes(run / "report.html", build_report(run).encode())
    click.echo(f"Report: {run / 'report.html'}")
