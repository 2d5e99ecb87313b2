"""The report of `isochron study energy`."""

from pathlib import Path

from isochron.report.study_page import PageFigure, PageTable, StudyPage, format_known, format_page
from isochron.studies.energy.claims import answer, caveats
from isochron.studies.energy.figures import draw_asymmetry, draw_overview
from isochron.studies.energy.results import Energetics, EnergyResults

METHODS = {
    "sign network": (
        "Neurons with states ±1, all updated at once: s_i(t+1) = sgn(sum_j J_ij s_j(t)); a "
        "field of 0 gives +1. All 2^n states are enumerated."
    ),
    "symmetry degree": (
        "Sum of J_ij J_ji divided by the sum of J_ij^2, without the diagonal: 1 symmetric, 0 "
        "independent, -1 antisymmetric."
    ),
    "exact mean": (
        "Mean number of fixed points of Gaussian couplings with this symmetry degree and number"
        " of neurons, an integral that is computed without sampling."
    ),
    "energy of a sign network": (
        "L(t) = -s(t)' J s(t-1). With symmetric couplings it never rises."
    ),
    "energy of a rate network": (
        "E = -r' S r / 2 - b' r + sum of the integrals of artanh, r = tanh(x), S the symmetric "
        "part of the weights. With symmetric weights it never rises in continuous time."
    ),
    "upward share": (
        "Sum of the rises of the energy along a trajectory divided by the sum of all its "
        "changes; on the way from a random state to the attractor."
    ),
    "recall": (
        "Hopfield network with random memories, started at a memory; neurons are updated one "
        "after the other in random order until none changes. Recalled: overlap above the limit "
        "of the configuration."
    ),
    "mixture": (
        "J = (1 - a) S + a A: S from random memories (Hebb), A Gaussian and antisymmetric with "
        "the mean square of S."
    ),
    "trained networks": (
        "Leaky networks with tanh, trained with noise; here without noise, with the reference "
        "off, from random states. Pairs share trials and seeds."
    ),
    "still moves": (
        "In the last eighth of the steps a state changes by more than 1e-6 of the largest state "
        "in a step, and by at least 0.9 of what it changed in the eighth before."
    ),
}
REFERENCES = (
    "Hopfield (1982), PNAS 79:2554.",
    "Goles and Olivos (1981), Discrete Applied Mathematics 3:93.",
    "Cohen and Grossberg (1983), IEEE Transactions SMC 13:815.",
    "Amit, Gutfreund and Sompolinsky (1987), Annals of Physics 173:30.",
    "Hwang et al. (2019), arXiv:1810.09325.",
)


def build_report(run: Path, results: EnergyResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study energy",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_asymmetry, results)],
        tables=[_ensembles(results), _recalls(results), _mixtures(results), _networks(results)],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: EnergyResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _ensembles(results: EnergyResults) -> PageTable:
    columns = ("symmetry degree", "networks", "fixed points", "exact mean", "cycles of 2",
               "longer cycles", "longest", "upward share")  # fmt: skip
    rows = [
        (
            f"{row.symmetry:g}", str(row.n_networks), str(row.fixed_points),
            f"{row.exact_fixed_points:.4g}", str(row.two_cycles), str(row.longer_cycles),
            str(row.longest), format_known(row.uphill_share, ".3g"),
        )
        for row in results.ensembles
    ]  # fmt: skip
    note = "Numbers in a network: mean ± standard error over the networks."
    return PageTable(title="Random sign networks", columns=columns, rows=rows, note=note)


def _recalls(results: EnergyResults) -> PageTable:
    columns = ("neurons", "load", "memories", "tried", "recalled", "overlap",
               "recalled, all neurons at once", "of these starts in a cycle of 2")  # fmt: skip
    rows = [
        (
            str(row.n_neurons), f"{row.load:.3f}", str(row.n_patterns), str(row.n),
            str(row.n_recalled), f"{row.overlap:.3f}", str(row.parallel_recalled),
            str(row.parallel_two_cycles),
        )
        for row in results.recalls
    ]  # fmt: skip
    half = ", ".join(
        f"{it.load:.4f} ± {it.error:.4f} ({it.n_neurons} neurons)"
        for it in results.transition.half_loads
    )
    note = f"Load at which half of the memories are recalled: {half}." if half else ""
    return PageTable(title="Recall of memories", columns=columns, rows=rows, note=note)


def _mixtures(results: EnergyResults) -> PageTable:
    columns = ("a", "symmetry degree", "networks", "fixed points", "cycles of 2", "longer cycles",
               "overlap after recall", "memories that are fixed points")  # fmt: skip
    rows = [
        (
            f"{row.asymmetry:g}", f"{row.symmetry_degree:.2f}", str(row.n_networks),
            str(row.fixed_points), str(row.two_cycles), str(row.longer_cycles), str(row.overlap),
            f"{row.stable_share:.2f}",
        )
        for row in results.mixtures
    ]  # fmt: skip
    return PageTable(title="Memories with an antisymmetric part", columns=columns, rows=rows)


def _networks(results: EnergyResults) -> PageTable:
    states = ("before", "after", "symmetrized")
    columns = ("network", "loss", "learned", *(f"symmetry degree, {it}" for it in states[:2]),
               *(f"upward share, {it}" for it in states),
               *(f"starts that still move, {it}" for it in states))  # fmt: skip
    rows = []
    for row in results.networks:
        places: list[Energetics] = [getattr(row, it) for it in states]
        rows.append(
            (
                row.name,
                f"{row.loss:.3f}",
                "yes" if row.learned else "no",
                *(f"{place.symmetry_degree:.3f}" for place in places[:2]),
                *(format_known(place.uphill_share, ".3g") for place in places),
                *(f"{place.moving_share:.2f}" for place in places),
            )
        )
    return PageTable(title="Trained networks", columns=columns, rows=rows)
