"""Each row measures what its name says, at a size of less than a second."""

import time

import numpy as np
import pytest
import torch

from isochron.bench import first_call, fixed_points, network_cycles, sign_networks, training, worm
from isochron.bench.registry import BENCHMARKS
from isochron.bench.timing import Stopwatch

WATCH = Stopwatch("cpu", 1)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_function_of_a_row_takes_its_options(name):
    import inspect

    entry, function = BENCHMARKS[name], BENCHMARKS.load(name)
    assert set(entry.devices) <= {"cpu", "cuda"}
    inspect.signature(function).bind(WATCH, **dict(entry.options))


def test_sparse_networks_have_the_attractors_of_the_numpy_table():
    found = sign_networks.measure_sparse(WATCH, n=8)
    assert [peer.name for peer in found.peers][0] == "NumPy table"
    assert all(peer.seconds or peer.note for peer in found.peers)
    assert found.seconds > 0
    assert found.amount == pytest.approx(256e-6)


def test_a_peer_that_finds_something_else_is_an_error(monkeypatch):
    monkeypatch.setattr(sign_networks, "numpy_table", lambda J: [])
    with pytest.raises(ArithmeticError, match="NumPy table finds different"):
        sign_networks.measure_sparse(WATCH, n=6)


@pytest.mark.parametrize("network", ["low-rank", "full-rank"])
def test_the_loop_computes_what_the_network_computes(network):
    """Without noise in the steps, as kernels draw it in a different order."""
    net = training.make_net(network, 12, noise_std=0.0)
    inputs = torch.randn(9, 4, net.settings.n_inputs, generator=torch.Generator().manual_seed(0))
    expected = net.run(inputs, torch.Generator().manual_seed(1))[0]
    loop = training.plain_outputs(net, inputs, torch.Generator().manual_seed(1))
    torch.testing.assert_close(loop, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("measure", "options"),
    [(training.measure_step, {"network": "full-rank"}), (training.measure_gated, {})],
)
def test_a_training_step_and_its_limit(measure, options):
    found = measure(WATCH, n_units=16, batch=4, **options)
    assert found.limit == "matrix products alone"
    assert found.limit_s is not None
    assert 0 < found.limit_s < 3 * found.seconds  # the machine may change its speed between


def test_adam_finds_fixed_points():
    """q < 1e-12 is a distance of sqrt(2) 1e-6 between a state and the next; float32 adds to it."""
    weights, starts = fixed_points.make_weights(16), fixed_points.make_starts(16, 4)
    points, reached = fixed_points.adam(weights, starts, 2000)
    assert points
    assert 0 < reached <= 1
    for point in points:
        state = point.double().numpy()
        np.testing.assert_allclose(np.tanh(state) @ weights.T, state, atol=1e-4)


def test_the_plain_map_takes_the_steps_of_the_network():
    from isochron import ann_bridge

    draw = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=20, rank=2, generator=draw)
    reduced = ann_bridge.reduce_low_rank(net)
    system = ann_bridge.TrainedMap(reduced, frequency_Hz=network_cycles.FREQUENCY_HZ)
    start = net.initial_states(1, torch.Generator().manual_seed(0)).detach()
    with torch.no_grad():
        plain = network_cycles.PlainMap(net, system).period(start)
    whole = system.advance(reduced.reduce(start.double().numpy())[0], system.n_steps)
    np.testing.assert_allclose(
        reduced.reduce(plain.double().numpy())[0], whole, rtol=1e-3, atol=1e-4
    )


def test_mean_period_of_a_sine():
    times = np.arange(0, 1000, 1.0)
    assert worm.mean_period(times, np.sin(2 * np.pi * times / 37)) == pytest.approx(37, rel=1e-3)


@pytest.mark.long
def test_worms_on_a_device_are_compared_with_the_same_work():
    found = worm.measure_worms_on_gpu(WATCH, count=3, n_steps=2, engine="torch")
    assert found.amount == pytest.approx(3 * 2 * 8e-3)
    assert found.peers[0].note == "scaled from 3 worms"


def test_the_clock():
    assert Stopwatch("cpu", 1).clock == "cpu"
    assert {Stopwatch("cpu", 2).clock, Stopwatch("cuda", 1).clock} == {"wall"}


def test_cpu_time_does_not_count_waiting():
    time.sleep(0.5)  # threads of a test before this one may wait actively for a while
    assert WATCH.seconds(lambda: time.sleep(0.1)) < 0.05
    assert Stopwatch("cpu", 2).seconds(lambda: time.sleep(0.1)) >= 0.1


def test_jobs_take_turns_and_the_least_time_counts():
    calls = []
    times = Stopwatch().take_turns(
        lambda: calls.append("a"), lambda: calls.append("b"), turns=2, warm=1
    )
    assert calls == ["a", "a", "b", "a", "b"]
    assert len(times) == 2


@pytest.mark.parametrize("kernel", first_call.KERNELS)
def test_what_a_first_call_runs(kernel):
    exec(first_call.HEAD + first_call.KERNELS[kernel], {})


def test_a_first_call_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(first_call, "HEAD", "")
    with pytest.raises(RuntimeError, match="NameError: name 'analysis' is not defined"):
        first_call.measure_first_call(WATCH, kernel="attractors")
