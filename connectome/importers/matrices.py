"""A user-supplied connectome from matrices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.gap_junctions import UnequalGap, symmetric_gap
from isochron.connectome.importers.assembly import INFER, describe_cells, species_of
from isochron.connectome.importers.vocabulary import as_names, check_extrasynaptic, clean_name
from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import C_ELEGANS, canonical_name, canonical_names, is_muscle
from isochron.connectome.weights import widened
from isochron.real_numbers import require_real
from isochron.settings import settings_from

Rows = Literal["postsynaptic", "presynaptic"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MatrixFacts:
    """Further facts of a connectome that is given as matrices.

    Attributes
    ----------
    muscles : iterable of str
        Names of the muscles.
    extrasynaptic : mapping of str to array_like, shape (n_neurons, n_neurons), optional
        Layers of signaling without synapses, by name.
    unequal_gap : {"error", "larger", "mean"}
        Weight of a gap junction whose two directions differ.
    types : mapping of str to str, optional
        Cell type of neurons by name, of `connectome.CELL_TYPES`. Other neurons of
        C. elegans have the type of the cell table; types of other neurons are unknown.
    species : str or None
        Names become canonical, and cells are looked up, for ``"C. elegans"`` only.
        ``"infer"`` decides by the names.
    name, weight_unit : str
        Name of the connectome, and unit of its weights, such as ``synapses``.

    Examples
    --------
    >>> facts = connectome.MatrixFacts(types={"A": "sensory"}, name="pair", weight_unit="synapses")
    >>> connectome.from_matrices(["A", "B"], [[0, 0], [3, 0]], rows="postsynaptic", facts=facts)
    <Connectome pair (species not given): 2 neurons, 1 chemical connection; weights are synapses...>
    """

    muscles: Iterable[str] = ()
    extrasynaptic: Mapping[str, ArrayLike] | None = None
    unequal_gap: UnequalGap = "error"
    types: Mapping[str, str] | None = None
    species: str | None = INFER
    name: str = "own connectome"
    weight_unit: str = "weight"


def from_matrices(
    neurons: Iterable[str],
    chemical: ArrayLike,
    gap: ArrayLike | None = None,
    neuromuscular: ArrayLike | None = None,
    *,
    rows: Rows,
    signs: ArrayLike | Literal["from_weights"] | None = None,
    facts: MatrixFacts | None = None,
    **fields: Any,
) -> Connectome:
    """Make a connectome from matrices.

    Parameters
    ----------
    neurons : iterable of str
        Names, in the order of the matrices.
    chemical : array_like, shape (n_neurons, n_neurons)
        Weights, not negative unless `signs` is ``"from_weights"``. An entry that is not zero
        is a connection. May be sparse. The labels of a labeled matrix (pandas, xarray) must be
        the names.
    gap : array_like, shape (n_neurons, n_neurons), optional
        Symmetric, unless `unequal_gap` chooses a rule. None for no gap junctions.
    neuromuscular : array_like, optional
        Shape (n_muscles, n_neurons) if `rows` are postsynaptic, else its transpose.
    rows : {"postsynaptic", "presynaptic"}
        Which cells the rows of the matrices are. Half of the published files have one, half
        the other, so it must be given.
    signs : array_like or "from_weights", optional
        Signs (-1, 0, 1) of the chemical connections, in the shape of `chemical`; or
        ``"from_weights"``: negative weights inhibit, positive ones excite.
    facts : MatrixFacts, optional
        Further facts. Instead, its fields may be given as keywords.
    **fields
        Fields of `MatrixFacts`: muscles, extrasynaptic, unequal_gap, types, species, name,
        weight_unit.

    Returns
    -------
    Connectome
        Its matrices have postsynaptic rows, whatever `rows` is.

    Raises
    ------
    ValueError
        If `rows` is neither, a shape, label or name of an axis does not fit, names repeat or are
        a set, weights are negative or not finite, gap junctions are not symmetric, a neuron is a
        muscle, or a type does not exist.
    TypeError
        If `facts` and `fields` are both given, or a field does not exist.

    Examples
    --------
    >>> weights = [[0, -3], [0, 0]]  # A inhibits B
    >>> pair = connectome.from_matrices(
    ...     ["A", "B"], weights, rows="presynaptic", signs="from_weights", name="pair"
    ... )
    >>> pair.chemical.tolist(), pair.signs.tolist()  # rows are postsynaptic
    ([[0, 0], [3, 0]], [[0, 0], [-1, 0]])
    """
    if not isinstance(rows, str) or rows not in ("postsynaptic", "presynaptic"):
        raise ValueError(f"rows must be 'postsynaptic' or 'presynaptic', got {rows!r}.")
    given = settings_from(MatrixFacts, facts, fields)
    name, unequal_gap = given.name, given.unequal_gap
    written, onto = _in_order(neurons, "neurons"), _in_order(given.muscles, "muscles")
    species = species_of(given.species, (*written, *onto))
    _refuse_muscles(written, species, name)
    read = _Reader(name, rows, written, onto)
    names = canonical_names(written, species=species, where=name)
    weights, history = read.square("chemical", chemical), ()
    sign_of = None if signs is None else _signs(read, weights, signs)
    if isinstance(signs, str):
        weights, history = np.abs(weights), ("signs: those of the weights",)
    gaps = read.square("gap", np.zeros((len(names),) * 2, dtype=np.int32) if gap is None else gap)
    gaps = read.positive("gap", gaps)
    gaps, made_equal = symmetric_gap(gaps, names, unequal_gap=unequal_gap, where=name)
    layers = dict(given.extrasynaptic or {})
    check_extrasynaptic(tuple(layers))
    return Connectome(
        name=name,
        neurons=names,
        muscles=canonical_names(onto, species=species, what="muscle", where=name),
        chemical=read.positive("chemical", weights),
        gap=gaps,
        neuromuscular=read.onto_muscles(neuromuscular),
        extrasynaptic={layer: read.square(layer, matrix) for layer, matrix in layers.items()},
        signs=sign_of,
        cells=describe_cells(names, species, given.types or {}),
        species=species,
        source=Source(weight_unit=given.weight_unit),
        history=(*history, *made_equal),
    )


def _in_order(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Names of rows and columns."""
    if isinstance(names, set | frozenset):
        raise ValueError(
            f"{what} must be in the order of the matrices, but a set is not ordered. Give a list."
        )
    return as_names(names, what)


