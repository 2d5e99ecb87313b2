"""isochron export-neuroml."""

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from isochron.cli.common import (
    debug_option,
    force_option,
    json_option,
    open_connectome,
    print_json,
    say,
    sign_rule,
)
from isochron.cli.options import PATH, SettingsCommand
from isochron.runs.model_settings import ConnectionSettings
from isochron.sims.neuroml.settings import ExportSettings
from isochron.wording import counted

SETTINGS = {"export": ExportSettings, "connections": ConnectionSettings}


@click.command("export-neuroml", cls=SettingsCommand, settings=SETTINGS)
@click.argument("identifier", metavar="ID")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="New folder of the export.")
@force_option
@json_option
@debug_option
def export_neuroml(
    identifier: str, export: ExportSettings, connections: ConnectionSettings, out: Path,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write a connectome (ID or file) as NeuroML 2 with a LEMS file that runs it."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists; --force replaces an existing export.")
    rule, current = sign_rule(connections.signs), connections.stimulus()
    connectome = open_connectome(identifier)
    if connections.ablate:
        from isochron.runs.ablation import check_not_ablated

        names = [name for part in current.parts for name in part.neurons]
        check_not_ablated(connectome, connections.ablate, names, what="stimulated")
        connectome = connectome.ablate(*connections.ablate)
    if rule is not None:
        connectome = connectome.with_signs(rule)
    from isochron.sims import neuroml

    made = neuroml.export_neuroml(
        connectome,
        out,
        stimulus=current,
        force=force,
        **asdict(export),
    )
    if as_json:
        print_json(
            asdict(made) | {k: str(getattr(made, k)) for k in ("folder", "network", "simulation")}
        )
        return
    say(
        f"Wrote {made.network}: {counted(made.n_neurons, 'neuron')}, "
        f"{counted(made.n_muscles, 'muscle')}, {counted(made.n_projections, 'projection')}"
    )
    say(f"Run it: pynml {shlex.quote(str(made.simulation))} -nogui")
