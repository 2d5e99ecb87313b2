"""The report of `isochron compare`."""

from dataclasses import dataclass
from pathlib import Path

from isochron.files import to_json
from isochron.report import fill_template, to_data_uri
from isochron.runs.results import to_json_values
from isochron.studies.compare.claims import describe_system, findings
from isochron.studies.compare.figures import draw_panels
from isochron.studies.compare.results import CompareResults, NetSystem, WormSystem
from isochron.studies.compare.table import COLUMNS, describe_kind, table_row


@dataclass(frozen=True)
class Panel:
    """A figure and its caption."""

    caption: str
    image: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One system in the report."""

    name: str
    kind: str
    text: str
    panels: list[Panel]


def build_report(run: Path, results: CompareResults) -> str:
    """The report of a finished run, as HTML."""
    return fill_template(
        "isochron.studies.compare",
        question=results.question,
        findings=findings(results.worm, results.nets, len(results.config.task.offsets)),
        columns=COLUMNS,
        rows=[table_row(system) for system in results.systems],
        systems=[_section(run, system) for system in results.systems],
        provenance=results.provenance,
        config=to_json(to_json_values(results.config)),
        timings=results.timings,
    )


def _section(run: Path, system: WormSystem | NetSystem) -> Section:
    return Section(
        name=system.name,
        kind=describe_kind(system),
        text=describe_system(system),
        panels=[
            Panel(" ".join(caption.split()), to_data_uri(figure))
            for caption, figure in draw_panels(run, system)
        ],
    )
