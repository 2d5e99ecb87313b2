"""isochron attractors, from the command line in."""

import json

import numpy as np
import pytest

from isochron import connectome
from isochron.analysis.sign_networks import TIE_RULES, count_attractors, enumerate_attractors
from isochron.cli import main
from isochron.cli.attractors import SearchSettings
from isochron.runs.sign_couplings import connectome_couplings, which_signs
from isochron.settings import choices_of


@pytest.fixture
def matrix(tmp_path):
    J = np.random.default_rng(0).integers(-1, 2, (9, 9))
    np.fill_diagonal(J, 0)
    np.save(tmp_path / "J.npy", J)
    np.save(tmp_path / "theta.npy", np.arange(9) / 4)
    return tmp_path, J


def test_the_rules_of_the_option_are_those_of_the_analysis():
    tie = SearchSettings.__dataclass_fields__["tie"]
    assert choices_of(tie) == TIE_RULES


def output(capsys, *arguments):
    assert main(["attractors", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_matrix(matrix, capsys):
    folder, J = matrix
    result = output(
        capsys, folder / "J.npy", "--theta", folder / "theta.npy", "--tie", "keep"
    )  # fmt: skip
    truth = enumerate_attractors(J, np.arange(9) / 4, "keep")
    assert list(result) == [
        "n", "tie_rule", "n_attractors", "cycles_by_length", "attractors", "seconds",
        "states_per_second",
    ]  # fmt: skip
    assert (result["n"], result["tie_rule"]) == (9, "keep")
    assert result["n_attractors"] == truth.n_attractors
    assert {int(k): v for k, v in result["cycles_by_length"].items()} == truth.cycles_by_length
    first = truth.attractors[0]
    assert result["attractors"][0] == {
        "length": first.length,
        "basin": first.basin,
        "representative": first.representative,
        "max_transient": first.max_transient,
    }


def test_a_sampled_matrix(matrix, capsys):
    result = output(capsys, matrix[0] / "J.npy", "--starts", 50)
    assert sum(result["starts_by_length"].values()) == 50


def test_an_ensemble(capsys):
    result = output(
        capsys, "--random", 8, "--symmetry", 0.5, "--networks", 20, "--seed", 4
    )  # fmt: skip
    truth = count_attractors(8, 0.5, 20, np.random.default_rng(4))
    assert result["mean_total"] == {"mean": truth.total[0], "se": truth.total[1]}
    assert result["mean_by_length"]["1"]["mean"] == truth.of_length(1)[0]


def test_a_connectome(capsys):
    result = output(
        capsys, "--dataset", "varshney2011", "--layers", "chemical", "--starts", 50, "--nulls", 1
    )
    assert result["dataset"] == "varshney2011"
    assert len(result["nulls"]) == 1
    assert result["null_model"] == "rewire"


@pytest.mark.long
def test_every_null_model_of_the_registry(capsys):
    """The connectome itself is sampled alike; only what is compared with it differs."""
    words = ("--dataset", "varshney2011", "--layers", "chemical", "--starts", 5, "--nulls", 1)
    found = {
        model: output(capsys, *words, "--null-model", model) for model in ("rewire", "erdos-renyi")
    }
    assert found["rewire"]["sampled"] == found["erdos-renyi"]["sampled"]
    degrees = {model: each["nulls"][0]["symmetry_degree"] for model, each in found.items()}
    assert degrees["rewire"] != degrees["erdos-renyi"]


@pytest.mark.long
def test_a_null_model_of_the_signs_is_not_undone_by_the_sign_rule(capsys):
    """The rule that signs the connectome is applied before its signs are permuted."""
    words = ("--dataset", "varshney2011", "--layers", "chemical", "--starts", 5, "--nulls", 1)
    words += ("--null-model", "shuffle-signs")
    found = output(capsys, *words, "--signs", "gaba")
    assert found["nulls"][0]["symmetry_degree"] != found["symmetry_degree"]
    assert output(capsys, *words)["nulls"] == found["nulls"]
    assert main(["attractors", *map(str, words), "--signs", "none"]) == 2
    assert "choose gaba or own, not none" in capsys.readouterr().err


def signed_file(folder):
    """A ring of three animals' neurons, B inhibitory, with a connection without a sign."""
    path = folder / "ring.csv"
    rows = ["A,B,1,chemical,1", "B,C,2,chemical,-1", "C,A,1,chemical,1", "C,B,4,chemical,0"]
    path.write_text("pre,post,weight,layer,sign\n" + "\n".join(rows) + "\n")
    return path


def test_the_signs_of_a_file_are_used(tmp_path, capsys):
    """Asked for nothing else, a connectome with signs is taken with them."""
    path = signed_file(tmp_path)
    graph = connectome.from_csv(path)
    couplings = [[0, 0, 1], [1, 0, 0], [0, -2, 0]]
    assert connectome_couplings(graph, ["chemical"]).tolist() == couplings
    positive = np.abs(couplings)
    positive[1, 2] = 4
    assert connectome_couplings(graph, ["chemical"], "none").tolist() == positive.tolist()
    options = ("--dataset", path, "--starts", 20, "--seed", 1)
    result = output(capsys, *options)
    assert (result["signs"], result["n_inhibitory"]) == ("own", 1)
    assert output(capsys, *options, "--signs", "none")["n_inhibitory"] == 0


def test_signs_that_a_connectome_does_not_have():
    worm = connectome.load("varshney2011")
    assert which_signs(worm, None) == "gaba"
    with pytest.raises(ValueError, match="varshney2011 does not have signs"):
        connectome_couplings(worm, ["gap"], "own")
    silent = worm.with_signs(connectome.SignTable())
    assert not connectome_couplings(silent, ["chemical"]).any()


def test_text(matrix, capsys):
    assert main(["attractors", str(matrix[0] / "J.npy")]) == 0
    assert "tie rule: plus" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give one of J.npy, --random and --dataset"),
        (["--random", "5", "--dataset", "varshney2011"], "Give one of"),
        (["--random", "5", "--theta", "x.npy"], "--theta goes with J.npy"),
        (["--random", "40"], "n must be from 1 to 30, got 40"),
        (
            ["--random", "5", "--networks", "1" + 20 * "0"],
            "n_networks must be a whole number from 2",
        ),
        (["--random", "5", "--networks", "0"], "n_networks must be a whole number from 2"),
        (["--random", "5", "--starts", "9"], "--starts does not apply: random networks"),
        (["--random", "5", "--nulls", "2"], "--nulls goes with --dataset, not with --random"),
        (["--random", "5", "--signs", "gaba"], "--signs goes with --dataset"),
        (["--dataset", "varshney2011", "--networks", "3"], "--networks goes with --random"),
        (["--dataset", "varshney2011", "--threads", "1"], "--threads goes with an enumeration"),
        (["--random", "5", "--symmetry", "2"], "between -1"),
        (["--random", "5", "--seed", "-1"], "to 2**63 - 1, got -1"),
        (["--dataset", "cook1999"], "cook1999"),
        (["--dataset", "varshney2011", "--nulls", "-1"], "must be at least 0, got -1"),
        (["--dataset", "varshney2011", "--null-model", "rewired"], "Did you mean rewire"),
        (["--dataset", "varshney2011", "--layers", "peptide"], "No layer 'peptide'"),
        (
            ["--dataset", "varshney2011", "--tie", "coin"],
            "not one of 'plus', 'minus', 'keep', 'flip'",
        ),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    assert main(["attractors", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_no_array(tmp_path, capsys):
    bad = tmp_path / "bad.npy"
    for content in (b"", b"hello", b"\x93NUMPY"):
        bad.write_bytes(content)
        assert main(["attractors", str(bad)]) == 3
        assert "is not a .npy file" in capsys.readouterr().err
    np.save(bad, np.array([{"a": 1}], dtype=object))
    assert main(["attractors", str(bad)]) == 3
    assert "is not a .npy file" in capsys.readouterr().err
    np.savez(tmp_path / "two.npz", a=1, b=2)
    assert main(["attractors", str(tmp_path / "two.npz")]) == 3
    assert "several arrays" in capsys.readouterr().err
    assert main(["attractors", str(tmp_path / "none.npy")]) == 3
    assert "does not exist" in capsys.readouterr().err
    np.save(bad, [[0.0, np.nan], [1.0, 0.0]])
    assert main(["attractors", str(bad)]) == 3
    assert "not all finite" in capsys.readouterr().err


def test_a_matrix_too_large_to_enumerate(tmp_path, capsys):
    np.save(tmp_path / "J.npy", np.zeros((31, 31)))
    assert main(["attractors", str(tmp_path / "J.npy")]) == 2
    assert "--starts" in capsys.readouterr().err


def test_words_for_layers_and_signs(tmp_path, capsys):
    table = tmp_path / "x.csv"
    table.write_text("pre,post,layer,weight\na,b,chemical,1\nb,c,chemical,1\na,c,gap,2\n")
    options = ["--dataset", table, "--starts", 5]
    one = output(capsys, *options, "--layers", "synapses,electrical", "--signs", "NONE")
    assert one == output(capsys, *options, "--layers", "chemical,gap", "--signs", "none")
