"""Products in bfloat16 on a CPU: against float64, in threads, interrupted, and where refused."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.kernels import elementwise, rounded
from isochron.ann_bridge.kernels.fused import Recurrence, run_fused
from isochron.ann_bridge.kernels.rounded_run import CHUNK, RoundedRun
from isochron.ann_bridge.tasks import FlipFlop
from isochron.ann_bridge.training import check_precision
from isochron.devices import has_bfloat16

CPU = torch.device("cpu")
needs_bfloat16 = pytest.mark.skipif(
    not has_bfloat16(CPU), reason="this processor has no instructions for bfloat16"
)
STEPS, BATCH, UNITS = CHUNK + 5, RoundedRun.trials + 7, 27  # not whole chunks or tiles
TASK = FlipFlop(n_bits=1, duration_ms=400)


def drawn(*, outputs=None, read_rates=False, learns=True, noise_std=0.0, initial_std=1.0):
    g = torch.Generator().manual_seed(0)

    def draw(*shape, trained=True, scale=1.0):
        return (scale * torch.randn(*shape, generator=g)).requires_grad_(trained)

    return Recurrence(
        inputs=draw(STEPS, BATCH, 2, trained=learns),
        initial=draw(BATCH, UNITS, scale=initial_std),
        weights=draw(UNITS, 2),
        left=draw(UNITS, UNITS, scale=1 / UNITS**0.5),
        right=None,
        readout=draw(*((UNITS,) if outputs is None else (UNITS, outputs)), trained=learns),
        alpha=0.2,
        read_rates=read_rates,
        noise_std=noise_std,
        noise_key=(5, 2**32 - 1),
        rounded=True,
    )


def noise_of(net):
    """Noise of each step, shape (n_steps, batch, n)."""
    some = elementwise.steps_at_once(UNITS)
    drawn = np.zeros((-(-STEPS // some), BATCH, some * UNITS), np.float32)
    for place, out in enumerate(drawn.reshape(-1, some * UNITS)):
        key = np.array(net.noise_key, np.uint32)
        elementwise.fill_normal(key, place, np.float32(net.noise_std), out)
    by_step = drawn.reshape(-1, BATCH, some, UNITS).swapaxes(1, 2).reshape(-1, BATCH, UNITS)
    return torch.from_numpy(by_step[:STEPS].copy()).double()


def in_float64(net):
    """Results by the equations, for autograd."""
    inputs, weights, readout = (p.double() for p in (net.inputs, net.weights, net.readout))
    x, left = net.initial.double(), net.left.double()
    noise = noise_of(net) if net.noise_std else torch.zeros(STEPS, 1, 1)
    outputs, rates = [], []
    for t in range(STEPS):
        change = torch.tanh(x) @ left.T + inputs[t] @ weights.T
        x = (1 - net.alpha) * x + net.alpha * change + noise[t]
        rates.append(torch.tanh(x))
        outputs.append((rates[-1] if net.read_rates else x) @ readout)
    return torch.stack(outputs), torch.stack(rates)


def gradients(net, results, of_rates):
    g = torch.Generator().manual_seed(9)
    pulls = [torch.randn(part.shape, generator=g, dtype=torch.float64) for part in results]
    products = [(part.double() * pull).sum() for part, pull in zip(results, pulls, strict=True)]
    loss = torch.stack(products[: 1 + of_rates]).sum()
    trained = [part for part in net.tensors if part is not None and part.requires_grad]
    return torch.autograd.grad(loss, trained, retain_graph=True)


@pytest.mark.parametrize("of_rates", [False, True])
@pytest.mark.parametrize(
    ("outputs", "read_rates", "learns"), [(None, False, True), (2, True, True), (2, False, False)]
)
def test_results_and_gradients_are_near_those_of_float64(outputs, read_rates, learns, of_rates):
    """Factors are rounded by 2^-9, with random signs: the docs promise 2 %; measured 0.3 %."""
    net = drawn(outputs=outputs, read_rates=read_rates, learns=learns, noise_std=0.1)
    ours, exact = run_fused([net])[0], in_float64(net)
    for found, wanted in zip(ours, exact, strict=True):
        assert found.dtype == torch.float32
        assert 1e-6 * wanted.norm() < (found - wanted).norm() < 0.01 * wanted.norm()
    pairs = zip(*(gradients(net, results, of_rates) for results in (ours, exact)), strict=True)
    for found, wanted in pairs:
        assert (found - wanted).norm() < 0.02 * wanted.norm()


def test_only_the_products_are_rounded():
    """Without W the rest is float32, with the noise of the low-rank kernel."""
    net = drawn(noise_std=0.1, outputs=2)
    net.left.data.zero_()
    for found, wanted in zip(run_fused([net])[0], in_float64(net), strict=True):
        torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5)


def test_numbers_are_rounded_as_in_torch():
    """Ties go to even; subnormal and infinite numbers too."""
    bits = torch.randint(-(2**31), 2**31, (4000,), generator=torch.Generator().manual_seed(0))
    ties = torch.arange(64) * 2**15 + 0x3F800000
    numbers = torch.cat([bits, ties]).to(torch.int32).view(torch.float32)
    numbers = torch.cat([numbers[~numbers.isnan()], torch.tensor([0.0, -0.0, torch.inf])])
    found = np.empty(len(numbers), np.uint16)
    rounded.round_to_bfloat16(numbers.numpy(), found)
    wanted = numbers.bfloat16()
    assert np.array_equal(found, wanted.view(torch.int16).numpy().view(np.uint16))
    wide = np.empty(len(numbers), np.float32)
    rounded.widen(found, wide)
    assert np.array_equal(wide, wanted.float().numpy())


def test_threads_change_no_bit():
    net, before, found = drawn(noise_std=0.1), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results = run_fused([net])[0]
            found.append([*results, *gradients(net, results, True)])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for others in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


def trained(precision="bfloat16", *, steps=60, stop=None, folder=None):
    net = ann_bridge.FullRankRNN.for_task(TASK, n_units=24)
    settings = ann_bridge.TrainingParameters(
        steps=steps, batch_size=16, learning_rate=5e-3, precision=precision
    )

    def interrupt(step, loss):
        if step == stop:
            raise KeyboardInterrupt

    record = ann_bridge.train(
        net, TASK, settings, seed=0, checkpoints=folder, checkpoint_every=3, progress=interrupt
    )
    return net, record.losses


@needs_bfloat16
def test_training_reaches_the_loss_of_float32():
    """The noise is different: means of 20 steps; measured within 2 %."""
    low, high = (np.mean(trained(precision)[1][-20:]) for precision in ("bfloat16", "float32"))
    assert low == pytest.approx(high, rel=0.25)
    assert high < 0.5 * trained("float32", steps=1)[1][0]


@needs_bfloat16
def test_a_training_that_resumes_is_bit_identical(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trained(steps=8, stop=5, folder=tmp_path)
    (net, losses), (other, wanted) = trained(steps=8, folder=tmp_path), trained(steps=8)
    assert losses == wanted
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True))


def test_a_processor_without_the_instructions_is_refused(monkeypatch):
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    with pytest.raises(ValueError, match="without AMX.*does not support bfloat16.*'float32'"):
        trained()
    results = run_fused([drawn()])[0]  # outside training it is slow, and not refused
    assert results[0].isfinite().all()


@pytest.mark.parametrize("name", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
def test_one_of_two_sets_of_instructions_is_enough(name, monkeypatch):
    for each in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, each, lambda has=each == name: has, raising=False)
    check_precision(
        ann_bridge.TrainingParameters(precision="bfloat16"), ann_bridge.FullRankRNN(n_units=8), CPU
    )
