"""Networks of ncps, of coRNN and of snntorch, against those packages and the authors' equations."""

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge

STEPS, BATCH, N_INPUTS = 12, 2, 3
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64, values near 1


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def inputs(n_inputs=N_INPUTS):
    return torch.randn(STEPS, BATCH, n_inputs, generator=generator(1), dtype=torch.float64)


def ours(net, given):
    with torch.no_grad():
        outputs, sent = net.run(given, generator())
    return outputs.reshape(STEPS, BATCH, -1), sent


class Lightning(torch.nn.Module):
    """A module that contains a second one, with a prefix."""

    def __init__(self, inner):
        super().__init__()
        self.model = inner


@pytest.fixture
def ncps():
    pytest.importorskip("ncps")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield SimpleNamespace(
            torch=importlib.import_module("ncps.torch"),
            wirings=importlib.import_module("ncps.wirings"),
        )


CONNECTIVITIES = {
    "policy": lambda w: w.AutoNCP(20, 4, seed=1),
    "one output": lambda w: w.AutoNCP(12, 1, seed=2),
    "random": lambda w: w.Random(9, 3, sparsity_level=0.5, random_seed=3),
    "full": lambda w: w.FullyConnected(5),
}


def disturbed(module):
    """All weights changed from their initial values, masks unchanged."""
    with torch.no_grad():
        for name, weights in module.named_parameters():
            if "mask" not in name and "erev" not in name:
                weights.add_(0.2 * torch.rand(weights.shape, generator=generator(5)))
    return module.double()


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_liquid_network_of_ncps(ncps, connectivity):
    theirs = disturbed(
        ncps.torch.LTC(N_INPUTS, CONNECTIVITIES[connectivity](ncps.wirings), batch_first=False)
    )
    with torch.no_grad():
        wanted, last = theirs(inputs())
    ways: list[tuple[Any, dict[str, Any]]] = [
        (theirs, {}),
        (Lightning(theirs).state_dict(), {"prefix": "model"}),
        (Lightning(theirs).state_dict(), {"prefix": "model.rnn_cell."}),
    ]
    for given, options in ways:
        net = ann_bridge.LiquidNet.from_ncps(
            given, implicit_param_constraints=True, dtype=torch.float64, **options
        )
        outputs, sent = ours(net, inputs())
        torch.testing.assert_close(outputs, wanted.reshape(outputs.shape), **EXACT)
        torch.testing.assert_close(sent[-1], last, **EXACT)


def test_a_liquid_cell_with_explicit_constraints_and_silent_synapses(ncps):
    """ncps clips at 0; other numbers of unfolds and time steps."""
    connectivity = ncps.wirings.Random(9, 3, sparsity_level=0.4, random_seed=3)
    connectivity.build(N_INPUTS)
    cell = ncps.torch.LTCCell(connectivity, ode_unfolds=3).double()
    with torch.no_grad():
        cell.w[:, ::2].sub_(0.5)
        cell.gleak[0] = -1.0
    cell.apply_weight_constraints()
    assert (cell.w == 0).any()
    net = ann_bridge.LiquidNet.from_ncps(
        cell, implicit_param_constraints=False, dtype=torch.float64, unfolds=3, time_step=0.5
    )
    state, wanted = torch.zeros(BATCH, 9, dtype=torch.float64), []
    with torch.no_grad():
        for u in inputs():
            output, state = cell(u, state, 0.5)
            wanted.append(output)
    torch.testing.assert_close(ours(net, inputs())[0], torch.stack(wanted), **EXACT)
    assert net.settings.n_outputs == 3


