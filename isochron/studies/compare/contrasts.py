"""The statistics of a comparison: three contrasts that are fixed beforehand, and exploration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from isochron.analysis import (
    Contrast,
    benjamini_hochberg,
    holm,
    mcnemar_test,
    paired_contrast,
    power_of_mcnemar,
)
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.untrained import untrained_task
from isochron.studies.entries import UNKNOWN_TASK, Substrate, Task

if TYPE_CHECKING:
    from isochron.studies.compare.results import NetSystem

N_PRIMARY = 3
PLANTED = (0.6, 0.15)  # shares of networks with an intrinsic cycle, for the power of a run
ALPHA = 0.05
SHARE = "share that oscillates without the reference"
HARMONIC = "share of the first harmonic in the phase response of the intrinsic cycle"
DRIVEN = "distance of the driven network to the driven worm"
DISTANCE = "distance of the cycle to the worm's (rad)"
NO_PAIR = "In no pair do both networks have this number and reach the loss."
Measure = Callable[["NetSystem"], float | None]


@dataclass(frozen=True, kw_only=True)
class PlannedContrast:
    """A difference between two groups of networks of the same pairs.

    Attributes
    ----------
    measure, first, second : str
        What is compared, and the two groups in words.
    pairs : tuple of (float, float)
        Values of each pair in which both networks reached the loss.
    n_omitted : int
        Number of pairs in which one did not, or does not have the measure.
    estimate : float or None
        First minus second; None without a pair.
    interval : tuple of (float, float) or None
    p_value, corrected_p : float or None
        By Holm for primary contrasts, by Benjamini and Hochberg for the others.
    method, remark : str
    """

    measure: str
    first: str
    second: str
    pairs: tuple[tuple[float, float], ...]
    n_omitted: int
    estimate: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    corrected_p: float | None
    method: str
    remark: str

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.pairs)


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """All contrasts of a run.

    Attributes
    ----------
    primary : tuple of PlannedContrast
        Fixed before the run.
    exploratory : tuple of PlannedContrast
        Others, and runs that were trained elsewhere, two by two.
    power, power_after_holm : float or None
        Probability that as many pairs as the contrast of intrinsic cycles has find shares of 0.6
        and 0.15 different at 5 %, alone and as the first of three contrasts.
    missing : tuple of str
        Primary contrasts for which the configuration does not have the networks or tasks.
    """

    primary: tuple[PlannedContrast, ...]
    exploratory: tuple[PlannedContrast, ...]
    power: float | None
    power_after_holm: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Roles:
    """The entries of a configuration that the primary contrasts compare; None if missing."""

    connectome: Substrate | None
    control: Substrate | None
    memory: Task | None
    no_memory: Task | None

    @classmethod
    def of(cls, config: CompareConfig) -> "Roles":
        """The first connectome, its first rewired control, and the tasks by their kinds.

        The control is on the same data set: that of a different one would differ in more than
        where the connections are.
        """
        worm = next((it for it in config.substrates if it.dataset and not it.is_null), None)
        nulls = [
            it for it in config.substrates
            if worm and it.is_null and (it.kind, it.dataset) == (worm.kind, worm.dataset)
        ]  # fmt: skip
        nulls.sort(key=lambda it: it.null_model != "rewire")
        tasks = {task.kind: task for task in reversed(config.tasks)}
        return cls(
            connectome=worm,
            control=nulls[0] if nulls else None,
            memory=tasks.get("phase-memory"),
            no_memory=tasks.get("fixed-phase"),
        )

    def further_differences(self) -> list[str]:
        """Settings other than the null model in which connectome and control differ."""
        if self.connectome is None or self.control is None:
            return []
        one, other = (
            {"signs": it.signs, "learning_rate": it.learning_rate, **it.settings}
            for it in (self.connectome, self.control)
        )
        return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def n_cycles(net: "NetSystem") -> float | None:
    """Number of stable entrained cycles; None if it was analyzed without a reference."""
    return float(len(net.stable_cycles)) if net.forced else None


def has_intrinsic_cycle(net: "NetSystem") -> float:
    """1 if the network oscillates without the reference."""
    return float(net.intrinsic.found)


def distance_to_worm(net: "NetSystem") -> float | None:
    """Distance of the cycle to that of the worm, in radians."""
    return None if net.similarity is None else net.similarity.distance


def share_of_first_harmonic(net: "NetSystem") -> float | None:
    """Share of the first harmonic in the phase response; None without an intrinsic cycle."""
    return None if net.weak_forcing is None else net.weak_forcing.first_harmonic


def driven_distance(net: "NetSystem") -> float | None:
    """Distance to the worm under an irregular reference."""
    return None if net.driven is None else net.driven.distance


def find_contrasts(config: CompareConfig, nets: Sequence["NetSystem"]) -> Contrasts:
    """All contrasts of a run, with their corrections."""
    roles, table = Roles.of(config), _Table([net for net in nets if net.source is None])
    primary, missing = [], []
    for words, made in (
        ("entrained cycles by task", _by_task(config, roles, table)),
        ("intrinsic cycles by connectome", _by_connectome(roles, table, "intrinsic cycle")),
        ("distance to the worm by connectome", _by_connectome(roles, table, "distance")),
    ):
        primary.append(made) if made is not None else missing.append(words)
    exploratory = _explore(config, roles, table)
    exploratory += _explore_runs([net for net in nets if net.source is not None])
    n, few = pairs_for_power(config, primary), bool(missing)
    return Contrasts(
        primary=_corrected(primary, holm),
        exploratory=_corrected(exploratory, benjamini_hochberg),
        power=None if few or not n else power_of_mcnemar(*PLANTED, n, ALPHA),
        power_after_holm=None if few or not n else power_of_mcnemar(*PLANTED, n, ALPHA / N_PRIMARY),
        missing=tuple(missing),
    )


def pairs_for_power(config: CompareConfig, primary: Sequence[PlannedContrast]) -> int:
    """Number of pairs in the contrast of intrinsic cycles; that of the configuration before it."""
    counts = [it.n for it in primary if it.measure == SHARE and it.n]
    return counts[0] if counts else config.training.pairs


class _Table:
    """Networks by substrate, task, pair and training."""

    def __init__(self, nets: Sequence["NetSystem"]) -> None:
        self._nets = {(it.substrate, it.task, it.pair, it.trained): it for it in nets}
        self.pairs = sorted({it.pair for it in nets})

    def value(
        self, substrate: str, task: str, pair: int, measure: Measure, *, trained: bool = True
    ) -> float | None:
        net = self._nets.get((substrate, task, pair, trained))
        if net is None or (trained and net.failed):
            return None
        return measure(net)


def _by_task(config: CompareConfig, roles: Roles, table: _Table) -> PlannedContrast | None:
    """Stable entrained cycles: the memory of a phase minus no memory, mean over substrates.

    Networks of a pair have the same cycles before training, so this is the difference of the
    numbers that training adds.
    """
    if roles.memory is None or roles.no_memory is None or not config.substrates:
        return None
    pairs = []
    for pair in table.pairs:
        both = [
            [table.value(it.name, task.name, pair, n_cycles) for it in config.substrates]
            for task in (roles.memory, roles.no_memory)
        ]
        known = [(a, b) for a, b in zip(*both, strict=True) if a is not None and b is not None]
        means = [sum(column) / len(known) for column in zip(*known, strict=True)]
        pairs.append(tuple(means) if known else (None, None))
    return _contrast("stable entrained cycles",
                     f"trained on {roles.memory.name}", f"trained on {roles.no_memory.name}",
                     pairs)  # fmt: skip


def _by_connectome(roles: Roles, table: _Table, what: str) -> PlannedContrast | None:
    if roles.connectome is None or roles.control is None or roles.memory is None:
        return None
    intrinsic = what == "intrinsic cycle"
    measure = has_intrinsic_cycle if intrinsic else distance_to_worm
    words = SHARE if intrinsic else DISTANCE
    return _of_substrates(table, words, measure, roles.connectome, roles.control, roles.memory,
                          binary=intrinsic)  # fmt: skip


def _of_substrates(
    table: _Table, words: str, measure: Measure, first: Substrate, second: Substrate, task: Task,
    *, binary: bool = False,
) -> PlannedContrast:  # fmt: skip
    pairs = _pairs(table, measure, (first.name, second.name), task.name)
    return _contrast(words, first.name, second.name, pairs, binary=binary)


def _explore(config: CompareConfig, roles: Roles, table: _Table) -> list[PlannedContrast]:
    """After against before training; cycles against ellipses; connectome against controls."""
    found = [
        _by_training(config, table, substrate, task)
        for substrate in config.substrates
        for task in config.tasks
    ]
    if roles.memory is not None:
        found += [_beyond_ellipse(table, it, roles.memory) for it in config.substrates]
        if roles.connectome is not None:
            found += _by_other_controls(config, roles.connectome, roles, table)
    return [it for it in found if it.n]


def _by_training(
    config: CompareConfig, table: _Table, substrate: Substrate, task: Task
) -> PlannedContrast:
    """Untrained networks of a pair are shared by tasks of the same sizes."""
    first = untrained_task(config, task).name
    pairs = [
        (
            table.value(substrate.name, task.name, pair, n_cycles),
            table.value(substrate.name, first, pair, n_cycles, trained=False),
        )
        for pair in table.pairs
    ]
    return _contrast(f"stable entrained cycles of {substrate.name}, {task.name}",
                     "after training", "before training", pairs)  # fmt: skip


def _by_other_controls(
    config: CompareConfig, worm: Substrate, roles: Roles, table: _Table
) -> list[PlannedContrast]:
    assert roles.memory is not None
    found = []
    for other in config.substrates:
        measures: list[tuple[str, Measure]] = [
            ("amplitude at which a second memory appears", _second_memory),
            (HARMONIC, share_of_first_harmonic),
            (DRIVEN, driven_distance),
        ]
        if other != roles.control:
            measures += [(SHARE, has_intrinsic_cycle), (DISTANCE, distance_to_worm)]
        for words, measure in measures if other != worm else ():
            found.append(_of_substrates(table, words, measure, worm, other, roles.memory,
                                        binary=measure is has_intrinsic_cycle))  # fmt: skip
    return found


def _beyond_ellipse(table: _Table, substrate: Substrate, task: Task) -> PlannedContrast:
    """Whether the shape of a cycle is nearer to the worm's than an ellipse of its proportion."""
    pairs = [
        tuple(
            table.value(substrate.name, task.name, pair, measure)
            for measure in (distance_to_worm, _distance_of_ellipse)
        )
        for pair in table.pairs
    ]
    return _contrast(f"distance to the worm's cycle (rad), {substrate.name}, {task.name}",
                     "its cycle", "its ellipse", pairs)  # fmt: skip


