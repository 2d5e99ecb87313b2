"""Results of experiments as texts: the values that a command prints with ``--json``."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.files import to_json
from isochron.runs.results import to_json_values
from isochron.runs.sweep import Sweep


def texts_of(found: Sequence[Any]) -> np.ndarray:
    """JSON of each result; empty for a run without one."""
    return np.array(["" if it is None else to_json(to_json_values(it)) for it in found], dtype=str)


def padded(rows: Sequence[Sequence[float | None]], n: int) -> np.ndarray:
    """Rows of different lengths as one array, shape (n_rows, n), with NaN for None and the rest."""
    array = np.full((len(rows), n), np.nan)
    for k, row in enumerate(rows):
        array[k, : len(row)] = np.array(row, dtype=float)
    return array


def read_results(sweep: Sweep) -> list[Any]:
    """JSON values of the results of all runs of a complete sweep, in the order of its grid.

    Raises
    ------
    ValueError
        If a part has no results.
    """
    values = []
    for task in sweep.tasks:
        result = sweep.store.read(task.key)
        if result is None:
            raise ValueError(f"{sweep.store.path} does not have all parts.")
        values += [json.loads(str(text)) for text in result.variables["result"]]
    return values
