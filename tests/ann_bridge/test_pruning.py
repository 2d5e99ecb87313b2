"""Pruned networks and controls: exact numbers of weights, masks, the same functions."""

import copy

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge import tasks
from isochron.ann_bridge.pruning import (
    control_nets,
    count_weights,
    prune,
    train_and_prune,
    with_mask,
)

TASK = tasks.DelayedMatchToSample(delay_ms=(200, 400))
SETTINGS = {"n_inputs": 2, "step_ms": 20.0, "time_constant_ms": 100.0}
FEW = ann_bridge.TrainingParameters(steps=3, batch_size=8)


def full(n_units=24, **settings):
    return ann_bridge.FullRankRNN(n_units=n_units, **SETTINGS, **settings)


def outputs(net):
    trials = TASK.sample(8, torch.Generator().manual_seed(0))
    return net(trials.inputs, torch.Generator().manual_seed(1)).detach()


@pytest.mark.parametrize("settings", [{}, {"excitatory_fraction": 0.75}])
def test_a_mask_of_all_changes_nothing(settings):
    net = full(**settings)
    masked = with_mask(net, torch.ones(24, 24, dtype=torch.bool))
    np.testing.assert_allclose(outputs(masked), outputs(net), atol=1e-6)


def test_the_largest_weights_stay():
    net = full()
    pruned = prune(net, 100)
    kept, sizes = pruned.chemical_mask, net.weights.detach().abs()
    assert count_weights(pruned) == int(kept.sum()) == 100
    assert sizes[kept].min() >= sizes[~kept].max()
    np.testing.assert_array_equal(
        pruned.connectivity()[0].detach()[kept], net.weights.detach()[kept]
    )
    assert (pruned.connectivity()[0][~kept] == 0).all()


def test_equal_weights_do_not_blur_the_number():
    net = full()
    with torch.no_grad():
        net.weights.fill_(0.1)
    assert count_weights(prune(net, 77)) == 77


def test_masks_hold_in_training_and_on_disk(tmp_path):
    pruned = prune(full(), 100)
    before = copy.deepcopy(pruned)
    ann_bridge.train(pruned, TASK, FEW, seed=0)
    gone = ~before.chemical_mask
    assert torch.equal(pruned.chemical_mask, before.chemical_mask)
    assert (pruned.chemical[gone] == 0).all()
    moved = (pruned.chemical != before.chemical) & before.chemical_mask
    assert moved.sum() > 90
    ann_bridge.save_net(pruned, tmp_path / "net")
    loaded, _ = ann_bridge.load_net(tmp_path / "net")
    assert torch.equal(outputs(loaded), outputs(pruned))


@pytest.mark.parametrize("rounds", [1, 3])
def test_rounds_end_at_the_number_asked(rounds):
    net = full()
    before = net.weights.detach().clone()
    done = train_and_prune(net, TASK, 60, FEW, seed=0, rounds=rounds)
    assert done.n_weights[0] == 576
    assert done.n_weights[-1] == count_weights(done.net) == 60
    ratios = np.divide(done.n_weights[1:], done.n_weights[:-1])
    np.testing.assert_allclose(ratios, (60 / 576) ** (1 / rounds), rtol=0.02)
    assert [len(losses) for losses in done.losses] == [3] * (rounds + 1)
    assert torch.equal(net.weights, before)


def test_a_lottery_ticket_goes_back_to_its_first_weights():
    """With no step in the second training, the result is the initial network, masked."""
    net = full()
    still = ann_bridge.TrainingParameters(steps=0)
    ticket = train_and_prune(net, TASK, 60, still, seed=0, rewind=True).net
    np.testing.assert_array_equal(
        ticket.chemical.detach(), (net.weights * ticket.chemical_mask).detach()
    )
    moved = train_and_prune(net, TASK, 60, FEW, seed=0, rewind=True)
    # Chosen by the trained weights, so other ones than by the initial.
    assert not torch.equal(moved.net.chemical_mask, ticket.chemical_mask)


def test_a_pruned_net_learns():
    """A tenth of the weights; measured 0.05 (chance 1), the limit lies well between."""
    budget = ann_bridge.TrainingParameters(steps=80, batch_size=32)
    done = train_and_prune(full(48), TASK, 230, budget, seed=0)
    assert ann_bridge.evaluate(done.net, TASK, seed=5) < 0.5


def test_controls_have_the_same_number_of_weights_and_the_partners_they_should():
    graph = connectome.load("varshney2011")
    p = ann_bridge.ConnectomeRNNParameters(n_units=279, **SETTINGS)
    nets = control_nets(graph, p, np.random.default_rng(0), signs=connectome.gaba_inhibitory)
    assert {name: count_weights(net) for name, net in nets.items()} == dict.fromkeys(
        ("connectome", "rewired", "random", "dense"), 2194 + 514
    )

    def degrees(net):
        gap = net.gap_mask | net.gap_mask.T
        return [m.sum(dim=d).tolist() for m in (net.chemical_mask, gap) for d in (0, 1)]

    assert degrees(nets["rewired"]) == degrees(nets["connectome"]) != degrees(nets["random"])
    assert not torch.equal(nets["rewired"].chemical_mask, nets["connectome"].chemical_mask)
    assert nets["dense"].settings.n_units == 53  # 53² = 2809: 101 are omitted
    for net in nets.values():
        ann_bridge.train(net, TASK, FEW, seed=0)
        assert (net.chemical[~net.chemical_mask] == 0).all()


def test_what_cannot_be_pruned_is_refused():
    with pytest.raises(ValueError, match="biased"):
        prune(full(biased=True), 10)
    with pytest.raises(ValueError, match=r"\[1, 576\]"):
        prune(full(), 577)
    with pytest.raises(ValueError, match="rounds"):
        train_and_prune(full(), TASK, 60, FEW, seed=0, rounds=0)
    worm = ann_bridge.ConnectomeRNN(ann_bridge.connectome_masks(connectome.load("varshney2011")))
    with pytest.raises(ValueError, match="gap junctions"):
        prune(worm, 10)
