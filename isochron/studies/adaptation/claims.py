"""What a run of `isochron study adaptation` found, in words, and what it cannot say."""

from collections.abc import Sequence

import numpy as np

from isochron.studies.adaptation.results import FULL, AdaptationResults, AdaptedRow
from isochron.wording import counted

SIGNIFICANT = 0.05


def rows_of(
    results: AdaptationResults, substrate: str, how: str, *, control: bool = False
) -> list[AdaptedRow]:
    """The networks of a substrate with one kind of adaptation, by pair."""
    kept = [
        row
        for row in results.adapted
        if (row.substrate, row.how, row.control) == (substrate, how, control)
    ]
    return sorted(kept, key=lambda row: row.pair)


def hows(results: AdaptationResults) -> list[str]:
    """Ranks as texts, ascending, then ``full``."""
    return [*map(str, sorted(results.config.adaptation.ranks)), FULL]


def called(how: str) -> str:
    """The kind of adaptation in words."""
    return "all weights" if how == FULL else f"rank {how}"


def answer(results: AdaptationResults) -> list[str]:
    """Findings, the main one first."""
    lines = [_main(results)]
    for substrate in dict.fromkeys(row.substrate for row in results.bases):
        lines.append(_describe(results, substrate))
    return [*lines, *_tests(results)]


def _counts(rows: Sequence[AdaptedRow]) -> tuple[int, int]:
    """Number of cycles that survive, and of all."""
    cycles = [cycle for row in rows for cycle in row.cycles]
    return sum(cycle.lost_at is None for cycle in cycles), len(cycles)


def _main(results: AdaptationResults) -> str:
    trained = [row for row in results.adapted if not row.control]
    controls = [row for row in results.adapted if row.control]
    survived, n = _counts(trained)
    kept, n_control = _counts(controls)
    return (
        f"{survived} of {counted(n, 'stable cycle')} of the first task survive the adaptation to "
        f"the second one, and {kept} of {n_control} a random change of the same rank and size."
    )


def _describe(results: AdaptationResults, substrate: str) -> str:
    bases = [row for row in results.bases if row.substrate == substrate]
    learned = sum(row.learned for row in bases)
    parts = []
    for how in hows(results):
        rows = rows_of(results, substrate, how)
        survived, n = _counts(rows)
        loss = np.mean([row.first_loss for row in rows])
        second = sum(row.learned for row in rows)
        parts.append(
            f"{called(how)}: {second} of {len(rows)} learn the second task, loss on the first "
            f"{loss:.3f}, {survived} of {n} cycles survive"
        )
    first = np.mean([row.loss for row in bases])
    return (
        f"{substrate}: {learned} of {counted(len(bases), 'network')} learned the first task (loss "
        f"{first:.3f}). After adaptation: {'; '.join(parts)}."
    )


def _tests(results: AdaptationResults) -> list[str]:
    found = [row for row in results.contrasts if row.p_adjusted < SIGNIFICANT]
    n = len(results.contrasts)
    if not found:
        return [
            f"None of {counted(n, 'paired test')} of the loss on the first task is significant "
            "after Holm: not decided."
        ]
    return [
        f"{row.substrate}, {row.what}: loss on the first task {row.estimate:+.3f}, p = "
        f"{row.p_adjusted:.3g} after Holm over {counted(n, 'test')}."
        for row in found
    ]


def caveats(results: AdaptationResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    config, first = results.config, results.config.tasks
    incomplete = sum(row.index_sum not in (1, None) for row in results.bases)
    lines = [
        f"One order of two tasks: {first[0].name}, then {first[1].name}. Others need other runs.",
        "A cycle is followed on the straight path between the weights, not on the path of the "
        "training. One that is lost on it may have a successor elsewhere.",
        f"The survey of {incomplete} of {counted(len(results.bases), 'network')} is incomplete; "
        "only stable cycles are followed.",
    ]
    if config.adaptation.pairs < 6:
        lines.append(
            f"{counted(config.adaptation.pairs, 'pair')}: no p-value below .05 is possible; 6 "
            "pairs are needed for one test, more after Holm."
        )
    return lines
