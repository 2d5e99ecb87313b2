"""The package: links, mapping, layers, import cost, and that settings act."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("connectome", "sims", "ann_bridge", "analysis")
# Modules that stand below every package.
GROUND = {
    "_version",
    "arguments",
    "compilation",
    "devices",
    "extras",
    "files",
    "hdf5_heaps",
    "folders",
    "formats",
    "kernels",
    "lazy",
    "locks",
    "memory",
    "private_cache",
    "real_numbers",
    "registry",
    "seals",
    "settings",
    "shapes",
    "toml_text",
    "wording",
}
ALLOWED = {
    "connectome": GROUND | {"connectome"},
    "sims": GROUND | {"sims", "connectome"},
    "ann_bridge": GROUND | {"ann_bridge", "sims", "connectome"},
    "analysis": GROUND | {"analysis"},
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def modules(package):
    return [path for path in sorted((ROOT / package).rglob("*.py")) if path.name != "build.py"]


def imported_packages(path):
    """The first name after ``isochron.`` of everything a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "isochron":
                yield parts[1] if len(parts) > 1 else ""
            assert parts[0] not in PACKAGES, f"{path} imports {name}; write isochron.{name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_is_below_it(package):
    for path in modules(package):
        assert set(imported_packages(path)) <= ALLOWED[package], path


def all_modules():
    """Names and files of all modules."""
    for package in (*PACKAGES, "isochron"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if package == "isochron" and parts[1] in PACKAGES:
                continue  # a link
            name = ".".join(parts if package == "isochron" else ("isochron", *parts))
            yield name.removesuffix(".__init__"), path


def imports_of(name, tree, known):
    """The modules that a tree imports."""
    for node in tree:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                target = full if full in known else node.module
                if target in known and target != name:
                    yield target


def test_no_circle_of_imports():
    known = dict(all_modules())
    graph = networkx.DiGraph()
    for name, path in known.items():
        graph.add_edges_from(
            (name, other) for other in imports_of(name, ast.parse(path.read_text()).body, known)
        )
    circles = [sorted(c) for c in networkx.strongly_connected_components(graph) if len(c) > 1]
    assert circles == []


# The application, from top to bottom: who stands higher may import who stands lower.
LAYERS = {
    **{"cli": 0, "workflows": 1, "studies": 1},
    **{"report": 2, "view": 2, "bench": 2, "runs": 3},
}


def test_no_arrow_back_in_the_application():
    known = dict(all_modules())
    back = [
        (name, other)
        for name, path in known.items()
        for other in imports_of(name, ast.walk(ast.parse(path.read_text())), known)
        if (of := application_layer(name)) and (to := application_layer(other)) and of != to
        if LAYERS[of] >= LAYERS[to]
    ]
    assert back == []


def application_layer(name):
    part = name.split(".")[1] if "." in name else ""
    return part if part in LAYERS else None


def test_links_and_mapping_say_the_same():
    mapping = PROJECT["tool"]["setuptools"]["package-dir"]
    links = {p.name: p.readlink() for p in (ROOT / "isochron").iterdir() if p.is_symlink()}
    if not links:
        pytest.skip("this checkout does not have symbolic links; the mapping is used")
    assert links == {package: Path("..") / package for package in PACKAGES}
    assert mapping == {"isochron": "isochron"} | {f"isochron.{h}": h for h in PACKAGES}


def test_every_package_is_listed():
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    found = set()
    for package in (*PACKAGES, "isochron"):
        for init in (ROOT / package).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT).parts
            if package == "isochron" and len(parts) > 1 and parts[1] in PACKAGES:
                continue
            found.add(".".join(parts if package == "isochron" else ("isochron", *parts)))
    assert listed == found


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("isochron", "numpy torch brian2 matplotlib pandas scipy"),
        ("isochron.connectome", "torch brian2 matplotlib pandas scipy xarray numba"),
        ("isochron.sims", "numpy torch brian2 matplotlib pandas scipy xarray numba"),
        ("isochron.ann_bridge", "numpy torch brian2 matplotlib pandas scipy xarray numba"),
        ("isochron.ann_bridge.nets", "numpy torch"),
        ("isochron.ann_bridge.tasks", "numpy torch"),
        ("isochron.analysis", "numpy torch brian2 matplotlib pandas scipy xarray numba"),
        ("isochron.analysis.features", "numpy torch brian2 matplotlib pandas scipy numba"),
        ("isochron.analysis.sign_networks", "numpy torch brian2 matplotlib pandas scipy numba"),
        ("isochron.view", "numpy torch brian2 matplotlib pandas scipy xarray numba"),
        ("isochron.cli", "numpy torch brian2 matplotlib pandas scipy rich"),
    ],
)
def test_imports_cost_only_themselves(module, heavy):
    loaded = run(f"import sys, {module}; print(*sys.modules)").split()
    assert not set(heavy.split()) & set(loaded)


def test_help_loads_click_and_nothing_else():
    before = "import sys; before = set(sys.modules)"
    show = "from isochron.cli import main; main(['--help'])"
    list_new = "print('loaded', *(set(sys.modules) - before - sys.stdlib_module_names))"
    loaded = run(f"{before}; {show}; {list_new}").split("loaded ")[-1].split()
    assert {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names <= {
        "isochron",
        "click",
    }


def test_help_is_instant():
    """A third of a second is felt; the processor's time is not that of other processes."""
    taken = []
    for _ in range(5):
        began = os.times()
        subprocess.run(
            [sys.executable, "-m", "isochron", "--help"], capture_output=True, check=True
        )
        ended = os.times()
        taken.append(ended.children_user + ended.children_system)
        taken[-1] -= began.children_user + began.children_system
    assert min(taken) < 0.5


def test_the_linter_sees_a_planted_fault(tmp_path):
    """Settings that no longer act would let this through."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        '"""Bad."""\n\nimport pickle\n\nimport connectome\n\nprint(connectome, pickle)\n'
    )
    result = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(bad)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in result.stdout
    assert "T201" in result.stdout
