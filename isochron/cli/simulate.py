"""isochron simulate."""

from collections.abc import Container
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import (
    check_report_folder,
    debug_option,
    force_option,
    json_option,
    noting_saved,
    print_json,
    print_table,
    refuse_to_replace,
    report_option,
    say,
    write_report,
)
from isochron.cli.options import PATH, SettingsCommand, settings_given
from isochron.locks import locked
from isochron.runs.model_settings import ModelSettings
from isochron.settings import setting
from isochron.sims.engines import ENGINES
from isochron.sims.run_settings import RunSettings
from isochron.wording import command

if TYPE_CHECKING:
    from isochron.workflows.engine_runs import EngineRun

FORMATS = (".zarr", ".nc", ".nwb")
ERRORS = ("largest error against scipy (mV)", "rms (mV)")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationSettings(RunSettings):
    """Simulation of a connectome: model, currents and initial state."""

    engine: str = setting(
        "numba",
        "Engine of graded models, or several with commas between them, each of which writes a run "
        "to a folder in --out; spiking models run in brian2",
        choices=ENGINES,
        several=True,
    )
    stimulus: Path | None = setting(
        None,
        "File of currents over time (.csv): time_ms, and a column (pA) for each neuron",
        form="FILE",
    )
    seed: int = setting(0, "Seed of the initial state")

    @property
    def engines(self) -> list[str]:
        """Names of the engines."""
        return self.engine.split(",")


