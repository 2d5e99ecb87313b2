"""Arrays of a wrong shape or type are rejected before they enter compiled code."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.nets.leaky import run_leaky
from tests.ann_bridge.test_input_gradients import KINDS, generator
from tests.ann_bridge.test_kernels import drawn

ALL = KINDS | {"spiking": lambda: ann_bridge.SpikingNet(n_units=5)}


def shape(*sizes):
    return rf"inputs must have shape \(n_steps, batch, 3\), got \({', '.join(map(str, sizes))}\)"


@pytest.mark.parametrize("kind", ALL)
def test_the_number_of_input_columns_is_checked(kind):
    """One column too many took the place of the bias; a missing one was read beyond the array."""
    net = ALL[kind]()
    for columns in (0, 1, 2, 4, 30):
        for run in (net, net.run):
            with pytest.raises(ValueError, match=shape(6, 2, columns)):
                run(torch.zeros(6, 2, columns), generator())


@pytest.mark.parametrize("kind", ALL)
def test_the_number_of_dimensions_is_checked(kind):
    net = ALL[kind]()
    for sizes in ((3,), (6, 2), (6, 2, 3, 1)):
        with pytest.raises(ValueError, match="inputs must have shape"):
            net(torch.zeros(sizes), generator())
    with pytest.raises(ValueError, match=r"for one trial use inputs\[:, None\]"):
        net(torch.zeros(6, 3), generator())


@pytest.mark.parametrize("kind", ALL)
def test_other_real_types_and_layouts_give_the_same_outputs(kind):
    """The values are exact in every type, so the outputs are bit-identical."""
    net = ALL[kind]()
    inputs = torch.randint(-2, 3, (6, 2, 3), generator=generator()).float()
    wanted = net(inputs, generator(1))
    wide = torch.full((12, 2, 6), 7.0)
    wide[::2, :, ::2] = inputs
    batch_first = inputs.transpose(0, 1).contiguous().transpose(0, 1)
    others = [inputs.double(), inputs.long(), inputs.half(), wide[::2, :, ::2], batch_first]
    for other in others:
        assert torch.equal(net(other, generator(1)), wanted)
    assert torch.equal(net((inputs > 0), generator(1)), net((inputs > 0).float(), generator(1)))


@pytest.mark.parametrize("kind", ALL)
def test_other_things_are_rejected(kind):
    net = ALL[kind]()
    with pytest.raises(ValueError, match=r"real numbers, got torch\.complex64"):
        net(torch.zeros(6, 2, 3, dtype=torch.complex64), generator())
    with pytest.raises(TypeError, match=r"torch\.Tensor, got ndarray; use torch\.as_tensor"):
        net(np.zeros((6, 2, 3), np.float32), generator())
    with pytest.raises(ValueError, match=r"inputs are on meta, the network is on cpu; use inputs"):
        net(torch.zeros(6, 2, 3, device="meta"), generator())


def test_networks_side_by_side_are_checked_one_by_one():
    nets = [KINDS["low-rank"](), KINDS["full-rank"]()]
    right, wrong = torch.zeros(6, 2, 3), torch.zeros(6, 2, 2)
    with pytest.raises(ValueError, match=shape(6, 2, 2)):
        run_leaky(nets, [right, wrong], [generator(), generator()])


@pytest.mark.parametrize("kind", [k for k in KINDS if "rank" in k or k.startswith("connectome")])
def test_initial_states_of_a_wrong_shape_are_rejected(kind):
    """By the compiled kernels, and by the steps in torch, which would repeat a single row."""
    net = KINDS[kind]()
    for sizes in ((1, net.settings.n_units), (2, net.settings.n_units - 1)):
        net.initial_states = lambda batch, g, sizes=sizes: torch.zeros(sizes)
        with pytest.raises(ValueError, match=r"initial.* must have shape \(2, "):
            net(torch.zeros(6, 2, 3), generator())


@pytest.mark.parametrize("rank", [2, None, "sparse"])
def test_every_tensor_of_the_compiled_recurrence_is_checked(rank):
    net = drawn(rank)
    for name in ("inputs", "initial", "weights", "left", "right", "readout", "pattern"):
        part = getattr(net, name)
        if part is None:
            continue
        axes = range(1 if name == "inputs" else 0, part.ndim)  # any number of steps is right
        wrong = [part.narrow(axis, 0, part.shape[axis] - 1) for axis in axes]
        for changed in (*wrong, part[None]):
            with pytest.raises(ValueError, match=r"must have shape \("):
                replace(net, **{name: changed})
        if name not in ("inputs", "pattern"):
            with pytest.raises(ValueError, match=r"must be of type torch\.float"):
                replace(net, **{name: part.float()})


def test_the_kernels_of_a_cpu_are_for_two_types():
    with pytest.raises(ValueError, match=r"need float32 or float64, got torch\.float16"):
        drawn(2, dtype=torch.float16)


def test_states_of_a_reduced_network_are_checked():
    """A state of twice the length would be taken for two states."""
    net = ann_bridge.reduce_low_rank(ann_bridge.LowRankRNN(n_units=20, rank=2, n_inputs=2))
    system = ann_bridge.TrainedMap(net, frequency_Hz=8.0)
    for sizes in ((3,), (8,), (5, 3), ()):
        for act in (system.advance, system.orbit):
            with pytest.raises(ValueError, match=r"state must have shape \(\.\.\., 4\), got"):
                act(np.ones(sizes), 5)
    for sizes in ((4,), (3, 2), (4, 2, 1)):
        with pytest.raises(ValueError, match=r"tangents must have shape \(4, k\), got"):
            system.advance(np.ones(4), 5, tangents=np.ones(sizes))
    with pytest.raises(ValueError, match=r"state must have shape \(4,\), got \(2, 4\)"):
        system.advance(np.ones((2, 4)), 5, tangents=np.eye(4))
    states, tangents = np.arange(24.0).reshape(4, 3, 2).T / 24, np.eye(4)[:, ::2]
    together = system.advance(states, 5)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(together[place], system.advance(states[place].copy(), 5))
    one, moved = system.advance(states[0, 0], 5, tangents=tangents)
    other = system.advance(states[0, 0].copy(), 5, tangents=tangents.copy())
    np.testing.assert_array_equal(one, other[0])
    np.testing.assert_array_equal(moved, other[1])
