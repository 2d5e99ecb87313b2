"""Provenance of a result: version, machine, data, seeds."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version

from isochron._version import __version__
from isochron.connectome import Connectome
from isochron.files import sha256
from isochron.runs.results import omitted_if_none

PACKAGES = ("numpy", "scipy", "numba", "torch", "xarray", "matplotlib")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine of a run: operating system, architecture, number of cores."""

    system: str
    processor: str
    cores: int | None


@dataclass(frozen=True, kw_only=True)
class DatasetProvenance:
    """The data set of a run, and where its numbers come from; see `connectome.Source`."""

    id: str
    paper: str
    doi: str
    file: str
    file_sha256: str
    content_sha256: str
    license: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Provenance of a result.

    Attributes
    ----------
    isochron, python : str
        Versions.
    packages : dict of str to str
        Versions of the packages that numbers depend on.
    machine : Machine
    dataset : DatasetProvenance, optional
        None, and not in JSON values, of a run without a connectome.
    """

    isochron: str
    python: str
    packages: dict[str, str]
    machine: Machine
    dataset: DatasetProvenance | None = omitted_if_none()


def find_provenance(connectome: Connectome | None = None) -> Provenance:
    """Version, packages, machine and, with a connectome, data of this run."""
    return Provenance(
        isochron=__version__,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        machine=Machine(
            system=platform.system(), processor=platform.machine(), cores=os.cpu_count()
        ),
        dataset=None if connectome is None else _find_source(connectome),
    )


def _find_source(connectome: Connectome) -> DatasetProvenance:
    source = connectome.source
    return DatasetProvenance(
        id=connectome.name,
        paper=source.paper,
        doi=source.doi,
        file=source.file,
        file_sha256=source.file_sha256,
        content_sha256=source.content_sha256,
        license=source.license,
    )


def derive_seed(*parts: int | str) -> int:
    """A seed of 32 bits from numbers and words: the same ones always give the same."""
    text = "/".join(map(str, parts))
    return int(sha256(text.encode())[:8], base=16)
