"""Results of a run as sentences, made from its numbers alone."""

from collections.abc import Sequence
from statistics import median

from isochron.studies.compare.contrasts import (
    ALPHA,
    SHARE,
    PlannedContrast,
)
from isochron.studies.compare.descriptions import about_rest
from isochron.studies.compare.onsets import OnsetTest
from isochron.studies.compare.results import (
    CompareResults,
    NetSystem,
    WormSystem,
)
from isochron.studies.compare.table import (
    Group,
    format_interval,
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
    rest = [plain_measure(it.measure) for it in known if it not in decided]
    return f"{text} Not decided: {joined(rest)}." if rest else text


def _direction(it: PlannedContrast) -> str:
    """The measure and its direction; the mean difference has one where most pairs are equal."""
    larger = "larger" if (it.estimate or sum(a - b for a, b in it.pairs)) > 0 else "smaller"
    return f"{plain_measure(it.measure)} ({larger} {_where(it.first)} than {_where(it.second)})"


def plain_measure(measure: str) -> str:
    """A measure without its unit."""
    return measure.removesuffix(" (rad)")


def _of_onset(results: CompareResults) -> str:
    worm = results.worm
    test = _main_test(results)
    if test is None:
        return about_rest(worm) or (
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
    tests = [it for it in results.onset_tests if same_worm(it, test)]
    holm = f", {test.p_rhythm_holm:.2g} after Holm" if len(tests) > 1 else ""
    return (
        f"Worm: a rhythm starts in {test.dataset} at {current:.3g} nA; {lower} of {test.n} draws "
        f"from the null model {test.null_model} start one at this current or below (p = "
        f"{test.p_rhythm:.2g}{holm}), and {test.n_oscillatory} start one first at any current up "
        f"to {results.config.onset.largest_pA / 1e3:g} nA."
    )


def same_worm(one: OnsetTest, other: OnsetTest) -> bool:
    """Whether two tests are of one connectome with one leak."""
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
