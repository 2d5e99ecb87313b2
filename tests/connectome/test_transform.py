import numpy as np
import pytest

from isochron import connectome


def test_a_part_keeps_its_connections(graph):
    motor = graph.subset("motor")
    at = graph.index(motor.neurons)
    np.testing.assert_array_equal(motor.chemical, graph.chemical[np.ix_(at, at)])
    np.testing.assert_array_equal(motor.neuromuscular, graph.neuromuscular[:, at])
    assert {cell.type for cell in motor.cells} == {"motor"}
    assert motor.history == ("only motor",)


def test_ablation_takes_neurons_and_their_signs_away(small):
    left = small.ablate("B")
    assert left.neurons == ("A", "C", "D")
    np.testing.assert_array_equal(left.chemical, [[0, 0, 0], [0, 0, 0], [0, 5, 1]])
    np.testing.assert_array_equal(left.signs, [[0, 0, 0], [0, 0, 0], [0, 1, 1]])
    assert not left.gap.any()
    with pytest.raises(ValueError, match="leaves no neuron"):
        small.ablate("*")
    with pytest.raises(ValueError, match="no neuron 'Z'"):
        small.ablate("Z")


def test_subset_and_ablation_are_complements(graph):
    kept, left = graph.subset("motor", "AVA"), graph.ablate("motor", "AVA")
    assert set(kept.neurons).isdisjoint(left.neurons)
    assert len(kept.neurons) + len(left.neurons) == 279


def test_thresholds_and_binary_weights(small):
    strong = small.threshold(3)
    np.testing.assert_array_equal(
        strong.chemical, [[0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0], [0, 0, 5, 0]]
    )
    assert strong.signs[2, 1] == 0
    assert strong.gap[1, 2] == 4
    np.testing.assert_array_equal(small.binarize().chemical, small.chemical > 0)
    assert small.binarize().gap.sum() == 2
    for wrong in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="minimum must be positive"):
            small.threshold(wrong)


def test_twins_become_one(graph):
    merged = graph.merge_left_right()
    assert {"AVA", "IL1D", "IL1", "VB1", "RID"} <= set(merged.neurons)
    assert "AVAL" not in merged.neurons
    ava, pvc = merged.index(["AVA", "PVC"])
    left, right = graph.index(["AVAL", "AVAR"]), graph.index(["PVCL", "PVCR"])
    assert merged.chemical[ava, pvc] == graph.chemical[np.ix_(left, right)].sum()
    assert merged.chemical.sum() == graph.chemical.sum()
    assert merged.neuromuscular.sum() == graph.neuromuscular.sum()
    assert merged.cells[ava].transmitters == ("acetylcholine",)
    assert merged.select("motor")


def test_gap_junctions_between_merged_neurons_count_once(graph):
    """Each pair is two entries of the matrix; merged, it is one entry on the diagonal."""
    merged = graph.by_class()
    assert np.tril(merged.gap).sum() == np.tril(graph.gap).sum()
    ava = merged.index(["AVA"])[0]
    i, j = graph.index(["AVAL", "AVAR"])
    assert merged.gap[ava, ava] == graph.gap[i, j] + graph.gap[i, i] + graph.gap[j, j] > 0


def test_merged_signs_are_those_of_the_summed_weights():
    graph = connectome.from_matrices(
        ["AVAL", "AVAR", "X"], [[0, 0, 0], [0, 0, 0], [2, 3, 1]], rows="postsynaptic"
    ).with_signs(connectome.SignTable(senders={"AVAL": 1, "AVAR": -1, "X": 1}))
    merged = graph.merge_left_right()
    assert merged.neurons == ("AVA", "X")
    np.testing.assert_array_equal(merged.signs, [[0, 0], [-1, 1]])


def test_the_history_tells_all(small):
    done = small.ablate("A").threshold(2).binarize()
    assert done.history[1:] == ("without A", "weights of at least 2", "binary weights")
