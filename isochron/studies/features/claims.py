"""What a run of `isochron study features` found, in words, and what it cannot say."""

from collections.abc import Sequence

import numpy as np

from isochron.studies.features.configuration import FEWEST_DRAWS
from isochron.studies.features.contrasts import groups_of
from isochron.studies.features.results import (
    ALONE,
    ANIMAL,
    AUTOENCODER,
    DICTIONARIES,
    ICA,
    PCA,
    RANDOM,
    SIGNIFICANT,
    STABLE,
    TRAINED,
    UNTRAINED,
    WORM,
    FeaturesResults,
    SystemRow,
)
from isochron.wording import counted, joined

NAMES = {
    AUTOENCODER: "sparse autoencoder",
    RANDOM: "random directions",
    PCA: "principal components",
    ICA: "independent components",
}


def answer(results: FeaturesResults) -> list[str]:
    """Findings, the main one first."""
    trained = results.of_kind(TRAINED)
    lines = []
    if trained:
        lines += [
            _main(trained),
            _before(trained, results.of_kind(UNTRAINED)),
            _stability(trained),
            _baselines(trained),
            _meanings(trained),
            _ablation(trained, results.of_kind(UNTRAINED)),
            *groups(trained),
            _tests(results),
        ]
    lines += [_worm(row) for row in results.of_kind(WORM)]
    lines += [_animal(row) for row in results.of_kind(ANIMAL)]
    return lines


def mean_bits(rows: Sequence[SystemRow], kind: str = AUTOENCODER) -> float:
    """Phase information of a kind of dictionary, mean over systems, in bits."""
    return float(np.mean([row.of(kind).phase_bits for row in rows]))


def _above(rows: Sequence[SystemRow]) -> int:
    """Number of systems with more phase information than all of their ellipses."""
    return sum(row.of(AUTOENCODER).phase_bits > max(row.ellipses) for row in rows)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def _main(rows: Sequence[SystemRow]) -> str:
    ellipses = np.mean([row.ellipse_bits for row in rows])
    below = sum(row.of(AUTOENCODER).phase_bits < min(row.ellipses) for row in rows)
    n = counted(len(rows), "trained network")
    return (
        f"Features of a sparse autoencoder have {mean_bits(rows):.3f} bits of information about "
        f"the phase of the reference (mean over features and {n}); those of the same autoencoder "
        f"on noisy ellipses of the same variances have {ellipses:.3f} bits. It is above all "
        f"ellipses in {_above(rows)} of {len(rows)} networks, and below all in {below}."
    )


def _before(trained: Sequence[SystemRow], untrained: Sequence[SystemRow]) -> str:
    ellipses = np.mean([row.ellipse_bits for row in untrained])
    return (
        f"The same networks before training: {mean_bits(untrained):.3f} bits, on their ellipses "
        f"{ellipses:.3f}. Features of states that only pass on the reference tell its phase, too."
    )


def _stability(rows: Sequence[SystemRow]) -> str:
    shares = [row.stable_share for row in rows]
    seeds = "over seeds"
    return (
        f"Stable {seeds} (matched cosine of {STABLE:g} and above): {np.mean(shares):.0%} of the "
        f"features of trained networks ({min(shares):.0%} to {max(shares):.0%}), "
        f"{np.mean([row.ellipse_stable_share for row in rows]):.0%} on noisy ellipses, "
        f"{np.mean([row.random_stable_share for row in rows]):.0%} of random directions."
    )


def _baselines(rows: Sequence[SystemRow]) -> str:
    parts = [
        f"{NAMES[kind]} {_mean([row.of(kind).explained for row in rows]):.0%} and "
        f"{mean_bits(rows, kind):.3f} bits"
        for kind in DICTIONARIES
    ]
    active = joined(sorted({str(row.of(AUTOENCODER).n_active) for row in rows}))
    return (
        f"Described variance of held-out states, and phase information for each feature, with "
        f"{active} active features in a state: {', '.join(parts)}. A feature that is active in "
        "every state can have more information than a sparse one."
    )


def _meanings(rows: Sequence[SystemRow]) -> str:
    features = [it for row in rows for it in row.features]
    phase = sum(it.tells_phase for it in features)
    stimulus = sum(it.tells_stimulus for it in features)
    return (
        f"{counted(len(features), 'feature')} of trained networks: {phase} have significant "
        f"information about the phase, {stimulus} about the stimulus (Benjamini and Hochberg). "
        f"Monosemantic, {ALONE:.0%} of the information and more about one of the two: "
        f"{_alone(rows)}."
    )


def _alone(rows: Sequence[SystemRow]) -> str:
    mine = [row.of(AUTOENCODER) for row in rows]
    return (
        f"phase {_mean([it.phase_alone for it in mine]):.0%}, stimulus "
        f"{_mean([it.stimulus_alone for it in mine]):.0%}; on noisy ellipses "
        f"{_mean([row.ellipse_phase_alone for row in rows]):.0%} and "
        f"{_mean([row.ellipse_stimulus_alone for row in rows]):.0%}"
    )


