"""The report of `isochron study adaptation`."""

from pathlib import Path

from isochron.report.study_page import NOT_KNOWN, PageFigure, PageTable, StudyPage, format_page
from isochron.studies.adaptation.claims import answer, called, caveats
from isochron.studies.adaptation.figures import draw_losses_of_cycles, draw_overview
from isochron.studies.adaptation.results import AdaptationResults
from isochron.studies.paired_tests import cells_of

METHODS = {
    "low-rank term": (
        "Recurrent weights W + B A: W is frozen, as is everything else, B is 0 before adaptation "
        "and A random. On a connectome the term acts where there are chemical connections."
    ),
    "all weights": "The ceiling: every weight of the network is trained on the second task.",
    "control": (
        "The trained change of the recurrent weights with its directions turned at random: the "
        "same rank and the same size (Frobenius norm)."
    ),
    "stable cycle": (
        "Stable cycle of the trained map under the reference, after the first task, found from "
        "random states and solved by Newton's method."
    ),
    "survives": (
        "The cycle is followed by continuation in the fraction of the straight path from the "
        "weights of the first task to the adapted ones, and is stable up to 1."
    ),
    "drift": (
        "Largest distance between states of the cycle before and after adaptation at the same "
        "phase of the reference, relative to the size of the cycle."
    ),
    "test": "Wilcoxon's signed-rank test of pairs, exact; Hodges-Lehmann difference; Holm.",
}
REFERENCES = ("Hu et al. (2022), ICLR, arXiv:2106.09685.",)


def build_report(run: Path, results: AdaptationResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study adaptation",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_losses_of_cycles, results)],
        tables=[_contrasts(results), _adapted(results), _bases(results)],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: AdaptationResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _contrasts(results: AdaptationResults) -> PageTable:
    columns = ("substrate", "difference", "pairs", "loss on the first task", "95 % interval", "p",
               "p, Holm")  # fmt: skip
    rows = [
        (
            row.substrate, row.what, *cells_of(row, "+.4f"),
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Forgetting, in pairs", columns=columns, rows=rows)


def _adapted(results: AdaptationResults) -> PageTable:
    columns = ("network", "adaptation", "size of the change", "loss, second task", "learned",
               "loss, first task", "cycles that survive", "largest drift", "how they are lost",
               "steps")  # fmt: skip
    rows = []
    for row in results.adapted:
        drifts = [cycle.drift for cycle in row.cycles if cycle.drift is not None]
        lost = [f"{c.how} at {c.lost_at:.2f}" for c in row.cycles if c.lost_at is not None]
        rows.append(
            (
                row.name,
                called(row.how) + (", control" if row.control else ""),
                f"{row.size:.3f}",
                f"{row.second_loss:.3f}",
                NOT_KNOWN if row.control else "yes" if row.learned else "no",
                f"{row.first_loss:.3f}",
                f"{len(row.cycles) - len(lost)} of {len(row.cycles)}",
                f"{max(drifts):.2f}" if drifts else NOT_KNOWN,
                ", ".join(lost) or NOT_KNOWN,
                NOT_KNOWN if row.control else str(row.n_steps),
            )
        )
    return PageTable(title="After adaptation", columns=columns, rows=rows)


def _bases(results: AdaptationResults) -> PageTable:
    columns = ("network", "loss, first task", "learned", "loss, second task", "stable cycles",
               "index sum", "steps")  # fmt: skip
    rows = [
        (
            row.name, f"{row.loss:.3f}", "yes" if row.learned else "no", f"{row.second_loss:.3f}",
            str(row.n_stable), NOT_KNOWN if row.index_sum is None else str(row.index_sum),
            str(row.n_steps),
        )
        for row in results.bases
    ]  # fmt: skip
    return PageTable(title="After the first task", columns=columns, rows=rows)
