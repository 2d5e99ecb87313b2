"""Text and XML of a user: encodings, and what no parser may see."""

import pytest

from isochron.files import DataFileError, read_xml


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "ISO-8859-1"),  # the mark prevails
        ("iso-8859-1", "ISO-8859-1"),
        ("iso-8859-15", "iso-8859-15"),
        ("cp1252", "windows-1252"),
        ("ascii", "US-ASCII"),
        ("utf-16", "UTF-16"),
        ("utf-16", None),
    ],
)
def test_the_declared_encoding_is_used(tmp_path, encoding, declared):
    text = "x" if encoding == "ascii" else "Müller"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    path = tmp_path / "a.xml"
    path.write_bytes(f"{head}<a>{text}</a>".encode(encoding))
    assert read_xml(path).decode() == f"<a>{text}</a>"


@pytest.mark.parametrize("encoding", ["UTF-7", "EBCDIC-CP-US", "rot13", "punycode", "", "utf-16"])
def test_encodings_that_hide_characters_are_rejected(tmp_path, encoding):
    """In these, ``<!ENTITY`` can be written without these bytes."""
    path = tmp_path / "a.xml"
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())
    with pytest.raises(DataFileError, match=r"a\.xml declares the encoding .* save it as UTF-8"):
        read_xml(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("forbidden", ["<!DOCTYPE a>", "<!doctype a>", "<!ENTITY b 'c'>"])
def test_document_types_are_rejected_in_every_encoding(tmp_path, encoding, forbidden):
    path = tmp_path / "a.xml"
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    path.write_bytes(f"{head}{forbidden}<a/>".encode(encoding))
    with pytest.raises(DataFileError, match=r"which is not allowed; delete that line"):
        read_xml(path)


def test_bytes_that_are_not_of_the_declared_encoding(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes('<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode("latin-1"))
    with pytest.raises(DataFileError, match=r"not UTF-8: invalid continuation byte at byte 41"):
        read_xml(path)