class _Reader:
    """Matrices of a caller with postsynaptic rows, their labels and signs checked."""

    def __init__(
        self, where: str, rows: Rows, neurons: tuple[str, ...], muscles: tuple[str, ...]
    ) -> None:
        self.where, self.rows = where, rows
        self.neurons, self.muscles = neurons, muscles

    def square(self, layer: str, given: Any) -> np.ndarray:
        """A matrix between neurons."""
        return self._turned(layer, given, self.neurons)

    def onto_muscles(self, given: Any) -> np.ndarray:
        """The matrix onto muscles; zeros if there is none."""
        if given is None:
            return np.zeros((len(self.muscles), len(self.neurons)), dtype=np.int32)
        if not self.muscles and np.size(given):
            raise ValueError(f"{self.where}: name the muscles of neuromuscular with muscles=.")
        return self.positive("neuromuscular", self._turned("neuromuscular", given, self.muscles))

    def positive(self, layer: str, weights: np.ndarray) -> np.ndarray:
        """Raise if a weight is negative; the message states the way out."""
        if weights.dtype.kind in "if" and weights.size and weights.min() < 0:
            i, j = np.argwhere(weights < 0)[0]
            posts = self.muscles if layer == "neuromuscular" else self.neurons
            advice = " signs='from_weights' makes it an inhibitory one." * (layer == "chemical")
            raise ValueError(
                f"{self.where}: the {layer} connection {self.neurons[j]} to {posts[i]} has the "
                f"negative weight {weights[i, j]:g}.{advice}"
            )
        return weights

    def _turned(self, layer: str, given: Any, posts: tuple[str, ...]) -> np.ndarray:
        labels = (posts, self.neurons) if self.rows == "postsynaptic" else (self.neurons, posts)
        for axis, (found, names) in enumerate(zip(_labels(given), labels, strict=True)):
            self._check_side(layer, found.axis, axis)
            self._check_labels(layer, found, names)
        require_real(f"{self.where}: {layer}", given)
        weights = np.asarray(given.toarray() if hasattr(given, "toarray") else given)
        if weights.dtype.kind == "O":
            weights = np.array(weights.tolist())  # integers of pandas (Int64)
        if weights.dtype.kind not in "biuf":
            missing = " Write 0 where a value is missing." * (weights.dtype.kind == "O")
            raise ValueError(
                f"{self.where}: {layer} contains {weights.dtype}, not numbers.{missing}"
            )
        weights = widened(weights)
        shape = tuple(map(len, labels))
        if weights.shape != shape:
            raise ValueError(
                f"{self.where}: {layer} has shape {weights.shape}; with {self.rows} rows it must "
                f"be {shape}."
            )
        weights = weights if self.rows == "postsynaptic" else weights.T
        if weights.dtype.kind == "f" and not np.isfinite(weights).all():
            i, j = np.argwhere(~np.isfinite(weights))[0]
            raise ValueError(
                f"{self.where}: the {layer} connection {self.neurons[j]} to {posts[i]} is "
                f"{weights[i, j]}, not finite. Write 0 where a connection is missing."
            )
        return weights

    def _check_side(self, layer: str, name: str, axis: int) -> None:
        """Raise if an axis is named after the cells of the other one."""
        side = next((word for word in ("pre", "post") if name.casefold().startswith(word)), None)
        if side is not None and (side == self.rows.removesuffix("synaptic")) != (axis == 0):
            raise ValueError(
                f"{self.where}: the {('rows', 'columns')[axis]} of {layer} are named {name!r}, "
                f"against rows={self.rows!r}. Change rows=, or transpose the matrix."
            )

    def _check_labels(self, layer: str, given: "_Labels", names: tuple[str, ...]) -> None:
        if given.labels is None:
            return
        found = [clean_name(label) for label in given.labels]
        if found not in (list(names), [str(i) for i in range(len(names))]):
            raise ValueError(
                f"{self.where}: the {given.what} of {layer} {given.verb} "
                f"{', '.join(found[:4])}, …, not the names {', '.join(names[:4])}, … in their "
                f"order. Reorder it: {given.way_out}; in a file, sort its lines and "
                "columns, or list neurons in the order of the file."
            )


