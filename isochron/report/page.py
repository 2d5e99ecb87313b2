"""The page: results.json and the data beside it, as one HTML file that opens offline."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from isochron.connectome.files import DataFileError
from isochron.experiments.files import read_json
from isochron.report.figures import draw_panels, to_data_uri
from isochron.report.findings import describe_system, findings
from isochron.report.table import COLUMNS, describe_kind, table_row


def build_report(run: Path) -> str:
    """The report of a finished run, as HTML.

    Raises
    ------
    ValueError
        If the folder holds no finished run, or results that are not whole.
    """
    results = load_results(run)
    try:
        return _render(run, results)
    except (LookupError, TypeError, AttributeError, StopIteration) as error:
        text = f"{run / 'results.json'} is not a whole result of a run: {error!r}."
        raise DataFileError(text) from error


def _render(run: Path, results: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    if results.get("experiment") == "pals2024":
        from isochron.report.pals2024 import build_pals2024_report

        return build_pals2024_report(run, results)
    here = files("isochron.report")
    environment = Environment(
        loader=FileSystemLoader(str(here)), autoescape=True, undefined=StrictUndefined
    )
    systems = results["systems"]
    offsets = results["provenance"]["config"]["task"]["offsets"]
    return environment.get_template("template.html").render(
        style=here.joinpath("style.css").read_text(encoding="utf-8"),
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


def load_results(run: Path) -> dict[str, Any]:
    """The content of ``results.json`` of a finished run.

    Raises
    ------
    ValueError
        If the folder holds no finished run, or one of another schema.
    """
    path = run / "results.json"
    if not path.is_file():
        raise ValueError(f"{run} holds no finished run: there is no results.json in it.")
    results = read_json(path)
    if not isinstance(results, dict) or results.get("schema") != 1:
        raise DataFileError(f"{path} is not the result of a run of isochron, schema 1.")
    return results
