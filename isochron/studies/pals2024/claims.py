"""The claims of the paper; each is tested on single networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isochron.studies.pals2024.code import PHASE_CODE_RAD, PURE_PHASE_RATE_Z
from isochron.studies.pals2024.results import JudgedClaim, NetworkAnalysis
from isochron.studies.pals2024.summary import proportion

UNLEARNED_LOSS = 0.465


@dataclass(frozen=True)
class Claim:
    """A claim about the networks of a condition.

    Attributes
    ----------
    condition : str
        Condition of the networks.
    text : str
        The claim in words.
    expected : str
        Property that a single network is expected to have, in words.
    holds : callable
        ``holds(analysis)``: whether a network has the property.
    share : float
        Fraction of the networks that must have the property.
    learned_only : bool
        Whether the claim is about networks that learned only.
    """

    condition: str
    text: str
    expected: str
    holds: Callable[[NetworkAnalysis], bool]
    share: float = 0.8
    learned_only: bool = True


def _phase_code(row: NetworkAnalysis) -> bool:
    return row.code.kind == "phase"


def _rate_code(row: NetworkAnalysis) -> bool:
    return row.code.kind == "rate"


def _two_stable_cycles(row: NetworkAnalysis) -> bool:
    return row.n_stable_cycles == 2 and row.holds_all


def _leans_to_phase(row: NetworkAnalysis) -> bool:
    return row.code.phase_difference > PHASE_CODE_RAD and not _rate_code(row)


PURE_PHASE = f"|Δφ| > {PHASE_CODE_RAD:g} rad and |Δrate| < {PURE_PHASE_RATE_Z:g} z"

CLAIMS = (
    Claim(
        "rank-1-linear",
        "Rank 1 with a linear readout never learns",
        f"loss not significantly below {UNLEARNED_LOSS:g}",
        lambda row: not row.evaluation.is_below(UNLEARNED_LOSS),
        learned_only=False,
    ),
    Claim(
        "rank-2-linear",
        "Rank 2 with a linear readout learns",
        "loss below the limit of the paper's sweep",
        lambda row: row.learned,
        learned_only=False,
    ),
    Claim(
        "rank-2-linear",
        "Rank 2 with a linear readout has a pure phase code",
        PURE_PHASE,
        _phase_code,
    ),
    Claim(
        "rank-2-linear",
        "Rank 2 has one stable entrained cycle for each stimulus, with its output at the target",
        "2 stable cycles",
        _two_stable_cycles,
    ),
    Claim(
        "rank-2-linear-long",
        "Low-rank networks do not oscillate with the reference off",
        "no oscillation with the reference off",
        lambda row: not row.oscillates_alone,
    ),
    Claim(
        "rank-2-tanh",
        "Rank 2 with a tanh readout and default initialization mostly has a rate code",
        "|Δrate| / 2 > |Δφ| / π",
        _rate_code,
        share=0.5,
    ),
    Claim(
        "rank-2-tanh-oscillatory",
        "Rank 2 with a tanh readout and oscillatory initialization has a phase code",
        f"|Δφ| > {PHASE_CODE_RAD:g} rad, no rate code",
        _leans_to_phase,
    ),
    Claim(
        "full-rank-linear",
        "Full-rank networks mostly oscillate with the reference off",
        "oscillation with the reference off",
        lambda row: row.oscillates_alone,
        share=0.5,
    ),
    Claim(
        "rank-2-linear-four",
        "Rank 2 with four stimuli has one stable entrained cycle for each",
        "4 stable cycles",
        lambda row: row.n_stable_cycles == 4 and row.holds_all,
    ),
)


def judge(
    claims: Sequence[Claim], rows: Sequence[NetworkAnalysis], confidence: float
) -> tuple[JudgedClaim, ...]:
    """Verdict on each claim, with the share of networks that have the expected property.

    A claim ``holds`` if the share reaches the expected one, else it ``does not hold``; it is ``not
    tested`` without networks. The interval is that of the share. Claims about absent conditions
    are omitted.
    """
    judged = []
    for claim in claims:
        there = [row for row in rows if row.condition == claim.condition]
        if there:
            tested = [row for row in there if row.learned or not claim.learned_only]
            judged.append(_judge(claim, tested, confidence))
    return tuple(judged)


def _judge(claim: Claim, tested: Sequence[NetworkAnalysis], confidence: float) -> JudgedClaim:
    found = proportion(sum(map(claim.holds, tested)), len(tested), confidence)
    verdict = "not tested"
    if found.value is not None:
        verdict = "holds" if found.value >= claim.share else "does not hold"
    return JudgedClaim(
        condition=claim.condition,
        claim=claim.text,
        expected=f"{claim.expected}, in at least {claim.share:.0%} of networks",
        found=found,
        verdict=verdict,
    )
