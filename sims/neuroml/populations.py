"""The cells of the populations of a NeuroML network, and references to them."""

import os
import re
from difflib import get_close_matches
from typing import NamedTuple
from xml.etree.ElementTree import Element

from isochron.connectome.names import (
    C_ELEGANS,
    canonical_name,
    canonical_names,
    infer_species,
    is_muscle,
    known_species,
)
from isochron.sims.neuroml.includes import NAMESPACES
from isochron.wording import counted

MOST_CELLS = 5_000
_PATH = re.compile(r"(?:\.\./)?([A-Za-z_]\w*)(?:\[(\d+)\]|/(\d+)(?:/\w+)?/?)?")


class Place(NamedTuple):
    """A cell: its role, its number among those of its role, component, id, transmitter."""

    role: str
    number: int
    component: str
    identity: str
    transmitter: str = ""  # as the property ``neurotransmitter`` of its population states it


class Cells:
    """The cells of the populations of a network.

    Parameters
    ----------
    path : path-like
        The file, for error messages.
    network : Element
        Element of the network.
    species : str or None
        ``"infer"``: C. elegans if the ids show it beyond doubt, else None.

    Attributes
    ----------
    names : dict of str to tuple of str
        Names of the cells of each role, ``neuron`` and ``muscle``, in order; canonical for
        C. elegans.
    species : str or None
        Species of the animal; None if it is not known.

    Raises
    ------
    ValueError
        If the id of a population is missing or repeated, its size or role is not valid, two
        populations are the same cell, or there are too many cells.
    """

    def __init__(
        self, path: str | os.PathLike, network: Element, *, species: str | None = "infer"
    ) -> None:
        self.path = path
        populations = network.findall("n:population", NAMESPACES)
        inferred = species == "infer"
        self.species = infer_species(map(_label, populations)) if inferred else species
        self.species = known_species(self.species)
        self._has_muscles = inferred or self.species == C_ELEGANS
        self._names: dict[str, list[str]] = {"neuron": [], "muscle": []}
        self._places: dict[str, dict[str, Place]] = {}
        for population in populations:
            self._add(population)
        self.names = {
            role: canonical_names(names, species=self.species, what=role, where=str(path))
            for role, names in self._names.items()
        }

    def _add(self, population: Element) -> None:
        identity, label = population.get("id", ""), _label(population)
        if not identity or identity in self._places:
            raise ValueError(
                f"{self.path}: the id {identity!r} of a population is empty or repeated."
            )
        numbers = self._numbers(identity, population)
        size = len(numbers)
        if size + sum(map(len, self._names.values())) > MOST_CELLS:
            raise ValueError(f"{self.path} has more than {MOST_CELLS} cells; that is too many.")
        muscle = self._has_muscles and is_muscle(canonical_name(label))
        properties = read_properties(population)
        transmitter = properties.get("neurotransmitter", "")
        role = properties.get("role") or ("muscle" if muscle else "neuron")
        if role not in self._names:
            raise ValueError(
                f"{self.path}: the role of {identity} is {role!r}, not neuron or muscle."
            )
        listed, component = self._names[role], population.get("component", "")
        ids = [identity] if size == 1 else [f"{identity}[{number}]" for number in numbers]
        self._places[identity] = {
            number: Place(role, len(listed) + i, component, ids[i], transmitter)
            for i, number in enumerate(numbers)
        }
        listed.extend([label] if size == 1 else [f"{label}[{number}]" for number in numbers])

    def _numbers(self, identity: str, population: Element) -> list[str]:
        """The numbers by which the cells of a population are referred to, as text."""
        instances = population.findall("n:instance", NAMESPACES)
        numbers = [item.get("id", str(i)) for i, item in enumerate(instances)]
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"{self.path}: two instances of {identity} have the same id.")
        text = population.get("size") or _size_of_layout(population) or str(len(instances))
        if not text.isdecimal() or len(text) > 9:
            raise ValueError(f"{self.path}: a population has size {text!r}, not a number.")
        size = int(text)
        if size == 0 and population.get("size") is None:
            raise ValueError(
                f"{self.path}: the population {identity} lacks a size, instances or a layout."
            )
        if instances and len(instances) != size:
            raise ValueError(
                f"{self.path}: the population {identity} has size {size}, but "
                f"{counted(len(instances), 'instance')}."
            )
        if size > MOST_CELLS:
            raise ValueError(f"{self.path} has more than {MOST_CELLS} cells; that is too many.")
        return numbers or [str(i) for i in range(size)]

    def find(self, reference: str, population: str = "") -> Place:
        """The cell of a reference.

        Parameters
        ----------
        reference : str
            ``../AVAL/0/cell``, ``../AVAL[0]``, ``AVAL`` if there is one of them, or a number.
        population : str
            Id of the population of a number; a reference to a different one is an error.

        Raises
        ------
        ValueError
            If the cell does not exist.
        """
        if reference.isdecimal() and population:
            name, number = population, reference
        elif match := _PATH.fullmatch(reference):
            name, number = match[1], match[2] or match[3]
        else:
            raise ValueError(f"{self.path}: {reference!r} is not a reference to a cell.")
        if name not in self._places:
            near = get_close_matches(name, self._places, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise ValueError(f"{self.path} does not have a population {name!r}.{hint}")
        cells = self._places[name]
        if number is None and len(cells) == 1:
            number = next(iter(cells))
        number = str(int(number)) if number else reference
        if number not in cells:
            raise ValueError(
                f"{self.path}: {name} has {counted(len(cells), 'cell')}, and none is {number}."
            )
        if population and name != population:
            raise ValueError(
                f"{self.path}: {reference!r} is a cell of {name}, in a projection of {population}."
            )
        return cells[number]


def _label(population: Element) -> str:
    return read_properties(population).get("name") or population.get("id", "")


def read_properties(of: Element) -> dict[str, str]:
    """The ``property`` elements of an element: tag to value."""
    found = of.findall("n:property", NAMESPACES)
    return {prop.get("tag", ""): prop.get("value", "") for prop in found}


def _size_of_layout(population: Element) -> str:
    """Number of cells of a random, unstructured or grid layout; empty without a layout."""
    for layout in population.findall("n:layout/*", NAMESPACES):
        if number := layout.get("number"):
            return number
        sides = [layout.get(f"{axis}Size", "1") for axis in "xyz"]
        if "xSize" in layout.attrib and all(side.isdecimal() for side in sides):
            x, y, z = map(int, sides)
            return str(x * y * z)
    return ""
