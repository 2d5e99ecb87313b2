"""SynFlow on a recurrence: its scores against autograd and by hand, conservation, no collapse."""

import itertools

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge import ConnectomeMasks, ConnectomeRNN, FullRankRNN
from isochron.ann_bridge.tasks import FlipFlop, PhaseMemory

GRAPH = connectome.load("varshney2011").subset("PLM", "AVB", "PVC", "DB*", "ALM", "AVD")


def dense(n=20, n_outputs=1, seed=0, **settings):
    """Two units receive the input, two others are read, any two units are connected."""
    unit = torch.arange(n)
    masks = ConnectomeMasks(
        ~torch.eye(n, dtype=torch.bool),
        torch.zeros(n, n, dtype=torch.bool),
        unit < 2,
        unit >= n - 2,
    )
    parameters = ann_bridge.ConnectomeRNNParameters(n_units=n, n_outputs=n_outputs, **settings)
    return ConnectomeRNN(masks, parameters, generator=torch.Generator().manual_seed(seed))


def flow_by_autograd(net, n_steps, gain):
    """w dR/dw of the unrolled linear network, with the normalized weights as the variables."""
    with torch.no_grad():
        sizes = net.connectivity()[0].double().abs()
        radius = max(abs(np.linalg.eigvals(sizes.numpy())))
        weights = (sizes * (gain / radius if radius else 1.0)).requires_grad_()
        inputs = net.input_matrix().double().abs().requires_grad_()
        readout = net.output_weights.double().abs().clone().requires_grad_()
    state, total = torch.zeros(len(sizes), dtype=torch.float64), torch.zeros(())
    a = net.alpha
    for _ in range(n_steps):
        state = (1 - a) * state + a * (weights @ state + inputs.sum(dim=1))
        total = total + (state @ readout).sum()
    found = torch.autograd.grad(total, (weights, inputs, readout))
    scores = [w.detach() * g for w, g in zip((weights, inputs, readout), found, strict=True)]
    scores[2] = scores[2] if scores[2].ndim == 1 else scores[2].sum(dim=1)
    return scores


@pytest.mark.parametrize(
    "net", [dense(n_outputs=2), FullRankRNN(n_units=12, n_inputs=3)], ids=["connectome", "full"]
)
@pytest.mark.parametrize("gain", [0.5, 1.0])
def test_scores_are_those_of_the_gradient(net, gain):
    """Sums of positive numbers in float64: round-off of some 1e-14."""
    flow = ann_bridge.synaptic_flow(net, n_steps=30, gain=gain)
    expected = flow_by_autograd(net, 30, gain)
    for found, truth in zip((flow.recurrent, flow.inputs, flow.outputs), expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-11, atol=0)


@pytest.mark.parametrize("task", [FlipFlop(), PhaseMemory()], ids=["flip-flop", "phase-memory"])
@pytest.mark.parametrize("gain", [0.3, 1.0])
def test_what_flows_into_a_unit_flows_out_of_it(task, gain):
    """On a circuit of the worm, and after pruning of a dense network; 1e-6 is the law's limit."""
    worm = ConnectomeRNN.for_task(task, connectome=GRAPH)
    net = dense(n=len(GRAPH.neurons), n_inputs=task.n_inputs)
    pruned = ann_bridge.prune_by_flow(net, 40, n_steps=task.n_steps, rounds=10, gain=gain)
    for one in (worm, net, pruned):
        flow = ann_bridge.synaptic_flow(one, n_steps=task.n_steps, gain=gain)
        assert flow.recurrent.sum() > 0
        assert flow.imbalance.max() < 1e-6


def test_a_wrong_score_violates_the_law():
    net = dense()
    flow = ann_bridge.synaptic_flow(net, n_steps=30)
    spoiled = flow.recurrent.clone()
    spoiled[5, 6] *= 1.1
    wrong = ann_bridge.SynapticFlow(
        recurrent=spoiled, inputs=flow.inputs, outputs=flow.outputs
    ).imbalance
    assert wrong[5] > 1e-6
    assert wrong[6] > 1e-6
    others = torch.ones(20, dtype=torch.bool)
    others[[5, 6]] = False
    assert wrong[others].max() < 1e-6


