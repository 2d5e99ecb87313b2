"""isochron simulate."""

from collections.abc import Container
from dataclasses import dataclass, fields
from pathlib import Path

import click

from isochron.cli.common import (
    debug_option,
    force_option,
    json_option,
    print_json,
    refuse_to_replace,
)
from isochron.cli.options import SettingsCommand, settings_given
from isochron.runs.model_settings import ModelSettings
from isochron.settings import setting
from isochron.sims.run_settings import RunSettings

FORMATS = (".zarr", ".nc", ".nwb")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationSettings(RunSettings):
    """Simulation of a connectome: model, currents and initial state."""

    stimulus: Path | None = setting(
        None,
        "File of currents over time (.csv): time_ms, and a column (pA) for each neuron",
        form="FILE",
    )
    seed: int = setting(0, "Seed of the initial state")


@click.command(cls=SettingsCommand, settings={"model": ModelSettings, "how": SimulationSettings})
@click.option("--out", type=Path, help="File for the run: .zarr, .nc or .nwb.")
@click.option("--plot", "draw", is_flag=True, help="Draw the run, next to --out or as run.png.")
@force_option
@json_option
@debug_option
def simulate(
    model: ModelSettings, how: SimulationSettings, out: Path | None, draw: bool, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Simulate a connectome model under constant or given currents, and summarize the run.

    Examples:

    \b
    isochron simulate --stimulate PLM=2000 --duration 20 --out run.zarr --plot
    isochron simulate --dataset cook2019-hermaphrodite --ablate AVA --stimulate AVB=500 \\
        --duration 5 --out cut.nc
    """
    if out is not None and out.suffix not in FORMATS:
        raise ValueError(f"--out must end in {', '.join(FORMATS)}, got {str(out)!r}.")
    picture = (out or Path("run")).with_suffix(".png") if draw else None
    for path in (out, picture):
        if path is not None:
            refuse_to_replace(path, force)
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"The folder {out.parent} does not exist; make it first.")
    _ = model.currents  # a wrong one is named at once
    from isochron.runs.results import to_json_values
    from isochron.sims import save_dataset
    from isochron.sims.storage import export_nwb
    from isochron.workflows.simulate import draw_run, simulate_spec

    spec = model.spec(table=None if how.stimulus is None else str(how.stimulus))
    options = {field.name for field in fields(RunSettings)} & settings_given("how").keys()
    if not spec.is_graded:
        _only_brian2(how, options)
        options -= {"engine"}
    given = {name: getattr(how, name) for name in options}
    if not spec.is_graded:
        given.setdefault("record", ["V"])
    run, summary = simulate_spec(spec, seed=how.seed, **given)
    printed = to_json_values(summary)
    if out is not None:
        (export_nwb if out.suffix == ".nwb" else save_dataset)(run, out)
        printed["file"] = str(out)
    if picture is not None:
        draw_run(run, spec.connectome(), picture)
        printed["figure"] = str(picture)
    if as_json:
        print_json(printed)
        return
    for name, value in printed.items():
        text = f"{value:.6g}" if isinstance(value, float) else value
        click.echo(f"{name.replace('_', ' ')}: {text}")


def _only_brian2(how: RunSettings, given: Container[str]) -> None:
    """Check options of spiking models, which have one engine and method, and fixed thresholds."""
    if ("engine" in given and how.engine != "brian2") or any(
        name in given for name in ("method", "threshold_rule")
    ):
        raise ValueError(
            "Spiking models run in Brian2, without --method and --threshold-rule; "
            "omit --engine. For other simulators: isochron export-neuroml."
        )
