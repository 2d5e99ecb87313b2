"""How often the patterns of tools/prose.toml occur in the project's prose.

python tools/prose.py            counts; fails if a pattern is above its limit
python tools/prose.py FILE ...   every place in these files or folders

Prose is Markdown without code, and in Python files docstrings, comments and the sentences among
the strings: messages, help, text of reports. Names in backticks do not count.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = ("tools/", "docs/reference/datasets/", "connectome/data/readers/")


class Text(NamedTuple):
    """A piece of prose and its place."""

    path: Path
    line: int
    text: str


def pieces_of(path: Path) -> Iterator[Text]:
    """The prose of a file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from _markdown(path, source)
    elif path.suffix == ".toml":
        for number, line in enumerate(source.splitlines(), 1):
            if line.startswith("#"):
                yield Text(path, number, line.lstrip("# "))
    else:
        yield from _comments(path, source)
        yield from _strings(path, source)


def _markdown(path: Path, source: str) -> Iterator[Text]:
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield Text(path, number, line)


def _comments(path: Path, source: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not re.match(
            r"#\s*(noqa|pyright|type:|fmt:|!|%%)", token.string
        ):
            yield Text(path, token.start[0], token.string.lstrip("#: "))


def _strings(path: Path, source: str) -> Iterator[Text]:
    tree = ast.parse(source)
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            shown = "".join(
                part.value if isinstance(part, ast.Constant) else "`x`" for part in node.values
            )
            yield from _lines(path, node.lineno, shown)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
        ):
            yield from _lines(path, node.lineno, node.value)


def _lines(path: Path, first: int, text: str) -> Iterator[Text]:
    if " " in text.strip():  # a name, a key or a unit is not prose
        example = False
        for number, line in enumerate(text.splitlines()):
            example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
            if not example:
                yield Text(path, first + number, line)


def without_code(text: str) -> str:
    """Text without names in backticks, addresses of links and options."""
    text = re.sub(r"``[^`]*``|`[^`]*`", " ` ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"https?://\S+|--[\w-]+|\b[\w-]+(?:\.|_)\w[\w.]*", " ` ", text)
    return text.strip().lstrip("-*> ")


def files(names: list[str]) -> list[Path]:
    """The files to look at: those named, or every tracked one."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *(names or ["."])],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    return [
        ROOT / name
        for name in listed
        if name.endswith((".md", ".py", ".toml"))
        and not name.startswith(SKIPPED)
        and not (ROOT / name).is_symlink()
    ]


def main(names: list[str]) -> int:
    """Print the counts, or the places in the files named."""
    patterns = tomllib.loads((ROOT / "tools/prose.toml").read_text(encoding="utf-8"))["pattern"]
    texts = [text for path in files(names) for text in pieces_of(path)]
    plain = [(text, without_code(text.text)) for text in texts]
    n_words = sum(len(re.findall(r"[A-Za-z]{2,}", prose)) for _, prose in plain)
    above = 0
    for pattern in patterns:
        find = re.compile(pattern["find"], re.IGNORECASE if pattern["find"][0] != "^" else 0)
        hits = [text for text, prose in plain for _ in find.finditer(prose)]
        rate = 1e4 * len(hits) / max(n_words, 1)
        above += rate > pattern["limit"]
        if names:
            for hit in hits:
                print(f"{hit.path.relative_to(ROOT)}:{hit.line}: {hit.text.strip()[:110]}")
                print(f"    write: {pattern['write']}")
        elif rate > pattern["limit"]:
            print(f"{rate:6.1f} > {pattern['limit']:.1f} in 10,000 words: {pattern['find']}")
            print(f"    write: {pattern['write']}")
    print(f"{n_words} words, {above} of {len(patterns)} patterns above their limit")
    return 0 if names else int(above > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
