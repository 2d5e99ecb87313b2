"""What a run of `isochron study attention` found, in words, and what it cannot say."""

from collections.abc import Sequence

import numpy as np

from isochron.studies.attention.results import LEARNED, AttentionResults, NetworkRow
from isochron.wording import counted


def groups_of(results: AttentionResults) -> dict[str, list[NetworkRow]]:
    """Networks by substrate, and by task if there are several tasks."""
    several = len(results.config.tasks) > 1
    found: dict[str, list[NetworkRow]] = {}
    for row in results.networks:
        name = f"{row.substrate}, {row.task}" if several else row.substrate
        found.setdefault(name, []).append(row)
    return found


def answer(results: AttentionResults) -> list[str]:
    """Findings, the main one first."""
    attention = [row for row in results.networks if row.is_attention]
    return [
        _main(attention),
        _cycles(results, attention),
        _feedback(results, attention),
        _ringing(results),
        *(_describe(name, rows) for name, rows in groups_of(results).items()),
    ]


def _main(attention: Sequence[NetworkRow]) -> str:
    long = [row for row in attention if row.longer_than_trial]
    learned = sum(row.training.loss < LEARNED for row in long)
    ends = sum(row.ends_with_window for row in attention)
    measured = sum(
        row.memory.last_ms is not None or row.brief.last_ms is not None for row in attention
    )
    return (
        f"{learned} of {counted(len(long), 'transformer')} with a window longer than a trial reach "
        f"a loss below {LEARNED:g}. In {ends} of {len(attention)} transformers (in {measured} the "
        "measurement is long enough) the memory ends in one step, when the last input of the "
        "stimulus leaves the window: from then on the outputs are bit-identical."
    )


def _cycles(results: AttentionResults, attention: Sequence[NetworkRow]) -> str:
    recurrent = [row for row in results.networks if not row.is_attention]
    with_cycles = sum(row.intrinsic.found for row in attention)
    controls = sum(row.intrinsic.found for row in recurrent)
    one = sum(row.n_stable == 1 and row.n_cycles == 1 for row in attention)
    zero = sum(row.largest_multiplier == 0 for row in attention)
    several = sum(row.n_stable > 1 for row in recurrent)
    return (
        f"Without feedback {with_cycles} of {len(attention)} transformers and {controls} of "
        f"{counted(len(recurrent), 'recurrent network')} have an intrinsic cycle. Under the "
        f"reference {one} of {len(attention)} transformers have a single cycle, all multipliers of "
        f"which are exactly 0 in {zero}; {several} of {len(recurrent)} recurrent networks have two "
        "stable ones or more, as a memory in the state needs."
    )


def _feedback(results: AttentionResults, attention: Sequence[NetworkRow]) -> str:
    fed = [row.fed_back for row in attention if row.fed_back is not None]
    found = [it for it in fed if it.found]
    moving = sum(it.n_unproved > 0 and not it.found for it in fed)
    periods = sorted(cycle.period_ms for it in found for cycle in it.cycles)
    spans = sorted({f"{period:.1f}" for period in periods[:1] + periods[-1:]}, key=float)
    text = f", of {' to '.join(spans)} ms" if spans else ""
    return (
        f"With the output fed back into the reference input (gain "
        f"{results.config.cycles.feedback:g}) {len(found)} of {len(fed)} have an intrinsic "
        f"cycle{text}, and {moving} move on no proved cycle: feedback makes them recurrent."
    )


def _ringing(results: AttentionResults) -> str:
    texts = []
    for what, is_attention in (("transformers", True), ("recurrent networks", False)):
        rows = [row for row in results.networks if row.is_attention == is_attention]
        early = np.mean([row.ringing for row in rows])
        late = np.mean([row.late_ringing for row in rows])
        texts.append(f"{what} {early:.3f}, at the end {late:.3g}")
    return (
        "After a stimulus without a reference the output varies over time by this share of the "
        f"targets: {'; '.join(texts)}. In a transformer it is the code of positions that acts as a "
        "clock, started by the stimulus."
    )


def _describe(name: str, rows: Sequence[NetworkRow]) -> str:
    loss = np.mean([row.training.loss for row in rows])
    learned = sum(row.training.loss < LEARNED for row in rows)
    first = rows[0]
    window = "" if first.reach_ms is None else f", window {first.reach_ms:g} ms"
    ends = [row.memory.half_ms for row in rows if row.memory.half_ms is not None]
    half = f"falls to half at {np.mean(ends):.0f} ms" if ends else "does not fall to half"
    if 0 < len(ends) < len(rows):
        half += f" in {len(ends)} of {len(rows)}"
    return (
        f"{name}{window}: loss {loss:.3f}, {learned} of {len(rows)} below {LEARNED:g}; after a "
        f"stimulus the difference of outputs {half}."
    )


def caveats(results: AttentionResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    config = results.config
    incomplete = sum(row.index_sum not in (1, None) for row in results.networks)
    unmeasured = sum(row.memory.last_ms is None for row in results.networks if row.is_attention)
    lines = [
        "That a transformer forgets at the end of its window, and has no cycle without feedback, "
        "follows from its equation for any weights; the run checks the computation and shows what "
        "the same measurements give for networks that are recurrent.",
        "The fed-back networks are those trained without feedback; training with feedback would "
        "give others.",
        f"Incomplete surveys under the reference: {incomplete} of "
        f"{counted(len(results.networks), 'network')}. Cycles with small basins may be missed in "
        "complete ones too.",
        "Equal budget means equal trials and steps. Numbers of parameters and the cost of a step "
        "differ, and are in the tables.",
    ]
    if unmeasured:
        lines.append(
            f"The window of {counted(unmeasured, 'transformer')} is longer than the measurement "
            f"({config.memory.longest_ms:g} ms): raise longest_ms."
        )
    if config.memory.pairs < 6:
        lines.append(
            f"{counted(config.memory.pairs, 'network')} of each kind: shares of networks are rough."
        )
    return lines
