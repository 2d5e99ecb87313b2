"""Tasks of different sizes, and without a reference, in one comparison."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from isochron import sims
from isochron.cli import main
from isochron.runs.results import from_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.caveats import caveats
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.contrasts import n_cycles
from isochron.studies.compare.descriptions import describe_net
from isochron.studies.compare.figures import draw_panels
from isochron.studies.compare.group_figures import draw_groups
from isochron.studies.compare.networks import analyse_net, build_net, train_net
from isochron.studies.compare.results import NetSystem
from isochron.studies.compare.similarity import compare_with_worm
from isochron.studies.compare.study import net_specs
from isochron.studies.compare.table import GROUP_COLUMNS, NET_COLUMNS, group_rows, net_rows
from isochron.studies.compare.untrained import has_reference, untrained_task, untrained_tasks
from isochron.studies.entries import Substrate, Task

GRU = (Substrate.read({"kind": "gru", "n_units": 4}),)


def tasks_of(*kinds):
    return tuple(Task.read({"kind": kind}) for kind in kinds)


def config_of(*kinds):
    config = CompareConfig(substrates=GRU, tasks=tasks_of(*kinds))
    return replace(config, training=replace(config.training, pairs=1, untrained_pairs=1))


def test_tasks_of_other_sizes_have_networks_before_training_that_fit_them():
    config = config_of("flip-flop", "phase-memory", "ready-set-go", "level-memory")
    untrained = [spec for spec in net_specs(config) if not spec.trained]
    assert [spec.name for spec in untrained] == [
        "gru-flip-flop-0-untrained", "gru-phase-memory-0-untrained", "gru-ready-set-go-0-untrained",
    ]  # fmt: skip
    shared = {task.name: untrained_task(config, task) for task in config.tasks}
    assert shared["level-memory"].name == "phase-memory"
    for spec in net_specs(config):
        before = build_net(config, replace(spec, task=shared[spec.task.name], trained=False))
        assert before.settings == build_net(config, spec).settings


def test_the_default_tasks_share_one_network_before_training():
    config = CompareConfig()
    assert [task.name for task in untrained_tasks(config)] == ["phase-memory"]
    assert [task.name for task in config.tasks if not has_reference(task)] == [
        "reference-free-memory"
    ]


def test_the_shared_network_is_that_of_a_task_with_a_reference():
    config = config_of("reference-free-memory", "fixed-phase")
    assert [task.name for task in untrained_tasks(config)] == ["fixed-phase"]
    assert [task.name for task in untrained_tasks(config_of("reference-free-memory"))] == [
        "reference-free-memory"
    ]


def test_a_recorded_reference_need_not_exist_any_more():
    phase, level = tasks_of("phase-memory", "level-memory")
    gone = {"reference": "/nowhere/theta.npy", "sampling_Hz": 1000.0}
    recorded = replace(phase, name="recorded", settings=phase.settings | gone)
    config = CompareConfig(substrates=GRU, tasks=(recorded, level))
    assert untrained_task(config, level) == recorded


def quiet(fraction, text):
    pass


@pytest.fixture
def folder(tmp_path):
    """A run folder with a worm whose cycle is an ellipse."""
    for name in ("data", "nets", "steps"):
        (tmp_path / name).mkdir()
    phase = np.linspace(0, 2 * np.pi, 65)
    cycle = np.stack([np.cos(phase), 0.3 * np.sin(phase)], axis=1)
    worm = xr.Dataset(
        {
            "cycle_states": (("cycle", "cycle_time", "state"), cycle[None]),
            "is_motor": ("neuron", np.ones(2, dtype=bool)),
        }
    )
    sims.save_dataset(worm, tmp_path / "data" / "worm.nc")
    return RunPaths(tmp_path)


def analyzed(folder, kind):
    """A network of two oscillating components, with one step of training on a task."""
    low_rank = Substrate.read({"kind": "low-rank", "n_units": 60, "oscillation_Hz": 7.0})
    config = CompareConfig(substrates=(low_rank,), tasks=tasks_of(kind))
    config = replace(
        config,
        training=replace(config.training, pairs=1, untrained_pairs=0, steps=1, batch_size=2),
        reference=replace(
            config.reference, n_starts=4, intrinsic_starts=4, thorough=False,
            tongue_amplitudes=(1.0,), tongue_limits_Hz=(8.0, 9.0),
        ),
    )  # fmt: skip
    (spec,) = net_specs(config)
    training = {"training": train_net(config, folder, spec, quiet)}
    net = from_json_values(analyse_net(config, folder, spec, quiet) | training, NetSystem)
    results: Any = SimpleNamespace(
        nets=(net,), own_nets=(net,), saved_nets=(), config=config, interim=None, animals=(),
        contrasts=SimpleNamespace(power=None, power_after_holm=None, missing=(), primary=()),
        onset_tests=(), onsets=(), inputs=(), tongue_widths=(), triangle=None, phase_order=None,
        atlas=None, worm=SimpleNamespace(stable_cycles=(), tongue=(), driven=None),
    )  # fmt: skip
    return net, results


@pytest.mark.parametrize("kind", ["reference-free-memory", "flip-flop"])
def test_a_network_on_a_task_without_a_reference_has_intrinsic_cycles_only(kind, folder):
    net, results = analyzed(folder, kind)
    assert not net.forced
    assert (net.limit_cycles, net.tongue, net.driven, n_cycles(net)) == ((), (), None, None)
    assert net.intrinsic.found
    assert net.intrinsic.cycles[0].kind == "invariant circle"
    assert net.similarity is not None
    assert net.weak_forcing is not None
    text = describe_net(net)
    assert "Its task does not have a reference, so it is analyzed without one." in text
    assert "With the reference off it oscillates at" in text
    (said,) = [line for line in caveats(results) if "n/a" in line]
    assert said.startswith(f"{kind} does not have a reference")
    (group,), (row,) = group_rows(results), net_rows([net])
    assert (len(group), len(row)) == (len(GROUP_COLUMNS), len(NET_COLUMNS))
    assert [group[k] for k in (3, 6, 9, 11)] == 4 * ["n/a"]
    assert row[5:11] == 6 * ("n/a",)
    assert len(draw_panels(folder.path, net)) == 4


@pytest.mark.parametrize("states", [np.full((20, 3), 0.1), np.sin(np.arange(20.0))[:, None]])
def test_a_network_that_does_not_move_or_has_one_unit_has_no_distance(states, folder):
    """The comparison went on until such a network, and ended with an error."""
    assert compare_with_worm(folder, states) is None
    moving = np.stack([np.cos(np.arange(20.0)), np.zeros(20)], axis=1)
    assert compare_with_worm(folder, moving) is not None


def test_figures_omit_cycles_under_a_reference_that_a_task_does_not_have(folder):
    net, results = analyzed(folder, "flip-flop")
    reached = replace(net, reached_loss=True)
    results.nets = results.own_nets = (reached,)
    captions = [caption for caption, _ in draw_groups(results)]
    assert any("Networks on a task without a reference" in caption for caption in captions)
    assert any(caption.startswith("Distance of the cycle") for caption in captions)


@pytest.mark.slow
def test_tasks_of_other_sizes_and_without_a_reference_run_from_end_to_end(tmp_path):
    """Two tasks of phase memory share a network before training, a flip-flop has one of its own."""
    (tmp_path / "x.toml").write_text("""
