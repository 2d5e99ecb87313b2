"""Modules of torch as maps: the same step, its exact derivative, and the analysis in one line."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge

N, N_INPUTS = 5, 2


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return make()


class Own(torch.nn.Module):
    """A user's module: a leaky step, with dropout and a readout."""

    def __init__(self):
        super().__init__()
        self.w, self.b = torch.nn.Linear(N, N), torch.nn.Linear(N_INPUTS, N)
        self.dropout, self.readout = torch.nn.Dropout(0.5), torch.nn.Linear(N, 1)

    def forward(self, u, x):
        x = 0.8 * x + 0.2 * torch.tanh(self.w(self.dropout(x)) + self.b(u))
        return self.readout(x), x


def own_step(net, u, x):
    return net(u, x)[1]


MODULES: dict[str, Any] = {
    "RNNCell": lambda: torch.nn.RNNCell(N_INPUTS, N),
    "GRUCell": lambda: torch.nn.GRUCell(N_INPUTS, N),
    "LSTMCell": lambda: torch.nn.LSTMCell(N_INPUTS, N),
    "RNN": lambda: torch.nn.RNN(N_INPUTS, N, nonlinearity="relu"),
    "GRU": lambda: torch.nn.GRU(N_INPUTS, N, num_layers=2, batch_first=True),
    "LSTM": lambda: torch.nn.LSTM(N_INPUTS, N, num_layers=3),
    "own": Own,
}
PARTS = {"LSTMCell": 2, "GRU": 2, "LSTM": 6}


def mapped(kind, **options):
    module = seeded(MODULES[kind])
    if kind == "own":
        options |= {"step": own_step, "dimension": N}
    return module, ann_bridge.ModuleMap(module, **options)


def wave(n_steps=7):
    phase = 2 * np.pi * np.arange(n_steps) / n_steps
    return np.stack([np.sin(phase), np.cos(phase)], axis=1)


def run_torch(kind, module, inputs, x):
    """The last state, by the module itself in float64."""
    module, u = module.double().eval(), torch.from_numpy(inputs)
    with torch.no_grad():
        if kind in ("RNN", "GRU", "LSTM"):
            parts = x.reshape(len(x), -1, module.num_layers, N).permute(1, 2, 0, 3).contiguous()
            state = tuple(parts) if kind == "LSTM" else parts[0]
            sequence = u[:, None].expand(-1, len(x), -1)
            sequence = sequence.transpose(0, 1) if module.batch_first else sequence
            after = module(sequence, state)[1]
            after = torch.stack(after) if kind == "LSTM" else after[None]
            return after.permute(2, 0, 1, 3).reshape(len(x), -1)
        for row in u.expand(len(x), *u.shape).unbind(1):
            if kind == "LSTMCell":
                x = torch.cat(module(row, x.split(N, dim=1)), dim=1)
            else:
                x = module(row, x)[1] if kind == "own" else module(row, x)
        return x


@pytest.mark.parametrize("kind", MODULES)
def test_it_is_the_module_and_its_tangents_are_its_derivative(kind):
    """float64 throughout: rounding only; central differences err by 1e-9."""
    module, system = mapped(kind, inputs=wave(), step_ms=2.0)
    assert system.dimension == PARTS.get(kind, 1) * N
    assert (system.n_steps, system.forcing_cycles, system.step_ms) == (7, 1, 2.0)
    assert isinstance(system, analysis.ForcedMap)
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(3, system.dimension))
    wanted = run_torch(kind, module, np.concatenate([wave()[3:], wave()[:5]]),
                       torch.from_numpy(starts))  # fmt: skip
    np.testing.assert_allclose(system.advance(starts, 9, start=3), wanted, rtol=1e-12, atol=1e-13)
    orbit = system.orbit(starts, 9, start=3)
    np.testing.assert_allclose(orbit[-1], wanted, rtol=1e-12, atol=1e-13)
    x, v = starts[0], rng.normal(size=(system.dimension, 2))
    after, tangents = system.advance(x, 9, start=3, tangents=v)
    np.testing.assert_allclose(after, wanted[0], rtol=1e-12, atol=1e-13)
    for direction, tangent in zip(v.T, tangents.T, strict=True):
        up, down = (system.advance(x + e * direction, 9, start=3) for e in (1e-6, -1e-6))
        np.testing.assert_allclose(tangent, (up - down) / 2e-6, atol=1e-8)


def test_the_analysis_takes_it_in_one_line():
    """A rotation by 2π / 12 that grows until the tanh limits it: an invariant circle around 0."""
    cell = torch.nn.RNNCell(1, 2, bias=False)
    turn = 2 * np.pi / 12
    with torch.no_grad():
        rotation = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        cell.weight_hh.copy_(1.2 * torch.tensor(rotation))
    (point,) = analysis.find_fixed_points(ann_bridge.ModuleMap(cell), [[0.01, 0.02]])
    np.testing.assert_allclose(point.point, 0, atol=1e-9)
    np.testing.assert_allclose(np.abs(point.eigenvalues), 1.2, rtol=1e-6)
    np.testing.assert_allclose(np.abs(np.angle(point.eigenvalues)), turn, rtol=1e-6)


