"""A connectome by the name of a data set or the path of a file, for every command."""

import ast
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from isochron.connectome import (
    Connectome,
    available,
    from_xarray,
    load,
)
from isochron.connectome.cells import cells_of
from isochron.connectome.datasets import content_digest
from isochron.connectome.gap_junctions import UnequalGap
from isochron.connectome.importers.assembly import INFER
from isochron.files import DataFileError, read_xml, reads_data, sha256
from isochron.registry import Entry, Registry
from isochron.runs.dataset_descriptions import options_of, read_described

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReaderEntry(Entry):
    """The reader of one format, not imported yet, and how the names of its files end."""

    suffixes: tuple[str, ...] = ()


READERS = Registry(
    "format",
    {
        "csv": ReaderEntry(
            "isochron.connectome:from_csv",
            "Table of connections.",
            suffixes=(".csv", ".tsv", ".tab", ".txt"),
        ),
        "graphml": ReaderEntry(
            "isochron.connectome:from_graphml", "GraphML.", suffixes=(".graphml",)
        ),
        "neuroml": ReaderEntry(
            "isochron.sims.neuroml:read_neuroml", "NeuroML 2.", suffixes=(".nml", ".xml")
        ),
        "labeled": ReaderEntry(
            "isochron.runs.datasets:read_labeled", "Labeled matrices.", suffixes=(".nc",)
        ),
    },
)
FORMATS = {suffix: name for name, entry in READERS.items() for suffix in entry.suffixes}
SUFFIXES = (*FORMATS, ".toml")


def is_file_name(identifier: str | os.PathLike) -> bool:
    """Whether an identifier is a path and not the name of a data set."""
    path = Path(identifier)
    if str(identifier) in available():
        return False
    return bool(path.suffix) or len(path.parts) > 1 or path.is_file()


def resolve_dataset(identifier: str, folder: Path | None = None) -> str:
    """The name of a data set as it is, a file by its absolute path.

    Parameters
    ----------
    identifier : str
    folder : Path, optional
        Where a relative path starts; the working folder by default.
    """
    if not is_file_name(identifier):
        return identifier
    return str(((folder or Path()) / identifier).resolve())


def with_resolved_dataset(config: T, section: str, folder: Path | None) -> T:
    """A configuration whose section names its dataset as `resolve_dataset` returns it.

    Parameters
    ----------
    config : frozen dataclass
    section : str
        The field that has a field ``dataset``.
    folder : Path, optional
        Where a relative path starts, such as the folder of the configuration file.
    """
    part: Any = getattr(config, section)
    part = replace(part, dataset=resolve_dataset(part.dataset, folder))
    return replace(config, **{section: part})  # type: ignore[type-var]


