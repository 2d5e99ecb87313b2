"""Assembly of a Connectome from the entries of a file: names, muscles, layers, cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from isochron.connectome.cells import Cell, cells, cells_of
from isochron.connectome.importers.links import (
    Link,
    Rules,
    count_unsigned,
    layer_matrix,
    merge_duplicates,
    sign_matrix,
)
from isochron.connectome.importers.vocabulary import CORE_LAYERS, cell_type_of
from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import (
    C_ELEGANS,
    canonical_name,
    canonical_names,
    hint_for,
    infer_species,
    is_muscle,
    joint_cells,
    known_species,
)
from isochron.connectome.signs import GABAERGIC
from isochron.files import sha256
from isochron.memory import require_memory
from isochron.wording import counted

INFER = "infer"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts that a file or the caller states in addition to the connections.

    Attributes
    ----------
    where : str
        Path of the file, for messages.
    name : str
        Name of the connectome.
    source : Source
        Provenance.
    species : str or None
        Animal; ``"infer"``: that which the names show.
    order : tuple of str
        Cells in their order; those that only connections name follow.
    neurons, muscles : tuple of str
        Cells that the file or the caller states to be one or the other.
    types, classes : mapping of str to str
        Cell type and class of neurons by name.
    history : tuple of str
        Changes by the reader.
    rules : Rules
        Treatment of repeated connections and of unequal gap junctions.
    """

    where: str
    name: str
    source: Source
    species: str | None = INFER
    order: tuple[str, ...] = ()
    neurons: tuple[str, ...] = ()
    muscles: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)


def assemble(links: Sequence[Link], facts: Facts) -> Connectome:
    """A Connectome from entries of a file.

    Names of C. elegans become canonical. A chemical connection onto a muscle is
    neuromuscular. Connections that a Connectome cannot contain are counted in ``source.left_out``.

    Raises
    ------
    ValueError
        If names, entries or types contradict each other.
    """
    names = _Names(links, facts)
    left_out: Counter[str] = Counter()
    n_cells, n_layers = len(names.neurons) + len(names.muscles), len({link.layer for link in links})
    require_memory(
        8.0 * n_cells**2 * (3 + n_layers),
        f"{facts.where}: a connectome of {n_cells} cells",
        "Select fewer cells.",
    )
    placed = list(_place(links, names, facts, left_out))
    placed, n_added = merge_duplicates(placed, facts.rules.duplicates)
    layers, history = _layers(placed, names, facts)
    if n_added:
        history += (f"{counted(n_added, 'repeated connection')} added up",)
    if n_unsigned := count_unsigned(placed):
        without = counted(
            n_unsigned,
            "chemical connection without a sign has",
            "chemical connections without a sign have",
        )
        history += (f"{without} no effect in a model",)
    if any(not link.directed for link in placed):
        history += ("undirected connections count in both directions",)
    parts = (facts.source.left_out, *(counted(count, what) for what, count in left_out.items()))
    return Connectome(
        name=facts.name,
        neurons=names.neurons,
        muscles=names.muscles,
        chemical=layers.pop("chemical"),
        gap=layers.pop("gap"),
        neuromuscular=layers.pop("neuromuscular"),
        extrasynaptic=layers,
        signs=sign_matrix(placed, names.neurons),
        cells=describe_cells(names.neurons, names.species, facts.types, facts.classes),
        species=names.species,
        source=replace(facts.source, left_out=", ".join(filter(None, parts))),
        history=(*facts.history, *names.history, *history),
    )


def species_of(species: str | None, names: Iterable[str]) -> str | None:
    """The species that the caller gives, or that the names show if it is ``"infer"``."""
    return infer_species(names) if species == INFER else known_species(species)


def describe_cells(
    names: Sequence[str],
    species: str | None,
    types: Mapping[str, str],
    classes: Mapping[str, str] | None = None,
) -> tuple[Cell, ...]:
    """Cells with the types given; those of C. elegans otherwise as in the table of cells.

    Names of the types and classes may be written in any way that `canonical_name` knows.

    Raises
    ------
    ValueError
        If a type does not exist, or is given for a name that is not among `names`.
    """
    worm, known = species == C_ELEGANS, set(names)
    form = canonical_name if worm else str
    for name in types:
        if form(name) not in known:
            hint = hint_for(form(name), names)
            raise ValueError(f"types names {name!r}, which is not a neuron.{hint}")
    types = {form(name): cell_type_of(kind) for name, kind in types.items()}
    classes = {form(name): group for name, group in (classes or {}).items()}
    table = cells() if worm else {}
    return tuple(
        cell
        if cell == table.get(cell.name)
        else replace(
            _joint(cell) if worm and cell.name not in types else cell,
            cell_class=classes.get(cell.name) or cell.name,
        )
        for cell in cells_of(names, of_the_worm=worm, types=types)
    )


def _joint(cell: Cell) -> Cell:
    """A label of several cells, EF1/2, with the type and transmitters that all of them have."""
    parts = [cells()[name] for name in joint_cells(cell.name)]
    shared = {
        name: values.pop()
        for name in ("type", "sex", "transmitters")
        if len(values := {getattr(part, name) for part in parts}) == 1
    }
    return replace(cell, **shared)


def file_source(path: Path, content: bytes, weight_unit: str, left_out: str = "") -> Source:
    """Provenance of a connectome of a user's file."""
    return Source(
        weight_unit=weight_unit, file=path.name, file_sha256=sha256(content), left_out=left_out
    )


