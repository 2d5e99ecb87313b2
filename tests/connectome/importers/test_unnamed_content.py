"""Content of a file under unknown names: layers, signs, flags, headers."""

import re

import numpy as np
import pytest

from isochron.connectome import from_csv, from_graphml

from .test_graphml import edge, graph


def signs_of(file, name, values, **options):
    """Signs of A to B and B to A, from a table whose column `name` states them."""
    text = f"pre,post,weight,{name}\nA,B,2,{values[0]}\nB,A,5,{values[1]}\n"
    signs = from_csv(file(text), **options).signs
    assert signs is not None
    return signs[1, 0], signs[0, 1]


@pytest.mark.parametrize("values", [("1", "0"), ("True", "False"), ("yes", "no"), ("1.0", "0.0")])
@pytest.mark.parametrize(("name", "first"), [("inhibitory", -1), ("is_inh", -1), ("excitatory", 1)])
def test_a_flag_is_not_a_sign(file, name, first, values):
    """A 1 in a column `inhibitory` inhibits, a 0 excites."""
    assert signs_of(file, name, values, columns={"sign": name}) == (first, -first)
    edges = edge("A", "B", weight="2", **{name: values[0]})
    edges += edge("B", "A", weight="5", **{name: values[1]})
    path = file(graph(edges=edges, keys=(("edge", "weight"), ("edge", name))))
    signs = from_graphml(path, sign=name).signs
    assert signs is not None
    assert (signs[1, 0], signs[0, 1]) == (first, -first)


@pytest.mark.parametrize("name", ["E/I", "gabaergic", "polarity"])
def test_a_flag_of_an_unclear_name_is_refused(file, name):
    with pytest.raises(ValueError, match=rf"signs in '{name}' are 0, 1.*'inhibitory'"):
        signs_of(file, name, ("1", "0"), columns={"sign": name})


def test_signs_under_the_name_of_a_flag(file):
    assert signs_of(file, "inhibitory", ("-1", "1"), columns={"sign": "inhibitory"}) == (-1, 1)
    assert signs_of(file, "inhibitory", ("inh", "exc"), columns={"sign": "inhibitory"}) == (-1, 1)
    with pytest.raises(ValueError, match="0 next to '-1'"):
        signs_of(file, "inhibitory", ("-1", "0"), columns={"sign": "inhibitory"})
    with pytest.raises(ValueError, match="sign must be .*Call a column of flags 'inhibitory'"):
        signs_of(file, "sign", ("true", "false"))


@pytest.mark.parametrize("name", ["interaction", "kind", "relation", "mode", "syn", "E_or_C"])
@pytest.mark.parametrize("words", [("gap", "chemical"), ("electrical", "chem"), ("E", "C")])
def test_layers_under_any_name_are_asked_for(file, name, words):
    edges = edge("A", "B", weight="2", **{name: words[0]})
    edges += edge("A", "B", weight="3", **{name: words[1]})
    path = file(graph(edges=edges, keys=(("edge", "weight"), ("edge", name))))
    with pytest.raises(ValueError, match=rf"'{name}' may be the layer.*layer='{name}'"):
        from_graphml(path)
    read = from_graphml(path, layer=name)
    np.testing.assert_array_equal(read.gap, [[0, 2], [2, 0]])
    np.testing.assert_array_equal(read.chemical, [[0, 0], [3, 0]])
    text = f"Cell A,Cell B,N,{name}\nA,B,2,{words[0]}\nA,B,3,{words[1]}\n"
    columns = {"pre": "Cell A", "post": "Cell B", "weight": "N"}
    with pytest.raises(ValueError, match=rf"'{name}'.*mean layer.*'layer': '{name}'"):
        from_csv(file(text), columns=columns)
    read = from_csv(file(text), columns=columns | {"layer": name})
    np.testing.assert_array_equal(read.gap, [[0, 2], [2, 0]])


