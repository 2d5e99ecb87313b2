"""The report of `isochron reproduce pals2024`: its texts, its tables, its page."""

from collections.abc import Sequence
from pathlib import Path

from isochron.files import to_json
from isochron.report import fill_template, to_data_uri
from isochron.runs.results import to_json_values
from isochron.studies.pals2024.figures import draw_figures
from isochron.studies.pals2024.results import (
    NOT_KNOWN,
    ConditionSummary,
    JudgedClaim,
    Pals2024Results,
)

COLUMNS = (
    "condition",
    "learned",
    "loss",
    "|Δφ| (rad)",
    "|Δrate| (z)",
    "code",
    "stable cycles",
    "one cycle per stimulus",
    "all memories stored",
    "phase error (cycles)",
    "oscillates without reference",
    "tongue (Hz)",
    "smallest amplitude",
    "pulse that destroys others",
    "survives its stimulus",
    "phase-only orbits",
)
SPLIT = COLUMNS.index("oscillates without reference")  # first column of the second table


def build_report(run: Path, results: Pals2024Results) -> str:
    """The report of a finished run, as HTML."""
    return fill_template(
        "isochron.studies.pals2024",
        question=results.question,
        answer=describe_outcome(results.claims),
        claims=[claim_row(claim) for claim in results.claims],
        columns=COLUMNS,
        split=SPLIT,
        rows=[condition_row(condition) for condition in results.conditions],
        figures=[
            {"title": title, "caption": caption, "image": to_data_uri(figure)}
            for title, caption, figure in draw_figures(run, results)
        ],
        analysis=results.config.analysis,
        provenance=results.provenance,
        config=to_json(to_json_values(results.config)),
        hours=sum(results.seconds.values()) / 3600,
    )


def describe_outcome(claims: Sequence[JudgedClaim]) -> str:
    """Number of claims that hold, and those that do not."""
    tested = [claim for claim in claims if claim.verdict != "not tested"]
    if not tested:
        return "None of the paper's claims could be tested in this run."
    failed = [claim.claim for claim in tested if claim.verdict == "does not hold"]
    text = (
        f"{len(tested) - len(failed)} of {len(tested)} claims of the paper hold in these networks."
    )
    if failed:
        text += f" These do not hold: {'; '.join(failed)}."
    untested = len(claims) - len(tested)
    if untested:
        text += f" {untested} could not be tested, because no network learned."
    return text


def claim_row(claim: JudgedClaim) -> tuple[str, ...]:
    """Condition, claim, expected, found and verdict, as texts."""
    return claim.condition, claim.claim, claim.expected, str(claim.found), claim.verdict


def format_claims(claims: Sequence[JudgedClaim]) -> str:
    """The claims for a terminal."""
    lines = []
    for claim in claims:
        lines.append(f"{claim.verdict.upper():<14}{claim.condition}: {claim.claim}")
        lines.append(f"{'':<14}expected {claim.expected}")
        lines.append(f"{'':<14}found {claim.found}")
    return "\n".join(lines)


def condition_row(found: ConditionSummary) -> tuple[str, ...]:
    """The texts of one condition, in the order of `COLUMNS`."""
    low, high = found.tongue_low_Hz, found.tongue_high_Hz
    return (
        found.condition,
        str(found.learned),
        f"{found.loss:3}",
        f"{found.phase_difference_rad:2}",
        f"{found.rate_difference_z:3}",
        _counts(found.codes),
        _counts(found.cycle_counts),
        str(found.one_cycle_per_stimulus),
        str(found.all_memories_held),
        f"{found.phase_error_cycles:3}",
        str(found.oscillates_alone),
        f"{low:1} to {high:1}" if low.n or high.n else NOT_KNOWN,
        f"{found.lowest_amplitude:2}",
        f"{found.fold_of_others:2}",
        str(found.own_survives),
        _counts(found.polar),
    )


def _counts(counts: dict[str, int]) -> str:
    """Counts as text: ``2: 4, 3: 1``."""
    return ", ".join(f"{what}: {count}" for what, count in counts.items()) or NOT_KNOWN
