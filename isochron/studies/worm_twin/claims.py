"""What a run of `isochron study worm-twin` found, in words, and what it cannot say."""

from collections.abc import Callable, Sequence

from isochron.analysis import proportion_interval
from isochron.studies.worm_twin.contrasts import HORIZON
from isochron.studies.worm_twin.results import (
    CYCLE,
    FORCED,
    LINEAR,
    MULTIPLIER,
    ONE_STEP_R2,
    ONSET,
    PERIOD,
    PERSISTENT,
    RESPONSE,
    LearnerRow,
    WormTwinResults,
)
from isochron.wording import counted, joined

SIGNIFICANT = 0.05
FEWEST_PAIRS = 6  # for a p-value below .05
N_CRITERIA = 6
ZERO = 5e-5  # numbers below it are written as 0


def groups_of(results: WormTwinResults) -> dict[str, list[LearnerRow]]:
    """Rows by learner, in their order."""
    found: dict[str, list[LearnerRow]] = {}
    for row in results.learners:
        found.setdefault(row.learner, []).append(row)
    return found


def errors_of(results: WormTwinResults, row: LearnerRow) -> dict[str, float | None]:
    """Errors of a closed loop against the worm.

    ``period``, ``size`` and ``onset`` are relative, ``multiplier`` is a difference, ``response`` 1
    minus the correlation; None where there is nothing to compare.
    """
    worm, it = results.worm, row.closed
    return {
        "period": None if it.period_ms is None else it.period_ms / worm.period_ms - 1,
        "size": None if it.curve is None else it.curve.size / worm.curve.size - 1,
        "multiplier": None if it.multiplier is None else it.multiplier - worm.multiplier,
        "response": None if it.response_correlation is None else 1 - it.response_correlation,
        "onset": None if it.onset_pA is None else it.onset_pA / worm.onset_pA - 1,
    }


def answer(results: WormTwinResults) -> list[str]:
    """Findings, the main one first."""
    groups = groups_of(results)
    return [
        _main(results, groups),
        _trap(results, groups),
        *(_describe(results, name, rows) for name, rows in groups.items()),
        *_tests(results),
    ]


def _main(results: WormTwinResults, groups: dict[str, list[LearnerRow]]) -> str:
    worm, p = results.worm, results.config.worm
    head = (
        f"With {p.current_pA:g} pA into {joined(p.stimulated)} the worm has a cycle of "
        f"{worm.period_ms:.0f} ms with the multiplier {worm.multiplier:.3f}; it starts at "
        f"{worm.onset_pA:.0f} pA."
    )
    twins = {name: _count(rows, lambda it: it.n_met == N_CRITERIA) for name, rows in groups.items()}
    if any(twins.values()):
        found = [_share(name, n, len(groups[name])) for name, n in twins.items() if n]
        none = [name for name, n in twins.items() if not n]
        text = f"{head} Learners that meet every criterion of a twin: {joined(found)}."
        return f"{text} Of {joined(none)} none does." if none else text
    best = max(results.learners, key=lambda row: (row.criteria.n_met, row.horizon_s))
    return (
        f"{head} No learner meets every criterion of a twin; the most are {best.criteria.n_met} of "
        f"{N_CRITERIA} ({best.name}, not met: {joined(_missed(best))})."
    )


def _share(name: str, count: int, total: int) -> str:
    low, high = proportion_interval(count, total).interval
    return f"{name} ({count} of {total}, 95 % interval of the share {low:.2f} to {high:.2f})"


def _missed(row: LearnerRow) -> list[str]:
    names = {
        "one_step": "R² of changes", "one_cycle": "one stable cycle", "period": "period",
        "multiplier": "multiplier", "response": "phase response", "onset": "onset",
    }  # fmt: skip
    return [text for name, text in names.items() if not getattr(row.criteria, name)]


def _count(rows: Sequence[LearnerRow], of: Callable) -> int:
    return sum(bool(of(row.criteria)) for row in rows)


def _trap(results: WormTwinResults, groups: dict[str, list[LearnerRow]]) -> str:
    passing = [row for row in results.learners if row.criteria.one_step]
    without = [row for row in passing if not row.criteria.one_cycle]
    names = [
        f"{name} {n} of {len(rows)}"
        for name, rows in groups.items()
        if (n := sum(row in without for row in rows))
    ]
    still = groups[PERSISTENT][0]
    text = (
        f"With the true outputs fed back, {len(passing)} of {len(results.learners)} learners "
        f"explain more than {ONE_STEP_R2:g} of the variance one step ahead in trials held out, and "
        f"of the changes in a step. The prediction that nothing changes has R² {still.r2:.3f}, and "
        f"0 of changes. {len(without)} of those learners do not have one stable cycle when their "
        "predictions are fed back"
    )
    return f"{text}{f': {joined(names)}' if names else ''}. {_best_step(results, groups)}"