@pytest.mark.parametrize("words", [("inh", "exc"), ("I", "E"), ("-1", "1"), ("-", "+")])
def test_signs_under_any_name_are_asked_for(file, words):
    edges = edge("A", "B", weight="2", effect=words[0]) + edge(
        "B", "A", weight="3", effect=words[1]
    )
    path = file(graph(edges=edges, keys=(("edge", "weight"), ("edge", "effect"))))
    with pytest.raises(ValueError, match="'effect' may be the sign.*sign='effect'"):
        from_graphml(path)
    signs = from_graphml(path, sign="effect").signs
    assert signs is not None
    assert (signs[1, 0], signs[0, 1]) == (-1, 1)
    with pytest.raises(ValueError, match="Did you mean sign"):
        signs_of(file, "effect", words, columns={"weight": "weight"})
    with pytest.raises(ValueError, match="Did you mean sign"):  # with words that are not signs
        signs_of(file, "effect", ("inhibitory", "modulatory"), columns={"weight": "weight"})


def test_words_of_one_meaning_need_no_question(file):
    edges = edge("A", "B", weight="2", interaction="synapse")
    path = file(graph(edges=edges, keys=(("edge", "weight"), ("edge", "interaction"))))
    assert from_graphml(path).source.left_out == "edge attributes not read: interaction"


@pytest.mark.parametrize("name", ["gap", "weight_gap", "gap_junctions", "electrical"])
@pytest.mark.parametrize("value", ["3", "True"])
def test_a_second_layer_in_the_same_line_is_refused(file, name, value):
    with pytest.raises(ValueError, match=rf"'{name}'.*second layer.*ignore="):
        from_csv(file(f"pre,post,weight,{name}\nA,B,2,{value}\n"), columns={"weight": "weight"})
    with pytest.raises(ValueError, match=rf"'{name}'.*second layer.*ignore="):
        from_csv(file(f"pre,post,synapses,{name}\nA,B,2,{value}\n"))
    edges = edge("A", "B", weight="2", **{name: value})
    with pytest.raises(ValueError, match=rf"'{name}'.*second layer.*ignore="):
        from_graphml(file(graph(edges=edges, keys=(("edge", "weight"), ("edge", name)))))


@pytest.mark.parametrize("words", ["EE", "EI", "Ee"])
def test_e_alone_may_be_excitatory(file, words):
    text = f"Source,Target,Weight,Type\nA,B,3,{words[0]}\nB,C,2,{words[1]}\n"
    with pytest.raises(ValueError, match="'E' in 'Type' may mean electrical or excitatory"):
        from_csv(file(text))
    edges = edge("A", "B", weight="3", type=words[0]) + edge("B", "C", weight="2", type=words[1])
    with pytest.raises(ValueError, match="'E' in 'type' may mean electrical or excitatory"):
        from_graphml(file(graph(edges=edges, keys=(("edge", "weight"), ("edge", "type")))))
    read = from_csv(file(text), columns={"sign": "Type"})
    assert read.signs is not None
    assert read.signs[1, 0] == 1
    both = from_csv(file(text.replace(f"2,{words[1]}", "2,C")))
    assert both.gap[0, 1] == 3


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("excitatory", "It is a sign"),
        ("inh", "It is a sign"),
        ("Receive", "repeats one"),
        ("axo-dendritic", "place of contact"),
        ("", "Write one: chemical, gap"),
    ],
)
def test_a_word_that_cannot_be_a_layer_is_not_offered_as_one(file, word, advice):
    with pytest.raises(ValueError, match=f"'{word}' is not a layer.*{advice}") as error:
        from_csv(file(f"pre,post,weight,layer\nA,B,1,{word}\n"))
    assert "extrasynaptic" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("AVAL,AVBL,3\nAVBL,AVAL,2\n", {"pre": "AVAL", "post": "AVBL", "weight": "3"}),
        ("A,B,0.5\nC,D,2\n", {"pre": "A", "post": "B", "weight": "0.5"}),
        ("A,B\nB,A\n", {"pre": "A", "post": "B", "weight": None}),
        ("AVAL,VB01\nAVBL,VB2\n", {"pre": "AVAL", "post": "VB01", "weight": None}),
    ],
)
def test_a_list_without_header_does_not_lose_a_line(file, text, columns):
    with pytest.raises(ValueError, match="has no header: its first line"):
        from_csv(file(text), columns=columns)


