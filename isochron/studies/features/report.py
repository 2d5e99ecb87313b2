"""The report of `isochron study features`."""

from pathlib import Path

from isochron.report.study_page import PageFigure, PageTable, StudyPage, format_known, format_page
from isochron.studies.features.claims import NAMES, answer, caveats
from isochron.studies.features.figures import draw_features, draw_overview
from isochron.studies.features.results import (
    AUTOENCODER,
    FeaturesResults,
)
from isochron.studies.paired_tests import cells_of

MOST_FEATURES = 12  # of a system in the table of classes
METHODS = {
    "sparse autoencoder": (
        "Linear encoder, of whose values the largest stay (top k), and linear decoder with "
        "unit vectors as directions; trained to describe the states. Features that are never "
        "active learn to describe what is missed."
    ),
    "number of features": (
        "A multiple of the number of dimensions that 99 % of the variance of the states need; the "
        "number that is active in a state is a share of the number of dimensions."
    ),
    "random directions": (
        "The directions from which the autoencoder starts, normal with the covariance of the "
        "states; encoder and offsets are trained in the same way."
    ),
    "principal, independent components": (
        "As many components as features of the autoencoder are active in a state; all are active."
    ),
    "information": (
        "Mutual information of the level of a feature (0, or one of four quarters of its other "
        "values) with the phase in 12 bins, or with the stimulus, in held-out states; less the "
        "mean of surrogates: every trial shifted in time by a random lag, or permuted stimuli."
    ),
    "monosemantic": (
        "At least 90 % of the information of a feature is about the phase alone, or about the "
        "stimulus alone, and it is 0.02 bits or more."
    ),
    "noisy ellipse": (
        "First harmonic of the states at their phases, for each stimulus, with normal noise of "
        "the covariance of what it does not describe. On any loop sparse features tile the phase; "
        "this is the same autoencoder on a loop with nothing else."
    ),
    "stable": (
        "Mean cosine with the matched features of the autoencoders from other seeds is at least "
        "0.9; features are matched one to one."
    ),
    "held out": (
        "Other trials of a network; other runs of the worm; a different animal. Dictionaries are "
        "found without these."
    ),
    "label and removal": (
        "Label: mean target of the task weighted by the feature, in trials of the training of "
        "dictionaries. Removal: the contribution of the feature is taken from the state, and the "
        "output read; then the network runs on for one period."
    ),
    "class of neurons": (
        "Share of the squared direction of a feature in a class, less the share of neurons that "
        "are in it, of the class with the largest; against the same with classes permuted among "
        "neurons. Recorded neurons without a name are a class each."
    ),
    "tests": (
        "Wilcoxon's signed-rank test of pairs, exact; Hodges-Lehmann estimates; Holm over all "
        "tests of the run. Single features: Benjamini and Hochberg over those of a system."
    ),
}
REFERENCES = (
    "Elhage et al. (2022), arXiv:2209.10652.",
    "Cunningham, Ewart, Riggs, Huben and Sharkey (2023), arXiv:2309.08600.",
    "Gao et al. (2024), arXiv:2406.04093.",
    "Heap, Lawson, Farnik and Aitchison (2025), arXiv:2501.17727.",
    "Hyvärinen (1999), IEEE Transactions on Neural Networks 10:626.",
)


def build_report(run: Path, results: FeaturesResults) -> str:
    """The report of a finished run, as HTML."""
    return StudyPage(
        command="isochron study features",
        question=results.question,
        answer=answer(results),
        caveats=caveats(results),
        overview=PageFigure.of(draw_overview, results),
        figures=[PageFigure.of(draw_features, results)],
        tables=[
            _information(results),
            _dictionaries(results),
            _ablations(results),
            _contrasts(results),
            _classes(results),
            _trainings(results),
        ],
        methods=METHODS,
        references=REFERENCES,
        results=results,
    ).render()


def format_results(results: FeaturesResults) -> str:
    """The findings for a terminal."""
    return format_page(answer(results), caveats(results))


