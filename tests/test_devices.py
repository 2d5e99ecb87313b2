"""Devices that are not supported are errors that state what is."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge, sims
from isochron.analysis.sign_networks import enumerate_attractors
from isochron.ann_bridge.tasks import FlipFlop
from isochron.connectome import importers
from isochron.devices import require_device


def train(device):
    ann_bridge.train(ann_bridge.GRUNet.for_task(FlipFlop()), FlipFlop(), seed=0, device=device)


def count(device):
    enumerate_attractors(np.eye(3), device=device)


def simulate(device):
    names = ["A"]
    graph = importers.from_matrices(names, [[0]], rows="postsynaptic", signs=[[0]])
    worm = sims.GradedNetwork(graph)
    sims.simulate_many(
        worm, sims.Stimulus(), duration_s=0.01, engine="torch", device=device,
        initial_states=np.zeros((1, 2)),
    )  # fmt: skip


@pytest.mark.parametrize("work", [train, count, simulate])
def test_apple_gpus_are_rejected_with_what_is_supported(work):
    with pytest.raises(ValueError, match=r"device must be cpu.* cuda.*'mps'.*not compute in float"):
        work("mps")


@pytest.mark.parametrize("work", [train, count, simulate])
def test_a_gpu_that_is_not_there_names_the_way_out(work, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="No CUDA device found.*'cpu'"):
        work("cuda")


def test_devices():
    assert require_device("cpu:0") == torch.device("cpu", 0)
    with pytest.raises(ValueError, match="such as cpu or cpu:0, got 'cpu:x'"):
        require_device("cpu:x")
    with pytest.raises(ValueError, match="cpu, cuda or auto, got 'gpu'"):
        require_device("gpu", supported=("cpu", "cuda", "auto"))