@pytest.mark.parametrize("text", ["A;B;1,234\nB;A;12\n", "A;B;12,500\nB;A;1\nC;A;0\n"])
def test_thousands_are_not_decimals(file, text):
    path = file("pre;post;weight\n" + text)
    with pytest.raises(ValueError, match="may separate decimals or thousands"):
        from_csv(path)
    assert from_csv(path, decimal=",").chemical.max() in (12, 12.5)


def test_points_of_thousands_next_to_semicolons(file):
    path = file("pre;post;weight\nA;B;1.234\nB;A;12\n")
    with pytest.raises(ValueError, match="the point in the weight '1.234' may separate"):
        from_csv(path)
    assert from_csv(path, decimal=".").chemical[1, 0] == 1.234
    assert from_csv(file("pre;post;weight\nA;B;1.234\nB;A;0.5\n")).chemical[1, 0] == 1.234


def test_numbers_of_cells_that_lost_digits(file):
    for name in ("7.20576E+17", "7e+17", "7.2e17"):
        with pytest.raises(ValueError, match="has lost digits"):
            from_csv(file(f"pre,post,weight\n{name},A,1\n"))


def test_a_flag_is_in_the_history(file):
    read = from_csv(
        file("pre,post,weight,inhibitory\nA,B,1,yes\nB,A,1,no\n"), columns={"sign": "inhibitory"}
    )
    assert read.history == ("signs: a 1 (yes) in 'inhibitory' inhibits",)


@pytest.mark.parametrize("weight", ["1.234", "1.234,5"])
def test_a_point_next_to_a_decimal_comma_is_refused(file, weight):
    with pytest.raises(ValueError, match=f"weight '{weight}' has a point"):
        from_csv(file(f"pre;post;weight\nA;B;{weight}\nB;A;0,5\n"), decimal=",")


@pytest.mark.parametrize(
    "text",
    [
        "pre,post,weight\n1.0,2,1\n2.0,1,1\n",
        "pre,post,weight\n1.0,2.00,1\n2.0,1.00,1\n",
    ],
)
def test_numbers_as_names(file, text):
    assert from_csv(file(text)).neurons == ("1", "2")
    versions = from_csv(file("pre,post,weight\n1.0,1.1,1\n2.0,1.0,1\n"))
    assert versions.neurons == ("1.0", "1.1", "2.0")  # labels, not numbers


@pytest.mark.parametrize(
    "form", ["'{}'", "\u201c{}\u201d", "{}\u200b", "\ufeff{}", " '{}' ", "\u2060{}"]
)
def test_names_do_not_depend_on_what_the_file_adds(file, form):
    names = [form.format(name) for name in ("AVAL", "AVBL")]
    read = from_csv(file("pre,post,weight\n{},{},1\n".format(*names)))
    assert read.neurons == ("AVAL", "AVBL")
    assert read.species == "C. elegans"
    read = from_graphml(file(graph(edges=edge(*names, weight="1"), keys=(("edge", "weight"),))))
    assert read.neurons == ("AVAL", "AVBL")


def test_separator_stated_for_spreadsheets(file):
    for text in ("sep=;\npre;post;weight\nA;B;2\n", '"sep=;"\r\npre;post;weight\r\nA;B;2\r\n'):
        assert from_csv(file(text)).chemical[1, 0] == 2
    with pytest.raises(ValueError, match="line 3: weight must be a number"):
        from_csv(file("sep=,\npre,post,weight\nA,B,x\n"))


def test_directions_of_gephi_are_no_layers(file):
    path = file("Source,Target,Type,Weight\nA,B,Undirected,2\n")
    np.testing.assert_array_equal(from_csv(path, default_layer="gap").gap, [[0, 2], [2, 0]])


