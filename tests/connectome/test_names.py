from importlib import import_module

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.names import canonical_names, hint_for, is_muscle, known_species
from isochron.connectome.null_models import rewire_by_distance
from isochron.connectome.signs import gaba_inhibitory

GLOMERULI = ("DA1", "DA2", "DA3", "VA2", "VA3", "VC1", "VC2", "VC5", "VD1")


def network(*neurons, **fields):
    """Every neuron onto every other one."""
    n = len(neurons)
    return connectome.Connectome(
        name="small",
        neurons=neurons,
        muscles=fields.pop("muscles", ()),
        chemical=np.ones((n, n), dtype=int),
        gap=np.zeros((n, n), dtype=int),
        neuromuscular=np.zeros((len(fields.get("muscles", ())), n), dtype=int),
        source=connectome.Source(weight_unit="weight"),
        **fields,
    )


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("VB1", ["VB01", "VB1 ", " vb1", "VB-1", "VB_01"]),
        ("VB10", ["VB10", "vb10"]),
        ("CA9", ["CA09"]),
        ("EF1", ["EF01"]),
        ("AS11", ["AS11", "AS_11", "as 11"]),
        (
            "AVAL",
            [
                "AVA.L",
                "AVAL",
                "AVA_L",
                "AVA-L",
                "AVA L",
                "AVAl",
                "aval",
                "AVA(L)",
                "AVA left",
                "ava (Left)",
            ],
        ),
        ("M2L", ["M2 L", "m2l"]),
        ("I1L", ["I1L ", "I1_L"]),
        ("AWCL", ["AWCOFF", "AWC_OFF", "AWC(OFF)", "AWCoff"]),
        ("AWCR", ["AWCON", "AWC-ON", "AWC(ON)", "AWCon", "AWC^ON"]),
        ("DB1", ["DB1/3", "DB01/03", "db1/3"]),
        ("DB3", ["DB3/1", "DB03/01"]),
        ("MDL01", ["MDL1", "mdl01", "dBWML1", "BWM-DL01", "BWM-DL1"]),
        ("MVR24", ["vBWMR24"]),
        ("MVL03", ["BWM-VL03"]),
        ("BWM", ["mu_bod", "LegacyBodyWallMuscles"]),
        ("pm1", ["pm1vl", "pm1"]),
        ("pm3VL", ["pm3vl", "pm3VL"]),
        ("vm2AL", ["VM2AL", "vm2al"]),
        ("mu_intL", ["mu_intL", "mu_int_L"]),
        ("mc1DL", ["mc1dl"]),
    ],
)
def test_one_cell_has_one_name(name, spellings):
    assert [connectome.canonical_name(given) for given in spellings] == [name] * len(spellings)


def test_the_former_place_of_the_function_still_works():
    cells = import_module("isochron.connectome.cells")
    assert cells.canonical_name is connectome.canonical_name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cells.nothing


def test_every_canonical_name_is_its_own_form():
    for name in (*connectome.cells(), *connectome.muscles()):
        assert connectome.canonical_name(name) == name


@pytest.mark.parametrize(
    "label",
    [
        "?12",
        "AS1_1",
        "AS1.1",
        "VD1-2",
        "VB1 1",
        "AVAL_1",
        "DA1.0",
        "ASEL?",
        "EF1/2",
        "AVFL/R",
        "AVA",
        "avalL",
        "SDQL_1",
        "CEPshDL",
        "vm2",
        "",
    ],
)
def test_what_does_not_name_one_cell_stays_as_it_is(label):
    assert connectome.canonical_name(label) == label


@pytest.mark.parametrize(
    ("label", "cells"),
    [
        ("EF1/2", ("EF1", "EF2")),
        ("EF3/4", ("EF3",)),
        ("DX1/2", ("DX1", "DX2")),
        ("AVFL/R", ("AVFL", "AVFR")),
        ("AVFL/AVFR", ("AVFL", "AVFR")),
        ("VD01/02", ("VD1", "VD2")),
        ("VB9/10", ("VB9", "VB10")),
        ("AS9/10", ("AS9", "AS10")),
        ("VD9/10/11", ("VD9", "VD10", "VD11")),
        ("VA9/12", ("VA9", "VA12")),
        ("DD9/10", ()),
        ("IL2DL/R", ("IL2DL", "IL2DR")),
        ("DB1/3", ()),
        ("URXL or URXR", ("URXL", "URXR")),
        ("RIAL, RIAR", ("RIAL", "RIAR")),
        ("VD1/VD2/VD3", ("VD1", "VD2", "VD3")),
        ("va01/2", ("VA1", "VA2")),
        ("AVAL/", ()),
        ("/", ()),
        ("AVAL", ()),
        ("n/a", ()),
        ("", ()),
    ],
)
def test_labels_of_several_cells(label, cells):
    assert connectome.joint_cells(label) == cells


def test_names_that_become_one_are_refused():
    assert canonical_names(["DD01", "DD01"], species="C. elegans") == ("DD1", "DD1")
    with pytest.raises(ValueError, match=r"x\.csv: the neurons 'DD1' and 'DD01' are the same"):
        canonical_names(["DD1", "VB1", "DD01"], species="C. elegans", where="x.csv")
    with pytest.raises(ValueError, match="the muscles 'MDL05' and 'dBWML5' are .*MDL05"):
        canonical_names(["MDL05", "dBWML5"], species="C. elegans", what="muscle")
    with pytest.raises(ValueError, match="'AWCL' and 'AWCOFF'"):
        network("AWCL", "AWCOFF", "AVAL")


