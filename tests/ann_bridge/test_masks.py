import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.fitting.worm_file import read_worm, write_worm
from isochron.sims.spiking import SpikingNetwork

UNTYPED: Any = str


@pytest.fixture(scope="module")
def circuit():
    """A sensory neuron, an interneuron and a motor neuron in a loop."""
    return connectome.Connectome(
        name="loop",
        neurons=("PLML", "AVAL", "VB1"),
        muscles=(),
        chemical=np.array([[0, 0, 1], [2, 0, 0], [0, 3, 0]]),
        gap=np.zeros((3, 3)),
        neuromuscular=np.zeros((0, 3)),
        source=connectome.Source(weight_unit="weight"),
    )


def test_the_signs_of_the_connectome_are_used(circuit):
    assert ann_bridge.connectome_masks(circuit).signs is None
    signed = circuit.with_signs(connectome.SignTable({"PLML": -1}, others="excitatory"))
    signs = [[0, 0, 1], [-1, 0, 0], [0, 1, 0]]
    masks = ann_bridge.connectome_masks(signed)
    assert masks.signs is not None
    assert masks.signs.tolist() == signs
    net = ann_bridge.ConnectomeRNN(masks)
    weights = net.connectivity()[0].detach()
    assert weights[1, 0] < 0 < weights[2, 1]
    weights = ann_bridge.connectome_weights(signed)
    assert np.sign(weights.numpy()).tolist() == signs
    rng = np.random.default_rng(0)
    assert (ann_bridge.connectome_connectivity(signed, 1, rng=rng).synapses[2] == -1).sum() == 1


def test_a_rule_prevails_over_the_signs_and_any_drops_them(circuit):
    signed = circuit.with_signs(connectome.SignTable({"PLML": -1}, others="excitatory"))
    rule = connectome.gaba_inhibitory
    ruled = ann_bridge.connectome_masks(signed, signs=rule).signs
    assert ruled is not None
    assert (ruled >= 0).all()
    assert ann_bridge.connectome_masks(signed, signs="any").signs is None
    with pytest.raises(ValueError, match="a sign rule, 'any' or None, got 'gaba'"):
        ann_bridge.connectome_masks(signed, signs=UNTYPED("gaba"))


def test_signs_that_are_all_zero_are_signs(circuit):
    silent = circuit.with_signs(connectome.SignTable())
    signs = ann_bridge.connectome_masks(silent).signs
    assert signs is not None
    assert not signs.any()
    assert not sims.GradedNetwork(silent).synapses.any()
    assert not SpikingNetwork(silent).excitation.any()


def test_without_signs_there_are_no_weights(circuit):
    with pytest.raises(ValueError, match="loop does not have signs; pass signs"):
        ann_bridge.connectome_weights(circuit)
    with pytest.raises(ValueError, match="loop does not have signs; pass signs"):
        ann_bridge.connectome_connectivity(circuit, 1, rng=np.random.default_rng(0))


def test_an_animal_without_types_points_to_them(circuit):
    fly = dataclasses.replace(circuit, cells=(), species="D. melanogaster")
    with pytest.raises(ValueError, match=r"does not have neurons of the type 'sensory'.*types="):
        ann_bridge.connectome_masks(fly)


@pytest.mark.parametrize("species", [None, "C. elegans", "P. pacificus"])
def test_a_saved_worm_keeps_its_species(circuit, species):
    names = ("DA1", "VA2", "VC1")
    animal = dataclasses.replace(circuit, neurons=names, cells=(), species=species)
    signed = animal.with_signs(connectome.SignTable())
    content = write_worm(sims.GradedNetwork(signed), sims.Stimulus(), [])
    found = read_worm(content)[0].connectome
    assert (found.species, found.cells) == (species, animal.cells)
