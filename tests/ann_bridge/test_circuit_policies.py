"""Liquid and closed-form networks: against ncps, the differential equation and autograd."""

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from isochron import ann_bridge, connectome
from isochron.ann_bridge.nets.autograd_loop import SteppedNet
from isochron.ann_bridge.nets.circuit_connectivity import add_recurrence

SIZES: dict[str, Any] = {
    "n_inter": 7, "n_command": 5, "n_motor": 3, "sensory_fanout": 3, "inter_fanout": 2,
    "command_synapses": 6, "motor_fanin": 2,
}  # fmt: skip
WORM = connectome.load("varshney2011")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def policy(seed=0, n_inputs=3, **changed):
    return ann_bridge.policy_connectivity(
        n_inputs, rng=np.random.default_rng(seed), **SIZES | changed
    )


def every_synapse(n_units, n_inputs, **given):
    return ann_bridge.full_connectivity(n_units, n_inputs, rng=np.random.default_rng(0), **given)


def worm():
    return ann_bridge.connectome_connectivity(
        WORM, 3, signs=connectome.gaba_inhibitory, rng=np.random.default_rng(0)
    )


def full():
    return ann_bridge.full_connectivity(6, 3, n_motor=2, rng=np.random.default_rng(0))


def dense(edges, values, n_senders, n_receivers):
    """Values of synapses as a matrix [sender, receiver]."""
    matrix = torch.zeros(n_senders, n_receivers, dtype=torch.float64)
    matrix[edges[0], edges[1]] = values.detach().double()
    return matrix


def disturb(net, seed=1):
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=generator(seed)))
    return net.double()


def peer_connectivity(connectivity, order=None):
    """A connectivity of ncps with our synapses; `order` is the number of each unit in ncps."""
    peer = importlib.import_module("ncps.wirings")
    if order is not None:
        made = peer.NCP(*SIZES.values())
        made.build(connectivity.n_inputs)
    else:
        order = np.arange(connectivity.n_units)
        made = peer.Wiring(connectivity.n_units)
        made.set_input_dim(connectivity.n_inputs)
        made.set_output_dim(connectivity.n_units)
    for edges, matrix, senders in (
        (connectivity.synapses.numpy(), "adjacency_matrix", order),
        (
            connectivity.input_synapses.numpy(),
            "sensory_adjacency_matrix",
            np.arange(connectivity.n_inputs),
        ),
    ):
        signs = np.zeros_like(getattr(made, matrix))
        signs[senders[edges[0]], order[edges[1]]] = edges[2]
        setattr(made, matrix, signs)
    return made


# ncps numbers motor neurons first, then command neurons, then interneurons.
ORDER = np.concatenate([np.arange(8, 15), np.arange(3, 8), np.arange(3)])


@pytest.mark.parametrize("make", [policy, worm, full])
def test_a_liquid_net_is_that_of_ncps(make):
    """The same weights in float64; rounding over 6 steps of 6 unfolds."""
    connectivity = make()
    net = disturb(ann_bridge.LiquidNet(connectivity))
    n = connectivity.n_units
    cells = importlib.import_module("ncps.torch")
    cell = cells.LTCCell(
        peer_connectivity(connectivity), 3, implicit_param_constraints=True
    ).double()
    loaded: dict[str, Any] = {
        "gleak": net.leak_conductances, "vleak": net.leak_reversals, "cm": net.capacitances,
        "input_w": net.input_gains, "input_b": net.input_offsets,
    }  # fmt: skip
    for prefix, synapses, edges, senders in (
        ("", net.between, connectivity.synapses, n),
        ("sensory_", net.from_inputs, connectivity.input_synapses, 3),
    ):
        for name, values in (
            ("w", synapses.strengths), ("sigma", synapses.steepness),
            ("mu", synapses.midpoints), ("erev", synapses.reversals),
        ):  # fmt: skip
            loaded[prefix + name] = dense(edges, values, senders, n)
    cell.load_state_dict(cell.state_dict() | loaded)
    inputs = torch.randn(6, 4, 3, generator=generator(2)).double()
    _, ours = net.run(inputs, generator(3))
    state = net.initial_states(4, generator(3))
    for given, expected in zip(inputs, ours, strict=True):
        _, state = cell(given, state)
        torch.testing.assert_close(state, expected, rtol=1e-10, atol=1e-10)
    assert ours.std(dim=(0, 1)).min() > 1e-3  # it moves


