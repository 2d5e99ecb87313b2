"""A gradient reaches the inputs of every kind of network, as an encoder in front of it needs."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.nets.leaky import run_leaky

QUIET: dict[str, Any] = {"noise_std": 0.0}
STEPS, BATCH, N_INPUTS = 12, 3, 3


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def masks(n=20):
    drawn = torch.rand(n, n, generator=generator()) < 0.2
    half = torch.arange(n) < n // 2
    return ann_bridge.ConnectomeMasks(
        drawn, drawn & drawn.T, half, ~half, classes=torch.arange(n) // 2
    )


def policy():
    return ann_bridge.default_policy_connectivity(12, 3, n_motor=2, rng=np.random.default_rng(0))


KINDS = {
    "low-rank": lambda: ann_bridge.LowRankRNN(n_units=20, rank=2, **QUIET),
    "low-rank, softplus": lambda: ann_bridge.LowRankRNN(n_units=20, activation="softplus", **QUIET),
    "low-rank, many": lambda: ann_bridge.LowRankRNN(n_units=20, rank=9, **QUIET),
    "full-rank": lambda: ann_bridge.FullRankRNN(n_units=12, biased=True, n_outputs=2, **QUIET),
    "full-rank, time constants": lambda: ann_bridge.FullRankRNN(
        n_units=12, learns_time_constants=True, readout="rates", **QUIET
    ),
    "connectome": lambda: ann_bridge.ConnectomeRNN(
        masks(), ann_bridge.ConnectomeRNNParameters(n_units=20, **QUIET)
    ),
    "connectome, classes": lambda: ann_bridge.ConnectomeRNN(
        masks(),
        ann_bridge.ConnectomeRNNParameters(n_units=20, learns_class_parameters=True, **QUIET),
    ),
    "connectome-low-rank": lambda: ann_bridge.LowRankAdaptedConnectomeRNN(
        torch.randn(20, 20, generator=generator()) / 5,
        masks(),
        ann_bridge.LowRankAdaptedConnectomeParameters(n_units=20, **QUIET),
    ),
    "gru": lambda: ann_bridge.GRUNet(n_units=7),
    "lstm": lambda: ann_bridge.LSTMNet(n_units=7, n_outputs=2),
    "coupled-oscillators": lambda: ann_bridge.CoupledOscillatorNet(n_units=7),
    "attention": lambda: ann_bridge.AttentionNet(n_units=8, n_layers=2, window=9, stride=2),
    "attention, sinusoidal, fed back": lambda: ann_bridge.AttentionNet(
        n_units=8, window=9, stride=2, positions="sinusoidal", feedback=0.5
    ),
    "convolution": lambda: ann_bridge.ConvolutionNet(n_units=7, n_layers=3, n_outputs=2),
    "liquid": lambda: ann_bridge.LiquidNet(policy()),
    "closed-form": lambda: ann_bridge.ClosedFormNet(policy()),
    "closed-form, pure": lambda: ann_bridge.ClosedFormNet(policy(), mode="pure"),
}  # fmt: skip


def loss_of(net, inputs):
    outputs, rates = net.run(inputs, generator(3))
    pull = torch.randn(outputs.shape, generator=generator(4), dtype=outputs.dtype)
    return (pull * outputs).sum() + rates.square().sum()


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_by_the_inputs_is_that_of_central_differences(kind):
    """float64; steps of 1e-5 err by 1e-10 (third order) and 1e-11 (rounding) of a loss near 1."""
    net = KINDS[kind]().double()
    inputs = torch.randn(STEPS, BATCH, N_INPUTS, generator=generator(1), dtype=torch.float64)
    inputs.requires_grad_()
    (found,) = torch.autograd.grad(loss_of(net, inputs), inputs)
    for seed in (5, 6):
        way = torch.randn(inputs.shape, generator=generator(seed), dtype=torch.float64)
        with torch.no_grad():
            up, down = (loss_of(net, inputs + e * way) for e in (1e-5, -1e-5))
        assert float((found * way).sum()) == pytest.approx(float((up - down) / 2e-5), rel=1e-6)
    assert (found.abs().sum(dim=(1, 2)) > 0).all()  # at every step


def test_a_spiking_network_passes_its_surrogate_to_the_inputs(monkeypatch):
    """The same as by the weights: dL/dB = Σ dL/d(B u) u', and dL/du = B' dL/d(B u)."""
    pytest.importorskip("snntorch")
    net = ann_bridge.SpikingNet(n_units=20).double()
    inputs = torch.randn(STEPS, BATCH, N_INPUTS, generator=generator(1), dtype=torch.float64)
    inputs.requires_grad_()
    currents = []
    drive = net.drive
    monkeypatch.setattr(net, "drive", lambda u: currents.append(drive(u)) or currents[0])
    loss = loss_of(net, inputs)
    by_inputs, by_currents = torch.autograd.grad(loss, [inputs, currents[0]])
    torch.testing.assert_close(by_inputs, by_currents @ net.input_weights)
    assert by_inputs.norm() > 0


def test_a_simulated_worm_passes_a_gradient_to_the_inputs():
    """Central differences; the simulation is in float64."""
    circuit = sims.GradedNetwork(connectome.load("varshney2011").subset("PLM", "AVA", "DB"))
    net = ann_bridge.WormNet(
        circuit, sims.step_current(["PLM"], amplitude_pA=20.0),
        [ann_bridge.Constant("capacitance", low=0.3, high=10)],
        touched=("PLM",), n_inputs=2, step_ms=8.0,
    ).double()  # fmt: skip
    inputs = torch.randn(6, BATCH, 2, generator=generator(1), dtype=torch.float64).requires_grad_()
    (found,) = torch.autograd.grad(loss_of(net, inputs), inputs)
    way = torch.randn(inputs.shape, generator=generator(5), dtype=torch.float64)
    with torch.no_grad():
        up, down = (loss_of(net, inputs + e * way) for e in (1e-4, -1e-4))
    assert float((found * way).sum()) == pytest.approx(float((up - down) / 2e-4), rel=1e-5)


def test_several_networks_side_by_side_pass_gradients_to_their_own_inputs():
    nets = [KINDS[kind]() for kind in ("low-rank", "full-rank", "low-rank, softplus")]
    inputs = [
        torch.randn(STEPS, BATCH, N_INPUTS, generator=generator(k)).requires_grad_(k != 1)
        for k in range(3)
    ]
    results = run_leaky(nets, inputs, [generator(3) for _ in nets])
    torch.stack([outputs.square().sum() for outputs, _ in results]).sum().backward()
    assert inputs[1].grad is None
    for k in (0, 2):
        alone = inputs[k].detach().requires_grad_()
        nets[k](alone, generator(3)).square().sum().backward()
        found, wanted = inputs[k].grad, alone.grad
        assert found is not None
        assert wanted is not None
        assert torch.equal(found, wanted)
        assert wanted.norm() > 0


def test_an_encoder_in_front_of_a_network_learns():
    """The network is fixed; only the encoder can lower the loss."""
    net = ann_bridge.LowRankRNN(n_units=30, n_inputs=2, **QUIET).requires_grad_(False)
    encoder = torch.nn.Linear(5, 2)
    with torch.no_grad():
        for weights in encoder.parameters():
            weights.zero_()
    given = torch.randn(30, 8, 5, generator=generator(1))
    wanted = net(given[..., :2], generator(2)).detach()
    optimiser, losses = torch.optim.Adam(encoder.parameters(), lr=0.05), []
    for _ in range(60):
        loss = (net(encoder(given), generator(2)) - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0]
