"""One door for a connectome by name or file, with options in a .toml file."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from isochron import connectome
from isochron.cli import main
from isochron.runs.datasets import (
    content_sha256,
    dataset_inputs,
    open_connectome,
    resolve_dataset,
)
from isochron.runs.simulation_spec import (
    SimulationSpec,
    read_simulation_spec,
    write_simulation_spec,
)
from isochron.sims import save_dataset
from isochron.sims.neuroml import export_neuroml

SMALL = connectome.from_matrices(
    ["AVAL", "AVAR", "PLML", "VB1"],
    np.array([[0, 1, 3, 0], [1, 0, 3, 0], [0, 0, 0, 1], [2, 2, 0, 0]]),
    2 * np.eye(4, dtype=int),
    rows="postsynaptic",
    name="small",
).with_signs(connectome.gaba_inhibitory)


def assert_same(found):
    order = found.index(SMALL.neurons)
    np.testing.assert_array_equal(found.chemical[np.ix_(order, order)], SMALL.chemical)
    assert len(found.source.file_sha256) == len(found.source.content_sha256) == 64


@pytest.mark.parametrize("suffix", ["csv", "CSV", "graphml", "xml", "nc", "tsv"])
def test_the_format_is_told_by_the_suffix(tmp_path, suffix):
    path = tmp_path / f"net.{suffix}"
    if suffix == "nc":
        save_dataset(SMALL.to_xarray(), path)
    elif suffix in ("graphml", "xml"):
        connectome.write_graphml(SMALL, path)
    else:
        connectome.write_csv(SMALL, path)
        text = path.read_text()
        path.write_text(text.replace(",", "\t") if suffix == "tsv" else text)
    assert_same(open_connectome(path))


@pytest.mark.parametrize(
    "changes", [{"species": None}, {"species": "fly"}, {"types": {"AVAL": "motor"}}]
)
def test_the_digest_depends_on_what_a_model_takes(changes):
    def digest(**options):
        chosen: Any = {"species": "C. elegans"} | options
        made = connectome.from_matrices(["AVAL", "x"], np.eye(2), rows="presynaptic", **chosen)
        return content_sha256(made)

    assert digest(**changes) != digest()
    assert digest(species=None) != digest(species="fly")
    assert digest(types={"AVAL": "interneuron"}) == digest()


def test_neuroml(tmp_path):
    made = export_neuroml(SMALL, tmp_path / "net")
    assert_same(open_connectome(made.network))


def test_options_in_a_toml_file(tmp_path, capsys):
    (tmp_path / "net.csv").write_text(
        "Sender;Receiver;n;kind\nAVAL;AVAR;1,5;wireless\nAVAL;PLML;2;EJ\nPLML;AVAL;3;EJ\n"
    )
    described = tmp_path / "net.toml"
    described.write_text(
        'file = "net.csv"\nname = "four"\nunequal_gap = "larger"\nextrasynaptic = ["wireless"]\n'
        'species = "C. elegans"\n[columns]\npre = "Sender"\npost = "Receiver"\nlayer = "kind"\n'
    )
    found = open_connectome(described)
    assert found.name == "four"
    assert found.layer("wireless")[1, 0] == 1.5
    assert found.gap[0, 2] == 3
    assert found.source.file == "net.csv"
    assert main(["connectome", "show", str(described), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gap"]["pairs"] == 1
    described.write_text('file = "net.csv"\ncolums = 1\n')
    with pytest.raises(ValueError, match=r"unknown option 'colums'. Did you mean columns"):
        open_connectome(described)
    described.write_text('file = "net.csv"\ndirected = "no"\n')
    with pytest.raises(ValueError, match="directed must be true or false"):
        open_connectome(described)


def test_matrices_in_a_toml_file(tmp_path):
    np.save(tmp_path / "c.npy", np.array(SMALL.chemical).T * -1)
    (tmp_path / "names.txt").write_text("\n".join(SMALL.neurons) + "\n")
    described = tmp_path / "net.toml"
    text = 'neurons = "names.txt"\nchemical = "c.npy"\nrows = "presynaptic"\n'
    described.write_text(text + 'signs = "from_weights"\n')
    found = open_connectome(described)
    assert_same(found)
    assert found.signs is not None
    assert found.signs.max() <= 0
    described.write_text(text)
    with pytest.raises(ValueError, match="negative weight"):
        open_connectome(described)
    for wrong, message in (
        ('neurons = ["A"]\nchemical = "c.npy"', "matrices need rows"),
        ('chemical = "c.npy"\nrows = "presynaptic"', "need neurons"),
        (text.replace("c.npy", "c.mat"), r"chemical must name a \.npy, \.csv or \.tsv file"),
        (text + 'extrasynaptic = ["x"]', "extrasynaptic.NAME = FILE"),
        (text + 'sign = "x"', "unknown option 'sign'. Did you mean signs"),
    ):
        described.write_text(wrong)
        with pytest.raises(ValueError, match=message):
            open_connectome(described)


def test_labeled_tables_of_matrices(tmp_path):
    """Empty fields are 0, as in published sheets; labels are the names, or must be."""
    SMALL.to_xarray()["chemical"].to_pandas().replace(0, np.nan).to_csv(tmp_path / "c.csv")
    described = tmp_path / "net.toml"
    text = 'chemical = "c.csv"\ngap = "c.csv"\nrows = "postsynaptic"\nunequal_gap = "larger"\n'
    described.write_text(text)
    found = open_connectome(described)
    assert_same(found)
    np.testing.assert_array_equal(found.gap, np.maximum(SMALL.chemical, SMALL.chemical.T))
    described.write_text(text + 'neurons = ["VB1", "AVAL", "AVAR", "PLML"]\n')
    with pytest.raises(ValueError, match="the index of chemical is AVAL.*list neurons"):
        open_connectome(described)


ROWS = 'chemical = "c.csv"\nrows = "postsynaptic"\n'


@pytest.mark.parametrize(
    "table",
    [";NA;B\nNA;0;2\nB;1;\n", "# from NA\n,NA,B\nNA,0,2\nB,1,\n", "x, NA , B\n NA,0,2\nB,1,0\n"],
)
def test_labeled_tables_however_they_are_written(tmp_path, table):
    """NA is a name, not a missing value; an empty field is 0."""
    (tmp_path / "c.csv").write_text(table)
    (tmp_path / "net.toml").write_text(ROWS)
    found = open_connectome(tmp_path / "net.toml")
    assert found.neurons == ("NA", "B")
    np.testing.assert_array_equal(found.chemical, [[0, 2], [1, 0]])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("0,2\n1,0\n", "c.csv has no labels"),
        ("0.5,2,1\n1,0,2\n1,0,2\n", "c.csv has no labels"),
        (",A,B\nA,0,x\nB,1,0\n", "c.csv: 'x' is not a number"),
        (",A,B\nA,0,1\nB,1,0,4,5\n", "c.csv is not a table"),
    ],
)
def test_tables_that_are_no_labeled_matrices(tmp_path, table, message):
    (tmp_path / "c.csv").write_text(table)
    (tmp_path / "net.toml").write_text(ROWS)
    with pytest.raises(ValueError, match=message):
        open_connectome(tmp_path / "net.toml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cook2019", "No data set 'cook2019'.*A file ends in .csv"),
        ("x.csv", "The file .*x.csv does not exist"),
        ("here", "Did you mean the file here.csv"),
        ("folder/x", "not a file of a known format"),
        ("x.mat", "not a file of a known format"),
        ("x.xlsx", "Save the sheet as .csv"),
        ("x.npy", 'chemical = "x.npy", rows = '),
        ("x.npz", "Save each matrix as .npy"),
        ("x.toml", "The file .*x.toml does not exist"),
    ],
)
def test_what_is_not_there_is_refused_with_the_way_out(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.csv").touch()
    with pytest.raises(ValueError, match=message):
        open_connectome(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "not a TOML file"),
        ("a = 1", "must name a file"),
        ('file = "x.xlsx"', "Save the sheet as .csv"),
        ('file = "x.zip"', "format must be one of csv, graphml, neuroml, labeled"),
        ('file = "x.csv"\nformat = "excel"', "Unknown format 'excel'. Available: csv, graphml"),
        ('file = "x.csv"', "The file .* does not exist"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, text, message):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        open_connectome(path)


def test_an_error_names_the_option_and_where_a_command_takes_it(tmp_path, capsys):
    path = tmp_path / "net.csv"
    path.write_text("pre,post,weight,layer\nA,B,1,gap\nB,A,2,gap\n")
    assert main(["connectome", "show", str(path)]) == 3
    error = capsys.readouterr().err
    assert "unequal_gap='larger'" in error
    assert 'net.toml with the lines file = "net.csv" and unequal_gap' in error


def test_paths_and_digests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    connectome.write_csv(SMALL, "net.csv")
    assert resolve_dataset("net.csv") == str(tmp_path / "net.csv")
    assert resolve_dataset("varshney2011") == "varshney2011"
    assert dataset_inputs("varshney2011") == {}
    before = dataset_inputs("net.csv")
    (tmp_path / "net.csv").write_text((tmp_path / "net.csv").read_text().replace(",3,", ",4,"))
    assert dataset_inputs("net.csv") != before
    before = dataset_inputs("net.csv")
    (tmp_path / "net.csv").write_text((tmp_path / "net.csv").read_text().replace(",4,1", ",4,-1"))
    assert dataset_inputs("net.csv") != before


def test_a_run_knows_that_its_file_was_changed(tmp_path):
    path = tmp_path / "net.csv"
    connectome.write_csv(SMALL, path)
    run = write_simulation_spec(SimulationSpec(dataset=str(path)), xr.Dataset())
    spec = read_simulation_spec(run)
    assert spec.connectome().neurons
    path.write_text(path.read_text().replace(",3,", ",4,"))
    with pytest.raises(ValueError, match="has been changed since the run was made"):
        spec.connectome()
    published = write_simulation_spec(SimulationSpec(dataset="varshney2011"), xr.Dataset())
    assert read_simulation_spec(published).dataset_sha256 == ""


@pytest.fixture
def loop(tmp_path):
    """A worm-like file with a sensory and motor neurons and a loop."""
    path = tmp_path / "loop.csv"
    path.write_text(
        "pre,post,weight,layer\nPLML,AVAL,3,chemical\nAVAL,VB1,2,chemical\nVB1,AVAL,1,chemical\n"
        "VB1,PLML,1,chemical\nAVAL,AVAR,2,electrical\n"
    )
    return path


def test_training_on_a_file_and_on_the_file_changed(loop, capsys):
    out = loop.parent / "nets"
    command = ["train", "--network", "connectome", "--dataset", str(loop), "--steps", "1"]
    command += ["--batch-size", "2", "--out", str(out)]
    assert main(command) == 0
    from isochron.ann_bridge import load_net

    net, notes = load_net(out / "nets" / "replicate-0")
    assert net.settings.n_units == 4
    described = notes["provenance"]["dataset"]
    assert described["file"] == "loop.csv"
    assert len(described["file_sha256"]) == 64
    loop.write_text(loop.read_text().replace("PLML,AVAL,3", "PLML,AVAL,4"))
    capsys.readouterr()
    assert main(command) == 2
    assert "a run of a different dataset." in capsys.readouterr().err


def test_a_comparison_of_a_file(loop, tmp_path, capsys):
    out = ["compare", "--dataset", str(loop), "--out", str(tmp_path / "run")]
    assert main([*out, "--print-config"]) == 0
    assert f'dataset = "{loop}"' in capsys.readouterr().out
    assert main(out) == 2  # PLMR is not in the file
    assert "[worm] stimulated: loop has no neuron 'PLMR'" in capsys.readouterr().err
    config = tmp_path / "c.toml"
    config.write_text('[worm]\ndataset = "loop.csv"\nstimulated = ["PLML"]\n')
    assert main(["compare", "--config", str(config), "--print-config"]) == 0
    assert f'dataset = "{loop}"' in capsys.readouterr().out
    from isochron.studies.compare.configuration import CompareConfig, OnsetSection, WormSection
    from isochron.studies.compare.study import check

    touched = CompareConfig(worm=WormSection(stimulated=("PLML",)), substrates=())
    with pytest.raises(ValueError, match="signs of one kind.*leave shuffle-signs out"):
        check(touched.on_dataset(str(loop)))
    rewired = OnsetSection(null_models=("rewire",))
    check(replace(touched, onset=rewired).on_dataset(str(loop)))
    untyped = tmp_path / "untyped.csv"
    untyped.write_text("pre,post,weight\nA,B,1\nB,A,1\n")
    everything = CompareConfig.quick()
    assert {it.dataset for it in everything.on_dataset(str(loop)).substrates} == {None, str(loop)}
    with pytest.raises(ValueError, match="sensory"):
        check(replace(everything, worm=WormSection(stimulated=("A",))).on_dataset(str(untyped)))


def test_the_rhythm_of_a_connectome_without_motor_classes(loop):
    from isochron.studies.compare.worm import readout_neurons

    assert len(readout_neurons(open_connectome("varshney2011"))[0]) > 50
    assert readout_neurons(open_connectome("varshney2011"))[1] == ""
    types = {"AVAR": "motor", "VB1": "motor"}
    typed = connectome.from_csv(loop, species=None, types=types)
    assert readout_neurons(typed) == ([2, 3], "The rhythm is that of all motor neurons.")
    for one in (open_connectome(loop), connectome.from_csv(loop, species=None)):
        indices, note = readout_neurons(one)
        assert indices == [0, 1, 2, 3]
        assert "fewer than two motor neurons are known" in note


def test_the_series_of_a_report_without_motor_classes():
    from isochron.studies.compare.figures import _most_active

    swings = np.array([0.0, 3.0, 1.0, 2.0])
    marks = {"is_motor": ("neuron", [True] * 4)}
    plain = xr.Dataset(marks, {"neuron": ["a", "b", "c", "d"]})
    assert _most_active(plain, swings) == [1, 3, 2, 0]
    worm = xr.Dataset(marks, {"neuron": ["DB1", "VB1", "AVAL", "VB2"]})
    assert _most_active(worm, swings) == [1, 0]


def test_attractors_of_a_file(loop, capsys):
    assert main(["attractors", "--dataset", str(loop), "--starts", "10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dataset"] == "loop"


def test_a_worm_without_the_stimulated_neurons_says_where_to_name_others(tmp_path):
    from isochron.studies.compare.configuration import WormSection
    from isochron.studies.compare.worm import check_worm

    (tmp_path / "sg.csv").write_text("pre,post,weight\nAVAL,AVBL,1\n")
    with pytest.raises(ValueError, match=r"no neuron 'PLML'.*section \[worm\] of a file for --co"):
        check_worm(WormSection(dataset=str(tmp_path / "sg.csv")))
