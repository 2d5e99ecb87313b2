"""User-defined tasks: the result of `sample` is checked; the error names the fault."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import Trials, plot_trial
from isochron.ann_bridge.tasks.check import draw_trials

STEPS, BATCH = 7, 4
SIZES: dict[str, Any] = {"n_steps": STEPS, "n_inputs": 2, "step_ms": 2.0, "chance": 1.0}


class OwnTask(SimpleNamespace):
    """A task of given sizes; `change` is the mistake of its author."""

    def sample(self, batch_size, generator):
        shape = (self.n_steps, batch_size)
        outputs = shape if self.n_outputs == 1 else (*shape, self.n_outputs)
        inputs = torch.randn(*shape, self.n_inputs, generator=generator)
        trials = Trials(inputs, torch.zeros(outputs), torch.ones(shape))
        return self.change(trials)


def own(change=lambda trials: trials, n_outputs=1) -> Any:
    return OwnTask(**SIZES, n_outputs=n_outputs, change=change)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def put(values, place, number):
    values = values.clone()
    values[place] = number
    return values


WRONG = {
    "complex": (lambda t: t._replace(inputs=t.inputs.cfloat()), "inputs of OwnTask is complex"),
    "batch first": (
        lambda t: Trials(*(part.transpose(0, 1) for part in t)),
        r"inputs of OwnTask .*\(n_steps, batch, n_inputs\) = \(7, 4, 2\), got \(4, 7, 2\).*"
        r"inputs\.transpose\(0, 1\)",
    ),
    "targets batch first": (
        lambda t: t._replace(targets=t.targets.T),
        r"targets .*\(7, 4\), got \(4, 7\).*targets\.transpose",
    ),
    "three channels": (
        lambda t: t._replace(inputs=torch.zeros(7, 4, 3)),
        r"inputs .*\(7, 4, 2\), got \(7, 4, 3\)",
    ),
    "too short": (lambda t: Trials(*(p[:5] for p in t)), r"inputs .*\(7, 4, 2\), got \(5, 4, 2\)"),
    "no batch": (lambda t: Trials(*(p[:, 0] for p in t)), r"inputs .*got \(7, 2\)"),
    "a different batch": (lambda t: Trials(*(p[:, :3] for p in t)), r"inputs .*got \(7, 3, 2\)"),
    "mask of a trial": (lambda t: t._replace(mask=torch.ones(7)), r"mask .*\(7, 4\), got \(7,\)"),
    "mask of outputs": (
        lambda t: t._replace(mask=torch.ones(7, 4, 2)), r"mask .*\(7, 4\), got \(7, 4, 2\)"
    ),
    "mask that broadcasts": (
        lambda t: t._replace(mask=torch.ones(7, 1)), r"mask .*\(7, 4\), got \(7, 1\)"
    ),
    "two outputs": (
        lambda t: t._replace(targets=torch.zeros(7, 4, 2)), r"targets .*\(7, 4\), got \(7, 4, 2\)"
    ),
    "NaN input": (lambda t: t._replace(inputs=put(t.inputs, 3, np.nan)), "inputs .* finite"),
    "NaN where nothing counts": (
        lambda t: t._replace(targets=put(t.targets, 0, np.nan)),
        "targets .* finite; put 0 where the mask is 0",
    ),
    "infinite mask": (lambda t: t._replace(mask=put(t.mask, 0, np.inf)), "mask .* finite"),
    "empty mask": (lambda t: t._replace(mask=0 * t.mask), "mask .* not 0 everywhere"),
    "negative mask": (lambda t: t._replace(mask=put(t.mask, 0, -1.0)), "mask .* >= 0"),
}  # fmt: skip
NO_TRIALS = {
    "one array": (lambda t: t.inputs, r"OwnTask\.sample must return Trials\(.*got Tensor"),
    "a pair": (lambda t: tuple(t)[:2], r"must return Trials.*got tuple of 2 parts \(no mask\)"),
    "four parts": (lambda t: (*t, None), "got tuple of 4 parts"),
    "a list of one": (lambda t: [t.inputs], r"got list of 1 part \(no targets, mask\)"),
    "a mapping": (lambda t: t._asdict(), "got dict with the keys inputs, targets, mask"),
    "words": (lambda t: t._replace(inputs="noise"), "inputs of OwnTask must be a tensor"),
}


@pytest.mark.parametrize("fault", [*WRONG, *NO_TRIALS])
def test_trials_of_another_shape_are_refused_with_the_fault(fault):
    change, message = (WRONG | NO_TRIALS)[fault]
    net = ann_bridge.LowRankRNN(n_units=10, n_inputs=2)
    error = ValueError if fault in WRONG else TypeError
    for use in (
        lambda task: ann_bridge.train(net, task, budget(), seed=0),
        lambda task: ann_bridge.train_many([net], task, budget(), seeds=[0]),
        lambda task: ann_bridge.evaluate(net, task, seed=0, n_trials=BATCH),
    ):
        with pytest.raises(error, match=message):
            use(own(change))


def budget():
    return ann_bridge.TrainingParameters(steps=1, batch_size=BATCH)


def test_several_outputs_need_as_many_targets():
    with pytest.raises(
        ValueError, match=r"\(n_steps, batch, n_outputs\) = \(7, 4, 3\), got \(7, 4"
    ):
        draw_trials(own(lambda t: t._replace(targets=torch.zeros(7, 4)), 3), BATCH, generator())


@pytest.mark.parametrize(
    "change",
    [
        lambda t: Trials(*(part.double() for part in t)),
        lambda t: tuple(part.numpy() for part in t),
        lambda t: [*t],
        lambda t: t._replace(mask=t.mask.bool(), targets=t.targets.long()),
        lambda t: t._replace(targets=t.targets[..., None]),
    ],
    ids=["float64", "numpy", "list", "whole numbers", "one output"],
)
def test_other_types_of_the_same_numbers_are_converted(change):
    """One output in a separate dimension would otherwise be broadcast over the batch."""
    wanted = draw_trials(own(), BATCH, generator())
    for found, right in zip(draw_trials(own(change), BATCH, generator()), wanted, strict=True):
        assert found.dtype == torch.float32
        assert torch.equal(found, right)
    net = ann_bridge.GRUNet(n_units=5, n_inputs=2)
    losses = [ann_bridge.evaluate(net, own(how), seed=0) for how in (change, lambda t: t)]
    assert losses[0] == losses[1]


def test_what_is_not_a_task_is_named():
    net = ann_bridge.GRUNet(n_units=5, n_inputs=2)
    partial: Any = SimpleNamespace(n_inputs=2, n_outputs=1, step_ms=2.0)
    with pytest.raises(TypeError, match=r"not a task: it lacks n_steps, sample\."):
        ann_bridge.train(net, partial, seed=0)


class Elsewhere:
    """A tensor on a GPU, as far as a plot can tell: NumPy cannot read it."""

    def __init__(self, tensor):
        self._tensor, self.shape = tensor, tensor.shape

    def __getitem__(self, place):
        return Elsewhere(self._tensor[place])

    def detach(self):
        return Elsewhere(self._tensor.detach())

    def float(self):
        return Elsewhere(self._tensor.float())

    def cpu(self):
        return self._tensor

    def numpy(self):
        raise TypeError("can't convert cuda:0 device type tensor to numpy.")

    __array__ = numpy


@pytest.mark.parametrize(
    "change",
    [Elsewhere, lambda part: part.requires_grad_(), lambda part: part.bfloat16()],
    ids=["on a GPU", "with a gradient", "bfloat16"],
)
def test_trials_are_drawn_wherever_they_are(change):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    drawn = draw_trials(own(), BATCH, generator())
    figure, (ax, other) = pyplot.subplots(2)
    plot_trial(Trials(*(change(part.clone()) for part in drawn)), ax=ax)
    plot_trial(drawn, ax=other)
    for line, right in zip(ax.lines, other.lines, strict=True):
        np.testing.assert_allclose(line.get_ydata(), right.get_ydata(), atol=0.02)
    pyplot.close(figure)


def test_a_trial_that_is_not_in_the_batch_is_named():
    with pytest.raises(IndexError, match=r"index must lie between 0 and 3, got 4"):
        plot_trial(draw_trials(own(), BATCH, generator()), index=BATCH)
