"""The report of `isochron compare`."""

import json
from pathlib import Path
from typing import Any

from isochron.report import fill_template, render_report, to_data_uri
from isochron.studies.compare.claims import describe_system, findings
from isochron.studies.compare.figures import draw_panels
from isochron.studies.compare.table import COLUMNS, describe_kind, table_row


def build_report(run: Path) -> str:
    """The report of a finished run, as HTML.

    Raises
    ------
    ValueError
        If the folder does not contain a finished run, or its results are incomplete.
    """
    return render_report(run, lambda results: _render(run, results))


def _render(run: Path, results: dict[str, Any]) -> str:
    systems = results["systems"]
    offsets = results["provenance"]["config"]["task"]["offsets"]
    return fill_template(
        "isochron.studies.compare",
        question=results["question"],
        findings=findings(systems, len(offsets)),
        columns=COLUMNS,
        rows=[table_row(system) for system in systems],
        systems=[_section(run, system) for system in systems],
        provenance=results["provenance"],
        config=json.dumps(results["provenance"]["config"], indent=1),
        timings=results["timings"],
    )


def _section(run: Path, system: dict[str, Any]) -> dict[str, Any]:
    panels = [
        {"caption": " ".join(caption.split()), "image": to_data_uri(figure)}
        for caption, figure in draw_panels(run, system)
    ]
    return {
        "name": system["name"],
        "kind": describe_kind(system),
        "text": describe_system(system),
        "panels": panels,
    }