@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
@pytest.mark.parametrize("make", [policy, full])
def test_a_closed_form_net_is_that_of_ncps(make, mode):
    """The same weights in float64, layer by layer; the gate there is the sum of two."""
    connectivity = make()
    net = disturb(ann_bridge.ClosedFormNet(connectivity, mode=mode))
    order = ORDER if connectivity.layers.max() == 2 else None
    cells = importlib.import_module("ncps.torch.wired_cfc_cell")
    peer = cells.WiredCfCCell(None, peer_connectivity(connectivity, order), mode=mode).double()
    n, n_inputs = connectivity.n_units, connectivity.n_inputs
    drawn = torch.rand(2, n, n + n_inputs, generator=generator(4)).double()
    state = net.state_dict()
    between = [dense(net.synapses, values, n, n).T for values in state["weights"]]
    entering = [dense(net.input_synapses, v, n_inputs, n).T for v in state["input_weights"]]
    units = np.arange(n)
    for layer in range(peer.num_layers):
        mine = units[(connectivity.layers == layer).numpy()]
        senders = units[(connectivity.layers == layer - 1).numpy()]
        loaded = {}
        for head, name in enumerate(("ff1", "ff2", "time_a")[: len(between)]):
            before = between[head][mine][:, senders] if layer else entering[head][mine]
            weights = torch.cat([before, between[head][mine][:, mine]], dim=1)
            loaded[f"{name}.weight"] = weights
            loaded[f"{name}.bias"] = state["biases"][head, mine]
        if mode == "pure":
            loaded |= {"w_tau": state["rates"][None, mine], "A": state["ceilings"][None, mine]}
        else:
            split = drawn[0][: len(mine), : loaded["time_a.weight"].shape[1]]
            loaded["time_b.weight"] = loaded["time_a.weight"] - split
            loaded["time_a.weight"] = split
            loaded["time_b.bias"] = torch.zeros(len(mine), dtype=torch.float64)
        cell = getattr(peer, f"layer_{layer}")
        cell.load_state_dict(cell.state_dict() | loaded)
    inputs = torch.randn(6, 4, n_inputs, generator=generator(2)).double()
    _, ours = net.run(inputs, generator(3))
    states = net.initial_states(4, generator(3))
    for given, expected in zip(inputs, ours, strict=True):
        _, states = peer(given, states, 1.0)
        torch.testing.assert_close(states, expected, rtol=1e-10, atol=1e-10)
    assert ours.std(dim=(0, 1)).min() > 1e-3


@pytest.mark.parametrize("make", [policy, worm])
def test_the_fast_liquid_gradient_is_that_of_autograd_through_the_loop(make):
    """float64, a loss of outputs and of states: 1e-10 relative for every weight."""
    net = disturb(ann_bridge.LiquidNet(make(), n_outputs=2, unfolds=3))
    inputs = torch.randn(5, 3, 3, generator=generator(2)).double()
    found = []
    for run in (SteppedNet.run, type(net).run):
        outputs, states = run(net, inputs, generator(3))
        loss = outputs.square().sum() + states.sin().sum()
        found.append((outputs, torch.autograd.grad(loss, list(net.parameters()))))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-12, atol=1e-12)
    for fast, plain in zip(found[1][1], found[0][1], strict=True):
        assert plain.norm() > 0
        assert (fast - plain).norm() <= 1e-10 * plain.norm()


