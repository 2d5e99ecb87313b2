"""The tables that people have: separators, headers, decimals, directions, duplicates."""

from typing import Any

import numpy as np
import pytest

from isochron.connectome import from_csv

ONE = [[0, 0], [1, 0]]  # A to B with weight 1


@pytest.mark.parametrize(
    "text",
    [
        "pre,post,weight\nA,B,1\n",
        "pre;post;weight\nA;B;1\n",
        "pre\tpost\tweight\nA\tB\t1\n",
        "pre|post|weight\nA|B|1\n",
        "pre post weight\nA B 1\n",
        "pre   post\tweight\nA  B\t 1\n",
        "Pre,Post,Weight\nA,B,1\n",
        "pre, post, weight\nA, B, 1\n",
        ",pre,post,weight\n0,A,B,1\n",  # index of pandas
        "Unnamed: 0,pre,post,weight\n7,A,B,1\n",
        '"","pre","post","weight"\n"1","A","B",1\n',  # R, write.csv
        "pre\tpost\tweight\n1\tA\tB\t1\n",  # R, write.table
        '"pre","post","weight"\n"A","B","1.0"\n',
        "pre,post,weight,,\nA,B,1,,\n,,,,\n",  # of a spreadsheet
        "\n\npre,post,weight\n\nA,B,1\n\n",
        "pre,post,weight\rA,B,1\r",
        b"\xef\xbb\xbfpre;post;weight\r\nA;B;1\r\n",
        "pre\tpost\tweight\r\nA\tB\t1\r\n".encode("utf-16"),  # "Unicode text"
        "# a list\n# of connections, from here to there\npre,post,weight\nA,B,1\n",
        "#source neuron, target neuron, weight\nA, B, 1\n",
        "weight,post,pre\n1,B,A\n",
        "Source,Target,Weight\nA,B,1\n",
        "Source,Target,Type,Id,Label,timeset,Weight\nA,B,Directed,0,,,1\n",  # Gephi
        "Source;Target;Weight;Type\nA;B;1;chemical\n",
        "from\tto\tsynapses\nA\tB\t1\n",
        "pre_root_id,post_root_id,syn_count\nA,B,1\n",
        "bodyId_pre,bodyId_post,weight\nA,B,1\n",
        "Origin,Target,Type,Number of Connections\nA,B,Send,1\n",
        "Neuron 1,Neuron 2,Type,Nbr\nA,B,S,1\nB,A,R,1\n",
        "presynaptic neuron|postsynaptic neuron|# synapses\nA|B|1\n",
    ],
)
def test_one_connection_however_it_is_written(file, text):
    connectome = from_csv(file(text))
    assert connectome.neurons == ("A", "B") or connectome.neurons == ("B", "A")
    order = connectome.index(["A", "B"])
    np.testing.assert_array_equal(connectome.chemical[np.ix_(order, order)], ONE)
    assert connectome.chemical.dtype == np.int32
    assert connectome.signs is None
    assert not connectome.gap.any()


def test_columns_of_other_names(file):
    text = "Absender,Ziel,Anzahl,Notiz\nA,B,1,x\n"
    columns = {"pre": "Absender", "post": "ziel", "weight": "Anzahl"}
    connectome = from_csv(file(text), columns=columns)
    np.testing.assert_array_equal(connectome.chemical, ONE)
    assert connectome.source.left_out == "columns not read: Notiz"
    with pytest.raises(ValueError, match=r"does not have the column 'Senders'.*It has: Absender"):
        from_csv(file(text), columns=columns | {"pre": "Senders"})
    with pytest.raises(ValueError, match=r"Unknown column 'wieght' to name. Did you mean weight"):
        from_csv(file(text), columns=columns | {"wieght": "Anzahl"})
    with pytest.raises(
        ValueError, match=r"not have the column 'pre'; it has Absender.*columns=\{'pre'"
    ):
        from_csv(file(text))


