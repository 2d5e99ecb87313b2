"""Text files of other systems, and what is not text: the same result, or one error."""

import codecs
import json
import os
import tempfile
from pathlib import Path

import pytest
import xarray as xr

from isochron.connectome import Connectome
from isochron.files import LARGEST_TEXT, DataFileError
from tests.faults.corpus import READERS

TEXTS = (
    "csv", "graphml", "described", "neuroml", "currents", "wcon", "config", "train-config", "grid",
)  # fmt: skip


def read(name, folder, change):
    """Make the file of a reader, change its bytes, and read it."""
    path = READERS[name].make(folder)
    path.write_bytes(change(path.read_bytes()))
    return READERS[name].read(path)


def values(found):
    """What was read, as values that can be compared."""
    if isinstance(found, Connectome):
        found = found.to_xarray().drop_attrs()
    if isinstance(found, xr.Dataset):
        return {name: item.values.tolist() for name, item in sorted(found.variables.items())}
    return repr(found)


@pytest.fixture(scope="module")
def expected():
    """What each reader finds in the file as it was written."""
    found = {}
    for name in TEXTS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = values(read(name, Path(folder), bytes))
    return found


CHANGES = {
    "a byte-order mark": lambda content: codecs.BOM_UTF8 + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "both": lambda content: codecs.BOM_UTF8 + content.replace(b"\n", b"\r\n"),
    "no line break at the end": lambda content: content.rstrip(b"\n"),
    "many line breaks at the end": lambda content: content + b"\n\n\n",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", TEXTS)
def test_files_of_other_systems_are_read(tmp_path, expected, name, change):
    assert values(read(name, tmp_path, change)) == expected[name]


WRONG = {
    "Latin-1": lambda content: content + "é".encode("latin-1"),
    "a byte that is never UTF-8": lambda content: b"\xff" + content,
    "UTF-16 of half a character": lambda content: codecs.BOM_UTF16_LE + content + b"x" * 9,
    "NUL bytes": lambda content: content[:20] + bytes(8) + content[20:],
    "nothing": lambda content: b"",
    "a half": lambda content: content[: len(content) // 2 - 1],
}
# A file without settings is one of the defaults, and half a table may be a table.
SHORT = {
    ("grid", "nothing"),
    ("config", "nothing"),
    ("train-config", "nothing"),
    ("config", "a half"),
}
SHORT |= {("train-config", "a half"), ("grid", "a half"), ("csv", "a half"), ("currents", "a half")}


@pytest.mark.parametrize(
    ("name", "change"), [(n, c) for n in TEXTS for c in WRONG if (n, c) not in SHORT]
)
def test_what_is_not_such_a_file_is_one_error(tmp_path, name, change):
    path = READERS[name].make(tmp_path)
    path.write_bytes(WRONG[change](path.read_bytes()))
    with pytest.raises(ValueError, match=path.name.replace(".", r"\.")) as caught:
        READERS[name].read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*TEXTS, "results"])
def test_a_file_of_100_MB(tmp_path, name):
    """Refused by its size, or by its content: results and currents may be as large."""
    path = READERS[name].make(tmp_path)
    file = path / "results.json" if path.is_dir() else path
    os.truncate(file, 100 * 2**20)
    with pytest.raises(
        ValueError, match=r"bytes; at most|than 1 MiB|is not a JSON|larger than field"
    ):
        READERS[name].read(path)
    assert file.stat().st_size > LARGEST_TEXT


@pytest.mark.parametrize("name", ["wcon", "results"])
def test_json_that_is_deep_or_has_a_key_twice(tmp_path, name):
    path = READERS[name].make(tmp_path)
    file = path / "results.json" if path.is_dir() else path
    content = json.loads(file.read_text())
    first = next(iter(content))
    twice = file.read_text().replace("{", f'{{"{first}": 0, ', 1)
    for text in ("[" * 10**5, '{"a":' * 10**5, twice):
        file.write_text(text)
        with pytest.raises(DataFileError):
            READERS[name].read(path)


def test_the_readers_of_text_are_those_of_the_corpus():
    """Each reader of the fuzzing that starts from a text file is in this module."""
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for name in READERS:
            (place := Path(folder, name)).mkdir()
            made[name] = READERS[name].make(place)
        text = {
            name for name, path in made.items()
            if path.is_file() and b"\0" not in path.read_bytes()
        }  # fmt: skip
    assert text == set(TEXTS)