@pytest.mark.parametrize("word", ["no pred", "complex", "unknown", "?"])
def test_signs_that_are_not_known_are_counted(file, word):
    text = f"pre,post,weight,sign\nA,B,1,-1\nB,A,1,{word}\n"
    history = from_csv(file(text)).history
    assert history == (f"signs that are not known: 1 ({word}); they have no effect in a model",)
    keys = (("edge", "weight"), ("edge", "sign"))
    edges = edge("A", "B", weight="1", sign="-1") + edge("B", "A", weight="1", sign=word)
    assert from_graphml(file(graph(edges=edges, keys=keys))).history == history


def test_arrows_and_signs_of_yed(file):
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
    xmlns:y="http://www.yworks.com/xml/graphml"><key for="edge" id="d" yfiles.type="edgegraphics"/>
    <key for="edge" id="w" attr.name="weight"/><graph edgedefault="directed">
    <edge source="A" target="B"><data key="w">2</data><data key="d"><y:PolyLineEdge>
    <y:Arrows source="none" target="standard"/><y:EdgeLabel>-</y:EdgeLabel></y:PolyLineEdge></data>
    </edge></graph></graphml>"""
    with pytest.raises(ValueError, match="may be the sign.*sign='edgegraphics'"):
        from_graphml(file(text))
    signs = from_graphml(file(text), sign="edgegraphics").signs
    assert signs is not None
    assert signs[1, 0] == -1
    for arrows in ('source="standard" target="none"', 'source="delta" target="standard"'):
        turned = text.replace('source="none" target="standard"', arrows)
        with pytest.raises(ValueError, match="edge A to B has an arrow at its source"):
            from_graphml(file(turned), sign="edgegraphics")


def test_names_of_layers_that_read_alike_are_refused(file):
    path = file("pre,post,weight,layer\nA,B,1,wireless\n")
    for names in (("wire-less", "wireless"), ("Slow", "slow ", "slo w")):
        with pytest.raises(ValueError, match="differ by case, blanks and punctuation only"):
            from_csv(path, extrasynaptic=names)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("A,B\nC,A\n", ("A", "B")),
        ("A,B\nB,C\n", ("A", "B")),
        ("1,2\n3,4\n", ("1", "2")),
        ("0,1\n1,2\n2,0\n", ("0", "1")),
    ],
)
def test_columns_that_are_named_but_are_a_connection(tmp_path, text, columns):
    path = tmp_path / "x.csv"
    path.write_text(text)
    pre, post = columns
    with pytest.raises(ValueError, match="has no header: its first line"):
        from_csv(path, columns={"pre": pre, "post": post, "weight": None})
    path.write_text("pre,post\n" + text)
    n_lines = len(text.splitlines())
    read = from_csv(path, columns={"weight": None})
    assert np.count_nonzero(read.chemical) == n_lines


def test_numbered_columns_of_pandas_are_a_header(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("0,1,2\nAVAL,AVAR,3\nAVAR,PLML,2\n")
    read = from_csv(path, columns={"pre": "0", "post": "1", "weight": "2"})
    assert read.neurons == ("AVAL", "AVAR", "PLML")
    assert read.chemical.sum() == 5


def test_a_list_of_two_columns_without_a_header_raises(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("A,B\nC,D\n")
    with pytest.raises(ValueError, match="first line must name the columns .* add it where it is"):
        from_csv(path)


@pytest.mark.parametrize(
    ("header", "near"),
    [
        ("pre,post,weigth", "Did you mean 'weigth': columns={'weight': 'weigth'}"),
        ("pre,post,# of synapses", "Did you mean '# of synapses'"),
        ("sorce,target,weight", "Did you mean 'sorce': columns={'pre': 'sorce'}"),
    ],
)
def test_a_column_of_a_similar_name_is_suggested(file, header, near):
    with pytest.raises(ValueError, match=re.escape(near)):
        from_csv(file(header + "\nA,B,3\n"))