def test_a_column_is_never_dropped_without_a_word(file):
    """A sign under a name that is not known would make every connection excite."""
    for header, meant in (("sgn", "sign"), ("inhibitory", "sign"), ("layers", "layer")):
        text = f"pre,post,weight,{header}\nA,B,1,-1\n"
        with pytest.raises(ValueError, match=rf"unknown column '{header}'.*mean {meant}"):
            from_csv(file(text))
        with pytest.raises(ValueError, match="unknown column"):  # also if the caller names others
            from_csv(file(text), columns={"pre": "pre"})
        read = from_csv(file(text), ignore=(header,))
        assert read.source.left_out == f"columns not read: {header}"
    with pytest.raises(ValueError, match=r"not have the column 'x' to ignore"):
        from_csv(file(text), ignore=("x",))


def test_columns_that_may_each_be_the_weight_are_refused(file):
    text = "pre,post,synapses,count\nA,B,1,2\n"
    with pytest.raises(ValueError, match="'synapses' and 'count' may each be the weight"):
        from_csv(file(text))
    read = from_csv(file(text), columns={"weight": "count"})
    assert read.chemical[1, 0] == 2
    with pytest.raises(ValueError, match="has two columns 'weight'"):
        from_csv(file("pre,post,weight,weight\nA,B,1,2\n"))


def test_a_list_without_weights_is_said_to_be_one(file):
    text = "pre,post\nA,B\n"
    with pytest.raises(
        ValueError, match=r"not have the column 'weight'.*columns=\{'weight': None\}"
    ):
        from_csv(file(text))
    read = from_csv(file(text), columns={"weight": None})
    np.testing.assert_array_equal(read.chemical, ONE)
    assert "weight 1" in read.history[0]


@pytest.mark.parametrize(
    ("text", "options", "weight"),
    [
        ("pre;post;weight\nA;B;1,5\n", {}, 1.5),
        ("pre;post;weight\nA;B;2\nB;A;0,25\n", {}, 2),
        ("pre;post;weight\nA;B;1,250\n", {}, 1.25),
        ("pre\tpost\tweight\nA\tB\t1,5\n", {}, 1.5),
        ("pre\tpost\tweight\nA\tB\t1,500\n", {"decimal": ","}, 1.5),
        ('pre,post,weight\nA,B,"1,5"\n', {"decimal": ","}, 1.5),
        ("pre,post,weight\nA,B,1e2\n", {}, 100),
        ("pre,post,weight\nA,B,+3\n", {}, 3),
        ("pre/post/weight\nA/B/4\n", {"separator": "/"}, 4),
        ("pre\tpost\tweight\nA\tB\t4\n", {"separator": "tab"}, 4),
    ],
)
def test_decimals_and_separators(file, text, options, weight):
    assert from_csv(file(text), **options).chemical[1, 0] == weight


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("pre\tpost\tweight\nA\tB\t1,500\n", {}, "may separate decimals or thousands"),
        ("pre;post;weight\nA;B;1,5\nB;A;1.5\n", {}, "'1,5' next to '1.5'"),
        ('pre,post,weight\nA,B,"1,500"\n', {}, "line 2: weight must be a number, got '1,500'"),
        ("pre,post,weight\nA,B,1_0\n", {}, "line 2: weight must be a number"),
        ("pre,post,weight\nA,B,\n", {}, "line 2: weight is empty"),
        ("pre,post,weight\nA,B,n/a\n", {}, "line 2: weight must be a number, got 'n/a'"),
        ("pre,post,weight\nA,B,1\n", {"separator": "::"}, "separator must be one character"),
        ("pre,post,weight\nA,B,1\n", {"decimal": "x"}, "decimal must be"),
        ("pre,post,weight\nA,B,1\n", {"signs": "x"}, "signs must be 'from_weights'"),
        ("pre,post,weight\nA,B,1\n", {"duplicates": "x"}, "duplicates must be 'error' or 'sum'"),
        ("pre,post,weight\nA,B,1\n", {"unequal_gap": "x"}, "unequal_gap must be one of"),
        ("x,pre,post,weight\n\n", {}, "not have a line below its header"),
        ("A B 1\nB C 2\n", {}, "not have the column 'pre'; it has A"),
        (",A,B\nA,0,1\nB,1,0\n", {}, "For a matrix: connectome.from_matrices"),
        ("pre,post,,weight\nA,B,x,1\n", {}, "name of column 3 is missing"),
        ("pre,post,weight,transmitter\nA,B,1,GABA\n", {}, "a transmitter is neither"),
        ("pre,post,transmitter\nA,B,GABA\n", {"columns": {"weight": None}}, "state signs"),
    ],
)
def test_what_cannot_be_read_is_refused(file, text, options, message):
    with pytest.raises(ValueError, match=message):
        from_csv(file(text), **options)


