"""Every kind of network: made for a task, saved and read; files of 0.1; a new kind in one file."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge import tasks
from isochron.ann_bridge.registry import MODELS, NETWORKS, TASKS, network_parameters
from isochron.registry import Entry

FILES = Path(__file__).with_name("data") / "files_of_0.1"
NEWER = {"attention", "convolution"}  # kinds that 0.1 did not have


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def small():
    chemical = [[0, 2, 1, 0], [1, 0, 0, 3], [0, 1, 0, 1], [2, 0, 1, 0]]
    gap = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]]
    types = {"A": "sensory", "B": "interneuron", "C": "motor", "D": "motor"}
    return connectome.from_matrices(
        list("ABCD"), chemical, gap, rows="postsynaptic", types=types, name="small"
    )


@pytest.mark.parametrize("task", [tasks.PhaseMemory(), tasks.Sternberg(), tasks.FlipFlop()])
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_kind_is_made_for_a_task_and_survives_its_file(kind, task, small, tmp_path):
    network = NETWORKS.load(kind)
    assert network.kind == kind
    on = small if kind.startswith("connectome") else None
    net = network.for_task(task, connectome=on, generator=generator())
    settings = net.settings
    assert isinstance(settings, network.parameters_type)
    assert (settings.n_inputs, settings.n_outputs) == (task.n_inputs, task.n_outputs)
    assert settings.step_ms == task.step_ms
    ann_bridge.save_net(net, tmp_path / "net")
    again, _ = ann_bridge.load_net(tmp_path / "net")
    assert again.settings == settings
    inputs = task.sample(2, generator()).inputs[:5]
    with torch.no_grad():
        nothing, no_rates = net.run(inputs[:0], generator())
        assert nothing.shape == net(inputs, generator())[:0].shape
        assert no_rates.shape == (0, 2, settings.n_units)
        assert torch.equal(net(inputs, generator()), again(inputs, generator()))


@pytest.mark.parametrize("kind", ["gru", "full-rank", "spiking"])
def test_settings_that_are_given_stay(kind):
    network = NETWORKS.load(kind)
    parameters = network.parameters_type(n_units=7, initial_std=0.3)
    net = network.for_task(tasks.FlipFlop(), parameters, generator=generator())
    assert (net.settings.n_units, net.settings.initial_std) == (7, 0.3)
    assert net.settings.n_outputs == tasks.FlipFlop().n_outputs
    with pytest.raises(TypeError, match="rnak"):
        network.for_task(tasks.FlipFlop(), rnak=2)


@pytest.mark.parametrize("task", ["phase-memory", "flip-flop"])
@pytest.mark.parametrize("kind", [kind for kind in NETWORKS if kind not in NEWER])
def test_a_seed_gives_the_weights_that_it_gave_in_0_1(kind, task, small):
    """Sum of the moduli of each tensor: other processors differ in the last bits only."""
    expected = json.loads(FILES.with_name("initial_weights.json").read_text())[f"{kind} {task}"]
    if kind == "connectome-low-rank":
        expected["m"] = 0.0  # since 0.2.0 the network starts as its connectome
    on = small if kind.startswith("connectome") else None
    net = NETWORKS.load(kind).for_task(TASKS.load(task)(), connectome=on, generator=generator())
    found = {name: it.abs().double().sum().item() for name, it in net.named_parameters()}
    assert found == pytest.approx(expected, rel=1e-4)


def test_units_remember_for_longer_than_a_step():
    """Steps of 20 ms at a time constant of 20 ms would leave no memory."""
    assert tasks.FlipFlop().step_ms >= 10
    slow = NETWORKS.load("low-rank").for_task(tasks.FlipFlop())
    slower = NETWORKS.load("low-rank").for_task(tasks.Sternberg())
    fast = NETWORKS.load("low-rank").for_task(tasks.PhaseMemory())
    assert [n.settings.time_constant_ms for n in (fast, slow, slower)] == [20.0, 100.0, 500.0]


def test_who_needs_a_connectome_says_so_and_who_does_not_too(small):
    with pytest.raises(ValueError, match=r"kind connectome needs a connectome.*load\("):
        NETWORKS.load("connectome").for_task(tasks.PhaseMemory())
    with pytest.raises(ValueError, match="kind gru does not have a connectome"):
        NETWORKS.load("gru").for_task(tasks.PhaseMemory(), connectome=small)


@pytest.mark.parametrize("kind", ["liquid", "closed-form"])
def test_circuits_are_drawn_or_those_of_a_connectome(kind, small):
    network, task = NETWORKS.load(kind), tasks.PhaseMemory()
    policy = network.for_task(task, n_units=12, generator=generator())
    full = network.for_task(task, n_units=12, connectivity="full", generator=generator())
    assert policy.motor.sum() == 2
    assert full.synapses.shape[1] > policy.synapses.shape[1]
    worm = network.for_task(task, connectome=small, generator=generator())
    assert worm.settings.n_units == 4
    with pytest.raises(ValueError, match="connectivity must be one of policy, full, got 'tree'"):
        network.for_task(task, connectivity="tree")


@pytest.mark.parametrize("kind", [kind for kind in (*NETWORKS, *MODELS) if kind not in NEWER])
def test_files_of_0_1_are_read(kind):
    """They were written by 0.1 with its outputs on these inputs; the order of sums may differ."""
    net, notes = ann_bridge.load_net(FILES / kind)
    assert net.kind == kind
    inputs = torch.sin(torch.arange(30.0).reshape(10, 1, 3))
    with torch.no_grad():
        outputs = net(inputs, generator()).flatten()
    np.testing.assert_allclose(outputs, notes["outputs"], rtol=1e-4, atol=1e-5)


def test_a_file_of_another_schema_is_refused(tmp_path):
    for suffix in (".json", ".safetensors"):
        content = (FILES / f"gru{suffix}").read_bytes()
        (tmp_path / f"gru{suffix}").write_bytes(content)
    described = json.loads((tmp_path / "gru.json").read_text())
    (tmp_path / "gru.json").write_text(json.dumps(described | {"schema": 3}))
    with pytest.raises(ValueError, match="schema 3; this version reads 1 and 2"):
        ann_bridge.load_net(tmp_path / "gru")


@pytest.mark.parametrize("kind", TASKS)
def test_every_task_can_be_sampled(kind):
    task = TASKS.load(kind)()
    assert task.sample(2, generator()).inputs.shape == (task.n_steps, 2, task.n_inputs)


ECHO = '''
"""A network that repeats its inputs, the smallest possible one."""

from typing import ClassVar

from torch import Tensor, nn

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.autograd_loop import SteppedNet
from isochron.ann_bridge.nets.stepped_parameters import SteppedParameters


class EchoNet(SteppedNet):
    """x <- B u."""

    kind: ClassVar[str] = "echo"
    parameters_type = SteppedParameters

    def __init__(self, parameters, *, generator=None):
        super().__init__()
        self.settings = p = parameters
        self.input_weights = nn.Parameter(normal(p.n_units, p.n_inputs, generator=generator))
        self.output_weights = self.draw_readout(generator)

    def drive(self, inputs: Tensor) -> Tensor:
        return inputs @ self.input_weights.T

    def stepper(self):
        return lambda state, drive: drive
'''


def test_a_new_network_is_one_file_and_one_entry(tmp_path, monkeypatch):
    (tmp_path / "echo.py").write_text(ECHO)
    monkeypatch.syspath_prepend(tmp_path)
    entry = Entry("echo:EchoNet", "Repeats its inputs.")
    monkeypatch.setitem(NETWORKS._entries, "echo", entry)
    task = tasks.PhaseMemory()
    made = network_parameters("echo").for_task(task)  # without an entry, those of the class
    assert (made.n_inputs, made.n_units) == (task.n_inputs, 64)
    net = NETWORKS.load("echo").for_task(task, n_units=5, generator=generator())
    parameters = ann_bridge.TrainingParameters(steps=2, batch_size=4)
    record = ann_bridge.train(net, task, parameters, seed=0)
    assert len(record.losses) == 2
    ann_bridge.save_net(net, tmp_path / "net", task=task)
    again, _ = ann_bridge.load_net(tmp_path / "net")
    assert isinstance(again, sys.modules["echo"].EchoNet)
    assert torch.equal(again.state_dict()["input_weights"], net.state_dict()["input_weights"])
