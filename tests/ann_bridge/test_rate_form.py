"""Networks in rate form, r ← (1-a) r + a φ(W r + B u + b), and how they relate to current form."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge

N, N_INPUTS, STEPS, BATCH = 6, 2, 15, 3
PHI = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
}
A = 0.1  # 2 ms of 20 ms


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "weights": rng.normal(size=(N, N)),
        "input_weights": rng.normal(size=(N, N_INPUTS)),
        "output_weights": rng.normal(size=N),
        "biases": rng.normal(size=N),
    }


def build(form, activation="tanh", **fields):
    parts: dict[str, Any] = arrays()
    settings: dict[str, Any] = {"form": form, "activation": activation, "noise_std": 0.0}
    everything = parts | settings | fields
    return ann_bridge.FullRankRNN.from_weights(everything.pop("weights"), **everything)


def loop(r, inputs, phi, a=A):
    """The equation, step by step."""
    p, states = arrays(), [r]
    for u in inputs:
        received = states[-1] @ p["weights"].T + u @ p["input_weights"].T + p["biases"]
        states.append((1 - a) * states[-1] + a * phi(received))
    return np.array(states)


@pytest.mark.parametrize("activation", PHI)
def test_a_network_in_rate_form_is_its_equation(activation):
    """Outputs and rates in float32; the map in float64, of weights rounded to float32."""
    net, phi = build("rate", activation), PHI[activation]
    inputs = torch.randn(STEPS, BATCH, N_INPUTS, generator=generator())
    start = net.initial_states(BATCH, generator(1)).numpy()
    with torch.no_grad():
        outputs, rates = net.run(inputs, generator(1))
    wanted = loop(start, inputs.numpy(), phi)
    np.testing.assert_allclose(rates, wanted[1:], atol=2e-5)
    np.testing.assert_allclose(outputs, wanted[1:] @ arrays()["output_weights"], atol=2e-5)
    system = ann_bridge.TrainedMap(net)
    np.testing.assert_allclose(system.respond(start, inputs.numpy()), wanted[-1], atol=1e-6)
    np.testing.assert_allclose(system.outputs(wanted), wanted @ arrays()["output_weights"],
                               atol=1e-5)  # fmt: skip


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize("kind", ["full", "low", "time constants"])
def test_its_tangents_are_its_derivative(kind, activation):
    """Central differences err by 1e-9."""
    settings: dict[str, Any] = {"form": "rate", "activation": activation, "noise_std": 0.0}
    net = {
        "full": lambda: build("rate", activation),
        "low": lambda: ann_bridge.LowRankRNN(n_units=N, n_inputs=N_INPUTS, **settings),
        "time constants": lambda: build("rate", activation, time_constant_ms=10.0 + np.arange(N)),
    }[kind]()
    system = ann_bridge.TrainedMap(net, frequency_Hz=25.0)
    rng = np.random.default_rng(1)
    x, v = rng.normal(size=N), rng.normal(size=(N, 2))
    after, tangents = system.advance(x, 7, start=3, tangents=v)
    np.testing.assert_allclose(after, system.advance(x, 7, start=3), rtol=1e-13)
    np.testing.assert_allclose(system.tangent_map(x, 7)(v), system.advance(x, 7, tangents=v)[1])
    for direction, tangent in zip(v.T, tangents.T, strict=True):
        up, down = (system.advance(x + e * direction, 7, start=3) for e in (1e-6, -1e-6))
        np.testing.assert_allclose(tangent, (up - down) / 2e-6, atol=1e-8)


def test_with_a_constant_input_both_forms_move_alike():
    """x = W r + B u + b moves as the current form does, so fixed points and multipliers agree."""
    u = np.array([0.3, -0.5])
    rate, current = (
        ann_bridge.TrainedMap(build(form), pulse=dict(enumerate(u))) for form in ("rate", "current")
    )
    p, r = arrays(), 0.1 * np.random.default_rng(2).normal(size=N)

    def currents(r):
        return r @ p["weights"].T + u @ p["input_weights"].T + p["biases"]

    np.testing.assert_allclose(
        currents(rate.advance(r, 40)), current.advance(currents(r), 40), atol=1e-5
    )
    starts = np.random.default_rng(3).normal(size=(5, N))
    found = {form: analysis.find_fixed_points(system, starts) for form, system in
             (("rate", rate), ("current", current))}  # fmt: skip
    assert len(found["rate"]) == len(found["current"]) > 0
    for one in found["rate"]:
        twin = min(found["current"], key=lambda other: np.ptp(other.point - currents(one.point)))
        np.testing.assert_allclose(twin.point, currents(one.point), atol=1e-5)


def test_with_a_changing_input_the_current_form_needs_another_input():
    """x[t+1] = (1-a) x[t] + a (W φ(x[t]) + b) + B (u[t+1] - (1-a) u[t]): the documented law."""
    u = np.random.default_rng(4).normal(size=(STEPS + 1, N_INPUTS))
    p, r = arrays(), np.random.default_rng(5).normal(size=N)
    rates = loop(r, u, np.tanh)
    x = rates[:-1] @ p["weights"].T + u @ p["input_weights"].T + p["biases"]
    current = ann_bridge.TrainedMap(build("current"))
    filtered = (u[1:] - (1 - A) * u[:-1]) / A
    np.testing.assert_allclose(current.respond(x[0], filtered), x[-1], atol=1e-5)
    assert np.abs(current.respond(x[0], u[:-1]) - x[-1]).max() > 0.1  # with the same input: not


def test_every_gradient_is_that_of_central_differences():
    """float64: weights, biases, inputs."""
    net = build("rate").double()
    inputs = torch.randn(STEPS, BATCH, N_INPUTS, generator=generator(), dtype=torch.float64)
    tensors = [inputs.requires_grad_(), *net.parameters()]

    def loss():
        return net(inputs, generator(1)).square().sum()

    found = torch.autograd.grad(loss(), tensors)
    for tensor, gradient in zip(tensors, found, strict=True):
        way = torch.randn(tensor.shape, generator=generator(2), dtype=torch.float64)
        sides = []
        for e in (1e-6, -1e-6):
            with torch.no_grad():
                tensor.add_(e * way)
                sides.append(loss())
                tensor.sub_(e * way)
        slope = float((sides[0] - sides[1]) / 2e-6)
        assert float((gradient * way).sum()) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_it_trains_alone_and_among_others_and_is_saved(tmp_path):
    task = ann_bridge.tasks.DelayedComparison()
    sizes = {"n_units": 8, "n_inputs": task.n_inputs, "step_ms": task.step_ms}
    sizes["time_constant_ms"] = 100.0
    budget = ann_bridge.TrainingParameters(steps=3, batch_size=4)
    alone, other, among = (
        ann_bridge.LowRankRNN(form=form, **sizes) for form in ("rate", "current", "rate")
    )
    ann_bridge.train(alone, task, budget, seed=1)
    ann_bridge.train_many([other, among], task, budget, seeds=[0, 1])
    assert all(map(torch.equal, alone.state_dict().values(), among.state_dict().values()))
    ann_bridge.save_net(alone, tmp_path / "net")
    again, _ = ann_bridge.load_net(tmp_path / "net")
    assert again.settings == alone.settings


def test_its_noise_is_that_of_the_other_form():
    """Free rates, r ← (1-a) r + √(2a) σ ξ, have the variance σ² / (1 - a/2)."""
    net = build("rate", noise_std=0.3, weights=np.zeros((N, N)), biases=np.zeros(N))
    with torch.no_grad():
        _, rates = net.run(torch.zeros(400, 200, N_INPUTS), generator())
    assert rates[100:].var() == pytest.approx(0.09 / (1 - A / 2), rel=0.02)


def test_what_needs_the_other_form_is_refused():
    net = ann_bridge.LowRankRNN(n_units=8, form="rate")
    assert not ann_bridge.is_reducible(net)
    assert ann_bridge.is_reducible(ann_bridge.LowRankRNN(n_units=8))
    with pytest.raises(ValueError, match="does not have an exact reduced form"):
        ann_bridge.reduce_low_rank(net)
    budget = ann_bridge.TrainingParameters(precision="bfloat16")
    with pytest.raises(ValueError, match="rate form"):
        ann_bridge.train(
            ann_bridge.FullRankRNN(n_units=8, form="rate"), ann_bridge.tasks.PhaseMemory(), budget,
            seed=0,
        )  # fmt: skip
