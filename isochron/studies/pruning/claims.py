"""What a run of `isochron study pruning` found, in words, and what it cannot say."""

from collections.abc import Sequence

import numpy as np

from isochron.studies.pruning.configuration import FEWEST_DRAWS
from isochron.studies.pruning.contrasts import tasks_of
from isochron.studies.pruning.graphs import IN_DEGREE, RECIPROCITY, profile_correlation
from isochron.studies.pruning.results import (
    CONNECTOME,
    DENSE,
    MAGNITUDE,
    RANDOM,
    REWIRED,
    SPARSE,
    SYNFLOW,
    TICKET,
    ContrastRow,
    GraphRow,
    NetRow,
    PruningResults,
    SummaryRow,
)
from isochron.wording import counted, joined

SIGNIFICANT = 0.05
NAMES = {
    DENSE: "dense",
    RANDOM: "random",
    REWIRED: "rewired connectome",
    CONNECTOME: "connectome",
    MAGNITUDE: "magnitude",
    TICKET: "lottery ticket",
    SYNFLOW: "SynFlow",
}


def answer(results: PruningResults) -> list[str]:
    """Findings, the main one first."""
    return [
        _main(results),
        _collapse(results),
        *_tests(results),
        _reciprocity(results),
        _degrees(results),
        _motifs(results),
    ]


def summaries_of(results: PruningResults, task: str) -> list[SummaryRow]:
    """The summaries of a task, or of all, in the order of the kinds of pruning."""
    return [row for row in results.summaries if row.task == task]


def _main(results: PruningResults) -> str:
    task = tasks_of(results.networks)[0]
    rows = {row.method: row for row in summaries_of(results, task)}
    parts = [f"{NAMES[it]} {rows[it].estimate:.3f}" for it in SPARSE]
    n_tasks = len({row.task for row in results.networks})
    sizes = {row.method: row.n_weights for row in results.networks}
    return (
        f"With {sizes[CONNECTOME]} recurrent weights the loss relative to chance, over "
        f"{counted(n_tasks, 'task')} and {counted(rows[DENSE].n, 'pair')}, is: "
        f"{', '.join(parts)}. With all {sizes[DENSE]} it is {rows[DENSE].estimate:.3f}."
    )


def nets_of(results: PruningResults, method: str) -> list[NetRow]:
    """All networks of a kind of pruning."""
    return [row for row in results.networks if row.method == method]


def _collapse(results: PruningResults) -> str:
    found = {it: sum(row.collapsed for row in nets_of(results, it)) for it in SPARSE}
    flow = nets_of(results, SYNFLOW)
    n = counted(len(flow), "network")
    if any(found.values()):
        parts = joined([f"{found[it]} of {NAMES[it]}" for it in SPARSE if found[it]])
        text = f"Collapsed recurrent layers, through which no input reaches an output: {parts}."
    else:
        text = f"No recurrent layer collapsed, in {n} of each kind."
    units = {
        it: _span([row.n_units_on_paths for row in nets_of(results, it)], "d")
        for it in (SYNFLOW, MAGNITUDE, CONNECTOME)
    }
    imbalance = max(row.imbalance for row in flow if row.imbalance is not None)
    return (
        f"{text} Units on paths from input to output: {units[SYNFLOW]} with SynFlow, "
        f"{units[MAGNITUDE]} with magnitude, {units[CONNECTOME]} in the connectome. SynFlow's "
        f"scores into and out of a unit are equal to {imbalance:.1g} of their sum."
    )


def _span(values: Sequence[float], style: str) -> str:
    """Smallest to largest value."""
    low, high = format(min(values), style), format(max(values), style)
    return low if low == high else f"{low} to {high}"


def _tests(results: PruningResults) -> list[str]:
    n = len(results.contrasts)
    found = [row for row in results.contrasts if row.p_adjusted < SIGNIFICANT]
    if not found:
        return [
            f"None of {counted(n, 'paired test')} of the loss is significant after Holm: not "
            "decided."
        ]
    main = tasks_of(results.networks)[0]
    lines = [_test(row) for row in found if row.task == main]
    others = [row for row in found if row.task != main]
    if others:
        lines.append(
            f"In single tasks {len(others)} of {n - sum(r.task == main for r in results.contrasts)}"
            " tests are significant; see the table."
        )
    return lines


