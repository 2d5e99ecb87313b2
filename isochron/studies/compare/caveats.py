"""What a run of a comparison cannot say, as sentences made from its numbers."""

from collections import Counter
from collections.abc import Sequence

from isochron.studies.compare.animal_claims import describe_animals
from isochron.studies.compare.claims import plain_measure, same_worm
from isochron.studies.compare.contrasts import (
    ALPHA,
    PLANTED,
    Roles,
    pairs_for_power,
)
from isochron.studies.compare.onsets import OnsetTest
from isochron.studies.compare.results import (
    CompareResults,
    InterimSizes,
    NetSystem,
)
from isochron.wording import counted, joined


def caveats(results: CompareResults) -> list[str]:
    """What the run cannot say."""
    config, contrasts, nets = results.config, results.contrasts, results.nets
    lines = [_of_interim(results.interim)] if results.interim else []
    if contrasts.power is not None and contrasts.power_after_holm is not None:
        few = "Underpowered: with" if contrasts.power < 0.8 else "With"
        first, second = PLANTED
        n_pairs = pairs_for_power(config, contrasts.primary)
        lines.append(
            f"{few} {counted(n_pairs, 'pair')}, shares of {first:g} and {second:g} "
            f"of networks with an intrinsic cycle are found different with a probability of "
            f"{contrasts.power:.2f}, and of {contrasts.power_after_holm:.2f} after Holm's "
            "correction."
        )
    lines += _of_few_draws(results.onset_tests)
    if contrasts.missing:
        lines.append(f"Not tested, for lack of networks or tasks: {joined(contrasts.missing)}.")
    lines += _of_contrasts(results)
    lines += _of_trainings(results)
    lines += _of_saved(results)
    lines += _of_unforced(nets)
    lines += _of_surveys(nets)
    lines += _of_unproved(nets)
    lines += describe_animals(results)
    lines.append(
        "The worm's cycle is intrinsic; the cycles of networks under the reference are entrained "
        "by it. The worm is one model with one set of parameters, whose potentials reach volts."
    )
    return lines


def _of_contrasts(results: CompareResults) -> list[str]:
    """Primary contrasts without a pair, and what else differs between connectome and control."""
    empty = [plain_measure(it.measure) for it in results.contrasts.primary if not it.n]
    lines = []
    if empty and any(net.trained for net in results.own_nets):
        lines.append(
            f"Not tested, because no pair has the numbers: {joined(empty)}. Holm's correction "
            "counts this as p = 1."
        )
    roles = Roles.of(results.config)
    further = roles.further_differences()
    if further and roles.connectome and roles.control:
        lines.append(
            f"{roles.connectome.name} and {roles.control.name} also differ in {joined(further)}: "
            "their contrasts are not those of the connections alone."
        )
    return lines


def _of_surveys(nets: Sequence[NetSystem]) -> list[str]:
    """Surveys in which cycles are missing, and those whose sum of the indices cannot tell."""
    complete = [(net.substrate, net.survey.complete) for net in nets if net.survey is not None]
    known = [value for _, value in complete if value is not None]
    missing = Counter(substrate for substrate, value in complete if value is False)
    unknown = Counter(substrate for substrate, value in complete if value is None)
    lines = []
    if missing:
        lines.append(
            f"{missing.total()} of {counted(len(known), 'survey')} "
            f"{'is' if missing.total() == 1 else 'are'} incomplete ({_by_name(missing)}): the "
            "indices of all cycles of a bounded map add up to 1, and these do not, so cycles are "
            "missing. Stable ones can be among them if their basins are small; see every network "
            "below."
        )
    if unknown:
        lines.append(
            f"In {counted(unknown.total(), 'survey')} ({_by_name(unknown)}) the map is not bounded "
            "or not continuous: the indices of its cycles may add up to any number, so whether "
            "cycles are missing is not known."
        )
    return lines


def _by_name(counts: Counter[str]) -> str:
    return joined([f"{n} of {name}" for name, n in counts.items()])


def _of_unproved(nets: Sequence[NetSystem]) -> list[str]:
    """Networks that count as not oscillating although some starts do not rest."""
    moving = [
        (net.name, net.intrinsic.n_unproved, net.intrinsic.n_starts)
        for net in nets
        if net.trained and not net.failed and not net.intrinsic.found and net.intrinsic.n_unproved
    ]
    if not moving:
        return []
    shown = joined([f"{name} ({k} of {n} starts)" for name, k, n in moving])
    return [
        f"In {counted(len(moving), 'network')} without a proved intrinsic cycle some starts do not "
        "come to rest with the reference off (chaos, tori, slow transients); "
        f"{'it counts' if len(moving) == 1 else 'they count'} as not oscillating: {shown}."
    ]