class _Labels(NamedTuple):
    """Labels of one axis of a matrix, and the name of the axis."""

    what: str
    verb: str = "are"
    labels: Iterable[Any] | None = None
    axis: str = ""
    way_out: str = "matrix.loc[rows, columns]"


def _labels(given: Any) -> tuple[_Labels, _Labels]:
    """Labels of a table of pandas or an array of xarray."""
    if hasattr(given, "coords") and hasattr(given, "dims"):
        rows, columns = (*given.dims, "rows", "columns")[:2]
        return _labels_of_dim(given, rows), _labels_of_dim(given, columns)
    if hasattr(given, "columns") and hasattr(given, "index"):
        rows, columns = given.index, given.columns
        return (
            _Labels("index", "is", rows, str(rows.name or "")),
            _Labels("columns", "are", columns, str(columns.name or "")),
        )
    return _Labels("rows"), _Labels("columns")


def _labels_of_dim(given: Any, dim: str) -> _Labels:
    labels = given.coords[dim].values if dim in given.coords else None
    return _Labels(f"labels of {dim!r}", "are", labels, str(dim), f"matrix.sel({dim}=names)")


def _signs(read: _Reader, weights: np.ndarray, signs: Any) -> np.ndarray:
    """Signs of the connections, shape (n, n): of the weights, or those given."""
    if isinstance(signs, str):
        if signs != "from_weights":
            raise ValueError(f"signs must be a matrix or 'from_weights', got {signs!r}.")
        return np.sign(np.nan_to_num(weights))
    values = read.square("signs", signs)
    if np.asarray(signs).dtype.kind == "b":
        raise ValueError(
            f"{read.where}: signs are true or false, which may mean inhibitory or excitatory. Give "
            "-1, 0 and 1: np.where(inhibitory, -1, 1) * (weights != 0)."
        )
    return values


def _refuse_muscles(neurons: tuple[str, ...], species: str | None, where: str) -> None:
    found = [name for name in neurons if species == C_ELEGANS and is_muscle(canonical_name(name))]
    if found:
        raise ValueError(
            f"{where}: {', '.join(found[:4])} {'are muscles' if len(found) > 1 else 'is a muscle'}."
            " Name muscles with muscles=, and give the connections onto them as neuromuscular."
        )
