"""Compiled recurrences: against autograd through the loop, in threads, and their noise."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numba import njit
from scipy import stats

from isochron import ann_bridge
from isochron.ann_bridge.kernels import elementwise, runs
from isochron.ann_bridge.kernels.fused import Recurrence, run_fused
from isochron.ann_bridge.kernels.products import Dense, Sparse
from isochron.ann_bridge.kernels.vectors import LANES

STEPS, BATCH, UNITS = 41, 19, 27  # no whole number of tiles, panels or chunks of steps
KEY = (12345, 2**32 - 1)


SPARSE = "sparse"


def drawn(
    rank, *, outputs=None, read_rates=False, noise_std=0.1, learns_readout=True, seed=0,
    dtype=torch.float64, learns_inputs=False,
):  # fmt: skip
    g = torch.Generator().manual_seed(seed)

    def draw(*shape, trained=True, scale=1.0):
        drawn = scale * torch.randn(*shape, generator=g, dtype=dtype)
        return drawn.requires_grad_(trained)

    pattern = None
    if rank == SPARSE:
        rank, pattern = None, torch.rand(UNITS, UNITS, generator=g) < 0.15
        pattern[3], pattern[:, 5] = False, False  # hears none, is heard by none
    left = draw(UNITS, rank or UNITS, scale=0.3)
    if pattern is not None:
        left.data *= pattern
    return Recurrence(
        inputs=draw(STEPS, BATCH, 2, trained=learns_inputs),
        initial=draw(BATCH, UNITS),
        weights=draw(UNITS, 2),
        left=left,
        right=None if rank is None else draw(UNITS, rank),
        readout=draw(*((UNITS,) if outputs is None else (UNITS, outputs)), trained=learns_readout),
        alpha=0.2,
        read_rates=read_rates,
        noise_std=noise_std,
        noise_key=KEY,
        pattern=pattern,
    )


def noise_of(net):
    """The numbers that the kernel adds, shape (n_steps, batch, n)."""
    if net.right is None:
        return noise_by_tile(net)
    some = elementwise.steps_at_once(UNITS)
    drawn = np.zeros((-(-STEPS // some), BATCH, some * UNITS))
    for place, out in enumerate(drawn.reshape(-1, some * UNITS)):
        elementwise.fill_normal(np.array(net.noise_key, np.uint32), place, net.noise_std, out)
    by_step = drawn.reshape(-1, BATCH, some, UNITS).swapaxes(1, 2).reshape(-1, BATCH, UNITS)
    return torch.from_numpy(by_step[:STEPS].copy())


def noise_by_tile(net):
    tiles = -(-BATCH // LANES)
    drawn = np.zeros((STEPS * tiles, UNITS, LANES))
    for place, out in enumerate(drawn):
        key = np.array(net.noise_key, np.uint32)
        elementwise.fill_normal(key, place, net.noise_std, out.reshape(-1))
    by_trial = drawn.reshape(STEPS, tiles, UNITS, LANES).swapaxes(2, 3)
    return torch.from_numpy(by_trial.reshape(STEPS, -1, UNITS)[:, :BATCH].copy())


def loop(net):
    """The equations, for autograd."""
    x, noise, outputs, rates = net.initial, noise_of(net), [], []
    for t in range(STEPS):
        sent = torch.tanh(x) if net.right is None else torch.tanh(x) @ net.right
        change = sent @ net.left.T + net.inputs[t] @ net.weights.T
        x = (1 - net.alpha) * x + net.alpha * change + noise[t]
        rates.append(torch.tanh(x))
        outputs.append((rates[-1] if net.read_rates else x) @ net.readout)
    return torch.stack(outputs), torch.stack(rates)


def graph_of(result):
    assert result.grad_fn is not None
    return result.grad_fn.name()


def gradients(net, outputs, rates, of_outputs, of_rates):
    g = torch.Generator().manual_seed(9)
    pull, push = (
        torch.randn(x.shape, generator=g, dtype=x.dtype) * w
        for x, w in ((outputs, of_outputs), (rates, of_rates))
    )
    loss = (outputs * pull).sum() * of_outputs + (rates * push).sum() * of_rates
    trained = [part for part in net.tensors if part is not None and part.requires_grad]
    found = torch.autograd.grad(loss, trained, retain_graph=True, materialize_grads=True)
    masks = [net.pattern if part is net.left and net.pattern is not None else 1 for part in trained]
    return [part * mask for part, mask in zip(found, masks, strict=True)]


@pytest.mark.parametrize("read_rates", [False, True])
@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("rank", [1, 3, None, SPARSE])
def test_it_is_the_loop_and_so_are_its_gradients(rank, outputs, read_rates):
    """float64: 1e-10 relative leaves room for rounding over 40 steps."""
    net = drawn(rank, outputs=outputs, read_rates=read_rates)
    plain, ours = loop(net), run_fused([net])[0]
    for found, wanted in zip(ours, plain, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-11)
    for chosen in ((1, 0), (0, 1), (1, 1)):
        found, wanted = (gradients(net, *results, *chosen) for results in (ours, plain))
        for a, b in zip(found, wanted, strict=True):
            assert (a - b).norm() <= 1e-10 * b.norm()
        assert chosen == (0, 1) or all(b.norm() > 0 for b in wanted)
        assert all(b.norm() > 0 for b in wanted[: 3 if net.right is None else 4])


@pytest.mark.parametrize("read_rates", [False, True])
@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("rank", [1, 3, None, SPARSE])
def test_a_gradient_reaches_the_inputs(rank, outputs, read_rates):
    """dL/du = a B'dL/dx, against autograd through the loop; tolerance as above."""
    learns = {"outputs": outputs, "read_rates": read_rates, "learns_readout": False}
    net, fixed = (drawn(rank, **learns, learns_inputs=inputs) for inputs in (True, False))
    plain, ours, others = loop(net), run_fused([net])[0], run_fused([fixed])[0]
    for chosen in ((1, 0), (0, 1), (1, 1)):
        found, wanted = (gradients(net, *results, *chosen) for results in (ours, plain))
        for a, b in zip(found, wanted, strict=True):
            assert (a - b).norm() <= 1e-10 * b.norm()
        assert wanted[0].norm() > 0
        same = gradients(fixed, *others, *chosen)
        assert all(torch.equal(a, b) for a, b in zip(found[1:], same, strict=True))


