"""Results of the comparison of worm, networks and recordings as corners of a triangle."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The cycle of a recording: mean activity as a function of the phase in its principal plane.

    All distances are those of `isochron.analysis.compare_cycles`, in radians.

    Attributes
    ----------
    name : str
        Name of the file.
    omitted : str
        Reason why it is not a corner, else empty.
    to_worm, ellipse_to_worm : float or None
        Distance to the cycle of the worm, and that of an ellipse with its variances; None if the
        worm does not have a cycle.
    to_its_ellipse : float
        Distance to this ellipse.
    between_halves : float
        Distance between its first and its second half, each of which is noisier than the whole.
    portrait : tuple of (float, float)
        The cycle in the plane of its first two components, closed, scaled to 1.
    """

    name: str
    omitted: str
    to_worm: float | None
    ellipse_to_worm: float | None
    to_its_ellipse: float
    between_halves: float
    portrait: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Vertex:
    """Distances of the cycle of a network, and of its ellipse, to those of the recordings.

    Attributes
    ----------
    name : str
        Name of the network, whose distance to the worm is part of its own results.
    to_recordings, ellipse_to_recordings : tuple of float
        In the order of the recordings that are not omitted.
    """

    name: str
    to_recordings: tuple[float, ...]
    ellipse_to_recordings: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Distances between the networks of successive pairs of a substrate and task."""

    substrate: str
    task: str
    distances: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Triangle:
    """Distances between the cycles of worm, networks and recordings.

    Attributes
    ----------
    worm_between_runs : float or None
        Distance between the end of a simulation from a random state and the refined cycle of the
        worm; None without one.
    recordings : tuple of Recorded
        Empty without a recording of an animal.
    networks : tuple of Vertex
    between_pairs : tuple of Spread
    """

    worm_between_runs: float | None
    recordings: tuple[Recorded, ...]
    networks: tuple[Vertex, ...]
    between_pairs: tuple[Spread, ...]

    @property
    def corners(self) -> tuple[Recorded, ...]:
        """The recordings that are not omitted."""
        return tuple(it for it in self.recordings if not it.omitted)
