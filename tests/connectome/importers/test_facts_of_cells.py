"""Facts of cells, weights and species survive every file, or a warning states the loss."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import Cell, Connectome, Source, from_csv, from_graphml, from_xarray
from isochron.sims import load_dataset, save_dataset
from isochron.sims.neuroml import export_neuroml, read_neuroml

FULL = Cell(
    *(
        "x",
        "X",
        "motor",
        "male",
        ("GABA", "serotonin?"),
        (1.5, -2.0, 1e-3),
        'AB "q", é',
        ("x1", "x2"),
    )
)
FORMATS = ("csv", "graphml", "nc", "nml")


def there_and_back(original, folder, style):
    path = folder / f"x.{style}"
    if style == "csv":
        connectome.write_csv(original, path)
        return from_csv(path)
    if style == "graphml":
        connectome.write_graphml(original, path)
        return from_graphml(path)
    if style == "nc":
        save_dataset(original.to_xarray(), path)
        return from_xarray(load_dataset(path))
    return read_neuroml(export_neuroml(original, folder / "nml", level="A").network)


def facts(graph):
    return {cell.name: cell for cell in graph.cells}, graph.source.weight_unit, graph.species


def made(**options):
    chosen: Any = {"rows": "postsynaptic", "weight_unit": "contacts"} | options
    return connectome.from_matrices(["x", "y", "z"], np.ones((3, 3), dtype=int), **chosen)


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize(
    "options",
    [
        {"types": {"x": "motor", "y": "sensory"}},
        {"species": "Danio rerio", "types": {"z": "interneuron"}},
        {"weight_unit": "µm², summed"},
        {"weight_unit": "weight"},
    ],
)
def test_types_unit_and_species(tmp_path, style, options):
    original = made(**options)
    assert facts(there_and_back(original, tmp_path, style)) == facts(original)


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("species", [None, "Pristionchus pacificus", "C. elegans"])
def test_names_of_the_worm_of_another_animal(tmp_path, style, species):
    worm = connectome.load("varshney2011").subset("AVA", "PVC", "VB*")
    cells = worm.cells if species == "C. elegans" else ()
    original = replace(worm, cells=cells, species=species)
    if species is None:
        original = made(species=None)
    assert facts(there_and_back(original, tmp_path, style)) == facts(original)


@pytest.mark.parametrize("style", FORMATS[1:])
def test_every_fact_of_a_cell(tmp_path, style):
    original = replace(made(), cells=(FULL, Cell("y", "X", "motor"), Cell("z", "z", "unknown")))
    assert facts(there_and_back(original, tmp_path, style)) == facts(original)


@pytest.mark.parametrize("style", FORMATS)
def test_a_cell_of_the_worm_with_another_type(tmp_path, style):
    worm = connectome.load("varshney2011").subset("AVA", "PLM", "PVC", "AVD")
    cells = tuple(
        Cell("AVAL", "AVAL", "motor") if cell.name == "AVAL" else cell for cell in worm.cells
    )
    original = replace(worm, cells=cells, species="C. elegans")
    assert facts(there_and_back(original, tmp_path, style)) == facts(original)


@pytest.mark.parametrize("style", FORMATS[1:3])
def test_merged_neurons(tmp_path, style):
    original = connectome.load("white1986-jsh").by_class()
    assert facts(there_and_back(original, tmp_path, style)) == facts(original)


@pytest.mark.parametrize(
    "name", ["white1986-n2u", "witvliet2021-1", "cook2020-pharynx", "bentley2016-monoamine"]
)
@pytest.mark.parametrize("style", FORMATS)
def test_published_connectomes(tmp_path, style, name):
    original = connectome.load(name)
    again = there_and_back(original, tmp_path, style)
    assert facts(again) == facts(original)
    order = again.index(original.neurons).tolist()
    square = np.ix_(order, order)
    onto = np.ix_([again.muscles.index(muscle) for muscle in original.muscles], order)
    np.testing.assert_array_equal(again.chemical[square], original.chemical)
    np.testing.assert_array_equal(again.gap[square], original.gap)
    np.testing.assert_array_equal(again.neuromuscular[onto], original.neuromuscular)
    for layer in original.extrasynaptic if style != "nml" else ():
        np.testing.assert_array_equal(again.layer(layer)[square], original.layer(layer))


def losses(caplog, write, *args):
    with caplog.at_level(logging.WARNING, logger="isochron"):
        write(*args)
    return " ".join(caplog.messages)


def test_a_warning_states_what_a_table_loses(tmp_path, caplog):
    lone = Connectome(
        name="x",
        neurons=("x", "y"),
        muscles=("m", "n"),
        chemical=np.array([[1, 0], [0, 0]]),
        gap=np.zeros((2, 2)),
        neuromuscular=np.array([[1, 0], [0, 0]]),
        cells=(FULL, Cell("y", "y", "motor")),
        source=Source(weight_unit="weight"),
    )
    said = losses(caplog, connectome.write_csv, lone, tmp_path / "x.csv")
    for lost in (
        "1 neuron without a connection (y)",
        "1 muscle without a connection (n)",
        "class of 1 neuron (x)",
        *("transmitters of", "position of", "sex of", "lineage of", "merged cells of"),
        "write_graphml writes them",
    ):
        assert lost in said
    again = from_graphml(_graphml(lone, tmp_path))
    assert (again.neurons, again.muscles, again.cells) == (lone.neurons, lone.muscles, lone.cells)


def _graphml(original, folder):
    connectome.write_graphml(original, folder / "x.graphml")
    return folder / "x.graphml"


def test_nothing_is_said_where_nothing_is_lost(tmp_path, caplog):
    worm = connectome.load("white1986-whole")
    assert not losses(caplog, connectome.write_csv, worm, tmp_path / "worm.csv")


def test_a_warning_states_layers_that_neuroml_cannot_contain(tmp_path, caplog):
    graph = connectome.load("bentley2016-monoamine").subset("ADF", "AI*", "CEP*")
    said = losses(caplog, lambda: export_neuroml(graph, tmp_path / "o", level="A"))
    assert "does not contain these layers of bentley2016-monoamine" in said
    assert "dopamine" in said or "serotonin" in said


def test_the_caller_prevails_over_the_columns(file):
    path = file(
        "pre,post,weight,pre_type,post_type,weight_unit,species\n"
        "a,b,1,motor,Sensory neuron,contacts,not known\nb,a,1,sensory,,contacts,not known\n"
    )
    found = from_csv(path, types={"a": "pharyngeal"}, weight_unit="nm", species="Danio rerio")
    assert [cell.type for cell in found.cells] == ["pharyngeal", "sensory"]
    assert (found.source.weight_unit, found.species) == ("nm", "Danio rerio")
    assert from_csv(path).source.weight_unit == "contacts"


def test_two_types_of_one_neuron_are_an_error(file):
    path = file("pre,post,weight,pre_type,post_type\na,b,1,motor,\nb,a,1,,sensory\n")
    with pytest.raises(ValueError, match="line 3: a is of the type sensory, and above of"):
        from_csv(path)


@pytest.mark.parametrize(
    "columns", ["pre_type,post_type\na,b,1,KC,MBON", "weight_unit\na,b,1,nm\na,c,1,um"]
)
def test_columns_of_other_content_are_not_read(file, columns):
    with pytest.raises(ValueError, match="unknown column"):
        from_csv(file(f"pre,post,weight,{columns}\n"))


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "x"}]', '[{"name": 1, "type": 2}]'])
def test_damaged_cells_are_an_error(tmp_path, text):
    data = made().to_xarray().assign_attrs(cells=text)
    with pytest.raises(ValueError, match="attribute cells is not a list of cells"):
        from_xarray(data)
