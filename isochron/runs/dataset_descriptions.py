"""The connectome of a .toml file: a file and the options of its reader, or matrices."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from isochron.connectome import Connectome, from_matrices
from isochron.files import read_text, reads_data
from isochron.toml_text import parse_toml

Reader = Callable[..., Connectome]
_MATRICES = ("chemical", "gap", "neuromuscular")


@reads_data
def read_described(path: Path, reader_of: Callable[[str | None, Path], Reader]) -> Connectome:
    """The connectome that a .toml file describes.

    Parameters
    ----------
    path : Path
        With ``file`` and options of the reader of that file, or with ``chemical``, ``rows``
        and other arguments of `connectome.from_matrices`, where a matrix is the name of a
        .npy file or of a table with labels (.csv, .tsv). Paths start in the folder of the
        .toml file.
    reader_of : callable
        The reader of a format, if one is given, or of a file.

    Raises
    ------
    FileNotFoundError
        If a file that it names does not exist.
    ValueError
        If it is not TOML, an option is unknown, or the file cannot be read.
    """
    text = read_text(path)
    try:
        content = parse_toml(text)
    except ValueError as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error
    if "chemical" in content:
        return _from_matrices(path, content)
    file = content.pop("file", None)
    if not isinstance(file, str):
        raise ValueError(f'{path} must name a file: file = "edges.csv", or chemical = "x.npy".')
    data = path.parent / file
    reader = reader_of(content.pop("format", None), data)
    return reader(data, **_checked_options(path, content, reader))


def options_of(reader: Reader) -> Mapping[str, Any]:
    """Keywords of a reader and their defaults, those of its settings included."""
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(reader).parameters.items():
        settings = [kind for kind in get_args(parameter.annotation) if is_dataclass(kind)]
        for kind in settings:
            found |= {field.name: field.default for field in fields(kind)}
        if parameter.kind is parameter.KEYWORD_ONLY and not settings:
            found[name] = parameter.default
    return found


def _from_matrices(path: Path, content: dict[str, Any]) -> Connectome:
    """A connectome whose matrices are in files next to its description."""
    if "rows" not in content:
        raise ValueError(f'{path}: matrices need rows = "postsynaptic" or "presynaptic".')
    for key in ("neurons", "muscles"):
        if isinstance(content.get(key), str):
            lines = read_text(path.parent / content[key]).splitlines()
            content[key] = [line.strip() for line in lines if line.strip()]
    matrices = {key: _matrix(path, key, content.pop(key)) for key in _MATRICES if key in content}
    neurons = content.pop("neurons", None) or getattr(matrices["chemical"], "index", None)
    if neurons is None:
        raise ValueError(f"{path}: matrices without labels need neurons, a list of names.")
    layers = content.get("extrasynaptic", {})
    if not isinstance(layers, dict):
        raise ValueError(f"{path}: write extrasynaptic.NAME = FILE for each layer.")
    content["extrasynaptic"] = {k: _matrix(path, k, file) for k, file in layers.items()}
    if content.get("signs", "from_weights") != "from_weights":
        content["signs"] = _matrix(path, "signs", content["signs"])
    options = _checked_options(path, content, from_matrices)
    options.setdefault("name", path.stem)
    found = from_matrices(neurons, **matrices, **options)
    return replace(found, source=replace(found.source, file=path.name))


def _matrix(path: Path, key: str, file: Any) -> Any:
    """An array, or a labeled table whose empty fields are 0."""
    suffix = Path(file).suffix if isinstance(file, str) else ""
    if suffix == ".npy":
        from isochron.connectome.arrays import load_finite_npy

        return load_finite_npy(path.parent / file)
    if suffix not in (".csv", ".tsv"):
        raise ValueError(f"{path}: {key} must name a .npy, .csv or .tsv file, got {file!r}.")
    return _labeled_table(path.parent / file, "," if suffix == ".csv" else "\t")


@reads_data
def _labeled_table(path: Path, separator: str) -> Any:
    """A table of numbers whose first line and first column are names, as the file writes them."""
    import io

    import pandas as pd

    lines = [line for line in read_text(path).splitlines() if not line.startswith("#")]
    first = lines[0] if lines else ""
    if separator not in first and ";" in first:
        separator = ";"
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(lines)), sep=separator, index_col=0, dtype=str, na_filter=False
        )
    except pd.errors.ParserError as error:
        raise ValueError(f"{path} is not a table: {error}.") from error
    table.index = [str(label).strip() for label in table.index]
    table.columns = [str(label).strip() for label in table.columns]
    numbers = any(map(_is_number, table.columns)) and all(map(_is_number, table.index))
    if numbers and set(table.columns) != set(table.index):
        raise ValueError(
            f"{path} has no labels: its first line is {first[:40]!r}. Write the names in the first "
            "line and in the first column, or save the matrix as .npy."
        )
    return table.map(lambda text: _number(text.strip(), path))


def _number(text: str, path: Path) -> float:
    """A number of a table; an empty field is 0."""
    if text and not _is_number(text):
        raise ValueError(f"{path}: {text!r} is not a number. Write numbers with a point.")
    return float(text or 0)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked_options(path: Path, given: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """Options of a reader from TOML, where an empty text means None."""
    known = options_of(reader)
    for key, value in given.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f"{path}: unknown option {key!r}.{hint} Known: {', '.join(known)}.")
        if isinstance(known[key], bool) and not isinstance(value, bool):
            raise ValueError(f"{path}: {key} must be true or false, got {value!r}.")

    def converted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: converted(item) for key, item in value.items()}
        return None if isinstance(value, str) and not value else value

    return {key: converted(value) for key, value in given.items()}