def test_what_the_file_of_a_liquid_network_does_not_contain_is_asked_for(ncps):
    theirs = ncps.torch.LTC(N_INPUTS, ncps.wirings.AutoNCP(12, 2, seed=1))
    with pytest.raises(ValueError, match=r"implicit_param_constraints.*Pass True \(the"):
        ann_bridge.LiquidNet.from_ncps(theirs.state_dict())
    negative = theirs.state_dict()
    negative["rnn_cell.w"] = -negative["rnn_cell.w"]
    with pytest.raises(ValueError, match="w has the negative value .*constraints=True"):
        ann_bridge.LiquidNet.from_ncps(negative, implicit_param_constraints=False)
    cell = ncps.torch.LTCCell(theirs._wiring, output_mapping=None)
    with pytest.raises(ValueError, match="Pass n_motor, from 1 to 12; got None"):
        ann_bridge.LiquidNet.from_ncps(cell, implicit_param_constraints=False)
    net = ann_bridge.LiquidNet.from_ncps(cell, implicit_param_constraints=False, n_motor=2)
    assert net.settings.n_outputs == 2
    weights = Lightning(theirs).state_dict()
    with pytest.raises(ValueError, match=r"Pass prefix='model\.rnn_cell\.'"):
        ann_bridge.LiquidNet.from_ncps(weights, implicit_param_constraints=True)


def test_networks_of_ncps_without_a_counterpart_are_named(ncps):
    mixed = ncps.torch.LTC(3, ncps.wirings.AutoNCP(12, 2, seed=1), mixed_memory=True)
    with pytest.raises(ValueError, match="mixed_memory=True, which is not supported"):
        ann_bridge.LiquidNet.from_ncps(mixed, implicit_param_constraints=True)
    with pytest.raises(ValueError, match="with a backbone, which is not supported"):
        ann_bridge.ClosedFormNet.from_ncps(ncps.torch.CfC(3, 20), mode="default")
    plain = ncps.torch.CfC(3, ncps.wirings.AutoNCP(12, 2, seed=1))
    for mode in (None, "fast"):
        with pytest.raises(ValueError, match="does not contain its mode"):
            ann_bridge.ClosedFormNet.from_ncps(plain.state_dict(), mode=mode)
    with pytest.raises(ValueError, match="of a CfC in mode 'pure', got layer_0"):
        ann_bridge.ClosedFormNet.from_ncps(plain.state_dict(), mode="pure")
    with pytest.raises(ValueError, match="of an LTC, got layer_0"):
        ann_bridge.LiquidNet.from_ncps(plain, implicit_param_constraints=True)


@pytest.mark.parametrize("proj_size", [None, 2])
@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_closed_form_network_of_ncps(ncps, connectivity, mode, proj_size):
    if connectivity == "random" and proj_size:
        pytest.skip("ncps projects the motor neurons, and its outputs are all units")
    theirs = disturbed(
        ncps.torch.CfC(
            N_INPUTS, CONNECTIVITIES[connectivity](ncps.wirings), mode=mode, batch_first=False,
            proj_size=proj_size,
        )
    )  # fmt: skip
    with torch.no_grad():
        wanted, last = theirs(inputs(), timespans=torch.full((STEPS, 1), 0.7).double())
    net = ann_bridge.ClosedFormNet.from_ncps(
        theirs.state_dict(), mode=mode, time_step=torch.tensor(0.7).item(), dtype=torch.float64
    )
    outputs, sent = ours(net, inputs())
    torch.testing.assert_close(sent[-1], last, **EXACT)
    torch.testing.assert_close(outputs, wanted.reshape(outputs.shape), **EXACT)


def test_an_imported_circuit_is_saved_and_trains(ncps, tmp_path):
    task = ann_bridge.tasks.DelayedComparison()
    theirs = ncps.torch.LTC(task.n_inputs, ncps.wirings.AutoNCP(12, 1, seed=1))
    net = ann_bridge.LiquidNet.from_ncps(
        theirs, implicit_param_constraints=True, step_ms=task.step_ms
    )
    ann_bridge.train(net, task, ann_bridge.TrainingParameters(steps=2, batch_size=4), seed=0)
    ann_bridge.save_net(net, tmp_path / "net")
    again, _ = ann_bridge.load_net(tmp_path / "net")
    assert all(map(torch.equal, net.state_dict().values(), again.state_dict().values()))


