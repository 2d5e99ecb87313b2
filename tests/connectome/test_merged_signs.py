"""Sign rules by name on connectomes whose neurons are merged: classes, twins, joint labels."""

import dataclasses

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.merged import cells_behind

GABA_CLASSES = {"RME", "AVL", "RIS", "DVB", "DD", "VD"}


def inhibiting(graph, signs):
    return {graph.neurons[j] for j in np.flatnonzero((signs < 0).any(axis=0))}


def chain(*names, **fields):
    """Each sends to the next, the last to the first."""
    weights = np.roll(np.eye(len(names), dtype=int), 1, axis=0)
    return connectome.from_matrices(
        names, weights, rows="postsynaptic", species="C. elegans", **fields
    )


def test_the_cells_behind_a_name():
    merged = connectome.load("cook2019-hermaphrodite").merge_left_right()
    behind = cells_behind(merged.neurons)
    assert behind["RME"] == ("RMEL", "RMER")
    assert behind["RMED"] == ("RMED",)
    assert behind["IL1"] == ("IL1L", "IL1R")
    assert behind["IL1D"] == ("IL1DL", "IL1DR")
    cells = [cell for of in behind.values() for cell in of]
    assert len(cells) == len(set(cells)) == 302
    assert cells_behind(["EF1/2", "DD", "glia"]) == {
        "EF1/2": ("EF1", "EF2"),
        "DD": tuple(f"DD{i}" for i in range(1, 7)),
        "glia": (),
    }


@pytest.mark.parametrize("name", ["varshney2011", "cook2019-hermaphrodite"])
@pytest.mark.parametrize("merge", ["by_class", "merge_left_right"])
@pytest.mark.parametrize("rule", [connectome.gaba_inhibitory, connectome.TransmitterSigns()])
def test_a_rule_gives_the_same_signs_before_and_after_neurons_are_merged(name, merge, rule):
    """No class of the hermaphrodite has cells with and cells without GABA."""
    whole = connectome.load(name)
    before = getattr(whole.with_signs(rule), merge)().signs
    merged = getattr(whole, merge)()
    np.testing.assert_array_equal(rule(merged), before)
    assert rule.remarks(merged) == ()


def test_merged_neurons_that_inhibit():
    merged = connectome.load("varshney2011").by_class()
    assert set(connectome.gaba_neurons(merged)) == GABA_CLASSES
    labels = chain("DD", "VB", "RME", "AVA")  # a file whose neurons are classes
    for rule in (connectome.gaba_inhibitory, connectome.TransmitterSigns()):
        assert inhibiting(labels, rule(labels)) == {"DD", "RME"}


def test_a_joint_label_has_the_transmitter_of_its_cells():
    male = chain("EF1/2", "CP1", "AVFL/R", "CP2")
    assert inhibiting(male, connectome.TransmitterSigns()(male)) == {"EF1/2"}


def test_a_merged_neuron_that_is_only_in_part_on_the_list_is_stated():
    mixed = chain("RIS/AVAL", "AVBL", "PVCL")
    (said,) = connectome.gaba_inhibitory.remarks(mixed)
    assert "RIS/AVAL represents RIS, AVAL, of which only RIS inhibit" in said
    assert inhibiting(mixed, connectome.gaba_inhibitory(mixed)) == set()
    (said,) = connectome.TransmitterSigns().remarks(mixed)
    assert "main transmitters differ" in said
    male = connectome.load("cook2019-male").by_class()
    silent = connectome.TransmitterSigns(unknown="none")
    (said,) = silent.remarks(male)
    assert "CP represents CP1" in said
    assert not silent(male)[:, male.index(["CP"])].any()


