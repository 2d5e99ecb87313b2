"""Networks trained elsewhere: arrays, state dicts, rate form, and errors with clear messages."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from isochron import ann_bridge
from isochron.ann_bridge.nets.low_rank import LowRankRNN

N, N_INPUTS, STEPS = 5, 3, 12
READOUT = np.arange(1.0, N + 1)
QUIET: dict[str, Any] = {"noise_std": 0.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def layer(module: Any = torch.nn.GRU, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return module(N_INPUTS, N, **options)


def gru(weights, **options):
    return ann_bridge.GRUNet.from_weights(weights, output_weights=READOUT, **options)


def plain_rnn(weights, **options):
    return ann_bridge.FullRankRNN.from_torch_rnn(weights, output_weights=READOUT, **options)


def full(**changed):
    arrays = {"input_weights": np.ones((N, N_INPUTS)), "output_weights": READOUT} | changed
    return ann_bridge.FullRankRNN.from_weights(arrays.pop("weights", np.eye(N)), **arrays)


def same(one, other):
    return all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize(
    "given",
    [
        lambda m: m,
        lambda m: dict(m.named_parameters()),
        lambda m: m.named_parameters(),
        lambda m: {name: w.tolist() for name, w in m.state_dict().items()},
        lambda m: {name: list(w) for name, w in m.named_parameters()},
        lambda m: m.double().state_dict(),
        lambda m: {name: w.numpy().astype(np.float16) for name, w in m.half().state_dict().items()},
        lambda m: m.bfloat16().state_dict(),
    ],
    ids=["module", "parameters", "pairs", "lists", "rows", "float64", "float16", "bfloat16"],
)
def test_weights_may_be_of_any_type_of_array(given):
    """Half precision rounds to 2^-9 of a weight."""
    wanted, found = gru(layer().state_dict()), gru(given(layer()))
    for a, b in zip(found.state_dict().values(), wanted.state_dict().values(), strict=True):
        assert a.dtype == torch.float32
        torch.testing.assert_close(a, b, rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize("prefix", ["model.rnn.", "model.rnn", "_orig_mod", "module.0."])
def test_a_prefix_is_named_and_stripped_when_asked(prefix):
    stem = prefix if prefix.endswith(".") else f"{prefix}."
    weights = {f"{stem}{name}": w for name, w in layer().state_dict().items()}
    weights["head.weight"] = torch.zeros(1, N)
    for take in (gru, lambda w, **options: plain_rnn(w, activation="tanh", **options)):
        with pytest.raises(ValueError, match=f"Pass prefix='{stem}'"):
            take(weights)
    assert same(gru(weights, prefix=prefix), gru(layer()))


def test_all_prefixes_are_named_if_there_are_several():
    weights = {f"{p}.{name}": w for p in ("a", "b") for name, w in layer().state_dict().items()}
    with pytest.raises(ValueError, match=r"Pass prefix='a\.' or prefix='b\.'"):
        gru(weights)


def test_a_checkpoint_with_a_state_dict_in_it_is_named():
    with pytest.raises(ValueError, match=r"weights\['state_dict'\]"):
        gru({"epoch": 3, "state_dict": layer().state_dict()})


@pytest.mark.parametrize("options", [{"num_layers": 2}, {"bidirectional": True}, {"proj_size": 2}])
def test_other_modules_are_named(options):
    with pytest.raises(
        ValueError, match="of one layer in one direction, got .*(_l1|reverse|hr_l0)"
    ):
        ann_bridge.LSTMNet.from_weights(layer(torch.nn.LSTM, **options), output_weights=READOUT)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_activation_of_a_plain_module_is_asked_for(activation):
    module = layer(torch.nn.RNN, nonlinearity=activation)
    with pytest.raises(ValueError, match="Pass activation='tanh'.*or activation='relu'"):
        plain_rnn(module.state_dict())
    nets = plain_rnn(module.state_dict(), activation=activation), plain_rnn(module)
    inputs = torch.randn(STEPS, 2, N_INPUTS, generator=generator())
    for net in nets:
        state = net.initial_states(2, generator(1))
        first = torch.tanh(state) if activation == "tanh" else torch.relu(state)
        with torch.no_grad():
            wanted = module(inputs, first[None])[0] @ torch.tensor(READOUT).float()
            torch.testing.assert_close(net(inputs, generator(1)), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrap", [False, True], ids=["module", "submodule"])
@pytest.mark.parametrize("kind", [torch.nn.RNN, torch.nn.RNNCell])
@pytest.mark.parametrize(("own", "given"), [("relu", "tanh"), ("tanh", "relu")])
def test_an_activation_that_contradicts_the_module_is_refused(kind, own, given, wrap):
    module: Any = layer(kind, nonlinearity=own)
    options: dict[str, Any] = {}
    if wrap:
        module, options = torch.nn.ModuleDict({"rnn": module}), {"prefix": "rnn"}
    with pytest.raises(ValueError, match=f"module is '{own}', got activation='{given}'"):
        plain_rnn(module, activation=given, **options)
    for agreed in ({}, {"activation": own}):
        assert plain_rnn(module, **agreed, **options).settings.activation == own
    assert plain_rnn(module.state_dict(), activation=given, **options).settings.activation == given


@pytest.mark.parametrize("prefix", [None, "rnn."])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_cell_is_its_layer(kind, prefix):
    """`torch.nn.GRUCell` has the arrays of `torch.nn.GRU` without the number of the layer."""
    deep = layer(getattr(torch.nn, kind))
    cell: Any = layer(getattr(torch.nn, f"{kind}Cell"))
    cell.load_state_dict({name.removesuffix("_l0"): w for name, w in deep.state_dict().items()})
    given = cell if prefix is None else torch.nn.ModuleDict({"rnn": cell})
    take: Any = plain_rnn
    if kind != "RNN":
        net = getattr(ann_bridge, f"{kind}Net")
        take = partial(net.from_weights, output_weights=READOUT)
    assert same(take(given, prefix=prefix), take(deep))


@pytest.mark.parametrize(
    ("kind", "take", "use"),
    [
        (torch.nn.LSTM, gru, r"LSTM: use LSTMNet\.from_weights"),
        (torch.nn.RNN, gru, r"RNN: use FullRankRNN\.from_torch_rnn"),
        (torch.nn.GRUCell, lambda w: plain_rnn(w, activation="tanh"), r"GRU: use GRUNet\.from_"),
    ],
)
def test_the_weights_of_a_different_module_are_recognized(kind, take, use):
    with pytest.raises(ValueError, match=use):
        take(layer(kind))


@pytest.mark.parametrize("given", [None, 3, np.eye(N)], ids=str)
def test_what_has_no_names_is_not_a_state_dict(given):
    with pytest.raises(ValueError, match="must be a module, its state dict, or pairs"):
        plain_rnn(given, activation="tanh")


@pytest.mark.filterwarnings("ignore:Sparse CS. tensor support is in beta state")
@pytest.mark.parametrize("sparse_of", ["to_sparse", "to_sparse_csr", "to_sparse_csc"])
def test_a_sparse_tensor_is_its_dense_one(sparse_of):
    weights = torch.diag(torch.arange(1.0, N + 1))
    assert same(full(weights=getattr(weights, sparse_of)()), full(weights=weights))


def test_transposed_loadings_are_recognized():
    ones = np.ones((2, N))
    rest: dict[str, Any] = {"input_weights": np.ones((N, 1)), "output_weights": READOUT}
    with pytest.raises(ValueError, match=r"got \(2, 5\), while .* 5 rows.*pass m\.T and n\.T"):
        LowRankRNN.from_loadings(ones, ones, **rest)
    with pytest.raises(ValueError, match=r"got \(5, 2\) and \(2, 5\)"):
        LowRankRNN.from_loadings(ones.T, ones, **rest)


LINEAR = torch.nn.Linear(N, 1, bias=False)


@pytest.mark.parametrize("shape", [(N,), (N, 1), (1, N)])
def test_a_single_readout_may_be_a_row_or_a_column(shape):
    values = READOUT.reshape(shape)
    nets = [
        full(output_weights=values),
        gru(layer()) if shape == (N,) else ann_bridge.GRUNet.from_weights(
            layer(), output_weights=values
        ),
        LowRankRNN.from_loadings(
            np.ones((N, 1)), np.ones((N, 1)), input_weights=np.ones((N, 1)), output_weights=values
        ),
    ]  # fmt: skip
    for net in nets:
        assert net.settings.n_outputs == 1
        np.testing.assert_array_equal(net.output_weights.detach(), READOUT)


def test_the_weight_of_a_linear_module_is_taken_as_it_is():
    net = full(output_weights=LINEAR.weight)
    torch.testing.assert_close(net.output_weights, LINEAR.weight.detach()[0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": 1e39 * np.eye(N)}, r"weights has a value of size 1e\+39.*float32"),
        ({"input_weights": np.full((N, 3), -1e300)}, r"input_weights has a value of size 1e\+300"),
        ({"output_weights": [1, 2, np.inf, 4, 5]}, "output_weights must contain finite numbers"),
        ({"biases": [1j] * N}, "biases is complex, where real numbers"),
        ({"weights": torch.eye(N) * 1j}, "weights is complex, where real numbers"),
        ({"weights": [["a"] * N] * N}, "array of real numbers, got list of data type <U1"),
        ({"weights": np.eye(N).astype(object)}, "real numbers, got ndarray of data type object"),
        ({"biases": np.full(N, "1.5")}, "biases must .* got ndarray of data type <U3"),
        ({"weights": sparse.csr_array(np.eye(N))}, r"sparse csr_array. Pass weights\.toarray\(\)"),
        ({"input_weights": sparse.coo_matrix(np.ones((N, 2)))}, r"Pass input_weights\.toarray"),
        ({"biases": np.ones((N, 1))}, r"biases must have the shape \(5,\), got \(5, 1\)"),
        ({"weights": [[1, 2], [3]]}, "weights must be an array of numbers"),
        ({"weights": None}, "weights must be an array of real numbers, got NoneType"),
        ({"output_weights": np.ones((2, N))}, r"got \(2, 5\).*weight\.T"),
        ({"output_weights": np.ones((N, 2, 2))}, r"output_weights must have the shape \(5,\), or"),
        ({"time_constant_ms": [20.0] * 4}, r"shape \(5,\), got \(4,\)"),
        ({"time_constant_ms": [20, 20, 20, 20, 2.0]}, "longer than step_ms=2, got 2 ms"),
        ({"noise_std": np.full(N, 0.1)}, r"noise_std must be one number .* got 5 values"),
        ({"step_ms": [2.0] * N}, "step_ms must be one number"),
        ({"form": "voltage"}, "form must be one of current, rate, got 'voltage'"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(changed, message):
    with pytest.raises(ValueError, match=message):
        full(**changed)


def test_time_constants_of_single_units_are_refused_in_words_elsewhere():
    ones = np.ones((N, 1))
    arrays: dict[str, Any] = {"input_weights": ones, "output_weights": READOUT}
    with pytest.raises(ValueError, match=r"time_constant_ms must be one number .*FullRankRNN"):
        LowRankRNN.from_loadings(ones, ones, time_constant_ms=np.full(N, 20.0), **arrays)
    with pytest.raises(ValueError, match=r"time_constant_ms must be one number"):
        ann_bridge.SpikingParameters(time_constant_ms=[20.0, 30.0])  # type: ignore[arg-type]


def test_time_constants_of_single_units():
    """x ← x + (step / τ) (W tanh x + B u - x); a is stored in float32, to 1e-7 of it."""
    rng = np.random.default_rng(0)
    w, b, x = rng.normal(size=(N, N)), rng.normal(size=(N, N_INPUTS)), rng.normal(size=N)
    tau, u = np.array([10.0, 20.0, 30.0, 50.0, 500.0]), rng.normal(size=(1, N_INPUTS))
    net = full(weights=w, input_weights=b, time_constant_ms=tau, **QUIET)
    found = ann_bridge.TrainedMap(net).respond(x, u)
    wanted = x + 2 / tau * (w @ np.tanh(x) + b @ u[0] - x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert net.settings.time_constant_ms == tau.mean()


def test_a_number_of_numpy_is_a_number():
    net = full(time_constant_ms=np.float32(40.0), step_ms=np.float64(4.0))
    assert net.alpha == pytest.approx(0.1)
    assert type(net.settings.step_ms) is float
    assert type(net.settings.time_constant_ms) is float
