"""The report of `isochron study attention`."""

from pathlib import Path

from isochron.report.study_page import NOT_KNOWN, PageFigure, PageTable, StudyPage, format_page
from isochron.runs.results import IntrinsicCycles
from isochron.studies.attention.claims import answer, caveats
from isochron.studies.attention.figures import draw_brief, draw_overview
from isochron.studies.attention.results import AttentionResults

METHODS = {
    "transformer": (
        "A network of the kind attention: causal self-attention over the inputs of a window that "
        "moves with time. Its state is the window; a step of time shifts it by one input."
    ),
    "window": (
        "Age of the oldest input that the output depends on: with several layers the sum of what "
        "they read back."
    ),
    "positions": (
        "The code depends on the age of an input, not on the time, so that it is not a clock. It "
        "becomes one when a stimulus starts it; the variation of the output without a reference "
        "measures this."
    ),
    "difference of outputs": (
        "Root mean square over trials of the difference between the outputs after stimulus 0 and "
        "stimulus 1, all else equal, in trials longer than those of the training; 1 for opposite "
        "outputs of the size of the targets."
    ),
    "memory ends": "Last time after the stimulus at which the two outputs differ in any bit.",
    "entrained cycles": (
        "Cycles of the map under the reference, from random states, by Newton's method. The map of "
        "a transformer without feedback is nilpotent: every multiplier is exactly 0."
    ),
    "intrinsic cycles": (
        "Proved cycles and invariant circles with the reference off, from random states."
    ),
    "fed back": "The same weights with the output added to the reference input one step later.",
}
REFERENCES = (
    "Vaswani et al. (2017), arXiv:1706.03762.",
    "Dai et al. (2019), ACL, arXiv:1901.02860.",
    "Su et al. (2021), arXiv:2104.09864.",
    "Pals, Macke and Barak (2024), bioRxiv 2023.04.11.536352.",
)


def build_report(run: Path, results: AttentionResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study attention",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_brief, results)],
        tables=[_memories(results), _cycles(results), _trainings(results)],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: AttentionResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _time(value: float | None, missing: str) -> str:
    return missing if value is None else f"{value:g} ms"


def _memories(results: AttentionResults) -> PageTable:
    columns = ("network", "window", "memory ends", "difference then", "falls to half",
               "brief: memory ends", "brief: difference then", "variation without reference",
               "at the end")  # fmt: skip
    rows = [
        (
            row.name, _time(row.reach_ms, NOT_KNOWN), _time(row.memory.last_ms, "later"),
            f"{row.memory.last_difference:.3f}", _time(row.memory.half_ms, "later"),
            _time(row.brief.last_ms, "later"), f"{row.brief.last_difference:.3f}",
            f"{row.ringing:.3f}", f"{row.late_ringing:.3g}",
        )
        for row in results.networks
    ]  # fmt: skip
    note = f"Later: not within {results.config.memory.longest_ms:g} ms after the stimulus."
    return PageTable(title="Memory", columns=columns, rows=rows, note=note)


def _cycles(results: AttentionResults) -> PageTable:
    columns = ("network", "stable entrained cycles", "all entrained cycles", "index sum",
               "starts not entrained", "largest multiplier", "intrinsic cycles",
               "intrinsic cycles, fed back")  # fmt: skip
    rows = [
        (
            row.name, str(row.n_stable), str(row.n_cycles),
            NOT_KNOWN if row.index_sum is None else str(row.index_sum), str(row.n_not_entrained),
            NOT_KNOWN if row.largest_multiplier is None else f"{row.largest_multiplier:.3g}",
            _intrinsic(row.intrinsic),
            NOT_KNOWN if row.fed_back is None else _intrinsic(row.fed_back),
        )
        for row in results.networks
    ]  # fmt: skip
    return PageTable(title="Cycles", columns=columns, rows=rows)


def _intrinsic(found: IntrinsicCycles) -> str:
    """Cycles with their periods, and what the other starts do."""
    parts = [f"{cycle.kind} of {cycle.period_ms:.1f} ms" for cycle in found.cycles] or ["none"]
    others = (("at rest", found.n_resting), ("unproved", found.n_unproved),
              ("diverged", found.n_diverged))  # fmt: skip
    texts = [f"{count} of {found.n_starts} starts {what}" for what, count in others if count]
    remark = f" ({', '.join(texts)})" if texts else ""
    return f"{', '.join(parts)}{remark}"


def _trainings(results: AttentionResults) -> PageTable:
    columns = ("network", "kind", "task", "parameters", "steps", "loss", "learned")
    rows = [
        (
            row.name, row.kind, row.task, str(row.n_parameters), str(row.training.steps),
            f"{row.training.loss:.4f} ± {row.training.standard_error:.4f}", row.learned,
        )
        for row in results.networks
    ]  # fmt: skip
    return PageTable(title="Training", columns=columns, rows=rows)
