"""Labeled matrices that a user makes: names, species and words as in every other reader."""

import numpy as np
import pytest
import xarray as xr

from isochron import connectome
from isochron.connectome import from_xarray

NAMES = ("DD01", "VB01", "avaL")


def labeled(names=NAMES, /, variables=("chemical",), **attributes):
    n = len(names)
    matrix = np.roll(np.eye(n), 1, axis=0)
    layers = {name: matrix + matrix.T if name[0] in "egE" else matrix for name in variables}
    return xr.Dataset(
        {name: (("post", "pre"), layer) for name, layer in layers.items()},
        coords={"post": list(names), "pre": list(names)},
        attrs=attributes,
    )


@pytest.mark.parametrize("species", ["C. elegans", "Caenorhabditis elegans"])
def test_names_of_the_worm_become_canonical(species):
    read = from_xarray(labeled(species=species))
    assert read.neurons == ("DD1", "VB1", "AVAL")
    assert read.species == "C. elegans"
    assert read.cells == tuple(connectome.cells()[name] for name in read.neurons)
    assert (connectome.gaba_inhibitory(read) < 0).sum() == 1


def test_the_species_is_inferred_unless_it_is_stated():
    assert from_xarray(labeled()).is_worm
    assert from_xarray(labeled(species="")).species is None
    assert from_xarray(labeled(species="")).neurons == NAMES
    assert from_xarray(labeled(species="D. melanogaster")).neurons == NAMES
    assert from_xarray(labeled(species=""), species="C. elegans").neurons[0] == "DD1"


@pytest.mark.parametrize("word", ["electrical", "gap_junction", "EJ", "gap"])
def test_words_for_layers(word):
    read = from_xarray(labeled(variables=("Synapses", word)))
    assert read.layers == ("chemical", "gap")
    assert not read.extrasynaptic


@pytest.mark.parametrize("word", ["sign", "signs", "Signs"])
def test_words_for_signs(word):
    data = labeled(variables=("chemical", word))
    data[word] = -data[word]
    read = from_xarray(data)
    np.testing.assert_array_equal(read.signs, -(read.chemical > 0).astype(int))
    assert not read.extrasynaptic


def test_the_options_that_errors_advise():
    data = -labeled()
    with pytest.raises(ValueError, match="signs='from_weights'"):
        from_xarray(data)
    signed = from_xarray(data, signs="from_weights")
    np.testing.assert_array_equal(signed.signs, -signed.chemical)
    with pytest.raises(ValueError, match="states its signs"):
        from_xarray(labeled(variables=("chemical", "sign")), signs="from_weights")
    data = labeled().assign(gap=(("post", "pre"), np.triu(np.ones((3, 3)))))
    with pytest.raises(ValueError, match="unequal_gap='larger'"):
        from_xarray(data)
    assert from_xarray(data, unequal_gap="larger").gap.sum() == 9


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (("chemical", "gap", "electrical"), "'gap' and 'electrical' are both the gap layer"),
        (("chemical", "sign", "signs"), "'sign' and 'signs' are both the sign"),
        (("chemical", "wireless"), r"'wireless' is not a layer.*extrasynaptic=\('wireless',\)"),
        (("chemical", "excitatory"), "'excitatory' is not a layer"),
        (("gap",), "chemical is missing"),
    ],
)
def test_variables_that_contradict_or_are_not_known(variables, message):
    with pytest.raises(ValueError, match=message):
        from_xarray(labeled(variables=variables))


def test_a_declared_layer():
    data = labeled(variables=("chemical", "wireless"))
    assert from_xarray(data, extrasynaptic=("wireless",)).layers == ("chemical", "wireless")
    again = from_xarray(from_xarray(data, extrasynaptic=("wireless",)).to_xarray())
    assert again.layers == ("chemical", "wireless")


def test_a_muscle_is_not_a_neuron():
    with pytest.raises(ValueError, match="MDL01 is a muscle"):
        from_xarray(labeled(("DD1", "VB1", "AVAL", "MDL01"), species="C. elegans"))


def test_two_labels_of_one_cell():
    with pytest.raises(ValueError, match="'DD1' and 'DD01' are the same"):
        from_xarray(labeled(("DD1", "DD01", "AVAL"), species="C. elegans"))


def test_a_label_that_repeats():
    with pytest.raises(ValueError, match="'a' is named twice"):
        from_xarray(labeled(("a", "b", "a")))


def test_types_in_words():
    data = labeled(("a", "b", "c")).assign_coords(
        cell_type=("pre", ["Motor neuron", "sensory", "unknown"])
    )
    assert [cell.type for cell in from_xarray(data).cells] == ["motor", "sensory", "unknown"]


def matrices(names, **fields):
    n = len(names)
    return connectome.Connectome(
        name="x",
        neurons=tuple(names),
        muscles=(),
        chemical=np.eye(n),
        gap=np.zeros((n, n)),
        neuromuscular=np.zeros((0, n)),
        source=connectome.Source(weight_unit="weight"),
        **fields,
    )


@pytest.mark.parametrize("written", ["DD01", "dd1", "DD_1"])
def test_cells_of_a_user_have_canonical_names(written):
    cells = (connectome.Cell(written, "DD", "motor"),)
    graph = matrices([written], cells=cells, species="C. elegans")
    assert graph.neurons == ("DD1",)
    assert graph.cells == (connectome.Cell("DD1", "DD", "motor"),)
    assert connectome.gaba_neurons(graph) == ("DD1",)
    fly = matrices([written], cells=cells, species="D. melanogaster")
    assert fly.neurons == (written,)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["electrical"], "'electrical' is a word for the layer gap"),
        (["chemical"], "'chemical' is a word for the layer chemical"),
        (["wire-less", "wireless"], "'wire-less' and 'wireless' differ by case"),
        ([""], "empty name"),
    ],
)
def test_names_of_layers_that_mean_something_else(layers, message):
    with pytest.raises(ValueError, match=message):
        matrices(["a"], extrasynaptic={name: np.ones((1, 1)) for name in layers})


def test_options_of_a_file_of_labeled_matrices(tmp_path):
    from isochron.runs.datasets import open_connectome
    from isochron.sims import save_dataset

    save_dataset(labeled(variables=("chemical", "wireless"), species=""), tmp_path / "x.nc")
    with pytest.raises(ValueError, match="write a file x.toml"):
        open_connectome(tmp_path / "x.nc")
    (tmp_path / "x.toml").write_text(
        'file = "x.nc"\nextrasynaptic = ["wireless"]\nspecies = "C. elegans"\n'
    )
    read = open_connectome(tmp_path / "x.toml")
    assert read.layers == ("chemical", "wireless")
    assert read.neurons == ("DD1", "VB1", "AVAL")
