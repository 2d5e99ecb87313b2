"""isochron tongue."""

import math
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import (
    debug_option,
    force_option,
    json_option,
    print_json,
    print_table,
    refuse_to_replace,
)

PICTURES = (".png", ".svg", ".pdf")


@click.command()
@click.argument("source", metavar="RUN_OR_NET", type=Path)
@click.option("--amplitudes", required=True, help="Of the reference: 0.5,1 (pA for a run).")
@click.option(
    "--frequency",
    type=float,
    help="Frequency to start at, Hz; by default that of a network's task (8.4 if the file records "
    "no task), or the intrinsic frequency of a run.",
)
@click.option(
    "--input",
    "channel",
    type=int,
    help="Number of the network's input that the reference enters (networks only); by default that "
    "of its task, or 0 if the file records no task. Needed for a task without a reference.",
)
@click.option(
    "--span", type=float, default=0.4, show_default=True, help="To follow: fraction of that."
)
@click.option(
    "--starts",
    type=int,
    default=64,
    show_default=True,
    help="Number of random initial states of a network.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of the random initial states."
)
@click.option(
    "--max-period", type=float, default=10.0, show_default=True, help="Of a run: seconds."
)
@click.option("--plot", "picture", metavar="FILE", type=Path, help="Draw it: .png, .svg or .pdf.")
@force_option
@json_option
@debug_option
def tongue(
    source: Path,
    amplitudes: str,
    frequency: float | None,
    channel: int | None,
    span: float,
    starts: int,
    seed: int,
    max_period: float,
    picture: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find where a reference locks each stable cycle 1:1: edges in frequency, by amplitude.

    RUN_OR_NET is as for isochron cycles. The cycles are those at the largest amplitude.
    """
    strengths = _numbers(amplitudes)
    if seed < 0:
        raise ValueError(f"--seed must be at least 0, got {seed}.")
    if picture is not None:
        if picture.suffix not in PICTURES:
            raise ValueError(f"--plot must end in {', '.join(PICTURES)}, got {str(picture)!r}.")
        if not picture.parent.is_dir():
            raise ValueError(f"There is no folder {picture.parent} to write to; make it first.")
        refuse_to_replace(picture, force)
    from isochron.workflows.tongue import draw_tongues, find_tongues

    found = find_tongues(
        source, strengths, frequency_Hz=frequency, channel=channel, span=span, n_starts=starts,
        seed=seed, max_period_s=max_period,
    )  # fmt: skip
    if picture is not None:
        draw_tongues(found, picture)
    if as_json:
        print_json(found)
        return
    for system in found:
        _print_system(system)
    if picture is not None:
        click.echo(f"Wrote {picture}")


def _numbers(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = [math.nan]
    if not all(0 < value < math.inf for value in values):
        raise ValueError(f"--amplitudes takes positive numbers, such as 0.5,1,1.5; got {text!r}.")
    return values


def _print_system(system: dict[str, Any]) -> None:
    from rich.table import Table

    click.echo(f"{system['source']}: {system['system']}")
    if system["own_frequency_Hz"] is not None:
        click.echo(f"own frequency {system['own_frequency_Hz']:.5g} Hz")
    if "input" in system:
        click.echo(f"forced: input {system['input']}, from {system['frequency_Hz']:.5g} Hz")
    unit = "" if system["amplitude_unit"] == "1" else f" ({system['amplitude_unit']})"
    table = Table("cycle", f"amplitude{unit}", "low (Hz)", "high (Hz)", "±", "how found")
    for number, cycle in enumerate(system["cycles"], 1):
        for row in cycle["tongue"]:
            table.add_row(
                str(number),
                f"{row['amplitude']:g}",
                _edge(row["low_Hz"], "<" * row["low_open"]),
                _edge(row["high_Hz"], ">" * row["high_open"]),
                f"{row['resolution_Hz']:.2g}",
                cycle["how_found"],
            )
    if table.row_count:
        print_table(table)
    for note in system["notes"]:
        click.echo(note)


def _edge(frequency: float | None, beyond: str) -> str:
    """A frequency; with < or > where the search ended before an edge."""
    return "not locked" if frequency is None else f"{beyond}{frequency:.4f}"
