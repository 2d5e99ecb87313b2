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
    CountComparison,
    JudgedClaim,
    Pals2024Results,
    Proportion,
    ReleasedComparison,
)
from isochron.wording import counted

COLUMNS = (
    "condition",
    "learned",
    "loss",
    "|Δφ| (rad)",
    "|Δrate| (z)",
    "code",
    "stable cycles",
    "indices add up to 1",
    "one cycle per stimulus",
    "all memories stored",
    "phase error (cycles)",
    "oscillates without reference",
    "share of starts that oscillate",
    "tongue (Hz)",
    "smallest amplitude",
    "pulse that destroys others",
    "survives its stimulus",
    "phase-only orbits",
)
RELEASED_COLUMNS = (
    "condition",
    "learned: ours",
    "released",
    "p",
    "loss: ours",
    "released",
    "|Δφ| (rad): ours",
    "released",
    "|Δrate| (z): ours",
    "released",
    "oscillates: ours",
    "released",
    "p",
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
        size=results.size,
        released_columns=RELEASED_COLUMNS,
        released=released_rows(results),
        figures=[
            {"title": title, "caption": caption, "image": to_data_uri(figure)}
            for title, caption, figure in draw_figures(run, results)
        ],
        analysis=results.config.analysis,
        config_task=results.config.task,
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


def format_results(results: Pals2024Results) -> str:
    """Size of the run, claims, and the authors' networks next to ours, for a terminal."""
    lines = [results.size, "", format_claims(results.claims)]
    if results.released:
        lines += ["", "Next to the networks that the authors released:"]
        rows = [RELEASED_COLUMNS, *released_rows(results)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
    return "\n".join(lines)


def released_rows(results: Pals2024Results) -> list[tuple[str, ...]]:
    """The texts of the conditions of which the authors released networks."""
    ours = {condition.condition: condition for condition in results.conditions}
    return [_released_row(ours[row.condition], row) for row in results.released]


def _released_row(ours: ConditionSummary, row: ReleasedComparison) -> tuple[str, ...]:
    """The texts of one condition, in the order of `RELEASED_COLUMNS`."""
    theirs = row.released
    return (
        row.condition,
        *_tested(row.learned),
        f"{ours.loss:3}",
        _range(theirs.validation_loss),
        f"{ours.phase_difference_rad:2}",
        _range(theirs.delta_phase_rad),
        f"{ours.rate_difference_z:2}",
        _range(theirs.delta_rate_z),
        *_tested(row.oscillates),
    )


def _tested(test: CountComparison) -> tuple[str, str, str]:
    """Ours, theirs, and the adjusted p value."""
    ours, theirs = (f"{count} of {n}" if n else NOT_KNOWN for count, n in (test.ours, test.theirs))
    return ours, theirs, NOT_KNOWN if test.p_adjusted is None else f"{test.p_adjusted:.2g}"


def _range(ends: tuple[float, float]) -> str:
    """Smallest to largest value."""
    return " to ".join(f"{end:g}" for end in ends)


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
        describe_completeness(found.index_complete, found.n_diverged_starts),
        str(found.one_cycle_per_stimulus),
        str(found.all_memories_held),
        f"{found.phase_error_cycles:3}",
        str(found.oscillates_alone),
        f"{found.share_of_starts:2}",
        f"{low:1} to {high:1}" if low.n or high.n else NOT_KNOWN,
        f"{found.lowest_amplitude:2}",
        f"{found.fold_of_others:2}",
        str(found.own_survives),
        _counts(found.polar),
    )


def describe_completeness(found: Proportion, n_diverged: int) -> str:
    """Number of networks whose indices add up to 1, of incomplete surveys, of diverged starts."""
    text = f"{found.count} of {found.n}" if found.n else NOT_KNOWN
    if found.count < found.n:
        text += f"; incomplete: {found.n - found.count}"
    return f"{text}; {counted(n_diverged, 'start')} diverged" if n_diverged else text


def _counts(counts: dict[str, int]) -> str:
    """Counts as text: ``2: 4, 3: 1``."""
    return ", ".join(f"{what}: {count}" for what, count in counts.items()) or NOT_KNOWN
