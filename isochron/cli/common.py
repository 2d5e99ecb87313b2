"""What commands share: options, connectomes by name or file, JSON, tables, files not to replace."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from isochron.connectome import Connectome
    from isochron.sims import Stimulus

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
DATASET_HELP = "ID, or a file: .csv, .graphml, .nml, .nc, or a .toml file with its options."
SIGNS_HELP = (
    "Sign rule: gaba, transmitter or fenyves2020.  [default: the signs of the connectome if it has "
    "some, else gaba]"
)
force_option = click.option("--force", is_flag=True, help="Replace what is there.")

_SEARCH = (
    click.option(
        "--input",
        "channel",
        type=int,
        help="Number of the network's input that the reference enters (networks only); by default "
        "that of its task, or 0 if the file records no task. Needed to force a network whose task "
        "does not have a reference.",
    ),
    click.option(
        "--starts",
        "n_starts",
        type=int,
        default=64,
        show_default=True,
        help="Number of random initial states of a network.",
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Seed of the random initial states."
    ),
    click.option(
        "--max-period",
        "max_period_s",
        type=float,
        default=10.0,
        show_default=True,
        help="Longest intrinsic period of a run, s.",
    ),
)


def search_options(command: Any) -> Any:
    """The options of `RhythmSearch`, of commands on saved networks and runs."""
    for option in reversed(_SEARCH):
        command = option(command)
    return command


def open_connectome(identifier: str) -> "Connectome":
    """The connectome of a data set or a file."""
    from isochron.runs.datasets import open_connectome

    return open_connectome(identifier)


def sign_rule(name: str | None) -> Any:
    """A sign rule by its name; None for none.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    from isochron.connectome import SIGN_RULES

    return None if name is None else SIGN_RULES.load(name)


def named_currents(options: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Names and currents in pA that ``--stimulate NAME=pA`` options give.

    Raises
    ------
    ValueError
        If one has another form.
    """
    found = []
    for option in options:
        name, _, amplitude = option.rpartition("=")
        try:
            value = float(amplitude)
        except ValueError:
            value = math.nan
        if not name or not math.isfinite(value):
            raise ValueError(
                f"--stimulate takes NAME=CURRENT in pA, such as PLML=2000; got {option!r}."
            )
        found.append((name, value))
    return tuple(found)


def constant_currents(options: tuple[str, ...]) -> "Stimulus":
    """The stimulus that ``--stimulate NAME=pA`` options add up to; see `named_currents`."""
    from isochron.sims import Stimulus, step_current

    parts = (step_current([name], amplitude_pA=pA) for name, pA in named_currents(options))
    return sum(parts, Stimulus())


def refuse_to_replace(path: Path, force: bool) -> None:
    """Stop before any work if a file is there.

    Raises
    ------
    ValueError
        If it is, without ``--force``.
    """
    if path.exists() and not force:
        raise ValueError(f"{path} exists; --force replaces it.")


def report_file(path: Path, as_json: bool) -> None:
    """Say what was written."""
    if as_json:
        print_json({"file": str(path), "bytes": path.stat().st_size})
    else:
        click.echo(f"Wrote {path}")


def print_json(content: Any) -> None:
    """Print JSON, without NaN or Infinity."""
    from isochron.files import to_json

    click.echo(to_json(content, ensure_ascii=False))


def print_table(table: Any) -> None:
    """Print a table of rich, as wide as it needs where there is no terminal."""
    from isochron.cli.console import PipedConsole

    width = None if sys.stdout.isatty() else 160
    PipedConsole(width=width).print(table)
