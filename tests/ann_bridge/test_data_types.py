"""The data type: torch's default changes nothing, and a network in float64 trains in float64."""

import importlib.util

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge import tasks

HAS_SNNTORCH = importlib.util.find_spec("snntorch") is not None
TASK = tasks.PhaseMemory(duration_ms=320.0, onset_ms=(20.0, 40.0), pulse_ms=(20.0, 40.0))
WORM = connectome.load("varshney2011").subset("AVA", "PLM", "DB", "VB")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def masks():
    drawn = torch.rand(20, 20, generator=generator(), dtype=torch.float32) < 0.2
    half = torch.arange(20) < 10
    return ann_bridge.ConnectomeMasks(
        drawn, drawn & drawn.T, half, ~half, classes=torch.arange(20) % 5
    )


def circuit():
    return ann_bridge.default_policy_connectivity(12, 3, n_motor=2, rng=np.random.default_rng(0))


def on_connectome(**fields):
    return ann_bridge.ConnectomeRNN(
        masks(), ann_bridge.ConnectomeRNNParameters(n_units=20, **fields)
    )


def adapted():
    weights = ann_bridge.connectome_weights(WORM, signs=connectome.gaba_inhibitory)
    return ann_bridge.LowRankAdaptedConnectomeRNN(weights, ann_bridge.connectome_masks(WORM))


NETS = {
    "low-rank": lambda: ann_bridge.LowRankRNN(n_units=20, oscillation_Hz=8.0),
    "full-rank": lambda: ann_bridge.FullRankRNN(n_units=12, biased=True, excitatory_fraction=0.8),
    "time constants": lambda: ann_bridge.FullRankRNN(n_units=12, learns_time_constants=True),
    "connectome": on_connectome,
    "classes": lambda: on_connectome(learns_class_parameters=True),
    "connectome-low-rank": adapted,
    "gru": lambda: ann_bridge.GRUNet(n_units=7),
    "lstm": lambda: ann_bridge.LSTMNet(n_units=7),
    "coupled-oscillators": lambda: ann_bridge.CoupledOscillatorNet(n_units=7),
    "attention": lambda: ann_bridge.AttentionNet(n_units=8, window=9, stride=2),
    "convolution": lambda: ann_bridge.ConvolutionNet(n_units=7, n_layers=3),
    "liquid": lambda: ann_bridge.LiquidNet(circuit()),
    "closed-form": lambda: ann_bridge.ClosedFormNet(circuit()),
    "pure": lambda: ann_bridge.ClosedFormNet(circuit(), mode="pure"),
    "spiking": lambda: ann_bridge.SpikingNet(n_units=20),
}
TASKS = {
    "phase-memory": lambda: TASK,
    "theta": lambda: tasks.PhaseMemory(reference=tasks.SyntheticTheta()),
    "recorded": lambda: tasks.PhaseMemory(
        reference=tasks.prepare_recording(
            np.sin(2 * np.pi * 8 * np.arange(20000) / 1000)
            + 0.1 * np.random.default_rng(0).normal(size=20000),
            sampling_Hz=1000.0,
            step_ms=2.0,
        )
    ),
    "level-memory": tasks.LevelMemory,
    "fixed-phase": tasks.FixedPhase,
    "reference-free-memory": tasks.ReferenceFreeMemory,
    "match-to-sample": tasks.DelayedMatchToSample,
    "comparison": tasks.DelayedComparison,
    "parametric-memory": tasks.ParametricWorkingMemory,
    "sternberg": tasks.Sternberg,
    "flip-flop": tasks.FlipFlop,
    "ready-set-go": tasks.ReadySetGo,
}


@pytest.fixture
def in_both():
    """A function that calls a given one with each default type of torch."""

    def call(make):
        found = []
        for dtype in (torch.float32, torch.float64):
            torch.set_default_dtype(dtype)
            try:
                found.append(make())
            finally:
                torch.set_default_dtype(torch.float32)
        return found

    return call


def skip_without(kind):
    if kind == "spiking" and not HAS_SNNTORCH:
        pytest.skip("no snntorch: pip install 'isochron[surrogate]'")


def trained(kind):
    net = NETS[kind]()
    record = ann_bridge.train(
        net, TASK, ann_bridge.TrainingParameters(steps=2, batch_size=4, rate_penalty=0.1), seed=0
    )
    loss = ann_bridge.evaluate(net, TASK, seed=1, n_trials=4)
    return [torch.tensor([*record.losses, loss], dtype=torch.float64), *net.state_dict().values()]