@pytest.mark.parametrize("rank", [3, None])
def test_other_gradients_are_the_same_bits_if_the_readout_is_not_trained(rank):
    trained, fixed = (drawn(rank, learns_readout=learns) for learns in (True, False))
    ones, others = (gradients(net, *run_fused([net])[0], 1, 1) for net in (trained, fixed))
    assert len(ones) == len(others) + 1
    assert all(torch.equal(a, b) for a, b in zip(ones, others, strict=False))


def test_nets_side_by_side_are_the_nets_alone():
    nets = [drawn(2, seed=1), drawn(None, seed=2, outputs=2), drawn(2, seed=3, noise_std=0.0)]
    together = run_fused(nets)
    for net, results in zip(nets, together, strict=True):
        (alone,) = run_fused([net])
        for one, other in zip(results, alone, strict=True):
            assert torch.equal(one, other)
        for one, other in zip(
            gradients(net, *results, 1, 1), gradients(net, *alone, 1, 1), strict=True
        ):
            assert torch.equal(one, other)


@pytest.mark.parametrize("rank", [2, None, SPARSE])
def test_threads_change_no_bit(rank):
    net = drawn(rank, dtype=torch.float32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results = run_fused([net])[0]
            found.append([*results, *gradients(net, *results, 1, 1)])
    finally:
        torch.set_num_threads(before)
    for others in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


def test_weights_changed_before_the_backward_run_are_noticed():
    net = drawn(2)
    outputs, _ = run_fused([net])[0]
    with torch.no_grad():
        net.left.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


def wired(n_units, *, share=0.1, signed=True):
    """A network on random chemical and gap connections, without noise."""
    g = torch.Generator().manual_seed(0)
    chemical, gap = torch.rand(2, n_units, n_units, generator=g) < share / 2
    gap = torch.triu(gap, 1)
    masks = ann_bridge.ConnectomeMasks(
        chemical=chemical,
        gap=gap | gap.T,
        sensory=torch.arange(n_units) < n_units // 2,
        motor=torch.arange(n_units) >= n_units // 2,
        signs=chemical * torch.where(torch.arange(n_units) % 3 == 0, -1.0, 1.0) if signed else None,
    )
    settings = ann_bridge.ConnectomeRNNParameters(n_units=n_units, noise_std=0.0)
    return ann_bridge.ConnectomeRNN(masks, settings)


@pytest.mark.parametrize(
    "net",
    [
        ann_bridge.LowRankRNN(n_units=65, noise_std=0.0),
        ann_bridge.FullRankRNN(n_units=65, noise_std=0.0, biased=True, excitatory_fraction=0.8),
        ann_bridge.FullRankRNN(n_units=65, noise_std=0.0, learns_readout=True),
        wired(65),
    ],
    ids=lambda net: net.kind,
)
def test_the_net_takes_it_and_is_the_same_net(net):
    """float32 over 400 steps, against the steps in torch."""
    inputs = ann_bridge.tasks.PhaseMemory().sample(5, torch.Generator().manual_seed(1)).inputs
    results = []
    for run in (net.run, lambda u, g: net._run_plainly(u, net.connectivity(), g)):
        results.append(run(inputs, torch.Generator().manual_seed(2)))
    assert graph_of(results[0][1]) == "FusedRecurrenceBackward"
    torch.testing.assert_close(results[0][0], 4 * results[1][0], rtol=0, atol=2e-5)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=0, atol=2e-5)


