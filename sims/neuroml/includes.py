"""NeuroML documents of a user, with what they include, read with care."""

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from isochron.connectome.files import read_xml
from isochron.sims.neuroml.xml import NEUROML_NAMESPACE

NAMESPACES = {"n": NEUROML_NAMESPACE}


def read_documents(path: str | os.PathLike) -> Iterator[Element]:
    """The root of a NeuroML file, then those of the NeuroML files that it includes.

    Included files must lie in the folder of the first one or below it. Other kinds of files
    (LEMS components) are not read.

    Raises
    ------
    FileNotFoundError, ValueError
        As `isochron.connectome.files.read_xml`; or if a file is not NeuroML 2, or includes
        a file that is missing, outside, or itself.
    """
    path = Path(path)
    yield from _documents(path, path.resolve().parent, ())


def _documents(path: Path, folder: Path, above: tuple[Path, ...]) -> Iterator[Element]:
    here = path.resolve()
    if here in above:
        circle = " includes ".join(p.name for p in (*above[above.index(here) :], here))
        raise ValueError(f"{path} includes itself: {circle}.")
    root = _parse(path)
    yield root
    for include in root.findall("n:include", NAMESPACES):
        href = include.get("href", "")
        target = here.parent / href
        if "://" in href or not target.resolve().is_relative_to(folder):
            raise ValueError(
                f"{path} includes {href!r}, which is outside {folder}; put a copy beside it."
            )
        if target.suffix == ".nml":
            yield from _documents(target, folder, (*above, here))


def _parse(path: Path) -> Element:
    content = read_xml(path)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is not XML: {error}.") from None
    if root.tag != f"{{{NEUROML_NAMESPACE}}}neuroml":
        raise ValueError(
            f"{path} is not NeuroML 2: its root is {root.tag}, not neuroml of {NEUROML_NAMESPACE}."
        )
    return root
