"""Table and sentence of the triangle of worm, networks and recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from isochron.studies.compare.results import CompareResults
from isochron.studies.compare.table import NONE, Rows, spread
from isochron.studies.compare.triangle_results import Triangle
from isochron.studies.entries import UNKNOWN_TASK
from isochron.wording import counted

TRIANGLE_COLUMNS = (
    *("first", "second", "networks", "distance (rad)", "of the ellipse of the first"),
    *("first, two halves or pairs", "second, two halves or runs"),
)
WORM = "model of the worm"


@dataclass(frozen=True)
class Corner:
    """A network, or the mean over recordings, in the plane of worm and recordings.

    Attributes
    ----------
    to_worm, to_recordings : float
        Distances, radians; `to_recordings` is NaN without a recording.
    """

    to_worm: float
    to_recordings: float


@dataclass(frozen=True)
class CornerGroup:
    """The networks of a substrate and task.

    Attributes
    ----------
    substrate, task : str
    names : tuple of str
        Names of the networks.
    corners, ellipses : tuple of Corner
        The networks, and the ellipses with their variances.
    between_pairs : tuple of float
        Distances between networks of successive pairs.
    """

    substrate: str
    task: str
    names: tuple[str, ...]
    corners: tuple[Corner, ...]
    ellipses: tuple[Corner, ...]
    between_pairs: tuple[float, ...]

    @property
    def label(self) -> str:
        """Substrate, and its task if it is known."""
        return self.substrate if self.task == UNKNOWN_TASK else f"{self.substrate}, {self.task}"


def corner_groups(results: CompareResults) -> list[CornerGroup]:
    """The networks that are corners, by substrate and task, in the order of the results."""
    triangle = results.triangle
    if triangle is None:
        return []
    nets = {net.name: net for net in results.nets}
    spreads = {(it.substrate, it.task): it.distances for it in triangle.between_pairs}
    groups: dict[tuple[str, str], list] = {key: [] for key in spreads}
    for vertex in triangle.networks:
        net = nets[vertex.name]
        if net.similarity is not None:
            groups[net.substrate, net.task].append((vertex, net.similarity))
    return [
        CornerGroup(
            *key,
            names=tuple(vertex.name for vertex, _ in members),
            corners=tuple(Corner(it.distance, _mean(v.to_recordings)) for v, it in members),
            ellipses=tuple(
                Corner(it.of_ellipse, _mean(v.ellipse_to_recordings)) for v, it in members
            ),
            between_pairs=spreads[key],
        )
        for key, members in groups.items()
        if members
    ]


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else float("nan")


def triangle_rows(results: CompareResults) -> Rows:
    """One row for each side: recordings and worm, networks and worm, networks and recordings."""
    triangle = results.triangle
    if triangle is None:
        return []
    runs = _number(triangle.worm_between_runs)
    rows = [
        (it.name, WORM, NONE, *((f"omitted: {it.omitted}", NONE) if it.omitted else
         (_number(it.to_worm), _number(it.ellipse_to_worm))), _number(it.between_halves), runs)
        for it in triangle.recordings
    ]  # fmt: skip
    groups = corner_groups(results)
    rows += [_row(group, WORM, "to_worm", runs) for group in groups]
    if triangle.corners:
        halves = spread([it.between_halves for it in triangle.corners], ".3f")
        rows += [_row(it, recordings_name(triangle), "to_recordings", halves) for it in groups]
    return rows


def recordings_name(triangle: Triangle) -> str:
    """Name of the recording, or how many there are."""
    corners = triangle.corners
    return corners[0].name if len(corners) == 1 else f"mean of {len(corners)} recordings"


def _row(group: CornerGroup, second: str, side: str, ceiling: str) -> tuple[str, ...]:
    return (
        group.label,
        second,
        str(len(group.corners)),
        spread([getattr(it, side) for it in group.corners], ".3f"),
        spread([getattr(it, side) for it in group.ellipses], ".3f"),
        spread(group.between_pairs, ".3f"),
        ceiling,
    )


def triangle_note(results: CompareResults) -> str:
    """What the numbers are, and whether there are two corners or three."""
    text = (
        "Procrustes distance between cycles, 0 to π/2 = 1.571: median, and range if values "
        "differ. A distance that is not above those of the last two columns is as small as it "
        "can be; one that is not below that of the ellipse is that of any rotation in a plane of "
        "this proportion. Two runs of the model: the end of the simulation from a random state, "
        "and the cycle of Newton's method. Pairs: networks of successive pairs."
    )
    triangle = results.triangle
    if triangle is not None and not triangle.corners:
        return f"{text} {_why_two(triangle)}"
    return f"{text} A half of a recording is noisier than the whole."


def _why_two(triangle: Triangle) -> str:
    if not triangle.recordings:
        return "Two corners only: this run does not have a recording of an animal."
    return "Two corners only: no recording has a rhythm beyond its surrogates."


def describe_triangle(results: CompareResults) -> str:
    """Which corner is nearer to the recordings; empty without three corners."""
    triangle, groups = results.triangle, corner_groups(results)
    sides = [it.to_worm for it in (triangle.corners if triangle else ()) if it.to_worm is not None]
    nets = [corner for group in groups for corner in group.corners]
    if triangle is None or not sides or not nets:
        return ""
    model, halves = fmean(sides), fmean(it.between_halves for it in triangle.corners)
    nearer = sum(net.to_recordings < model for net in nets)
    where = "the recording" if len(sides) == 1 else f"the {counted(len(sides), 'recording')}"
    return (
        f"Exploratory: the cycle of the model of the worm is {model:.3f} rad from that of {where}, "
        f"whose halves differ by {halves:.3f}; of {counted(len(nets), 'trained network')}, "
        f"{nearer} {'is' if nearer == 1 else 'are'} nearer to it than the model is (median "
        f"{median(net.to_recordings for net in nets):.3f} rad)."
    )


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
