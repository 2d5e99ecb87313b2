"""Docstrings name the parameters that functions have, not those that they once had."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("analysis", "ann_bridge", "connectome", "sims", "isochron")
SECTION = re.compile(r"Parameters\n-+\n(.*?)(?:\n\n[A-Z][a-z ]+\n-+|\Z)", re.DOTALL)
ENTRY = re.compile(r"^(\*{0,2}\w[\w, *]*?)(?: :|$)", re.MULTILINE)


def functions(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        if not any(part.is_symlink() for part in path.parents):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    yield path, node


def parameters(function: ast.FunctionDef) -> set[str]:
    given = function.args
    several = [given.vararg, given.kwarg]
    listed = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, several)]
    return {item.arg for item in listed}


def documented(function: ast.FunctionDef) -> set[str]:
    section = SECTION.search(ast.get_docstring(function) or "")
    names = ",".join(ENTRY.findall(section[1])) if section else ""
    return {name.strip(" *") for name in names.split(",")} - {""}


@pytest.mark.parametrize("package", PACKAGES)
def test_documented_parameters_exist(package):
    wrong = {
        f"{path.relative_to(ROOT)}: {function.name}": unknown
        for path, function in functions(package)
        if (unknown := documented(function) - parameters(function))
    }
    assert wrong == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_names_in_backticks_are_no_old_parameters(package):
    """Parameters that were renamed: `settle`, `watch`, `same`, `edges`, `renormalise`."""
    old = {"settle", "watch", "same", "edges", "renormalise", "drive_cycles", "n_unlocked"}
    for path, function in functions(package):
        quoted = set(re.findall(r"`(\w+)`", ast.get_docstring(function) or ""))
        assert not (quoted & old) - parameters(function), f"{path}: {function.name}"
