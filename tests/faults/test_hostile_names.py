"""Names of neurons that are markup, scripts or escape sequences: text in every report and page."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from isochron import connectome, view
from isochron.cli import main
from isochron.cli.execution import ExecutionOptions
from isochron.cli.progress import show_progress
from isochron.cli.studies import StudyOptions, run_study
from isochron.report import study_page
from isochron.report.sweep import build_sweep_report
from isochron.runs.configuration import overlay
from isochron.runs.executors.work import Limits, perform
from isochron.runs.provenance import find_provenance
from isochron.runs.sweep.sweeps import prepare
from isochron.studies import FURTHER, STUDIES

HOSTILE = (
    "</script><script>alert(1)</script>", "<!--<script>", "-->", "<img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='", "</style><style>*{}", "{{ 7 * 7 }}", "{% raw %}", "&lt;b&gt;",
    "]]>", "\x1b[31mred\x1b]0;title\x07", "[bold]y", "[/nope]", "a\u202eb",
)  # fmt: skip
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Structure(HTMLParser):
    """Elements of a page, the attributes that can act, and the texts of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.acting, self.comments = {}, [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.acting += [(tag, name) for name, _ in attrs if name.startswith("on")]
        links = [value or "" for name, value in attrs if name in ("src", "href")]
        self.acting += [(tag, value) for value in links if "script" in value]

    def handle_comment(self, data):
        self.comments.append(data)


def write(path, names):
    """A ring of neurons; the quotes of the table are those of CSV."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    rows = [f"{a},{b},1,1" for a, b in zip(quoted, quoted[1:] + quoted[:1], strict=True)]
    path.write_text("\n".join(["pre,post,weight,sign", *rows, ""]))
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of two runs that differ in the names of their neurons only."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    for kind, names in (("hostile", HOSTILE), ("plain", [f"N{k}" for k in range(len(HOSTILE))])):
        (here := folder / kind).mkdir()
        write(here / "a.csv", names)
        arguments = ["--dataset", here / "a.csv", "--duration", "0.5", "--out", here / "run.zarr"]
        arguments += ["--report", here / "report", "--stimulate", f"{names[0]}=20"]
        assert main(["simulate", *map(str, arguments)]) == 0
        page = here / "page.html"
        assert main(["view", str(here / "run.zarr"), "--out", str(page)]) == 0
        found[kind] = here
    return found


@pytest.mark.parametrize("page", ["report/report.html", "report/view.html", "page.html"])
def test_pages_have_the_elements_of_plain_names(runs, page):
    found = {kind: Structure((here / page).read_text("utf-8")) for kind, here in runs.items()}
    hostile, plain = found["hostile"], found["plain"]
    for tag in ("script", "style", "img", "iframe", "object", "svg", "b", "body"):
        assert hostile.tags.get(tag) == plain.tags.get(tag), tag
    assert hostile.acting == plain.acting
    assert hostile.comments == plain.comments
    text = (runs["hostile"] / page).read_text("utf-8")
    assert "<!--" not in text
    assert not CONTROLS.search(text)


def test_the_data_of_a_page_has_the_names(runs):
    page = (runs["hostile"] / "page.html").read_text("utf-8")
    text = page.split('id="data">')[1].split("</script>")[0]
    assert set(json.loads(text)["runs"][0]["names"]) == set(HOSTILE)


@pytest.mark.parametrize(
    "command",
    [
        "connectome show a.csv",
        "connectome cells a.csv",
        "connectome stats a.csv",
        "connectome compare a.csv a.csv",
        "simulate --dataset a.csv --duration 0.01",
        "simulate --dataset a.csv --duration 0.01 --stimulate nobody=1",
        pytest.param("cycles run.zarr", marks=pytest.mark.slow),
        "attractors --dataset a.csv",
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_reaches_the_terminal(runs, monkeypatch, capsys, command, as_json):
    monkeypatch.chdir(runs["hostile"])
    main([*command.split(), *["--json"] * as_json])
    printed = capsys.readouterr()
    assert printed.out + printed.err
    for text in printed:
        assert not CONTROLS.search(text)
        assert "Traceback" not in text
        assert "Error:" not in text
    if as_json and printed.out:
        assert json.loads(printed.out)


FILE = "a\x1b]0;title\x07\x1b[31m<b>[nope]=cmd|.csv"


@pytest.mark.parametrize(
    "command",
    [
        "connectome show FILE",
        "simulate --duration 0.05 --dataset FILE",
        pytest.param("cycles OUT", marks=pytest.mark.long),
        "attractors --dataset FILE",
        "simulate --duration 0.05 --report OUT.report --dataset FILE",
        "view OUT --out OUT.html",
    ],
)
def test_names_of_files(tmp_path, monkeypatch, capfd, command):
    """Those of datasets are in runs, too, which may come from a stranger.

    `click` removes colors unless the output is a terminal; the test prevents that.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    write(tmp_path / FILE, ["A", "B", "C"])
    out = FILE.replace("csv", "nc")
    if "OUT" in command.split()[1:2]:
        assert main(["simulate", "--duration", "0.1", "--dataset", FILE, "--out", out]) == 0
    assert main([word.replace("FILE", FILE).replace("OUT", out) for word in command.split()]) == 0
    for text in capfd.readouterr():
        assert not CONTROLS.search(text)
    for page in (*tmp_path.glob("*.html"), *tmp_path.glob("*/*.html")):
        text = page.read_text("utf-8")
        assert not CONTROLS.search(text)
        assert "b" not in Structure(text).tags


@pytest.fixture(scope="module")
def figure():
    figure = Figure(figsize=(1, 1))
    figure.suptitle("".join(HOSTILE[-2:]), parse_math=False)
    return study_page.PageFigure(caption="".join(HOSTILE), figure=figure)


@pytest.mark.parametrize("name", FURTHER)
def test_the_page_of_a_study_and_its_terminal(name, figure, tmp_path, monkeypatch, capfd):
    """Everything that a study may have from a file: in its results, and in its configuration."""
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    settings, study = STUDIES.load_settings(name), STUDIES.load(name)

    def build(text):
        config = settings.quick()
        if settings.DATASET_SECTION:
            config = overlay(config, {settings.DATASET_SECTION: {"dataset": text}})
        made = find_provenance(connectome.load("varshney2011"))
        assert made.dataset is not None
        dataset = replace(made.dataset, id=text, paper=text, license=text)
        results = SimpleNamespace(
            config=config, seconds={text: 1.0}, provenance=replace(made, dataset=dataset)
        )
        return study_page.StudyPage(
            command=study.command,
            question=text,
            answer=[text] * 2,
            caveats=[text] * 2,
            overview=figure,
            play=text,
            figures=[figure],
            tables=[study_page.PageTable(title=text, columns=[text], rows=[[text]], note=text)],
            methods={text: text},
            references=[text],
            results=results,
        )

    text = "".join(HOSTILE) + "=cmd|' /C calc'!A0"
    pages = {kind: build(name).render() for kind, name in (("hostile", text), ("plain", "plain"))}
    hostile, plain = (Structure(pages[kind]) for kind in ("hostile", "plain"))
    assert hostile.tags == plain.tags
    assert hostile.acting == hostile.comments == []
    assert not CONTROLS.search(pages["hostile"])
    assert "&lt;/script&gt;" in pages["hostile"]
    answer = study_page.format_page([text], [text])
    done = SimpleNamespace(run=lambda *_, **__: None, format_results=lambda _: answer)
    monkeypatch.setattr(type(STUDIES), "load", lambda *_: done)
    run_study(name, StudyOptions(out=tmp_path / FILE), ExecutionOptions(), as_json=False)
    printed = capfd.readouterr()
    assert "[/nope]" in printed.out
    assert not CONTROLS.search(printed.out)


def test_names_of_steps_in_the_progress():
    """On a terminal and in a file: rich does not read them as markup."""
    for is_terminal in (True, False):
        stream = io.StringIO()
        stream.isatty = lambda is_terminal=is_terminal: is_terminal
        with show_progress(stream) as shown:
            for name in ("[/nope]", "a\x1b]0;title\x07", "[red]x"):
                shown.begin(name)
                shown.update(name, 0.5, name)
                shown.say(name)
                shown.fail(name, name)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())  # of rich
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[/nope]" in text
        assert "[red]x" in text


def test_reasons_in_the_report_of_a_sweep_are_text(tmp_path):
    grid = {"experiment": "tests.sweep.experiments:square", "axes": {"x": [1.0, 2.0]}, "batch": 1}
    made = prepare(grid, tmp_path / "S")
    first, *others = made.tasks
    perform(made.store, first, Limits())
    for task in others:
        made.store.fail(task, "".join(HOSTILE), "error")
    page = build_sweep_report(tmp_path / "S")
    found = Structure(page)
    assert not found.tags.keys() & {"script", "iframe", "b"}
    assert "&lt;/script&gt;" in page
    assert found.acting == found.comments == []
    assert not CONTROLS.search(page)


def test_a_title_is_text():
    import numpy as np

    states = np.sin(np.linspace(0, 30, 300)[:, None] + np.arange(len(HOSTILE)))
    run = view.from_states(states, step_ms=20, names=list(HOSTILE))
    titles = {title: Structure(view.build_page({title: run}, title=title)) for title in HOSTILE}
    first = titles[HOSTILE[-1]]
    assert all(found.tags == first.tags for found in titles.values())
    assert all(found.acting == first.acting == [] for found in titles.values())
