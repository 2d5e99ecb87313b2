"""The tables of a comparison, as texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from isochron.analysis import permutation_p
from isochron.runs.null_models import NO_NULL
from isochron.runs.results import IntrinsicCycles, SurveyCounts, TongueEdges
from isochron.studies.compare.contrasts import PlannedContrast, n_cycles
from isochron.studies.compare.onsets import InputGroup, OnsetTest, short_names
from isochron.studies.compare.phase_order import AnimalOrder
from isochron.studies.compare.results import CompareResults, NetSystem, WormSystem
from isochron.studies.compare.tongue_widths import TongueGroup
from isochron.studies.compare.untrained import untrained_task
from isochron.wording import counted

NONE = "–"
NOT_APPLICABLE = "n/a"
Rows = list[tuple[str, ...]]
GROUP_COLUMNS = (
    *("network", "task", "reached the loss", "stable cycles under the reference"),
    *("before training", "intrinsic cycle", "second memory at amplitude"),
    *("distance to the worm (rad)", "of its ellipse", "surveys complete"),
    *("first harmonic of the phase response (%)", "driven distance to the worm"),
)
NET_COLUMNS = (
    *("network", "units", "weights", "loss", "steps", "stable cycles", "unstable", "memories"),
    *("index sum", "not entrained", "largest undetected basin", "intrinsic cycles (of starts)"),
    *("1:1 tongue (Hz)", "distance to the worm (rad)"),
    *("first harmonic of the phase response (%)", "weak tongue (Hz per unit of amplitude)"),
    *("driven distance to the worm", "between halves", "error of its model (%)"),
)
ONSET_COLUMNS = (
    *("connectome", "leak (nS)", "onset (nA)", "type", "period (s)", "null model"),
    *("draws that start with a rhythm", "of these subcritical", "median onset of the draws (nA)"),
    *("p, rhythm", "p after Holm", "p, any instability"),
)
INPUT_COLUMNS = (
    *("connectome", "leak (nS)", "pairs of sensory neurons", "pairs that start a rhythm"),
    *("null model", "in the draws", "p, more in the connectome", "the pairs"),
)
TONGUE_COLUMNS = (
    *("connectome", "leak (nS)", "period (s)", "width (% of the frequency)", "null model"),
    *("draws with a rhythm", "their width", "p, different width"),
)
ANIMAL_COLUMNS = (
    *("recording", "neurons", "minutes", "turns per minute", "p", "participation ratio"),
    *("labeled neurons of the model", "rank correlation of the order"),
)
CONTRAST_COLUMNS = ("measure", "first", "second", "pairs", "first − second", "95 % interval", "p")


@dataclass(frozen=True)
class Group:
    """The networks of one substrate and task, those before training apart."""

    substrate: str
    task: str
    trained: tuple[NetSystem, ...]
    untrained: tuple[NetSystem, ...]

    @property
    def reached(self) -> tuple[NetSystem, ...]:
        """Those that reached the loss; of other runs, all but those that did not learn."""
        return tuple(net for net in self.trained if not net.failed)

    @property
    def success(self) -> str:
        """Number of networks that reached the loss; that learned, if trained elsewhere."""
        if not self.trained or all(net.learned is None for net in self.trained):
            return NONE
        if self.trained[0].source is None:
            return f"{len(self.reached)} of {len(self.trained)}"
        return f"{sum(bool(net.learned) for net in self.trained)} of {len(self.trained)} learned"


def groups_of(results: CompareResults) -> list[Group]:
    """The groups, in the order of the configuration; then those of the runs elsewhere."""
    nets, config = results.own_nets, results.config
    before = {task.name: untrained_task(config, task).name for task in config.tasks}
    groups = [
        Group(
            substrate.name,
            task.name,
            tuple(
                it for it in nets
                if it.trained and (it.substrate, it.task) == (substrate.name, task.name)
            ),
            tuple(
                it for it in nets
                if not it.trained and (it.substrate, it.task) == (substrate.name, before[task.name])
            ),
        )
        for substrate in config.substrates
        for task in config.tasks
    ]  # fmt: skip
    return groups + _groups_of_runs(results.saved_nets)


def _groups_of_runs(nets: Sequence[NetSystem]) -> list[Group]:
    groups: dict[tuple[str, str], list[NetSystem]] = {}
    for net in nets:
        groups.setdefault((net.substrate, net.task), []).append(net)
    return [
        Group(
            substrate,
            task,
            tuple(net for net in members if net.trained),
            tuple(net for net in members if not net.trained),
        )
        for (substrate, task), members in groups.items()
    ]


def group_rows(results: CompareResults) -> Rows:
    """One row for each substrate and task."""
    return [_group_row(group) for group in groups_of(results)]


def _group_row(group: Group) -> tuple[str, ...]:
    nets = group.reached
    forced = not group.trained or any(net.forced for net in group.trained)
    known = [net.similarity for net in nets if net.similarity is not None]
    surveys = [net.survey for net in (*group.trained, *group.untrained) if net.survey is not None]
    return (
        group.substrate,
        group.task,
        group.success,
        spread([n_cycles(net) for net in nets], "g") if forced else NOT_APPLICABLE,
        spread([n_cycles(net) for net in group.untrained], "g"),
        f"{sum(net.intrinsic.found for net in nets)} of {len(nets)}" if nets else NONE,
        spread([it.second_memory_amplitude for it in nets], ".2f") if forced else NOT_APPLICABLE,
        spread([it.distance for it in known], ".3f"),
        spread([it.of_ellipse for it in known], ".3f"),
        n_complete(surveys),
        spread([percent_of_first_harmonic(net) for net in nets], ".0f"),
        spread([it.driven and it.driven.distance for it in nets], ".3f")
        if forced
        else NOT_APPLICABLE,
    )


def n_complete(surveys: Sequence[SurveyCounts]) -> str:
    """Number of complete surveys, of those whose sum of the indices must be 1."""
    known = [it.complete for it in surveys if it.complete is not None]
    return f"{sum(known)} of {len(known)}" if known else NOT_APPLICABLE


def percent_of_first_harmonic(system: NetSystem | WormSystem) -> float | None:
    """Share of the first harmonic in the phase response, in percent; None without one."""
    return None if system.weak_forcing is None else 100 * system.weak_forcing.first_harmonic


def spread(values: Iterable[float | None], form: str) -> str:
    """Median, and the range if there is one."""
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    middle, low, high = (format(f(known), form) for f in (np.median, min, max))
    return middle if low == high else f"{middle} ({low} to {high})"


def net_rows(nets: Sequence[NetSystem]) -> Rows:
    """One row for each network."""
    return [_net_row(net) for net in nets]


def _net_row(net: NetSystem) -> tuple[str, ...]:
    here = [row for row in net.tongue if row.found]
    return (
        net.name,
        str(net.n_units),
        str(net.n_weights),
        _loss(net),
        NONE if net.training is None else str(net.training.steps),
        *_under_reference(net),
        _intrinsic(net.intrinsic),
        format_tongue(here[-1]) if here else NONE,
        _number(net.similarity and net.similarity.distance, ".3f"),
        _number(percent_of_first_harmonic(net), ".0f"),
        _number(net.weak_forcing and net.weak_forcing.tongue_Hz, ".3g"),
        _number(net.driven and net.driven.distance, ".3f"),
        _number(net.driven and net.driven.between_halves, ".3f"),
        _number(net.driven and 100 * net.driven.held_out_error, ".0f"),
    )


def _under_reference(net: NetSystem) -> tuple[str, ...]:
    """Numbers and survey of the cycles under the reference."""
    if net.survey is None:
        return 6 * (NOT_APPLICABLE,)
    stable = len(net.stable_cycles)
    return (
        str(stable),
        str(len(net.limit_cycles) - stable),
        str(len(net.memories)),
        str(net.survey),
        f"{net.survey.n_not_entrained} of {net.survey.n_starts}",
        f"{100 * net.survey.undetected_basin_bound:.0f} %",
    )


def _intrinsic(found: IntrinsicCycles) -> str:
    """Number of intrinsic cycles, starts that reach them, and starts of which it is not known."""
    unproved = f", {found.n_unproved} unproved" if found.n_unproved else ""
    return f"{len(found.cycles)} ({found.n_oscillating} of {found.n_starts}{unproved})"


def _loss(net: NetSystem) -> str:
    loss, elsewhere = _number(net.loss, ".3f"), net.source is not None
    if net.trained and net.failed:
        return f"{loss}, {'not learned' if elsewhere else 'not reached'}"
    return f"{loss}, in part" if net.trained and elsewhere and net.learned is False else loss


def onset_rows(tests: Sequence[OnsetTest]) -> Rows:
    """One row for each connectome and null model."""
    names = short_names(test.dataset for test in tests)
    return [
        (
            names[test.dataset],
            f"{test.leak_nS:g}",
            _number(test.worm.current_pA and test.worm.current_pA / 1e3, ".3f"),
            str(test.worm),
            _number(test.worm.period_ms and test.worm.period_ms / 1e3, ".2f"),
            test.null_model,
            f"{test.n_oscillatory} of {test.n}",
            _number(test.n_subcritical, "d"),
            _number(test.median_pA and test.median_pA / 1e3, ".2f"),
            f"{test.p_rhythm:.3g}",
            f"{test.p_rhythm_holm:.3g}",
            f"{test.p_any:.3g}",
        )
        for test in tests
    ]


def input_rows(groups: Sequence[InputGroup]) -> Rows:
    """One row for each connectome whose pairs of sensory neurons were stimulated."""
    worms = [it for it in groups if it.null_model == NO_NULL]
    nulls = {it.dataset: it for it in groups if it.null_model != NO_NULL}
    names = short_names(nulls)
    return [
        _input_row(names[worm.dataset], worm, nulls[worm.dataset])
        for worm in worms
        if worm.dataset in nulls
    ]


def _input_row(name: str, worm: InputGroup, null: InputGroup) -> tuple[str, ...]:
    count = worm.counts[0]
    p_value = permutation_p(count, null.counts, alternative="greater").p_value
    return (
        name,
        f"{worm.leak_nS:g}",
        str(worm.n_pairs),
        str(count),
        f"{null.null_model}, {counted(len(null.counts), 'draw')}",
        spread(null.counts, "g"),
        f"{p_value:.3g}",
        " ".join(worm.rhythmic[0]) or NONE,
    )


def tongue_rows(groups: Sequence[TongueGroup]) -> Rows:
    """One row for each connectome whose tongue for a weak forcing was compared with draws."""
    nulls = {it.dataset: it for it in groups if it.null_model != NO_NULL}
    worms = [it for it in groups if it.null_model == NO_NULL]
    names = short_names(nulls)
    return [
        _tongue_row(names[worm.dataset], worm, nulls[worm.dataset])
        for worm in worms
        if worm.dataset in nulls
    ]


def _tongue_row(name: str, worm: TongueGroup, null: TongueGroup) -> tuple[str, ...]:
    period, n = worm.found[0].period_ms, len(null.widths)
    p_value = None
    if worm.widths and null.widths:
        p_value = permutation_p(worm.widths[0], null.widths, alternative="two-sided").p_value
    return (
        name,
        f"{worm.leak_nS:g}",
        _number(period and period / 1e3, ".2f"),
        f"{worm.widths[0]:.2f}" if worm.widths else f"{NONE} ({worm.found[0].remark})",
        null.null_model,
        f"{n} of {len(null.found)}",
        spread(null.widths, ".2f"),
        _number(p_value, ".3g"),
    )


def animal_rows(results: CompareResults) -> Rows:
    """One row for each recording."""
    orders = results.phase_order.animals if results.phase_order is not None else ()
    return [
        (
            animal.name,
            str(animal.n_neurons),
            f"{animal.duration_s / 60:.1f}",
            f"{animal.cycles_per_minute:.2f}",
            f"{animal.p_value:.3g}",
            f"{animal.participation_ratio:.1f}",
            str(orders[k].n_shared) if orders else NONE,
            _order(orders[k]) if orders else NONE,
        )
        for k, animal in enumerate(results.animals)
    ]


def _order(order: AnimalOrder) -> str:
    return f"omitted: {order.omitted}" if order.omitted else _number(order.correlation, ".2f")


def contrast_rows(contrasts: Sequence[PlannedContrast]) -> Rows:
    """One row for each contrast."""
    return [
        (
            it.measure,
            it.first,
            it.second,
            f"{it.n}{f', {it.n_omitted} omitted' if it.n_omitted else ''}",
            _number(it.estimate, ".3g"),
            format_interval(it),
            NONE if it.p_value is None else f"{it.p_value:.3g} ({it.corrected_p:.3g} corrected)",
        )
        for it in contrasts
    ]


def format_interval(contrast: PlannedContrast) -> str:
    """The interval of a contrast, or why there is none."""
    if contrast.interval is None:
        return contrast.remark or NONE
    low, high = contrast.interval
    return f"{low:.3g} to {high:.3g}"


def format_tongue(tongue: TongueEdges | None) -> str:
    """Edges of a tongue; ≤ and ≥ where the search ended before an edge."""
    if tongue is None or tongue.low_Hz is None or tongue.high_Hz is None:
        return NONE
    digits = 3 if tongue.high_Hz < 2 else 2
    low = f"{'≤ ' if tongue.low_open else ''}{tongue.low_Hz:.{digits}f}"
    high = f"{'≥ ' if tongue.high_open else ''}{tongue.high_Hz:.{digits}f}"
    return f"{low} – {high}"


def worm_rows(worm: WormSystem) -> Rows:
    """What was measured of the worm, one number in a row."""
    cycle = worm.stable_cycles[0] if worm.stable_cycles else None
    locking, dimensionality = worm.locking, worm.dimensionality
    return [
        ("connectome", worm.dataset or NONE),
        ("neurons", str(worm.n_units)),
        ("period (ms)", _number(cycle and cycle.period_ms, ".1f")),
        ("largest nontrivial |multiplier|",
         _number(cycle and cycle.largest_nontrivial_multiplier, ".3f")),
        ("1:1 tongue (Hz)", format_tongue(locking and locking.tongue)),
        ("variance in 2 components",
         _number(dimensionality and dimensionality.variance_in_2_components, ".3f")),
        ("first harmonic of the phase response (%)",
         _number(percent_of_first_harmonic(worm), ".0f")),
        ("weak tongue (Hz/pA)", _number(worm.weak_forcing and worm.weak_forcing.tongue_Hz, ".3g")),
        ("driven, between halves", _number(worm.driven and worm.driven.between_halves, ".3f")),
        ("driven, distance of a passive filter",
         _number(worm.driven and worm.driven.of_filter, ".3f")),
        ("fixed points, stable", f"{len(worm.fixed_points)}, {len(worm.stable_points)}"),
    ]  # fmt: skip


def format_results(results: CompareResults) -> str:
    """The answer and the tables for a terminal."""
    from isochron.studies.compare.caveats import caveats
    from isochron.studies.compare.claims import answer

    parts = ["\n".join(answer(results))]
    parts += [align(columns, rows) for columns, rows in (
        (ONSET_COLUMNS, onset_rows(results.onset_tests)),
        (GROUP_COLUMNS, group_rows(results)),
        (CONTRAST_COLUMNS, contrast_rows(results.contrasts.primary)),
    ) if rows]  # fmt: skip
    return "\n\n".join([*parts, "\n".join(caveats(results))])


def align(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal: a block of lines for each row if it is wide."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    if sum(widths) + 2 * len(widths) <= 100:
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (columns, *rows)]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
    first = max(map(len, columns))
    blocks = (
        "\n".join(f"{name.ljust(first)}  {cell}" for name, cell in zip(columns, row, strict=True))
        for row in rows
    )
    return "\n\n".join(blocks)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)