def _distance_of_ellipse(net: "NetSystem") -> float | None:
    return None if net.similarity is None else net.similarity.of_ellipse


def _explore_runs(nets: Sequence["NetSystem"]) -> list[PlannedContrast]:
    """Runs that were trained elsewhere, two by two: their networks on a task, pair by number."""
    measures: list[tuple[str, Measure, bool]] = [
        ("stable entrained cycles", n_cycles, False),
        (SHARE, has_intrinsic_cycle, True),
        (DISTANCE, distance_to_worm, False),
        (HARMONIC, share_of_first_harmonic, False),
        (DRIVEN, driven_distance, False),
    ]
    found = []
    for task in dict.fromkeys(net.task for net in nets if net.task != UNKNOWN_TASK):
        here = [net for net in nets if net.task == task and net.trained]
        for first, second in combinations(dict.fromkeys(net.substrate for net in here), 2):
            table = _Table([net for net in here if net.substrate in (first, second)])
            found += [
                _contrast(f"{words} after training on {task}", first, second,
                          _pairs(table, measure, (first, second), task), binary=binary)
                for words, measure, binary in measures
            ]  # fmt: skip
    return [it for it in found if it.n]


def _pairs(
    table: _Table, measure: Measure, substrates: tuple[str, str], task: str
) -> list[tuple[float | None, ...]]:
    return [
        tuple(table.value(name, task, pair, measure) for name in substrates) for pair in table.pairs
    ]


