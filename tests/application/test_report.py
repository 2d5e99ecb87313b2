"""The sentences and tables of a comparison follow its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from isochron.analysis import power_of_mcnemar
from isochron.runs.provenance import find_provenance
from isochron.runs.results import (
    Dimensionality,
    FixedPointFound,
    FreeRunning,
    IntrinsicCycles,
    Locking,
    NetworkCycle,
    SurveyCounts,
    TongueEdges,
    TongueRow,
    TrainingRecord,
    extended,
    from_json_values,
    to_json_values,
)
from isochron.studies.compare.animals import AnimalRhythm
from isochron.studies.compare.caveats import caveats
from isochron.studies.compare.claims import answer, explorations
from isochron.studies.compare.configuration import CompareConfig, TrainingSection
from isochron.studies.compare.contrasts import find_contrasts
from isochron.studies.compare.descriptions import describe_net, describe_worm
from isochron.studies.compare.driven import DrivenSimilarity, DrivenWorm
from isochron.studies.compare.group_figures import draw_groups
from isochron.studies.compare.onsets import InputGroup, OnsetFound, OnsetGroup, compare_onsets
from isochron.studies.compare.phase_order import AnimalOrder, OrderComparison
from isochron.studies.compare.report import main_systems
from isochron.studies.compare.results import (
    CompareProvenance,
    CompareResults,
    InterimSizes,
    NetSystem,
    WormCycle,
    WormSystem,
)
from isochron.studies.compare.similarity import Similarity
from isochron.studies.compare.table import (
    ANIMAL_COLUMNS,
    GROUP_COLUMNS,
    NET_COLUMNS,
    animal_rows,
    format_results,
    group_rows,
    input_rows,
    net_rows,
    onset_rows,
    worm_rows,
)
from isochron.studies.compare.weak_forcing import WeakForcing

WORM = WormSystem(
    name="worm",
    n_units=279,
    dataset="varshney2011",
    seed=0,
    resting=False,
    fixed_points=(
        FixedPointFound(
            condition="constant 1000 pA",
            stable=True,
            residual=1e-12,
            leading_eigenvalue=(-0.01, 0.0),
            n_starts=2,
        ),
    ),
    limit_cycles=(
        WormCycle(
            condition="constant 2000 pA",
            period_ms=1808.3,
            stable=True,
            residual=1e-9,
            multipliers=((0.897, 0.0),),
            multiplier_periods=1,
            largest_nontrivial_multiplier=0.897,
            output_phase_cycles=None,
            how_found="shooting",
            checks={},
            n_starts=6,
            n_starts_arrived=6,
        ),
    ),
    locking=Locking(
        plv=0.999,
        plv_uncoupled=0.32,
        reference_amplitude=5.0,
        reference_frequency_Hz=0.542,
        amplitude_unit="pA",
        noise="none",
        tongue=TongueEdges(low_Hz=0.523, high_Hz=0.591, low_open=False, high_open=False),
        tongue_by_amplitude=(),
    ),
    dimensionality=Dimensionality(variance_in_2_components=0.997, participation_ratio=1.46),
    free_running=FreeRunning(oscillates=True, amplitude=1.0, frequency_Hz=0.553),
    notes=("shooting",),
    weak_forcing=WeakForcing(first_harmonic=0.82, tongue_Hz=0.0208, amplitude_of_tenth=0.53),
    driven=DrivenWorm(between_halves=0.007, of_filter=0.088),
)


def net(
    substrate="connectome",
    task="phase-memory",
    pair=0,
    *,
    reached=True,
    trained=True,
    phases=(0.4, 0.9),
    index_sum=1,
    source=None,
) -> NetSystem:
    loss = 0.015 if reached else 0.5
    return NetSystem(
        name=f"{substrate}-{task}-{pair}{'' if trained else '-untrained'}",
        substrate=substrate,
        task=task,
        pair=pair,
        trained=trained,
        n_units=279,
        n_weights=2990,
        dataset="varshney2011",
        seed=0,
        loss=loss,
        standard_error=0.001,
        chance=0.5,
        learned=reached,
        reached_loss=reached and trained if source is None else None,
        source=source,
        fixed_points=(),
        limit_cycles=tuple(
            NetworkCycle(
                condition="reference",
                period_ms=120.0,
                stable=True,
                residual=1e-9,
                multipliers=((0.2, 0.0),),
                multiplier_periods=1,
                largest_nontrivial_multiplier=0.2,
                output_phase_cycles=phase,
                output_amplitude=1.0,
                how_found="",
                checks={},
            )
            for phase in phases
        ),
        memories=tuple(phases),
        second_memory_amplitude=0.35 if len(phases) > 1 else None,
        dimensionality=None,
        survey=SurveyCounts(
            n_starts=48, n_not_entrained=0, undetected_basin_bound=0.06, index_sum=index_sum,
            bounded=True,
        ),
        intrinsic=IntrinsicCycles(
            n_starts=64, n_resting=64, n_unproved=0, n_diverged=0, undetected_basin_bound=0.05,
            cycles=(),
        ),
        tongue=(
            TongueRow(low_Hz=7.0, high_Hz=16.0, low_open=False, high_open=True, amplitude=1.0,
                      resolution_Hz=0.04),
        ),
        similarity=Similarity(distance=0.25, of_ellipse=0.26),
        weak_forcing=WeakForcing(first_harmonic=0.93, tongue_Hz=0.74, amplitude_of_tenth=1.1),
        driven=DrivenSimilarity(distance=0.072, between_halves=0.005, held_out_error=0.04),
        notes=(),
        training=TrainingRecord(steps=400, losses=(0.5,), loss=loss, standard_error=0.001),
    )  # fmt: skip


def onset(current, kind="oscillatory"):
    return OnsetFound(kind=kind, current_pA=current, period_ms=2263.0, supercritical=True)


INPUTS = tuple(
    InputGroup(dataset="varshney2011", null_model=null, leak_nS=0.01, n_pairs=39, rhythmic=found)
    for null, found in (
        ("none", (("PLM", "ADF"),)),
        ("rewire", (("PLM",), (), ("ALM", "ASH", "AWA"))),
    )
)


def comparison(nets=(), draws=(2000.0, 3000.0, 4000.0), *, worm=WORM, pairs=6) -> CompareResults:
    full, training = CompareConfig.quick(), TrainingSection(pairs=pairs)
    config = replace(full, training=training)
    groups = (
        OnsetGroup(
            dataset="varshney2011", null_model="none", leak_nS=0.01, onsets=(onset(1245.0),)
        ),
        OnsetGroup(
            dataset="varshney2011", null_model="rewire", leak_nS=0.01,
            onsets=tuple(map(onset, draws)),
        ),
    )  # fmt: skip
    return CompareResults(
        schema=2,
        question="?",
        provenance=extended(find_provenance(), CompareProvenance, config=config, seeds={}),
        systems=(worm, *nets),
        onsets=groups,
        onset_tests=compare_onsets(groups),
        inputs=INPUTS,
        contrasts=find_contrasts(config, nets),
        animals=(
            AnimalRhythm(
                name="synthetic", synthetic=True, n_neurons=12, duration_s=599.0,
                cycles_per_minute=1.5, p_value=0.005, remark="", participation_ratio=2.0,
            ),
        ),
        timings={},
    )  # fmt: skip


ONSET = OnsetFound(kind="oscillatory", current_pA=1e3, period_ms=2e3, supercritical=True)


def everyone(pairs, **given):
    names = ("low-rank", "connectome", "rewired")
    return [
        net(name, task, pair, phases=phases, **given)
        for pair in range(pairs)
        for name in names
        for task, phases in (("phase-memory", (0.4, 0.9)), ("fixed-phase", (0.4,)))
    ]


def test_tables_have_a_cell_for_each_column():
    results = comparison(everyone(2))
    rows = group_rows(results)
    assert len(rows) == 6
    assert all(len(row) == len(GROUP_COLUMNS) for row in rows)
    assert rows[0][:5] == ("low-rank", "phase-memory", "2 of 2", "2", "–")
    nets = net_rows(results.nets)
    assert all(len(row) == len(NET_COLUMNS) for row in nets)
    assert nets[0][-7:] == ("7.00 – ≥ 16.00", "0.250", "93", "0.74", "0.072", "0.005", "4")
    assert rows[0][-2:] == ("93", "0.072")
    assert ("1:1 tongue (Hz)", "0.523 – 0.591") in worm_rows(WORM)
    (inputs,) = input_rows(results.inputs)
    assert inputs[2:] == ("39", "2", "rewire, 3 draws", "1 (0 to 3)", "0.5", "PLM ADF")
    (animal,) = animal_rows(results)
    assert len(animal) == len(ANIMAL_COLUMNS)
    assert animal == ("synthetic", "12", "10.0", "1.50", "0.005", "2.0", "–", "–")
    one = AnimalOrder(name="synthetic", n_shared=12, correlation=0.5, omitted="")
    for order, cell in ((one, "0.50"), (replace(one, omitted="no rhythm"), "omitted: no rhythm")):
        found = OrderComparison(synthetic=True, animals=(order,))
        assert animal_rows(replace(results, phase_order=found))[0][-2:] == ("12", cell)
    (row,) = onset_rows(results.onset_tests)
    assert row[:5] == ("varshney2011", "0.01", "1.245", "rhythm, supercritical", "2.26")
    assert row[5:8] == ("rewire", "3 of 3", "0")


def test_the_answer_names_effect_interval_n_and_p():
    verdict, worm, networks = answer(comparison(everyone(8), pairs=8))
    assert (
        "stable entrained cycles (larger if trained on phase-memory than if trained on" in verdict
    )
    assert "Not decided: share that oscillates without the reference and distance" in verdict
    assert "0 of 3 draws" in worm
    assert "p = 0.25" in worm
    assert "stable entrained cycles 2 if trained on phase-memory and 1 if trained on" in networks
    assert "on fixed-phase on average (Hodges-Lehmann difference 1, 95 % interval" in networks
    assert "95 % interval 1 to 1, 8 pairs, p = 0.0078, 0.023 after Holm" in networks


def test_few_pairs_decide_nothing():
    results = comparison(everyone(3), pairs=3)
    assert answer(results)[0].startswith("Not decided by this run")
    assert "too few for an interval" in answer(results)[2]
    assert "Underpowered: with 3 pairs" in caveats(results)[0]


def test_a_difference_in_few_pairs_has_the_direction_of_these_pairs():
    """Eight of 28 pairs differ, all one way: p is small, the Hodges-Lehmann estimate is 0."""
    nets = [
        net("connectome", task, pair, phases=(0.4, 0.9) if with_memory else (0.4,))
        for pair in range(28)
        for task, with_memory in (("phase-memory", pair < 8), ("fixed-phase", False))
    ]
    results = comparison(nets, pairs=28)
    assert results.contrasts.primary[0].estimate == 0
    assert "cycles (larger if trained on phase-memory than if trained on" in answer(results)[0]


def test_why_there_is_nothing_to_say_on_networks():
    assert answer(comparison([]))[2] == "Networks: none were trained in this run."
    failed = [replace(it, reached_loss=False) for it in everyone(2)]
    assert answer(comparison(failed))[2] == "Networks: no trained network reached the loss."
    one = comparison([net("low-rank", "phase-memory", 0)])
    config = replace(one.config, substrates=one.config.substrates[:1], tasks=one.config.tasks[:1])
    found = find_contrasts(config, one.nets)
    alone = replace(one, contrasts=found, provenance=replace(one.provenance, config=config))
    assert "does not have those that the primary contrasts compare" in answer(alone)[2]


def test_a_pair_without_the_number_is_not_called_a_failure():
    results = comparison([replace(it, similarity=None) for it in everyone(2)])
    distance = results.contrasts.primary[2]
    assert distance.remark == "In no pair do both networks have this number and reach the loss."


def test_the_power_is_that_of_the_pairs_that_reached_the_loss():
    nets = [
        replace(it, reached_loss=it.pair < 5 or it.substrate != "connectome") for it in everyone(20)
    ]
    results = comparison(nets, pairs=20)
    assert results.contrasts.power == pytest.approx(power_of_mcnemar(0.6, 0.15, 5))
    assert "Underpowered: with 5 pairs" in caveats(results)[0]


def test_a_draw_with_the_onset_of_the_worm_is_counted_as_its_p_value_counts_it():
    """1e3 * (current / 1e3) may be less than the current."""
    current = next(x for x in np.arange(1000, 2000, 0.7) if 1e3 * (x / 1e3) < x)
    same = OnsetFound(
        kind="oscillatory", current_pA=float(current), period_ms=2e3, supercritical=True
    )
    groups = [
        OnsetGroup(dataset="varshney2011", null_model=null, leak_nS=0.01, onsets=(same,) * n)
        for null, n in (("none", 1), ("rewire", 4))
    ]
    results = replace(
        comparison(everyone(1)), onsets=tuple(groups), onset_tests=compare_onsets(groups)
    )
    assert "4 of 4 draws" in answer(results)[1]
    assert "(p = 1)" in answer(results)[1]


def test_networks_without_a_task_have_a_report():
    results = comparison([])
    config = replace(results.config, tasks=())
    bare = replace(results, provenance=replace(results.provenance, config=config))
    assert main_systems(bare) == [WORM]


def test_few_draws_are_called_so():
    """Two draws have p >= 1/3, and twice that with two null models; 20 draws have p >= 1/21."""
    results = comparison(everyone(3), pairs=3)

    def with_draws(n, *nulls):
        groups = [
            OnsetGroup(dataset="d", null_model=null, leak_nS=0.01, onsets=(ONSET,) * count)
            for null, count in (("none", 1), *((null, n) for null in nulls))
        ]
        tests = compare_onsets(groups)
        return " ".join(caveats(replace(results, onsets=tuple(groups), onset_tests=tests)))

    assert "2 draws from each null model cannot give a p of the onset below 0.33," in with_draws(
        2, "rewire"
    )
    assert "below 0.67 after Holm's correction," in with_draws(2, "rewire", "erdos-renyi")
    assert "cannot give" not in with_draws(20, "rewire")
    assert "cannot give" in with_draws(20, "rewire", "erdos-renyi")


def test_networks_that_reached_a_loss_at_chance_are_named():
    nets = [replace(it, learned=it.substrate != "low-rank") for it in everyone(1)]
    text = " ".join(caveats(comparison(nets)))
    assert "2 networks reached the loss of" in text
    assert "not below a tenth of chance, and are part of the contrasts: low-rank-phase" in text
    assert "not below a tenth of chance, and" not in " ".join(caveats(comparison(everyone(1))))


def elsewhere(run, number, **changes):
    """A network of another run."""
    return replace(net(run, pair=number, source=f"nets/{run}-{number}"), training=None, **changes)


def of_runs(*nets):
    """Results of a run that trains nothing."""
    results = comparison(nets, pairs=3)
    config = replace(results.config, substrates=(), tasks=(), runs=("a", "b"))
    return replace(
        results,
        provenance=replace(results.provenance, config=config),
        contrasts=find_contrasts(config, nets),
    )


UNKNOWN = {"loss": None, "standard_error": None, "chance": None, "learned": None, "task": "–"}


def test_networks_of_other_runs_have_rows_sentences_and_a_place_in_the_figures():
    bad = elsewhere("b", 1, learned=False, learned_in_part=False, loss=0.49)
    partly = elsewhere("a", 1, learned=False, learned_in_part=True, loss=0.2)
    results = of_runs(elsewhere("a", 0), partly, elsewhere("b", 0), bad,
                      elsewhere("c", 0, **UNKNOWN))  # fmt: skip
    rows = group_rows(results)
    assert [row[:4] for row in rows] == [
        ("a", "phase-memory", "1 of 2 learned", "2"),
        ("b", "phase-memory", "1 of 2 learned", "2"),
        ("c", "–", "–", "2"),
    ]
    nets = net_rows(results.nets)
    assert [row[3:5] for row in nets] == [
        ("0.015", "–"), ("0.200, in part", "–"), ("0.015", "–"), ("0.490, not learned", "–"),
        ("–", "–"),
    ]  # fmt: skip
    verdict, _, runs = answer(results)
    assert verdict.startswith("No answer")
    assert "a on phase-memory (2 networks) has a median of 2 stable entrained cycles" in runs
    assert "oscillates without the reference in 0 of 2, distance to the worm's cycle 0.25" in runs
    lines = " ".join(caveats(results))
    assert "take no part in the primary contrasts" in lines
    assert "1 network did not learn the task" in lines
    assert "half of chance: a-phase-memory-1" in lines
    assert "is not known of c-phase-memory-0" in lines
    assert "training did not reach" not in lines
    assert describe_net(bad).startswith("Trained elsewhere on phase-memory. Loss 0.490, chance 0.5")
    assert "It did not learn the task." in describe_net(bad)
    assert "It learned the task in part." in describe_net(partly)
    assert describe_net(results.nets[-1]).startswith("Its task is not known. Loss not known. Under")
    assert [it.name for it in main_systems(results)] == [
        "worm", "a-phase-memory-0", "b-phase-memory-0", "c-phase-memory-0",
    ]  # fmt: skip
    figures = [figure for _, figure in draw_groups(results)]
    titles = [[ax.get_title() for ax in figure.axes] for figure in figures]
    assert ["a", "b", "c"] in titles
    assert ["phase-memory", "–"] in titles
    assert "a on phase-memory" in format_results(results)
    values = to_json_values(results.nets[-1])
    assert from_json_values(values, NetSystem) == results.nets[-1]


def test_runs_next_to_networks_of_this_run():
    results = comparison([*everyone(3), elsewhere("a", 0)], pairs=3)
    assert len(answer(results)) == 4
    assert [row[0] for row in group_rows(results)] == [*(2 * ["low-rank"]), *(2 * ["connectome"]),
                                                       *(2 * ["rewired"]), "a"]  # fmt: skip
    shown = [it.name.partition("-")[0] for it in main_systems(results)]
    assert shown == ["worm", "connectome", "rewired", "a"]


def test_without_networks_there_is_no_answer():
    assert answer(comparison())[0].startswith("No answer")
    assert answer(comparison([net(reached=False)]))[0].startswith("No answer")


def test_draws_at_or_below_the_worm_are_counted():
    text = answer(comparison(draws=(1000.0, 1245.0, 9000.0)))[1]
    assert "2 of 3 draws" in text
    assert "p = 0.75" in text


def test_what_failed_and_what_is_incomplete_is_said():
    nets = [net(reached=False), net("rewired", index_sum=4), net("rewired", "fixed-phase")]
    lines = " ".join(caveats(comparison(nets)))
    assert "1 training did not reach the loss of 0.02 in 3000 steps" in lines
    assert "connectome-phase-memory-0" in lines
    assert "1 of 3 surveys is incomplete (1 of rewired)" in lines
    assert "A synthetic recording, not an animal," in lines
    assert "22.1 times the period" in lines  # 40 s and 1.8083 s


def test_what_is_exploratory_calls_itself_so():
    phase, driven = explorations(comparison(everyone(2)))
    assert "of 12 trained networks the first harmonic is 93 %" in phase
    assert "in the worm 82 %" in phase
    assert (
        "0.072 in 12 trained networks; 12 of them are nearer than a passive filter (0.088)"
        in driven
    )
    assert all(text.startswith("Exploratory: ") for text in (phase, driven))
    bare = replace(net(), weak_forcing=None, driven=None)
    assert explorations(comparison([bare])) == []
    assert "locks it 1:1 in a range of 0.0208 Hz/pA" in describe_worm(WORM)
    assert "distance to the driven worm is 0.072 (0.005 between two halves)" in describe_net(net())


def test_a_step_of_an_older_version_is_read_without_the_new_measures():
    values = to_json_values(net())
    older = {
        name: value for name, value in values.items() if name not in ("weak_forcing", "driven")
    }
    read = from_json_values(older, NetSystem)
    assert (read.weak_forcing, read.driven) == (None, None)


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (net(), "2 stable entrained cycles with 2 output phases (0.400, 0.900 cycles)"),
        (net(reached=False), "did not learn the task and did not reach the loss in 400 steps"),
        (net(trained=False), "Before training; loss"),
        (net(index_sum=4), "index sum incomplete: 4"),
        (net(), "no oscillation was proved from 64 starts"),
    ],
)
def test_a_network_is_described_by_its_numbers(system, words):
    assert words in describe_net(system)


def test_a_worm_without_a_cycle_is_described_so():
    still = replace(WORM, limit_cycles=(), locking=None)
    assert "no stable limit cycle was found" in describe_worm(still)
    assert "6 of 6 random initial states" in describe_worm(WORM)
    assert "The worm" in format_results(comparison(worm=still))


def surveyed(it, **changes):
    assert it.survey is not None
    return replace(it, survey=replace(it.survey, **changes))


def test_a_survey_whose_sum_may_be_any_number_is_neither_complete_nor_incomplete():
    """The index sum of a network of unbounded rates need not be 1."""
    nets = [
        surveyed(it, bounded=it.substrate != "low-rank", index_sum=1 if it.pair else 3)
        for it in everyone(4)
    ]
    results = comparison(nets)
    column = GROUP_COLUMNS.index("surveys complete")
    cells = {(row[0], row[column]) for row in group_rows(results)}
    assert cells == {("low-rank", "n/a"), ("connectome", "3 of 4"), ("rewired", "3 of 4")}
    lines = " ".join(caveats(results))
    assert "4 of 16 surveys are incomplete (2 of connectome and 2 of rewired)" in lines
    assert "In 8 surveys (8 of low-rank) the map is not bounded or not continuous" in lines
    alone = caveats(comparison([surveyed(nets[2], index_sum=0)]))
    assert any(line.startswith("1 of 1 survey is incomplete (1 of connectome)") for line in alone)
    assert "survey" not in " ".join(caveats(comparison(everyone(4))))


def test_starts_that_do_not_rest_and_are_not_proved_to_oscillate_are_named():
    nets = everyone(2)
    moving = replace(nets[2], intrinsic=replace(nets[2].intrinsic, n_resting=40, n_unproved=24))
    results = comparison([*nets[:2], moving, *nets[3:]])
    (line,) = [it for it in caveats(results) if "unproved" in it or "come to rest" in it]
    assert line.startswith("In 1 network without a proved intrinsic cycle some starts do not come")
    assert "counts as not oscillating: connectome-phase-memory-0 (24 of 64 starts)" in line
    cells = {row[0]: row[NET_COLUMNS.index("intrinsic cycles (of starts)")]
             for row in net_rows(results.nets)}  # fmt: skip
    assert cells["connectome-phase-memory-0"] == "0 (0 of 64, 24 unproved)"
    assert cells["rewired-phase-memory-0"] == "0 (0 of 64)"


def test_a_contrast_without_a_pair_is_named_and_counted_by_holm():
    """Eight pairs of one sign: p = 2/2^8; three tests, one of which could not be made."""
    results = comparison([replace(it, similarity=None) for it in everyone(8)], pairs=8)
    by_task, _, distance = results.contrasts.primary
    assert by_task.corrected_p == pytest.approx(3 * 2 / 2**8)
    assert (distance.n, distance.p_value, distance.corrected_p) == (0, None, None)
    assert any(
        line.startswith("Not tested, because no pair has the numbers: distance of the cycle")
        for line in caveats(results)
    )


def test_what_else_differs_between_connectome_and_control_is_named():
    results = comparison(everyone(2))
    assert "also differ in" not in " ".join(caveats(results))
    low_rank, worm, control = results.config.substrates
    other = replace(control, settings=control.settings | {"gain": 0.5}, learning_rate=0.1)
    config = replace(results.config, substrates=(low_rank, worm, other))
    changed = replace(results, provenance=replace(results.provenance, config=config))
    assert any(
        line.startswith("connectome and rewired also differ in learning_rate and gain:")
        for line in caveats(changed)
    )


def test_what_an_interim_report_omits_is_named():
    sizes = InterimSizes(
        pairs=1, planned_pairs=2, untrained_pairs=0, draws=0, planned_draws=0, input_draws=0,
        planned_input_draws=0, omitted=("white1986-whole",),
    )  # fmt: skip
    first = caveats(replace(comparison(everyone(1)), interim=sizes))[0]
    assert "1 of 2 pairs of networks. Not analyzed yet: white1986-whole. Its p-values" in first
