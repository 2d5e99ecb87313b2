from typing import Any

import numpy as np
import pytest

from isochron import connectome

HEADER = "pre,post,weight,layer,sign\n"


def written(tmp_path, text, name="own.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_orientation_must_be_said_and_counts():
    matrix, onto = [[0, 2], [0, 0]], [[0, 3]]
    post = connectome.from_matrices(
        ["A", "B"], matrix, None, onto, rows="postsynaptic", muscles=["M"]
    )
    pre = connectome.from_matrices(
        ["A", "B"],
        np.transpose(matrix),
        None,
        np.transpose(onto),
        rows="presynaptic",
        muscles=["M"],
    )
    assert post.chemical[0, 1] == pre.chemical[0, 1] == 2
    assert post.neuromuscular[0, 1] == pre.neuromuscular[0, 1] == 3
    from_matrices: Any = connectome.from_matrices
    with pytest.raises(ValueError, match="rows must be 'postsynaptic' or 'presynaptic'"):
        from_matrices(["A", "B"], matrix, rows="post")
    with pytest.raises(TypeError):
        from_matrices(["A", "B"], matrix)


def test_types_are_known_or_told():
    zeros = np.zeros((3, 3))
    graph = connectome.from_matrices(
        ["A", "X", "Y"], zeros, rows="postsynaptic", types={"X": "motor"}
    )
    assert [cell.type for cell in graph.cells] == ["unknown", "motor", "unknown"]
    assert graph.select("motor") == ("X",)
    worm = connectome.from_matrices(["AVAL", "DB2", "PLML"], zeros, rows="postsynaptic")
    assert [cell.type for cell in worm.cells] == ["interneuron", "motor", "sensory"]
    for types in ({"X": "muscle"}, {"Z": "motor"}):
        with pytest.raises(ValueError, match=r"must be one of|not a neuron"):
            connectome.from_matrices(["X"], [[0]], rows="postsynaptic", types=types)


@pytest.mark.parametrize("style", ["csv", "graphml"])
def test_a_wiring_survives_a_file(tmp_path, small, style):
    path = tmp_path / f"x.{style}"
    write = getattr(connectome, f"write_{style}")
    read = getattr(connectome, f"from_{style}")
    write(small, path)
    again = read(path, types={"A": "sensory"}) if style == "csv" else read(path)
    assert again.neurons == small.neurons
    assert again.muscles == small.muscles
    for field in ("chemical", "gap", "neuromuscular", "signs"):
        np.testing.assert_array_equal(getattr(again, field), getattr(small, field))
    assert again.cells[0].type == "sensory"


@pytest.mark.parametrize("name", ["cook2019-hermaphrodite", "bentley2016-monoamine"])
def test_a_published_wiring_survives_a_file(tmp_path, name):
    worm = connectome.load(name)
    connectome.write_graphml(worm, tmp_path / "x.graphml")
    again = connectome.from_graphml(tmp_path / "x.graphml", name=name)
    assert again.source.weight_unit == worm.source.weight_unit
    for layer in worm.layers:
        rows = again.muscles if layer == "neuromuscular" else again.neurons
        known = worm.muscles if layer == "neuromuscular" else worm.neurons
        order = [rows.index(x) for x in known]
        found = again.layer(layer)[order][:, again.index(worm.neurons)]
        np.testing.assert_array_equal(found, worm.layer(layer))


def test_a_short_csv(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfpre,post,weight\r\nA,B,1.5\r\nB,C,2\r\n")
    graph = connectome.from_csv(path)
    assert graph.name == "own"
    assert graph.neurons == ("A", "B", "C")
    assert graph.chemical[1, 0] == 1.5
    assert graph.signs is None


def test_a_gap_junction_may_stand_once_or_twice(tmp_path):
    for text in ("A,B,3,gap,0\n", "A,B,3,gap,0\nB,A,3,gap,0\n"):
        gap = connectome.from_csv(written(tmp_path, HEADER + text)).gap
        np.testing.assert_array_equal(gap, [[0, 3], [3, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The table is empty"),
        ("pre,post\nA,B\n", "not have the column 'weight'"),
        ("pre,post,weight,wheight\nA,B,1,1\n", "unknown column 'wheight'. Did you mean weight"),
        (HEADER + "A,B\n", "line 2: it has 2 fields"),
        (HEADER + "A,B,1,gap,0,7\n", "line 2: it has 6 fields"),
        (HEADER + "A,,1,gap,0\n", "line 2: a name is empty"),
        (HEADER + 'A,"B,1,gap,0\nB,A,1,gap,0\n', "line 3: a quotation mark is not closed"),
        (HEADER + "A," + "B" * 200_000 + ",1,gap,0\n", "line 2: field larger than field limit"),
        (HEADER + "A,B,one,gap,0\n", "line 2: weight must be a number"),
        (HEADER + "A,B,nan,gap,0\n", "line 2: weight must be finite"),
        (HEADER + "A,B,inf,gap,0\n", "line 2: weight must be finite"),
        (HEADER + "A,B,-1,gap,0\n", "line 2: weight must be finite and not negative"),
        (HEADER + "A,B,1,chemical,2\n", "line 2: sign must be"),
        (HEADER + "A,B,1,<script>,0\n", "line 2: '<script>' is not a layer"),
        (
            HEADER + "A,B,1,chemical,0\nA,B,2,chemical,0\n",
            "A to B is listed twice",
        ),
        (
            HEADER + "A,B,1,gap,0\nB,A,2,gap,0\n",
            "A and B has weight 1 from A to B and 2 the",
        ),
        (HEADER + "A,M,1,neuromuscular,0\nM,A,1,chemical,0\n", "M to A cannot be"),
        (b"pre,post,weight\n\xe4,B,1\n", "not UTF-8"),
        (b"pre,post,weight\nA,B\0,1\n", "NUL"),
    ],
)
def test_a_wrong_csv_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        connectome.from_csv(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        connectome.from_csv(tmp_path / "x.csv")
    with pytest.raises(ValueError, match="is not a file"):
        connectome.from_graphml(tmp_path)


GRAPHML = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="w" for="edge" attr.name="weight" attr.type="double"/>
<graph edgedefault="{kind}"><node id="A"/><node id="B"/>
<edge source="A" target="B"><data key="w">{weight}</data></edge></graph></graphml>"""


def test_graphml_of_another_program(tmp_path):
    directed = GRAPHML.format(kind="directed", weight=2)
    chemical = connectome.from_graphml(written(tmp_path, directed)).chemical
    np.testing.assert_array_equal(chemical, [[0, 0], [2, 0]])
    both = GRAPHML.format(kind="undirected", weight=2)
    chemical = connectome.from_graphml(written(tmp_path, both)).chemical
    np.testing.assert_array_equal(chemical, [[0, 2], [2, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<graphml>", "not a GraphML file"),
        ("<html></html>", "not a GraphML file"),
        ("not xml", "not a GraphML file"),
        (GRAPHML.format(kind="directed", weight=-2), "edge A to B: weight must be"),
        (GRAPHML.format(kind="directed", weight="NaN"), "edge A to B: weight must be"),
        (GRAPHML.format(kind="directed", weight="x"), "edge A to B: weight must be a number"),
        ('<?xml version="1.0" encoding="UTF-16"?><graphml/>', "save it as UTF-8"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><graphml/>', "not allowed"),
        ('<!doctype a SYSTEM "http://localhost/x.dtd"><graphml/>', "not allowed"),
    ],
)
def test_a_wrong_graphml_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        connectome.from_graphml(written(tmp_path, text))


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.csv"
    with open(path, "wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(ValueError, match="at most"):
        connectome.from_csv(path)


def test_options_are_given_whole_or_by_name(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("pre,post,weight\nA,B,-2\nB,A,1\n")
    whole = connectome.from_csv(path, options=connectome.TableOptions(signs="from_weights"))
    by_name = connectome.from_csv(path, signs="from_weights")
    np.testing.assert_array_equal(whole.signs, by_name.signs)
    assert whole.history == by_name.history
    with pytest.raises(TypeError, match=r"no setting 'sign'. Did you mean signs\?"):
        connectome.from_csv(path, sign="from_weights")
