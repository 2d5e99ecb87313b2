"""The report of `isochron study twin`."""

from dataclasses import replace
from pathlib import Path

from isochron.report.study_page import PageFigure, PageTable, StudyPage, format_page
from isochron.studies.paired_tests import cells_of
from isochron.studies.twin.claims import answer, caveats
from isochron.studies.twin.descriptions import describe
from isochron.studies.twin.figures import draw_overview, draw_traces
from isochron.studies.twin.results import ACCEPTED, TwinResults

METHODS = {
    "trials held out": (
        "Trials with a different seed, drawn once for a pair. They are not used in the training. "
        "The start of a trial does not count. The networks never receive the output of the neuron "
        "(no teacher forcing)."
    ),
    "R²": (
        f"Share of the variance of the output that is explained. A twin has more than {ACCEPTED:g} "
        "in every pair."
    ),
    "number of parameters": (
        "Trained numbers; of a network on a connectome those of existing connections."
    ),
    "linear filter": "Weighted sum of the currents of the last steps, by least squares.",
    "exchanged trials": "R² of outputs against the targets of a different trial: the null.",
    "test": "Wilcoxon's signed-rank test of pairs, exact; Hodges-Lehmann difference; Holm.",
}
REFERENCES = (
    "Beniaguev, Segev and London (2021), Neuron 109:2727.",
    "Spieler et al. (2024), ICLR, arXiv:2306.16922.",
)


def build_report(run: Path, results: TwinResults) -> str:
    """The report of a finished run, as HTML."""
    words = describe(results)
    return StudyPage(
        command="isochron study twin",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[_traces(results)],
        tables=[_summaries(results), _contrasts(results), _neuron(results)],
        methods={**words.methods, **METHODS},
        references=(*REFERENCES, words.reference),
        results=results,
    ).render()


def format_results(results: TwinResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _traces(results: TwinResults) -> PageFigure:
    figure = PageFigure.of(draw_traces, results)
    if results.neuron.threshold_mV is None:
        return figure
    return replace(figure, caption=f"{figure.caption} The dashed line is the unstable equilibrium.")


def _summaries(results: TwinResults) -> PageTable:
    columns = ("emulator", "kind", "parameters", "pairs", "R², median", "R², lowest",
               "error, mV")  # fmt: skip
    rows = [
        (
            row.emulator, row.kind, str(row.n_parameters), str(row.n), f"{row.r2:.4f}",
            f"{row.r2_lowest:.4f}", f"{row.error_mV:.3f}",
        )
        for row in results.summaries
    ]  # fmt: skip
    if results.neuron.threshold_mV is not None:
        columns += ("wrong side", "its share of the error")
        rows = [
            (*shown, f"{row.wrong_side:.1%}", f"{row.wrong_error:.0%}")
            for shown, row in zip(rows, results.summaries, strict=True)
        ]
    return PageTable(title="Trials held out", columns=columns, rows=rows)


def _contrasts(results: TwinResults) -> PageTable:
    columns = ("network", "control", "pairs", "difference of R²", "95 % interval", "p", "p, Holm")
    rows = [
        (
            row.emulator, row.control, *cells_of(row, "+.4f"),
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Against the best linear filter, in pairs", columns=columns, rows=rows)


def _neuron(results: TwinResults) -> PageTable:
    found, output = results.neuron, describe(results).output
    rows = [
        ("number of variables", str(found.n_variables), ""),
        ("potential at rest", f"{found.rest_mV:.2f}", "mV"),
        (f"mean of {output}", f"{found.mean_mV:.2f}", "mV"),
        (f"standard deviation of {output}", f"{found.deviation_mV:.2f}", "mV"),
    ]
    if found.threshold_mV is not None:
        rows.insert(2, ("unstable equilibrium", f"{found.threshold_mV:.2f}", "mV"))
    rows += [
        (f"contacts of {one}", str(abs(contacts)), "excitatory" if contacts > 0 else "inhibitory")
        for one, contacts in zip(found.presynaptic, found.contacts, strict=True)
    ]
    return PageTable(title=found.name, columns=("quantity", "value", "unit"), rows=rows, n_labels=1)
