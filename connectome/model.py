"""The Connectome: names and three matrices, and where they come from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

import numpy as np

from isochron.connectome.cells import CELL_TYPES, canonical_name, cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a wiring comes from: paper, DOI, file, digests, licence, meaning of the weight."""

    title: str
    paper: str
    doi: str
    file: str
    file_sha256: str
    via: str
    license: str
    weight_unit: str
    notes: str
    content_sha256: str


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Connectome:
    """A wiring. Rows are postsynaptic, columns presynaptic, so ``W @ r`` is the input.

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

    Raises
    ------
    ValueError
        If names repeat, a shape does not fit, a weight is negative or not finite, or the
        gap junctions are not symmetric.
    """

    name: str
    neurons: tuple[str, ...]
    muscles: tuple[str, ...]
    chemical: np.ndarray
    gap: np.ndarray
    neuromuscular: np.ndarray
    source: Source

    def __post_init__(self) -> None:
        n, m = len(self.neurons), len(self.muscles)
        if len(set(self.neurons)) != n:
            twice = next(name for name in self.neurons if self.neurons.count(name) > 1)
            raise ValueError(f"{self.name}: the neuron {twice!r} is named twice.")
        shapes = {"chemical": (n, n), "gap": (n, n), "neuromuscular": (m, n)}
        for field, shape in shapes.items():
            weights = np.array(getattr(self, field))
            if weights.shape != shape:
                raise ValueError(f"{self.name}: {field} has shape {weights.shape}, not {shape}.")
            if not (np.isfinite(weights).all() and (weights >= 0).all()):
                raise ValueError(
                    f"{self.name}: {field} has weights that are negative or not finite."
                )
            weights.setflags(write=False)
            object.__setattr__(self, field, weights)
        if not np.array_equal(self.gap, self.gap.T):
            raise ValueError(
                f"{self.name}: gap junctions must be symmetric, gap[i, j] == gap[j, i]."
            )

    def __repr__(self) -> str:
        pairs = np.count_nonzero(np.triu(self.gap, 1))
        return (
            f"<Connectome {self.name}: {len(self.neurons)} neurons, "
            f"{np.count_nonzero(self.chemical)} chemical connections, {pairs} gap-junction pairs, "
            f"weights are {self.source.weight_unit}>"
        )

    def index(self, names: Iterable[str]) -> np.ndarray:
        """Positions of neurons, in the order asked.

        Raises
        ------
        ValueError
            If a name is not in this wiring; the message gives the nearest ones.
        """
        position = {name: i for i, name in enumerate(self.neurons)}
        found = []
        for name in names:
            key = canonical_name(name)
            if key not in position:
                raise ValueError(self._unknown(name))
            found.append(position[key])
        return np.array(found, dtype=np.intp)

    def select(self, what: str) -> tuple[str, ...]:
        """Names of the neurons of a type, a class, or matching a pattern.

        Parameters
        ----------
        what : str
            A cell type (``motor``), a class (``AVA``) or a shell pattern (``VB*``).

        Raises
        ------
        ValueError
            If nothing matches.
        """
        table = cells()
        known = {name: table[name] for name in self.neurons if name in table}
        chosen = tuple(name for name in self.neurons if fnmatchcase(name, what))
        if not chosen:
            labels = {name: (cell.type, cell.cell_class) for name, cell in known.items()}
            chosen = tuple(name for name in self.neurons if what in labels.get(name, ()))
        if not chosen:
            kinds = ", ".join(CELL_TYPES)
            raise ValueError(f"{self._unknown(what)} Types: {kinds}.")
        return chosen

    def _unknown(self, name: str) -> str:
        near: Sequence[str] = get_close_matches(name.upper(), self.neurons, n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        return (
            f"{self.name} has no neuron {name!r}.{hint} All {len(self.neurons)} names: "
            f'python -c "from isochron import connectome; '
            f'print(*connectome.load({self.name!r}).neurons)"'
        )
