"""Results of a run as sentences, made from its numbers alone."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from isochron.studies.compare.animal_claims import describe_animals
from isochron.studies.compare.contrasts import (
    ALPHA,
    PLANTED,
    SHARE,
    PlannedContrast,
    Roles,
    pairs_for_power,
)
from isochron.studies.compare.onsets import OnsetTest
from isochron.studies.compare.results import (
    CompareResults,
    InterimSizes,
    NetSystem,
    WormSystem,
)
from isochron.studies.compare.table import (
    NONE,
    Group,
    format_interval,
    format_tongue,
    groups_of,
    percent_of_first_harmonic,
)
from isochron.studies.compare.triangle_report import describe_triangle
from isochron.studies.entries import UNKNOWN_TASK
from isochron.wording import counted, joined

REWIRED = "rewire"


def answer(results: CompareResults) -> list[str]:
    """The answer in a few words, then in sentences: the connectome, trained networks, runs."""
    runs = [_of_runs(results)] if results.saved_nets else []
    trained = [_of_training(results)] if results.config.substrates or not runs else []
    return [_verdict(results), _of_onset(results), *trained, *runs]


def _verdict(results: CompareResults) -> str:
    """What the primary contrasts decide after Holm's correction."""
    known = [it for it in results.contrasts.primary if it.n]
    if not known:
        return "No answer: this run does not contain the pairs of networks that the question needs."
    decided = [it for it in known if it.corrected_p is not None and it.corrected_p < ALPHA]
    if not decided:
        return (
            "Not decided by this run: none of its differences between networks is significant "
            "after Holm's correction."
        )
    text = f"Different after Holm's correction: {joined([_direction(it) for it in decided])}."
    rest = [_plain(it.measure) for it in known if it not in decided]
    return f"{text} Not decided: {joined(rest)}." if rest else text


def _direction(it: PlannedContrast) -> str:
    """The measure and its direction; the mean difference has one where most pairs are equal."""
    larger = "larger" if (it.estimate or sum(a - b for a, b in it.pairs)) > 0 else "smaller"
    return f"{_plain(it.measure)} ({larger} {_where(it.first)} than {_where(it.second)})"


def _plain(measure: str) -> str:
    return measure.removesuffix(" (rad)")


def _of_onset(results: CompareResults) -> str:
    worm = results.worm
    test = _main_test(results)
    if test is None:
        return _about_rest(worm) or (
            f"The rhythm of {worm.dataset} was not compared with null models in this run."
        )
    if not test.worm.oscillates:
        return (
            f"The equilibrium of {test.dataset} does not lose its stability in a rhythm up to "
            f"{results.config.onset.largest_pA / 1e3:g} nA; "
            f"{test.n_oscillatory} of {test.n} draws from {test.null_model} do."
        )
    current = (test.worm.current_pA or 0) / 1e3
    lower = round((1 + test.n) * test.p_rhythm) - 1
    tests = [it for it in results.onset_tests if _same_worm(it, test)]
    holm = f", {test.p_rhythm_holm:.2g} after Holm" if len(tests) > 1 else ""
    return (
        f"Worm: a rhythm starts in {test.dataset} at {current:.3g} nA; {lower} of {test.n} draws "
        f"from the null model {test.null_model} start one at this current or below (p = "
        f"{test.p_rhythm:.2g}{holm}), and {test.n_oscillatory} start one first at any current up "
        f"to {results.config.onset.largest_pA / 1e3:g} nA."
    )


def _same_worm(one: OnsetTest, other: OnsetTest) -> bool:
    return (one.dataset, one.leak_nS) == (other.dataset, other.leak_nS)


def _main_test(results: CompareResults) -> OnsetTest | None:
    tests = [it for it in results.onset_tests if it.dataset == results.config.worm.dataset]
    tests = tests or list(results.onset_tests)
    return min(tests, key=lambda it: it.null_model != REWIRED) if tests else None


def _of_training(results: CompareResults) -> str:
    parts = [_sentence_part(it) for it in results.contrasts.primary if it.n]
    if not parts:
        return f"Networks: {_why_no_contrast(results)}."
    return f"Networks: {'; '.join(parts)}."