@pytest.mark.parametrize("kind", NETS)
def test_torchs_default_type_changes_no_bit_of_a_training(in_both, kind):
    skip_without(kind)
    usual, other = in_both(lambda: trained(kind))
    for a, b in zip(usual, other, strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", TASKS)
def test_torchs_default_type_changes_no_bit_of_a_trial(in_both, kind):
    usual, other = in_both(lambda: TASKS[kind]().sample(5, generator()))
    for a, b in zip(usual, other, strict=True):
        assert a.dtype == b.dtype == torch.float32
        assert torch.equal(a, b)


def test_torchs_default_type_changes_no_bit_of_several_trainings(in_both):
    def train():
        nets = [NETS[kind]() for kind in ("low-rank", "gru")]
        budget = ann_bridge.TrainingParameters(steps=2, batch_size=4)
        ann_bridge.train_many(nets, TASK, budget, seeds=[0, 1])
        return [weights for net in nets for weights in net.state_dict().values()]

    usual, other = in_both(train)
    assert all(torch.equal(a, b) for a, b in zip(usual, other, strict=True))


def test_torchs_default_type_changes_no_bit_of_an_import(in_both):
    def build():
        layer = torch.nn.GRU(3, 5, bias=False, dtype=torch.float32)
        with torch.no_grad():
            for weights in layer.parameters():
                weights.fill_(0.1)
        net = ann_bridge.GRUNet.from_weights(layer.state_dict(), output_weights=np.ones(5) / 5)
        return list(net.state_dict().values())

    usual, other = in_both(build)
    for a, b in zip(usual, other, strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", NETS)
def test_a_network_in_float64_trains_and_is_saved_in_float64(kind, tmp_path):
    """Its losses are those in float32 to single precision, before rounding is amplified."""
    skip_without(kind)
    budget = ann_bridge.TrainingParameters(steps=2, batch_size=4)
    single, net = NETS[kind](), NETS[kind]().double()
    records = [ann_bridge.train(each, TASK, budget, seed=0) for each in (single, net)]
    assert net.dtype == torch.float64
    assert all(w.dtype == torch.float64 for w in net.state_dict().values() if w.is_floating_point())
    if kind not in ("time constants", "classes"):  # whose noise is drawn in float64
        assert records[1].losses[0] == pytest.approx(records[0].losses[0], rel=1e-3)
    ann_bridge.save_net(net, tmp_path / "net")
    again, _ = ann_bridge.load_net(tmp_path / "net")
    for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    with torch.no_grad():
        inputs = TASK.sample(2, generator()).inputs
        assert torch.equal(net(inputs, generator(1)), again(inputs, generator(1)))


def test_a_training_in_float64_resumes_in_float64_only(tmp_path):
    nets = [NETS["gru"]().double() for _ in range(2)]
    ann_bridge.train(nets[0], TASK, ann_bridge.TrainingParameters(steps=4, batch_size=4), seed=0)
    budget = ann_bridge.TrainingParameters(steps=4, batch_size=4)
    half = {"checkpoints": tmp_path, "checkpoint_every": 2}

    class Stop(Exception):
        pass

    def stop(step, _):
        if step == 3:
            raise Stop

    with pytest.raises(Stop):
        ann_bridge.train(NETS["gru"]().double(), TASK, budget, seed=0, progress=stop, **half)
    with pytest.raises(ValueError, match="checkpoints of"):
        ann_bridge.train(NETS["gru"](), TASK, budget, seed=0, **half)
    ann_bridge.train(nets[1], TASK, budget, seed=0, **half)
    states = [net.state_dict().values() for net in nets]
    assert all(map(torch.equal, *states))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_network_in_half_precision_is_refused(dtype):
    net = ann_bridge.LowRankRNN(n_units=20).to(dtype)
    with pytest.raises(ValueError, match=r"float32 or float64.*net\.float\(\)"):
        ann_bridge.train(net, TASK, seed=0)


def test_bfloat16_products_of_a_network_in_float64_are_refused():
    net, budget = NETS["full-rank"]().double(), ann_bridge.TrainingParameters(precision="bfloat16")
    with pytest.raises(ValueError, match=r"float32, not torch\.float64"):
        ann_bridge.train(net, TASK, budget, seed=0)