def _second_memory(net: "NetSystem") -> float | None:
    return net.second_memory_amplitude


def _contrast(
    measure: str, first: str, second: str, pairs: Sequence[tuple], *, binary: bool = False
) -> PlannedContrast:
    known = tuple((float(a), float(b)) for a, b in pairs if a is not None and b is not None)
    result = _test(known, binary=binary) if known else None
    return PlannedContrast(
        measure=measure,
        first=first,
        second=second,
        pairs=known,
        n_omitted=len(pairs) - len(known),
        estimate=result and result.estimate,
        interval=result and result.interval,
        p_value=result and result.p_value,
        corrected_p=None,
        method=result.method if result else "",
        remark=result.remark if result else NO_PAIR,
    )


def _test(pairs: Sequence[tuple[float, float]], *, binary: bool) -> Contrast:
    first, second = zip(*pairs, strict=True)
    if binary:
        return mcnemar_test([bool(x) for x in first], [bool(x) for x in second])
    return paired_contrast(first, second)


def _corrected(
    contrasts: Sequence[PlannedContrast], correct: Callable
) -> tuple[PlannedContrast, ...]:
    """The contrasts with corrected p-values; one without a pair counts as a test with p = 1."""
    p_values = [1.0 if it.p_value is None else it.p_value for it in contrasts]
    corrected = correct(p_values) if p_values else ()
    return tuple(
        it if it.p_value is None else replace(it, corrected_p=float(value))
        for it, value in zip(contrasts, corrected, strict=True)
    )