@pytest.mark.parametrize("species", [None, "D. melanogaster"])
def test_names_of_other_animals_are_not_changed(species):
    names = ("VB01", "VB1", "aval ")
    assert canonical_names(names, species=species) == names


@pytest.mark.parametrize(
    "names",
    [
        ["AVAL", "DB2"],
        ["AVAL", "AVAR"],
        ["DD01", "VB01", "AVAL", "BWM-VL05", "dBWML1", "MDL05"],
        ["aval", "pvcr"],
        [f"{k}{i}" for k in ("DA", "DB", "DD", "VA", "VB", "VD") for i in range(1, 6)],
        ["AVFL/R", "AVAL"],
    ],
)
def test_names_that_only_the_worm_has(names):
    assert connectome.infer_species(names) == "C. elegans"


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["A", "B"],
        GLOMERULI,
        [*GLOMERULI, "DD1", "AVL", "RIS", "DVB"],
        ["DA1", "DL1", "DM1", "VA1", "VC1", "VL1", "VM1", "V", "D"],
        ["M1", "V1", "V2", "MI", "PVT", "PVM"],
        ["A1", "A2", "B1", "B2", "I3", "M4"],
        ["AVAL", "V1", "V2", "V4", "MT"],
        ["PVCL", "PVCR", "V1L", "V1R", "M1L", "M1R", "A1L", "A1R"],
    ],
)
def test_names_that_other_animals_have_too(names):
    assert connectome.infer_species(names) is None


def test_every_vendored_connectome_is_of_the_worm():
    for name in connectome.available():
        worm = connectome.load(name)
        assert worm.species == "C. elegans"
        assert connectome.infer_species((*worm.neurons, *worm.muscles)) == "C. elegans"


def test_another_animal_has_no_entries_in_the_table_of_the_worm():
    fly = network(*GLOMERULI)
    assert fly.species is None
    assert "(species not given)" in repr(fly)
    assert {(c.type, c.transmitters, c.position) for c in fly.cells} == {("unknown", (), None)}
    assert (gaba_inhibitory(fly) >= 0).all()
    with pytest.raises(ValueError, match="position"):
        rewire_by_distance(fly, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no neuron 'DA01'"):
        fly.index(["DA01"])
    worm = network(*GLOMERULI, species="Caenorhabditis elegans")
    assert worm.species == "C. elegans"
    assert "(C. elegans)" in repr(worm)
    assert worm.cells[0].type == "motor"
    assert worm.index(["DA01"]) == [0]


def test_a_stated_species_is_not_inferred():
    other = network("AVAL", "AVAR", species="P. pacificus")
    assert other.species == "P. pacificus"
    assert other.cells[0].type == "unknown"


def test_cells_of_the_table_show_the_species():
    table = connectome.cells()
    given = tuple(table[name] for name in ("DD1", "VD1"))
    assert network("DD1", "VD1", cells=given).species == "C. elegans"
    assert network("DD1", "VD1").species is None
    assert network("DD1", "VD1", cells=given, species="P. pacificus").species == "P. pacificus"


def test_the_species_stays_through_every_change(graph):
    for changed in (
        graph.subset("AVA"),
        graph.ablate("AVAL"),
        graph.binarize(),
        graph.threshold(2),
        graph.merge_left_right(),
        graph.by_class(),
        graph.with_signs(gaba_inhibitory),
        connectome.rewire(graph, np.random.default_rng(0), swaps_per_edge=0),
    ):
        assert changed.species == "C. elegans"
    assert network("DA1", "VC1", "AVL").subset("DA1").species is None


@pytest.mark.parametrize(
    ("given", "species"),
    [
        (None, None),
        ("c_elegans", "C. elegans"),
        ("C. elegans, adult male", "C. elegans"),
        ("Caenorhabditis elegans", "C. elegans"),
        ("D. melanogaster", "D. melanogaster"),
    ],
)
def test_spellings_of_a_species(given, species):
    assert known_species(given) == species


@pytest.mark.parametrize("species", ["", " ", 3, True])
def test_what_is_no_species(species):
    with pytest.raises(ValueError, match="species must be a name"):
        known_species(species)


def test_a_muscle_that_no_worm_has_is_not_a_neuron():
    assert all(map(is_muscle, ["MVL24", "MDL01", "vm2", "pm3", "BWM", "mu_sph", "dglL1"]))
    assert not any(map(is_muscle, ["M1", "MCL", "MI", "AVAL", "X", "mc1DL", "VM1"]))


def test_an_unknown_name_points_to_what_is_near():
    male = connectome.load("cook2019-male")
    assert hint_for("EF1/2", male.neurons).endswith("EF1, EF2.")
    assert "AVAL?" in hint_for("AVAX", male.neurons)
    assert "Did you mean ASEL" in hint_for("ASEL?", male.neurons)
    with pytest.raises(ValueError, match="label of several cells"):
        male.index(["EF1/2"])
    worm = connectome.load("varshney2011")
    with pytest.raises(ValueError, match=r"\(EF1, EF2\); none of them is here"):
        worm.select("EF1/2")
    assert worm.select("SDQL") == ("SDQL",)
