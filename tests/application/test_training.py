"""Training in a run folder: interrupted, resumed, the same in every study."""

import json

import numpy as np
import pytest

from isochron import ann_bridge
from isochron.cli.progress import show_progress
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import CHECKPOINT_EVERY, Training, checkpoints_path, train_and_save
from isochron.studies.compare import networks as compare
from isochron.studies.compare.configuration import CompareConfig, TrainingSection
from isochron.studies.entries import Substrate
from isochron.studies.pals2024 import configuration as pals_configuration
from isochron.studies.pals2024 import networks as pals2024
from isochron.studies.pals2024.conditions import parse_condition

SIZE = {"n_units": 8, "steps": CHECKPOINT_EVERY + 20, "batch_size": 2, "stop_below": 0.0}


def of_compare(folder, report):
    budget = {name: SIZE[name] for name in ("steps", "batch_size")}
    config = CompareConfig(training=TrainingSection(**budget, stop_below=1e-9))
    substrate = Substrate.read({"kind": "low-rank", "n_units": SIZE["n_units"]})
    spec = compare.NetSpec(substrate, config.tasks[0], 0)
    return spec.name, compare.train_net(config, folder, spec, report)


def of_pals2024(folder, report):
    section = pals_configuration.LowRankSection(**SIZE)
    config = pals_configuration.Pals2024Config(low_rank=section)
    spec = pals2024.NetSpec(parse_condition("rank-1-linear"), 0)
    return spec.name, pals2024.train_net(config, folder, spec, report)


def quiet(fraction, text):
    pass


@pytest.mark.parametrize("train_net", [of_compare, of_pals2024])
def test_a_study_resumes_inside_a_training(tmp_path, train_net):
    for name in ("whole/nets", "cut/nets"):
        (tmp_path / name).mkdir(parents=True)
    whole, cut = RunPaths(tmp_path / "whole"), RunPaths(tmp_path / "cut")
    name, expected = train_net(whole, quiet)
    seen = []

    def interrupt(fraction, text):
        seen.append(text)
        if len(seen) > CHECKPOINT_EVERY + 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_net(cut, interrupt)
    assert list(checkpoints_path(cut, name).glob("step-*.json"))
    seen.clear()
    assert train_net(cut, lambda fraction, text: seen.append(text)) == (name, expected)
    assert seen[0].startswith(f"step {CHECKPOINT_EVERY + 1}/{SIZE['steps']}, loss ")
    assert not checkpoints_path(cut, name).exists()
    weights = [paths.net_path(f"{name}.safetensors").read_bytes() for paths in (whole, cut)]
    assert weights[0] == weights[1]
    notes = json.loads(cut.net_path(f"{name}.json").read_text())["notes"]
    assert (notes["loss"], notes["learned"]) == (expected["loss"], "no")


def test_progress_without_a_terminal_is_a_line_now_and_then(monkeypatch):
    import io

    from isochron.cli import progress

    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    stream = io.StringIO()
    with show_progress(stream) as shown:
        shown.begin("train-a")
        for second in range(200):
            now[0] = float(second)
            slow = second / 4000 if second < 100 else 0.02 + (second - 100) / 150
            shown.update("train-a", slow, f"step {second}/200")
        shown.end("train-a", 200.0)
    lines = stream.getvalue().splitlines()
    times = [float(line[1:7]) for line in lines[1:-1]]
    assert times[0] == 60.0  # nearly nothing was done until then
    assert all(later - earlier >= 10 for earlier, later in zip(times, times[1:], strict=False))
    assert 5 <= len(times) <= 9
    assert "train-a: 2 %, step 60/200" in lines[1]


def test_a_network_on_a_numbered_draw_from_a_null_model():
    from isochron.runs.training import build_network
    from isochron.runs.training_configuration import train_config

    def chemical(**given):
        config = train_config({"network": {"kind": "connectome"}, "connectome": given})
        return build_network(config, 7).state_dict()["chemical"].numpy()

    worm, first, second = chemical(), *(chemical(null_model="rewire", draw=k) for k in (0, 1))
    np.testing.assert_array_equal(first, chemical(null_model="rewire", draw=0))
    assert np.count_nonzero(worm) == np.count_nonzero(first) == np.count_nonzero(second)
    shared = (worm != 0) & (first != 0)
    assert 0 < shared.sum() < np.count_nonzero(worm)
    np.testing.assert_array_equal(worm[shared], first[shared])  # one seed, the same weights
    assert ((first != 0) != (second != 0)).any()
    with pytest.raises(ValueError, match="null model"):
        chemical(null_model="rewired")


def test_a_network_may_be_evaluated_on_other_trials_than_those_of_the_training(tmp_path):
    task, held_out = (ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=it) for it in (200, 400))
    net = ann_bridge.GRUNet.for_task(task, n_units=2)
    (tmp_path / "nets").mkdir()
    training = Training(
        net=net,
        task=task,
        parameters=ann_bridge.TrainingParameters(steps=1, batch_size=2),
        seed=0,
        evaluation_seed=1,
        evaluation_task=held_out,
    )
    result = train_and_save(training, RunPaths(tmp_path), "gru", quiet)
    losses = [ann_bridge.evaluate(net, it, seed=1) for it in (held_out, task)]
    assert result.evaluation.loss == losses[0] != losses[1]
