"""The report of `isochron study worm-twin`."""

from pathlib import Path

from isochron.report.study_page import (
    NOT_KNOWN,
    PageFigure,
    PageTable,
    StudyPage,
    format_known,
    format_page,
)
from isochron.studies.paired_tests import cells_of
from isochron.studies.worm_twin.claims import N_CRITERIA, answer, caveats, errors_of
from isochron.studies.worm_twin.figures import draw_cycles, draw_free_runs, draw_overview
from isochron.studies.worm_twin.results import ONE_STEP_R2, LearnerRow, WormTwinResults

METHODS = {
    "worm": (
        "The graded model of all neurons under a constant current, which differs from trial to "
        "trial, and noise currents, which are constant during a step. Thresholds follow the "
        "constant current only. A trial starts in the last state of the one before."
    ),
    "outputs": (
        "Leading principal components (modes) of V - Vth of all neurons, each with variance 1. "
        "They are from trials that no learner sees."
    ),
    "learner": (
        "It receives the noise currents, the constant current, 1, and the outputs before a step, "
        "and predicts those after it. A network adds a correction to a linear predictor of the "
        "last steps, which is fitted by least squares and not trained. On a connectome the inputs "
        "enter sensory neurons; all units are read."
    ),
    "free, forced, shuffled": (
        "In the training a network receives the true outputs at the start of a piece of a trial "
        "and its predictions in the rest of it. Controls: the true outputs throughout (forced), "
        "and outputs in a random order of time (shuffled)."
    ),
    "R² one step ahead": (
        "Share of the variance of V - Vth of all neurons that is explained one step ahead, in "
        "trials held out, if the true outputs are fed back (teacher forcing). The R² of changes is "
        "that of the differences from step to step, of which persistence explains nothing."
    ),
    "free run": (
        "Time after which the R² of the outputs in a second is below 0.5, if a learner receives "
        "its predictions in trials held out; at most the rest of a trial."
    ),
    "closed loop": (
        "The map of a learner that receives its predictions, without noise. Random states of the "
        "trials held out settle; the cycle is an invariant circle, the period that of its rotation "
        "number, the multiplier from the Lyapunov exponents, the phase response that of the "
        "adjoint map, to each noise current during one step. Phases are aligned by the outputs."
    ),
    "onset": (
        "Smallest constant current at which the equilibrium of the closed loop, followed from the "
        "smallest current of the trials, loses its stability."
    ),
    "rhythm of the worm": (
        "Limit cycle by Newton's method, Floquet multipliers, adjoint phase response, and the "
        "Hopf bifurcation from the eigenvalues of the equilibrium, all of the equations."
    ),
    "test": "Wilcoxon's signed-rank test of pairs, exact; Hodges-Lehmann difference; Holm.",
}
REFERENCES = (
    "Beniaguev, Segev and London (2021), Neuron 109:2727.",
    "Kunert, Shlizerman and Kutz (2014), Phys. Rev. E 89:052805.",
    "Williams and Zipser (1989), Neural Computation 1:270 (teacher forcing).",
    "Bengio et al. (2015), NeurIPS, arXiv:1506.03099 (scheduled sampling).",
)


def build_report(run: Path, results: WormTwinResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study worm-twin",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(it, results) for it in (draw_free_runs, draw_cycles)],
        tables=[_held_out(results), _loops(results), _contrasts(results)],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: WormTwinResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _held_out(results: WormTwinResults) -> PageTable:
    columns = ("learner", "kind", "training", "parameters", "R² one step", "R² of outputs",
               "R² of changes", "free run, s", "criteria met")  # fmt: skip
    rows = [
        (
            row.name, row.kind, row.training, str(row.n_parameters), f"{row.r2:.4f}",
            f"{row.r2_outputs:.4f}", f"{round(row.r2_changes, 4) + 0.0:.4f}",
            f"{row.horizon_s:.1f}", f"{row.criteria.n_met} of {N_CRITERIA}",
        )
        for row in results.learners
    ]  # fmt: skip
    note = f"Accepted: R² one step, and R² of changes, above {ONE_STEP_R2:g}."
    return PageTable(title="Trials held out", columns=columns, rows=rows, note=note, n_labels=3)


def _loops(results: WormTwinResults) -> PageTable:
    columns = ("learner", "motion", "starts on the cycle", "period, ms", "error", "size, error",
               "multiplier", "difference", "correlation of responses", "onset, pA",
               "error")  # fmt: skip
    worm = results.worm
    rows = [_worm_row(results), *(_loop(results, row) for row in results.learners)]
    note = (
        f"The worm: {worm.period_ms:.1f} ms, multiplier {worm.multiplier:.4f}, onset "
        f"{worm.onset_pA:.1f} pA. Motions: cycle; rest; diverges; not proved (still moving after "
        "the time to settle, but not on a smooth closed curve, as if it decays slowly)."
    )
    return PageTable(title="Closed loops", columns=columns, rows=rows, note=note)


def _worm_row(results: WormTwinResults) -> tuple[str, ...]:
    worm = results.worm
    return ("worm", "cycle", NOT_KNOWN, f"{worm.period_ms:.1f}", NOT_KNOWN,
            NOT_KNOWN, f"{worm.multiplier:.3f}", NOT_KNOWN, NOT_KNOWN, f"{worm.onset_pA:.0f}",
            NOT_KNOWN)  # fmt: skip


def _loop(results: WormTwinResults, row: LearnerRow) -> tuple[str, ...]:
    it, errors = row.closed, errors_of(results, row)
    return (
        row.name, it.motion, f"{it.n_on_cycle} of {it.n_starts}", format_known(it.period_ms, ".1f"),
        format_known(errors["period"], "+.2%"), format_known(errors["size"], "+.0%"),
        format_known(it.multiplier, ".3f"),
        format_known(errors["multiplier"], "+.3f"), format_known(it.response_correlation, ".3f"),
        format_known(it.onset_pA, ".0f"), format_known(errors["onset"], "+.1%"),
    )  # fmt: skip


def _contrasts(results: WormTwinResults) -> PageTable:
    columns = ("learner", "control", "measure", "pairs", "difference", "95 % interval", "p",
               "p, Holm")  # fmt: skip
    rows = [
        (
            row.learner, row.control, row.measure, *cells_of(row, "+.2f"),
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Against controls, in pairs", columns=columns, rows=rows, n_labels=3)
