"""bfloat16 products: their effect, where they are rejected, and the attractors of the result."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.analysis import NewtonStarts, find_entrained_cycles
from isochron.ann_bridge.ensemble import train_many
from isochron.ann_bridge.kernels.leaky_recurrence import (
    LeakyRecurrence,
    LeakySettings,
    LeakyTensors,
)
from isochron.ann_bridge.tasks import DelayedComparison, PhaseMemory
from isochron.ann_bridge.training import check_precision
from isochron.cli import main
from isochron.devices import has_bfloat16

FREQUENCY_HZ = 25 / 3  # 60 steps of 2 ms
SIZES = {"n_inputs": 1, "step_ms": 20.0, "time_constant_ms": 100.0}


def budget(**fields):
    fields = {"steps": 3, "batch_size": 8, "precision": "bfloat16"} | fields
    return ann_bridge.TrainingParameters(**fields)


def low(device):
    return torch.autocast(device, torch.bfloat16)


@pytest.fixture(scope="module")
def trains(device):
    """Skip where training in bfloat16 is refused."""
    if not has_bfloat16(torch.device(device)):
        pytest.skip("this device has no instructions for bfloat16")


@pytest.fixture(scope="module")
def memories(device, trains):  # noqa: ARG001
    """A network of 40 units that has learned the two phases with bfloat16 products, no noise."""
    net = ann_bridge.FullRankRNN(n_units=40, gain=0.9)
    learning = budget(steps=90, learning_rate=5e-3)
    ann_bridge.train(net, PhaseMemory(), learning, seed=0, device=device)
    net.settings = replace(net.settings, noise_std=0.0)
    return net


def test_it_settles_on_the_cycles_that_the_analysis_finds_in_float64(memories, device):
    """Rates after 40 periods of the reference, 6 trials of each stimulus.

    A product errs by 2^-9 of its factors and the cycles contract errors; measured within 0.006
    of a cycle, and two cycles are about 5 apart. How many there are, one for each stimulus or one
    for both, depends on the last bit of the training; trials settle on the same ones in float64.
    """
    mapped = ann_bridge.TrainedMap(memories, frequency_Hz=FREQUENCY_HZ)
    inputs = np.zeros((40 * mapped.n_steps, 12, 3))
    inputs[:, :, 0] = np.sin(mapped.reference_phase(len(inputs)))[:, None]
    inputs[20:95, :6, 1] = 1
    inputs[20:95, 6:, 2] = 1
    starts = mapped.respond(np.zeros((12, 40)), inputs[:120])
    cycles = find_entrained_cycles(mapped, starts, newton=NewtonStarts(periods=())).stable
    wanted = np.tanh([cycle.states[0] for cycle in cycles])
    given, g = torch.from_numpy(inputs).float().to(device), torch.Generator(device).manual_seed(0)
    with torch.no_grad(), low(device):
        _, rates = memories.run(given, g)
    distance = np.linalg.norm(rates[-1].double().cpu().numpy()[:, None] - wanted, axis=2)
    assert 1e-5 < distance.min(axis=1).max() < 0.05
    exact = np.tanh(mapped.respond(np.zeros((12, 40)), inputs))
    nearest = np.linalg.norm(exact[:, None] - wanted, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(distance.argmin(axis=1), nearest)
    apart = [np.linalg.norm(wanted[i] - wanted[j]) for i in nearest for j in nearest if i != j]
    assert min(apart, default=np.inf) > 1


def test_it_learned(memories, device):
    """Measured 0.03 after 90 steps; chance is 0.5."""
    assert ann_bridge.evaluate(memories.to(device), PhaseMemory(), seed=5) < 0.1


def test_products_are_rounded_and_nothing_else_is(device):
    """With weights and rates that are exact in bfloat16, one step is that of float32."""
    n = 16
    g = torch.Generator().manual_seed(0)
    # Rates 0 or 1 of rectified units, sums of few small integers.
    weights = torch.randint(-3, 4, (n, n), generator=g).float().to(device)
    initial = torch.randint(0, 2, (5, n), generator=g).float().to(device)
    inputs = torch.randn(1, 5, 2, generator=g).to(device)
    input_weights = torch.randn(n, 2, generator=g).to(device)
    readout = torch.randn(n, generator=g).to(device)
    found = [
        LeakyRecurrence.apply(
            LeakySettings(0.1, "relu", product_type=kind),
            *LeakyTensors(
                inputs, initial.new_zeros(2, 5, n), initial, input_weights, weights, None, readout
            ),
        )
        for kind in (None, torch.bfloat16)
    ]
    for one, other in zip(*found, strict=True):
        assert one.dtype == other.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_gradients_are_near_those_of_float32(device):
    """Within 2 %, and not the same; float32 themselves."""
    net = ann_bridge.FullRankRNN(n_units=40, noise_std=0.0).to(device)
    inputs = PhaseMemory().sample(8, torch.Generator(device).manual_seed(1)).inputs
    found = []
    for enabled in (False, True):
        with torch.autocast(device, torch.bfloat16, enabled=enabled):
            outputs, _ = net.run(inputs, torch.Generator(device).manual_seed(2))
        loss = (outputs - inputs[..., 0]).square().mean()
        found.append(torch.autograd.grad(loss, [net.weights, net.input_weights]))
    for exact, rounded in zip(*found, strict=True):
        assert rounded.dtype == torch.float32
        assert (exact - rounded).norm() <= 0.02 * exact.norm()
        assert not torch.equal(exact, rounded)


@pytest.mark.usefixtures("trains")
def test_weights_stay_in_float32(device):
    net = ann_bridge.FullRankRNN(n_units=9, **SIZES)
    (record,) = train_many([net], DelayedComparison(), budget(), seeds=[0], device=device)
    alone = ann_bridge.FullRankRNN(n_units=9, **SIZES)
    assert ann_bridge.train(alone, DelayedComparison(), budget(), seed=0, device=device).losses == (
        record.losses
    )
    plain = ann_bridge.FullRankRNN(n_units=9, **SIZES)
    ann_bridge.train(plain, DelayedComparison(), budget(precision="float32"), seed=0)
    assert net.weights.dtype == torch.float32
    assert torch.equal(net.weights, alone.weights)
    assert not torch.equal(net.weights.cpu(), plain.weights.cpu())


def test_a_low_rank_net_is_the_same_under_autocast(device):
    net = ann_bridge.LowRankRNN(n_units=24).to(device)
    inputs = torch.randn(20, 4, 3, generator=torch.Generator().manual_seed(1)).to(device)
    plain = net(inputs, torch.Generator(device).manual_seed(2))
    with low(device):
        other = net(inputs, torch.Generator(device).manual_seed(2))
    assert torch.equal(plain, other)


@pytest.mark.parametrize(
    "net",
    [
        ann_bridge.LowRankRNN(n_units=8, **SIZES),
        ann_bridge.GRUNet(n_units=8, n_inputs=1, step_ms=20.0),
    ],
    ids=lambda net: net.kind,
)
def test_a_net_without_such_products_is_refused(net):
    message = rf"not to the kind {net.kind}. Use precision='float32'"
    with pytest.raises(ValueError, match=message):
        ann_bridge.train(net, DelayedComparison(), budget(), seed=0)
    with pytest.raises(ValueError, match=message):
        train_many([net], DelayedComparison(), budget(), seeds=[0])


def test_a_gpu_without_bfloat16_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GPU of 2016")
    with pytest.raises(ValueError, match="GPU of 2016 does not support bfloat16.*float32"):
        check_precision(budget(), ann_bridge.FullRankRNN(n_units=8), torch.device("cuda"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--precision", "float16"], "'float16' is not one of 'float32', 'bfloat16'"),
        (["--precision", "bfloat16"], "precision bfloat16 applies to products with a full matrix"),
    ],
)
def test_the_command_refuses_it(options, message, tmp_path, capsys):
    assert main(["train", *options, "--out", str(tmp_path / "a")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("trains")
def test_the_command_trains_with_it(tmp_path):
    out = tmp_path / "a"
    options = ["--network", "full-rank", "--units", "8", "--steps", "2", "--batch-size", "4"]
    command = ["train", "--task", "comparison", *options, "--device", "cpu", "--out", str(out)]
    assert main([*command, "--precision", "bfloat16"]) == 0
    _, notes = ann_bridge.load_net(out / "nets" / "replicate-0")
    assert "precision='bfloat16'" in notes["training"]
