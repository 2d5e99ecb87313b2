"""Crawling with bistable B motor neurons in place of the dynamics of the whole network.

    tau_n x_u' = -x_u + tanh(g x_u - b sigma_u <kappa>_u),   b = (g r - artanh r) / threshold

with r = sqrt(1 - 1/g): without input a unit is at one of two states, and it switches when the mean
curvature over its field exceeds the threshold (Boyle, Berri and Cohen, 2012, made smooth so that
limit cycles can be solved for). Units are the DB and VB motor neurons of a connectome and one
dorsal and one ventral unit of the head. A unit contracts its muscles and, through the VD and DD
neurons that it reaches, relaxes the opposite side.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from isochron.compilation import compiled as compiled_with
from isochron.connectome import Connectome
from isochron.real_numbers import require_real
from isochron.sims.body.chain import Chain, chain_of
from isochron.sims.body.parameters import require_positive
from isochron.sims.body.simulation import (
    body_dataset,
    interpolation_matrix,
    joint_positions,
)
from isochron.sims.engines.request import DivergenceError, diverged
from isochron.sims.locomotion.anatomy import anatomy_of, joints_in
from isochron.sims.locomotion.kernel import (
    Rows,
    add_rows,
    apply_rows,
    bend_body,
    body_work,
    push_curvature,
    relax_muscles,
    rows_of,
)
from isochron.sims.locomotion.parameters import (
    BISTABLE_CRAWL,
    BistableParameters,
    require_crawl_step,
)
from isochron.sims.muscle_parameters import MuscleParameters

Array = np.ndarray
compiled = compiled_with(error_model="numpy", nogil=True, calls=("isochron.sims.body",))
NEWTON_STEPS = 30


class UnitLoop(NamedTuple):
    """Constants of bistable units, muscles and body, for compiled code."""

    chain: Chain
    steepness: float
    unit_time: float
    muscle_time: float
    drive: Rows
    bend: Rows
    sense: Rows


class BistableMap:
    """The map from one time step to the next of a worm with bistable B motor neurons.

    The state is (x, A, curvature): units, dorsal minus ventral activation of the rows of muscles,
    curvatures of joints in 1/mm.

    Parameters
    ----------
    connectome : Connectome
        Connectome of C. elegans with DB, VB, DD and VD neurons.
    parameters : BistableParameters
        Units, muscles and body.
    step_ms : float
        Time step, in ms. The step is of order 2.

    Attributes
    ----------
    units : tuple of str
        Names of the units: ``head D``, ``head V``, then the neurons.
    dimension : int
        Number of state variables.
    step_ms : float
        Time step, in ms.

    Raises
    ------
    ValueError
        If the connectome lacks the neurons, or the step is not positive or longer than 100 ms.

    References
    ----------
    Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10.

    Examples
    --------
    >>> crawl = sims.BistableMap(connectome.load("cook2019-hermaphrodite"))
    >>> run = crawl.simulate(duration_s=60)
    >>> gait = sims.describe_gait(run)
    >>> print(f"{gait.direction}, {gait.frequency_Hz:.2f} Hz, {gait.wavelength:.2f} L")
    head to tail, 0.35 Hz, 0.71 L
    """

    n_steps, forcing_cycles = 1, 0

    def __init__(
        self,
        connectome: Connectome,
        parameters: BistableParameters = BISTABLE_CRAWL,
        *,
        step_ms: float = 8.0,
    ) -> None:
        require_crawl_step(step_ms)
        self.parameters, self.step_ms = parameters, step_ms
        self.units, self._loop = _loop_of(connectome, parameters)
        self.dataset = connectome.name
        self._n_rows = self._loop.drive.start.size - 1
        self.dimension = len(self.units) + self._n_rows + parameters.body.n_links - 1

    def with_step(self, step_ms: float) -> "BistableMap":
        """The same worm with a different time step.

        Parameters
        ----------
        step_ms : float
            Time step, in ms.

        Returns
        -------
        BistableMap
            A new map.

        Raises
        ------
        ValueError
            If the step is not positive or longer than 100 ms.
        """
        require_crawl_step(step_ms)
        other = copy.copy(self)
        other.step_ms = step_ms
        return other

    def random_state(self, rng: np.random.Generator) -> Array:
        """Units at random in [-1, 1], relaxed muscles, a straight body.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the noise.

        Returns
        -------
        ndarray, shape (dimension,)
            State.
        """
        state = np.zeros(self.dimension)
        state[: len(self.units)] = rng.uniform(-1, 1, len(self.units))
        return state

    def bent_state(self) -> Array:
        """Units in one wave along the body, relaxed muscles, a straight body.

        Returns
        -------
        ndarray, shape (dimension,)
            State.
        """
        state = np.zeros(self.dimension)
        dorsal = np.array([1.0 if _is_dorsal(name) else -1.0 for name in self.units])
        state[: len(self.units)] = dorsal * np.cos(2 * np.pi * self._places)
        return state

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            State, or many states.
        n_steps : int
            Number of steps.
        start : int
            Not used: every step is alike.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors of one state, propagated with it.

        Returns
        -------
        ndarray, shape (..., dimension)
            End state; with `tangents`, the pair of end state and tangents.

        Raises
        ------
        ValueError
            If `state` or `tangents` has a wrong shape.
        DivergenceError
            If the state does not stay finite.
        """
        del start  # every step is alike
        require_real("state", state)
        state = np.array(state, dtype=float, order="C")
        if state.shape[-1:] != (self.dimension,):
            raise ValueError(
                f"state must have shape (..., {self.dimension}), units, muscles and curvatures; "
                f"got {state.shape}."
            )
        if tangents is not None:
            tangents = np.array(tangents, dtype=float, order="C")
            self._take(state, n_steps, tangents=tangents)
            return state, tangents
        for one in state.reshape(-1, self.dimension):
            self._take(one, n_steps)
        return state

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> Array:
        """States along a run, the first included.

        Parameters
        ----------
        state : array_like, shape (dimension,)
            Initial state.
        n_steps : int
            Number of steps.
        start : int
            Not used: every step is alike.

        Returns
        -------
        ndarray, shape (n_steps + 1, dimension)
            States, in order of time.
        """
        del start
        return self.run(state, n_steps)[0]

    def run(self, state: Any, n_steps: int, *, every: int = 1) -> tuple[Array, Array]:
        """States and poses along a run, the first included.

        Parameters
        ----------
        state : array_like, shape (dimension,)
            Initial state.
        n_steps : int
            Number of steps.
        every : int
            Number of steps from one returned state to the next.

        Returns
        -------
        states : ndarray, shape (n_steps // every + 1, dimension)
            States, in order of time.
        poses : ndarray, shape (n_steps // every + 1, 3)
            Position of the head (mm) and heading (radians) at the same times.

        Raises
        ------
        DivergenceError
            If the state does not stay finite.
        """
        require_real("state", state)
        state = np.array(state, dtype=float, order="C")
        first = np.concatenate([state, np.zeros(3)])
        record = np.empty((n_steps // every, self.dimension + 3))
        self._take(state, n_steps, every=every, record=record)
        both = np.concatenate([first[None], record])
        return both[:, : self.dimension], both[:, self.dimension :]

    def simulate(
        self, *, duration_s: float = 30.0, record_every_ms: float = 40.0, initial_state: Any = None
    ) -> xr.Dataset:
        """Simulate the worm.

        Parameters
        ----------
        duration_s : float
            Simulated time, s.
        record_every_ms : float
            Time between recorded samples, ms, rounded to a whole number of steps.
        initial_state : array_like, shape (dimension,), optional
            Initial state; by default `bent_state`.

        Returns
        -------
        xarray.Dataset
            ``x`` and ``y`` (time, node) in mm, ``curvature`` (time, joint) in 1/mm, ``unit_state``
            (time, unit), ``bending`` (time, row), ``heading`` (time).

        Raises
        ------
        ValueError
            If a duration is not positive and finite, or the state has a wrong shape.
        DivergenceError
            If the state does not stay finite.
        """
        require_positive(duration_s=duration_s, record_every_ms=record_every_ms)
        every = max(1, round(record_every_ms / self.step_ms))
        state = self.bent_state() if initial_state is None else initial_state
        n_steps = max(every, round(1e3 * duration_s / self.step_ms))
        states, poses = self.run(state, n_steps, every=every)
        times = np.arange(len(states)) * every * self.step_ms
        n, body = len(self.units), self.parameters.body
        angles = np.zeros((len(states), body.n_links))
        angles[:, 1:] = np.cumsum(states[:, n + self._n_rows :], axis=1) * body.link_length
        angles += poses[:, 2:]
        run = body_dataset(times, np.concatenate([poses[:, :2], angles], axis=1), body)
        run = run.assign(
            unit_state=(("time", "unit"), states[:, :n].copy(), {"units": "1"}),
            bending=(("time", "row"), states[:, n : n + self._n_rows].copy(), {"units": "1"}),
            heading=("time", poses[:, 2].copy(), {"units": "rad"}),
        )
        run = run.assign_coords(unit=list(self.units), row=np.arange(1, self._n_rows + 1))
        return run.assign_attrs(model="bistable worm", dataset=self.dataset, step_ms=self.step_ms)

    @property
    def _places(self) -> Array:
        """Start of the field of each unit, body lengths."""
        joints = joint_positions(self.parameters.body.n_links)
        start = self._loop.sense.start[:-1]
        return joints[self._loop.sense.place[start]]

    def _take(self, state, n_steps, *, tangents=None, every=0, record=None):
        tangents = np.empty((self.dimension, 0)) if tangents is None else tangents
        record = np.empty((0, self.dimension + 3)) if record is None else record
        if state.shape != (self.dimension,) or tangents.shape[:1] != (self.dimension,):
            raise ValueError(
                f"state must have shape ({self.dimension},), got {state.shape}; tangents "
                f"({self.dimension}, k), got {tangents.shape}."
            )
        before = state.copy()
        _advance_units(
            self._loop, state, tangents, np.zeros(3), float(self.step_ms), n_steps, every, record
        )
        if not np.isfinite(state).all():
            raise DivergenceError(
                f"The worm is not finite after {n_steps * self.step_ms:g} ms at a step of "
                f"{self.step_ms:g} ms, in "
                f"{diverged(self.units, before, state[: len(self.units)])}. Lower step_ms."
            )


def _loop_of(
    connectome: Connectome, parameters: BistableParameters
) -> tuple[tuple[str, ...], UnitLoop]:
    """Names of the units, and constants for compiled code."""
    body = parameters.body
    raw = anatomy_of(connectome, MuscleParameters(normalized=False))
    names = {label: _numbered(connectome, label) for label in ("DB", "VB", "DD", "VD")}
    upper, lower = _onto_rows(raw.weights, raw.bending)

    def rows(label: str, side: Array) -> Array:
        return side[:, connectome.index(names[label])]

    relay_v = _shares(connectome.chemical, connectome, names["VD"], names["DB"])
    relay_d = _shares(connectome.chemical, connectome, names["DD"], names["VB"])
    n_rows, n_d, n_v = len(upper), len(names["DB"]), len(names["VB"])
    drive = np.zeros((n_rows, 2 + n_d + n_v))
    drive[:, 2 : 2 + n_d] = _filled(rows("DB", upper))
    drive[:, 2 : 2 + n_d] += parameters.inhibition * _filled(rows("VD", lower)) @ relay_v
    drive[:, 2 + n_d :] = -_filled(rows("VB", lower))
    drive[:, 2 + n_d :] -= parameters.inhibition * _filled(rows("DD", upper)) @ relay_d
    head = parameters.head_rows
    drive[:head] = 0.0
    drive[:head, 0], drive[:head, 1] = 1 + parameters.inhibition, -1 - parameters.inhibition
    units = ("head D", "head V", *names["DB"], *names["VB"])
    centers = [
        _center(rows(label, side), raw.positions) for label, side in (("DB", upper), ("VB", lower))
    ]
    starts = np.concatenate([np.full(2, 0.5 * head / n_rows), *centers])
    return units, UnitLoop(
        chain=chain_of(body),
        steepness=float(parameters.steepness),
        unit_time=float(parameters.unit_time_constant),
        muscle_time=float(parameters.muscle_time_constant),
        drive=rows_of(0.5 * drive),
        bend=rows_of(
            body.curvature_gain * interpolation_matrix(raw.positions, joint_positions(body.n_links))
        ),
        sense=rows_of(_sensing(units, starts, parameters)),
    )


def _sensing(units: Sequence[str], starts: Array, parameters: BistableParameters) -> Array:
    """Argument of tanh per curvature, shape (n_units, n_links - 1), mm."""
    places = joint_positions(parameters.body.n_links)
    sensing = np.zeros((len(units), len(places)))
    for i, (name, start) in enumerate(zip(units, starts, strict=True)):
        inside = joints_in(places, start, start + parameters.field)
        sign = 1.0 if _is_dorsal(name) else -1.0
        sensing[i, inside] = -parameters.sensitivity * sign / inside.sum()
    return sensing


def _is_dorsal(unit: str) -> bool:
    return unit.startswith("D") or unit.endswith(" D")


def _numbered(connectome: Connectome, label: str) -> list[str]:
    """Neurons of a class in the order of their numbers: VB2 before VB10."""
    names = [name for name in connectome.neurons if name.startswith(label) and name[2:].isdigit()]
    if not names:
        raise ValueError(
            f"{connectome.name} does not have {label} neurons. The model needs DB, VB, DD and VD."
        )
    return sorted(names, key=lambda name: int(name[2:]))


def _onto_rows(weights: Array, bending: Array) -> tuple[Array, Array]:
    """Absolute weights onto the dorsal and the ventral muscles of each row."""
    weights = np.abs(weights)
    return (bending > 0) @ weights, (bending < 0) @ weights


def _shares(chemical: Array, connectome: Connectome, post: list[str], pre: list[str]) -> Array:
    block = chemical[np.ix_(connectome.index(post), connectome.index(pre))].astype(float)
    return _normalized(block)


def _normalized(matrix: Array) -> Array:
    total = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, total, out=np.zeros_like(matrix, dtype=float), where=total > 0)


def _filled(matrix: Array) -> Array:
    """Rows normalized; a row without an entry takes those of the nearest row that has one."""
    there = np.flatnonzero(matrix.sum(axis=1) > 0)
    nearest = [there[np.abs(there - row).argmin()] for row in range(len(matrix))]
    return _normalized(matrix[nearest])


def _center(matrix: Array, positions: Array) -> Array:
    return positions @ matrix / matrix.sum(axis=0)


@compiled
def _advance_units(loop, state, tangents, pose, step, n_steps, every, record):
    """Take steps in place; the composition is that of `isochron.sims.locomotion.kernel`."""
    n, m = loop.sense.start.size - 1, loop.drive.start.size - 1
    k = tangents.shape[1]
    units, bending, curvature = state[:n], state[n : n + m], state[n + m :]
    du, da, dk = tangents[:n], tangents[n : n + m], tangents[n + m :]
    keep = np.exp(-0.5 * step / loop.muscle_time)
    bodies = body_work(curvature.size + 1)
    preferred, mean = np.empty(curvature.size), np.empty(curvature.size)
    felt, slopes, pushed = np.empty(n), np.empty(n), np.empty((n, k))
    for i in range(n_steps):
        relax_muscles(loop.drive, 0.0, keep, units, bending)
        apply_rows(loop.bend, bending, preferred)
        mean[:] = curvature
        bend_body(loop.chain, curvature, preferred, step * 1e-3, pose, bodies)
        for j in range(mean.size):
            mean[j] = 0.5 * (mean[j] + curvature[j])
        apply_rows(loop.sense, mean, felt)
        if k > 0:
            da *= keep
            add_rows(loop.drive, 1 - keep, du, da)
            bent = np.zeros(dk.shape)
            add_rows(loop.bend, 1.0, da, bent)
            pushed[:] = 0.0
            add_rows(loop.sense, 0.5, dk, pushed)
            push_curvature(loop.chain, bodies[0], preferred, step * 1e-3, dk, bent)
            add_rows(loop.sense, 0.5, dk, pushed)
        half = 0.5 * step / loop.unit_time
        _switch(loop.steepness, half, felt, units, slopes)
        if k > 0:
            for u in range(n):
                # Midpoint m = x + half (tanh(g m + e) - m); the unit becomes 2 m - x.
                share = 1 / (1 + half - half * loop.steepness * slopes[u])
                for c in range(k):
                    middle = share * (du[u, c] + half * slopes[u] * pushed[u, c])
                    du[u, c] = 2 * middle - du[u, c]
            da *= keep
            add_rows(loop.drive, 1 - keep, du, da)
        relax_muscles(loop.drive, 0.0, keep, units, bending)
        if every and (i + 1) % every == 0:
            row = record[(i + 1) // every - 1]
            row[: state.size] = state
            row[state.size :] = pose


@compiled
def _switch(steepness, half, felt, units, slopes):
    """Implicit midpoint of the units, by Newton's method; `slopes` is that of tanh there."""
    for u in range(units.size):
        start = units[u]
        middle = start
        for _ in range(NEWTON_STEPS):
            value = np.tanh(steepness * middle + felt[u])
            slope = 1 - value * value
            gap = middle - start - half * (value - middle)
            change = gap / (1 + half - half * steepness * slope)
            middle -= change
            if abs(change) <= 1e-14:
                break
        value = np.tanh(steepness * middle + felt[u])
        slopes[u] = 1 - value * value
        units[u] = 2 * middle - start