def test_a_quoted_field_may_contain_anything(file):
    read = from_csv(file('pre,post,weight\n"A, left","B\n""2""",1\n"C",A,2\n'))
    assert read.neurons == ("A, left", 'B\n"2"', "C", "A")


def test_repeated_connections(file):
    """Parts of a connection, by neuropil or by section, add up if the caller asks for it."""
    path = file("pre,post,weight\nA,B,1\nA,B,2\nB,A,4\n")
    with pytest.raises(ValueError, match=r"line 3: .*A to B is listed twice.*duplicates='sum'"):
        from_csv(path)
    read = from_csv(path, duplicates="sum")
    np.testing.assert_array_equal(read.chemical, [[0, 4], [3, 0]])
    assert read.history == ("1 repeated connection added up",)
    gap = from_csv(
        file("pre,post,weight,layer\nA,B,1,gap\nA,B,2,gap\nB,A,3,gap\n"), duplicates="sum"
    ).gap
    np.testing.assert_array_equal(gap, [[0, 3], [3, 0]])
    signs = file("pre,post,weight,sign\nA,B,1,1\nA,B,2,-1\n")
    with pytest.raises(ValueError, match="A to B differ in sign"):
        from_csv(signs, duplicates="sum")


def test_unequal_gap_junctions(file):
    """I2L and M1 of the tables of 1986 and of c302's pharynx."""
    path = file("pre,post,weight,layer\nI2L,M1,1,gap\nM1,I2L,2,gap\nM1,MI,3,gap\n")
    with pytest.raises(ValueError, match=r"I2L and M1 has weight 1.*2 the other way.*unequal_gap="):
        from_csv(path)
    rule: Any
    for rule, weight in (("larger", 2), ("mean", 1.5)):
        read = from_csv(path, unequal_gap=rule)
        np.testing.assert_array_equal(read.gap, [[0, weight, 0], [weight, 0, 3], [0, 3, 0]])
        assert read.history == (f"unequal gap junctions take the {rule} weight (1)",)


def test_undirected_tables(file):
    text = "pre,post,weight\nA,B,2\nB,C,3\nC,C,1\n"
    read = from_csv(file(text), directed=False)
    np.testing.assert_array_equal(read.chemical, [[0, 2, 0], [2, 0, 3], [0, 3, 1]])
    assert read.history == ("undirected connections count in both directions",)
    both = from_csv(file(text + "B,A,2\n"), directed=False)
    np.testing.assert_array_equal(both.chemical, read.chemical)
    with pytest.raises(ValueError, match=r"line 5: the undirected .* with weights 2 and 5"):
        from_csv(file(text + "B,A,5\n"), directed=False)
    mixed = "Source,Target,Type,Weight\nA,B,Directed,2\nB,C,Undirected,3\n"
    np.testing.assert_array_equal(from_csv(file(mixed)).chemical, [[0, 0, 0], [2, 0, 3], [0, 3, 0]])


def test_signs_in_words_and_numbers(file):
    words = {1: ["1", "1.0", "+1", "+", "exc", "Excitatory", "E"], -1: ["-1.0", "-", "inh", "−1"]}
    words[0] = ["0", "", "none", "?", "nan"]
    for sign, given in words.items():
        for word in given:
            read = from_csv(file(f"pre,post,weight,sign\nA,B,1,{word}\nB,A,1,1\n"))
            assert read.signs is not None
            assert read.signs[1, 0] == sign, word
            assert read.signs[0, 1] == 1
    some = from_csv(file("pre,post,weight,sign\nA,B,1,-1\nB,A,1,\nA,A,1,0\n"))
    assert some.history == ("1 chemical connection without a sign has no effect in a model",)
    for word in ("2", "0.5", "excitatroy", "true"):
        with pytest.raises(ValueError, match=rf"line 2: sign must be .*got '{word}'"):
            from_csv(file(f"pre,post,weight,sign\nA,B,1,{word}\n"))