def open_connectome(identifier: str | os.PathLike) -> Connectome:
    """The connectome of a data set or of a user's file.

    Parameters
    ----------
    identifier : str or path
        A data set of `connectome.available`, or a file: a table of connections (.csv, .tsv,
        .tab, .txt), GraphML, NeuroML (.nml, .xml), labeled matrices (.nc), or a description
        (.toml) that names such a file, or matrices (.npy), and the options of its reader.

    Returns
    -------
    Connectome
        That of a file has ``source.file_sha256`` and ``source.content_sha256``.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the data set is not known, or the file cannot be read.
    """
    if not is_file_name(identifier):
        return _load(str(identifier))
    path = Path(identifier)
    if path.suffix.lower() == ".toml":
        return _with_digest(read_described(path, _reader_of), path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(_unknown_suffix(path))
    format_name = _format(path)
    try:
        return _with_digest(READERS.load(format_name)(path), path)
    except DataFileError as error:
        if advice := _advice(str(error), format_name, path):
            raise type(error)(f"{error} {advice}") from error
        raise


def dataset_inputs(identifier: str) -> dict[str, str]:
    """Digest of the connectome of a file, for `RunFolder`; empty for a data set."""
    if not is_file_name(identifier):
        return {}
    return {"dataset": open_connectome(identifier).source.content_sha256}


def content_sha256(connectome: Connectome) -> str:
    """Digest of what a model takes from a connectome: names, layers, signs, species and cells.

    C. elegans with the cells of its table has neither of the last two in its digest.
    """
    arrays = {layer: connectome.layer(layer) for layer in connectome.layers}
    if connectome.signs is not None:
        arrays["signs"] = connectome.signs
    names = {"neurons": connectome.neurons, "muscles": connectome.muscles}
    if not connectome.is_worm:
        names["species"] = (connectome.species or "",)
    if connectome.cells != cells_of(connectome.neurons, of_the_worm=connectome.is_worm):
        names["cells"] = tuple(map(repr, connectome.cells))
    return content_digest(arrays | {key: np.array(value, str) for key, value in names.items()})


def _load(name: str) -> Connectome:
    try:
        return load(name)
    except ValueError as error:
        if isinstance(error, DataFileError):
            raise
        files = [name + suffix for suffix in SUFFIXES if Path(name + suffix).is_file()]
        hint = f" Did you mean the file {files[0]}?" if files else ""
        raise ValueError(f"{error}{hint} A file ends in {', '.join(SUFFIXES)}.") from error


def _with_digest(connectome: Connectome, path: Path) -> Connectome:
    source = connectome.source
    return replace(
        connectome,
        source=replace(
            source,
            file=source.file or path.name,
            file_sha256=source.file_sha256 or sha256(path.read_bytes()),
            content_sha256=content_sha256(connectome),
        ),
        opened_as=str(path),
    )


def _format(path: Path) -> str:
    """The format by the suffix; of .xml by the root element."""
    suffix = path.suffix.lower()
    if suffix == ".xml" and b"<graphml" in read_xml(path)[:4096]:
        return "graphml"
    return FORMATS[suffix]


def _unknown_suffix(path: Path) -> str:
    message = f"{path} is not a file of a known format: {', '.join(SUFFIXES)}."
    if path.suffix == ".npz":
        return f"{message} Save each matrix as .npy, and name them in a .toml file."
    if path.suffix == ".npy":
        return (
            f"{message} For matrices write a .toml file into the folder of {path}: neurons = "
            f'["A", "B"], chemical = {_quoted(path)}, rows = "postsynaptic" (or "presynaptic").'
        )
    if path.suffix in (".xls", ".xlsx", ".ods"):
        return f"{message} Save the sheet as .csv."
    near = get_close_matches(path.name, available(), n=1)
    return f"{message} Did you mean the data set {near[0]}?" if near else message


def _advice(message: str, format_name: str, path: Path) -> str:
    """Form of an option for a command, in messages."""
    options = [name for name in options_of(READERS.load(format_name)) if f"{name}=" in message]
    if not options:
        return ""
    return (
        f"For a command, write a file {path.stem}.toml with the lines file = {_quoted(path)} and "
        f"{options[0]} = {_as_toml(options[0], message)} into the folder of {path}, and give its "
        "path instead."
    )


def _as_toml(option: str, message: str) -> str:
    """The first value of an option in a message, as TOML; … if it does not have one there."""
    found = re.search(rf"\b{option}=(\([^)]*\)|{{[^}}]*}}|'[^']*')", message)
    try:
        value = ast.literal_eval(found[1]) if found else None
    except (SyntaxError, ValueError):  # a name with brackets or quotes
        value = None
    if isinstance(value, dict) and None not in value.values():
        return f"{{ {', '.join(f'{key} = {json.dumps(it)}' for key, it in value.items())} }}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | tuple) else "…"


def _quoted(path: Path) -> str:
    """The name of a file as a string of TOML."""
    return json.dumps(path.name, ensure_ascii=False)


def _reader_of(format_name: str | None, data: Path) -> Callable[..., Connectome]:
    """The reader of a format, or of the format of a file."""
    if format_name is None and data.suffix.lower() in FORMATS:
        format_name = _format(data)
    if format_name is None:
        raise ValueError(
            f"{_unknown_suffix(data)} For a different suffix, state the format: format must be one "
            f"of {', '.join(READERS)}."
        )
    return READERS.load(format_name)


@reads_data
def read_labeled(
    path: Path,
    *,
    extrasynaptic: Iterable[str] = (),
    signs: Literal["from_weights"] | None = None,
    unequal_gap: UnequalGap = "error",
    species: str | None = INFER,
) -> Connectome:
    """The connectome of a file of labeled matrices; options as of `connectome.from_xarray`."""
    from isochron.sims import load_dataset

    return from_xarray(
        load_dataset(path),
        extrasynaptic=extrasynaptic,
        signs=signs,
        unequal_gap=unequal_gap,
        species=species,
    )