def circuit(input_synapses):
    """Four units in a ring."""
    ring = torch.tensor([[3, 0, 1, 2], [0, 1, 2, 3], [1, -1, 1, -1]])
    motor, layers = torch.arange(4) == 3, torch.zeros(4, dtype=torch.long)
    entering = torch.tensor(input_synapses, dtype=torch.long).reshape(3, -1)
    return ann_bridge.CircuitConnectivity(ring, entering, layers, motor)


@pytest.mark.parametrize("kind", [ann_bridge.LiquidNet, ann_bridge.ClosedFormNet])
@pytest.mark.parametrize("edges", [[[0, 1], [0, 1], [1, 1]], [[], [], []]], ids=["last", "all"])
def test_inputs_may_be_without_synapses(kind, edges, tmp_path):
    """They are then inactive: the network moves as without them."""
    net = kind(circuit(edges), n_inputs=3)
    given = torch.randn(STEPS, BATCH, 3, generator=generator())
    changed = given.clone()
    changed[..., 2 if edges[0] else slice(None)] += 1
    with torch.no_grad():
        one, other = (net(u, generator(1)) for u in (given, changed))
    assert torch.equal(one, other)
    ann_bridge.save_net(net, tmp_path / "net")
    again, _ = ann_bridge.load_net(tmp_path / "net")
    with torch.no_grad():
        assert torch.equal(again(given, generator(1)), one)


def test_too_few_inputs_for_the_synapses_are_refused():
    with pytest.raises(
        ValueError, match=r"n_inputs=1, but the connectivity has 4 units and 2 inputs"
    ):
        ann_bridge.LiquidNet(circuit([[0, 1], [0, 1], [1, 1]]), n_inputs=1)


class CoRNNCell(torch.nn.Module):
    """Rusch and Mishra (2021) as their code has it, or with the friction at the end of a step."""

    def __init__(self, n_inputs, n, friction_at):
        super().__init__()
        self.i2h, self.at_end = torch.nn.Linear(n_inputs + 2 * n, n), friction_at == "end"

    def forward(self, u, y, z, dt, gamma, epsilon):
        push = torch.tanh(self.i2h(torch.cat((u, z, y), 1))) - gamma * y
        start, end = (0, epsilon) if self.at_end else (epsilon, 0)
        z = (z + dt * (push - start * z)) / (1 + end * dt)
        return y + dt * z, z


