"""The side-by-side table: one row for each system, as texts."""

from collections.abc import Sequence
from typing import Any

COLUMNS = (
    "system",
    "kind",
    "units",
    "loss",
    "stable fixed points",
    "stable limit cycles",
    "period (ms)",
    "frequency (Hz)",
    "largest |multiplier|",
    "phase locking (PLV)",
    "1:1 tongue (Hz)",
    "variance in 2 components",
    "effective dimension",
)
SHORT = (
    "system",
    "kind",
    "units",
    "loss",
    "fixed",
    "cycles",
    "period",
    "Hz",
    "|mult|",
    "PLV",
    "tongue Hz",
    "var2",
    "dim",
)
NONE = "–"


def table_row(system: dict[str, Any]) -> tuple[str, ...]:
    """The texts of one system, in the order of `COLUMNS`."""
    stable = [cycle for cycle in system["limit_cycles"] if cycle["stable"]]
    fixed = sum(point["stable"] for point in system["fixed_points"])
    period = stable[0]["period_ms"] if stable else None
    largest = max((c["largest_nontrivial_multiplier"] for c in stable), default=None)
    locking = system["locking"] or {}
    dimensionality = system["dimensionality"] or {}
    return (
        system["name"],
        describe_kind(system),
        str(system["n_units"]),
        _number(system["loss"], ".3f"),
        str(fixed),
        str(len(stable)),
        _number(period, ".1f"),
        _number(1e3 / period if period else None, ".3f"),
        _number(largest, ".3f"),
        _number(locking.get("plv"), ".3f"),
        format_tongue(locking.get("tongue")),
        _number(dimensionality.get("variance_in_2_components"), ".3f"),
        _number(dimensionality.get("participation_ratio"), ".2f"),
    )


def describe_kind(system: dict[str, Any]) -> str:
    """What a system is, in a few words."""
    kinds = {
        "worm": "worm, graded model",
        "low-rank": "low-rank net",
        "connectome": "net on the worm's connectome",
        "rewired": "net on a rewired connectome",
    }
    text = kinds.get(system["kind"], system["kind"])
    if not system.get("trained", True):
        return f"{text}, untrained"
    return f"{text}, not learned" if system["learned"] is False else str(text)


def format_tongue(tongue: dict[str, Any] | None) -> str:
    """Edges of a tongue; ≤ and ≥ where the search ended before an edge."""
    if not tongue or tongue["low_Hz"] is None:
        return NONE
    digits = 3 if tongue["high_Hz"] < 2 else 2
    low = f"{'≤ ' if tongue['low_open'] else ''}{tongue['low_Hz']:.{digits}f}"
    high = f"{'≥ ' if tongue['high_open'] else ''}{tongue['high_Hz']:.{digits}f}"
    return f"{low} – {high}"


def format_table(systems: Sequence[dict[str, Any]]) -> str:
    """The table for a terminal."""
    rows = [SHORT, *map(table_row, systems)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(SHORT))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)
