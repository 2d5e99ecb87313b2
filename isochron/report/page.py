"""Reading of results and HTML pages, shared by the reports of all studies."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from isochron.files import DataFileError, MissingDataFileError, read_sealed_json
from isochron.runs.results import SCHEMA
from isochron.wording import printable


def load_results(run: Path) -> dict[str, Any]:
    """The content of ``results.json`` of a finished run.

    Raises
    ------
    DataFileError
        If the folder does not contain a finished run, or one of a different schema, or the file
        has been altered.
    """
    path = run / "results.json"
    if not path.is_file():
        raise MissingDataFileError(_why_missing(run))
    results = read_sealed_json(path, required=False)
    schema = results.get("schema") if isinstance(results, dict) else None
    if schema == 1:
        raise DataFileError(f"{path} was written by isochron 0.1; run the study again.")
    if schema != SCHEMA:
        raise DataFileError(f"{path} is not the result of a run of isochron, schema {SCHEMA}.")
    return results


_A_RUN = (
    "A run is a folder that isochron compare, reproduce or study wrote, or the store of a sweep."
)


def _why_missing(run: Path) -> str:
    if not run.exists():
        return f"{run} does not exist. {_A_RUN}"
    if not run.is_dir():
        return f"{run} is not a folder. {_A_RUN}"
    return f"{run} does not contain a finished run: results.json is missing."


def fill_template(package: str, **values: Any) -> str:
    """The template ``report.html`` of a package, filled; it gets the shared style as ``style``.

    Markup and control characters in texts, which may be names of a user's file, are shown as text.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(files(package))),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
    )
    style = files("isochron.report").joinpath("style.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(style=style, **values)


def _visible(value: Any) -> Any:
    """A text without control characters; markup of the template stays."""
    return printable(value) if type(value) is str else value