def liquid_velocity(net, drive):
    """C v' = g (V - v) + Σ s (E - v), written independently."""
    raw = {name: value.double().numpy() for name, value in net.state_dict().items()}

    def positive(name):
        return np.logaddexp(raw[name], 0)

    sender, receiver = net.synapses[:2].numpy()
    n = net.settings.n_units
    pushed, drained = drive[:n], drive[n:]

    def velocity(_, v):
        opening = 1 / (
            1 + np.exp(-raw["between.steepness"] * (v[sender] - raw["between.midpoints"]))
        )
        s = positive("between.strengths") * opening
        current = np.bincount(receiver, s * (raw["between.reversals"] - v[receiver]), n)
        leaking = positive("leak_conductances") * (raw["leak_reversals"] - v)
        return (leaking + current + pushed - drained * v) / positive("capacitances")

    return velocity


def test_the_solver_converges_to_the_liquid_equation_with_order_one():
    """Halving the steps halves the error; the truth is scipy's, to 1e-11."""
    connectivity = policy()
    start = np.random.default_rng(5).normal(size=connectivity.n_units)
    errors = []
    for unfolds in (50, 100, 200):
        net = disturb(ann_bridge.LiquidNet(connectivity, unfolds=unfolds, time_step=0.7))
        step = net.float64_step()
        drive = step.drive(np.array([0.3, -0.2, 1.0]))
        velocity = liquid_velocity(net, drive)
        truth = solve_ivp(velocity, (0, 0.7), start, rtol=1e-11, atol=1e-12).y[:, -1]
        errors.append(np.abs(step.advance(start, drive) - truth).max())
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.05)


def test_a_policy_has_the_stated_fans():
    connectivity = policy()
    sender, receiver, sign = connectivity.synapses.numpy()
    layer = connectivity.layers.numpy()
    assert [int((layer == k).sum()) for k in range(3)] == [7, 5, 3]
    assert set(sign) == {-1, 1}
    assert set(zip(layer[sender], layer[receiver], strict=True)) <= {(0, 1), (1, 1), (1, 2)}
    between = [(layer[sender] == a) & (layer[receiver] == b) for a, b in ((0, 1), (1, 1), (1, 2))]
    assert (np.bincount(sender[between[0]], minlength=7) >= 2).all()  # more if one was omitted
    assert set(receiver[between[0]]) == set(range(7, 12))
    assert 1 <= between[1].sum() <= 6
    assert set(sender[between[2]]) == set(range(7, 12))
    assert set(receiver[between[2]]) == {12, 13, 14}
    entering, reached, _ = connectivity.input_synapses.numpy()
    assert set(reached) == set(range(7))
    assert (np.bincount(entering) >= 3).all()
    assert connectivity.motor.tolist() == [False] * 12 + [True] * 3
    again, other = policy(), policy(seed=1)
    assert torch.equal(connectivity.synapses, again.synapses)
    assert not torch.equal(connectivity.synapses, other.synapses)


def test_half_of_the_synapses_of_a_policy_excite():
    """One draw a synapse: within 4 standard deviations."""
    rng = np.random.default_rng(0)
    connectivity = ann_bridge.default_policy_connectivity(200, 20, n_motor=20, density=0.3, rng=rng)
    signs = torch.cat([connectivity.synapses[2], connectivity.input_synapses[2]]).double()
    assert connectivity.n_units == 200
    assert abs(signs.mean()) < 4 / len(signs) ** 0.5


def test_the_worms_circuit_is_its_connectome():
    connectivity = worm()
    sender, receiver, sign = connectivity.synapses.numpy()
    chemical, gap = WORM.chemical > 0, WORM.gap > 0
    np.fill_diagonal(gap, False)
    found = np.zeros((279, 279))
    found[receiver, sender] = sign
    np.testing.assert_array_equal(found != 0, chemical | gap)
    signs = connectome.gaba_inhibitory(WORM)
    np.testing.assert_array_equal(found[chemical], signs[chemical])
    assert (found[gap & ~chemical] == 1).all()
    sensory = WORM.index(WORM.select("sensory"))
    assert set(connectivity.input_synapses[1].tolist()) == set(sensory)
    assert connectivity.input_synapses.shape[1] == 3 * len(sensory)
    np.testing.assert_array_equal(
        np.flatnonzero(connectivity.motor.numpy()), np.sort(WORM.index(WORM.select("motor")))
    )


