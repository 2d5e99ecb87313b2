"""Anatomy of locomotion: from neurons to muscles, to the bending of joints, and back.

Each step is a matrix, so that closed loops, their onset and prescribed circuits use the same.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from isochron.connectome import Connectome, load, muscles
from isochron.connectome.model import check_connectome
from isochron.sims.body.simulation import interpolation_matrix, joint_positions, row_positions
from isochron.sims.muscles import MuscleParameters, neuromuscular_matrix
from isochron.sims.proprioception import BACKWARD, EXACT, Proprioception

Array = np.ndarray
MUSCLES_FROM = "cook2019-hermaphrodite"
HEAD_CLASSES = ("SMDD", "SMDV", "RMDD", "RMDV")
HEAD_FIELD_STARTS = 0.1  # body lengths


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """Neuromuscular anatomy of a connectome.

    Attributes
    ----------
    neurons, muscles : tuple of str
        Names.
    weights : ndarray, shape (n_muscles, n_neurons)
        Signed, usually normalized weights onto muscles.
    bending : ndarray, shape (n_rows, n_muscles)
        Dorsal minus ventral average of each row of muscles.
    positions : ndarray, shape (n_rows,)
        Positions of the rows, body lengths from the head.
    source : str
        Data set of the weights.
    """

    neurons: tuple[str, ...]
    muscles: tuple[str, ...]
    weights: Array
    bending: Array
    positions: Array
    source: str

    def joint_bending(self, n_links: int) -> Array:
        """Bending of each joint per activation of each muscle, shape (n_links - 1, n_muscles)."""
        return interpolation_matrix(self.positions, joint_positions(n_links)) @ self.bending

    def output_center(self, neuron: str) -> float:
        """Center of the neuromuscular output of a neuron, body lengths; NaN without output."""
        weight = np.abs(self.bending @ self.weights[:, self.neurons.index(neuron)])
        total = weight.sum()
        return float(weight @ self.positions / total) if total > 0 else float("nan")


def anatomy_of(connectome: Connectome, parameters: MuscleParameters) -> Anatomy:
    """Neuromuscular anatomy: of the connectome, or of Cook et al. (2019) by name.

    The latter if the connectome does not distinguish the body-wall muscles and is of C. elegans.

    Raises
    ------
    ValueError
        If the connectome has no body-wall muscles and is not of C. elegans.
    """
    check_connectome(connectome)
    return _anatomy(connectome, parameters.normalized, parameters.gain)


@lru_cache(maxsize=16)  # an ensemble needs that of a connectome for each of its members
def _anatomy(connectome: Connectome, normalized: bool, gain: float) -> Anatomy:
    donor = connectome
    if connectome.is_worm and not _has_single_muscles(connectome):
        donor = load(MUSCLES_FROM)
    matrix = neuromuscular_matrix(donor, normalized=normalized)
    matrix = matrix.reindex(neuron=list(connectome.neurons)).fillna(0.0)
    rows = matrix["row"].values
    dorsal = np.char.startswith(matrix["quadrant"].values.astype(str), "D")
    both = np.intersect1d(rows[dorsal], rows[~dorsal])
    return Anatomy(
        neurons=connectome.neurons,
        muscles=tuple(map(str, matrix["muscle"].values)),
        weights=gain * matrix.values,
        bending=np.stack([_row_average(rows == row, dorsal) for row in both]),
        positions=row_positions(both),
        source=donor.name,
    )


def _row_average(here: Array, dorsal: Array) -> Array:
    upper, lower = here & dorsal, here & ~dorsal
    return upper / upper.sum() - lower / lower.sum()


def _has_single_muscles(connectome: Connectome) -> bool:
    table = muscles()
    return any(name in table and table[name].row for name in connectome.muscles)


def sensing_matrix(anatomy: Anatomy, feedback: Proprioception, n_links: int) -> Array:
    """Current into each neuron per curvature of each joint, shape (n_neurons, n_links - 1), pA mm.

    Raises
    ------
    ValueError
        If the connectome does not have any of the neurons.
    """
    places = joint_positions(n_links)
    sensing = np.zeros((len(anatomy.neurons), n_links - 1))
    for i, name in enumerate(anatomy.neurons):
        start = _field_start(anatomy, feedback, name)
        if start is None:
            continue
        to_tail = (feedback.direction == BACKWARD) == (name[1] != "A")
        ends = (start, start + feedback.field) if to_tail else (start - feedback.field, start)
        share = field_shares(places, *ends, exact=feedback.edges == EXACT)
        dorsal = name[0] == "D" or name[3:4] == "D"
        sensing[i] = feedback.gain * (-1 if dorsal else 1) * share
    if not sensing.any() and feedback.gain:
        wanted = (*feedback.classes, *(HEAD_CLASSES if feedback.head else ()))
        raise ValueError(
            f"The connectome has no neuron with proprioception (of {', '.join(wanted)}), as the "
            "names of its neurons show."
        )
    return sensing


def field_shares(places: Array, first: float, last: float, *, exact: bool) -> Array:
    """Weights of the joints in the mean curvature of a part of the body; their sum is 1.

    Exact weights are in proportion to the part of the body nearest to a joint that is inside, so
    that they change continuously with the ends. Otherwise joints inside have equal weights.
    """
    if not exact:
        inside = joints_in(places, first, last)
        return inside / inside.sum()
    borders = np.concatenate([[0.0], (places[1:] + places[:-1]) / 2, [1.0]])
    ends = np.clip(borders, first, last)
    return np.diff(ends) / (ends[-1] - ends[0])


def joints_in(places: Array, first: float, last: float) -> Array:
    """Joints inside a part of the body, as booleans; at least the two next to its middle."""
    first, last = max(first, 0.0), min(last, 1.0)
    inside = (places >= first - 1e-9) & (places <= last + 1e-9)
    if inside.sum() < 2:
        inside[np.argsort(np.abs(places - (first + last) / 2))[:2]] = True
    return inside


def _field_start(anatomy: Anatomy, feedback: Proprioception, name: str) -> float | None:
    """Where the field of a neuron starts, body lengths; None without proprioception."""
    if name.rstrip("0123456789") in feedback.classes and name[-1:].isdigit():
        center = anatomy.output_center(name)
        return None if np.isnan(center) else center
    if feedback.head and name[:-1] in HEAD_CLASSES:
        return HEAD_FIELD_STARTS
    return None
