"""The Connectome: names, layers of connections, signs and provenance."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from html import escape
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from isochron.arguments import require_instance
from isochron.connectome.cells import CELL_TYPES, Cell, are_of_the_worm, cells_of
from isochron.connectome.names import (
    C_ELEGANS,
    canonical_name,
    canonical_names,
    hint_for,
    infer_species,
    known_species,
)
from isochron.connectome.weights import widened
from isochron.real_numbers import require_real
from isochron.settings import check_type, check_types
from isochron.wording import command, counted, shown

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import xarray as xr


_PARTS = ("without ", "only ", "left and right merged", "merged by class")  # in the history


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Provenance of a connectome.

    Attributes
    ----------
    title, paper, doi : str
        The publication.
    file, file_sha256 : str
        The file of the publication, and its digest.
    via : str
        The package that carried the file.
    license : str
        Terms of the data.
    weight_unit : str
        What a weight counts. Weights of different units cannot be compared.
    notes : str
        Animal, extent, peculiarities.
    left_out : str
        Connections of the file that a `Connectome` cannot contain, with their number.
    content_sha256 : str
        Digest of the vendored arrays.

    Examples
    --------
    >>> source = connectome.load("varshney2011").source
    >>> source.paper
    'Varshney, Chen, Paniagua, Hall and Chklovskii (2011), PLoS Computational Biology 7:e1001066'
    >>> source.weight_unit
    'synaptic contacts'
    """

    title: str = ""
    paper: str = ""
    doi: str = ""
    file: str = ""
    file_sha256: str = ""
    via: str = ""
    license: str = ""
    weight_unit: str
    notes: str = ""
    left_out: str = ""
    content_sha256: str = ""

    __post_init__ = check_types


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Connectome:
    """A connectome. Rows are postsynaptic, columns presynaptic, so ``W @ r`` is the input.

    It is immutable: `ablate`, `subset`, `threshold` and the other methods return a new one.

    Attributes
    ----------
    name : str
        Identifier, such as ``varshney2011``.
    neurons : tuple of str
        Names, the labels of rows and columns.
    muscles : tuple of str
        Labels of the rows of `neuromuscular`.
    chemical : ndarray, shape (n_neurons, n_neurons)
        Weight of the chemical synapses, ``[post, pre]``, in `source.weight_unit`.
    gap : ndarray, shape (n_neurons, n_neurons)
        Weight of the gap junctions, symmetric.
    neuromuscular : ndarray, shape (n_muscles, n_neurons)
        Weight of the neuromuscular synapses.
    source : Source
        Provenance.
    extrasynaptic : mapping of str to ndarray, shape (n_neurons, n_neurons)
        Signaling without synapses, ``[post, pre]``, by transmitter.
    signs : ndarray of int8, shape (n_neurons, n_neurons), or None
        +1 or -1 at each chemical connection that a sign rule has signed, else 0. None if
        no rule was applied.
    cells : tuple of Cell
        Class, type, transmitters and position of each neuron. If they are not given, those of
        C. elegans are taken from `connectome.cells`; those of other animals are unknown.
    species : str or None
        The animal. If it is not given, it is C. elegans if `cells` are all those of
        `connectome.cells`, or, without `cells`, if the names show it beyond doubt (see
        `connectome.infer_species`); else None: not known. Only names
        of C. elegans have aliases, and only for it are there tables of cells and sign rules
        by name.
    history : tuple of str
        Changes of the published connectome, in order: ablations, sign rule, rewiring.
    opened_as : str
        Argument with which a command of ``isochron`` reads it again, such as the path of a file
        as the caller wrote it. It is used in messages only and is never saved.

    Raises
    ------
    ValueError
        If names repeat, a shape does not fit, a weight is negative or not finite, the gap
        junctions are not symmetric, a pair without a connection has a sign, or two layers have
        the same name.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> worm
    <Connectome varshney2011 (C. elegans): 279 neurons, 1 muscle, 2194 chemical connections, ...>
    >>> worm.select("AVA", "VB1*")
    ('AVAL', 'AVAR', 'VB1', 'VB10', 'VB11')
    >>> post, pre = worm.index(["AVAL", "AVDR"])  # rows are postsynaptic
    >>> int(worm.chemical[post, pre])
    16
    >>> worm.ablate("AVA").history
    ('without AVA',)
    """

    name: str
    neurons: tuple[str, ...]
    muscles: tuple[str, ...]
    chemical: np.ndarray
    gap: np.ndarray
    neuromuscular: np.ndarray
    source: Source
    extrasynaptic: Mapping[str, np.ndarray] = field(default_factory=dict)
    signs: np.ndarray | None = None
    cells: tuple[Cell, ...] = ()
    species: str | None = None
    history: tuple[str, ...] = ()
    opened_as: str = ""

    def __post_init__(self) -> None:
        check_type("The name of a connectome", self.name, str)
        self._set("species", known_species(self.species))
        if self.species is None:
            self._infer_species()
        self._name_cells()
        n, m = len(self.neurons), len(self.muscles)
        for kind, names in (("neuron", self.neurons), ("muscle", self.muscles)):
            if len(set(names)) != len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise ValueError(f"{self.name}: the {kind} {twice!r} is named twice.")
        self._set("chemical", self._checked("chemical", self.chemical, (n, n)))
        self._set("gap", self._checked("gap", self.gap, (n, n)))
        self._set("neuromuscular", self._checked("neuromuscular", self.neuromuscular, (m, n)))
        if self.extrasynaptic:
            _module("importers.vocabulary").check_extrasynaptic(tuple(self.extrasynaptic))
        layers = {k: self._checked(k, w, (n, n)) for k, w in self.extrasynaptic.items()}
        self._set("extrasynaptic", MappingProxyType(layers))
        if not np.array_equal(self.gap, self.gap.T):
            i, j = np.argwhere(self.gap != self.gap.T)[0]
            raise ValueError(
                f"{self.name}: gap junctions must be symmetric, but gap[{self.neurons[i]}, "
                f"{self.neurons[j]}] is {self.gap[i, j]} and the other way it is {self.gap[j, i]}."
            )
        if self.signs is not None:
            self._set("signs", self._checked_signs(self.signs))
        if tuple(cell.name for cell in self.cells) != self.neurons:
            raise ValueError(f"{self.name}: the cells are not those of the neurons, in order.")

    def __repr__(self) -> str:
        parts = [counted(len(self.neurons), "neuron")]
        if self.muscles:
            parts.append(counted(len(self.muscles), "muscle"))
        if chemical := np.count_nonzero(self.chemical):
            parts.append(counted(chemical, "chemical connection"))
        if pairs := np.count_nonzero(np.triu(self.gap, 1)):
            parts.append(counted(pairs, "gap-junction pair"))
        if onto_muscle := np.count_nonzero(self.neuromuscular):
            parts.append(counted(onto_muscle, "neuromuscular connection"))
        for layer, weights in self.extrasynaptic.items():
            parts.append(counted(np.count_nonzero(weights), f"{layer} connection"))
        text = f"<Connectome {self.name} ({self.species or 'species not given'}): "
        text += f"{', '.join(parts)}; weights are {self.source.weight_unit}"
        text += f"; {_described_signs(self)}" if chemical else ""
        return text + (f"; {'; '.join(self.history)}>" if self.history else ">")

    def _repr_html_(self) -> str:
        rows = {
            "species": self.species or "not given; names do not show it",
            "neurons": f"{len(self.neurons)}: {', '.join(self.neurons[:4])}, …",
            "layers": ", ".join(
                f"{layer} ({counted(np.count_nonzero(self.layer(layer)), 'entry', 'entries')})"
                for layer in self.layers
            ),
            "weights are": self.source.weight_unit,
            "signs": _described_signs(self),
            "history": "; ".join(self.history) or "as published",
            "paper": f"{self.source.paper} {self.source.doi}",
            "notes": self.source.notes,
        }
        body = "".join(
            f"<tr><th style='text-align:left'>{key}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for key, text in rows.items()
        )
        return f"<b>Connectome {escape(self.name)}</b><table>{body}</table>"

    @property
    def is_worm(self) -> bool:
        """Whether the animal is C. elegans, so that its names, cells and sign rules apply."""
        return self.species == C_ELEGANS

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers with at least one connection."""
        names = ("chemical", "gap", "neuromuscular", *self.extrasynaptic)
        return tuple(name for name in names if np.any(self.layer(name)))

    def layer(self, name: str) -> np.ndarray:
        """Weights of a layer.

        Parameters
        ----------
        name : str
            ``chemical``, ``gap``, ``neuromuscular`` or a key of `extrasynaptic`.

        Returns
        -------
        ndarray, shape (n_neurons, n_neurons), or (n_muscles, n_neurons) if neuromuscular
            Weights ``[post, pre]``, in `source.weight_unit`.

        Raises
        ------
        ValueError
            If this connectome does not have the layer.
        """
        if name in ("chemical", "gap", "neuromuscular"):
            return getattr(self, name)
        if name not in self.extrasynaptic:
            known = ", ".join(("chemical", "gap", "neuromuscular", *self.extrasynaptic))
            raise ValueError(f"{self.name} does not have the layer {name!r}. It has: {known}.")
        return self.extrasynaptic[name]

    def name_of(self, name: str) -> str:
        """Form of a name in this connectome: the canonical one if it is of C. elegans.

        Parameters
        ----------
        name : str
            Name of a neuron or muscle in any spelling that `connectome.canonical_name` knows.

        Returns
        -------
        str
            The name; not necessarily that of a neuron of this connectome.
        """
        if name in self.neurons:
            return name
        name = _module("importers.vocabulary").clean_name(name)
        return canonical_name(name) if self.is_worm else name

    def index(self, names: Iterable[str]) -> np.ndarray:
        """Positions of neurons in rows and columns.

        Parameters
        ----------
        names : iterable of str
            Names of neurons, not classes or types (see `select`); a name may repeat.

        Returns
        -------
        ndarray of int, shape (n_names,)
            Positions in `neurons`, in the order of `names`.

        Raises
        ------
        ValueError
            If a name is not in this connectome; the message gives the nearest ones.
        """
        position = {name: i for i, name in enumerate(self.neurons)}
        found = []
        for name in names:
            key = self.name_of(name)
            if key not in position:
                raise ValueError(self._unknown(name))
            found.append(position[key])
        return np.array(found, dtype=np.intp)

    def select(self, *what: str) -> tuple[str, ...]:
        """Names of the neurons of a type or class, or that match a pattern.

        Parameters
        ----------
        *what : str
            Names, cell types (``motor``, also ``Motor neurons``), classes (``AVA``) or shell
            patterns (``VB*``). Upper and lower case make no difference for C. elegans.

        Returns
        -------
        tuple of str
            Names of the neurons that match at least one of them, in the order of `neurons`.

        Raises
        ------
        ValueError
            If one of them matches no neuron.
        TypeError
            If one of them is not a str, such as a list of names.
        """
        chosen: set[str] = set()
        for one in what:
            _check_text(one)
            matching = self._matching(self.name_of(one))
            if not matching:
                kinds = "" if one in CELL_TYPES else f" Types: {', '.join(CELL_TYPES)}."
                raise ValueError(self._unknown(one) + self._other_case(one) + kinds)
            chosen |= matching
        return tuple(name for name in self.neurons if name in chosen)

    def _matching(self, key: str) -> set[str]:
        """Neurons that match a pattern, or are of a class or type."""
        if key in self.neurons:  # a name with * or [ is not a pattern
            return {key}
        by_name = {name for name in self.neurons if fnmatchcase(name, key)}
        words = _module("importers.vocabulary")
        kind = words.read_cell_type(key, where="") if key and words.is_cell_type(key) else None
        return (
            by_name
            or {cell.name for cell in self.cells if key in (cell.type, cell.cell_class)}
            or {cell.name for cell in self.cells if cell.type == kind != "unknown"}
            or (self._in_any_case(key) if self.is_worm else set())
        )

    def _in_any_case(self, key: str) -> set[str]:
        """Neurons that match a pattern, or are of a class, if its case makes no difference."""
        text = key.strip().casefold()
        by_name = {name for name in self.neurons if fnmatchcase(name.casefold(), text)}
        return by_name or {c.name for c in self.cells if c.cell_class.casefold() == text}

    def _other_case(self, one: str) -> str:
        """Hint at a class or neurons that would match if case made no difference."""
        text = str(one).casefold()
        found = [name for name in self.neurons if fnmatchcase(name.casefold(), text)]
        groups = [cell.cell_class for cell in self.cells if cell.cell_class.casefold() == text]
        if groups:
            return f" Did you mean the class {groups[0]}?"
        if found and text not in (name.casefold() for name in found):
            return f" Upper and lower case differ: {', '.join(found[:3])} would match."
        return ""

    def with_signs(self, rule: "Callable[[Connectome], np.ndarray]") -> "Connectome":
        """The same connectome with chemical connections signed by a rule of `connectome.signs`.

        The history records the rule; where the rule does not fit this connectome
        (`rule.remarks`); and whether no connection inhibits or none has a sign.

        Parameters
        ----------
        rule : callable
            Maps a Connectome to signs -1, 0 or 1, shape (n_neurons, n_neurons), ``[post, pre]``:
            `connectome.gaba_inhibitory`, a `TransmitterSigns`, `Fenyves2020` or `SignTable`, or
            a function.

        Returns
        -------
        Connectome
            Its `signs` replace those of this connectome.

        Raises
        ------
        ValueError
            If the signs have a different shape, are not -1, 0 or 1, or a pair without a
            chemical connection has a sign.
        """
        signs = rule(self)
        remarks: tuple[str, ...] = getattr(rule, "remarks", lambda _: ())(self)
        said = "; ".join((f"signs: {rule!r}{_one_sided(self, signs)}", *remarks))
        return self.changed(said, signs=signs)

    def changed(self, what: str, **fields: Any) -> "Connectome":
        """The same connectome with other fields and one more line in its history.

        Parameters
        ----------
        what : str
            The line, such as ``"gap junctions removed"``.
        **fields
            Attributes of the Connectome with their new values.

        Returns
        -------
        Connectome
            The new connectome; its fields are checked again.

        Raises
        ------
        ValueError
            As `Connectome`, if the new fields contradict each other.
        """
        if "neurons" in fields:
            fields["opened_as"] = ""  # a command would list other neurons
        return replace(self, **fields, history=(*self.history, what))

    def subset(self, *what: str) -> "Connectome":
        """The selected neurons, with the connections among them and onto muscles.

        Parameters
        ----------
        *what : str
            Names, types, classes or patterns, as for `select`.

        Returns
        -------
        Connectome
            Neurons in their order; all muscles remain.
        """
        return _module("transform").subset(self, *what)

    def ablate(self, *what: str) -> "Connectome":
        """All neurons but the selected ones.

        Parameters
        ----------
        *what : str
            Names, types, classes or patterns of the neurons to remove, as for `select`.

        Returns
        -------
        Connectome
            The other neurons in their order; all muscles remain.
        """
        return _module("transform").ablate(self, *what)

    def binarize(self) -> "Connectome":
        """The same connections, each with the weight 1."""
        return _module("transform").binarize(self)

    def threshold(self, minimum: float) -> "Connectome":
        """The same connectome without the weak connections.

        Parameters
        ----------
        minimum : float
            Smallest weight that remains, > 0, in `source.weight_unit`; applies to every layer.

        Returns
        -------
        Connectome
            All neurons; smaller weights are 0, without a sign.
        """
        return _module("transform").threshold(self, minimum)

    def merge_left_right(self) -> "Connectome":
        """Left and right twins become one: AVAL and AVAR are AVA."""
        return _module("transform").merge_left_right(self)

    def by_class(self) -> "Connectome":
        """The neurons of a class become one: VB1 to VB11 are VB."""
        return _module("transform").by_class(self)

    def to_networkx(self) -> "nx.MultiDiGraph":
        """A graph; see `connectome.export.to_networkx`."""
        return _module("export").to_networkx(self)

    def to_pandas(self) -> "pd.DataFrame":
        """A table of connections; see `connectome.export.to_pandas`."""
        return _module("export").to_pandas(self)

    def to_xarray(self) -> "xr.Dataset":
        """Labeled matrices; see `connectome.export.to_xarray`."""
        return _module("export").to_xarray(self)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _infer_species(self) -> None:
        worm = are_of_the_worm(self.cells)
        if not self.cells:
            worm = infer_species((*self.neurons, *self.muscles)) == C_ELEGANS
        self._set("species", C_ELEGANS if worm else None)

    def _name_cells(self) -> None:
        """Canonical names of neurons, muscles and cells; the cells if they are not given."""
        for what in ("neuron", "muscle"):
            names = getattr(self, f"{what}s")
            found = canonical_names(names, species=self.species, what=what, where=self.name)
            self._set(f"{what}s", found)
        given = [
            cell if self.name_of(cell.name) == cell.name
            else replace(cell, name=self.name_of(cell.name))
            for cell in self.cells
        ]  # fmt: skip
        self._set("cells", tuple(given) or cells_of(self.neurons, of_the_worm=self.is_worm))

    def _checked(self, layer: str, given: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        require_real(f"{self.name}: {layer}", given)
        weights = np.array(given, order="C")  # compiled code and files take rows in order
        if weights.shape != shape:
            raise ValueError(f"{self.name}: {layer} has shape {weights.shape}, not {shape}.")
        if weights.dtype.kind not in "biuf":
            raise ValueError(f"{self.name}: {layer} contains {weights.dtype}, not numbers.")
        weights = widened(weights)  # sums of connections are not True, nor modulo 256
        if weights.size and not (np.isfinite(weights).all() and weights.min() >= 0):
            raise ValueError(
                f"{self.name}: {layer} has weights that are negative or not finite; the sign of "
                "a synapse is stated by a sign rule."
            )
        weights.setflags(write=False)
        return weights

    def _checked_signs(self, given: np.ndarray) -> np.ndarray:
        require_real(f"{self.name}: signs", given)
        values = np.asarray(given)
        if values.shape != self.chemical.shape:
            raise ValueError(
                f"{self.name}: signs must be -1, 0 or 1 in shape {self.chemical.shape}, "
                f"got shape {values.shape}."
            )
        if not (allowed := np.isin(values, (-1, 0, 1))).all():
            row, column = np.argwhere(~allowed)[0]
            raise ValueError(
                f"{self.name}: signs must be -1, 0 or 1, got {shown(values[row, column])} from "
                f"{self.neurons[column]} to {self.neurons[row]}."
            )
        signs = np.array(values, dtype=np.int8, order="C")
        if (signs[self.chemical == 0] != 0).any():
            raise ValueError(f"{self.name}: there are signs where there is no connection.")
        signs.setflags(write=False)
        return signs

    def _unknown(self, name: str) -> str:
        if name in CELL_TYPES:
            kinds = {cell.type for cell in self.cells} - {"unknown"}
            return (
                f"{self.name} does not have neurons of the type {name!r}; types of its neurons: "
                f"{', '.join(sorted(kinds)) or 'none known'}. State them where the connectome is "
                'made: types={"A": "sensory", ...}.'
            )
        if (muscle := self.name_of(name)) in self.muscles:
            return f"{muscle} is a muscle of {self.name}, not a neuron; only neurons are expected."
        parts = [line for line in self.history if line.startswith(_PARTS)]
        part = f" Its neurons were changed: {'; '.join(parts)}." if parts else ""
        return (
            f"{self.name} has no neuron {name!r}.{part}{hint_for(name, self.neurons)} "
            f"All {counted(len(self.neurons), 'name')}: {_names_are_listed_by(self)}."
        )


def check_connectome(connectome: object) -> None:
    """Check that an argument is a connectome.

    Raises
    ------
    TypeError
        If it is something else, such as the name of a data set.
    """
    example = "isochron.connectome.load('varshney2011')"
    require_instance("connectome", connectome, Connectome, example)


def _names_are_listed_by(connectome: Connectome) -> str:
    where = connectome.opened_as
    return command("connectome cells", where) if where else "the attribute neurons"


def _described_signs(connectome: Connectome) -> str:
    """Signs of the chemical connections, and how a model uses them."""
    if connectome.signs is not None:
        total = counted(np.count_nonzero(connectome.chemical), "chemical connection")
        silent = np.count_nonzero(connectome.chemical) - np.count_nonzero(connectome.signs)
        without = f", {silent} without a sign" if silent else ""
        return f"{(connectome.signs < 0).sum()} of {total} inhibitory{without}"
    if connectome.is_worm:
        return "no signs: models inhibit by the GABAergic senders unless a sign rule is given"
    return "no signs: in models all connections excite unless a sign rule is given"


def _one_sided(connectome: Connectome, signs: np.ndarray) -> str:
    """Note for the history if all signs are alike; empty otherwise."""
    number = np.count_nonzero(connectome.chemical)
    if not number or (np.asarray(signs) < 0).any():
        return ""
    if (np.asarray(signs) > 0).any():
        return f" (inhibits none of the {counted(number, 'chemical connection')})"
    return f" (gives none of the {counted(number, 'chemical connection')} a sign)"


def _check_text(name: Any) -> None:
    """Raise if a list of names is given where names are given one by one."""
    if not isinstance(name, str):
        raise TypeError(
            f"Names are text, given one by one, got {name!r}. Unpack a list of names: "
            "connectome.select(*names), connectome.ablate(*names)."
        )


def _module(name: str) -> Any:
    """A module of this package that itself needs `Connectome`."""
    return import_module(f"isochron.connectome.{name}")
