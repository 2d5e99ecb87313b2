"""isochron cycles."""

from pathlib import Path
from typing import Any

import click

from isochron.cli.common import debug_option, json_option, print_json, print_table


@click.command()
@click.argument("source", metavar="RUN_OR_NET", type=Path)
@click.option(
    "--max-period", type=float, default=10.0, show_default=True, help="Of a run: seconds."
)
@click.option("--frequency", type=float, default=8.4, show_default=True, help="Of a net: Hz.")
@click.option("--amplitude", type=float, default=1.0, show_default=True, help="Of that reference.")
@click.option("--starts", type=int, default=64, show_default=True, help="Of a net: random states.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of those.")
@json_option
@debug_option
def cycles(
    source: Path,
    max_period: float,
    frequency: float,
    amplitude: float,
    starts: int,
    seed: int,
    as_json: bool,
) -> None:
    """List fixed points and limit cycles of a run of isochron simulate, or of trained nets."""
    if not max_period > 0 or starts < 1 or seed < 0:
        raise ValueError(
            "--max-period must be positive, --starts at least 1 and --seed at least 0; got "
            f"{max_period:g}, {starts} and {seed}."
        )
    from isochron.experiments.rhythms import find_rhythms

    found = find_rhythms(
        source, max_period_s=max_period, frequency_Hz=frequency, amplitude=amplitude,
        n_starts=starts, seed=seed,
    )  # fmt: skip
    if as_json:
        print_json(found)
        return
    for system in found:
        _print_system(system)


def _print_system(system: dict[str, Any]) -> None:
    from rich.table import Table

    click.echo(f"{system['source']}: {system['system']}")
    table = Table("kind", "condition", "period (ms)", "stable", "residual", "leading", "how found")
    for row in system["rhythms"]:
        leading = [row["leading_eigenvalue"]] if row["period_ms"] is None else row["multipliers"]
        table.add_row(
            row["kind"],
            row["condition"],
            "" if row["period_ms"] is None else f"{row['period_ms']:.4f}",
            "yes" if row["stable"] else "no",
            f"{row['residual']:.1e}",
            ", ".join(_complex(*value) for value in leading[:3]),
            row["how_found"],
        )
    print_table(table)
    for note in system["notes"]:
        click.echo(note)


def _complex(real: float, imaginary: float) -> str:
    return f"{real:.4g}" if imaginary == 0 else f"{real:.4g}{imaginary:+.3g}i"
