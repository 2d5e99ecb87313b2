"""The compiled GRU and LSTM are the layers of torch, and so are their gradients."""

from dataclasses import replace

import pytest
import torch

from isochron import ann_bridge

KINDS = (ann_bridge.GRUNet, ann_bridge.LSTMNet)
BATCH = 21  # more than a tile, and not a whole number of them


def by_torch(net, inputs, initial):
    """Outputs and hidden states from the layer of torch itself."""
    parts = [part.contiguous() for part in initial[None].chunk(net.state_parts, dim=2)]
    hidden, _ = net.cells(inputs, tuple(parts) if len(parts) == 2 else parts[0])
    return hidden @ net.output_weights, hidden


def draw(kind, *, n_outputs=2, readout=True):
    """A network with large weights, so that gates saturate, and its inputs."""
    net = kind(n_units=10, n_inputs=3, n_outputs=n_outputs, initial_std=1.0)
    with torch.no_grad():
        for weights in net.parameters():
            weights.mul_(4)
    net.output_weights.requires_grad_(readout)
    generator = torch.Generator().manual_seed(0)
    return net, torch.randn(19, BATCH, 3, generator=generator).requires_grad_()


def gradients(results, tensors):
    """Gradients of a function of all results, of some of them at one time only."""
    outputs, hidden = results
    loss = outputs.square().sum() + hidden[7].sum() + (hidden[3] * outputs[4, :, :1]).sum()
    return torch.autograd.grad(loss, tensors)


@pytest.mark.parametrize("kind", KINDS)
def test_results_and_gradients_are_those_of_torch(kind):
    net, inputs = draw(kind)
    initial = net.initial_states(BATCH, torch.Generator().manual_seed(1))
    ours = net.run(inputs, torch.Generator().manual_seed(1))
    wanted = by_torch(net, inputs, initial)
    tensors = [inputs, *net.parameters()]
    rounding = 100 * torch.finfo(torch.float32).eps  # 19 steps with sums of about 15 terms
    pairs = [
        *zip(ours, wanted, strict=True),
        *zip(gradients(ours, tensors), gradients(wanted, tensors), strict=True),
    ]
    for found, right in pairs:
        assert found.shape == right.shape
        assert (found - right).abs().max() <= rounding * right.abs().max()


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_needed_is_differentiated(kind):
    net, inputs = draw(kind, n_outputs=1, readout=False)
    weights = net.cells.weight_hh_l0

    def by_weights(given):
        outputs = net(given, torch.Generator().manual_seed(1))
        assert outputs.shape == (19, BATCH)
        return torch.autograd.grad(outputs.sum(), weights)[0]

    few = by_weights(inputs.detach())
    net.output_weights.requires_grad_()
    assert torch.equal(by_weights(inputs), few)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_no_bit(kind):
    net, inputs = draw(kind)
    before, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results = net.run(inputs, torch.Generator().manual_seed(1))
            found.append([*results, *gradients(results, [inputs, *net.parameters()])])
    finally:
        torch.set_num_threads(before)
    assert all(
        torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_does_not_depend_on_the_others(kind):
    net, inputs = draw(kind)
    net.settings = replace(net.settings, initial_std=0.0)
    outputs = net(inputs, torch.Generator().manual_seed(1))
    alone = net(inputs[:, 20:], torch.Generator().manual_seed(1))
    assert torch.equal(outputs[:, 20:], alone)


def test_large_layers_and_other_precisions_are_run_by_torch():
    net = ann_bridge.GRUNet(n_units=513, n_inputs=1)
    inputs = torch.ones(2, 3, 1)
    initial = net.initial_states(3, torch.Generator().manual_seed(1))
    outputs = net(inputs, torch.Generator().manual_seed(1))
    assert torch.equal(outputs, by_torch(net, inputs, initial)[0])
    small, double = (ann_bridge.GRUNet(n_units=4, n_inputs=1) for _ in range(2))
    assert double.double()(inputs, torch.Generator().manual_seed(1)).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        assert small(inputs, torch.Generator().manual_seed(1)).dtype == torch.bfloat16
