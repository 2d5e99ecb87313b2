"""Files are read back as written: layers, signs that are all zero, no signs, species, types."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isochron import connectome
from isochron.connectome import Connectome, Source, from_csv, from_graphml, from_xarray
from isochron.connectome.importers.vocabulary import clean_name

NAMES = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\x85\u2028\u2029"),
    min_size=1, max_size=6,
).map(clean_name).filter(lambda name: name and clean_name(name) == name)  # fmt: skip
WEIGHTS = st.one_of(st.integers(0, 3), st.sampled_from([0.5, 1e-9, 2.25]))


@st.composite
def connectomes(draw):
    """A small one of no species, whose every cell has a connection."""
    n, m = draw(st.integers(2, 4)), draw(st.integers(0, 2))
    names = draw(st.lists(NAMES, min_size=n + m, max_size=n + m, unique=True))

    def matrix(*shape):
        return np.array(draw(st.lists(WEIGHTS, min_size=(k := int(np.prod(shape))), max_size=k)))

    chemical = np.eye(n) + matrix(n, n).reshape(n, n)
    gap = np.triu(matrix(n, n).reshape(n, n))
    signs = None
    if draw(st.booleans()):
        signs = np.array(
            draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=n * n, max_size=n * n))
        )
        signs = np.where(chemical > 0, signs.reshape(n, n) * draw(st.integers(0, 1)), 0)
    return Connectome(
        name="x",
        neurons=tuple(names[:n]),
        muscles=tuple(names[n:]),
        chemical=chemical,
        gap=gap + np.triu(gap, 1).T,
        neuromuscular=1 + matrix(m, n).reshape(m, n),
        extrasynaptic={"serotonin volume": matrix(n, n).reshape(n, n)},
        signs=signs,
        cells=tuple(connectome.Cell(name, name, "motor") for name in names[:n]),
        source=Source(weight_unit="contacts"),
    )


def assert_same(one: Connectome, other: Connectome):
    """The same weights and signs, whatever the order of the cells."""
    order, onto = one.index(other.neurons).tolist(), [one.muscles.index(x) for x in other.muscles]
    square = np.ix_(order, order)
    np.testing.assert_array_equal(one.chemical[square], other.chemical)
    np.testing.assert_array_equal(one.gap[square], other.gap)
    np.testing.assert_array_equal(one.neuromuscular[np.ix_(onto, order)], other.neuromuscular)
    for layer in {*one.layers, *other.layers} - {"chemical", "gap", "neuromuscular"}:
        np.testing.assert_array_equal(one.layer(layer)[square], other.layer(layer))
    assert (one.signs is None) == (other.signs is None)
    if one.signs is not None:
        np.testing.assert_array_equal(one.signs[square], other.signs)
    assert other.species == one.species


@settings(max_examples=25, deadline=None)
@given(original=connectomes())
def test_every_format_returns_what_was_written(tmp_path_factory, original):
    folder = tmp_path_factory.mktemp("x")
    connectome.write_csv(original, folder / "x.csv")
    again = from_csv(folder / "x.csv", species=None, extrasynaptic=("serotonin volume",))
    assert_same(original, again)
    connectome.write_graphml(original, folder / "x.graphml")
    again = from_graphml(folder / "x.graphml", label="id")
    assert_same(original, again)
    assert {cell.type for cell in again.cells} == {"motor"}
    assert again.source.weight_unit == "contacts"
    again = from_xarray(original.to_xarray())
    assert_same(original, again)
    assert again.cells == original.cells


@pytest.mark.parametrize("rule", [None, connectome.TransmitterSigns(unknown="none")])
@pytest.mark.parametrize("style", ["csv", "graphml", "nc"])
def test_signs_that_are_all_zero_survive_every_file(tmp_path, style, rule):
    """Read back as no signs, a default rule would make every connection excite."""
    from isochron.sims import load_dataset, save_dataset

    square = np.ones((3, 3), dtype=int)
    original = connectome.from_matrices(["a", "b", "c"], square, rows="postsynaptic")
    if rule is not None:
        original = original.with_signs(rule)
    path = tmp_path / f"x.{style}"
    writers: Any = {"csv": connectome.write_csv, "graphml": connectome.write_graphml}
    readers: Any = {"csv": from_csv, "graphml": from_graphml}
    if style == "nc":
        save_dataset(original.to_xarray(), path)
        again = from_xarray(load_dataset(path))
    else:
        writers[style](original, path)
        again = readers[style](path)
    assert_same(original, again)
    assert (again.signs is None) == (rule is None)


@pytest.mark.parametrize("name", ["cook2019-male", "bentley2016-monoamine", "varshney2011"])
def test_published_connectomes_survive_labeled_matrices(name):
    original = connectome.load(name)
    again = from_xarray(original.to_xarray())
    assert_same(original, again)
    assert again.cells == original.cells
    assert again.muscles == original.muscles


def test_labeled_matrices_in_any_order_of_dimensions_and_labels():
    original = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    data = original.to_xarray().transpose("pre", ...)
    data = data.isel(post=slice(None, None, -1))
    again = from_xarray(data)
    np.testing.assert_array_equal(again.chemical, original.chemical)
    np.testing.assert_array_equal(again.signs, original.signs)
    assert again.history == original.history
    with pytest.raises(ValueError, match="chemical is missing"):
        from_xarray(data.drop_vars("chemical"))
    with pytest.raises(ValueError, match="post and pre are not the same"):
        from_xarray(data.isel(post=slice(5)))


def test_a_table_of_an_unsigned_connectome_has_no_signs():
    worm = connectome.load("varshney2011")
    assert bool(worm.to_pandas()["sign"].isna().to_numpy().all())
    assert not any("sign" in marks for *_, marks in worm.to_networkx().edges(data=True))


def with_layer(name):
    return connectome.from_matrices(
        ["a", "b"], np.eye(2), rows="postsynaptic", extrasynaptic={name: [[0, 1], [0, 0]]}
    )


@pytest.mark.parametrize("name", ["slow, wireless", "[fast]", "a,b,c", "volume"])
def test_a_layer_of_any_name_survives_graphml(tmp_path, name):
    connectome.write_graphml(with_layer(name), tmp_path / "x.graphml")
    assert_same(with_layer(name), from_graphml(tmp_path / "x.graphml"))


@pytest.mark.parametrize("name", ["sign", "signs", "pre", "position"])
def test_a_layer_with_the_name_of_a_variable_is_refused(name):
    with pytest.raises(ValueError, match=f"has a layer '{name}'"):
        with_layer(name).to_xarray()
