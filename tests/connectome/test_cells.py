from typing import Any

import numpy as np
import pytest

from isochron import connectome


def test_the_302_neurons_and_their_types(expected):
    both = [cell for cell in connectome.cells().values() if cell.sex != "male"]
    kinds = [cell.type for cell in both]
    assert len(both) == 302
    assert {kind: kinds.count(kind) for kind in set(kinds)} == expected("cells")["types"]
    assert len({cell.cell_class for cell in both}) == expected("cells")["classes"]
    assert set(connectome.load("cook2019-hermaphrodite").neurons) == {cell.name for cell in both}


def test_classes_sexes_and_transmitters():
    cells = connectome.cells()
    assert [cells[name].cell_class for name in ("IL1DL", "RID", "VB11", "R1AL")] == [
        *("IL1", "RID", "VB", "R1A")
    ]
    assert {cell.name for cell in cells.values() if cell.sex == "hermaphrodite"} == {
        *("HSNL", "HSNR", *(f"VC{i}" for i in range(1, 7)))
    }
    assert cells["AVAL"].transmitters == ("acetylcholine",)
    assert cells["RIML"].transmitters == ("glutamate", "tyramine")
    assert cells["ADEL"].transmitters == ("dopamine",)
    assert cells["RMED"].transmitters == ("GABA",)
    assert cells["SMDDL"].transmitters == ("acetylcholine", "GABA?")
    assert cells["AVAL"].lineage == "AB alppaaapa"


def test_rows_of_several_cells_give_each_its_transmitters(expected):
    """DB1/3, EF1/2: the names of one or several cells in the tables of Wang et al. (2024)."""
    cells = connectome.cells()
    for transmitter, names in expected("cells")["doubled_names"].items():
        for name in names:
            assert cells[name].transmitters == (transmitter,)


def test_who_has_no_known_transmitter(expected):
    """The orphans of the paper, and nobody lost in a join."""
    unknown = {cell.name for cell in connectome.cells().values() if not cell.transmitters}
    assert unknown == set(expected("cells")["without_transmitter"]["neurons"])


def test_the_gaba_neurons_of_the_model_release_gaba():
    """Kunert's list is a subset of what Wang et al. (2024) found."""
    assert len(connectome.GABAERGIC) == 26
    for name in connectome.GABAERGIC:
        assert connectome.cells()[name].transmitters[0] == "GABA"


def test_positions_run_from_head_to_tail_and_left_is_left(expected):
    cells = {name: cell for name, cell in connectome.cells().items() if cell.sex != "male"}
    places = np.array([cell.position for cell in cells.values()])
    axis = expected("cells")["positions"]
    assert places[:, 1].min() == pytest.approx(axis["head"], abs=5e-3)
    assert places[:, 1].max() == pytest.approx(axis["tail"], abs=5e-3)
    place = dict(zip(cells, places, strict=True))
    assert place["ALML"][0] > 10 > -10 > place["ALMR"][0]
    assert place["CEPDL"][2] > place["CEPVL"][2]


def test_muscles_lie_in_four_quadrants():
    muscles = connectome.muscles()
    wall = [muscle for muscle in muscles.values() if muscle.quadrant]
    assert len(wall) == 95
    count = {q: sum(m.quadrant == q for m in wall) for q in ("DL", "DR", "VL", "VR")}
    assert count == {"DL": 24, "DR": 24, "VL": 23, "VR": 24}
    assert muscles["MDL01"] == connectome.Muscle("MDL01", "body wall", "DL", 1)
    assert muscles["vm2AL"].kind == "vulval"
    for name in connectome.load("cook2019-hermaphrodite").muscles:
        assert name in muscles


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cell_class", 5, "cell_class must be a text, got 5"),
        ("position", (1, 2), "position must be a list of 3 values"),
        ("position", (1, 2, float("nan")), "position"),
        ("merged", "AVAL", "merged must be a list of values"),
    ],
)
def test_a_cell_of_wrong_values_is_rejected(field, value, message):
    given = {"name": "X", "cell_class": "X", "type": "motor", field: value}
    with pytest.raises(ValueError, match=message):
        connectome.Cell(**given)


def test_a_source_of_wrong_values_is_rejected():
    wrong: Any
    for wrong, message in (
        ({"weight_unit": 3}, "weight_unit must be a text, got 3"),
        ({"weight_unit": "synapses", "notes": ["a", "b"]}, "notes must be a text"),
    ):
        with pytest.raises(ValueError, match=message):
            connectome.Source(**wrong)