@pytest.mark.parametrize("signed", [False, True])
def test_gradients_of_a_net_on_a_wiring_are_those_of_steps_in_torch(signed):
    """Chemical and gap weights, some of which share a place; float64, as above."""
    net = wired(40, share=0.15, signed=signed).double()
    inputs = torch.randn(30, 21, 3, generator=torch.Generator().manual_seed(1)).double()
    found = []
    for run in (net.run, lambda u, g: net._run_plainly(u, net.connectivity(), g)):
        outputs, _ = run(inputs, torch.Generator().manual_seed(2))
        scale = 1 if found else 1 / net.output_scale
        loss = (scale * outputs).square().sum()
        trained = (net.chemical, net.gap, net.input_weights)
        found.append(torch.autograd.grad(loss, trained))
    assert isinstance(connectivity_of(net), Sparse)
    for a, b in zip(*found, strict=True):
        assert (a - b).norm() <= 1e-10 * b.norm()
        assert b.norm() > 0


def connectivity_of(net):
    inputs, g = torch.zeros(4, 3, 3, dtype=net.output_scale.dtype), torch.Generator()
    return runs.LanesRun(net._recurrence(inputs, net.connectivity(), g)).net.received


def test_few_weights_are_multiplied_one_by_one():
    assert isinstance(connectivity_of(wired(40, share=0.1)), Sparse)
    assert isinstance(connectivity_of(wired(40, share=0.9)), Dense)


@pytest.mark.parametrize(
    "net",
    [
        ann_bridge.LowRankRNN(n_units=12, activation="relu"),
        ann_bridge.LowRankRNN(n_units=12, rank=9),
        ann_bridge.FullRankRNN(n_units=12, learns_time_constants=True),
    ],
)
def test_other_nets_go_step_by_step(net):
    outputs, rates = net.run(torch.zeros(4, 3, 3), torch.Generator().manual_seed(0))
    assert graph_of(rates) == "LeakyRecurrenceBackward"
    assert outputs.shape == (4, 3)


