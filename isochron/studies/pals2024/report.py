"""The report of `isochron reproduce pals2024`: its texts, its tables, its page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isochron.report import fill_template, render_report, to_data_uri
from isochron.studies.pals2024.figures import draw_figures

NONE = "–"
COLUMNS = (
    "condition",
    "learned",
    "loss",
    "|Δφ| (rad)",
    "|Δrate| (z)",
    "code",
    "stable cycles",
    "one cycle per stimulus",
    "all memories held",
    "phase error (cycles)",
    "oscillates alone",
    "tongue (Hz)",
    "from amplitude",
    "others lost at pulse",
    "own survives",
    "phase-only orbits",
)
SPLIT = COLUMNS.index("oscillates alone")  # the columns from here on are a table of their own


def build_report(run: Path) -> str:
    """The report of a finished run, as HTML.

    Raises
    ------
    ValueError
        If the folder does not contain a finished run, or its results are incomplete.
    """
    return render_report(run, lambda results: _render(run, results))


def _render(run: Path, results: dict[str, Any]) -> str:
    rules = results["rules"]
    return fill_template(
        "isochron.studies.pals2024",
        question=results["question"],
        answer=describe_outcome(rules),
        rules=[rule_row(rule) for rule in rules],
        columns=COLUMNS,
        split=SPLIT,
        rows=[condition_row(condition) for condition in results["conditions"]],
        figures=[
            {"title": title, "caption": caption, "image": to_data_uri(figure)}
            for title, caption, figure in draw_figures(run, results)
        ],
        analysis=results["provenance"]["config"]["analysis"],
        provenance=results["provenance"],
        config=json.dumps(results["provenance"]["config"], indent=1),
        hours=sum(results["seconds"].values()) / 3600,
    )


def describe_outcome(rules: Sequence[dict[str, Any]]) -> str:
    """How many rules hold, and which do not."""
    tested = [rule for rule in rules if rule["verdict"] != "not tested"]
    if not tested:
        return "No rule of the paper could be tested in this run."
    failed = [rule["rule"] for rule in tested if rule["verdict"] == "does not hold"]
    text = f"{len(tested) - len(failed)} of {len(tested)} rules of the paper hold in these nets."
    if failed:
        text += f" Not so: {'; '.join(failed)}."
    untested = len(rules) - len(tested)
    if untested:
        text += f" {untested} could not be tested: no net learned."
    return text


def rule_row(rule: dict[str, Any]) -> tuple[str, ...]:
    """Condition, rule, expected, found and verdict, as texts."""
    return (
        rule["condition"],
        rule["rule"],
        rule["expected"],
        format_proportion(rule["found"]),
        rule["verdict"],
    )


def format_rules(rules: Sequence[dict[str, Any]]) -> str:
    """The rules for a terminal."""
    lines = []
    for rule in rules:
        lines.append(f"{rule['verdict'].upper():<14}{rule['condition']}: {rule['rule']}")
        lines.append(f"{'':<14}expected {rule['expected']}")
        lines.append(f"{'':<14}found {format_proportion(rule['found'])}")
    return "\n".join(lines)


def condition_row(condition: dict[str, Any]) -> tuple[str, ...]:
    """The texts of one condition, in the order of `COLUMNS`."""
    low, high = condition["tongue_low_Hz"], condition["tongue_high_Hz"]
    return (
        condition["condition"],
        format_proportion(condition["learned"]),
        format_mean(condition["loss"], 3),
        format_mean(condition["phase_difference_rad"], 2),
        format_mean(condition["rate_difference_z"], 3),
        _counts(condition["codes"]),
        _counts(condition["cycle_counts"]),
        format_proportion(condition["one_cycle_per_stimulus"]),
        format_proportion(condition["all_memories_held"]),
        format_mean(condition["phase_error_cycles"], 3),
        format_proportion(condition["oscillates_alone"]),
        f"{format_mean(low, 1)} to {format_mean(high, 1)}" if low["n"] or high["n"] else NONE,
        format_mean(condition["lowest_amplitude"], 2),
        format_mean(condition["fold_of_others"], 2),
        format_proportion(condition["own_survives"]),
        _counts(condition["polar"]),
    )


def format_proportion(share: dict[str, Any]) -> str:
    """3 of 5 (23–88 %)."""
    if share["value"] is None:
        return NONE
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{share['count']} of {share['n']} ({low:.0f}–{high:.0f} %)"


def format_mean(mean: dict[str, Any], digits: int) -> str:
    """1.95 [1.91, 2.01]."""
    if mean["value"] is None:
        return NONE
    text = f"{mean['value']:.{digits}f}"
    if mean["low"] is not None:
        text += f" [{mean['low']:.{digits}f}, {mean['high']:.{digits}f}]"
    return text


def _counts(counts: dict[str, int]) -> str:
    """2 (4 nets), 3 (1 net)."""
    if not counts:
        return NONE
    return ", ".join(f"{what}: {count}" for what, count in counts.items())
