"""The grid of a sweep: its axes, its runs and their seeds, as stated in a TOML file."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isochron.files import to_json
from isochron.runs.provenance import derive_seed
from isochron.runs.sweep.grid_values import DEEPEST, check_name, check_setting
from isochron.wording import shown

LARGEST = 10**7
SCALES = ("linear", "log")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of a grid.

    Attributes
    ----------
    name : str
        Name of a setting, or of a group of settings that change together.
    points : tuple of dict
        Settings at each point.
    paired : bool
        Whether runs that differ only along this axis have the same seed.
    bounds : (float, float, str), optional
        Range and scale of an axis given by ``from`` and ``to``, for random points.
    """

    name: str
    points: tuple[dict[str, Any], ...]
    paired: bool = False
    bounds: tuple[float, float, str] | None = None

    @property
    def ends(self) -> tuple[dict[str, Any], ...]:
        """The points, or the ends of the range of an axis for random points."""
        if self.points or self.bounds is None:
            return self.points
        return tuple({self.name: float(end)} for end in self.bounds[:2])

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that change along the axis."""
        return tuple(self.ends[0])


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a sweep computes.

    Attributes
    ----------
    experiment : str
        Name in `EXPERIMENTS`, or ``module:function`` of a function of the user.
    seed : int
        Seed from which the seeds of all runs derive.
    fixed : dict
        Settings that are the same in all runs.
    axes : tuple of Axis
        Their product is swept.
    random : int
        Number of Sobol points within the ranges of the axes, instead of their product; 0 for the
        product.
    batch : int
        Number of runs that are computed and stored together.

    Examples
    --------
    >>> from isochron.runs.sweep import Grid
    >>> from isochron.runs.sweep.grid import Axis
    >>> axis = Axis(name="x", points=({"x": 1}, {"x": 2}))
    >>> [run for run, seed in Grid(experiment="mine:f", axes=(axis,)).runs()]
    [{'x': 1}, {'x': 2}]
    """

    experiment: str
    seed: int = 0
    fixed: dict[str, Any] = field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    random: int = 0
    batch: int = 64

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {shown(self.seed)}.")
        if self.batch < 1:
            raise ValueError(f"batch must be 1 or more, got {shown(self.batch)}.")
        if not 1 <= len(self) <= LARGEST:
            raise ValueError(
                f"The grid has {len(self)} runs; between 1 and {LARGEST} are possible."
            )

    def __len__(self) -> int:
        return self.random or math.prod(len(axis.points) for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points of each dimension of the results."""
        return (self.random,) if self.random else tuple(len(axis.points) for axis in self.axes)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions of the results."""
        return ("run",) if self.random else tuple(axis.name for axis in self.axes)

    def runs(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Settings along the axes, and seed, of each run; the last axis varies fastest."""
        if self.random:
            for point in self._sobol():
                yield point, derive_seed(self.seed, "sweep", "random", _text(point))
            return
        free = [k for k, axis in enumerate(self.axes) if not axis.paired]
        texts = [[_text(point) for point in axis.points] for axis in self.axes]
        last, seed = None, 0
        for index in itertools.product(*(range(len(axis.points)) for axis in self.axes)):
            point: dict[str, Any] = {}
            for axis, k in zip(self.axes, index, strict=True):
                point |= axis.points[k]
            own = tuple(texts[k][index[k]] for k in sorted(free, key=lambda k: self.axes[k].name))
            if own != last:
                last, seed = own, derive_seed(self.seed, "sweep", *own)
            yield point, seed

    def _sobol(self) -> Iterator[dict[str, Any]]:
        from scipy.stats import qmc

        axes = sorted(self.axes, key=lambda axis: axis.name)
        seed: Any = {"seed": derive_seed(self.seed, "sobol")}  # `rng` from SciPy 1.15 on
        engine = qmc.Sobol(len(axes), **seed)
        exponent = max(0, math.ceil(math.log2(self.random)))
        for unit in engine.random_base2(exponent)[: self.random]:
            yield {axis.name: _between(axis, u) for axis, u in zip(axes, unit, strict=True)}


def _text(point: Mapping[str, Any]) -> str:
    return to_json(point, sort_keys=True)


def _between(axis: Axis, unit: float) -> float:
    assert axis.bounds is not None
    low, high, scale = axis.bounds
    if scale == "log":
        return float(low * (high / low) ** unit)
    return float(low + (high - low) * unit)


def read_grid(content: Mapping[str, Any]) -> Grid:
    """The grid that a TOML file states.

    Parameters
    ----------
    content : mapping
        As read from TOML: ``experiment``, ``seed``, ``batch``, ``[fixed]``, ``[axes]``,
        ``[random]``.

    Returns
    -------
    Grid

    Raises
    ------
    ValueError
        If a key is unknown or a value is of a different form; the message names it.

    Examples
    --------
    >>> from isochron.runs.sweep import read_grid
    >>> grid = read_grid({
    ...     "experiment": "simulate",
    ...     "axes": {
    ...         "gap_conductance": {"from": 0.1, "to": 10, "n": 3, "scale": "log"},
    ...         "connectome": {"null": ["none", "rewire"], "draws": 4},
    ...     },
    ... })
    >>> grid.dimensions, grid.shape
    (('gap_conductance', 'connectome'), (3, 5))
    """
    known = ("experiment", "seed", "batch", "fixed", "axes", "random", "slurm")
    for key in content:
        if key not in known:
            raise ValueError(f"Unknown setting {key!r} of a sweep. Known: {', '.join(known)}.")
    if not isinstance(content.get("experiment"), str):
        raise ValueError('A sweep needs experiment = "NAME"; isochron sweep --help lists them.')
    fixed = _flat(_table(content, "fixed"), (), "fixed")
    axes = _flat(_table(content, "axes"), _MARKS, "axes")
    n = _random(_table(content, "random"))
    made = tuple(_axis(name, given) for name, given in axes.items())
    for axis in made:
        if n and axis.bounds is None:
            raise ValueError(
                f"With [random], axes.{axis.name} needs a range: {{ from = ..., to = ... }}."
            )
        if not n and not axis.points:
            raise ValueError(f"axes.{axis.name} needs n, the number of its points, or [random] n.")
    _check_names(fixed, made)
    return Grid(
        experiment=content["experiment"],
        seed=_whole(content.get("seed", 0), "seed"),
        batch=_whole(content.get("batch", 64), "batch"),
        fixed=fixed,
        axes=made,
        random=n,
    )


def _check_names(fixed: Mapping[str, Any], axes: Sequence[Axis]) -> None:
    """Check that no setting has two sources."""
    sources = dict.fromkeys(fixed, "[fixed]")
    for axis in axes:
        for name in axis.names:
            check_name(name, f"axes.{axis.name}")
            if name in sources:
                raise ValueError(
                    f"{name} is in {sources[name]} and in axes.{axis.name}; remove one of them."
                )
            sources[name] = f"axes.{axis.name}"


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be a section, [{name}], got {table!r}.")
    return dict(table)


def _random(table: Mapping[str, Any]) -> int:
    """Number of random points."""
    for name in table:
        if name != "n":
            raise ValueError(f"Unknown setting {name!r} of [random]. Known: n.")
    return _count(table.get("n", 0), "random.n")


def _flat(
    table: Mapping[str, Any], marks: tuple[str, ...], place: str, above: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Nested tables by dotted names; one that has a mark is a value."""
    if len(above) > DEEPEST:
        raise ValueError(f"{place}.{above[0]} is nested more than {DEEPEST} levels deep.")
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict) and not set(value) & set(marks):
            found |= _flat(value, marks, place, (*above, name))
        else:
            path = ".".join((*above, name))
            check_setting(path, value, place)
            found[path] = value
    return found


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number of 0 or more, got {shown(value)}.")
    return value


def _count(value: Any, name: str) -> int:
    """A number of points, checked before they are made."""
    if _whole(value, name) > LARGEST:
        raise ValueError(f"{name} must be {LARGEST} or less, got {shown(value)}.")
    return value


def _axis(name: str, given: Any) -> Axis:
    if isinstance(given, list):
        given = {"values": given}
    if not isinstance(given, dict):
        raise ValueError(
            f"axes.{name} must be a list of values, {{ from, to, n }} or {{ null, draws }}, got "
            f"{given!r}."
        )
    paired = given.get("paired", False)
    if not isinstance(paired, bool):
        raise ValueError(f"axes.{name}.paired must be true or false, got {paired!r}.")
    for keys, make in _FORMS.items():
        if keys[0] in given:
            for key in given:
                if key not in (*keys, "paired"):
                    raise ValueError(
                        f"axes.{name} has no use for {key!r}; it has {', '.join(keys)}."
                    )
            return make(name, given, paired)
    raise ValueError(f"axes.{name} needs values, from and to, null, or points.")


def _listed(name: str, given: dict[str, Any], paired: bool) -> Axis:
    values = given["values"]
    if not isinstance(values, list) or not values:
        raise ValueError(f"axes.{name}.values must be a list with a value or more, got {values!r}.")
    if len({_text({"": value}) for value in values}) < len(values):
        raise ValueError(f"axes.{name} lists a value twice: {values!r}.")
    return Axis(name=name, points=tuple({name: value} for value in values), paired=paired)


def _ranged(name: str, given: dict[str, Any], paired: bool) -> Axis:
    low, high = (_finite(name, given.get(key)) for key in ("from", "to"))
    scale = given.get("scale", "linear")
    if scale not in SCALES or (scale == "log" and min(low, high) <= 0):
        raise ValueError(
            f"axes.{name}.scale must be linear, or log between positive numbers, got {scale!r}."
        )
    n = _count(given.get("n", 0), f"axes.{name}.n")
    if low == high and n > 1:
        raise ValueError(f"axes.{name} goes from {low} to {high}: {n} times the same value.")
    make = np.geomspace if scale == "log" else np.linspace
    points = tuple({name: float(value)} for value in make(low, high, n)) if n else ()
    return Axis(name=name, points=points, paired=paired, bounds=(low, high, scale))


def _finite(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"axes.{name} needs finite numbers from and to, got {value!r}.")
    return float(value)


def _nulls(name: str, given: dict[str, Any], paired: bool) -> Axis:
    models, draws = given["null"], _count(given.get("draws", 1), f"axes.{name}.draws")
    if not isinstance(models, list) or not models or not all(isinstance(m, str) for m in models):
        raise ValueError(f"axes.{name}.null must be a list of names, got {models!r}.")
    points = tuple(
        {"null_model": model, "draw": draw}
        for model in models
        for draw in range(1 if model == "none" else draws)
    )
    return Axis(name=name, points=points, paired=paired)


def _together(name: str, given: dict[str, Any], paired: bool) -> Axis:
    points = given["points"]
    if not isinstance(points, list) or not all(isinstance(it, dict) and it for it in points):
        raise ValueError(f"axes.{name}.points must be a list of tables, got {points!r}.")
    if not points or any(set(it) != set(points[0]) for it in points):
        raise ValueError(
            f"axes.{name}.points needs a point or more, all with the same settings, got {points!r}."
        )
    if len(set(map(_text, points))) < len(points):
        raise ValueError(f"axes.{name} lists a point twice: {points!r}.")
    return Axis(name=name, points=tuple(map(dict, points)), paired=paired)


_MARKS = ("values", "from", "null", "points")
_FORMS = {
    ("values",): _listed,
    ("points",): _together,
    ("from", "to", "n", "scale"): _ranged,
    ("null", "draws"): _nulls,
}