def _best_step(results: WormTwinResults, groups: dict[str, list[LearnerRow]]) -> str:
    best = max(groups, key=lambda it: min(row.r2_changes for row in groups[it]))
    first = results.config.substrates[0].name
    texts = [
        f"{name} for {_range([row.horizon_s for row in groups[name]], '{:.1f}')} s"
        for name in dict.fromkeys((best, LINEAR, first))
    ]
    given = results.config
    longest_s = (given.worm.duration_ms - given.learning.forced_ms) / 1e3
    return (
        f"The best one step ahead is {best}. Without the true outputs a learner follows the worm, "
        f"for {longest_s:.1f} s at most in these trials: {joined(texts)}."
    )


def _describe(results: WormTwinResults, name: str, rows: Sequence[LearnerRow]) -> str:
    step, change = (
        _range([getattr(row, it) for row in rows], "{:.4f}") for it in ("r2", "r2_changes")
    )
    horizon = _range([row.horizon_s for row in rows], "{:.1f}")
    cycles = _count(rows, lambda it: it.one_cycle)
    text = (
        f"{name}: R² one step ahead {step} (of changes {change}); free run {horizon} s; one stable "
        f"cycle in {cycles} of {len(rows)}"
    )
    found = [
        part
        for key, form in (
            ("period", "period {:+.1%}"),
            ("size", "size {:+.0%}"),
            ("multiplier", "multiplier {:+.3f}"),
            ("response", "response correlation {:.2f}"),
            ("onset", "onset {:+.1%}"),
        )  # fmt: skip
        if (part := _errors(results, rows, key, form))
    ]
    return f"{text}{f' (error where there is a value: {joined(found)})' if found else ''}."


def _errors(results: WormTwinResults, rows: Sequence[LearnerRow], key: str, form: str) -> str:
    values = [value for row in rows if (value := errors_of(results, row)[key]) is not None]
    if key == "response":
        values = [1 - value for value in values]
    if not values:
        return ""
    label, _, number = form.rpartition(" ")
    return f"{label} {_range(values, number)}"


def _range(values: Sequence[float], form: str) -> str:
    low, high = (form.format(it if abs(it) > ZERO else 0.0) for it in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _tests(results: WormTwinResults) -> list[str]:
    n = counted(len(results.contrasts), "paired test")
    found = [row for row in results.contrasts if row.p_adjusted < SIGNIFICANT]
    if not found:
        return [f"None of {n} of a learner against a control is significant after Holm: "
                "not decided."]  # fmt: skip
    texts = []
    for row in found:
        what = "horizon" if row.measure == HORIZON else "criteria met"
        texts.append(f"{row.learner} against {row.control} ({what} {row.estimate:+.2g})")
    return [f"Significant after Holm over {n}: {joined(texts)}."]


def caveats(results: WormTwinResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    p, training, worm = results.config.worm, results.config.learning, results.worm
    lines = [
        f"The outputs are {p.n_modes} modes with {worm.share:.1%} of the variance of V - Vth of "
        f"all neurons; {joined(worm.largest)} have {worm.share_of_largest:.0%} of it. A learner "
        "with the right rhythm may be wrong in most neurons.",
        f"A twin explains more than {ONE_STEP_R2:g} of the variance one step ahead and of the "
        f"changes in a step, and has one stable cycle from all {results.config.loop.n_starts} "
        f"starts, a period within {PERIOD:.0%}, a leading multiplier within {MULTIPLIER:g}, a "
        f"correlation of the phase responses above {RESPONSE:g} and an onset within {ONSET:.0%}. "
        f"The phase response is to currents into {joined(p.perturbed)} only. Size and waveform of "
        "the cycle are not among the criteria.",
        "Thresholds follow the constant current and not the noise. If they followed both, the "
        "noise would have less effect.",
        f"Equal budget means {training.steps} steps with the same pieces of trials. A learner that "
        "misses a criterion may need a longer training, longer free runs or different outputs.",
        "Trainings are sensitive: a difference in the last bits, as between two processors, can "
        "move a network across a limit.",
        "The worm is a model: with a different connectome or other constants it does not have "
        "this rhythm.",
    ]
    if any(row.training == FORCED and row.closed.motion == CYCLE for row in results.learners):
        lines.append(
            "A network that was trained with the true outputs fed back may have a cycle: this "
            "training does not exclude one, but its error does not show whether there is one."
        )
    if training.pairs < FEWEST_PAIRS:
        lines.append(
            f"{counted(training.pairs, 'pair')}: no p-value below .05 is possible; "
            f"{FEWEST_PAIRS} pairs are needed for one test, more after Holm."
        )
    return lines
