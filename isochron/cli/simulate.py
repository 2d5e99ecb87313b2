"""isochron simulate."""

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import (
    debug_option,
    force_option,
    json_option,
    print_json,
    refuse_to_replace,
)
from isochron.cli.options import SettingsCommand
from isochron.runs.model_settings import ModelSettings
from isochron.settings import setting

FORMATS = (".zarr", ".nc", ".nwb")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """How a connectome is simulated."""

    duration_s: float = setting(MISSING, "Simulated time", unit="s")
    stimulus: Path | None = setting(
        None, "Currents over time: a .csv file with time_ms and neurons", form="FILE"
    )
    engine: str | None = setting(
        None, "Engine; numba by default, brian2 for spiking models",
        choices="isochron.sims.engines:ENGINES",
    )  # fmt: skip
    method: str | None = setting(None, "Integration method of the engine")
    step_ms: float | None = setting(
        None,
        "Time step; by default 0.5 for numba, torch and scipy, at most 0.05 for brian2, jneuroml "
        "and neuron",
        unit="ms",
    )
    record_every_ms: float | None = setting(None, "Time between recorded samples", unit="ms")
    threshold_rule: str | None = setting(
        None, "Thresholds of the synapses under a stimulus; fixed by default",
        choices="isochron.sims.drive:THRESHOLD_RULES",
    )  # fmt: skip
    seed: int = setting(0, "Seed of the initial state")

    def engine_options(self) -> dict[str, Any]:
        """What is given of the engine's options."""
        names = ("engine", "method", "step_ms", "record_every_ms", "threshold_rule")
        return {name: it for name in names if (it := getattr(self, name)) is not None}


@click.command(cls=SettingsCommand, settings={"model": ModelSettings, "how": RunSettings})
@click.option("--out", type=Path, help="File for the run: .zarr, .nc or .nwb.")
@click.option("--plot", "draw", is_flag=True, help="Draw the run, next to --out or as run.png.")
@force_option
@json_option
@debug_option
def simulate(
    model: ModelSettings, how: RunSettings, out: Path | None, draw: bool, force: bool, as_json: bool
) -> None:
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
        raise ValueError(f"There is no folder {out.parent} to write to; make it first.")
    _ = model.currents  # a wrong one is named at once
    from isochron.runs.results import to_json_values
    from isochron.sims import save_dataset
    from isochron.sims.storage import export_nwb
    from isochron.workflows.simulate import draw_run, simulate_spec

    spec = model.spec(table=None if how.stimulus is None else str(how.stimulus))
    given = how.engine_options()
    if not spec.is_graded:
        _only_brian2(given)
        given["record"] = ["V"]
    run, summary = simulate_spec(spec, seed=how.seed, duration_s=how.duration_s, **given)
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


def _only_brian2(given: dict[str, Any]) -> None:
    """Spiking models have one engine, one method and no thresholds that follow the input."""
    engine = given.pop("engine", "brian2")
    if engine != "brian2" or given.keys() & {"method", "threshold_rule"}:
        raise ValueError(
            "Spiking models run in Brian2, without --method and --threshold-rule; "
            "leave --engine out. For other simulators: isochron export-neuroml."
        )
