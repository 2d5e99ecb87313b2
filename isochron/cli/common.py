"""Shared parts of commands: options, opening of connectomes, JSON, tables, existing files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.options import PATH
from isochron.folders import SEAL
from isochron.wording import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isochron.connectome import Connectome

FOLDERS = (".zarr",)  # suffixes of runs that are folders
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
)
force_option = click.option("--force", is_flag=True, help="Replace files that exist.")

report_option = click.option(
    "--report",
    type=PATH,
    metavar="FOLDER",
    help="Folder for report.html, with numbers and a figure, and view.html, which plays the run.",
)


def open_connectome(identifier: str) -> "Connectome":
    """The connectome of a data set or a file."""
    from isochron.runs.datasets import open_connectome

    return open_connectome(identifier)


def sign_rule(name: str | None) -> Any:
    """A sign rule by its name, which is one of `SIGN_RULES`; None if `name` is None."""
    from isochron.connectome import SIGN_RULES

    return None if name is None else SIGN_RULES.load(name)


def refuse_to_replace(path: Path, force: bool) -> None:
    """Stop before any work if a file exists.

    Raises
    ------
    ValueError
        If it exists, without ``--force``, is a folder that a run does not replace, or would be
        written into the folder of a run.
    """
    if path.is_dir() and path.suffix not in FOLDERS:
        raise ValueError(f"{path} is a folder. Give the name of a file.")
    if path.suffix in FOLDERS and os.path.lexists(path) and not (path / SEAL).is_file():
        raise ValueError(
            f"{path} exists and is not a folder that isochron wrote. Choose a different name."
        )
    if path.exists() and not force:
        raise ValueError(f"{path} exists; --force replaces it.")
    refuse_inside_run(path)


def refuse_inside_run(path: Path) -> None:
    """Stop if a file would be written into the folder of a run, which could not be read then.

    Raises
    ------
    ValueError
        If a folder above it is a run.
    """
    for folder in Path(os.path.realpath(path)).parents:
        if folder.suffix in FOLDERS and (folder / SEAL).is_file():
            raise ValueError(f"{path} would be inside the run {folder}. Choose a different folder.")


def check_report_folder(folder: Path | None, force: bool) -> None:
    """Stop before any work if the pages of a run cannot be written.

    Raises
    ------
    ValueError
        If the folder is a file or its parent does not exist, or it has pages, without ``--force``.
    """
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder. Choose a different --report.")
    if not folder.parent.is_dir():
        raise ValueError(f"The folder {folder.parent} does not exist; make it first.")
    for name in ("report.html", "view.html"):
        refuse_to_replace(folder / name, force)


def write_report(folder: Path, pages: "Mapping[str, str]") -> str:
    """Write the pages of a run; the path of the report."""
    from isochron.runs.plan import write_pages

    folder.mkdir(exist_ok=True)
    write_pages(folder, lambda _: pages)
    return str(folder / "report.html")


@contextmanager
def noting_saved(path: Path | None) -> Iterator[None]:
    """A context that writes what is drawn of a run: its errors state that the run is saved."""
    try:
        yield
    except OSError as error:
        if path is not None:
            error.add_note(f"The run is in {path}.")
        raise


def say(text: object, *, err: bool = False) -> None:
    """Print a line; control characters, as of the names in a file, are written as escapes."""
    click.echo(printable(str(text)), err=err)


def report_file(path: Path, as_json: bool) -> None:
    """Print the path of a file that was written."""
    if as_json:
        print_json({"file": str(path), "bytes": path.stat().st_size})
    else:
        say(f"Wrote {path}")


def print_json(content: Any) -> None:
    """Print JSON, without NaN or Infinity."""
    from isochron.files import to_json

    click.echo(to_json(content, ensure_ascii=False))


def add_row(table: Any, *cells: str) -> None:
    """Add a row to a table of rich; what looks like markup, in a name, is text."""
    from rich.text import Text

    table.add_row(*(Text(printable(str(cell))) for cell in cells))


def print_table(table: Any) -> None:
    """Print a table of rich, as wide as it needs if the output is not a terminal."""
    from isochron.cli.console import PipedConsole

    width = None if sys.stdout.isatty() else 160
    PipedConsole(width=width).print(table)
