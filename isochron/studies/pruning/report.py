"""The report of `isochron study pruning`."""

from pathlib import Path

import numpy as np

from isochron.report.study_page import (
    NOT_KNOWN,
    PageFigure,
    PageTable,
    StudyPage,
    format_interval,
    format_page,
)
from isochron.studies.paired_tests import cells_of
from isochron.studies.pruning.claims import (
    NAMES,
    answer,
    caveats,
    correlations,
    graphs_of,
    nets_of,
    values_of,
)
from isochron.studies.pruning.figures import draw_overview, draw_tasks, draw_triads
from isochron.studies.pruning.graphs import DEGREES, IN_DEGREE, OUT_DEGREE, RECIPROCITY
from isochron.studies.pruning.results import METHODS, SPARSE, PruningResults

METHODS_TEXT = {
    "dense": (
        "A leaky network with a weight between any two units of the connectome, in each direction, "
        "without self-connections. Sensory neurons receive the input, motor neurons are read. All "
        "other networks of a pair start from its weights, inputs and outputs."
    ),
    "number of weights": (
        "That of the connectome, with a gap junction as two connections. Input weights are the "
        "same for all. Recurrent weights are multiplied by one factor before training, so that "
        "their gain is the same; not after pruning by magnitude, which continues a training."
    ),
    "random": "As many weights anywhere (Erdős and Rényi).",
    "rewired connectome": "The connectome with the partners exchanged; all degrees stay.",
    "magnitude": "The dense network is trained, its largest weights stay, and are trained on.",
    "lottery ticket": (
        "Trained, pruned by magnitude and set back to the weights before training, in several "
        "rounds between which the number of weights falls by the same factor."
    ),
    "SynFlow": (
        "Before training and without data: the weights with the largest w dR/dw, R the summed "
        "output of the linear network with |W|, unrolled over a trial with inputs of 1. In many "
        "rounds. |W| is divided by its spectral radius, since its powers diverge above 1."
    ),
    "on paths": (
        "A weight on a path from an input to an output. A recurrent layer without any has "
        "collapsed."
    ),
    "triads": (
        "Numbers of the 13 connected classes of three units, as standard scores against draws "
        "from a null model of each graph. Their correlation compares two graphs."
    ),
    "test": (
        "Wilcoxon's signed-rank test of pairs, exact; Hodges-Lehmann estimates and 95 % intervals; "
        "Holm over the 8 tests of a task, and over those of all tasks together."
    ),
}
REFERENCES = (
    "Tanaka, Kunin, Yamins and Ganguli (2020), NeurIPS 33, arXiv:2006.05467.",
    "Frankle and Carbin (2019), ICLR, arXiv:1803.03635.",
    "Han, Pool, Tran and Dally (2015), NeurIPS 28.",
    "Milo et al. (2004), Science 303:1538.",
)


def build_report(run: Path, results: PruningResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study pruning",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_tasks, results), PageFigure.of(draw_triads, results)],
        tables=[_summaries(results), _contrasts(results), _paths(results), _graphs(results)],
        methods=METHODS_TEXT,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: PruningResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _summaries(results: PruningResults) -> PageTable:
    columns = ("task", "weights", "pairs", "loss / chance", "95 % interval", "learned",
               "share learned, 95 % interval")  # fmt: skip
    rows = [
        (
            row.task, NAMES[row.method], str(row.n), f"{row.estimate:.4f}",
            format_interval(row.interval, ".4f"), f"{row.n_learned} of {row.n_networks}",
            format_interval(row.learned_interval, ".2f"),
        )
        for row in results.summaries
    ]  # fmt: skip
    return PageTable(title="Loss", columns=columns, rows=rows)


def _contrasts(results: PruningResults) -> PageTable:
    columns = ("task", "difference", "pairs", "loss / chance", "95 % interval", "p", "p, Holm")
    rows = [
        (
            row.task, f"{NAMES[row.first]} − {NAMES[row.second]}", *cells_of(row, "+.4f"),
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Differences in pairs", columns=columns, rows=rows)


def _span(values: list[float], style: str) -> str:
    """Median, smallest and largest value."""
    if not values:
        return NOT_KNOWN
    low, high, median = min(values), max(values), float(np.median(values))
    if f"{low:{style}}" == f"{high:{style}}":
        return f"{median:{style}}"
    return f"{median:{style}} ({low:{style}} to {high:{style}})"


def _paths(results: PruningResults) -> PageTable:
    columns = ("weights", "networks", "number of weights", "on paths", "units on paths",
               "collapsed", "steps before pruning", "imbalance of the scores")  # fmt: skip
    rows = []
    for method in METHODS:
        nets = nets_of(results, method)
        imbalances = [row.imbalance for row in nets if row.imbalance is not None]
        rows.append(
            (
                NAMES[method], str(len(nets)), _span([row.n_weights for row in nets], ".0f"),
                _span([row.n_on_paths for row in nets], ".0f"),
                _span([row.n_units_on_paths for row in nets], ".0f"),
                str(sum(row.collapsed for row in nets)),
                _span([row.n_steps_before for row in nets], ".0f"),
                f"{max(imbalances):.1e}" if imbalances else NOT_KNOWN,
            )
        )  # fmt: skip
    return PageTable(
        title="Paths from input to output", columns=columns, rows=rows, note="Median, and range."
    )


def _graphs(results: PruningResults) -> PageTable:
    nulls = results.config.graphs.null_models
    names = (RECIPROCITY, IN_DEGREE, OUT_DEGREE, DEGREES)
    columns = ("weights", "graphs", *names, *(f"z of reciprocity, {it}" for it in nulls),
               "correlation of triads")  # fmt: skip
    rows = []
    for method in SPARSE:
        graphs = graphs_of(results, method)
        scores = [[row.of(RECIPROCITY, null).z for row in graphs] for null in nulls]
        rows.append(
            (
                NAMES[method], str(len(graphs)),
                *(_span(values_of(graphs, name, nulls[0]), ".2f") for name in names),
                *(_span([z for z in found if z is not None], ".1f") for found in scores),
                _span(correlations(results, method), ".2f"),
            )
        )  # fmt: skip
    note = (
        "Median, and range. z: standard score against draws from a null model of each graph. Triads"
        f": correlation of their scores against {nulls[-1]} with those of the connectome."
    )
    return PageTable(title="Graphs", columns=columns, rows=rows, note=note)
