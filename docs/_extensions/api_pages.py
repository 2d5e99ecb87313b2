"""Write reference/api/: one page for each package, with every name that it exports.

The names come from the packages, so a new one is on a page without another list. Pages are in
the order of the package; a name that several packages export is on the page of the first.
"""

import importlib
import inspect
from pathlib import Path

PACKAGES = (
    "isochron.connectome",
    "isochron.connectome.importers",
    "isochron.connectome.recordings",
    "isochron.connectome.statistics",
    "isochron.connectome.null_models",
    "isochron.sims",
    "isochron.sims.spiking",
    "isochron.sims.neuroml",
    "isochron.sims.storage",
    "isochron.ann_bridge",
    "isochron.ann_bridge.nets",
    "isochron.ann_bridge.tasks",
    "isochron.ann_bridge.fitting",
    "isochron.analysis",
    "isochron.analysis.features",
    "isochron.analysis.limit_cycles",
    "isochron.analysis.sign_networks",
    "isochron.analysis.plotting",
    "isochron.settings",
    "isochron.registry",
    "isochron.studies",
    "isochron.runs.sweep",
    "isochron.view",
)


def groups_of(package: str, seen: set[int]) -> dict[str, list[str]]:
    """Names of a package, by the module (and its summary) that defines them."""
    module = importlib.import_module(package)
    groups: dict[str, list[str]] = {}
    for name in sorted(getattr(module, "__all__", None) or own_names(module)):
        value = getattr(module, name)
        if inspect.ismodule(value):
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            if id(value) in seen or not value.__module__.startswith("isochron"):
                continue
            seen.add(id(value))
            title = summary_of(place_below(package, value.__module__))
        else:
            title = "Constants and registries."
        groups.setdefault(title, []).append(name)
    return groups


def place_below(package: str, module: str) -> str:
    """The module or package right below a package that contains a module."""
    if not module.startswith(package + "."):
        return module
    depth = package.count(".") + 2
    return ".".join(module.split(".")[:depth])


def summary_of(module: str) -> str:
    """The first paragraph of the docstring of a module."""
    doc = inspect.getdoc(importlib.import_module(module)) or module
    return doc.split("\n\n")[0].replace("\n", " ")


def own_names(module) -> list[str]:
    """Public functions and classes of a module without a list of exports."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.startswith(module.__name__)
    ]


def page(package: str, groups: dict[str, list[str]]) -> str:
    """The page of a package."""
    doc = inspect.getdoc(importlib.import_module(package)) or ""
    parts = [f"# `{package}`", doc, f"```{{eval-rst}}\n.. currentmodule:: {package}\n```"]
    for title, names in groups.items():
        listed = "\n".join(f"   {name}" for name in names)
        parts.append(
            f"## {title.rstrip('.')}\n\n```{{eval-rst}}\n.. autosummary::\n"
            f"   :toctree: generated\n   :nosignatures:\n\n{listed}\n```"
        )
    return "\n\n".join(parts) + "\n"


def write(app, config) -> None:
    """Write the pages; those that did not change keep their time, so that a build is short."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(exist_ok=True)
    seen: set[int] = set()
    for package in PACKAGES:
        groups = groups_of(package, seen)
        if groups:
            file = folder / f"{package.removeprefix('isochron.')}.md"
            text = page(package, groups)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.write_text(text, encoding="utf-8")


def setup(app):
    """Connect to Sphinx, before it looks for pages."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}