def _why_no_contrast(results: CompareResults) -> str:
    trained = [net for net in results.own_nets if net.trained]
    if not trained:
        return "none were trained in this run"
    if all(net.failed for net in trained):
        return "no trained network reached the loss"
    if not results.contrasts.primary:
        return "the configuration does not have those that the primary contrasts compare"
    return "no pair of trained networks has the numbers that the primary contrasts compare"


def _of_runs(results: CompareResults) -> str:
    """What was found in networks that were trained elsewhere."""
    groups = [it for it in groups_of(results) if it.reached and it.reached[0].source is not None]
    if not groups:
        return "Trained elsewhere: no network learned its task."
    return f"Trained elsewhere: {'; '.join(map(_group_part, groups))}."


def _group_part(group: Group) -> str:
    nets = group.reached
    task = "" if group.task == UNKNOWN_TASK else f" on {group.task}"
    distances = [net.similarity.distance for net in nets if net.similarity is not None]
    distance = f", distance to the worm's cycle {median(distances):.2g} rad" if distances else ""
    return (
        f"{group.substrate}{task} ({counted(len(nets), 'network')}) has a median of "
        f"{median(len(net.stable_cycles) for net in nets):g} stable entrained cycles and "
        f"oscillates without the reference in {sum(net.intrinsic.found for net in nets)} of "
        f"{len(nets)}{distance}"
    )


def _sentence_part(it: PlannedContrast) -> str:
    columns = list(zip(*it.pairs, strict=True))
    means = [f"{sum(column) / it.n:.2g}" for column in columns]
    mean, kind = ("", "") if it.measure == SHARE else (" on average", "Hodges-Lehmann ")
    interval = f"95 % interval {format_interval(it)}" if it.interval else "too few for an interval"
    return (
        f"{it.measure} {means[0]} {_where(it.first)} and {means[1]} {_where(it.second)}{mean} "
        f"({kind}difference {it.estimate:.2g}, {interval}, {counted(it.n, 'pair')}, "
        f"p = {it.p_value:.2g}, {it.corrected_p:.2g} after Holm)"
    )


def _where(group: str) -> str:
    return f"if {group}" if group.startswith("trained") else f"for {group}"


def explorations(results: CompareResults) -> list[str]:
    """What was measured without a primary contrast; each sentence calls itself exploratory."""
    nets = [net for net in results.nets if net.trained and not net.failed]
    texts = (
        describe_triangle(results),
        _of_responses(results.worm, nets),
        _of_driven(results.worm, nets),
    )
    return [text for text in texts if text]


def _of_responses(worm: WormSystem, nets: Sequence[NetSystem]) -> str:
    known = [it for it in map(percent_of_first_harmonic, nets) if it is not None]
    if not known:
        return ""
    own = percent_of_first_harmonic(worm)
    return (
        f"Exploratory: in the intrinsic cycles of {counted(len(known), 'trained network')} the "
        f"first harmonic is {_range(known, '.0f')} % of the phase response to the input of the "
        f"reference{'' if own is None else f', in the worm {own:.0f} %'}."
    )


def _of_driven(worm: WormSystem, nets: Sequence[NetSystem]) -> str:
    known = [net.driven.distance for net in nets if net.driven is not None]
    if not known or worm.driven is None:
        return ""
    nearer = sum(value < worm.driven.of_filter for value in known)
    return (
        f"Exploratory: under an irregular reference the distance to the driven worm is "
        f"{_range(known, '.3f')} in {counted(len(known), 'trained network')}; {nearer} of them "
        f"are nearer than a passive filter ({worm.driven.of_filter:.3f}). Two halves of the worm "
        f"differ by {worm.driven.between_halves:.3f}."
    )


