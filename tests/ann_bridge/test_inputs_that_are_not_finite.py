"""Inputs that are not finite are errors for every kind of network."""

import numpy as np
import pytest
import torch

from isochron.ann_bridge import TrainedMap, tasks
from isochron.ann_bridge.registry import NETWORKS, load_network_class
from isochron.connectome import load

SIZES = {"n_units": 8}


def network(kind):
    if kind.startswith("connectome"):
        worm = load("varshney2011").subset("VB*", "DB*", "AVB", "PLM", "PVC")
        return load_network_class(kind).for_task(tasks.PhaseMemory(), connectome=worm)
    extra = {"connectivity": "full"} if kind in ("liquid", "closed-form") else {}
    return load_network_class(kind).for_task(tasks.PhaseMemory(), **SIZES, **extra)


def run(net, inputs):
    return net(inputs, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_first_value_is_named(kind):
    net = network(kind)
    n = net.settings.n_inputs
    good = torch.zeros(4, 2, n)
    assert run(net, good).isfinite().all()
    for bad in (np.nan, np.inf, -np.inf):
        inputs = good.clone()
        inputs[2, 1, n - 1] = bad
        inputs[3, 0, 0] = bad
        with pytest.raises(
            ValueError,
            match=f"input {n - 1} at step 2 of trial 1 is {bad}; 2 values are not finite",
        ):
            run(net, inputs)
    with pytest.raises(ValueError, match=r"is 1e\+39, beyond the range of torch.float32; 1 value"):
        run(
            net,
            torch.full((1, 1, n), 0.0, dtype=torch.float64).index_fill_(2, torch.tensor(0), 1e39),
        )
    assert net.double()(good.double(), torch.Generator()).isfinite().all()


@pytest.mark.parametrize("kind", ["low-rank", "gru"])
def test_inputs_of_a_map(kind):
    net = network(kind)
    system, n = TrainedMap(net, frequency_Hz=8.0), net.settings.n_inputs
    inputs = np.zeros((3, n))
    inputs[1, 0] = np.nan
    with pytest.raises(ValueError, match="input 0 at step 1 is nan"):
        system.respond(np.zeros(system.dimension), inputs)
    with pytest.raises(ValueError, match="pulse must be finite, got nan on input 1"):
        TrainedMap(net, frequency_Hz=8.0, pulse={1: np.float64("nan")})
