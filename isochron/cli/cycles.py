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
@click.option(
    "--input",
    "channel",
    type=int,
    help="Number of the network's input that the reference enters (networks only); by default that "
    "of its task, or 0 if the file records no task.",
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
@json_option
@debug_option
def cycles(
    source: Path,
    max_period: float,
    frequency: float | None,
    amplitude: float | None,
    channel: int | None,
    starts: int,
    seed: int,
    as_json: bool,
) -> None:
    """List fixed points and limit cycles of a run of isochron simulate, or of trained nets.

    A network is analyzed under the reference oscillation of its task. One whose task has none, or
    is not known, is analyzed without forcing, with its invariant circles; so is any at amplitude 0.
    """
    if not max_period > 0 or starts < 1 or seed < 0:
        raise ValueError(
            "--max-period must be positive, --starts at least 1 and --seed at least 0; got "
            f"{max_period:g}, {starts} and {seed}."
        )
    from isochron.workflows.cycles import find_rhythms

    found = find_rhythms(
        source, max_period_s=max_period, frequency_Hz=frequency, amplitude=amplitude,
        channel=channel, n_starts=starts, seed=seed,
    )  # fmt: skip
    if as_json:
        print_json(found)
        return
    for system in found:
        _print_system(system)


def _print_system(system: dict[str, Any]) -> None:
    from rich.table import Table

    click.echo(f"{system['source']}: {system['system']}")
    if (training := system.get("training")) and training["task"]:
        click.echo(_training_line(training))
    table = Table("kind", "condition", "period (ms)", "stable", "residual", "leading", "how found")
    for row in system["rhythms"]:
        table.add_row(
            row["kind"],
            row["condition"],
            "" if row["period_ms"] is None else f"{row['period_ms']:.4f}",
            "yes" if row["stable"] else "no",
            "" if row["residual"] is None else f"{row['residual']:.1e}",
            _leading(row),
            row["how_found"],
        )
    print_table(table)
    for note in system["notes"]:
        click.echo(note)


def _training_line(training: dict[str, Any]) -> str:
    known = [f"{name} {training[name]:.4g}" for name in ("loss", "chance") if training[name]]
    return ", ".join([f"trained on {training['task']}", *known])


def _leading(row: dict[str, Any]) -> str:
    """Leading eigenvalue, multipliers over the printed period, or Lyapunov exponent."""
    if "leading_eigenvalue" in row:
        return _complex(*row["leading_eigenvalue"])
    if "exponent_per_step" in row:
        return f"exponent {row['exponent_per_step']:.3g} ± {row['exponent_error']:.1g} a step"
    shown = row["multipliers"][:3]
    if row.get("map_periods", 1) > 1:  # only the moduli belong to one period
        return ", ".join(f"|{abs(complex(*value)):.4g}|" for value in shown)
    return ", ".join(_complex(*value) for value in shown)


def _complex(real: float, imaginary: float) -> str:
    return f"{real:.4g}" if imaginary == 0 else f"{real:.4g}{imaginary:+.3g}i"