def _of_trainings(results: CompareResults) -> list[str]:
    """Networks that did not reach the loss, and those that did and did not learn."""
    section, nets = results.config.training, [net for net in results.own_nets if net.trained]
    lines = []
    failed = [net.name for net in nets if net.failed]
    if failed:
        lines.append(
            f"{counted(len(failed), 'training')} did not reach the loss of "
            f"{section.stop_below:g} in {section.steps} steps and "
            f"{'is' if len(failed) == 1 else 'are'} omitted from the contrasts: {joined(failed)}."
        )
    not_learned = [net.name for net in nets if not net.failed and net.learned is False]
    if not_learned:
        lines.append(
            f"{counted(len(not_learned), 'network')} reached the loss of {section.stop_below:g} in "
            "training, but with a loss on fresh trials that is not below a tenth of chance, and "
            f"{'is' if len(not_learned) == 1 else 'are'} part of the contrasts: "
            f"{joined(not_learned)}. A smaller stop_below omits such networks."
        )
    return lines


def _of_few_draws(tests: Sequence[OnsetTest]) -> list[str]:
    """Smallest p-value of the onsets, where the draws are too few for a significant one."""
    if not tests:
        return []
    n = min(test.n for test in tests)
    nulls = max(sum(same_worm(one, test) for one in tests) for test in tests)
    smallest = min(1.0, nulls / (1 + n))
    if smallest < ALPHA:
        return []
    after = " after Holm's correction" if nulls > 1 else ""
    return [
        f"Underpowered: {counted(n, 'draw')} from each null model cannot give a p of the onset "
        f"below {smallest:.2g}{after}, whatever the connectome does."
    ]


def _of_interim(sizes: InterimSizes) -> str:
    """How much of the run has finished."""
    parts = [
        f"{done} of {planned} {what}"
        for what, done, planned in (
            ("pairs of networks", sizes.pairs, sizes.planned_pairs),
            ("draws of every null model", sizes.draws, sizes.planned_draws),
            (
                "draws with stimulated pairs of sensory neurons",
                sizes.input_draws,
                sizes.planned_input_draws,
            ),
            (
                "draws with a width of the tongue",
                sizes.tongue_draws,
                sizes.planned_tongue_draws,
            ),
        )
        if planned
    ]
    omitted = f" Not analyzed yet: {joined(sizes.omitted)}." if sizes.omitted else ""
    return (
        f"Interim report: the run is unfinished. It contains {joined(parts)}.{omitted} Its "
        "p-values are those of this part; the size at which the run is to be judged was set before "
        "it."
    )


def _of_unforced(nets: Sequence[NetSystem]) -> list[str]:
    """What does not apply to networks on tasks without a reference."""
    tasks = list(dict.fromkeys(net.task for net in nets if not net.forced))
    if not tasks:
        return []
    return [
        f"{joined(tasks)} {'does' if len(tasks) == 1 else 'do'} not have a reference: networks are "
        "analyzed without one. Cycles under the reference, memories, index sum, the amplitude of "
        "the second memory, the tongue and the driven distance do not apply (n/a); the cycle that "
        "is compared with the worm's is the intrinsic one with the largest basin."
    ]


def _of_saved(results: CompareResults) -> list[str]:
    """What is not known of networks that were trained elsewhere."""
    nets = [net for net in results.saved_nets if net.trained]
    if not nets:
        return []
    lines = [
        "Networks that were trained elsewhere take no part in the primary contrasts. Those of two "
        "runs are paired by their numbers; whether they had the same initial weights and trials "
        "is not known, nor is how they were chosen."
    ]
    failed = [net.name for net in nets if net.failed]
    if failed:
        lines.append(
            f"{counted(len(failed), 'network')} did not learn the task (loss not below half of "
            "chance) and "
            f"{'is' if len(failed) == 1 else 'are'} omitted from medians and contrasts: "
            f"{joined(failed)}."
        )
    partly = [net.name for net in nets if net.learned is False and not net.failed]
    if partly:
        lines.append(
            f"Learned in part, with a loss between a tenth and half of chance: {joined(partly)}."
        )
    unknown = [net.name for net in nets if net.learned is None]
    if unknown:
        lines.append(f"Whether the task was learned is not known of {joined(unknown)}.")
    return lines