def _range(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


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
    empty = [_plain(it.measure) for it in results.contrasts.primary if not it.n]
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
    nulls = max(sum(_same_worm(one, test) for one in tests) for test in tests)
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


def describe_worm(worm: WormSystem) -> str:
    """The worm in a few sentences."""
    rests = worm.stable_points
    rest = f" At {rests[0].condition} it rests at a stable fixed point." if rests else ""
    if worm.resting:
        return _about_rest(worm)
    locking = worm.locking
    if not worm.stable_cycles or locking is None:
        return f"The worm: no stable limit cycle was found ({worm.notes[0]}).{rest}"
    cycle = worm.limit_cycles[0]
    return (
        f"Under {cycle.condition} the worm has a stable limit cycle with a period of "
        f"{cycle.period_ms / 1e3:.3f} s; its largest nontrivial |multiplier| is "
        f"{cycle.largest_nontrivial_multiplier:.3f}. {cycle.n_starts_arrived} of "
        f"{cycle.n_starts} random initial states converge to it.{rest} A reference of "
        f"{locking.reference_amplitude:g} pA locks it 1:1 at {format_tongue(locking.tongue)} Hz."
        f"{_about_weak_forcing(worm, 'Hz/pA')}"
    )


def _about_weak_forcing(system: WormSystem | NetSystem, unit: str) -> str:
    """Phase response of an intrinsic cycle; empty without one."""
    weak = system.weak_forcing
    if weak is None:
        return ""
    return (
        f" The first harmonic is {100 * weak.first_harmonic:.0f} % of the phase response to the "
        f"input of the reference; a weak reference locks it 1:1 in a range of "
        f"{weak.tongue_Hz:.3g} {unit}."
    )


def _about_rest(worm: WormSystem) -> str:
    if not worm.resting:
        return ""
    return f"The worm does not have a limit cycle. {worm.notes[0]}"


def describe_net(net: NetSystem) -> str:
    """One network in a few sentences."""
    parts = [_about_training(net)]
    parts.append(_about_cycles(net))
    intrinsic = net.intrinsic
    if intrinsic.found:
        shown = joined([f"{1e3 / cycle.period_ms:.2f} Hz" for cycle in intrinsic.cycles])
        parts.append(
            f"With the reference off it oscillates at {shown}, from {intrinsic.n_oscillating} of "
            f"{intrinsic.n_starts} starts."
            f"{_about_weak_forcing(net, 'Hz for each unit of its amplitude')}"
        )
    else:
        parts.append(
            f"With the reference off no oscillation was proved from {intrinsic.n_starts} starts."
        )
    if net.driven is not None:
        parts.append(
            f"Under an irregular reference its distance to the driven worm is "
            f"{net.driven.distance:.3f} ({net.driven.between_halves:.3f} between two halves)."
        )
    return " ".join([*parts, *net.notes])


def _about_cycles(net: NetSystem) -> str:
    """The cycles under the reference, or that there is none."""
    if not net.forced:
        return "Its task does not have a reference, so it is analyzed without one."
    stable = net.stable_cycles
    phases = ", ".join(f"{phase:.3f}" for phase in net.memories) or NONE
    return (
        f"Under the reference: {counted(len(stable), 'stable entrained cycle')} with "
        f"{counted(len(net.memories), 'output phase')} ({phases} cycles), "
        f"{counted(len(net.limit_cycles) - len(stable), 'unstable one')}; index sum {net.survey}."
    )


def _about_learning(net: NetSystem) -> str:
    """Whether a network that was trained elsewhere did not learn or learned in part."""
    if not net.failed and net.learned is not False:
        return ""
    return " It did not learn the task." if net.failed else " It learned the task in part."


def _about_training(net: NetSystem) -> str:
    """Loss of a network, and whether it is that of a trained one."""
    loss = "Loss not known" if net.loss is None else f"Loss {net.loss:.3f}"
    text = f"{loss}, chance {net.chance:g}." if net.chance is not None else f"{loss}."
    if not net.trained:
        return f"Before training; {text[0].lower()}{text[1:]}"
    if net.source is not None:
        kind = (
            "Its task is not known."
            if net.task == UNKNOWN_TASK
            else f"Trained elsewhere on {net.task}."
        )
        return f"{kind} {text}{_about_learning(net)}"
    if net.failed and net.training is not None:
        learned = "learned the task, but did" if net.learned else "did not learn the task and did"
        return f"{text} It {learned} not reach the loss in {net.training.steps} steps."
    return text