[[substrates]]
kind = "low-rank"
n_units = 16
oscillation_Hz = 7.0
[[tasks]]
kind = "reference-free-memory"
[[tasks]]
kind = "flip-flop"
[[tasks]]
kind = "phase-memory"
[worm]
n_starts = 1
tongue_amplitudes_pA = [5]
tongue_step_ms = 8
[onset]
datasets = []
[training]
pairs = 1
untrained_pairs = 1
steps = 21
batch_size = 4
stop_below = 100.0
[reference]
n_starts = 4
intrinsic_starts = 4
thorough = false
tongue_amplitudes = [1]
tongue_limits_Hz = [7, 10]
""")
    run = tmp_path / "run"
    assert main(["compare", "--config", str(tmp_path / "x.toml"), "--out", str(run)]) == 0
    results = json.loads((run / "results.json").read_text())
    surveys = {it["name"]: it["survey"] for it in results["systems"] if it["kind"] == "network"}
    assert {name: it is not None for name, it in surveys.items()} == {
        "low-rank-reference-free-memory-0": False,
        "low-rank-flip-flop-0": False,
        "low-rank-phase-memory-0": True,
        "low-rank-flip-flop-0-untrained": False,
        "low-rank-phase-memory-0-untrained": True,
    }
    page = (run / "report.html").read_text()
    assert "reference-free-memory and flip-flop do not have a reference" in page