def test_signs_that_are_all_zero_are_signs(file):
    read = from_csv(file("pre,post,weight,sign\nA,B,1,0\nB,A,1,0\n"))
    assert read.signs is not None
    assert not read.signs.any()
    assert from_csv(file("pre,post,weight,sign\nA,B,1,\nB,A,1,\n")).signs is None


def test_signed_weights(file):
    path = file("pre,post,weight\nA,B,-2\nB,A,3.5\n")
    with pytest.raises(ValueError, match=r"line 2: .*got -2. signs='from_weights' makes"):
        from_csv(path)
    read = from_csv(path, signs="from_weights")
    np.testing.assert_array_equal(read.chemical, [[0, 3.5], [2, 0]])
    np.testing.assert_array_equal(read.signs, [[0, 1], [-1, 0]])
    gap = file("pre,post,weight,layer\nA,B,-2,gap\n")
    with pytest.raises(ValueError, match="must be finite and not negative"):
        from_csv(gap, signs="from_weights")
    both = file("pre,post,weight,sign\nA,B,-2,1\n")
    with pytest.raises(ValueError, match="has signs in column 'sign'"):
        from_csv(both, signs="from_weights")


def test_a_weight_of_zero_is_no_connection(file):
    read = from_csv(file("pre,post,weight,sign\nA,B,0,-1\nB,C,2,1\n"))
    assert read.neurons == ("A", "B", "C")
    assert read.signs is not None
    assert np.count_nonzero(read.chemical) == np.count_nonzero(read.signs) == 1


def test_large_weights_do_not_overflow(file):
    assert from_csv(file("pre,post,weight\nA,B,3000000000\n")).chemical[1, 0] == 3_000_000_000


def test_both_sides_of_white_and_others(file):
    """NeuronConnect lists a synapse twice, sent (S, Sp) and received (R, Rp)."""
    text = (
        "Neuron 1,Neuron 2,Type,Nbr\nAVAL,DB2,S,2\nAVAL,DB2,Sp,1\nDB2,AVAL,R,2\nDB2,AVAL,Rp,1\n"
        "AVAL,AVAR,EJ,5\nAVAR,AVAL,EJ,5\nDB2,NMJ,NMJ,4\n"
    )
    read = from_csv(file(text))
    assert read.neurons == ("AVAL", "DB2", "AVAR")
    np.testing.assert_array_equal(read.chemical, [[0, 0, 0], [3, 0, 0], [0, 0, 0]])
    assert read.gap[0, 2] == read.gap[2, 0] == 5
    assert read.muscles == ("NMJ",)
    assert read.neuromuscular[0, 1] == 4
    with pytest.raises(ValueError, match=r"line 9: AVAR receives \(R\) from DB2, but no line"):
        from_csv(file(text + "AVAR,DB2,R,1\n"))


def test_a_list_of_one_layer(file):
    text = "Source,Target,Weight\npm1,M1,2\nM1,pm1,2\nM1,I1L,3\nI1L,M1,3\n"
    read = from_csv(file(text), default_layer="electrical", species="C. elegans")
    assert read.gap[read.index(["M1"])[0], read.index(["I1L"])[0]] == 3
    assert not read.chemical.any()
    with pytest.raises(ValueError, match="default_layer: 'electrcal' is not a layer. Did you mean"):
        from_csv(file(text), default_layer="electrcal")
    with pytest.raises(ValueError, match="states its layers in 'type'"):
        from_csv(file("pre,post,weight,type\nA,B,1,gap\n"), default_layer="gap")


def test_signs_of_undirected_connections(file):
    read = from_csv(file("pre,post,weight,sign\nA,B,2,-1\nB,C,3,1\n"), directed=False)
    np.testing.assert_array_equal(read.signs, [[0, -1, 0], [-1, 0, 1], [0, 1, 0]])
    both = file("pre,post,weight,sign\nA,B,2,-1\nB,A,2,1\n")
    with pytest.raises(ValueError, match=r"line 3: the undirected .* or with two signs"):
        from_csv(both, directed=False)
