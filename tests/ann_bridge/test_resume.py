"""Interrupted training: after SIGKILL it resumes with a bit-identical result."""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import DelayedComparison, PhaseMemory, RecordedReference

TASK = DelayedComparison()
BUDGET = ann_bridge.TrainingParameters(
    steps=40, batch_size=4, warmup_steps=5, decay="cosine", weight_penalty=1e-4
)
SCRIPT = f"""
import sys
from isochron.ann_bridge import LowRankRNN, TrainingParameters, train
from isochron.ann_bridge.tasks import DelayedComparison
net = LowRankRNN(n_units=16, n_inputs=1, step_ms=20.0, time_constant_ms=100.0)
train(net, DelayedComparison(), {BUDGET!r}, seed=3, checkpoints=sys.argv[1], checkpoint_every=8,
      progress=lambda step, loss: print(step, flush=True))
"""


def fresh():
    return ann_bridge.LowRankRNN(n_units=16, n_inputs=1, step_ms=20.0, time_constant_ms=100.0)


def go(folder=None, budget=BUDGET, task=TASK, net=None, seed=3, steps=None):
    """Train, stopped after some steps as if by the user."""
    net = net or fresh()

    def stop(step, loss):
        if step == steps:
            raise KeyboardInterrupt

    record = ann_bridge.train(
        net, task, budget, seed=seed, checkpoints=folder, checkpoint_every=8, progress=stop
    )
    return net, record


@pytest.fixture(scope="module")
def uninterrupted():
    return go()


@pytest.fixture
def stopped(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "c", steps=30)
    return tmp_path / "c"


def same(one, other):
    assert one[1].losses == other[1].losses
    for name, tensor in one[0].state_dict().items():
        assert torch.equal(tensor, other[0].state_dict()[name])


@pytest.mark.long
def test_a_killed_process_goes_on_with_the_same_bits(tmp_path, uninterrupted):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 21:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait(timeout=60) == -signal.SIGKILL
    newest = sorted(tmp_path.glob("step-*.json"))[-1]
    done = len(json.loads(newest.read_text())["body"]["losses"])
    assert 16 <= done < 40
    seen = []
    net = fresh()
    record = ann_bridge.train(
        net, TASK, BUDGET, seed=3, checkpoints=tmp_path, progress=lambda step, _: seen.append(step)
    )
    assert seen == list(range(done + 1, 41))
    same((net, record), uninterrupted)


def test_checkpoints_change_no_bit(tmp_path, uninterrupted):
    same(go(tmp_path), uninterrupted)
    same(go(tmp_path), uninterrupted)  # finished: nothing is left to do
    assert len(list(tmp_path.iterdir())) == 4  # two checkpoints of two files


@pytest.mark.parametrize("part", ["step-00000024.safetensors", "step-00000024.json"])
@pytest.mark.parametrize("fault", ["flip", "truncate", "remove", "nest"])
def test_a_damaged_newest_checkpoint_is_passed_over(stopped, uninterrupted, part, fault):
    path = stopped / part
    content = bytearray(path.read_bytes())
    if fault == "remove":
        path.unlink()
    elif fault == "truncate":
        path.write_bytes(content[: len(content) // 2])
    elif fault == "nest":
        path.write_bytes(b"[" * 100_000)
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with (
        nullcontext()
        if fault == "remove" and part.endswith("json")
        else pytest.warns(
            UserWarning, match="A checkpoint is damaged .* resumes from the one before"
        )
    ):
        same(go(stopped), uninterrupted)


def test_losses_that_were_edited_are_noticed(stopped):
    for path in stopped.glob("*.json"):
        document = json.loads(path.read_text())
        document["body"]["losses"][0] = 0.0
        path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"No checkpoint in .* is whole.*Remove the folder"):
        go(stopped)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"budget": replace(BUDGET, batch_size=5)},
        {"task": DelayedComparison(smallest_difference=0.3)},
    ],
)
def test_checkpoints_of_another_training_are_refused(stopped, change):
    with pytest.raises(ValueError, match="of a different training"):
        go(stopped, **change)


def test_a_net_with_other_constants_is_refused(stopped):
    net = fresh()
    net.output_weights.mul_(2)
    with pytest.raises(ValueError, match="a different output_weights"):
        go(stopped, net=net)


def test_another_recording_is_another_training():
    flat = np.zeros(500)
    tasks = [
        PhaseMemory(reference=RecordedReference(flat, phase, 2.0)) for phase in (flat, flat + 1)
    ]
    assert repr(tasks[0]) != repr(tasks[1])


def test_training_that_was_good_enough_stays_so(tmp_path):
    budget = replace(BUDGET, stop_below=10.0)
    first, again = go(tmp_path, budget=budget), go(tmp_path, budget=budget)
    assert len(first[1].losses) == 20
    same(first, again)


def test_the_learning_rate_rises_and_falls():
    p = ann_bridge.TrainingParameters(
        steps=101, learning_rate=1.0, warmup_steps=20, decay="cosine", final_learning_rate=0.2
    )
    rates = [p.learning_rate_at(step) for step in range(101)]
    np.testing.assert_allclose(rates[:21], [*np.arange(1, 21) / 20, 1.0])
    np.testing.assert_allclose([rates[60], rates[100]], [0.6, 0.2])
    assert replace(p, decay="none").learning_rate_at(99) == 1.0


def test_the_weight_penalty_shrinks_weights():
    """30 steps of at most 0.02 in each weight; weights of 1 lose about half of it."""
    norms = []
    for penalty in (0.0, 0.05):
        budget = replace(BUDGET, steps=30, learning_rate=0.02, weight_penalty=penalty)
        net, _ = go(budget=budget)
        norms.append(sum(float(w.detach().square().sum()) for w in net.parameters()))
    assert norms[1] < 0.8 * norms[0]
