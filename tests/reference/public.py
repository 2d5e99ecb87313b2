"""The public interface: every name that a package exports, and what its docstring lacks."""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from numpydoc.docscrape import FunctionDoc

from isochron.analysis import ForcedMap, VectorField

PACKAGES = (
    "isochron.connectome",
    "isochron.connectome.importers",
    "isochron.connectome.null_models",
    "isochron.connectome.recordings",
    "isochron.connectome.statistics",
    "isochron.sims",
    "isochron.sims.neuroml",
    "isochron.sims.spiking",
    "isochron.sims.storage",
    "isochron.ann_bridge",
    "isochron.ann_bridge.nets",
    "isochron.ann_bridge.tasks",
    "isochron.ann_bridge.fitting",
    "isochron.analysis",
    "isochron.analysis.features",
    "isochron.analysis.limit_cycles",
    "isochron.analysis.plotting",
    "isochron.analysis.sign_networks",
    "isochron.runs.sweep",
    "isochron.view",
)
ARRAYS = re.compile(r"ndarray|array_like|ArrayLike|Tensor|DataArray|csr_array|sparse")
PROTOCOLS = (VectorField, ForcedMap)
CHECKS = re.compile(r"^(require_|check_|_check|settings_from|validate)")


class Name(NamedTuple):
    """An exported name, or a public method of an exported class."""

    path: str
    value: Any


def exported() -> list[Name]:
    """Functions and classes that a package exports, each once, by its shortest path."""
    found: dict[Any, Name] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            value = getattr(module, name)
            ours = getattr(value, "__module__", "").startswith("isochron")
            if ours and (inspect.isclass(value) or inspect.isfunction(value)):
                found.setdefault(value, Name(f"{package}.{name}", value))
    return list(found.values())


def methods(name: Name) -> Iterator[Name]:
    """Public methods that a class defines itself, not those of a base class or a protocol."""
    if inspect.isclass(name.value):
        above = {key for owner in name.value.__mro__[1:] for key in vars(owner)}
        if name.value not in PROTOCOLS:
            above |= {key for protocol in PROTOCOLS for key in vars(protocol)}
        for key, value in vars(name.value).items():
            function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if not key.startswith("_") and key not in above and inspect.isfunction(function):
                yield Name(f"{name.path}.{key}", function)


def faults(name: Name) -> list[str]:
    """What the docstring of an exported name and of its methods lacks."""
    error = inspect.isclass(name.value) and issubclass(name.value, BaseException)
    example = ">>>" in (name.value.__doc__ or "")
    found = [] if example or error else [f"{name.path}: no Examples"]
    if inspect.isclass(name.value):
        found += _class_faults(name)
    else:
        found += _function_faults(name)
    for method in methods(name):
        found += _function_faults(method)
    return found


def _function_faults(name: Name) -> list[str]:
    if not inspect.getdoc(name.value):
        return [f"{name.path}: no docstring"]
    doc, signature = FunctionDoc(name.value), inspect.signature(name.value)
    described = _described(doc["Parameters"] + doc["Other Parameters"])
    whole = " ".join((inspect.getdoc(name.value) or "").split())
    found = []
    for key, parameter in signature.parameters.items():
        if key in ("self", "cls") or key.startswith("_"):
            continue
        if parameter.kind is parameter.VAR_KEYWORD and "fields as keywords" in whole:
            continue
        if key not in described:
            found.append(f"parameter {key!r} is not described")
        elif _is_array(described[key], parameter.annotation):
            found.append(f"parameter {key!r} has no shape")
    known = {key.lstrip("*") for key in signature.parameters}
    found += [f"parameter {key!r} does not exist" for key in described if key not in known]
    found += _return_faults(doc, signature)
    if _raises(name.value) and not doc["Raises"]:
        found.append("no Raises")
    return [f"{name.path}: {fault}" for fault in found]


def _return_faults(doc, signature) -> Iterator[str]:
    annotation = signature.return_annotation
    if annotation in (None, "None", inspect.Signature.empty) and not doc["Returns"]:
        return
    returned = doc["Returns"] + doc["Yields"]
    if not returned:
        # A method whose summary is all there is to say may omit it, if it returns no array.
        if ARRAYS.search(str(annotation)) or not signature.parameters.keys() <= {"self", "cls"}:
            yield "no Returns"
        return
    for part in returned:
        text = f"{part.name} {part.type} {' '.join(part.desc)}"
        if ARRAYS.search(text) and not re.search(r"shape|\(\w+,", text):
            yield f"returned {part.type or part.name} has no shape"


def _class_faults(name: Name) -> list[str]:
    if not inspect.getdoc(name.value):
        return [f"{name.path}: no docstring"]
    described: dict[str, str] = {}
    for owner in reversed(name.value.__mro__):
        if owner.__module__.startswith("isochron") and "__doc__" in vars(owner) and owner.__doc__:
            doc = FunctionDoc(owner, doc=owner.__doc__)
            described |= _described(doc["Parameters"] + doc["Attributes"])
    protocol = getattr(name.value, "_is_protocol", False)  # never called
    if protocol or issubclass(name.value, (BaseException, tuple)):
        keys: dict[str, Any] = {}
    elif dataclasses.is_dataclass(name.value):
        fields = [field for field in dataclasses.fields(name.value) if field.init]
        keys = {f.name: f.type for f in fields if not f.metadata.get("description")}
    else:
        signature = inspect.signature(name.value)
        keys = {key: p.annotation for key, p in signature.parameters.items() if key != "self"}
    found = []
    for key, annotation in keys.items():
        if key.startswith("_"):
            continue
        if key not in described:
            found.append(f"{name.path}: parameter {key!r} is not described")
        elif _is_array(described[key], annotation):
            found.append(f"{name.path}: parameter {key!r} has no shape")
    return found


def _described(sections) -> dict[str, str]:
    """Type and description of each parameter that has a description or a type that tells all."""
    return {
        key.strip().lstrip("*"): f"{part.type} {' '.join(part.desc)}"
        for part in sections
        for key in part.name.split(",")
        if part.desc
    }


def _is_array(described: str, annotation: Any) -> bool:
    """Whether it is an array whose shape is not stated."""
    array = ARRAYS.search(described) or ARRAYS.search(str(annotation))
    return bool(array) and not re.search(r"shape|\(\w+,|scalar", described)


def _raises(function: Any) -> bool:
    """Whether the function itself raises, or calls a check of its arguments."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else (
                node.func.id if isinstance(node.func, ast.Name) else "")  # fmt: skip
            if CHECKS.match(called):
                return True
    return False
