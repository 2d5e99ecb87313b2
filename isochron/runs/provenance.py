"""Where a result comes from: version, machine, data, seeds."""

import os
import platform
from importlib.metadata import version
from typing import Any

from isochron._version import __version__
from isochron.connectome import Connectome
from isochron.files import sha256

PACKAGES = ("numpy", "scipy", "numba", "torch", "xarray", "matplotlib")


def describe_provenance(connectome: Connectome | None = None) -> dict[str, Any]:
    """Version, packages, machine and, with a connectome, data of this run, as JSON values."""
    described: dict[str, Any] = {
        "isochron": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
        },
    }
    if connectome is not None:
        described["dataset"] = _describe_source(connectome)
    return described


def _describe_source(connectome: Connectome) -> dict[str, Any]:
    source = connectome.source
    return {
        "id": connectome.name,
        "paper": source.paper,
        "doi": source.doi,
        "file": source.file,
        "file_sha256": source.file_sha256,
        "content_sha256": source.content_sha256,
        "license": source.license,
    }


def derive_seed(*parts: int | str) -> int:
    """A seed of 32 bits from numbers and words: the same ones always give the same."""
    text = "/".join(map(str, parts))
    return int(sha256(text.encode())[:8], base=16)
