"""isochron report."""

from pathlib import Path

import click

from isochron.cli.common import debug_option, say
from isochron.cli.options import PATH


@click.command()
@click.argument("run", type=PATH)
@debug_option
def report(run: Path) -> None:
    """Write the pages of a finished RUN folder, or of the store of a sweep, from its data."""
    from isochron.runs.plan import write_pages

    write_pages(run, _build)
    say(f"Report: {run / 'report.html'}")


def _build(run: Path) -> dict[str, str]:
    if (run / "plan.jsonl").is_file():
        from isochron.report.sweep import build_sweep_report

        return {"report.html": build_sweep_report(run)}
    from isochron.studies import build_pages

    return build_pages(run)
