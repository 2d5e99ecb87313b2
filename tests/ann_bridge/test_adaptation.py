"""Low-rank adaptation: the given network at the start, a term of the stated rank afterwards."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge.tasks import FlipFlop

TASK = FlipFlop(n_bits=1, duration_ms=400)
SETTINGS = ann_bridge.TrainingParameters(steps=4, batch_size=4, learning_rate=0.05)


def on_a_circuit():
    graph = connectome.load("varshney2011").subset("PLM", "AVB", "PVC", "DB*")
    return ann_bridge.ConnectomeRNN.for_task(TASK, connectome=graph)


BASES = {
    "full-rank": lambda: ann_bridge.FullRankRNN.for_task(TASK, n_units=10),
    "gru": lambda: ann_bridge.GRUNet.for_task(TASK, n_units=10),
    "lstm": lambda: ann_bridge.LSTMNet.for_task(TASK, n_units=10),
    "connectome": on_a_circuit,
}


def outputs(net, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = TASK.sample(6, generator).inputs
    with torch.no_grad():
        return net.run(inputs, generator)[0]


def recurrent(net):
    """The weights on which the term acts."""
    for name in ("weights", "chemical"):
        if hasattr(net, name):
            return getattr(net, name).detach()
    return net.cells.weight_hh_l0.detach()


@pytest.mark.parametrize("kind", BASES)
def test_before_training_it_is_the_given_network_bit_for_bit(kind):
    base = BASES[kind]()
    net = ann_bridge.AdaptedNet(base, 2)
    assert torch.equal(outputs(net), outputs(base))
    assert torch.equal(outputs(net.merged()), outputs(base))
    assert type(net.merged()) is type(base)


@pytest.mark.parametrize("kind", BASES)
def test_training_changes_the_recurrent_weights_by_a_term_of_the_rank(kind):
    base = BASES[kind]()
    before = {name: it.clone() for name, it in base.state_dict().items()}
    net = ann_bridge.AdaptedNet(base, 2)
    ann_bridge.train(net, TASK, SETTINGS, seed=0)
    merged = net.merged()
    change = recurrent(merged).double() - recurrent(base).double()
    singular = np.linalg.svd(change.numpy(), compute_uv=False)
    assert singular[1] > 1e-4
    assert singular[2:].max() < 1e-6 * max(1.0, float(recurrent(base).abs().max()))
    np.testing.assert_allclose(outputs(net), outputs(merged), atol=1e-6)
    for name, it in base.state_dict().items():
        assert torch.equal(it, before[name]), "the given network is not changed"
    frozen = {n: it for n, it in merged.state_dict().items() if not torch.equal(it, before[n])}
    assert len(frozen) == 1


def test_a_connectome_has_no_new_connections():
    base = on_a_circuit()
    net = ann_bridge.AdaptedNet(base, 3)
    ann_bridge.train(net, TASK, SETTINGS, seed=0)
    exists, merged = base.pattern() | torch.eye(13, dtype=torch.bool), net.merged()
    assert isinstance(merged, ann_bridge.ConnectomeRNN)
    assert not merged.connectivity()[0][~exists].any()


def test_training_is_resumed_bit_for_bit(tmp_path):
    def trained(folder, *stops):
        net = ann_bridge.AdaptedNet(BASES["gru"](), 1)
        for steps in stops:
            p = ann_bridge.TrainingParameters(steps=6, batch_size=4)

            def stop(done, loss, steps=steps):
                if done == steps:
                    raise KeyboardInterrupt

            try:
                ann_bridge.train(
                    net, TASK, p, seed=1, checkpoints=folder, checkpoint_every=2, progress=stop
                )
            except KeyboardInterrupt:
                net = ann_bridge.AdaptedNet(BASES["gru"](), 1)
        return net.merged()

    whole, resumed = trained(tmp_path / "a", 99), trained(tmp_path / "b", 4, 99)
    assert torch.equal(recurrent(whole), recurrent(resumed))


def test_ends_and_middle_of_a_path():
    first, last = BASES["full-rank"](), BASES["full-rank"]()
    last.weights.data += 1.0
    start, middle, end = (
        recurrent(ann_bridge.interpolated(first, last, fraction)) for fraction in (0, 0.5, 1)
    )
    assert torch.equal(start, first.weights)
    assert torch.equal(end, last.weights)
    np.testing.assert_allclose(middle, first.weights.detach() + 0.5, atol=1e-6)
    with pytest.raises(ValueError, match="same kind and sizes"):
        ann_bridge.interpolated(first, BASES["gru"](), 0.5)


def test_bad_input():
    with pytest.raises(ValueError, match="rank must lie between 1 and 10, got 11"):
        ann_bridge.AdaptedNet(BASES["gru"](), 11)
    with pytest.raises(ValueError, match="supports the kinds full-rank, connectome, gru, lstm"):
        ann_bridge.AdaptedNet(ann_bridge.LowRankRNN(n_units=8), 1)


def test_an_adapted_connectome_is_exactly_the_connectome_before_training():
    graph = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    net = ann_bridge.LowRankAdaptedConnectomeRNN.for_task(TASK, connectome=graph)
    frozen = net.settings.gain * net.connectome
    assert torch.equal(net.connectivity()[0], frozen)
    ann_bridge.train(net, TASK, SETTINGS, seed=0)
    assert not torch.equal(net.connectivity()[0], frozen)
    with pytest.raises(ValueError, match="loading_std must be positive"):
        ann_bridge.LowRankAdaptedConnectomeParameters(n_units=3, loading_std=0.0)