def test_a_driven_cell_has_a_locked_cycle():
    """A contracting cell follows its input; the cycle closes after a period."""
    _, system = mapped("GRUCell", inputs=wave(8))
    found = analysis.find_entrained_cycles(system, np.zeros((2, N)))
    (cycle,) = found.stable
    np.testing.assert_allclose(system.advance(cycle.point, 8), cycle.point, atol=1e-9)


def test_a_constant_input_is_one_step_long():
    system = mapped("GRUCell", inputs=[0.5, -1.0])[1]
    assert (system.n_steps, system.forcing_cycles) == (1, 0)
    assert mapped("GRUCell")[1].n_steps == 1


class Noisy(torch.nn.Module):
    def forward(self, u, x):  # noqa: ARG002
        return x + torch.randn_like(x)


class Deaf(torch.nn.Module):
    def forward(self, u, x):  # noqa: ARG002
        return torch.tanh(x.detach())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ann_bridge.ModuleMap(Own()), ValueError, r"step of Own is not known\. .*step=lam"),
        (lambda: ann_bridge.ModuleMap(Own(), step=own_step), ValueError, "dimension.* be given"),
        (
            lambda: ann_bridge.ModuleMap(
                Own(), step=lambda net, u, x: net(u, x), dimension=N, inputs=[0, 0]
            ),
            ValueError, r"tensor of shape \(2, 5\) for these, got tuple",
        ),
        (
            lambda: ann_bridge.ModuleMap(
                Own(), step=lambda net, u, x: net(u, x)[0], dimension=N, inputs=[0, 0]
            ),
            ValueError, r"got \(2, 1\)",
        ),
        (
            lambda: ann_bridge.ModuleMap(Noisy(), step=lambda net, u, x: net(u, x), dimension=3),
            ValueError, "gave two results: the module draws noise",
        ),
        (lambda: mapped("GRUCell", inputs=np.zeros((4, 3))), ValueError, r"\(n_steps, 2\), got"),
        (lambda: mapped("GRUCell", inputs=[np.nan, 0]), ValueError, "inputs must be finite"),
        (lambda: mapped("GRUCell", step_ms=0.0), ValueError, "step_ms must be positive"),
        (
            lambda: ann_bridge.ModuleMap(torch.nn.GRU(2, 3, bidirectional=True)),
            ValueError, "bidirectional",
        ),
        (lambda: ann_bridge.ModuleMap(np.tanh), TypeError, r"got ufunc\. .*SteppedMap\("),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_not_a_map_is_refused_in_words(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_step_that_autograd_cannot_follow_is_named():
    system = ann_bridge.ModuleMap(Deaf(), step=lambda net, u, x: net(u, x), dimension=3)
    assert system.advance(np.ones(3), 1).shape == (3,)
    with pytest.raises(ValueError, match="Autograd cannot follow the step"):
        system.advance(np.ones(3), 1, tangents=np.eye(3))


LOADED = (ann_bridge.GRUNet(n_units=4), {"seed": 0})


@pytest.mark.parametrize(
    "use",
    [
        lambda it: ann_bridge.TrainedMap(it),
        lambda it: ann_bridge.train(it, ann_bridge.tasks.PhaseMemory(), seed=0),
        lambda it: ann_bridge.evaluate(it, ann_bridge.tasks.PhaseMemory(), seed=0),
        lambda it: ann_bridge.save_net(it, "nowhere"),
        lambda it: ann_bridge.reduce_low_rank(it),
    ],
    ids=["TrainedMap", "train", "evaluate", "save_net", "reduce_low_rank"],
)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (LOADED, r"got a tuple.*net, notes = ann_bridge\.load_net\(path\)"),
        ("runs/net", r"got a path.*net, notes = ann_bridge\.load_net\("),
        (torch.nn.GRUCell(3, 4), r"got GRUCell, a module of torch.*ann_bridge\.ModuleMap\("),
        (ann_bridge.GRUNet, r"got the class GRUNet.*GRUNet\("),
        (None, r"got NoneType"),
    ],
    ids=["load_net", "path", "module", "class", "None"],
)
def test_what_is_wanted_is_said_with_an_example(use, given, message):
    """`load_net` returns a network and its notes."""
    with pytest.raises(TypeError, match=message):
        use(given)


def test_a_connectome_is_not_the_masks_of_a_network():
    from isochron import connectome

    with pytest.raises(
        TypeError, match=r"masks must be ConnectomeMasks.*connectome_masks\(connectome\)"
    ):
        ann_bridge.ConnectomeRNN(connectome.load("varshney2011"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "search",
    [
        lambda system: analysis.find_fixed_points(system, np.zeros((3, 5))),
        lambda system: analysis.find_limit_cycle(system, np.zeros(5)),
        lambda system: analysis.compute_lyapunov_spectrum(
            system, np.zeros(5), block=10, n_blocks=2
        ),
    ],
)
def test_a_start_of_the_wrong_width_is_named(search):
    """Before, a module of torch answered with a RuntimeError."""
    system = ann_bridge.ModuleMap(torch.nn.GRUCell(1, 6), inputs=[0.0])
    with pytest.raises(ValueError, match=r"has 6 variables, but the start has the shape \(5,\)"):
        search(system)