@pytest.mark.parametrize(("dt", "gamma", "epsilon"), [(0.1, 1.3, 1.0), (0.042, 2.7, 4.7)])
@pytest.mark.parametrize("friction_at", ["start", "end"])
def test_a_cornn_of_its_authors(friction_at, dt, gamma, epsilon):
    """Weights of the network are in float32: 1e-6 of outputs near 1."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cell, readout = CoRNNCell(N_INPUTS, 6, friction_at), torch.nn.Linear(6, 2, bias=False)
    y, z, wanted = torch.zeros(BATCH, 6), torch.zeros(BATCH, 6), []
    given = inputs().float()
    with torch.no_grad():
        for u in given:
            y, z = cell(u, y, z, dt, gamma, epsilon)
            wanted.append(readout(y))
    net = ann_bridge.CoupledOscillatorNet.from_cornn(
        {f"cell.{name}": weights for name, weights in cell.state_dict().items()},
        output_weights=readout.weight.T, time_step=dt, stiffness=gamma, friction=epsilon,
        friction_at=friction_at, prefix="cell",
    )  # fmt: skip
    torch.testing.assert_close(ours(net, given)[0], torch.stack(wanted), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"friction": 10.0}, r"friction \* time_step must be below 1"),
        ({"friction_at": "middle"}, "friction_at must be start or end"),
        ({"weights": {"i2h.weight": np.ones((6, 12)), "i2h.bias": np.ones(6)}}, r"n_inputs \+ 12"),
        ({"weights": {"cell.i2h.weight": 1, "cell.i2h.bias": 1}}, r"Pass prefix='cell\.'"),
    ],
)
def test_a_cornn_that_cannot_be_taken(changed, message):
    arrays: dict[str, Any] = {"i2h.weight": np.ones((6, 15)), "i2h.bias": np.ones(6)}
    options: dict[str, Any] = {
        "weights": arrays, "output_weights": np.ones(6), "time_step": 0.1, "stiffness": 1.0,
        "friction": 1.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        ann_bridge.CoupledOscillatorNet.from_cornn(**options | changed)


@pytest.fixture
def snn():
    return pytest.importorskip("snntorch")


N = 8
NEURONS = {
    "Leaky": lambda snn: snn.Leaky(beta=0.9, threshold=0.7),
    "RLeaky": lambda snn: snn.RLeaky(beta=0.8, linear_features=N),
    "RLeaky to itself": lambda snn: snn.RLeaky(beta=0.8, all_to_all=False, V=torch.rand(N)),
}


@pytest.mark.parametrize("kind", NEURONS)
def test_neurons_of_snntorch(snn, kind):
    """Potentials, spikes and, a step later, the readout; in float64, of weights in float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, neurons = torch.nn.Linear(N_INPUTS, N), NEURONS[kind](snn)
        second, out = (
            torch.nn.Linear(N, 2, bias=False),
            snn.Leaky(beta=0.95, reset_mechanism="none"),
        )
    parts = torch.nn.ModuleDict({"fc1": first, "lif1": neurons, "fc2": second, "lif2": out})
    net = ann_bridge.SpikingNet.from_snntorch(
        parts.state_dict(), prefix="lif1", input_weights=first.weight, input_biases=first.bias,
        output_weights=second.weight.T, readout_beta=out.beta.item(),
    ).double()  # fmt: skip
    parts.double()
    given = 2 * inputs()
    state = torch.zeros(BATCH, N, dtype=torch.float64)
    spikes, potential, y = state, state, torch.zeros(BATCH, 2, dtype=torch.float64)
    wanted, fired = [], []
    with torch.no_grad():
        for u in given:
            before = (spikes, potential) if kind != "Leaky" else (potential,)
            spikes, potential = (part.double() for part in neurons(first(u), *before))
            _, y = out(second(spikes), y)
            wanted.append(y)
            fired.append(spikes)
    outputs, sent = ours(net, given)
    assert 0.02 < torch.stack(fired).mean() < 0.98
    torch.testing.assert_close(sent, torch.stack(fired))
    torch.testing.assert_close(outputs[1:], torch.stack(wanted)[:-1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda snn: snn.Synaptic(alpha=0.8, beta=0.9), "synaptic current"),
        (lambda snn: snn.Leaky(beta=0.9, reset_mechanism="zero"), "reset by subtraction"),
        (lambda snn: snn.Leaky(beta=0.9, graded_spikes_factor=2.0), "graded spikes"),
        (lambda snn: snn.Leaky(beta=torch.linspace(0.1, 0.9, N)), r"beta differs .*0\.1 to 0\.9"),
        (lambda snn: snn.Leaky(beta=0.9, threshold=torch.arange(1.0, 9)), "threshold differs"),
        (lambda snn: snn.Leaky(beta=1.0), "beta must lie between 0 and 1"),
        (lambda snn: snn.RLeaky(beta=0.9, linear_features=3), r"recurrent\.weight must have"),
        (lambda snn: torch.nn.Linear(3, 3), "of snntorch.Leaky or RLeaky, got weight, bias"),
    ],
)  # fmt: skip
def test_other_neurons_are_refused_in_words(snn, make, message):
    with pytest.raises(ValueError, match=message):
        ann_bridge.SpikingNet.from_snntorch(
            make(snn), input_weights=np.ones((N, 3)), output_weights=np.ones(N), readout_beta=0.9
        )