def groups(rows: Sequence[SystemRow]) -> list[str]:
    """One line for each substrate and task, if there are several."""
    groups = groups_of(rows)
    if len(groups) < 2:
        return []
    lines = []
    for name, group in groups.items():
        agreement = _mean([it.ablation.agreement for it in group if it.ablation is not None])
        removal = "does not vary" if np.isnan(agreement) else f"{agreement:.2f}"
        lines.append(
            f"{name}: {mean_bits(group):.3f} bits about the phase, on noisy ellipses "
            f"{np.mean([row.ellipse_bits for row in group]):.3f} (above all of them in "
            f"{_above(group)} of {len(group)} networks); monosemantic: {_alone(group)}; "
            f"{np.mean([row.stable_share for row in group]):.0%} of the features stable; removal "
            f"{removal}."
        )
    return lines


def _ablation(trained: Sequence[SystemRow], untrained: Sequence[SystemRow]) -> str:
    found = [row.ablation for row in trained if row.ablation is not None]
    before = [row.ablation for row in untrained if row.ablation is not None]
    significant = sum(it.p_value is not None and it.p_value <= SIGNIFICANT for it in found)
    return (
        "Removing a feature moves the output away from the target at which the feature is active: "
        f"correlation over features {_mean([it.agreement for it in found]):.2f} (1: as the labels "
        f"say; p <= {SIGNIFICANT:g} in {significant} of {len(found)} networks), for random "
        f"directions {_mean([it.random_agreement for it in found]):.2f}, before training "
        f"{_mean([it.agreement for it in before]):.2f}. One period later "
        f"{_mean([it.later_share for it in found]):.0%} of the change is left."
    )


def _tests(results: FeaturesResults) -> str:
    rows = [row for row in results.contrasts if row.p_adjusted < SIGNIFICANT]
    n = counted(len(results.contrasts), "paired test")
    if not rows:
        return f"None of {n} of the phase information is significant after Holm: not decided."
    parts = [f"{it.what} ({it.group}) {it.estimate:+.3f} bits, p = {it.p_adjusted:.2g}"
             for it in rows]  # fmt: skip
    return f"{len(rows)} of {n} are significant after Holm: {'; '.join(parts)}."


def _compared(row: SystemRow) -> str:
    draws = counted(len(row.ellipses), "noisy ellipse")
    return (
        f"{row.of(AUTOENCODER).phase_bits:.3f} bits about the phase for each feature, on {draws} "
        f"{row.ellipse_bits:.3f} (p = {row.p_value:.2g}); {row.stable_share:.0%} of the features "
        f"stable, {row.ellipse_stable_share:.0%} on an ellipse"
    )


def _classes(row: SystemRow) -> str:
    single = sum(it.class_p is not None and it.class_p <= SIGNIFICANT for it in row.features)
    return (
        f"One class of neurons has {row.class_share or 0:.0%} more of a feature than of the "
        f"neurons, {row.class_null or 0:.0%} with permuted classes; {single} of "
        f"{len(row.features)} features stand out from these."
    )


def _worm(row: SystemRow) -> str:
    return f"Simulated worm, held-out runs: {_compared(row)}. {_classes(row)}"


def _animal(row: SystemRow) -> str:
    text = f"{row.name}, held out, {counted(row.n_units, 'neuron')}: {_compared(row)}."
    return " ".join(part for part in (text, _classes(row), row.remark) if part)


def caveats(results: FeaturesResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    config = results.config
    lines = [
        "A feature is a direction that few states need. That it is one concept, or one cause, does "
        "not follow; the number and the content of features depend on the size of the autoencoder "
        "and on how many are active.",
        "The noisy ellipse has the mean and covariance of the states and their first harmonic, one "
        "for each stimulus, and white normal noise. More information than it has may come from "
        "harmonics, from noise that is not normal, or from noise that depends on the phase.",
        "States of networks are from trials without private noise. The phase of the reference is "
        "from its analytic signal.",
        "The phase of the worm and of animals is the angle of their states in the principal plane, "
        "so it is in the states by construction; on ellipses it is found in the same way. Whether "
        "there is a rhythm is not tested here (isochron compare does).",
        "Directions weigh units by their variance in the unit of the states (mV in the worm).",
    ]
    if not config.animals.recordings:
        lines.append(
            "No recordings of animals were given: [animals] recordings in a file for --config."
        )
    if config.features.ellipses < FEWEST_DRAWS:
        lines.append(
            f"{config.features.ellipses} ellipses: the smallest p-value of a system is "
            f"{1 / (config.features.ellipses + 1):.2g}."
        )
    n_tests = len(results.contrasts)
    if n_tests and min(row.p_value for row in results.contrasts) * n_tests > SIGNIFICANT:
        lines.append(
            f"{counted(config.networks.pairs, 'pair')}: too few for a p-value below "
            f"{SIGNIFICANT:g} after Holm over {n_tests} tests, or no difference."
        )
    not_learned = [row.name for row in results.trainings if row.learned != "yes"]
    if not_learned:
        lines.append(f"Networks that learned their task in part or not: {joined(not_learned)}.")
    return lines
