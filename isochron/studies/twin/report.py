"""The report of `isochron study twin`."""

from pathlib import Path

from isochron.report.study_page import NOT_KNOWN, PageFigure, PageTable, StudyPage, format_page
from isochron.studies.twin.claims import answer, caveats
from isochron.studies.twin.figures import draw_overview, draw_traces
from isochron.studies.twin.results import ACCEPTED, TwinResults

METHODS = {
    "neuron": (
        "A graded neuron of the model of the worm with its presynaptic neurons that have the most "
        "contacts, by the equations of all other simulations. Currents flow into the presynaptic "
        "neurons, which have no other input."
    ),
    "currents": (
        "Sums of Ornstein-Uhlenbeck processes with different correlation times and equal "
        "variances, independent for each presynaptic neuron, constant during a step."
    ),
    "output": (
        "V - Vth after each step. Thresholds are the potentials at rest without currents and do "
        "not move with them. Networks are trained on it with mean 0 and variance 1; a constant "
        "input gives each of them a bias."
    ),
    "trials held out": (
        "Trials with a different seed, drawn once for a pair. They are not used in the training. "
        "The start of a trial does not count, so that initial states do not matter. The networks "
        "never receive the output of the neuron (no teacher forcing)."
    ),
    "R²": (
        f"Share of the variance of V - Vth that is explained. A twin has more than {ACCEPTED:g} in "
        "every pair."
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
    "Wicks, Roehrig and Rankin (1996), J. Neurosci. 16:4017.",
)


def build_report(run: Path, results: TwinResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study twin",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_traces, results)],
        tables=[_summaries(results), _contrasts(results), _neuron(results)],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: TwinResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


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
    return PageTable(title="Trials held out", columns=columns, rows=rows)


def _contrasts(results: TwinResults) -> PageTable:
    columns = ("network", "control", "pairs", "difference of R²", "95 % interval", "p", "p, Holm")
    rows = [
        (
            row.emulator, row.control, str(row.n), f"{row.estimate:+.4f}",
            NOT_KNOWN if row.interval is None else f"{row.interval[0]:+.4f} to "
            f"{row.interval[1]:+.4f}",
            f"{row.p_value:.3g}", f"{row.p_adjusted:.3g}",
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Against the best linear filter, in pairs", columns=columns, rows=rows)


def _neuron(results: TwinResults) -> PageTable:
    found, name = results.neuron, results.config.neuron.neuron
    columns = ("presynaptic neuron", "onto", "contacts", "effect")
    rows = [
        (one, name, str(abs(contacts)), "excites" if contacts > 0 else "inhibits")
        for one, contacts in zip(found.presynaptic, found.contacts, strict=True)
    ]
    note = f"V - Vth has mean {found.mean_mV:.2f} mV and standard deviation "
    note += f"{found.deviation_mV:.2f} mV."
    return PageTable(title="The neuron", columns=columns, rows=rows, note=note)