class _Names:
    """The cells of a file: who is a muscle, and the canonical name of each.

    Attributes
    ----------
    of : dict of str to str
        Canonical name by the name written.
    certain : set of str
        Muscles by their name or by the file or the caller; the others are muscles
        because a neuromuscular connection reaches them.
    """

    def __init__(self, links: Sequence[Link], facts: Facts) -> None:
        ends = dict.fromkeys(name for link in links for name in (link.pre, link.post))
        written = tuple(dict.fromkeys((*facts.order, *facts.neurons, *facts.muscles, *ends)))
        self.species = species_of(facts.species, written)
        worm = self.species == C_ELEGANS
        form = {name: canonical_name(name) if worm else name for name in written}
        certain = set(facts.muscles) | {name for name in written if worm and is_muscle(form[name])}
        onto = [link.post for link in links if link.layer == "neuromuscular"]
        muscles = dict.fromkeys((*facts.muscles, *onto, *(x for x in written if x in certain)))
        neurons = tuple(name for name in written if name not in muscles)
        canonical = canonical_names(neurons, species=self.species, where=facts.where)
        self.of = form | dict(zip(neurons, canonical, strict=True))
        self.certain = {form[name] for name in certain}
        self.neurons = canonical
        self.muscles = tuple(dict.fromkeys(form[name] for name in muscles))
        joined = self._joined(tuple(muscles))
        self.history = (*joined, *self._several(worm), *self._unknown(worm))
        self._check(facts, worm)

    def _check(self, facts: Facts, worm: bool) -> None:
        stated = {self.of[name] for name in facts.neurons} | (set(cells()) if worm else set())
        both = {*self.neurons, *stated} & set(self.muscles)
        if both:
            raise ValueError(f"{facts.where}: {min(both)!r} is a neuron and a muscle.")

    def _several(self, worm: bool) -> tuple[str, ...]:
        """Labels of several neurons, which remain one neuron."""
        found = [(name, joint_cells(name)) for name in self.neurons if worm]
        labels = [f"{name} ({', '.join(parts)})" for name, parts in found if parts]
        return (f"labels of several neurons, each one neuron: {', '.join(labels)}",) * bool(labels)

    def _unknown(self, worm: bool) -> tuple[str, ...]:
        """Neurons that the worm does not have: glia, other cells, misspelled names."""
        table = cells() if worm else {}
        unknown = [
            name for name in self.neurons if worm and name not in table and not joint_cells(name)
        ]
        more = f" and {len(unknown) - 6} more" if len(unknown) > 6 else ""
        names = ", ".join(unknown[:6]) + more
        return (f"not neurons of {C_ELEGANS}, of unknown type: {names}",) if unknown else ()

    def _joined(self, muscles: Sequence[str]) -> tuple[str, ...]:
        """Muscles of which the file has more than one label."""
        labels: dict[str, list[str]] = {}
        for name in muscles:
            labels.setdefault(self.of[name], []).append(name)
        several = [f"{name} ({', '.join(of)})" for name, of in labels.items() if len(of) > 1]
        return (f"labels of one muscle joined: {', '.join(several)}",) if several else ()


def _place(
    links: Iterable[Link], names: _Names, facts: Facts, left_out: Counter[str]
) -> Iterable[Link]:
    """Entries with canonical names, where a Connectome has a place for them."""
    muscles = set(names.muscles)
    for link in links:
        pre, post = names.of[link.pre], names.of[link.post]
        layer = link.layer
        if layer == "chemical" and post in muscles and pre not in muscles:
            layer = "neuromuscular"
        if pre in muscles or (post in muscles and layer != "neuromuscular"):
            muscle = pre if pre in muscles else post
            if muscle not in names.certain:
                raise ValueError(
                    f"{link.where}: {pre} to {post} cannot be a {layer} connection, because a "
                    f"neuromuscular connection makes {muscle} a muscle."
                )
            ends = ("muscle" if end in muscles else "neuron" for end in (pre, post))
            left_out[f"{layer} connection(s) from {' to '.join(ends)}"] += 1
            continue
        if link.sign and layer != "chemical":
            _refuse_inhibited_muscle(link, layer, pre, names.species)
            left_out[f"sign(s) of {layer} connections"] += 1
        part = f"{link.layer} {link.post}" if layer == "neuromuscular" else link.part
        yield link._replace(pre=pre, post=post, layer=layer, part=part)


def _refuse_inhibited_muscle(link: Link, layer: str, pre: str, species: str | None) -> None:
    """Raise where a model would excite a muscle that the file inhibits.

    The signs of neuromuscular connections are those of the GABAergic senders of the worm.
    """
    inhibits = species == C_ELEGANS and pre in GABAERGIC
    if layer == "neuromuscular" and link.sign == -1 and not inhibits:
        raise ValueError(
            f"{link.where}: {pre} inhibits the muscle {link.post}, but a Connectome does not "
            "contain signs of neuromuscular connections; models take the GABAergic neurons of "
            f"{C_ELEGANS} as inhibitory, and {pre} as excitatory. Write the connection without a "
            f"sign (a positive weight), and give {pre} to inhibitory= of "
            "sims.neuromuscular_matrix."
        )


def _layers(links: Sequence[Link], names: _Names, facts: Facts):
    found, history = {}, ()
    for layer in dict.fromkeys([*CORE_LAYERS, *(link.layer for link in links)]):
        posts = names.muscles if layer == "neuromuscular" else names.neurons
        found[layer], more = layer_matrix(
            links, layer, posts, names.neurons, facts.rules, facts.where
        )
        history += more
    return found, history
