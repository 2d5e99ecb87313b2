"""The rules of the paper, each a test of single nets: what is expected, what is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from isochron.ann_bridge import Evaluation
from isochron.studies.pals2024.code import PHASE_CODE_RAD, PURE_PHASE_RATE_Z
from isochron.studies.pals2024.summary import Row, holds_all, proportion

UNLEARNED_LOSS = 0.465


@dataclass(frozen=True)
class Rule:
    """What nets of a condition should be like.

    Attributes
    ----------
    condition : str
    says : str
        The rule in words.
    expected : str
        Of a single net.
    holds : callable
        Row of a net to whether it holds.
    share : float
        Fraction of the nets of which it must hold.
    learned_only : bool
        Whether it speaks only of nets that learned.
    """

    condition: str
    says: str
    expected: str
    holds: Callable[[Row], bool]
    share: float = 0.8
    learned_only: bool = True


def _phase_code(row: Row) -> bool:
    return row["code"]["kind"] == "phase"


def _rate_code(row: Row) -> bool:
    return row["code"]["kind"] == "rate"


def _two_stable_cycles(row: Row) -> bool:
    return row["n_stable_cycles"] == 2 and holds_all(row)


def _leans_to_phase(row: Row) -> bool:
    return row["code"]["phase_difference"] > PHASE_CODE_RAD and not _rate_code(row)


PURE_PHASE = f"|Δφ| > {PHASE_CODE_RAD:g} rad and |Δrate| < {PURE_PHASE_RATE_Z:g} z"

RULES = (
    Rule(
        "rank-1-linear",
        "Rank 1 with a linear readout never learns",
        f"loss ≥ {UNLEARNED_LOSS:g}, or not below it beyond the error",
        lambda row: not Evaluation.from_record(row).is_below(UNLEARNED_LOSS),
        learned_only=False,
    ),
    Rule(
        "rank-2-linear",
        "Rank 2 with a linear readout learns",
        "loss below that of the paper's sweep",
        lambda row: row["learned"],
        learned_only=False,
    ),
    Rule(
        "rank-2-linear",
        "Rank 2 with a linear readout: a pure phase code",
        PURE_PHASE,
        _phase_code,
    ),
    Rule(
        "rank-2-linear",
        "One stable locked cycle for each stimulus, its output at the target",
        "2 stable cycles",
        _two_stable_cycles,
    ),
    Rule(
        "rank-2-linear-long",
        "Low-rank nets fall silent when the reference is switched off",
        "no oscillation of its own",
        lambda row: not row["free_running"]["oscillates"],
    ),
    Rule(
        "rank-2-tanh",
        "Rank 2 with a tanh readout, default start: mostly a rate code",
        "|Δrate| / 2 > |Δφ| / π",
        _rate_code,
        share=0.5,
    ),
    Rule(
        "rank-2-tanh-oscillatory",
        "The oscillatory start turns it into a phase code",
        f"|Δφ| > {PHASE_CODE_RAD:g} rad, no rate code",
        _leans_to_phase,
    ),
    Rule(
        "full-rank-linear",
        "Full-rank nets mostly oscillate on their own",
        "oscillates with the reference off",
        lambda row: row["free_running"]["oscillates"],
        share=0.5,
    ),
    Rule(
        "rank-2-linear-four",
        "Four stimuli: one stable locked cycle for each",
        "4 stable cycles",
        lambda row: row["n_stable_cycles"] == 4 and holds_all(row),
    ),
)


def judge(rules: Sequence[Rule], rows: Sequence[Row], confidence: float) -> list[dict[str, Any]]:
    """Of how many nets each rule holds, and what follows; rules of absent conditions are left out.

    A rule ``holds`` if the share of nets reaches what it expects, ``does not hold`` if not, and
    is ``not tested`` if no net is there to speak of. The interval says how sure that is.
    """
    judged = []
    for rule in rules:
        there = [row for row in rows if row["condition"] == rule.condition]
        if not there:
            continue
        tested = [row for row in there if row["learned"] or not rule.learned_only]
        found = proportion(sum(map(rule.holds, tested)), len(tested), confidence)
        verdict = "not tested"
        if tested:
            verdict = "holds" if found["value"] >= rule.share else "does not hold"
        judged.append(
            {
                "condition": rule.condition,
                "rule": rule.says,
                "expected": f"{rule.expected}, in at least {rule.share:.0%} of nets",
                "found": found,
                "verdict": verdict,
            }
        )
    return judged
