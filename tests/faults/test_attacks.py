"""Files and names that try to read, reach or execute something; the canary stays untouched."""

import ast
import importlib.util
import io
import os
import re
import socket
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from isochron import connectome, sims
from isochron.cli import main
from isochron.files import DataFileError
from isochron.runs.datasets import open_connectome
from isochron.runs.sweep.store import Store
from isochron.sims.neuroml.processes import SimulatorError

NEUROML = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="x"'
NETWORK = '<network id="n"><population id="A" component="c" size="1"/></network>'


class Server:
    """Counts who connects."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/x"

    def is_untouched(self):
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def server():
    made = Server()
    with made.socket:
        yield made


def test_the_server_of_these_tests_sees_a_request(server):
    with socket.create_connection(server.socket.getsockname()):
        assert not server.is_untouched()
    assert server.is_untouched()


REQUESTS = {
    "external entity": '<!DOCTYPE a [<!ENTITY e SYSTEM "{url}">]>{head}>&e;</{tag}>',
    "external DTD": '<!DOCTYPE a SYSTEM "{url}">{head}>{body}</{tag}>',
    "public DTD": '<!DOCTYPE a PUBLIC "-//a//b" "{url}">{head}>{body}</{tag}>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}"> %p;]>{head}>{body}</{tag}>',
    "schema": '{head} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'i:schemaLocation="http://www.neuroml.org/schema/neuroml2 {url}">{body}</{tag}>',
    "style sheet": '<?xml-stylesheet type="text/xsl" href="{url}"?>{head}>{body}</{tag}>',
    "include": '{head}><include href="{url}"/></{tag}>',
    "include of XML": '{head} xmlns:xi="http://www.w3.org/2001/XInclude">'
    '<xi:include href="{url}"/>{body}</{tag}>',
}


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("suffix", ["nml", "graphml"])
def test_no_file_makes_a_request(tmp_path, server, kind, suffix, capsys):
    head, tag, body = (
        (NEUROML, "neuroml", NETWORK) if suffix == "nml"
        else ('<graphml xmlns="http://graphml.graphdrawing.org/xmlns"', "graphml", "<graph/>")
    )  # fmt: skip
    text = REQUESTS[kind].format(url=server.url, head=head, tag=tag, body=body)
    path = tmp_path / f"x.{suffix}"
    path.write_text(text)
    code = main(["connectome", "show", str(path)])
    assert code in (0, 3), capsys.readouterr().err
    if "<!" in text:
        assert code == 3
        assert "is not allowed" in capsys.readouterr().err
    assert server.is_untouched()


def test_what_is_included_makes_no_request(tmp_path, server):
    text = f'<!DOCTYPE a SYSTEM "{server.url}">{NEUROML}>{NETWORK}</neuroml>'
    (tmp_path / "inner.nml").write_text(text)
    (tmp_path / "x.nml").write_text(f'{NEUROML}><include href="inner.nml"/></neuroml>')
    with pytest.raises(DataFileError, match="inner.nml contains <!DOCTYPE"):
        open_connectome(str(tmp_path / "x.nml"))
    assert server.is_untouched()


# Names

HOSTILE = (
    "$(touch canary)", "`touch canary`", "; touch canary;", "| touch canary", "&& touch canary",
    "'; touch canary; '", '"; touch canary; "', "x\ntouch canary\n", "-rf", "--out=canary", "~",
    "*", "%s%n", "é\u202ex",
)  # fmt: skip
TABLE = "pre,post,weight,sign\nA,B,1,1\nB,A,2,-1\n"


def names_in(folder):
    return {item.name for item in folder.iterdir()}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_file(tmp_path, monkeypatch, name, capfd):
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.csv").write_text(TABLE)
    assert main(["connectome", "show", "--", f"{name}.csv"]) == 0
    assert main(["export-neuroml", "--out", f"./{name}.d", "--", f"{name}.csv"]) == 0
    assert names_in(tmp_path) == {f"{name}.csv", f"{name}.d"}
    for written in (tmp_path / f"{name}.d").iterdir():
        assert written.name.replace("_", "").replace(".", "").isalnum()
    printed = capfd.readouterr().out
    if "touch" in name:
        assert "'" in printed.rpartition("Run it: pynml ")[2]


@pytest.mark.parametrize(
    ("name", "suffix"), [*((name, "nc") for name in HOSTILE), *((n, "zarr") for n in HOSTILE[7:9])]
)
def test_the_name_of_an_output(tmp_path, monkeypatch, name, suffix):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(TABLE)
    out = f"{name}.{suffix}"
    assert main(["simulate", "--dataset", "a.csv", "--duration", "0.01", f"--out={out}"]) == 0
    assert names_in(tmp_path) == {"a.csv", out}
    assert sims.load_dataset(tmp_path / out).sizes["neuron"] == 2


@pytest.fixture
def simulator(tmp_path, monkeypatch):
    """A program in the place of Java: it writes its arguments and the files of its folder."""
    if importlib.util.find_spec("pyneuroml") is None:
        pytest.skip("pyneuroml is not installed")
    folder = tmp_path / "bin"
    folder.mkdir()
    seen = tmp_path / "seen"
    (folder / "java").write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(seen)!r}, 'w').write('\\n'.join([*sys.argv[1:], *os.listdir('.')]))\n"
    )
    (folder / "java").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return seen


@pytest.mark.parametrize("name", HOSTILE[:8])
@pytest.mark.parametrize("engine", ["jneuroml", "neuron"])
def test_names_do_not_reach_a_simulator(tmp_path, monkeypatch, name, engine, simulator):
    """Neither that of the file nor that of a neuron is an argument or a file of the program."""
    if engine == "neuron" and importlib.util.find_spec("neuron") is None:
        pytest.skip("NEURON is not installed")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    graph = connectome.from_matrices([name, "B"], [[0, 1], [1, 0]], rows="postsynaptic",
                                     signs=[[0, 1], [1, 0]], name=name)  # fmt: skip
    network = sims.GradedNetwork(graph)
    with pytest.raises(SimulatorError, match="jNeuroML failed"):
        sims.simulate(
            network, sims.step_current([graph.neurons[0]], amplitude_pA=1), duration_s=0.01,
            engine=engine, rng=np.random.default_rng(0),
        )  # fmt: skip
    seen = simulator.read_text().splitlines()
    assert [argument for argument in seen if "model" in argument]
    assert not [argument for argument in seen if "canary" in argument]
    assert names_in(work) == set()


# Archives and paths


def store_with(tmp_path, write):
    """A store whose file of one batch is written by a function of a buffer."""
    content = io.BytesIO()
    write(content)
    path = tmp_path / "S" / "batches" / "ab" / "ab.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.getvalue())
    return Store(tmp_path / "S")


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    def write(buffer):
        np.savez_compressed(buffer, x=np.zeros(4_000_000))

    store = store_with(tmp_path, write)
    assert (tmp_path / "S" / "batches" / "ab" / "ab.npz").stat().st_size < 10**5
    monkeypatch.setattr(zipfile.ZipExtFile, "read", None)
    assert store.read("ab") is None


def test_paths_in_an_archive_are_not_followed(tmp_path):
    def write(buffer):
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in ("../canary.npy", "/canary.npy", "x/../../canary.npy"):
                array = io.BytesIO()
                np.save(array, np.zeros(3))
                archive.writestr(name, array.getvalue())

    store = store_with(tmp_path, write)
    before = sorted(tmp_path.rglob("*"))
    assert store.read("ab") is None
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "V/../../secret"])
def test_paths_in_a_seal_are_not_followed(tmp_path, name):
    import json

    import xarray as xr

    path = tmp_path / "x.zarr"
    sims.save_dataset(xr.Dataset({"V": ("time", np.ones(3))}), path)
    (tmp_path / "secret").write_text("x")
    seal = json.loads((path / "seal" / "zarr.json").read_text())
    seal["attributes"]["sha256"][name] = "0" * 64
    (path / "seal" / "zarr.json").write_text(json.dumps(seal))
    with pytest.raises(DataFileError, match=r"x\.zarr lacks"):
        sims.load_dataset(path)


# Code

CODE = ("9**9**9", "__import__('os').system('touch canary')", "1+1", "(" * 3000, "lambda: 0",
        "1e5 if 1 else 2", "x" * 10_000)  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_text_in_the_place_of_a_number_is_not_computed(tmp_path, monkeypatch, capsys, text):
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text(f'[worm]\ncurrent_pA = "{text}"\n')
    Path("g.toml").write_text(f'experiment = "simulate"\n[axes]\nduration_s = ["{text}"]\n')
    Path("i.csv").write_text(f'time_ms,PLML\n0,"{text}"\n1,2\n')
    for code, arguments in (
        (2, ["simulate", "--stimulate", f"PLM={text}", "--duration", "0.01"]),
        (2, ["simulate", "--duration", text]),
        (2, ["compare", "--config", "c.toml", "--out", "run"]),
        (2, ["sweep", "g.toml", "--out", "S", "--dry-run"]),
        (3, ["simulate", "--stimulus", "i.csv", "--duration", "0.01"]),
    ):
        assert main(arguments) == code, arguments
        errors = capsys.readouterr().err
        assert errors.count("isochron: ") == 1
        assert len(errors) < 2000 + 2 * len(text)
        assert "Traceback" not in errors
    assert names_in(tmp_path) == {"c.toml", "g.toml", "i.csv"}


FORBIDDEN = {
    "": {"eval", "exec"},
    "os": {"system", "popen"},
    "pickle": {"load", "loads", "Unpickler"},
}
WORDS = re.compile(r"\b(eval|exec|system|popen|pickle|shell|np\.load|torch\.load)\b")
OURS = ("isochron", "connectome", "sims", "ann_bridge", "analysis")


def test_no_module_executes_text_or_unpickles():
    """No eval or exec, no shell, no pickle; every array and network is read as data."""
    root = Path(__file__).resolve().parents[2]
    files = [path for name in OURS for path in sorted((root / name).rglob("*.py"))]
    assert len(files) > 300
    files = [path for path in files if WORDS.search(path.read_text(encoding="utf-8"))]
    found = [
        (path, problem)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for problem in problems(node)
    ]
    assert found == []


def problems(call):
    """What is wrong with a call."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    options = {item.arg: ast.unparse(item.value) for item in call.keywords}
    if name in FORBIDDEN.get(owner, ()):
        yield ast.unparse(call)
    if options.get("shell", "False") != "False" or options.get("allow_pickle") == "True":
        yield ast.unparse(call)
    if (owner, name) == ("np", "load") and options.get("allow_pickle") != "False":
        yield "np.load without allow_pickle=False"
    if (owner, name) == ("torch", "load") and options.get("weights_only") != "True":
        yield "torch.load without weights_only=True"


@pytest.mark.parametrize(
    "line",
    ["eval(x)", "os.system(x)", "run(x, shell=True)", "np.load(x)", "torch.load(x)",
     "np.load(x, allow_pickle=True)", "exec(x)", "pickle.loads(x)"],
)  # fmt: skip
def test_the_check_sees(line):
    assert list(problems(ast.parse(line).body[0].value))
