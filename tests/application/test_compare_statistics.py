"""The statistics of a comparison, on networks and onsets with planted values."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from isochron import connectome, sims
from isochron.studies.compare.configuration import (
    AnimalsSection,
    CompareConfig,
    OnsetSection,
    TrainingSection,
)
from isochron.studies.compare.contrasts import DRIVEN, HARMONIC, Roles, find_contrasts
from isochron.studies.compare.onsets import (
    OnsetFound,
    OnsetGroup,
    compare_onsets,
    contacts_per_section,
    find_onsets,
    input_specs,
    input_step,
    onset_specs,
    sensory_pairs,
    short_names,
)
from isochron.studies.entries import UNKNOWN_TASK, Substrate, Task

SUBSTRATES = tuple(
    Substrate.read(given)
    for given in (
        {"kind": "low-rank"},
        {"kind": "connectome"},
        {"name": "by-group", "kind": "connectome", "null_model": "rewire-by-group"},
        {"name": "rewired", "kind": "connectome", "null_model": "rewire"},
    )
)
TASKS = tuple(Task.read({"kind": kind}) for kind in ("phase-memory", "fixed-phase"))


def config(pairs, **more):
    training = TrainingSection(pairs=pairs)
    return CompareConfig(substrates=SUBSTRATES, tasks=TASKS, training=training, **more)


def net(
    substrate, task, pair, *, cycles=1, intrinsic=False, distance=0.3, reached=True, trained=True,
    source=None,
) -> Any:  # fmt: skip
    return SimpleNamespace(
        substrate=substrate, task=task, pair=pair, trained=trained, reached_loss=reached,
        source=source, failed=not reached, stable_cycles=(None,) * cycles,
        intrinsic=SimpleNamespace(found=intrinsic),
        forced=True,
        similarity=SimpleNamespace(distance=distance, of_ellipse=distance + 0.01),
        second_memory_amplitude=0.4,
        weak_forcing=SimpleNamespace(first_harmonic=0.9) if intrinsic else None,
        driven=SimpleNamespace(distance=0.7 + distance),
    )  # fmt: skip


def test_the_roles_are_found_by_kind_and_null_model():
    roles = Roles.of(config(1))
    assert (roles.connectome, roles.control) == (SUBSTRATES[1], SUBSTRATES[3])
    assert (roles.memory, roles.no_memory) == TASKS


def test_the_control_is_on_the_data_set_of_the_connectome():
    """A rewiring of a different connectome differs in more than where the connections are."""
    other = Substrate.read(
        {"name": "cook", "kind": "connectome", "dataset": "cook2019-hermaphrodite",
         "null_model": "rewire"}
    )  # fmt: skip
    tasks = {"tasks": TASKS, "training": TrainingSection(pairs=1)}
    mixed = CompareConfig(substrates=(*SUBSTRATES[:2], other, SUBSTRATES[3]), **tasks)
    assert Roles.of(mixed).control == SUBSTRATES[3]
    alone = CompareConfig(substrates=(*SUBSTRATES[:2], other), **tasks)
    assert Roles.of(alone).control is None
    assert len(find_contrasts(alone, []).missing) == 2


def test_all_exploratory_contrasts_are_one_family():
    """Corrected as by SciPy, and by the definition: the smallest p m / rank of those above."""
    rng = np.random.default_rng(1)
    nets = [
        net(it.name, task.name, pair, cycles=int(rng.integers(1, 6)), distance=rng.random(),
            intrinsic=rng.random() < 0.5, reached=rng.random() < 0.9)
        for it in SUBSTRATES for task in TASKS for pair in range(9)
    ]  # fmt: skip
    nets += [
        net(f"run-{run}", "phase-memory", pair, cycles=int(rng.integers(1, 6)), source="x")
        for run in range(2) for pair in range(9)
    ]  # fmt: skip
    found = find_contrasts(config(9), nets).exploratory
    p_values = np.array([it.p_value for it in found])
    corrected = np.array([it.corrected_p for it in found])
    assert {"run-0", "connectome"} <= {it.first for it in found}
    assert len(set(p_values)) < len(p_values) > 15  # with ties
    np.testing.assert_array_equal(corrected, stats.false_discovery_control(p_values))
    rank = [np.sum(p_values <= p) for p in p_values]
    expected = [
        min(1.0, min(q * len(p_values) / k for q, k in zip(p_values, rank, strict=True) if q >= p))
        for p in p_values
    ]
    np.testing.assert_allclose(corrected, expected, rtol=1e-12)


def test_a_task_that_adds_cycles_and_a_connectome_that_does_not_matter():
    nets = []
    for pair in range(8):
        for substrate in SUBSTRATES:
            nets.append(net(substrate.name, "phase-memory", pair, cycles=2, intrinsic=pair < 4))
            nets.append(net(substrate.name, "fixed-phase", pair, cycles=1))
    found = find_contrasts(config(8), nets)
    by_task, intrinsic, distance = found.primary
    assert (by_task.estimate, by_task.n) == (1.0, 8)
    assert by_task.p_value == pytest.approx(2 / 2**8)  # all differences have one sign
    assert by_task.corrected_p == pytest.approx(3 * 2 / 2**8)
    assert (intrinsic.estimate, intrinsic.p_value) == (0.0, 1.0)
    assert (distance.estimate, distance.p_value) == (0.0, 1.0)
    assert not found.missing
    shapes = [it for it in found.exploratory if it.second == "its ellipse"]
    assert len(shapes) == 4
    assert shapes[0].estimate == pytest.approx(-0.01)


def test_exploratory_contrasts_of_phase_responses_and_driven_systems():
    nets = [
        net(name, "phase-memory", pair, intrinsic=pair < 5, distance=distance)
        for pair in range(8)
        for name, distance in (("connectome", 0.3), ("rewired", 0.5))
    ]
    found = find_contrasts(config(8), nets)
    (driven,) = [it for it in found.exploratory if it.measure == DRIVEN]
    assert (driven.first, driven.second, driven.n) == ("connectome", "rewired", 8)
    assert driven.estimate == pytest.approx(-0.2)
    assert driven.p_value == pytest.approx(2 / 2**8)
    assert (driven.corrected_p or 0) >= (driven.p_value or 1)
    (harmonic,) = [it for it in found.exploratory if it.measure == HARMONIC]
    assert (harmonic.n, harmonic.n_omitted, harmonic.estimate) == (5, 3, 0.0)


def test_networks_that_did_not_reach_the_loss_are_omitted():
    nets = [net(name, "phase-memory", pair, intrinsic=name == "connectome", reached=pair != 2)
            for pair in range(6) for name in ("connectome", "rewired")]  # fmt: skip
    intrinsic = find_contrasts(config(6), nets).primary[1]
    assert (intrinsic.n, intrinsic.n_omitted, intrinsic.estimate) == (5, 1, 1.0)
    assert intrinsic.p_value == pytest.approx(2 / 2**5)


def test_networks_of_other_runs_are_explored_in_pairs_and_not_in_the_primary_contrasts():
    own = [
        net(name, "phase-memory", pair) for pair in range(3) for name in ("connectome", "rewired")
    ]
    elsewhere = [
        net(run, "phase-memory", pair, cycles=cycles, source=f"{run}-{pair}",
            reached=(run, pair) != ("b", 7))
        for run, cycles in (("a", 3), ("b", 1))
        for pair in range(8)
    ]  # fmt: skip
    elsewhere += [net("b", "flip-flop", 0, source="x"), net("a", UNKNOWN_TASK, 9, source="y"),
                  net("b", UNKNOWN_TASK, 9, source="z")]  # fmt: skip
    found = find_contrasts(config(3), own + elsewhere)
    assert found.primary == find_contrasts(config(3), own).primary
    explored = [it for it in found.exploratory if (it.first, it.second) == ("a", "b")]
    assert len(explored) == 4  # none has an intrinsic cycle, so none a phase response
    cycles = explored[0]
    assert cycles.measure == "stable entrained cycles after training on phase-memory"
    assert (cycles.n, cycles.n_omitted, cycles.estimate) == (7, 1, 2.0)
    assert cycles.p_value == pytest.approx(2 / 2**7)
    assert {it.n for it in explored} == {7}


def test_the_power_is_that_of_the_planted_effect():
    found = find_contrasts(config(20), [])
    assert found.power == pytest.approx(0.76, abs=0.005)
    assert found.power_after_holm == pytest.approx(0.57, abs=0.005)


def test_what_a_configuration_cannot_test_is_named():
    only = CompareConfig(substrates=SUBSTRATES[:1], tasks=TASKS[:1])
    found = find_contrasts(only, [])
    assert len(found.missing) == 3
    assert found.power is None


def onset(current, kind="oscillatory"):
    return OnsetFound(kind=kind, current_pA=current, period_ms=1e3, supercritical=True)


def test_onsets_rank_by_the_current_at_which_a_rhythm_starts():
    worm = OnsetGroup(dataset="d", null_model="none", leak_nS=0.01, onsets=(onset(1000.0),))
    stable = OnsetFound(kind="none", current_pA=None, period_ms=None, supercritical=None)
    sub = OnsetFound(kind="oscillatory", current_pA=1500.0, period_ms=1e3, supercritical=False)
    assert [str(it) for it in (onset(1.0), sub, onset(1.0, "steady"), stable)] == [
        "rhythm, supercritical", "rhythm, subcritical", "steady", "none"
    ]  # fmt: skip
    draws = (onset(900.0), sub, onset(500.0, "steady"), stable)
    null = OnsetGroup(dataset="d", null_model="rewire", leak_nS=0.01, onsets=draws)
    none_lower = OnsetGroup(
        dataset="d", null_model="erdos-renyi", leak_nS=0.01, onsets=(onset(2000.0),) * 3
    )
    first, second = compare_onsets([worm, null, none_lower])
    assert (first.n, first.n_oscillatory) == (4, 2)
    assert first.p_rhythm == pytest.approx(2 / 5)  # the steady one ranks last
    assert first.p_any == pytest.approx(3 / 5)
    assert first.median_pA == pytest.approx(1200.0)
    assert first.n_subcritical == 1
    assert second.p_rhythm == pytest.approx(1 / 4)
    assert (second.p_rhythm_holm, first.p_rhythm_holm) == pytest.approx((0.5, 0.5))


def test_draws_of_one_null_model_are_uniform_in_p():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(400):
        values = rng.permutation(20) + 1.0
        worm = OnsetGroup(dataset="d", null_model="none", leak_nS=1.0, onsets=(onset(values[0]),))
        null = OnsetGroup(
            dataset="d", null_model="n", leak_nS=1.0, onsets=tuple(map(onset, values[1:]))
        )
        p_values.append(compare_onsets([worm, null])[0].p_rhythm)
    counts = np.bincount(np.round(20 * np.array(p_values)).astype(int), minlength=21)[1:]
    assert counts.sum() == 400
    assert ((counts - 20) ** 2 / 20).sum() < 43.8  # chi-square of 19 degrees, p = 0.001


def test_em_sections_are_divided_to_contacts():
    """6394 contacts of the chemical synapses of varshney2011; all its neurons are in cook2019."""
    chemical, gap = contacts_per_section("cook2019-hermaphrodite")
    assert contacts_per_section("varshney2011") == (1.0, 1.0)
    assert 0.2 < chemical < 0.5
    assert 0.1 < gap < 0.3


def test_pairs_of_sensory_neurons():
    pairs = sensory_pairs(connectome.load("varshney2011"))
    assert len(pairs) == 39
    assert ("PLML", "PLMR") in pairs
    small = connectome.load("varshney2011").select("PLM", "ALM", "AVM", "AVA")
    kept = connectome.load("varshney2011").subset(*small)
    assert sensory_pairs(kept) == [("ALML", "ALMR"), ("PLML", "PLMR")]
    section = OnsetSection(
        datasets=("varshney2011",), null_models=("rewire",), draws=0, input_draws=2
    )
    specs = input_specs(config(0, onset=section))
    assert [(it.null_model, it.first) for it in specs] == [
        ("none", 0),
        ("rewire", 0),
        ("rewire", 1),
    ]
    assert input_step(specs[2]) == "inputs-varshney2011-rewire-0.01nS-1"


def test_a_step_finds_the_onsets_of_numbered_draws():
    section = OnsetSection(datasets=("varshney2011",), null_models=("rewire",), draws=21,
                           leaks_nS=(0.01,))  # fmt: skip
    specs = onset_specs(config(0, onset=section))
    assert [(it.null_model, it.first, it.count) for it in specs] == [
        ("none", 0, 1), ("rewire", 0, 20), ("rewire", 20, 1)
    ]  # fmt: skip
    (found,) = find_onsets(config(0, onset=section), specs[0], lambda fraction, text: None)
    assert found["kind"] == "oscillatory"
    assert math.isclose(found["current_pA"], 1245.0803, rel_tol=1e-6)
    assert sims.GRADED_INTERACTOME.leak_conductance == 0.01


def test_files_are_found_from_the_folder_of_the_configuration(tmp_path):
    (tmp_path / "theta.npy").write_bytes(b"")
    given = {
        "worm": {"dataset": "a.csv"},
        "onset": {"datasets": ["varshney2011", "a.csv"]},
        "substrates": [{"kind": "connectome", "dataset": "a.csv"}, {"kind": "gru"}],
        "tasks": [{"kind": "phase-memory", "reference": "theta.npy"}, {"reference": "sines"}],
        "animals": {"recordings": ["b.mat"], "atlas": "funatlas.h5"},
    }
    found = CompareConfig.locate(given, tmp_path)
    file = str(tmp_path / "a.csv")
    assert found["worm"]["dataset"] == file
    assert found["onset"]["datasets"] == ["varshney2011", file]
    assert found["substrates"] == [{"kind": "connectome", "dataset": file}, {"kind": "gru"}]
    assert [it["reference"] for it in found["tasks"]] == [str(tmp_path / "theta.npy"), "sines"]
    assert found["animals"]["recordings"] == [str(tmp_path / "b.mat")]
    assert found["animals"]["atlas"] == str(tmp_path / "funatlas.h5")
    assert CompareConfig.locate({"animals": {"atlas": ""}}, tmp_path) == {"animals": {"atlas": ""}}
    assert given["worm"]["dataset"] == "a.csv"


def test_files_have_short_names_that_differ():
    """The whole path of a file made the tables wider than the page."""
    assert short_names(["/home/a/x.csv", "varshney2011"]) == {
        "/home/a/x.csv": "x.csv", "varshney2011": "varshney2011"
    }  # fmt: skip
    assert short_names(["/home/a/x.csv", "/home/b/x.csv"]) == {
        "/home/a/x.csv": "a/x.csv", "/home/b/x.csv": "b/x.csv"
    }  # fmt: skip
    assert short_names([]) == {}


def test_files_with_similar_names_have_steps_of_their_own():
    names = ["/a/" + 60 * "x" + ".csv", "/b/" + 60 * "x" + ".csv", "/a/s-t.csv", "/a/s_t.csv"]
    section = OnsetSection(datasets=tuple(names), draws=1, leaks_nS=(0.01, 0.01 + 1e-9))
    steps = [spec.name for spec in onset_specs(CompareConfig(onset=section))]
    assert len(set(steps)) == len(steps)


def test_the_steps_of_a_data_set_are_called_by_its_id():
    section = OnsetSection(datasets=("varshney2011",), draws=0, leaks_nS=(0.01, 1.0))
    steps = [spec.name for spec in onset_specs(CompareConfig(onset=section))]
    assert steps == ["onset-varshney2011-none-0.01nS-0", "onset-varshney2011-none-1nS-0"]


@pytest.mark.parametrize(
    "twice",
    [
        {"datasets": ("varshney2011",) * 2},
        {"null_models": ("rewire", "erdos-renyi", "rewire")},
        {"leaks_nS": (0.1, 0.1)},
    ],
)
def test_draws_are_not_counted_twice(twice):
    with pytest.raises(ValueError, match=f"{next(iter(twice))} contains .* twice"):
        OnsetSection(**twice)


def test_a_recording_is_not_counted_twice(tmp_path):
    file = tmp_path / "a.h5"
    file.touch()
    with pytest.raises(ValueError, match=r"recordings contains .*a\.h5 twice"):
        AnimalsSection(recordings=(str(file), str(file)))


def test_networks_whose_files_would_have_one_name_are_rejected():
    substrates = [Substrate.read({"name": name, "kind": "low-rank"}) for name in ("a-b", "a")]
    tasks = [Task.read({"name": name, "kind": "phase-memory"}) for name in ("c", "b-c")]
    with pytest.raises(ValueError, match="a on b-c and of a-b on c would both be called a-b-c"):
        CompareConfig(substrates=tuple(substrates), tasks=tuple(tasks))
