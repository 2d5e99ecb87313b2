"""isochron continue."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    DATASET_HELP,
    SIGNS_HELP,
    debug_option,
    json_option,
    named_currents,
    print_json,
    print_table,
)
from isochron.wording import counted

if TYPE_CHECKING:
    from isochron.workflows.continuation import EquilibriumBranch


@click.command("continue", context_settings={"ignore_unknown_options": True})
@click.argument("parameter", metavar="PARAM")
@click.argument("first", metavar="FROM", type=float)
@click.argument("last", metavar="TO", type=float)
@click.option("--dataset", default="varshney2011", show_default=True, help=DATASET_HELP)
@click.option("--model", default="graded", show_default=True, help="graded or graded-kunert2014.")
@click.option(
    "--stimulate", multiple=True, metavar="NAME=pA",
    help="Constant current into a neuron, class, type or pattern; may be given again.",
)  # fmt: skip
@click.option("--signs", help=SIGNS_HELP)
@click.option("--ablate", multiple=True, metavar="NAME", help="Leave neurons out.")
@json_option
@debug_option
def follow(
    parameter: str,
    first: float,
    last: float,
    dataset: str,
    model: str,
    stimulate: tuple[str, ...],
    signs: str | None,
    ablate: tuple[str, ...],
    as_json: bool,
) -> None:
    """Follow the rest of a connectome in a parameter, and find where it gives way to a rhythm.

    PARAM is current (pA into each stimulated neuron) or a constant of the model, such as
    gap_conductance (nS) or steepness (1/mV).
    """
    from isochron.runs.datasets import resolve_dataset
    from isochron.runs.simulation_spec import SimulationSpec
    from isochron.workflows.continuation import continue_equilibrium

    spec = SimulationSpec(
        dataset=resolve_dataset(dataset), model=model, signs=signs, ablate=ablate,
        currents=named_currents(stimulate),
    )  # fmt: skip
    found = continue_equilibrium(spec, parameter, first, last)
    if as_json:
        print_json(asdict(found))
        return
    _print_branch(found)


def _print_branch(found: "EquilibriumBranch") -> None:
    from rich.table import Table

    click.echo(f"{found.system}: {counted(len(found.points), 'point')}, {found.message}")
    table = Table(found.parameter, "what", "unstable directions", "period (ms)", "residual")
    rows = [("starts", point, None) for point in found.points[:1]]
    rows += [(point.kind, point, point.period_ms) for point in found.special]
    rows += [("ends", point, None) for point in found.points[-1:]]
    for kind, point, period_ms in rows:
        table.add_row(
            f"{point.parameter:.6g}",
            kind,
            str(point.unstable_directions),
            "" if period_ms is None else f"{period_ms:.2f}",
            f"{point.residual:.1e}",
        )
    print_table(table)