def _test(row: ContrastRow) -> str:
    return (
        f"{NAMES[row.first]} minus {NAMES[row.second]}, {row.task}: {row.estimate:+.3f}, "
        f"p = {row.p_adjusted:.3g} after Holm."
    )


def graphs_of(results: PruningResults, method: str) -> list[GraphRow]:
    """All graphs of a kind of pruning."""
    return [row for row in results.graphs if row.method == method]


def the_connectome(results: PruningResults) -> GraphRow:
    """The graph of the connectome."""
    return graphs_of(results, CONNECTOME)[0]


def values_of(rows: Sequence[GraphRow], name: str, null_model: str) -> list[float]:
    """A statistic of graphs where it is defined."""
    found = [row.of(name, null_model).value for row in rows]
    return [value for value in found if value is not None]


def _compared(results: PruningResults, name: str, style: str) -> str:
    """A statistic of the connectome, its null models, and the pruned networks."""
    nulls = results.config.graphs.null_models
    worm = the_connectome(results)
    draws = joined(
        [
            f"{found.mean:{style}} in {null}"
            for null in nulls
            if (found := worm.of(name, null)).mean is not None
        ]
    )
    parts = []
    for method in (MAGNITUDE, TICKET, SYNFLOW):
        rows = graphs_of(results, method)
        p = [row.of(name, nulls[0]).p for row in rows]
        apart = sum(value is not None and value < SIGNIFICANT for value in p)
        values = values_of(rows, name, nulls[0])
        if values:
            tested = f" (p < {SIGNIFICANT} in {apart} of {len(rows)})"
            few = results.config.graphs.draws < FEWEST_DRAWS
            parts.append(f"{NAMES[method]} {_span(values, style)}{'' if few else tested}")
    value = worm.of(name, nulls[0]).value
    known = "not defined" if value is None else f"{value:{style}}"
    return (
        f"{known} in {worm.name} (draws: {draws}); pruned networks, tested against {nulls[0]}: "
        f"{', '.join(parts)}."
    )


def _reciprocity(results: PruningResults) -> str:
    return f"Reciprocity: {_compared(results, RECIPROCITY, '.2f')}"


def _degrees(results: PruningResults) -> str:
    return f"Standard deviation of the in-degree: {_compared(results, IN_DEGREE, '.1f')}"


def correlations(results: PruningResults, method: str) -> list[float]:
    """Correlations of the triads of a kind of pruning with those of the connectome."""
    null, worm = results.config.graphs.null_models[-1], the_connectome(results)
    found = [profile_correlation(row, worm, null) for row in graphs_of(results, method)]
    return [value for value in found if value is not None]


def _motifs(results: PruningResults) -> str:
    null, parts = results.config.graphs.null_models[-1], []
    for method in (MAGNITUDE, TICKET, SYNFLOW, RANDOM):
        values = correlations(results, method)
        if values:
            parts.append(f"{NAMES[method]} {np.median(values):.2f} ({_span(values, '.2f')})")
    return (
        f"Correlation of the triads' standard scores, against {null}, with those of the "
        f"connectome, median: {', '.join(parts)}."
    )


def caveats(results: PruningResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    config = results.config
    lines = [
        "Magnitude and lottery ticket choose their weights by trainings before the last one; the "
        "others do not have these steps. Each network has the same last training.",
        f"SynFlow depends on the spectral radius to which the sizes of the weights are scaled, "
        f"here {config.pruning.flow_gain:g}. With a smaller one it prefers shorter paths.",
        "Units are those of the connectome only in what receives the input and what is read: "
        "other neurons are not told apart before training.",
        "The mask of the connectome has a gap junction as two connections with separate weights of "
        "free sign. Networks do not have self-connections, since the connectome has none here.",
        f"Graphs of one run are compared by p-values of {config.graphs.draws} draws, not corrected "
        "for their number.",
    ]
    if config.pruning.pairs < 9:
        lines.append(
            f"{counted(config.pruning.pairs, 'pair')}: no p-value below .05 is possible after Holm "
            "over 8 tests; 9 pairs are needed."
        )
    if config.graphs.draws < FEWEST_DRAWS:
        lines.append(
            f"{config.graphs.draws} draws: the smallest p-value is "
            f"{2 / (config.graphs.draws + 1):.2g}."
        )
    return lines
