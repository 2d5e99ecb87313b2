"""What a run of `isochron study twin` found, in words, and what it cannot say."""

from collections.abc import Sequence

from isochron.studies.twin.contrasts import best_filter
from isochron.studies.twin.descriptions import describe
from isochron.studies.twin.results import ACCEPTED, FILTER, SummaryRow, TwinResults
from isochron.wording import counted, joined

SIGNIFICANT = 0.05
FEWEST_PAIRS = 6  # for a p-value below .05


def networks_of(results: TwinResults) -> list[SummaryRow]:
    """Emulators that are networks."""
    return [row for row in results.summaries if row.kind != FILTER]


def answer(results: TwinResults) -> list[str]:
    """Findings, the main one first."""
    return [
        _main(results),
        *_wrong_sides(results),
        _control(results),
        *_kinds(results),
        _null(results),
        *_tests(results),
    ]


def _main(results: TwinResults) -> str:
    neuron = results.neuron
    twins = [row for row in networks_of(results) if row.r2_lowest > ACCEPTED]
    start = (
        f"The potential of {neuron.name} under {describe(results).input} depends on "
        f"{counted(neuron.n_variables, 'variable')}."
    )
    if not twins:
        best = max(networks_of(results), key=lambda row: row.r2_lowest)
        return (
            f"{start} No network explains more than {ACCEPTED:g} of its variance in the trials "
            f"held out, in every pair; the best is {best.emulator} "
            f"({counted(best.n_parameters, 'parameter')}), with R² {best.r2_lowest:.4f} in its "
            "worst pair."
        )
    least = min(twins, key=lambda row: row.n_parameters)
    return (
        f"{start} The network with the fewest parameters that explains more than {ACCEPTED:g} of "
        f"its variance in the trials held out, in every pair, is {least.emulator}: "
        f"{counted(least.n_parameters, 'parameter')}, R² {least.r2:.4f} (median), error "
        f"{least.error_mV:.2f} mV. That a neuron needs 1000 artificial ones, as found for a "
        "pyramidal cell, does not transfer to this model of a neuron."
    )


def _wrong_sides(results: TwinResults) -> list[str]:
    """What a network misses of a neuron with two stable equilibria."""
    best = max(networks_of(results), key=lambda row: row.r2_lowest)
    if best.wrong_side is None or best.wrong_error is None:
        return []
    neuron = results.neuron
    return [
        f"{neuron.name} has two stable equilibria, and the current moves it from one to the "
        f"other. Output and potential are on different sides of the unstable equilibrium, at "
        f"{neuron.threshold_mV:.1f} mV, in {best.wrong_side:.1%} of the steps ({best.emulator}), "
        f"which have {best.wrong_error:.0%} of the squared error."
    ]


def _control(results: TwinResults) -> str:
    best = best_filter(results.summaries)
    return (
        f"The best {best.emulator.replace(',', ' with')} ({best.n_parameters} parameters) explains "
        f"{best.r2:.4f}: the rest, up to 1, is not linear."
    )


def _kinds(results: TwinResults) -> list[str]:
    found = []
    for kind in dict.fromkeys(row.kind for row in networks_of(results)):
        rows = [row for row in networks_of(results) if row.kind == kind]
        texts = [f"{row.emulator} {row.r2:.4f} ({row.n_parameters})" for row in rows]
        found.append(f"R² held out (number of parameters), {kind}: {', '.join(texts)}.")
    return found


def _null(results: TwinResults) -> str:
    highest = max(row.r2_exchanged for row in results.emulations)
    worst = max(results.emulations, key=lambda row: row.r2_training - row.r2)
    return (
        f"If outputs are compared with those of a different trial, R² is {highest:.2f} or less. "
        f"The largest difference between the trials of the training and those held out is "
        f"{worst.r2_training - worst.r2:.4f} ({worst.name})."
    )


def _tests(results: TwinResults) -> list[str]:
    better, worse = _significant(results)
    n = counted(len(results.contrasts), "paired test")
    if not better and not worse:
        return [
            f"None of {n} of a network against the best linear filter is significant after Holm: "
            "not decided."
        ]
    lines = []
    for names, how in ((better, "better"), (worse, "worse")):
        if names:
            lines.append(
                f"After Holm over {n}, {how} than the best linear filter: {joined(names)}."
            )
    return lines


def _significant(results: TwinResults) -> tuple[list[str], list[str]]:
    found = [row for row in results.contrasts if row.p_adjusted < SIGNIFICANT]
    return (
        [row.emulator for row in found if row.estimate > 0],
        [row.emulator for row in found if row.estimate < 0],
    )


def caveats(results: TwinResults) -> Sequence[str]:
    """What the run cannot say, and what would change the answer."""
    given, training = results.config.neuron, results.config.training
    lines = [
        *describe(results).caveats,
        f"One distribution of currents ({given.deviation_pA:g} pA), constant during steps of "
        f"{given.step_ms:g} ms. Networks are not tested beyond it.",
        f"Equal budget means {training.steps} steps with the same trials. A network that explains "
        "less may need a longer training, not more units.",
    ]
    if training.pairs < FEWEST_PAIRS:
        lines.append(
            f"{counted(training.pairs, 'pair')}: no p-value below .05 is possible; "
            f"{FEWEST_PAIRS} pairs are needed for one test, more after Holm."
        )
    return lines
