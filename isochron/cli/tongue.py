"""isochron tongue."""

import math
from dataclasses import MISSING, asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    add_row,
    debug_option,
    force_option,
    json_option,
    print_json,
    print_table,
    refuse_to_replace,
    say,
)
from isochron.cli.execution import StoreOptions
from isochron.cli.options import PATH, SettingsCommand, reject_given
from isochron.settings import setting
from isochron.workflows.rhythm_search import DATASETS, RhythmSearch

if TYPE_CHECKING:
    from isochron.workflows.tongue import Tongues

PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True, kw_only=True, slots=True)
class TongueSearch(RhythmSearch):
    """A search for tongues."""

    amplitudes: str = setting(
        MISSING, "Amplitudes of the reference, separated by commas; pA for a run", form="0.5,1"
    )
    span: float = setting(
        0.4, "Range of frequencies that is followed, as a fraction of the first frequency"
    )


@click.command(cls=SettingsCommand, settings={"search": TongueSearch, "execution": StoreOptions})
@click.argument("source", metavar="RUN_OR_NET", type=PATH)
@click.option(
    "--plot", "picture", metavar="FILE", type=PATH,
    help="File for a figure of the tongues: .png, .svg or .pdf.",
)  # fmt: skip
@force_option
@json_option
@debug_option
def tongue(
    source: Path, search: TongueSearch, picture: Path | None, execution: StoreOptions,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find where a reference locks each stable cycle 1:1: edges in frequency, by amplitude.

    RUN_OR_NET is as for isochron cycles. The cycles are those at the largest amplitude.
    """
    strengths = _numbers(search.amplitudes)
    if source.suffix in DATASETS:
        names = ("input", "n_starts", "seed")
        reject_given("search", names, "applies to networks, not to a run.")
    else:
        reject_given("search", ("max_period_s",), "applies to a run, not to networks.")
    if picture is not None:
        if picture.suffix not in PICTURES:
            raise ValueError(f"--plot must end in {', '.join(PICTURES)}, got {str(picture)!r}.")
        if not picture.parent.is_dir():
            raise ValueError(f"The folder {picture.parent} does not exist; make it first.")
        refuse_to_replace(picture, force)
    from isochron.workflows.tongue import draw_tongues, find_tongues

    if not execution.is_used():
        found = find_tongues(source, strengths, search, span=search.span)
    else:
        from isochron.workflows.experiments.tongue import read_tongues, tongue_grid

        grid = tongue_grid(source, strengths, search, span=search.span)
        found = read_tongues(execution.compute(grid, quiet=as_json))
    if picture is not None:
        draw_tongues(found, picture)
    if as_json:
        print_json([asdict(system) for system in found])
        return
    for system in found:
        _print_system(system)
    if picture is not None:
        say(f"Wrote {picture}")


def _numbers(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = [math.nan]
    if not all(0 < value < math.inf for value in values):
        raise ValueError(f"--amplitudes takes positive numbers, such as 0.5,1,1.5; got {text!r}.")
    return values


def _print_system(system: "Tongues") -> None:
    from rich.table import Table

    from isochron.workflows.tongue import NetworkTongues

    say(f"{system.source}: {system.system}")
    if system.intrinsic_frequency_Hz is not None:
        say(f"intrinsic frequency {system.intrinsic_frequency_Hz:.5g} Hz")
    if isinstance(system, NetworkTongues):
        say(f"forced: input {system.input}, from {system.frequency_Hz:.5g} Hz")
    unit = "" if system.amplitude_unit == "1" else f" ({system.amplitude_unit})"
    table = Table("cycle", f"amplitude{unit}", "low (Hz)", "high (Hz)", "±", "how found")
    for number, cycle in enumerate(system.cycles, 1):
        for row in cycle.tongue:
            add_row(
                table,
                str(number),
                f"{row.amplitude:g}",
                _edge(row.low_Hz, "<" * row.low_open),
                _edge(row.high_Hz, ">" * row.high_open),
                f"{row.resolution_Hz:.2g}",
                cycle.how_found,
            )
    if table.row_count:
        print_table(table)
    for note in system.notes:
        say(note)


def _edge(frequency: float | None, beyond: str) -> str:
    """A frequency; with < or > where the search ended before an edge."""
    return "not locked" if frequency is None else f"{beyond}{frequency:.4f}"
