"""isochron simulate."""

from pathlib import Path
from typing import Any

import click

from isochron.cli.common import (
    DATASET_HELP,
    SIGNS_HELP,
    debug_option,
    force_option,
    json_option,
    named_currents,
    print_json,
    refuse_to_replace,
)

FORMATS = (".zarr", ".nc", ".nwb")


@click.command()
@click.option("--dataset", default="varshney2011", show_default=True, help=DATASET_HELP)
@click.option(
    "--model", default="graded", show_default=True,
    help="graded, graded-kunert2014, c302-a, c302-b or adaptive-exponential.",
)  # fmt: skip
@click.option(
    "--stimulate", multiple=True, metavar="NAME=pA",
    help="Constant current into a neuron, class, type or pattern; may be given again.",
)  # fmt: skip
@click.option("--stimulus", type=Path, help="Currents over time (.csv: time_ms, neurons).")
@click.option("--duration", type=float, required=True, help="Simulated seconds.")
@click.option("--engine", help="numba (default), torch, scipy, brian2, jneuroml or neuron.")
@click.option("--method", help="One of the engine's methods.")
@click.option(
    "--step", "step_ms", type=float,
    help="Time step in ms. By default 0.5 for numba, torch and scipy, at most 0.05 for brian2, "
    "jneuroml and neuron.",
)  # fmt: skip
@click.option("--record-every", "record_every_ms", type=float, help="Between samples, ms.")
@click.option("--threshold-rule", help="fixed (default), adiabatic or ramped.")
@click.option("--signs", help=SIGNS_HELP)
@click.option("--ablate", multiple=True, metavar="NAME", help="Leave neurons out.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the initial state.")
@click.option("--out", type=Path, help="Where to keep the run: .zarr, .nc or .nwb.")
@click.option("--plot", "draw", is_flag=True, help="Draw it too, beside --out or as run.png.")
@force_option
@json_option
@debug_option
def simulate(
    dataset: str,
    model: str,
    stimulate: tuple[str, ...],
    stimulus: Path | None,
    duration: float,
    signs: str | None,
    ablate: tuple[str, ...],
    seed: int,
    out: Path | None,
    draw: bool,
    force: bool,
    as_json: bool,
    **options: Any,
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
    currents = named_currents(stimulate)
    from isochron.runs.datasets import resolve_dataset
    from isochron.runs.simulation_spec import SimulationSpec
    from isochron.sims import save_dataset
    from isochron.sims.storage import export_nwb
    from isochron.workflows.simulate import draw_run, simulate_spec

    spec = SimulationSpec(
        dataset=resolve_dataset(dataset), model=model, signs=signs, ablate=ablate,
        currents=currents, table=None if stimulus is None else str(stimulus),
    )  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    if not spec.is_graded:
        _only_brian2(given)
        given["record"] = ["V"]
    run, summary = simulate_spec(spec, seed=seed, duration_s=duration, **given)
    printed = summary.describe()
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
