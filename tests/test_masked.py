"""Masked values are an error wherever an array of a user becomes numbers."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.tasks import Trials
from isochron.masked import reject_masked
from isochron.sims.waveforms import Sampled

ROW = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])


def worm():
    names = ["A", "B", "C"]
    wiring = connectome.from_matrices(names, np.eye(3)[[1, 2, 0]], rows="postsynaptic", name="x")
    return sims.GradedNetwork(wiring)


class Own:
    """A task whose targets have a mask."""

    n_inputs, n_outputs, n_steps, step_ms, chance = 1, 1, 3, 10.0, 1.0

    def sample(self, batch_size, generator):
        targets = np.ma.stack([ROW] * batch_size, axis=1)
        return Trials(np.ones((3, batch_size, 1)), targets, np.ones((3, batch_size)))  # type: ignore


DOORS = {
    "values": lambda: Sampled(neurons=("A",), times=np.arange(3.0), values=ROW),
    "times": lambda: Sampled(neurons=("A",), times=ROW, values=np.arange(3.0)),
    "initial_state": lambda: sims.simulate(
        worm(), sims.step_current(["A"], amplitude_pA=1.0), duration_s=1.0,
        initial_state=np.ma.concatenate([ROW, ROW]),
    ),
    "targets of Own": lambda: ann_bridge.evaluate(
        ann_bridge.GRUNet(n_units=2, n_inputs=1, step_ms=10.0), Own(), seed=0
    ),
    "inputs": lambda: ann_bridge.ModuleMap(torch.nn.RNNCell(3, 2), inputs=ROW),
    "weights": lambda: ann_bridge.FullRankRNN.from_weights(
        np.ma.stack([ROW] * 3), input_weights=np.ones((3, 1)), output_weights=np.ones(3)
    ),
    "output_weights": lambda: ann_bridge.FullRankRNN.from_weights(
        np.eye(3), input_weights=np.ones((3, 1)), output_weights=ROW
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_masked_values_are_an_error(name):
    with pytest.raises(ValueError, match=rf"{name} has \d+ masked values, which would count"):
        DOORS[name]()


def test_lists_of_rows_and_masks_without_marks():
    with pytest.raises(ValueError, match="x has 2 masked values"):
        reject_masked("x", [ROW, ROW])
    with pytest.raises(ValueError, match="x has 1 masked values"):
        reject_masked("x", (np.arange(3), ROW))
    for sound in (np.ma.masked_array([1.0, 2.0]), [1, 2], None, "text", np.ma.arange(3)):
        reject_masked("x", sound)