def _information(results: FeaturesResults) -> PageTable:
    columns = ("system", "kind", "units", "dimensions", "states", "phase, bits",
               "noisy ellipses, bits", "range", "p", "stable", "stable, ellipse",
               "stable, random")  # fmt: skip
    rows = [
        (
            row.name, row.kind, str(row.n_units), str(row.n_dimensions), str(row.n_states),
            f"{row.of(AUTOENCODER).phase_bits:.3f}", f"{row.ellipse_bits:.3f}",
            f"{min(row.ellipses):.3f} to {max(row.ellipses):.3f}", f"{row.p_value:.2g}",
            f"{row.stable_share:.0%}", f"{row.ellipse_stable_share:.0%}",
            f"{row.random_stable_share:.0%}",
        )
        for row in results.systems
    ]  # fmt: skip
    note = "Bits for each feature of the autoencoder, in held-out states."
    return PageTable(title="Phase and stability", columns=columns, rows=rows, note=note)


def _dictionaries(results: FeaturesResults) -> PageTable:
    columns = ("system", "dictionary", "features", "live", "active in a state",
               "described variance", "phase, bits", "share of the entropy",
               "stimulus, bits", "phase alone", "stimulus alone")  # fmt: skip
    rows = [
        (
            row.name, NAMES[it.kind], str(it.n_features), str(it.n_live), str(it.n_active),
            f"{it.explained:.3f}", f"{it.phase_bits:.3f}", f"{it.phase_share:.2f}",
            format_known(it.stimulus_bits, ".3f"), format_known(it.phase_alone, ".0%"),
            format_known(it.stimulus_alone, ".0%"),
        )
        for row in results.systems
        for it in row.dictionaries
    ]  # fmt: skip
    return PageTable(title="Dictionaries", columns=columns, rows=rows)


def _ablations(results: FeaturesResults) -> PageTable:
    columns = ("network", "features", "agreement with labels", "p", "random directions",
               "left after a period")  # fmt: skip
    rows = [
        (
            row.name, str(it.n_features), format_known(it.agreement, ".2f"),
            format_known(it.p_value, ".2g"), format_known(it.random_agreement, ".2f"),
            f"{it.later_share:.0%}",
        )
        for row in results.systems
        if (it := row.ablation) is not None
    ]  # fmt: skip
    return PageTable(title="Removal of single features", columns=columns, rows=rows, n_labels=1)


def _contrasts(results: FeaturesResults) -> PageTable:
    columns = ("networks", "difference", "pairs", "bits", "95 % interval", "p", "p, Holm")
    rows = [
        (
            row.group, row.what, *cells_of(row, "+.3f"),
        )
        for row in results.contrasts
    ]  # fmt: skip
    return PageTable(title="Phase information in pairs", columns=columns, rows=rows)


def _classes(results: FeaturesResults) -> PageTable:
    """Features of worms and animals with the largest share in one class of neurons."""
    columns = ("system", "class of neurons", "excess share", "p", "phase, bits", "stability")
    rows = [
        (
            row.name, it.neuron_class or "", f"{it.class_share or 0:.2f}",
            format_known(it.class_p, ".2g"), f"{it.phase_bits:.3f}", f"{it.stability:.2f}",
        )
        for row in results.systems
        for it in sorted(row.features, key=lambda it: -(it.class_share or 0.0))[:MOST_FEATURES]
        if it.class_share is not None
    ]  # fmt: skip
    note = f"At most {MOST_FEATURES} features of each worm or animal."
    return PageTable(title="Features and classes of neurons", columns=columns, rows=rows, note=note)


def _trainings(results: FeaturesResults) -> PageTable:
    columns = ("network", "learned", "steps", "loss")
    rows = [
        (
            row.name, row.learned, str(row.training.steps),
            f"{row.training.loss:.4f} ± {row.training.standard_error:.4f}",
        )
        for row in results.trainings
    ]  # fmt: skip
    return PageTable(title="Training", columns=columns, rows=rows)
