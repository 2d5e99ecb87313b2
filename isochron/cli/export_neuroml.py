"""isochron export-neuroml."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    debug_option,
    force_option,
    json_option,
    open_connectome,
    print_json,
    sign_rule,
)
from isochron.cli.options import SettingsCommand
from isochron.runs.model_settings import ConnectionSettings
from isochron.settings import setting
from isochron.wording import counted

if TYPE_CHECKING:
    from isochron.sims import Stimulus


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportSettings(ConnectionSettings):
    """What is exported."""

    level: str = setting(
        "graded", "Model: the graded one, or a level of OpenWorm's c302",
        choices="isochron.sims.neuroml:LEVELS",
    )  # fmt: skip
    duration_s: float = setting(1.0, "Time that the LEMS file simulates", unit="s")
    step_ms: float = setting(0.05, "Time step of the LEMS file", unit="ms")
    muscles: bool = setting(True, "Export the muscles")

    def stimulus(self) -> "Stimulus":
        """The constant currents."""
        from isochron.sims import Stimulus, step_current

        parts = (step_current([name], amplitude_pA=pA) for name, pA in self.currents)
        return sum(parts, Stimulus())


@click.command("export-neuroml", cls=SettingsCommand, settings={"export": ExportSettings})
@click.argument("identifier", metavar="ID")
@click.option("--out", type=Path, required=True, metavar="DIR", help="New folder of the export.")
@force_option
@json_option
@debug_option
def export_neuroml(
    identifier: str, export: ExportSettings, out: Path, force: bool, as_json: bool
) -> None:
    """Write a connectome (ID or file) as NeuroML 2 with a LEMS file that runs it."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists; --force replaces an export that is there.")
    rule, current = sign_rule(export.signs), export.stimulus()
    connectome = open_connectome(identifier)
    if export.ablate:
        from isochron.runs.ablation import check_not_ablated

        names = [name for part in current.parts for name in part.neurons]
        check_not_ablated(connectome, export.ablate, names, what="stimulated")
        connectome = connectome.ablate(*export.ablate)
    if rule is not None:
        connectome = connectome.with_signs(rule)
    from isochron.sims import neuroml

    made = neuroml.export_neuroml(
        connectome,
        out,
        level=export.level,
        stimulus=current,
        muscles=export.muscles,
        duration_s=export.duration_s,
        step_ms=export.step_ms,
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
