"""Options, configuration, progress and output of the commands that run a study."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import print_json, say
from isochron.cli.execution import ExecutionOptions
from isochron.settings import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyOptions:
    """Options of the run of a study."""

    config: Path | None = setting(None, "Configuration file (TOML) that replaces some defaults")
    out: Path | None = setting(None, "Run folder; by default runs/ and the name of the study")
    quick: bool = setting(
        False, "Small networks and few seeds, for a run of minutes instead of hours"
    )
    print_config: bool = setting(False, "Print the configuration as commented TOML, without a run")
    force: bool = setting(False, "Replace a run with a different configuration")


RUN_SETTINGS = {"options": StudyOptions, "execution": ExecutionOptions}


def run_study(
    name: str,
    options: StudyOptions,
    execution: ExecutionOptions,
    *,
    as_json: bool,
    dataset: str | None = None,
    runs: Sequence[Path] = (),
) -> None:
    """Run a study of `STUDIES`, or print its configuration.

    Parameters
    ----------
    name : str
    options : StudyOptions
    execution : ExecutionOptions
    as_json : bool
        Print the results as JSON.
    dataset : str, optional
        A dataset in the place of the one in the configuration.
    runs : sequence of Path
        Runs in the place of those in the configuration.
    """
    from isochron.runs.configuration import to_toml
    from isochron.studies import STUDIES

    config = _configure(STUDIES.load_settings(name), options, dataset, runs)
    if options.print_config:
        command = f"isochron {STUDIES[name].command}"
        title = f"{command}{' --quick' if options.quick else ''}: every setting and its default"
        click.echo(to_toml(config, title))
        return
    from isochron.cli.progress import show_progress
    from isochron.cli.signals import resumable
    from isochron.runs.results import to_json_values

    place = execution.place()
    study, out = STUDIES.load(name), options.out or Path("runs") / name
    with resumable(force=options.force), show_progress(sys.stderr) as progress:
        results = study.run(config, out, progress=progress, force=options.force, **place)
    if as_json:
        print_json(to_json_values(results))
    else:
        say(study.format_results(results))
        say(f"Report: {out / 'report.html'}")


def _configure(
    settings: Any, options: StudyOptions, dataset: str | None, runs: Sequence[Path]
) -> Any:
    """The defaults of a study, changed by the configuration file, then by the options."""
    from isochron.runs.configuration import overlay
    from isochron.runs.datasets import resolve_dataset, with_resolved_dataset

    section = settings.DATASET_SECTION
    config = settings.quick() if options.quick else settings()
    if options.config is not None or runs:
        config = _read(config, options.config, runs)
    if options.config is not None and section:
        config = with_resolved_dataset(config, section, options.config.parent)
    if dataset is not None and hasattr(config, "on_dataset"):
        return config.on_dataset(resolve_dataset(dataset))
    if dataset is not None:
        config = overlay(config, {section: {"dataset": resolve_dataset(dataset)}})
    return config


def _read(config: Any, path: Path | None, runs: Sequence[Path]) -> Any:
    """A configuration, changed by a file, and by runs in the place of those of the file."""
    from isochron.files import DataFileError
    from isochron.runs.configuration import overlay, read_toml

    values, folder = ({}, Path()) if path is None else (read_toml(path), path.parent)
    if runs:
        values["runs"] = [str(run.resolve()) for run in runs]
    try:
        if hasattr(config, "locate"):
            values = config.locate(values, folder)
        return overlay(config, values)
    except DataFileError as error:
        raise DataFileError(f"{path}: {error}" if path else str(error)) from error
