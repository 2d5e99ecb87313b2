"""isochron continue."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from isochron.cli.common import add_row, debug_option, json_option, print_json, print_table, say
from isochron.cli.options import SettingsCommand
from isochron.runs.model_settings import ModelSettings
from isochron.settings import setting
from isochron.sims.models import MODELS
from isochron.wording import counted

if TYPE_CHECKING:
    from isochron.workflows.continuation import EquilibriumBranch


GRADED = [name for name, entry in MODELS.items() if entry.path.endswith(":GradedNetwork")]


@dataclass(frozen=True, kw_only=True, slots=True)
class EquilibriumSettings(ModelSettings):
    """A simulated connectome whose equilibrium is continued."""

    model: str = setting("graded", "Model of the neurons", choices=GRADED)


@click.command(
    "continue",
    cls=SettingsCommand,
    settings={"model": EquilibriumSettings},
    context_settings={"ignore_unknown_options": True},
)
@click.argument("parameter", metavar="PARAM")
@click.argument("first", metavar="FROM", type=float)
@click.argument("last", metavar="TO", type=float)
@json_option
@debug_option
def follow(
    parameter: str, first: float, last: float, model: EquilibriumSettings, as_json: bool
) -> None:
    """Continue the equilibrium of a connectome model in one parameter and locate bifurcations.

    PARAM is current (pA into each stimulated neuron) or a constant of the model, such as
    gap_conductance (nS) or steepness (1/mV).
    """
    from isochron.workflows.continuation import continue_equilibrium

    found = continue_equilibrium(model.spec(), parameter, first, last)
    if as_json:
        print_json(asdict(found))
        return
    _print_branch(found)


def _print_branch(found: "EquilibriumBranch") -> None:
    from rich.table import Table

    say(f"{found.system}: {counted(len(found.points), 'point')}, {found.message}")
    table = Table(found.parameter, "what", "unstable directions", "period (ms)", "residual")
    rows = [("starts", point, None) for point in found.points[:1]]
    rows += [(point.kind, point, point.period_ms) for point in found.special]
    rows += [("ends", point, None) for point in found.points[-1:]]
    for kind, point, period_ms in rows:
        add_row(
            table,
            f"{point.parameter:.6g}",
            kind,
            str(point.unstable_directions),
            "" if period_ms is None else f"{period_ms:.2f}",
            f"{point.residual:.1e}",
        )
    print_table(table)