def test_predictions_of_the_cells_are_combined():
    """A connection of classes has a sign if those of its cells have it and none has the other."""
    rule = connectome.Fenyves2020(unsigned="none", complex="none")
    whole = connectome.load("cook2019-hermaphrodite")
    merged = whole.by_class()
    signs, cell_signs = rule(merged), rule(whole)
    group = np.array([cell.cell_class for cell in whole.cells])
    member = (group[:, None] == np.array(merged.neurons)).astype(int)
    for sign in (1, -1):
        has, has_other = (member.T @ (cell_signs == s) @ member > 0 for s in (sign, -sign))
        assert not (has_other & (signs == sign)).any()
        # Nothing else is signed, apart from connections of which the data set, corrected after
        # the predictions, does not have the single ones.
        assert (has & (signs == sign)).sum() > 0.95 * (signs == sign).sum()
    assert (signs > 0).sum() > 300
    assert (signs < 0).sum() > 100
    assert any("several cells" in said for said in rule.remarks(merged))
    assert rule.remarks(whole) == ()


def test_twins_are_not_merged_into_a_third_neuron():
    fly = connectome.from_matrices(
        ["X", "XL", "XR"], np.ones((3, 3)), rows="postsynaptic", species="D. melanogaster"
    )
    with pytest.raises(ValueError, match="XL and XR would become X, .*third neuron"):
        fly.merge_left_right()
    assert fly.ablate("X").merge_left_right().neurons == ("X",)
    sides = connectome.from_matrices(["L", "R"], np.ones((2, 2)), rows="postsynaptic")
    assert sides.merge_left_right().neurons == ("L", "R")


@pytest.mark.parametrize("level", ["graded", "A"])
def test_merged_neurons_inhibit_in_neuroml(tmp_path, level):
    """At synapses onto neurons and onto muscles."""
    from isochron.sims import export_neuroml, read_neuroml

    part = connectome.load("cook2019-hermaphrodite").subset("DD", "VD", "DB", "VB", "AVB")
    text = export_neuroml(part.by_class(), tmp_path / "out", level=level).network.read_text()
    for pre in ("DD", "VD"):
        onto_muscle = next(x for x in text.split("\n") if f'"neuromuscular_{pre}_' in x)
        assert "inhibitory" in text[text.index(onto_muscle.strip()) :][:900]
        assert f"excitatory_{pre}" not in text
    read = read_neuroml(tmp_path / "out" / "cook2019-hermaphrodite.net.nml")
    assert inhibiting(read, read.signs) == {"DD", "VD"}


def test_merged_neurons_keep_their_cells_under_any_name():
    """Classes of a user, and classes of which a part is left."""
    whole = connectome.load("cook2019-hermaphrodite")
    groups = {"DD": "D", "VD": "D", "DB": "B", "VB": "B", "RIS": "mixed", "AVA": "mixed"}
    part = whole.subset(*groups)
    cells = (dataclasses.replace(x, cell_class=groups[x.cell_class]) for x in part.cells)
    merged = dataclasses.replace(part, cells=tuple(cells), species="C. elegans").by_class()
    assert connectome.gaba_neurons(merged) == ("D",)
    assert inhibiting(merged, connectome.gaba_inhibitory(merged)) == {"D"}
    (said,) = connectome.gaba_inhibitory.remarks(merged)
    assert "mixed represents" in said
    assert "only RIS inhibit" in said
    rule = connectome.Fenyves2020(unsigned="none", complex="none")
    alone = whole.ablate("AVAR", "AVBR", "PVCR")
    signs = rule(alone.by_class())
    before = rule(alone)
    ava, single = alone.by_class().index(["AVA"])[0], alone.index(["AVAL"])[0]
    sent = {alone.cells[i].cell_class for i in np.flatnonzero(before[:, single])}
    found = {alone.by_class().neurons[i] for i in np.flatnonzero(signs[:, ava])}
    assert found <= sent
    twice = whole.merge_left_right().by_class()
    assert sorted(twice.cells[twice.index(["RME"])[0]].merged) == ["RMED", "RMEL", "RMER", "RMEV"]
