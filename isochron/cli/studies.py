"""What the commands that run a study share: options, configuration, progress, output."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import debug_option, json_option, print_json


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """The options of `study_options`."""

    config: Path | None
    out: Path | None
    quick: bool
    print_config: bool
    workers: int | None
    force: bool
    as_json: bool


def study_options(default_out: str) -> Callable[[Any], Any]:
    """The options of a command that runs a study; they are the fields of `StudyOptions`.

    Parameters
    ----------
    default_out : str
        The run folder that the help names.
    """
    options = (
        click.option(
            "--config",
            type=Path,
            help="Configuration file (TOML) that replaces some defaults.",
        ),
        click.option("--out", type=Path, help=f"Run folder.  [default: {default_out}]"),
        click.option(
            "--quick", is_flag=True, help="Small networks, few seeds: minutes instead of hours."
        ),
        click.option(
            "--print-config", is_flag=True, help="Print the configuration as commented TOML."
        ),
        click.option(
            "--workers", type=int, help="Number of processes; one for each core by default."
        ),
        click.option("--force", is_flag=True, help="Replace a run of a different configuration."),
        json_option,
        debug_option,
    )

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def run_study(name: str, options: StudyOptions, dataset: str | None = None) -> None:
    """Run a study of `STUDIES`, or print its configuration.

    Parameters
    ----------
    name : str
    options : StudyOptions
    dataset : str, optional
        A dataset in the place of the one in the configuration.
    """
    from isochron.runs.configuration import to_toml
    from isochron.studies import STUDIES

    config = _configure(STUDIES.load_settings(name), options, dataset)
    if options.print_config:
        command = click.get_current_context().command_path
        title = f"{command}{' --quick' if options.quick else ''}: every setting and its default"
        click.echo(to_toml(config, title))
        return
    from isochron.cli.progress import show_progress, terminate_cleanly
    from isochron.runs.results import to_json_values

    study, out = STUDIES.load(name), options.out or Path("runs") / name
    with terminate_cleanly(), show_progress(sys.stderr) as progress:
        results = study.run(
            config, out, progress=progress, force=options.force, workers=options.workers
        )
    if options.as_json:
        print_json(to_json_values(results))
    else:
        click.echo(study.format_results(results))
        click.echo(f"Report: {out / 'report.html'}")


def _configure(settings: Any, options: StudyOptions, dataset: str | None) -> Any:
    """The defaults of a study, changed by the configuration file, then by the option."""
    from isochron.runs.configuration import overlay
    from isochron.runs.datasets import resolve_dataset, with_resolved_dataset

    section = settings.DATASET_SECTION
    config = settings.quick() if options.quick else settings()
    if options.config is not None:
        config = _read(config, options.config)
        config = with_resolved_dataset(config, section, options.config.parent)
    if dataset is not None:
        config = overlay(config, {section: {"dataset": resolve_dataset(dataset)}})
    return config


def _read(config: Any, path: Path) -> Any:
    """A configuration, changed by a file."""
    from isochron.files import DataFileError
    from isochron.runs.configuration import overlay, read_toml

    try:
        return overlay(config, read_toml(path))
    except DataFileError as error:
        raise DataFileError(f"{path}: {error}") from error
