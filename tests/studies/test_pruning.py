"""The study of pruning: equal networks, graphs, paired tests, collapse, a tiny run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.cli import main
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies import STUDIES, read_results
from isochron.studies.pruning.claims import answer
from isochron.studies.pruning.configuration import GraphSection, PruningConfig, PruningSection
from isochron.studies.pruning.contrasts import TESTS, contrasts, losses, summaries
from isochron.studies.pruning.graphs import (
    IN_DEGREE,
    RECIPROCITY,
    STATISTICS,
    compare_graph,
    connectome_graph,
    describe_graph,
    profile_correlation,
)
from isochron.studies.pruning.networks import NetSpec, dense_net, net_specs, spec_before, start
from isochron.studies.pruning.results import (
    ALL_TASKS,
    CONNECTOME,
    DENSE,
    MAGNITUDE,
    METHODS,
    RANDOM,
    REWIRED,
    SYNFLOW,
    TICKET,
    GraphRow,
    NetRow,
)

CONFIG = """
[pruning]
pairs = 1
flow_rounds = 3
ticket_rounds = 2
[training]
steps = 2
batch_size = 4
[graphs]
draws = 2
[[tasks]]
kind = "flip-flop"
n_bits = 1
duration_ms = 400
"""
WORM = 2990  # connections of varshney2011, gap junctions in both directions


def quick(**pruning):
    changes = {"flow_rounds": 2} | pruning
    base = PruningConfig.quick()
    return PruningConfig(tasks=base.tasks, graphs=base.graphs, pruning=PruningSection(**changes))


def test_networks_of_a_pair_differ_in_nothing_but_their_masks():
    config, folder = quick(), RunPaths(Path())
    task = config.tasks[0]
    dense = dense_net(config, NetSpec(task, 0, DENSE))
    n = len(dense.chemical)
    assert ann_bridge.count_weights(dense) == n * (n - 1)
    masks = {}
    for method in (RANDOM, REWIRED, CONNECTOME, SYNFLOW):
        net, imbalance = start(config, folder, NetSpec(task, 0, method))
        masks[method] = stays = net.chemical_mask
        assert ann_bridge.count_weights(net) == WORM
        assert not stays.diagonal().any()
        for name in ("input_weights", "output_weights", "output_scale"):
            assert torch.equal(getattr(net, name), getattr(dense, name))
        ratios = (net.chemical / dense.chemical)[stays].detach()
        np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-5)  # float32: one factor
        assert float(net.chemical.detach().norm()) == pytest.approx(n**0.5, rel=1e-5)  # gain 1
        assert (imbalance is not None) == (method == SYNFLOW)
        assert imbalance is None or imbalance < 1e-6
    worm = connectome_graph("varshney2011").chemical != 0
    np.testing.assert_array_equal(masks[CONNECTOME], worm)
    for axis in (0, 1):
        np.testing.assert_array_equal(masks[REWIRED].sum(axis), worm.sum(axis))
    for one in (REWIRED, RANDOM, SYNFLOW):
        assert not torch.equal(masks[one], masks[CONNECTOME])


def test_pairs_have_different_weights_and_other_tasks_too():
    config = quick()
    nets = [dense_net(config, NetSpec(task, k, DENSE)) for k in (0, 1) for task in config.tasks]
    weights = [net.chemical.detach().flatten() for net in nets]
    for k, one in enumerate(weights):
        for other in weights[:k]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.03  # 8 standard errors: 1 / sqrt(77841)


def test_rounds_of_a_ticket_follow_each_other():
    config = quick(ticket_rounds=3, pairs=1)
    task = config.tasks[0]
    names, spec = [], NetSpec(task, 0, TICKET)
    while spec is not None:
        names.append((spec.method, spec.round_before))
        spec = spec_before(config, spec)
    assert names == [(TICKET, 0), (TICKET, 2), (TICKET, 1), (DENSE, 0)]
    assert spec_before(config, NetSpec(task, 0, MAGNITUDE)) == NetSpec(task, 0, DENSE)
    assert spec_before(config, NetSpec(task, 0, SYNFLOW)) is None
    assert len({it.name for it in net_specs(config)}) == len(METHODS) * len(config.tasks)


def test_statistics_of_a_graph_by_hand():
    """0 and 1 both ways, 1 to 2: reciprocity 2/3; degrees in 1, 1, 1 and out 1, 2, 0."""
    graph = np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0]])
    found = dict(zip(STATISTICS, describe_graph(graph), strict=True))
    assert found[RECIPROCITY] == pytest.approx(2 / 3)
    assert found[IN_DEGREE] == 0
    assert found["out-degree, standard deviation"] == pytest.approx((2 / 3) ** 0.5)
    assert np.isnan(found["correlation of in- and out-degree"])  # all in-degrees are equal
    assert {name: n for name, n in found.items() if name.startswith("triad") and n} == {
        "triad 111U": 1
    }


def test_the_connectome_next_to_its_null_models():
    """Reciprocity is above both nulls; a rewiring has the degrees, so no score for their spread."""
    config = PruningConfig(graphs=GraphSection(draws=6))  # scores are 50 to 300
    graph = connectome_graph("varshney2011")
    rows = [
        GraphRow(name="", task="", method=CONNECTOME, pair=0,
                 statistics=compare_graph(config, graph, name, lambda *_: None))
        for name in ("one", "two")
    ]  # fmt: skip
    one, two = rows
    for null in ("erdos-renyi", "rewire"):
        assert number(one.of(RECIPROCITY, null).z) > 10
        assert one.of(RECIPROCITY, null).p == pytest.approx(2 / 7)  # the smallest of 6 draws
    assert number(one.of(IN_DEGREE, "erdos-renyi").z) > 10
    assert one.of(IN_DEGREE, "rewire").z is None
    assert one != two  # other draws
    assert number(profile_correlation(one, two, "rewire")) > 0.8


def number(value: Any) -> Any:
    """A value that is there."""
    assert value is not None
    return value


def planted(method, pair, loss, *, task="a", on_paths=WORM):
    return NetRow(
        name="", task=task, method=method, pair=pair, n_weights=WORM, n_on_paths=on_paths,
        n_units_on_paths=9, loss=loss, chance=0.5, learned=loss < 0.05, n_steps=1,
        n_steps_before=0, imbalance=1e-15 if method == SYNFLOW else None,
    )  # fmt: skip


def planted_rows(n_pairs=10, tasks=("a", "b")):
    """SynFlow is better by 0.1 (relative to chance 0.2) in each task; nothing else differs."""
    rng = np.random.default_rng(0)
    return [
        planted(method, pair, 0.3 - 0.1 * (method == SYNFLOW) + 0.001 * rng.random(), task=task)
        for task in tasks
        for pair in range(n_pairs)
        for method in METHODS
    ]


def test_a_planted_difference_is_found_and_nothing_else():
    rows = planted_rows()
    found = contrasts(rows)
    assert [row.task for row in found] == [it for it in (ALL_TASKS, "a", "b") for _ in TESTS]
    for row in found:
        if row.first == SYNFLOW:
            assert row.estimate == pytest.approx(-0.2, abs=0.005)
            low, high = number(row.interval)
            assert low < row.estimate < high < 0
            assert row.p_value == pytest.approx(2 / 2**10)  # exact, all 10 of one sign
            assert row.p_adjusted == pytest.approx(8 * 2 / 2**10)  # the smallest of 8 in Holm
        else:
            assert row.p_adjusted > 0.05
    assert losses(rows, ALL_TASKS, SYNFLOW)[3] == pytest.approx(
        np.mean([losses(rows, task, SYNFLOW)[3] for task in "ab"])
    )


def test_summaries_have_intervals_from_six_pairs_on():
    few, many = (summaries(planted_rows(n, ("a",))) for n in (5, 10))
    assert [row.method for row in few] == list(METHODS)
    assert few[0].interval is None
    low, high = number(many[0].interval)
    assert low < many[0].estimate < high
    assert many[0].estimate == pytest.approx(0.601, abs=0.002)
    assert (many[0].n_learned, many[0].n_networks) == (0, 10)
    assert many[0].learned_interval == pytest.approx((0, 1 - 0.025 ** (1 / 10)))  # none of 10


def test_settings_survive_json():
    """The tasks of a step are data; some have settings of two numbers."""
    for config in (PruningConfig(), PruningConfig.quick()):
        again = from_json_values(json.loads(json.dumps(to_json_values(config))), PruningConfig)
        assert again == config


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    config, out = tmp_path / "x.toml", tmp_path / "run"
    config.write_text(CONFIG)
    command = ["study", "pruning", "--config", str(config), "--out", str(out), "--workers", "1"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == "pruning"
    results = read_results(out)
    assert [row.method for row in results.networks] == list(METHODS)
    assert {row.n_weights for row in results.networks[1:]} == {WORM}
    assert not any(row.collapsed for row in results.networks)
    before = {row.method: row.n_steps_before for row in results.networks}
    assert (before[MAGNITUDE], before[TICKET], before[SYNFLOW]) == (2, 4, 0)
    assert [row.imbalance < 1e-6 for row in results.networks if row.method == SYNFLOW] == [True]
    assert len(results.graphs) == 6
    assert answer(results)[1].startswith("No recurrent layer collapsed, in 1 network of each kind")
    page = (out / "report.html").read_text()
    assert "What this run cannot say" in page
    content = (out / "results.json").read_bytes()
    assert main(command) == 0  # nothing is left to do
    assert (out / "results.json").read_bytes() == content


@pytest.mark.slow
def test_a_collapse_is_reported(tmp_path):
    config, out = tmp_path / "x.toml", tmp_path / "run"
    config.write_text(CONFIG)
    main(["study", "pruning", "--config", str(config), "--out", str(out), "--workers", "1"])
    results = read_results(out)
    rows = [
        replace(row, n_on_paths=0) if row.method == SYNFLOW else row for row in results.networks
    ]
    object.__setattr__(results, "networks", tuple(rows))
    assert "no input reaches an output: 1 of SynFlow." in answer(results)[1]


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[pruning]\nflow_gain = 1.5", "flow_gain must be above 0 and at most 1, got 1.5"),
        ("[pruning]\npairs = 0", "pairs must lie between 1 and 1000"),
        ("[graphs]\ndraws = 1", "draws must lie between 2 and 10000"),
        ("[graphs]\nnull_models = ['shuffle-signs']", "The graphs do not have signs"),
        ("[graphs]\nnull_models = ['rewired']", "rewire"),
        ("[worm]\ndataset = 'varshney'", "varshney2011"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "pruning", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()


def test_the_quick_configuration_is_smaller():
    small, full = PruningConfig.quick(), PruningConfig()
    assert small.pruning.pairs < full.pruning.pairs == 10
    assert len(small.tasks) < len(full.tasks)
    assert small.pruning.flow_rounds == full.pruning.flow_rounds == 100
    assert STUDIES["pruning"].command == "study pruning"
