"""The page of a sweep: how complete it is, maps and distributions, failures."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron.report import fill_template, to_data_uri
from isochron.report.sweep.figures import Figure, draw_figures
from isochron.report.sweep.measures import label_of, title_of
from isochron.report.sweep.tables import completeness, tables_of
from isochron.runs.sweep import Sweep
from isochron.runs.sweep.experiments import open_experiment
from isochron.wording import joined, printable

MOST_REASONS = 20
NUMBER = re.compile(r"\d[\d.]*(?:e[+-]?\d+)?")


def build_sweep_report(store: Path) -> str:
    """The report of a sweep, finished or not, as HTML.

    Raises
    ------
    ValueError
        If the folder is not the store of a sweep, or does not contain results yet.
    """
    sweep = Sweep(store)
    status, found = sweep.status(), sweep.dataset()
    return fill_template(
        "isochron.report.sweep",
        grid=sweep.grid,
        status=status,
        axes=_axes(sweep, found),
        share=status.done / max(status.runs, 1),
        sections=_sections(found, open_experiment(sweep.grid.experiment).measures),
        completeness=completeness(found),
        reasons=_reasons(found)[:MOST_REASONS],
        missing=int(np.sum(found["status"].values == 0)),
        toml=(store / "sweep.toml").read_text(encoding="utf-8"),
        digest=sweep.digest(),
    )


def _axes(sweep: Sweep, found: xr.Dataset) -> str:
    """The axes and their sizes in words."""
    if sweep.grid.random:
        return (
            f" at random points of {joined([label_of(it.name, found) for it in sweep.grid.axes])}"
        )
    pairs = zip(sweep.grid.dimensions, sweep.grid.shape, strict=True)
    texts = [
        f"{size} {'' if k else 'values '}of {label_of(name, found)}"
        for k, (name, size) in enumerate(pairs)
    ]
    return f": {' × '.join(texts)}" if texts else ""


def _sections(found: xr.Dataset, measures: Mapping[str, str]) -> list[dict[str, Any]]:
    """One section for each number: what it is, its figures, its tables."""
    sections: dict[str, dict[str, Any]] = {}
    for figure in draw_figures(found):
        if figure.name not in sections:
            tables = list(tables_of(found, figure.name))
            sections[figure.name] = {
                "title": title_of(figure.name),
                "text": _sentence(measures.get(figure.name, "")),
                "figures": [],
                "tables": tables,
                "narrow": not any(table.wide for table in tables),
            }
        sections[figure.name]["figures"].append(_image(figure))
    return list(sections.values())


def _image(figure: Figure) -> dict[str, Any]:
    return {
        "title": figure.title,
        "caption": figure.caption,
        "image": to_data_uri(figure.figure),
        "wide": figure.wide,
    }


def _reasons(found: xr.Dataset) -> list[tuple[str, int]]:
    """Why runs failed, most frequent first; reasons that differ in their numbers count as one."""
    texts = [printable(str(text)) for text in found["reason"].values.ravel() if str(text)]
    counts = Counter(NUMBER.sub("#", text) for text in texts)
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(NUMBER.sub("#", text), text)
    different = {NUMBER.sub("#", text) for text in texts if text != first[NUMBER.sub("#", text)]}
    return [
        (f"such as: {first[key]}" if key in different else first[key], count)
        for key, count in counts.most_common()
    ]


def _sentence(text: str) -> str:
    """A description as a sentence."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