@click.command(cls=SettingsCommand, settings={"model": ModelSettings, "how": SimulationSettings})
@click.option(
    "--out", type=PATH, help="File for the run (.zarr, .nc, .nwb); of several engines a folder."
)
@click.option("--plot", "draw", is_flag=True, help="Draw the run, next to --out or as run.png.")
@report_option
@force_option
@json_option
@debug_option
def simulate(
    model: ModelSettings, how: SimulationSettings, out: Path | None, draw: bool,
    report: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Simulate a connectome model under constant or given currents, and summarize the run.

    Examples:

    \b
    isochron simulate --stimulate PLM=2000 --duration 20 --out run.zarr --plot
    isochron simulate --stimulate PLM=2000 --duration 5 --report touch
    isochron simulate --dataset cook2019-hermaphrodite --ablate AVA --stimulate AVB=500 \\
        --duration 5 --out cut.nc
    isochron simulate --engine numba,scipy,brian2 --stimulate PLM=2000 --duration 5 --out engines
    """
    several = len(how.engines) > 1
    _check_out(out, several)
    check_report_folder(report, force)
    if (draw or report is not None) and "V" not in how.record:
        raise ValueError("--plot and --report draw the potentials; add --record V.")
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist; make it first.")
    if several:
        assert out is not None
        with locked(out):
            _simulate_engines(
                out, model, how, draw=draw, report=report, force=force, as_json=as_json
            )
        return
    with nullcontext() if out is None else locked(out):  # of two commands, the second stops here
        printed = _simulate_into(out, model, how, draw=draw, report=report, force=force)
    if as_json:
        print_json(printed)
        return
    for name, value in printed.items():
        text = f"{value:.6g}" if isinstance(value, float) else value
        say(f"{name.replace('_', ' ')}: {text}")


def _check_out(out: Path | None, several: bool) -> None:
    """Check the name of the output: a file, or a folder of the runs of several engines."""
    if several and (out is None or out.suffix in FORMATS):
        raise ValueError(
            "Several engines need a folder, in which each writes a run: --out FOLDER, "
            f"got {'no --out' if out is None else str(out)!r}."
        )
    if several and out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"{out} is not a folder. Choose a different --out.")
    if not several and out is not None and out.suffix not in FORMATS:
        raise ValueError(f"--out must end in {', '.join(FORMATS)}, got {str(out)!r}.")


def _simulate_engines(
    out: Path, model: ModelSettings, how: SimulationSettings, *, draw: bool, report: Path | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Simulate by several engines, and print their differences."""
    from isochron.cli.signals import resumable
    from isochron.runs.results import to_json_values
    from isochron.workflows.engine_runs import simulate_engines

    spec = model.spec(table=None if how.stimulus is None else str(how.stimulus))
    if not spec.is_graded:
        raise ValueError("Spiking models run in Brian2 only; omit --engine.")
    options = {field.name for field in fields(RunSettings)} & settings_given("how").keys()
    given = {name: getattr(how, name) for name in options - {"engine"}}
    with resumable():  # also with --force, which replaces runs of different settings only
        runs = simulate_engines(
            spec, how.engines, out, seed=how.seed, draw=draw, force=force, **given
        )
    printed = {}
    if report is not None:
        from isochron.workflows.simulate_report import engine_pages

        printed["report"] = write_report(report, engine_pages(runs, out, spec, how.seed, given))
    if as_json:
        print_json({"runs": to_json_values(runs)} | printed)
        return
    _print_engines(runs)
    for path in printed.values():
        say(f"report: {path}")
    say(f"To look at the differences: {command('view', out)}")


def _print_engines(runs: "list[EngineRun]") -> None:
    from rich.table import Table

    table = Table("engine", "method", "step (ms)", *ERRORS, "time (s)", "run")
    for run in runs:
        errors = ("" if e is None else f"{e:.3g}" for e in (run.largest_error_mV, run.rms_error_mV))
        table.add_row(
            run.engine, run.method or "", f"{run.step_ms:g}", *errors,
            f"{run.wall_seconds:.3g}", run.file,
        )  # fmt: skip
    print_table(table)


def _simulate_into(
    out: Path | None, model: ModelSettings, how: SimulationSettings, *, draw: bool,
    report: Path | None, force: bool,
) -> dict[str, Any]:  # fmt: skip
    """Simulate and write the files; the summary, with their paths."""
    from isochron.sims.unfinished import discard_left_over

    picture = (out or Path("run")).with_suffix(".png") if draw else None
    if out is not None and not force:
        discard_left_over(out)
    for path in (out, picture):
        if path is not None:
            refuse_to_replace(path, force)
    _ = model.currents  # a wrong one is named at once
    if out is not None and out.suffix == ".nwb":
        from isochron.sims.storage.nwb import import_pynwb

        import_pynwb()  # missed before the simulation
    from isochron.files import write_bytes
    from isochron.runs.results import to_json_values
    from isochron.sims import save_dataset
    from isochron.sims.storage import export_nwb
    from isochron.sims.unfinished import unfinished_run
    from isochron.workflows.simulate import figure_of_run, simulate_spec

    spec = model.spec(table=None if how.stimulus is None else str(how.stimulus))
    options = {field.name for field in fields(RunSettings)} & settings_given("how").keys()
    if not spec.is_graded:
        _only_brian2(how, options)
        options -= {"engine"}
    given = {name: getattr(how, name) for name in options}
    if not spec.is_graded:
        given.setdefault("record", ["V"])
    with unfinished_run(out) as progress:
        if spec.is_graded:
            given["progress"] = progress
        run, summary = simulate_spec(spec, seed=how.seed, **given)
        printed = to_json_values(summary)
        # All that takes long comes first: an interrupt must not leave one of the files.
        form = None if picture is None else picture.suffix[1:]
        drawn = None if form is None else figure_of_run(run, spec.connectome(), form)
        pages = None if report is None else _pages(run, summary, spec, given)
        if out is not None:
            (export_nwb if out.suffix == ".nwb" else save_dataset)(run, out)
            printed["file"] = str(out)
    with noting_saved(out):
        if picture is not None and drawn is not None:
            write_bytes(picture, drawn)
            printed["figure"] = str(picture)
        if report is not None and pages is not None:
            printed["report"] = write_report(report, pages)
    return printed


def _pages(run: Any, summary: Any, spec: Any, given: dict[str, Any]) -> dict[str, str]:
    from isochron.workflows.simulate_report import simulation_pages

    options = {name: value for name, value in given.items() if name != "progress"}
    return simulation_pages(run, summary, spec, options)


def _only_brian2(how: RunSettings, given: Container[str]) -> None:
    """Check options of spiking models, which have one engine and method, and fixed thresholds."""
    if ("engine" in given and how.engine != "brian2") or any(
        name in given for name in ("method", "tolerance_mV", "threshold_rule")
    ):
        raise ValueError(
            "Spiking models run in Brian2, without --method, --tolerance and "
            "--threshold-rule; omit --engine. For other simulators: isochron export-neuroml."
        )
