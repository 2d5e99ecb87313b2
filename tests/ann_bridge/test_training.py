import math
import sys

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge.tasks import PhaseMemory
from isochron.ann_bridge.training_step import idle_power


def budget(**fields):
    return ann_bridge.TrainingParameters(**{"steps": 5, "batch_size": 8, **fields})


def trained(seed, **fields):
    generator = torch.Generator().manual_seed(1)
    net = ann_bridge.LowRankRNN(n_units=32, generator=generator)
    record = ann_bridge.train(net, PhaseMemory(), budget(**fields), seed=seed)
    return net, record


def test_the_task_is_the_one_of_the_paper():
    task = PhaseMemory()
    assert (task.n_steps, task.n_inputs) == (400, 3)
    trials = task.sample(4000, torch.Generator().manual_seed(0))
    reference = trials.inputs[:, :, 0].numpy()
    amplitude = np.abs(reference).max(axis=0)
    np.testing.assert_allclose([amplitude.mean(), amplitude.std()], [1, 0.17], atol=0.01)
    pulses = trials.inputs[:, :, 1:].numpy()
    assert set(np.unique(pulses)) == {0.0, 1.0}
    np.testing.assert_allclose((pulses.max(axis=0) == 1).mean(axis=0), 0.5, atol=0.03)
    length = pulses.sum(axis=(0, 2)) * task.step_ms
    assert length.min() >= 123
    assert length.max() <= 177
    onset = pulses.max(axis=2).argmax(axis=0) * task.step_ms
    assert onset.min() >= 125
    assert onset.max() <= 252
    # The mask opens when the pulse closes.
    np.testing.assert_array_equal(np.diff(trials.mask.numpy(), axis=0).max(axis=0), 1)
    np.testing.assert_array_equal(
        trials.mask.numpy().argmax(axis=0),
        len(pulses) - pulses.max(axis=2)[::-1].argmax(axis=0),
    )


def test_the_target_is_the_reference_shifted_by_the_stimulus():
    task = PhaseMemory(amplitude_std=0.0, frequency_std_Hz=0.0, frequency_Hz=8.0)
    trials = task.sample(16, torch.Generator().manual_seed(0))
    time = 2e-3 * np.arange(400)[:, None]
    basis = np.concatenate([np.sin(16 * np.pi * time), np.cos(16 * np.pi * time)], axis=1)
    phases = []
    for signal in (trials.inputs[:, :, 0], trials.targets):
        sine, cosine = np.linalg.lstsq(basis, signal.numpy(), rcond=None)[0]
        phases.append(np.arctan2(cosine, sine) / (2 * np.pi))
    shift = (phases[1] - phases[0]) % 1
    second = trials.inputs[:, :, 2].numpy().max(axis=0) > 0
    np.testing.assert_allclose(shift[~second], 0.9, atol=1e-5)
    np.testing.assert_allclose(shift[second], 0.4, atol=1e-5)


def test_a_constant_output_scores_chance():
    trials = PhaseMemory().sample(4000, torch.Generator().manual_seed(1))
    loss = (trials.mask * trials.targets**2).sum() / trials.mask.sum()
    assert loss.item() == pytest.approx(PhaseMemory().chance, abs=0.01)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"offsets": ()}, "offsets"),
        ({"duration_ms": 300.0}, "nothing to remember"),
        ({"frequency_Hz": math.nan}, "frequency_Hz"),
        ({"frequency_amplitude_correlation": 1.5}, "correlation"),
        ({"onset_ms": (200.0, 100.0)}, "onset_ms"),
    ],
)
def test_a_bad_task_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        PhaseMemory(**fields)


def test_the_same_seed_gives_the_same_bits():
    first, again, other = trained(0), trained(0), trained(1)
    assert first[1].losses == again[1].losses
    assert first[1].losses != other[1].losses
    assert torch.equal(first[0].m, again[0].m)


def test_training_stops_when_it_is_good_enough():
    _, record = trained(0, steps=60, stop_below=10.0)
    assert len(record.losses) == 20


@pytest.mark.slow
def test_a_net_on_the_worms_wiring_learns():
    """Chance is 0.5; in 110 steps the loss falls below 0.1."""
    generator = torch.Generator().manual_seed(0)
    masks = ann_bridge.connectome_masks(connectome.load("varshney2011"))
    net = ann_bridge.ConnectomeRNN(masks, generator=generator)
    ann_bridge.train(net, PhaseMemory(), budget(steps=110, batch_size=24), seed=100)
    assert ann_bridge.evaluate(net, PhaseMemory(), seed=5) < 0.1


