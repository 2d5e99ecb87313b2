"""User-supplied NeuroML documents and the files that they include, read with checks."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from isochron.files import read_xml
from isochron.sims.neuroml.xml import NEUROML_NAMESPACE

DEEPEST, LARGEST_NUMBER = 32, 1000  # files that include each other
NAMESPACES = {"n": NEUROML_NAMESPACE}
_NEUROML, _LEMS = f"{{{NEUROML_NAMESPACE}}}neuroml", "Lems"


@dataclass(frozen=True, slots=True)
class Documents:
    """A NeuroML file and the files that it includes.

    Attributes
    ----------
    main : Element
        Root of the file itself.
    network : Element
        The one network in it, or else in the files that it includes.
    other_networks : tuple of str
        Ids of the networks of included files that are not `network`.
    components : dict of str to Element
        Cells, synapses and other components of all files, by id.
    unread : dict of str to str
        Included files that could not be read, and the reason.
    """

    main: Element
    network: Element
    other_networks: tuple[str, ...]
    components: dict[str, Element]
    unread: dict[str, str]


def read_documents(path: str | os.PathLike) -> Documents:
    """A NeuroML file with its network, components, and the files that it includes.

    Included files must be in the folder of the first one or below it. An included file that
    cannot be read is an error if the network may be in it, that is, if no other file has one.

    Raises
    ------
    FileNotFoundError, ValueError
        As `isochron.files.read_xml`; if the file is not NeuroML 2; or if there is
        not one network, in which case the first included file that cannot be read is named.
    """
    path = Path(path)
    reader = _Reader(path.resolve().parent)
    main = reader.read(path, ())
    own, all_found = _networks([main]), _networks(reader.roots)
    if not all_found and reader.failed:
        raise next(iter(reader.failed.values()))
    networks = own or all_found
    if len(networks) != 1:
        ids = ", ".join(network.get("id", "?") for network in networks)
        raise ValueError(
            f"{path} has {len(networks)} networks{f' ({ids})' * bool(ids)}; it must have one."
        )
    return Documents(
        main=main,
        network=networks[0],
        other_networks=tuple(
            network.get("id", "?") for network in all_found if network is not networks[0]
        ),
        components={item.get("id", ""): item for item in reversed(list(reader.components()))},
        unread={href: _reason(error) for href, error in reader.failed.items()},
    )


def _networks(roots: list[Element]) -> list[Element]:
    return [network for root in roots for network in root.findall("n:network", NAMESPACES)]


@dataclass(slots=True)
class _Reader:
    folder: Path
    roots: list[Element] = field(default_factory=list)
    done: set[Path] = field(default_factory=set)
    failed: dict[str, Exception] = field(default_factory=dict)

    def read(self, path: Path, above: tuple[Path, ...]) -> Element:
        here = path.resolve()
        if here in above:
            circle = " includes ".join(p.name for p in (*above[above.index(here) :], here))
            raise ValueError(f"{path} includes itself: {circle}.")
        if len(above) > DEEPEST or len(self.done) >= LARGEST_NUMBER:
            raise ValueError(
                f"{path} is included through more than {DEEPEST} files, or is one of more than "
                f"{LARGEST_NUMBER}; put their content into fewer files."
            )
        root = _parse(path, included=bool(above))
        self.done.add(here)
        self.roots.append(root)
        for include in root.findall("n:include", NAMESPACES):
            href = include.get("href", "")
            try:
                target = self._target(path, here, href)
                if target.resolve() not in self.done or target.resolve() in (*above, here):
                    self.read(target, (*above, here))
            except (OSError, ValueError) as error:
                self.failed.setdefault(href, error)
        return root

    def _target(self, path: Path, here: Path, href: str) -> Path:
        target = here.parent / href
        if "://" in href or not target.resolve().is_relative_to(self.folder):
            raise ValueError(
                f"{path} includes {href!r}, which is outside {self.folder}; put a copy into it."
            )
        if target.suffix.lower() not in (".nml", ".xml"):
            raise ValueError(
                f"{path} includes {href!r}, which is not XML; save it as NeuroML 2 (.nml)."
            )
        return target

    def components(self) -> Iterator[Element]:
        for root in self.roots:
            yield from (child for child in root if child.get("id"))


def _parse(path: Path, *, included: bool) -> Element:
    """Root of a NeuroML 2 file, or of an included file of LEMS components."""
    content = read_xml(path)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is not XML: {error}.") from None
    if root.tag == _NEUROML or (included and root.tag == _LEMS):
        return root
    files = [item.get("file", "") for item in root.iter("Include")] if root.tag == _LEMS else []
    networks = ", ".join(name for name in files if name.endswith(".nml"))
    hint = f" It is a simulation of {networks}; read that file." if networks else ""
    raise ValueError(
        f"{path} is not NeuroML 2: its root is {root.tag}, not neuroml of "
        f"{NEUROML_NAMESPACE}.{hint}"
    )


def _reason(error: Exception) -> str:
    return "missing" if isinstance(error, FileNotFoundError) else " ".join(str(error).split())
