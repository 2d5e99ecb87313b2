"""The registry of vendored data sets."""

import tomllib
import zlib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zipfile import BadZipFile

import numpy as np

from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import C_ELEGANS
from isochron.files import DataFileError, sha256

_DATA = files("isochron.connectome.data")
_REINSTALL = "Install isochron again."
_NOT_CONNECTOMES = {"cells", "muscles", "fenyves2020", "cell_shapes"}


def available() -> tuple[str, ...]:
    """Identifiers of the data sets that `load` knows.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> len(connectome.available())
    21
    >>> [name for name in connectome.available() if name.startswith("cook2019")]
    ['cook2019-hermaphrodite', 'cook2019-male']
    """
    return tuple(sorted(set(_provenance()) - _NOT_CONNECTOMES))


def load(name: str) -> Connectome:
    """Load a published connectome.

    Parameters
    ----------
    name : str
        Identifier of a data set, one of `available()`.

    Returns
    -------
    Connectome
        The published connectome, unsigned, with its provenance in `source`.

    Raises
    ------
    ValueError
        If the data set does not exist, or its file differs from the one that was shipped.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> worm.chemical.shape
    (279, 279)
    >>> worm.layers
    ('chemical', 'gap', 'neuromuscular')
    """
    if not isinstance(name, str) or name not in available():
        near = _near(str(name))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"No data set {name!r}.{hint} Known: {', '.join(available())}.")
    arrays = vendored_arrays(name)
    neurons = tuple(arrays.pop("neurons").tolist())
    muscles = tuple(arrays.pop("muscles").tolist())
    n = len(neurons)
    layers = {
        layer: _dense(triplets, (len(muscles) if layer == "neuromuscular" else n, n))
        for layer, triplets in arrays.items()
    }
    return Connectome(
        name=name,
        neurons=neurons,
        muscles=muscles,
        chemical=layers.pop("chemical"),
        gap=layers.pop("gap"),
        neuromuscular=layers.pop("neuromuscular"),
        extrasynaptic=layers,
        source=source_of(name),
        species=C_ELEGANS,
        opened_as=name,
    )


def _near(name: str) -> list[str]:
    """Data sets that a name may mean: those that contain it, those of its author, the nearest."""
    key, names = str(name).strip().lower(), available()
    if len(key) > 2 and (containing := [known for known in names if key in known]):
        if len(containing) > 1 or "-" in key:
            return containing
        return [known for known in names if _author(known) == _author(containing[0])]
    if "-" in key and (near := get_close_matches(key, names, n=2, cutoff=0.8)):
        return near
    families = {known.partition("-")[0] for known in names}
    near = get_close_matches(key.partition("-")[0], sorted(families), n=1, cutoff=0.5)
    return [known for known in names if known.partition("-")[0] in near]


def _author(name: str) -> str:
    return name.partition("-")[0].rstrip("0123456789")


def source_of(name: str) -> Source:
    """Provenance of a vendored table: a data set, or one of `_NOT_CONNECTOMES`."""
    return Source(**_provenance()[name])


def vendored_arrays(name: str) -> dict[str, np.ndarray]:
    """Arrays of a vendored file: names, and triplets (row, column, value) for each layer.

    Raises
    ------
    ValueError
        If the file is not the one that was shipped.
    """
    try:
        with _DATA.joinpath(f"{name}.npz").open("rb") as file:
            arrays = dict(np.load(file, allow_pickle=False))
    except (BadZipFile, zlib.error, ValueError, EOFError) as error:
        raise DataFileError(f"{name}.npz is damaged ({error}). {_REINSTALL}") from error
    if content_digest(arrays) != _provenance()[name]["content_sha256"]:
        raise DataFileError(
            f"{name}.npz is damaged: its digest is not the one in PROVENANCE.toml. {_REINSTALL}"
        )
    return arrays


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of named arrays: name, type, shape and bytes of each, in order of name."""

    def parts() -> Iterator[bytes]:
        for key in sorted(arrays):
            array = np.ascontiguousarray(arrays[key])
            yield f"{key} {array.dtype.str} {array.shape}\n".encode()
            yield array.tobytes()

    return sha256(parts())


@cache
def _provenance() -> dict[str, dict[str, str]]:
    return tomllib.loads(_DATA.joinpath("PROVENANCE.toml").read_text(encoding="utf-8"))


def _dense(triplets: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    matrix = np.zeros(shape, dtype=float if triplets.dtype.kind == "f" else np.int32)
    rows, columns = triplets[:, :2].astype(np.intp).T
    matrix[rows, columns] = triplets[:, 2]
    return matrix
