"""isochron report."""

from pathlib import Path

import click

from isochron.cli.common import debug_option


@click.command()
@click.argument("run", type=Path)
@debug_option
def report(run: Path) -> None:
    """Write report.html of a finished RUN folder, or of the store of a sweep, from its data."""
    from isochron.files import write_bytes

    write_bytes(run / "report.html", _build(run).encode())
    click.echo(f"Report: {run / 'report.html'}")


def _build(run: Path) -> str:
    if (run / "plan.jsonl").is_file():
        from isochron.report.sweep import build_sweep_report

        return build_sweep_report(run)
    from isochron.studies import build_report

    return build_report(run)
