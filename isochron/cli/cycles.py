"""isochron cycles."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import (
    debug_option,
    json_option,
    print_json,
    print_table,
    search_options,
)

if TYPE_CHECKING:
    from isochron.workflows.cycles import RunRhythms
    from isochron.workflows.network_cycles import NetworkRhythms


@click.command()
@click.argument("source", metavar="RUN_OR_NET", type=Path)
@click.option(
    "--frequency",
    type=float,
    help="Frequency of the reference of a network, Hz; by default that of its task.",
)
@click.option(
    "--amplitude",
    type=float,
    help="Amplitude of the reference of a network; by default that of its task, 0 for none.",
)
@search_options
@json_option
@debug_option
def cycles(
    source: Path,
    frequency: float | None,
    amplitude: float | None,
    as_json: bool,
    **search_options: Any,
) -> None:
    """List fixed points and limit cycles of a run of isochron simulate, or of trained nets.

    A network is analyzed under the reference oscillation of its task. One whose task has none, or
    is not known, is analyzed without forcing, with its invariant circles; so is any at amplitude 0.
    """
    from isochron.workflows.cycles import find_rhythms
    from isochron.workflows.search import RhythmSearch

    search = RhythmSearch(frequency_Hz=frequency, **search_options)
    found = find_rhythms(source, search, amplitude=amplitude)
    if as_json:
        print_json([asdict(system) for system in found])
        return
    for system in found:
        _print_system(system)


def _print_system(system: "RunRhythms | NetworkRhythms") -> None:
    from rich.table import Table

    from isochron.workflows.network_cycles import NetworkRhythms

    click.echo(f"{system.source}: {system.system}")
    if isinstance(system, NetworkRhythms) and system.training.line:
        click.echo(system.training.line)
    table = Table("kind", "condition", "period (ms)", "stable", "residual", "leading", "how found")
    for row in system.rhythms:
        table.add_row(
            row.kind,
            row.condition,
            "" if row.period_ms is None else f"{row.period_ms:.4f}",
            "yes" if row.stable else "no",
            "" if row.residual is None else f"{row.residual:.1e}",
            row.leading,
            row.how_found,
        )
    print_table(table)
    for note in system.notes:
        click.echo(note)
