"""The three doors: a file, a notebook, and `isochron view`."""

import html
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from isochron import sims, view
from isochron.cli import main
from isochron.files import write_bytes
from isochron.view.notebook import NotebookPage
from isochron.workflows.view import find_runs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stored(tmp_path_factory, worm_run):
    folder = tmp_path_factory.mktemp("runs")
    sims.save_dataset(worm_run.isel(time=slice(0, 50)), folder / "rest.zarr")
    sims.save_dataset(worm_run.isel(time=slice(0, 50)), folder / "touch.nc")
    return folder


def test_a_folder_of_runs_becomes_one_page(stored, tmp_path, capsys):
    out = tmp_path / "worm.html"
    assert main(["view", str(stored), "--out", str(out), "--title", "Two runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(out), "bytes": out.stat().st_size}
    page = out.read_text(encoding="utf-8")
    assert "<title>Two runs</title>" in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert [run["title"] for run in data["runs"]] == ["rest", "touch"]
    assert main(["view", str(stored), "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["note.txt"], "must end in .zarr or .nc"),
        (["{stored}/rest.zarr", "--out", "x.pdf"], "must end in .html"),
        (["{stored}", "{stored}", "{stored}"], "at most 4 runs, got 6"),
        (["{stored}/rest.zarr", "--live", "--out", "x.html"], "--live needs the server"),
        (["{stored}/rest.zarr", "--out", "none/x.html"], "The folder none does not exist"),
        (["{stored}/rest.zarr", "--max-frames", "0", "--out", "x.html"], "2 or more, got 0"),
        (["{stored}/rest.zarr", "--max-frames", "1", "--out", "x.html"], "2 or more, got 1"),
    ],
)
def test_wrong_usage_is_named(stored, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write_bytes(tmp_path / "note.txt", b"")
    assert main(["view", *(word.format(stored=stored) for word in arguments)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "title"),
    [("run.zarr", "run"), ("../run.zarr", "run"), ("sub/run.zarr", "sub"), ("a.nc", "a")],
)
def test_a_run_has_a_title_from_each_folder(tmp_path, monkeypatch, path, title):
    here = tmp_path / "here"
    (here / "sub").mkdir(parents=True)
    write_bytes(here / path, b"")
    monkeypatch.chdir(here)
    assert [run.title for run in find_runs([Path(path)])] == [title]


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, b"", error.headers


def test_the_server_answers_only_its_own_address_and_ends_with_an_interrupt(stored):
    command = [sys.executable, "-m", "isochron", "view", str(stored / "touch.nc"), "--no-open"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        url = json.loads(b"".join(lines))["url"]
        assert url.startswith("http://127.0.0.1:")
        status, page, headers = get(url)
        assert status == 200
        assert page.startswith(b"<!doctype html>")
        assert headers["Server"].strip() == "isochron"
        root = "/".join(url.split("/")[:3])
        assert get(root + "/")[0] == get(url + "x")[0] == 404
        assert get(url, Host="evil.example")[0] == 403
        assert get(url, Host="localhost:1")[0] == 403
        assert get(url + "state")[2]["Content-Type"].startswith("application/json")
        assert get(url + "state", Host="evil.example")[0] == 403
        assert get(root + "/state")[0] == 404
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_only_get_is_answered(stored):
    from threading import Thread

    from isochron.view.server import PageServer

    server = PageServer("<!doctype html>")
    thread = Thread(target=server.serve, args=(lambda url: None,), daemon=True)
    thread.start()
    request = urllib.request.Request(server.url, data=b"x", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(request)
    assert get(server.url)[0] == 200
    server.shutdown()
    thread.join(10)
    assert not thread.is_alive()


def test_a_notebook_without_anywidget_shows_the_same_page_in_a_frame(worm_run, monkeypatch):
    monkeypatch.setattr("isochron.view.notebook.find_spec", lambda name: None)
    shown = view.show(worm_run, height=500)
    assert isinstance(shown, NotebookPage)
    frame = shown._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert "height: 500px" in frame
    inside = frame.split('srcdoc="')[1].split('"')[0]
    assert html.unescape(inside) == shown.html == view.build_page(worm_run)
    with pytest.raises(ValueError, match="100 pixels or more, got 3"):
        view.show(worm_run, height=3)
