"""The page of a sweep: how complete it is, maps and distributions, failures."""

from collections import Counter
from pathlib import Path

import numpy as np

from isochron.report import fill_template, to_data_uri
from isochron.report.sweep.figures import draw_figures
from isochron.runs.sweep import Sweep
from isochron.runs.sweep.experiments import open_experiment

MOST_REASONS = 20


def build_sweep_report(store: Path) -> str:
    """The report of a sweep, finished or not, as HTML.

    Raises
    ------
    ValueError
        If the folder is not the store of a sweep, or does not contain results yet.
    """
    sweep = Sweep(store)
    status, found = sweep.status(), sweep.dataset()
    measures = open_experiment(sweep.grid.experiment).measures
    reasons = Counter(str(text) for text in found["reason"].values.ravel() if str(text))
    return fill_template(
        "isochron.report.sweep",
        grid=sweep.grid,
        status=status,
        sizes=dict(zip(sweep.grid.dimensions, sweep.grid.shape, strict=True)),
        share=status.done / max(status.runs, 1),
        figures=[
            {
                "title": it.title,
                "caption": f"{_explained(measures.get(it.name, ''))}{it.caption}",
                "image": to_data_uri(it.figure),
            }
            for it in draw_figures(found)
        ],
        reasons=reasons.most_common(MOST_REASONS),
        missing=int(np.sum(found["status"].values == 0)),
        toml=(store / "sweep.toml").read_text(encoding="utf-8"),
        digest=sweep.digest(),
    )


def _explained(text: str) -> str:
    """A description as a sentence in front of a caption."""
    return f"{text[:1].upper()}{text[1:]}. " if text else ""
