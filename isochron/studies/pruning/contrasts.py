"""Intervals of every kind of pruning, and paired tests of one against another."""

from collections.abc import Sequence

import numpy as np

from isochron.analysis import holm, paired_contrast, proportion_interval
from isochron.studies.paired_tests import numbers_of
from isochron.studies.pruning.results import (
    ALL_TASKS,
    CONNECTOME,
    MAGNITUDE,
    METHODS,
    RANDOM,
    REWIRED,
    SYNFLOW,
    TICKET,
    ContrastRow,
    NetRow,
    SummaryRow,
)

TESTS = (
    *((method, RANDOM) for method in (SYNFLOW, TICKET, MAGNITUDE, CONNECTOME)),
    *((method, CONNECTOME) for method in (SYNFLOW, TICKET, MAGNITUDE)),
    (CONNECTOME, REWIRED),
)


def tasks_of(rows: Sequence[NetRow]) -> list[str]:
    """All tasks together, if there are several, then each."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    return [ALL_TASKS, *tasks] if len(tasks) > 1 else tasks


def networks_of(rows: Sequence[NetRow], task: str, method: str) -> list[NetRow]:
    """The networks of a task, or of all, and a kind of pruning."""
    return [row for row in rows if row.method == method and task in (row.task, ALL_TASKS)]


def losses(rows: Sequence[NetRow], task: str, method: str) -> list[float]:
    """Loss relative to chance of each pair; of all tasks the mean over them."""
    kept = networks_of(rows, task, method)
    pairs = sorted({row.pair for row in kept})
    return [float(np.mean([row.relative_loss for row in kept if row.pair == k])) for k in pairs]


def summaries(rows: Sequence[NetRow]) -> tuple[SummaryRow, ...]:
    """Loss and share of learned networks, with intervals."""
    found = []
    for task in tasks_of(rows):
        for method in METHODS:
            kept, values = networks_of(rows, task, method), losses(rows, task, method)
            level = paired_contrast(values, np.zeros(len(values)))
            learned = sum(row.learned for row in kept)
            found.append(
                SummaryRow(
                    task=task,
                    method=method,
                    n=len(values),
                    estimate=level.estimate,
                    interval=level.interval,
                    n_learned=learned,
                    n_networks=len(kept),
                    learned_interval=proportion_interval(learned, len(kept)).interval,
                )
            )
    return tuple(found)


def contrasts(rows: Sequence[NetRow]) -> tuple[ContrastRow, ...]:
    """Paired tests of the loss; Holm over the tests of a task, and over those of all together."""
    return tuple(row for task in tasks_of(rows) for row in _of_task(rows, task))


def _of_task(rows: Sequence[NetRow], task: str) -> list[ContrastRow]:
    found = [
        paired_contrast(losses(rows, task, first), losses(rows, task, second))
        for first, second in TESTS
    ]
    adjusted = holm([contrast.p_value for contrast in found])
    return [
        ContrastRow(
            task=task,
            first=first,
            second=second,
            **numbers_of(contrast, p),
        )
        for (first, second), contrast, p in zip(TESTS, found, adjusted, strict=True)
    ]