def test_the_number_of_weights_is_exact_and_they_are_unchanged():
    net = dense()
    pruned = ann_bridge.prune_by_flow(net, 61, n_steps=30)
    stays = pruned.chemical_mask
    assert ann_bridge.count_weights(pruned) == 61
    np.testing.assert_array_equal(pruned.chemical.detach(), net.chemical.detach() * stays)
    assert torch.equal(pruned.input_weights, net.input_weights)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_weights", [2, 8])
def test_no_collapse_down_to_a_path(seed, n_weights):
    """With a small gain, so that a loop is not passed often enough to outdo a path."""
    pruned = ann_bridge.prune_by_flow(dense(seed=seed), n_weights, n_steps=30, gain=0.2)
    assert ann_bridge.weights_on_paths(pruned).any()


def test_a_loop_outdoes_the_only_path_if_it_is_passed_often():
    """The limit that the docs state: 0 to 1 to 2 with a loop at 1, and room for two weights."""
    net = FullRankRNN.from_weights(
        [[0, 0, 0], [0.5, 0.9, 0], [0, 0.5, 0]],
        input_weights=[[1], [0], [0]], output_weights=[0, 0, 1],
    )  # fmt: skip
    assert ann_bridge.weights_on_paths(ann_bridge.prune_by_flow(net, 2, n_steps=50, gain=0.1)).any()
    with pytest.raises(ValueError, match=r"collapsed with \d weights left.*a gain below 1"):
        ann_bridge.prune_by_flow(net, 2, n_steps=50, gain=1.0)


def test_magnitude_collapses_where_synflow_does_not():
    """The 4 largest of 380 weights: 3 % of 200 networks have a path, so not 3 or more of 5."""
    found = [ann_bridge.weights_on_paths(ann_bridge.prune(dense(seed=k), 4)) for k in range(5)]
    assert sum(not paths.any() for paths in found) >= 3


def test_weights_on_paths_are_those_of_an_enumeration():
    """Every weight of a random sparse network, by matrix powers: input, weight, output."""
    rng = np.random.default_rng(7)
    exists = rng.random((9, 9)) < 0.18
    net = FullRankRNN.from_weights(
        exists * 0.5, input_weights=np.eye(9)[:, :1], output_weights=np.eye(9)[-1]
    )
    powers = [np.linalg.matrix_power(exists.astype(int), k) for k in range(9)]
    reach = np.sum(powers, axis=0) > 0
    expected = np.zeros((9, 9), dtype=bool)
    for post, pre in itertools.product(range(9), repeat=2):
        expected[post, pre] = exists[post, pre] and reach[pre, 0] and reach[8, post]
    assert expected.any()
    assert not expected[exists].all()
    np.testing.assert_array_equal(ann_bridge.weights_on_paths(net), expected)
    flow = ann_bridge.synaptic_flow(net, n_steps=20)  # longer than any path
    np.testing.assert_array_equal(flow.recurrent > 0, expected)


def test_bad_values_are_refused():
    net = dense()
    with pytest.raises(ValueError, match="n_steps must be at least 1, got 0"):
        ann_bridge.synaptic_flow(net, n_steps=0)
    with pytest.raises(ValueError, match=r"at most 1.*got 1\.5"):
        ann_bridge.prune_by_flow(net, 10, n_steps=5, gain=1.5)
    with pytest.raises(ValueError, match=r"\[1, 380\]"):
        ann_bridge.prune_by_flow(net, 381, n_steps=5)
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        ann_bridge.prune_by_flow(net, 10, n_steps=5, rounds=0)
    apart = FullRankRNN.from_weights(
        [[0, 1], [0, 0]], input_weights=[[1], [0]], output_weights=[0, 1]
    )
    with pytest.raises(ValueError, match="No recurrent weight is on a path"):
        ann_bridge.prune_by_flow(apart, 1, n_steps=5)