def test_tanh_is_exact_to_a_few_units_in_the_last_place():
    """float32: 2^-23 is 1.2e-7; measured 3.3e-7. float64 is the C library's."""
    x = np.concatenate([np.linspace(-12, 12, 400_001), [1e-30, -1e-8]]).astype(np.float32)
    for kind, rtol in ((np.float32, 4e-7), (np.float64, 1e-15)):
        out = np.empty(len(x), kind)
        elementwise.fill_tanh(x.astype(kind), out)
        np.testing.assert_allclose(out, np.tanh(x.astype(float)), rtol=rtol)
    wild = np.array([np.nan, np.inf, -np.inf], np.float32)
    elementwise.fill_tanh(wild.copy(), wild)
    np.testing.assert_allclose(wild, [np.nan, 1, -1], rtol=4e-7)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_tanh_has_ends(kind):
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 400, -400, 25, -25, 0.0], kind)
    found = np.empty_like(x)
    elementwise.fill_tanh(x, found)
    expected = [np.nan, *4 * [1, -1], 0]
    np.testing.assert_allclose(found, expected, rtol=4e-7 if kind is np.float32 else 1e-15)


@njit
def threefry(key0, key1, counter0, counter1):
    return elementwise.threefry(key0, key1, counter0, counter1)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        # Published known answers of Threefry-2x32 with 13 rounds (Random123, kat_vectors).
        ((0, 0, 0, 0), (0x9D1C5EC6, 0x8BD50731)),
        ((0xFFFFFFFF,) * 4, (0xFD36D048, 0x2D17272C)),
        ((0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3), (0xBA3E4725, 0xF27D669E)),
    ],
)
def test_random_words_are_the_published_ones(words, wanted):
    assert threefry(*map(np.uint32, words)) == wanted


def normal(key, where, count, std=1.0):
    out = np.empty(count, np.float32)
    elementwise.fill_normal(np.array(key, np.uint32), where, np.float32(std), out)
    return out.astype(float)


def test_noise_is_normal():
    """A million numbers: Kolmogorov-Smirnov, moments within 4 standard errors, and the tail."""
    x = normal((1, 2), 3, 1_000_001)
    n = len(x)
    assert stats.kstest(x, "norm").pvalue > 1e-3
    for power, wanted, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - wanted) < 4 * math.sqrt(variance / n)
    beyond = (abs(x) > 4).sum()
    assert abs(beyond - n * 6.334e-5) < 4 * math.sqrt(n * 6.334e-5)
    assert abs(x).max() < 6.7


def test_noise_of_other_places_times_and_keys_is_independent():
    """Correlations of a million pairs, within 4 standard errors; no two streams share a number."""
    n = 1_000_000
    one = normal((1, 2), 0, n)
    others = [normal((1, 2), 1, n), normal((1, 3), 0, n), normal((2, 2), 0, n)]
    pairs = [(one, other) for other in others]
    pairs += [(one[:-1], one[1:]), (one[: n // 2], one[n // 2 :]), (one**2, others[0] ** 2)]
    for a, b in pairs:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(len(a))


def test_the_noise_of_a_net_has_its_size_and_follows_the_generator():
    net = ann_bridge.LowRankRNN(n_units=400)
    with torch.no_grad():
        for part in (net.m, net.input_weights):
            part.zero_()
    inputs = torch.zeros(200, 8, 3)
    first, again, other = (
        net.run(inputs, torch.Generator().manual_seed(seed))[1].detach() for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    variance = 0.2 * 0.05**2 / (1 - 0.9**2)  # of the autoregression that is left
    assert torch.atanh(first[-1]).var().item() == pytest.approx(variance, rel=0.1)


def test_a_state_that_overflows_is_not_finite():
    net = drawn(2, dtype=torch.float32)
    wild = replace(net, weights=torch.full((UNITS, 2), 1e38, requires_grad=True), alpha=1.0)
    outputs, _ = run_fused([replace(wild, inputs=10 * wild.inputs)])[0]
    assert not torch.isfinite(outputs).all()
