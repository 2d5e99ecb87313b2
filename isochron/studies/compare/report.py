"""The report of `isochron compare`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron.files import to_json
from isochron.report import fill_template, to_data_uri
from isochron.runs.results import to_json_values
from isochron.studies.compare import table
from isochron.studies.compare.caveats import caveats
from isochron.studies.compare.claims import answer, explorations
from isochron.studies.compare.contrasts import Roles
from isochron.studies.compare.descriptions import describe_net, describe_worm
from isochron.studies.compare.figures import draw_overview, draw_panels
from isochron.studies.compare.group_figures import draw_groups
from isochron.studies.compare.results import CompareResults, NetSystem, WormSystem
from isochron.studies.compare.triangle_figure import draw_triangle
from isochron.studies.compare.triangle_report import (
    TRIANGLE_COLUMNS,
    triangle_note,
    triangle_rows,
)

PIXELS_PER_INCH = 100
AGAIN = "isochron compare --config config.toml --out NEW"  # config.toml of the run folder
MOST_SHOWN = 6  # systems
OVERVIEW = (
    "Phase portraits in the plane of the two main components of the stable cycles (thick lines); "
    "trajectories from random states (thin lines) converge to them; unstable cycles are dashed. "
    "The worm under its constant current; networks under the reference."
)


@dataclass(frozen=True)
class Panel:
    """A figure and its caption."""

    caption: str
    image: str
    width_px: int


@dataclass(frozen=True, kw_only=True)
class Section:
    """One system in the report."""

    name: str
    text: str
    panels: list[Panel]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table and its title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def build_report(run: Path, results: CompareResults) -> str:
    """The report of a finished run, as HTML."""
    shown = main_systems(results)
    return fill_template(
        "isochron.studies.compare",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=_panel(OVERVIEW, draw_overview(run, shown)),
        play=results.interim is None,
        explorations=explorations(results),
        groups=[_panel(*drawn) for drawn in _group_figures(run, results)],
        tables=_tables(results),
        nets=_net_table(results),
        systems=[_section(run, system) for system in shown],
        animals=results.animals,
        provenance=results.provenance,
        config=to_json(to_json_values(results.config)),
        timings=results.timings,
        command=AGAIN,
        finished_at=results.finished_at,
    )


def _group_figures(run: Path, results: CompareResults) -> list[tuple[str, Any]]:
    triangle = draw_triangle(run, results)
    return [*draw_groups(results), *([] if triangle is None else [triangle])]


def main_systems(results: CompareResults) -> list[WormSystem | NetSystem]:
    """The worm, of its first pair a network on the connectome and the control, and other runs.

    If the configuration does not have these, the first networks of the run. Of each run that was
    trained elsewhere, the first network that did not fail; six systems at most.
    """
    roles = Roles.of(results.config)
    trained = [net for net in results.own_nets if net.trained]
    named = [it.name for it in (roles.connectome, roles.control) if it and results.config.tasks]
    tasks = [it.name for it in (roles.memory, *results.config.tasks) if it is not None]
    chosen = []
    for name in named:
        nets = [net for net in trained if (net.substrate, net.task) == (name, tasks[0])]
        chosen += sorted(nets, key=lambda net: (net.failed, net.pair))[:1]
    chosen = chosen or trained[:2]
    for name in dict.fromkeys(net.substrate for net in results.saved_nets):
        nets = [net for net in results.saved_nets if net.substrate == name]
        chosen += sorted(nets, key=lambda net: (not net.trained, net.failed))[:1]
    return [results.worm, *chosen][:MOST_SHOWN]


def _tables(results: CompareResults) -> list[Table]:
    tables = [
        Table(
            title="Onset of the rhythm: connectome against null models",
            columns=table.ONSET_COLUMNS,
            rows=table.onset_rows(results.onset_tests),
            note="p = (1 + draws at or below) / (1 + draws). For the rhythm, draws that do not "
            "start one first rank last; Holm's correction is over the null models of a connectome "
            "at one leak, not over connectomes and leaks. "
            "A supercritical rhythm starts as a small stable cycle, a subcritical one with a jump.",
        ),
        Table(
            title="Inputs that start a rhythm",
            columns=table.INPUT_COLUMNS,
            rows=table.input_rows(results.inputs),
            note="Each left-right pair of sensory neurons receives the current in turn; a pair "
            "counts if the first instability is a rhythm.",
        ),
        Table(
            title="Width of the tongue for a weak forcing",
            columns=table.TONGUE_COLUMNS,
            rows=table.tongue_rows(results.tongue_widths),
            note="Width of the 1:1 tongue in percent of the intrinsic frequency, for a sinusoidal "
            "current whose amplitude is 0.1 % of the constant current, from the phase response: "
            "valid for weak forcing. Each connectome and draw at 1.2 times the current at which "
            "its rhythm starts; draws without a rhythm there are counted. p: two-sided, among the "
            "draws with a rhythm; the fewer these are, the larger it is at least.",
        ),
        Table(
            title="Networks by substrate and task",
            columns=table.GROUP_COLUMNS,
            rows=table.group_rows(results),
            note="Median, and range if values differ, of the networks that reached the loss; of "
            "those trained elsewhere, of all networks but those that did not learn. Surveys: with "
            "those before training, of networks whose sum of the indices must be 1. n/a: does not "
            "apply, as to networks on a task without a reference.",
        ),
        Table(
            title="Primary contrasts, fixed before the run",
            columns=table.CONTRAST_COLUMNS,
            rows=table.contrast_rows(results.contrasts.primary),
            note="Holm's correction; a contrast without a pair counts as a test with p = 1.",
        ),
        Table(
            title="Exploratory contrasts",
            columns=table.CONTRAST_COLUMNS,
            rows=table.contrast_rows(results.contrasts.exploratory),
            note="Correction of Benjamini and Hochberg over all of them. They suggest what to test "
            "in a further run and do not decide anything.",
        ),
        Table(
            title="Recordings",
            columns=table.ANIMAL_COLUMNS,
            rows=table.animal_rows(results),
            note="p of the turns against amplitude-adjusted surrogates. Order by phase: circular "
            "rank correlation with the cycle of the model, 1 for the same order, -1 for the "
            "reverse; left-right pairs count as one neuron.",
        ),
        Table(
            title="Worm, networks and recordings: distances between cycles",
            columns=TRIANGLE_COLUMNS,
            rows=triangle_rows(results),
            note=triangle_note(results),
        ),
        Table(title="The worm", columns=("measure", "value"), rows=table.worm_rows(results.worm)),
    ]
    return [it for it in tables if it.rows]


def _net_table(results: CompareResults) -> Table:
    return Table(
        title="Every network", columns=table.NET_COLUMNS, rows=table.net_rows(results.nets)
    )


def _panel(caption: str, figure: Any) -> Panel:
    width = round(PIXELS_PER_INCH * figure.get_figwidth())
    return Panel(" ".join(caption.split()), to_data_uri(figure), width)


def _section(run: Path, system: WormSystem | NetSystem) -> Section:
    describe = describe_worm if isinstance(system, WormSystem) else describe_net
    return Section(
        name=system.name,
        text=describe(system),  # type: ignore[arg-type]
        panels=[_panel(caption, figure) for caption, figure in draw_panels(run, system)],
    )
