"""Faults while a network trains: threads, and a folder that disappears."""

import shutil

import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.registry import NETWORKS
from isochron.ann_bridge.training_step import check_finite
from isochron.cli import main

TASK = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=200)
BUDGET = ann_bridge.TrainingParameters(steps=4, batch_size=64, learning_rate=0.01)


@pytest.fixture
def threads():
    """Sets the threads of torch; those of before come back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["gru", "lstm", "liquid", "coupled-oscillators"])
def test_training_does_not_depend_on_the_number_of_threads(threads, kind):
    """Gated networks of torch differed in the last bits; the others have compiled kernels."""
    found = []
    for count in (1, 2, 4):
        threads(count)
        generator = torch.Generator().manual_seed(0)
        net = NETWORKS.load(kind).for_task(TASK, n_units=96, generator=generator)
        losses = ann_bridge.train(net, TASK, BUDGET, seed=0).losses
        loss = ann_bridge.evaluate_trials(net, TASK, seed=1, n_trials=64).loss
        assert torch.get_num_threads() == count
        found.append([losses, loss, *net.state_dict().values()])
    for other in found[1:]:
        assert other[:2] == found[0][:2]
        assert all(torch.equal(a, b) for a, b in zip(other[2:], found[0][2:], strict=True))


def test_torch_has_one_thread_while_it_trains_and_evaluates(threads, monkeypatch):
    """Whether its sums in several threads differ in the last bits depends on the machine."""
    threads(2)
    calls, plain = [], torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda count: calls.append(count) or plain(count))
    net = ann_bridge.GRUNet.for_task(TASK, n_units=4).double()  # without a compiled kernel
    for work in (
        lambda: ann_bridge.train(net, TASK, BUDGET, seed=0),
        lambda: ann_bridge.evaluate_trials(net, TASK, seed=1, n_trials=4),
    ):
        calls.clear()
        work()
        assert (calls[0], calls[-1]) == (1, 2)
        assert torch.get_num_threads() == 2


def test_a_penalty_that_is_too_large_is_named():
    net = ann_bridge.LowRankRNN.for_task(TASK, n_units=4)
    budget = ann_bridge.TrainingParameters(steps=4, batch_size=4, rate_penalty=1e300)
    wanted = r"Lower rate_penalty \(now 1e\+300\) or learning_rate \(now 0\.01\)\."
    with pytest.raises(ArithmeticError, match=wanted):
        ann_bridge.train(net, TASK, budget, seed=0)


def test_a_gradient_that_is_not_finite_is_not_applied():
    """The loss is finite; a step of Adam would make all weights NaN."""
    net = ann_bridge.GRUNet.for_task(TASK, n_units=4)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    next(net.parameters()).register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(ArithmeticError, match="not finite at step 1; the weights are those before"):
        ann_bridge.train(net, TASK, BUDGET, seed=0)
    assert all(torch.equal(net.state_dict()[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["losses", "norms"])
def test_each_loss_and_gradient_is_checked(place, bad):
    """A loss that overflows may have a gradient that does not."""
    found = {"losses": [1.0, 2.0], "norms": [1.0, 2.0]}
    check_finite(BUDGET, 0, **found)
    found[place][1] = bad
    with pytest.raises(ArithmeticError, match="not finite at step 1"):
        check_finite(BUDGET, 0, **found)


def test_a_folder_of_checkpoints_that_disappears_stops_the_training(tmp_path):
    folder, steps = tmp_path / "checkpoints", []

    def progress(step, loss):
        steps.append(step)
        if step == 2:
            shutil.rmtree(folder)

    net = ann_bridge.GRUNet.for_task(TASK, n_units=4)
    with pytest.raises(FileNotFoundError, match="was deleted while a network was"):
        ann_bridge.train(
            net, TASK, BUDGET, seed=0, checkpoints=folder, checkpoint_every=1, progress=progress
        )
    assert steps == [1, 2]
    assert not folder.exists()


def test_a_run_folder_that_disappears_stops_the_command(tmp_path, capsys, monkeypatch):
    """One line; the folder is not made again without its marker."""
    out = tmp_path / "run"
    config = tmp_path / "x.toml"
    config.write_text(
        '[task]\nkind = "flip-flop"\n[network]\nkind = "gru"\nn_units = 4\n'
        "[training]\nsteps = 5\nbatch_size = 4\n"
    )

    def progress(report, steps):
        return lambda step, loss: shutil.rmtree(out, ignore_errors=True)

    monkeypatch.setattr("isochron.runs.training.CHECKPOINT_EVERY", 1)
    monkeypatch.setattr("isochron.runs.training.training_progress", progress)
    assert main(["train", "--config", str(config), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert "was deleted while a network was training" in error
    assert error.splitlines()[-1].startswith("isochron: ")
    assert not out.exists()
