"""Every code block of every page runs, one after the other in an empty folder.

Python blocks of a page share their names; `sh` blocks run by bash. A comment before a block
changes that: ``<!-- file: NAME -->`` writes it to a file, ``<!-- not run: REASON -->`` skips it.
A page with ``<!-- slow -->`` (8 s or more) runs only with ``-m slow``, as in CI. A block of `text`
right after one of Python is what it prints (``...`` stands for anything), `toml` is parsed.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("docs/reference/api/", "docs/reference/datasets/", "docs/reference/command-line.md")
PAGES = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if not str(path.relative_to(ROOT)).startswith(GENERATED)
]
FENCE = re.compile(r"^(?:<!-- (?P<mark>[^\n]*?) -->\n+)?```(?P<kind>[^\n]*)\n(?P<code>.*?)^```$",
                   flags=re.DOTALL | re.MULTILINE)  # fmt: skip
DIRECTIVES = re.compile(r"\{[\w-]+\}")


class Block(NamedTuple):
    """A fenced block of a page."""

    kind: str
    mark: str
    code: str
    line: int
    after: bool  # nothing but white space is between the block before and this one


def blocks_of(path: Path) -> list[Block]:
    """The blocks of code of a page."""
    text = path.read_text(encoding="utf-8")
    blocks, end = [], 0
    for found in FENCE.finditer(text):
        between, end = text[end : found.start()], found.end()
        if not DIRECTIVES.match(found["kind"]):
            line = text[: found.start("code")].count("\n")
            kind, mark = found["kind"].strip(), found["mark"] or ""
            blocks.append(Block(kind, mark, found["code"], line, not between.strip()))
    return blocks


def is_slow(path: Path) -> bool:
    """Whether a page asks for more than a minute."""
    return "<!-- slow -->" in path.read_text(encoding="utf-8")


def run_page(path: Path) -> None:
    """Run every block of a page in the working folder."""
    names: dict = {}
    printed = ""
    for block in blocks_of(path):
        if block.mark.startswith("file: "):
            Path(block.mark.removeprefix("file: ")).write_text(block.code, encoding="utf-8")
        if block.mark.startswith(("not run: ", "file: ")):
            continue
        if block.kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile("\n" * block.line + block.code, str(path), "exec"), names)
            printed = output.getvalue()
            continue
        if block.kind == "sh":
            run_commands(block)
        elif block.kind == "toml":
            tomllib.loads(block.code)
        elif block.kind == "text" and block.after and printed:
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            same = doctest.OutputChecker().check_output(block.code, printed, flags)
            assert same, f"line {block.line}: the code before prints {printed!r}"
        printed = ""


def run_commands(block: Block) -> None:
    """Run commands as a user would, with this environment's `isochron` and `python`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.code],
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"line {block.line}: {done.stderr or done.stdout}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_has_a_language(path):
    kinds = {block.kind for block in blocks_of(path)}
    assert kinds <= {"python", "sh", "toml", "text", "json", "bibtex", "yaml"}, kinds


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_block_that_is_not_run_has_a_reason(path):
    for block in blocks_of(path):
        if block.mark.startswith("not run"):
            assert re.match(r"not run: \w.{8,}", block.mark), f"line {block.line}"


def execute(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page in an empty folder, without a display."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        run_page(path)
    finally:
        plt.close("all")


@pytest.mark.parametrize(
    "path", [p for p in PAGES if not is_slow(p)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_block_runs(path, tmp_path, monkeypatch):
    execute(path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in PAGES if is_slow(p)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_block_of_a_slow_page_runs(path, tmp_path, monkeypatch):
    execute(path, tmp_path, monkeypatch)
