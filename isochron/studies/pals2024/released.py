"""The networks that the authors released, next to ours."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from scipy import stats

from isochron.analysis import benjamini_hochberg
from isochron.runs.results import from_json_values
from isochron.studies.pals2024.conditions import RANKED, Condition
from isochron.studies.pals2024.results import (
    ConditionSummary,
    CountComparison,
    ReleasedComparison,
    ReleasedNetworks,
)


@cache
def load_released() -> tuple[ReleasedNetworks, ...]:
    """Measurements of the released networks, one row for each of their conditions."""
    text = files("isochron.studies.pals2024").joinpath("released.toml").read_text("utf-8")
    rows = tomllib.loads(text)["row"]
    return tuple(from_json_values(row, ReleasedNetworks) for row in rows)


def find_released(condition: Condition) -> ReleasedNetworks | None:
    """The released networks of a condition; None if the authors released none.

    Networks of full rank are one row for both readouts: those without a penalty on mean rates.
    """
    if condition.n_stimuli != 2 or condition.kind not in (RANKED, "full-rank"):
        return None
    init = "oscillatory" if condition.oscillatory else "default"
    ranked = condition.kind == RANKED
    rank, readout = (str(condition.rank), condition.readout) if ranked else ("full", "either")
    return next(
        (
            row
            for row in load_released()
            if (row.init, row.rank) == (init, rank) and row.readout.startswith(readout)
        ),
        None,
    )


def compare_with_released(
    conditions: Sequence[Condition], summaries: Sequence[ConditionSummary]
) -> tuple[ReleasedComparison, ...]:
    """Ours and those of the authors, for each condition of which they released networks.

    The p values are those of Fisher's exact test, and adjusted over all tests of the table
    (Benjamini and Hochberg, 1995).
    """
    rows = []
    for condition, ours in zip(conditions, summaries, strict=True):
        released = find_released(condition)
        if released is None:
            continue
        alone = ours.oscillates_alone
        rows.append(
            ReleasedComparison(
                condition=condition.name,
                released=released,
                learned=compare_counts((ours.learned.count, ours.learned.n), released.learned),
                oscillates=compare_counts((alone.count, alone.n), released.oscillating),
            )
        )
    return _adjusted(rows)


def compare_counts(ours: tuple[int, int], theirs: tuple[int, int]) -> CountComparison:
    """Two counts of networks and the p value of Fisher's exact test; None without networks."""
    p = None
    if ours[1] and theirs[1]:
        table = [[count, n - count] for count, n in (ours, theirs)]
        p = float(stats.fisher_exact(table).pvalue)  # type: ignore[attr-defined]
    return CountComparison(ours=ours, theirs=theirs, p=p)


def _adjusted(rows: Sequence[ReleasedComparison]) -> tuple[ReleasedComparison, ...]:
    """The rows with p values adjusted for the number of tests."""
    tests = [test for row in rows for test in (row.learned, row.oscillates)]
    known = [test.p for test in tests if test.p is not None]
    adjusted = iter(benjamini_hochberg(known).tolist() if known else [])
    done = iter(
        test if test.p is None else replace(test, p_adjusted=next(adjusted)) for test in tests
    )
    return tuple(replace(row, learned=next(done), oscillates=next(done)) for row in rows)
