"""isochron export-neuroml."""

from pathlib import Path

import click

from isochron.cli.common import (
    SIGNS_HELP,
    constant_currents,
    debug_option,
    force_option,
    json_option,
    open_connectome,
    print_json,
    sign_rule,
)
from isochron.wording import counted


@click.command("export-neuroml")
@click.argument("identifier", metavar="ID")
@click.option(
    "--level", default="graded", show_default=True,
    help="graded, or A, B or C1 of OpenWorm's c302.",
)  # fmt: skip
@click.option("--out", type=Path, required=True, metavar="DIR", help="A new folder.")
@click.option(
    "--stimulate", multiple=True, metavar="NAME=pA",
    help="Constant current into a neuron, class, type or pattern; may be given again.",
)  # fmt: skip
@click.option(
    "--duration", type=float, default=1.0, show_default=True, help="Seconds that it simulates."
)
@click.option(
    "--step", "step_ms", type=float, default=0.05, show_default=True, help="Time step in ms."
)
@click.option("--signs", help=SIGNS_HELP)
@click.option("--ablate", multiple=True, metavar="NAME", help="Leave neurons out.")
@click.option("--no-muscles", is_flag=True, help="Neurons alone.")
@force_option
@json_option
@debug_option
def export_neuroml(
    identifier: str,
    level: str,
    out: Path,
    stimulate: tuple[str, ...],
    duration: float,
    step_ms: float,
    signs: str | None,
    ablate: tuple[str, ...],
    no_muscles: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write a connectome (ID or file) as NeuroML 2 with a LEMS file that runs it."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists; --force replaces an export that is there.")
    rule, current = sign_rule(signs), constant_currents(stimulate)
    connectome = open_connectome(identifier)
    if ablate:
        from isochron.runs.ablation import check_not_ablated

        names = [name for part in current.parts for name in part.neurons]
        check_not_ablated(connectome, ablate, names, what="stimulated")
        connectome = connectome.ablate(*ablate)
    if rule is not None:
        connectome = connectome.with_signs(rule)
    from dataclasses import asdict

    from isochron.sims import neuroml

    made = neuroml.export_neuroml(
        connectome,
        out,
        level=level,
        stimulus=current,
        muscles=not no_muscles,
        duration_s=duration,
        step_ms=step_ms,
        force=force,
    )
    if as_json:
        print_json(
            asdict(made) | {k: str(getattr(made, k)) for k in ("folder", "network", "simulation")}
        )
        return
    click.echo(
        f"Wrote {made.network}: {counted(made.n_neurons, 'neuron')}, "
        f"{counted(made.n_muscles, 'muscle')}, {counted(made.n_projections, 'projection')}"
    )
    click.echo(f"Run it: pynml {made.simulation} -nogui")