def test_recurrence_adds_synapses_and_keeps_signs():
    connectivity = policy()
    counts = {
        name: add_recurrence(connectivity, name).synapses.shape[1] for name in ("none", "self")
    }
    assert counts["none"] == connectivity.synapses.shape[1]
    within = add_recurrence(connectivity, "layers").synapses
    kept = {tuple(edge) for edge in connectivity.synapses.T.tolist()}
    assert kept <= {tuple(edge) for edge in within.T.tolist()}
    layers = connectivity.layers[within[:2]]
    assert int((layers[0] == layers[1]).sum()) == 7**2 + 5**2 + 3**2
    with pytest.raises(ValueError, match="recurrence must be one of none, self, layers"):
        ann_bridge.ClosedFormNet(connectivity, recurrence="some")


def test_only_motor_neurons_are_read():
    net = ann_bridge.LiquidNet(policy(), n_outputs=2)
    states = torch.randn(4, 15, generator=generator(), requires_grad=True)
    (by_state,) = torch.autograd.grad(net.read(states).sum(), states)
    assert (by_state[:, :12] == 0).all()
    assert (by_state[:, 12:] != 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: policy(n_command=0), "n_command must be at least 1"),
        (lambda: every_synapse(0, 2), "n_units must be at least 1, got 0"),
        (lambda: every_synapse(5, 2.0), "n_inputs must be a whole number, got 2.0"),
        (lambda: every_synapse(5, 2, n_motor=6), "n_motor must lie between 1 and n_units=5, got 6"),
        (
            lambda: every_synapse(10**9, 2),
            "A circuit of 1000000000 units would take",
        ),
        (lambda: policy(sensory_fanout=8), "sensory_fanout must lie between 1 and n_inter=7"),
        (lambda: policy(motor_fanin=6), "motor_fanin must lie between 1 and n_command=5"),
        (lambda: policy(command_synapses=-1), "command_synapses must be >= 0"),
        (
            lambda: ann_bridge.default_policy_connectivity(
                5, 2, n_motor=3, rng=np.random.default_rng(0)
            ),
            "n_motor must lie between 1 and n_units - 3 = 2",
        ),
        (
            lambda: ann_bridge.default_policy_connectivity(
                9, 2, n_motor=3, density=0.0, rng=np.random.default_rng(0)
            ),
            "density must lie in",
        ),
        (
            lambda: ann_bridge.full_connectivity(3, 2, n_motor=4, rng=np.random.default_rng(0)),
            "n_motor",
        ),
        (lambda: ann_bridge.LiquidNet(policy(), n_units=7), "the connectivity has 15 units"),
        (
            lambda: ann_bridge.LiquidNet(policy()._replace(layers=policy().layers.flip(0))),
            "layers of a connectivity must be in rising order",
        ),
        (
            lambda: ann_bridge.LiquidNet(policy()._replace(layers=policy().layers + 10**9)),
            "below the number of units",
        ),
    ],
)
def test_bad_circuits_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("kind", "options", "steps", "learning_rate"),
    [
        # Chance is 1. Measured: liquid 0.37 after 60 steps, closed-form 0.53.
        (ann_bridge.LiquidNet, {}, 40, 2e-2),
        (ann_bridge.ClosedFormNet, {}, 60, 1e-2),
    ],
)
def test_circuits_learn_to_compare(kind, options, steps, learning_rate):
    task = ann_bridge.tasks.DelayedComparison()
    connectivity = ann_bridge.default_policy_connectivity(
        32, task.n_inputs, n_motor=6, rng=np.random.default_rng(0)
    )
    net = kind(connectivity, step_ms=task.step_ms, **options)
    budget = ann_bridge.TrainingParameters(steps=steps, batch_size=32, learning_rate=learning_rate)
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=5) < 0.8
