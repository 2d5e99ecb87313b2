"""Reading of results and HTML pages, shared by the reports of all studies."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from isochron.files import DataFileError, read_json
from isochron.runs.results import SCHEMA


def load_results(run: Path) -> dict[str, Any]:
    """The content of ``results.json`` of a finished run.

    Raises
    ------
    ValueError
        If the folder does not contain a finished run, or one of a different schema.
    """
    path = run / "results.json"
    if not path.is_file():
        raise ValueError(f"{run} does not contain a finished run: results.json is missing.")
    results = read_json(path)
    schema = results.get("schema") if isinstance(results, dict) else None
    if schema == 1:
        raise DataFileError(f"{path} was written by isochron 0.1; run the study again.")
    if schema != SCHEMA:
        raise DataFileError(f"{path} is not the result of a run of isochron, schema {SCHEMA}.")
    return results


def fill_template(package: str, **values: Any) -> str:
    """The template ``report.html`` of a package, filled; it gets the shared style as ``style``."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(files(package))), autoescape=True, undefined=StrictUndefined
    )
    style = files("isochron.report").joinpath("style.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(style=style, **values)