def test_a_loss_that_is_not_finite_stops_and_keeps_the_weights():
    net = ann_bridge.LowRankRNN(n_units=8)
    with torch.no_grad():
        net.input_weights.fill_(1e38)
    before = net.m.detach().clone()
    with pytest.raises(ArithmeticError, match="not finite at step 1"):
        ann_bridge.train(net, PhaseMemory(), budget(), seed=0)
    assert torch.equal(net.m, before)


def test_net_and_task_must_fit():
    net = ann_bridge.LowRankRNN(n_units=8, n_inputs=5)
    with pytest.raises(ValueError, match="5 inputs"):
        ann_bridge.train(net, PhaseMemory(), budget(), seed=0)


@pytest.mark.parametrize("device", ["tpu", "cuda:7"])
def test_an_unknown_device_is_refused(device):
    with pytest.raises(ValueError, match="device"):
        ann_bridge.train(
            ann_bridge.LowRankRNN(n_units=8), PhaseMemory(), budget(), seed=0, device=device
        )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_runs_on_cuda():
    gpu = ann_bridge.LowRankRNN(n_units=64)
    ann_bridge.train(gpu, PhaseMemory(), budget(steps=20), seed=0, device="cuda")
    assert gpu.m.device.type == "cuda"
    assert math.isfinite(ann_bridge.evaluate(gpu, PhaseMemory(), seed=1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": -1}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"stop_below": -1.0}, "stop_below"),
        ({"warmup_steps": 10**12}, "warmup_steps must be at most 10000000"),
    ],
)
def test_bad_training_parameters_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        budget(**fields)


def test_idle_power_is_that_of_a_sine_before_the_outputs_count():
    """Whole cycles of a sine of amplitude A have the variance A² / 2; steps that count add 0."""
    phase = 2 * math.pi * torch.arange(100, dtype=torch.float64)[:, None] / 20
    mask = torch.zeros(100, 3, dtype=torch.float64)
    mask[60:] = 1
    mask[:, 2] = 1  # never idle: omitted
    outputs = 5.0 + torch.tensor([1.0, 3.0, 9.0]) * torch.sin(phase)
    power = idle_power(outputs + 100 * mask, mask)
    assert power.item() == pytest.approx((0.5 + 4.5) / 2)
    both = torch.stack([outputs, 0 * outputs], dim=2)
    assert idle_power(both, mask).item() == pytest.approx((0.5 + 4.5) / 4)
    assert idle_power(outputs, torch.ones_like(mask)).item() == 0


def test_the_oscillation_penalty_quiets_a_net_before_its_stimulus():
    powers = []
    for weight in (0.0, 3.0):
        net, _ = trained(0, steps=40, oscillation_penalty=weight)
        trials = PhaseMemory().sample(32, torch.Generator().manual_seed(5))
        outputs = net(trials.inputs, torch.Generator().manual_seed(6))
        powers.append(idle_power(outputs, trials.mask).item())
    assert powers[1] < 0.7 * powers[0]


def test_a_log_for_tensorboard_can_be_read_back(tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    net = ann_bridge.LowRankRNN(n_units=8)
    parameters = budget(steps=4, warmup_steps=4)
    record = ann_bridge.train(net, PhaseMemory(), parameters, seed=0, log_folder=tmp_path)
    read = events.EventAccumulator(str(tmp_path)).Reload()
    found = {name: [event.value for event in read.Scalars(name)] for name in read.Tags()["scalars"]}
    assert set(found) == {"loss", "gradient_norm", "learning_rate"}
    np.testing.assert_allclose(found["loss"], record.losses, rtol=1e-6)
    np.testing.assert_allclose(found["learning_rate"], [0.0025, 0.005, 0.0075, 0.01], rtol=1e-6)
    assert [event.step for event in read.Scalars("loss")] == [1, 2, 3, 4]


def test_a_log_without_tensorboard_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r"isochron\[tensorboard\]"):
        ann_bridge.train(
            ann_bridge.LowRankRNN(n_units=8), PhaseMemory(), budget(), seed=0, log_folder=tmp_path
        )
