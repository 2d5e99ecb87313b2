"""Fit a simulated worm to a rhythm of a given period and amplitude.

The rhythm is the closed orbit x = φ(x; p, h) of N steps of length h of the engines "numba" and
"torch", so its period is T = N h. Both x and h follow from the parameters p. With the plane
n·(x - x₀) = 0 that fixes the phase,

    B = [[∂φ/∂x - 1, ∂φ/∂h], [n, 0]],   d(x, h)/dp = -B⁻¹ (∂φ/∂p, 0),

and for a function L(x, h, p) of the orbit

    dL/dp = ∂L/∂p - λ·∂φ/∂p,            Bᵀ (λ, ·) = (∂L/∂x, ∂L/∂h):

implicit differentiation. ∂φ/∂x comes from the compiled engine, the products with ∂φ/∂p from
one run of one period through the torch engine, backward; nothing is run through transients,
however slowly they decay. The parameters then move by Gauss and Newton's method, with the
least move of the coordinates that changes the rhythm as asked.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.signal import find_peaks
from torch import Tensor

from isochron.ann_bridge.fitting.parameters import Choice, FreeParameters
from isochron.sims import DivergenceError, GradedMap, GradedNetwork, Stimulus
from isochron.sims.engines.torch_graded import GradedBatch

NEWTON_ITERATIONS = 12
CLOSED = 1e-9  # gap of a closed orbit, relative to its size
LONGEST_MOVE = 1.0  # of the coordinates in one iteration
HALVINGS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmTarget:
    """The rhythm that is wanted.

    The amplitude is the standard deviation of a potential over the orbit, averaged over
    neurons chosen as in `Connectome.select`.
    """

    period_ms: float
    amplitude_mV: float | None = None
    neurons: tuple[str, ...] = ("motor",)

    def __post_init__(self) -> None:
        for name, unit in (("period_ms", "ms"), ("amplitude_mV", "mV")):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive (in {unit}), got {value!r}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmFitParameters:
    """How to fit a rhythm."""

    n_steps: int = 300  # in a period; at 300 the worm's period is good to 0.05 %
    transient_s: float = 60.0  # simulated before the first rhythm is looked for
    tolerance: float = 1e-4  # of period and amplitude, relative
    max_iterations: int = 12

    def __post_init__(self) -> None:
        for name, least in (("n_steps", 20), ("max_iterations", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}.")
        for name in ("transient_s", "tolerance"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")


@dataclass(frozen=True, kw_only=True)
class RhythmFit:
    """What a fit to a rhythm found.

    Attributes
    ----------
    converged : bool
    message : str
    network : GradedNetwork
    stimulus : Stimulus
    values : dict of str to float
        The free parameters by name.
    period_ms, amplitude_mV : float
        Of the fitted rhythm, with the fit's own step.
    state : ndarray, shape (2 n_neurons,)
        On the rhythm: a start for `find_limit_cycle`.
    losses : list of float
        Sum of the squared logarithms of what was found over what was wanted; one for each
        rhythm that was accepted, the first before any change.
    seconds : float
    """

    converged: bool
    message: str
    network: GradedNetwork
    stimulus: Stimulus
    values: dict[str, float]
    period_ms: float
    amplitude_mV: float
    state: np.ndarray
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def fit_rhythm(
    network: GradedNetwork,
    stimulus: Stimulus,
    target: RhythmTarget,
    choices: Sequence[Choice],
    parameters: RhythmFitParameters | None = None,
    *,
    rng: np.random.Generator,
) -> RhythmFit:
    """Change chosen parameters until the worm's rhythm has a given period (and amplitude).

    Parameters
    ----------
    network : GradedNetwork
        It has a stable rhythm under the stimulus.
    stimulus : Stimulus
        Constant.
    target : RhythmTarget
    choices : sequence of Constant, ConnectionScale or Current
        What may change. With more choices than targets, the least change of their
        coordinates is taken: one of many worms with this rhythm.
    parameters : RhythmFitParameters, optional
    rng : numpy.random.Generator
        Of the state from which the network is left to settle.

    Raises
    ------
    ValueError
        If the stimulus is not constant, or a choice is out of range.
    ArithmeticError
        If there is no rhythm to begin with.

    References
    ----------
    Guckenheimer and Meloon (2000), SIAM Journal on Scientific Computing 22:951.
    """
    if not stimulus.steady:
        raise ValueError("A rhythm of the worm's own needs a constant stimulus.")
    began, p = time.perf_counter(), parameters or RhythmFitParameters()
    free = FreeParameters(network, stimulus, choices)
    shooter = _Shooter(network, free, target, p.n_steps)
    u = free.start
    state, step_ms = _settle(network, free, u, p, rng)
    orbit = shooter.close(u, state, step_ms)
    if orbit is None:
        raise ArithmeticError(
            "The rhythm to begin with was not closed by Newton's method. Raise "
            "transient_s or n_steps."
        )
    losses, message = [], f"not within {p.tolerance:g} after {p.max_iterations} iterations"
    converged = False
    for iteration in range(p.max_iterations + 1):
        residual = shooter.residual(orbit)
        losses.append(float(residual @ residual))
        converged = bool(np.abs(residual).max() < p.tolerance)
        if converged:
            message = f"{iteration} iterations"
        if converged or iteration == p.max_iterations:
            break
        move = -np.linalg.lstsq(shooter.differentiate(u, orbit), residual, rcond=1e-10)[0]
        taken = _advance(shooter, u, orbit, move)
        if taken is None:
            message = (
                "no nearer rhythm is found from here: widen the bounds, free other parameters or "
                "ask for less of a change"
            )
            break
        u, orbit = taken
    return RhythmFit(
        converged=converged,
        message=message,
        network=free.network(u),
        stimulus=free.stimulus(u),
        values=free.named(u),
        period_ms=p.n_steps * orbit.step_ms,
        amplitude_mV=shooter.amplitude(orbit),
        state=orbit.point,
        losses=losses,
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Orbit:
    """A closed orbit: a point, the step that closes it, B of the module, and its states."""

    point: np.ndarray
    step_ms: float
    bordered: np.ndarray
    states: np.ndarray


class _Shooter:
    """Closes orbits at coordinates, and differentiates what is wanted of them."""

    def __init__(
        self, network: GradedNetwork, free: FreeParameters, target: RhythmTarget, n_steps: int
    ) -> None:
        self.free, self.target, self.n_steps = free, target, n_steps
        self.batch = GradedBatch([network])
        self.neurons = network.connectome.index(network.connectome.select(*target.neurons))
        self.n_neurons = network.n_neurons

    def close(self, u: Tensor, state: np.ndarray, step_ms: float) -> _Orbit | None:
        """The closed orbit near a state; None if Newton's method does not converge."""
        network, stimulus = self.free.network(u), self.free.stimulus(u)
        point, first, n = np.array(state), step_ms, state.size
        normal = None
        try:
            for _ in range(NEWTON_ITERATIONS):
                if not 0.5 * first < step_ms < 2 * first:
                    return None
                system = GradedMap(network, stimulus, step_ms=step_ms)
                states = system.orbit(point, self.n_steps)
                end, monodromy = system.advance(point, self.n_steps, tangents=np.eye(n))
                by_step = self._by_step(network, stimulus, point, step_ms)
                if normal is None:
                    normal = by_step / np.linalg.norm(by_step)
                bordered = np.block(
                    [[monodromy - np.eye(n), by_step[:, None]], [normal, np.zeros(1)]]
                )
                size = np.linalg.norm(states - states.mean(axis=0), axis=1).max()
                if np.linalg.norm(end - point) < CLOSED * size:
                    orbit = _Orbit(point=point, step_ms=step_ms, bordered=bordered, states=states)
                    return orbit if self.amplitude(orbit) > 1e-6 else None
                change = np.linalg.solve(bordered, np.append(point - end, 0.0))
                point, step_ms = point + change[:n], step_ms + change[n]
        except (DivergenceError, np.linalg.LinAlgError):
            pass
        return None

    def amplitude(self, orbit: _Orbit) -> float:
        """Mean standard deviation of the chosen potentials over the orbit, mV."""
        return float(orbit.states[:-1, self.neurons].std(axis=0).mean())

    def residual(self, orbit: _Orbit) -> np.ndarray:
        """Logarithms of found over wanted: of the period and, if it is wanted, the amplitude."""
        ratios = [self.n_steps * orbit.step_ms / self.target.period_ms]
        if self.target.amplitude_mV is not None:
            ratios.append(self.amplitude(orbit) / self.target.amplitude_mV)
        return np.log(ratios)

    def differentiate(self, u: Tensor, orbit: _Orbit) -> np.ndarray:
        """Derivatives of `residual` by the coordinates, shape (k, n_choices)."""
        n = self.n_neurons
        u = u.clone().requires_grad_()
        x = torch.tensor(orbit.point, requires_grad=True)
        h = torch.tensor(orbit.step_ms, dtype=torch.float64, requires_grad=True)
        values = self.free.values(u)
        p = self.free.batch_parameters(self.batch, values)
        current = self.free.current(values)[:, None]
        thresholds = self.batch.thresholds(current, p)
        v, s = x[:n, None], x[n:, None]
        kept = []
        for _ in range(self.n_steps):
            kept.append(v[self.neurons, 0])
            v, s = self.batch.step((v, s), current, thresholds, h, p)
        end = torch.cat([v, s])[:, 0]
        wanted = [torch.log(h)]
        if self.target.amplitude_mV is not None:
            wanted.append(torch.log(torch.stack(kept).std(dim=0, correction=0).mean()))
        return np.array([self._row(quantity, end, (u, x, h), orbit) for quantity in wanted])

    def _row(self, quantity: Tensor, end: Tensor, arguments, orbit: _Orbit) -> np.ndarray:
        """dL/dp of the module."""
        direct = torch.autograd.grad(
            quantity, arguments, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        by_state = np.append(direct[1].numpy(), direct[2].item())
        multiplier = np.linalg.solve(orbit.bordered.T, by_state)[:-1]
        (implicit,) = torch.autograd.grad(
            end, arguments[:1], torch.from_numpy(multiplier), retain_graph=True
        )
        return (direct[0] - implicit).numpy()

    def _by_step(self, network, stimulus, point: np.ndarray, step_ms: float) -> np.ndarray:
        """∂φ/∂h by central differences; errors of 1e-8 only slow Newton's method down."""
        ends = [
            GradedMap(network, stimulus, step_ms=step_ms * (1 + sign * 1e-5)).advance(
                point, self.n_steps
            )
            for sign in (-1, 1)
        ]
        return (ends[1] - ends[0]) / (2e-5 * step_ms)


def _advance(
    shooter: _Shooter, u: Tensor, orbit: _Orbit, move: np.ndarray
) -> tuple[Tensor, _Orbit] | None:
    """Coordinates and orbit after a move, shortened until the orbit is there and is nearer."""
    before = np.linalg.norm(shooter.residual(orbit))
    share = min(1.0, LONGEST_MOVE / np.linalg.norm(move))
    for _ in range(HALVINGS):
        there = u + torch.from_numpy(share * move)
        found = shooter.close(there, orbit.point, orbit.step_ms)
        if found is not None and np.linalg.norm(shooter.residual(found)) < before:
            return there, found
        share /= 2
    return None


def _settle(network, free, u, p: RhythmFitParameters, rng) -> tuple[np.ndarray, float]:
    """A state near the rhythm, and its period over the number of steps."""
    stimulus = free.stimulus(u)
    system = GradedMap(free.network(u), stimulus, step_ms=2.0)
    start = network.random_state(stimulus, rng)
    settled = system.advance(start, round(p.transient_s * 500))
    states = system.orbit(settled, round(p.transient_s * 250))
    liveliest = states[:, int(np.argmax(states[:, : network.n_neurons].std(axis=0)))]
    spread = np.ptp(liveliest)
    peaks, _ = find_peaks(liveliest, prominence=0.5 * spread)
    if spread < 1e-3 or len(peaks) < 3:
        raise ArithmeticError(
            f"No rhythm after {p.transient_s:g} s under this stimulus (a potential moves by "
            f"{spread:.2g} mV): begin with a worm that has one, or raise transient_s."
        )
    return settled, 2.0 * float(np.diff(peaks).mean()) / p.n_steps
