"""isochron cycles."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    add_row,
    debug_option,
    json_option,
    print_json,
    print_table,
    say,
)
from isochron.cli.options import PATH, SettingsCommand, reject_given
from isochron.settings import setting
from isochron.workflows.rhythm_search import DATASETS, RhythmSearch

if TYPE_CHECKING:
    from isochron.workflows.cycles import RunRhythms
    from isochron.workflows.network_cycles import NetworkRhythms


@dataclass(frozen=True, kw_only=True, slots=True)
class CycleSearch(RhythmSearch):
    """A search for cycles; a reference forces networks only."""

    frequency_Hz: float | None = setting(
        None, "Frequency of the reference of a network; by default that of its task", unit="Hz"
    )
    amplitude: float | None = setting(
        None, "Amplitude of the reference of a network; by default that of its task, 0 for none"
    )


@click.command(cls=SettingsCommand, settings={"search": CycleSearch})
@click.argument("source", metavar="RUN_OR_NET", type=PATH)
@json_option
@debug_option
def cycles(source: Path, search: CycleSearch, as_json: bool) -> None:
    """List fixed points and limit cycles of a run of isochron simulate, or of trained networks.

    A network is analyzed under the reference oscillation of its task. One whose task has none, or
    is not known, is analyzed without forcing, with its invariant circles; so is any at amplitude 0.
    """
    if source.suffix in DATASETS:
        names = ("frequency_Hz", "amplitude", "input", "n_starts", "seed")
        reject_given("search", names, "applies to networks, not to a run.")
    else:
        reject_given("search", ("max_period_s",), "applies to a run, not to networks.")
    from isochron.workflows.cycles import find_rhythms

    found = find_rhythms(source, search, amplitude=search.amplitude)
    if as_json:
        print_json([asdict(system) for system in found])
        return
    for system in found:
        _print_system(system)


def _print_system(system: "RunRhythms | NetworkRhythms") -> None:
    from rich.table import Table

    from isochron.workflows.network_cycles import NetworkRhythms

    say(f"{system.source}: {system.system}")
    if isinstance(system, NetworkRhythms) and system.training.line:
        say(system.training.line)
    table = Table("kind", "condition", "period (ms)", "stable", "residual", "leading", "how found")
    for row in system.rhythms:
        add_row(
            table,
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
        say(note)
