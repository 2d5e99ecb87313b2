"""Fit a simulated worm to a rhythm of a given period and amplitude.

The rhythm is the closed orbit x = φ(x; p, h) of N steps of length h of the engines "numba" and
"torch", so its period is T = N h. Both x and h follow from the parameters p. With the plane
n·(x - x₀) = 0 that fixes the phase,

    B = [[∂φ/∂x - 1, ∂φ/∂h], [n, 0]],   d(x, h)/dp = -B⁻¹ (∂φ/∂p, 0),

and for a function L(x, h, p) of the orbit

    dL/dp = ∂L/∂p - λ·∂φ/∂p,            Bᵀ (λ, ·) = (∂L/∂x, ∂L/∂h):

implicit differentiation. ∂φ/∂x is computed by the compiled engine, the products with ∂φ/∂p by
a backward pass through one period of the torch engine. Transients are never simulated, however
slowly they decay. The parameters change by the Gauss-Newton method, with the smallest change of
the coordinates that gives the requested change of the rhythm.
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
from isochron.settings import check_types
from isochron.sims import DivergenceError, GradedMap, GradedNetwork, Stimulus
from isochron.sims.engines.torch_graded import GradedBatch

NEWTON_ITERATIONS = 12
CLOSED = 1e-9  # return error of a closed orbit, relative to its size
LONGEST_MOVE = 1.0  # of the coordinates in one iteration
HALVINGS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmTarget:
    """Rhythm that a fit is to reach.

    Parameters
    ----------
    period_ms : float
        Period, in ms, positive.
    amplitude_mV : float, optional
        Standard deviation of a potential over the orbit, averaged over `neurons`, in mV. Without
        it any amplitude is accepted.
    neurons : tuple of str
        Neurons whose amplitude is measured, as in `Connectome.select`.

    Raises
    ------
    ValueError
        If period or amplitude is not positive.

    Examples
    --------
    Undulations of 0.5 Hz with potentials of motor neurons that vary by 10 mV:

    >>> ann_bridge.RhythmTarget(period_ms=2000, amplitude_mV=10)
    RhythmTarget(period_ms=2000, amplitude_mV=10, neurons=('motor',))
    """

    period_ms: float
    amplitude_mV: float | None = None
    neurons: tuple[str, ...] = ("motor",)

    def __post_init__(self) -> None:
        check_types(self)
        for name, unit in (("period_ms", "ms"), ("amplitude_mV", "mV")):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive (in {unit}), got {value!r}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmFitParameters:
    """Settings of `fit_rhythm`.

    Parameters
    ----------
    n_steps : int
        Number of time steps in a period, at least 20. With 300 the error of the period of the
        worm is 0.05 %.
    transient_s : float
        Time that is simulated before the first rhythm is located, in s.
    tolerance : float
        Largest relative error of period and amplitude.
    max_iterations : int
        Largest number of Gauss-Newton iterations.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    A fast fit of a network whose transients are short:

    >>> ann_bridge.RhythmFitParameters(n_steps=100, transient_s=10).tolerance
    0.0001
    """

    n_steps: int = 300
    transient_s: float = 60.0
    tolerance: float = 1e-4
    max_iterations: int = 12

    def __post_init__(self) -> None:
        check_types(self)
        for name, least in (("n_steps", 20), ("max_iterations", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}.")
        for name in ("transient_s", "tolerance"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")


@dataclass(frozen=True, kw_only=True)
class RhythmFit:
    """Result of `fit_rhythm`.

    Attributes
    ----------
    converged : bool
        Whether the target was reached within the tolerance.
    message : str
        Reason why the fit ended, and advice if it did not converge.
    network : GradedNetwork
        Fitted network, for every engine.
    stimulus : Stimulus
        Input with the fitted currents.
    values : dict of str to float
        Values of the free parameters by name.
    period_ms, amplitude_mV : float
        Period in ms and amplitude in mV of the fitted rhythm, with the time step of the fit.
    state : ndarray, shape (2 n_neurons,)
        State on the rhythm, a start for `find_limit_cycle`: potentials in mV, then activations.
    losses : list of float
        Sum of the squared logarithms of the ratios of result and target, for each accepted
        rhythm; the first is that before any change.
    seconds : float
        Duration of the fit, in s.

    Examples
    --------
    The fitted rhythm of a ring of three neurons that inhibit each other is a limit cycle:

    >>> ring = np.roll(np.eye(3), 1, axis=0)  # A to B to C to A
    >>> graph = connectome.importers.from_matrices(
    ...     ["A", "B", "C"], -20 * ring, rows="postsynaptic", signs="from_weights"
    ... )
    >>> network = sims.GradedNetwork(graph)
    >>> stimulus = sims.step_current(["*"], amplitude_pA=8)
    >>> free = [ann_bridge.Constant("decay_rate", 1e-3, 1e-1)]
    >>> settings = ann_bridge.RhythmFitParameters(n_steps=100, transient_s=10)
    >>> rng = np.random.default_rng(0)
    >>> target = ann_bridge.RhythmTarget(period_ms=1000, neurons=("A",))
    >>> fit = ann_bridge.fit_rhythm(network, stimulus, target, free, settings, rng=rng)
    >>> system = sims.GradedMap(fit.network, fit.stimulus, step_ms=10)
    >>> cycle = analysis.find_limit_cycle(system, fit.state, max_period=3000)
    >>> round(fit.period_ms), round(cycle.period)
    (1000, 1000)
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
        Network with a stable rhythm under the stimulus.
    stimulus : Stimulus
        Constant input.
    target : RhythmTarget
        Period, and amplitude if it is given.
    choices : sequence of Constant, ConnectionScale or Current
        Free parameters. With more choices than targets, the smallest change of their
        coordinates is taken: one of many worms with this rhythm.
    parameters : RhythmFitParameters, optional
        Settings; the defaults if not given.
    rng : numpy.random.Generator
        Source of the initial state of the transient.

    Returns
    -------
    RhythmFit
        Fitted network, and whether the target was reached.

    Raises
    ------
    ValueError
        If the stimulus is not constant, or a choice is out of range.
    ArithmeticError
        If the network does not have a rhythm at the start.

    References
    ----------
    Guckenheimer and Meloon (2000), SIAM Journal on Scientific Computing 22:951.

    Examples
    --------
    Three neurons that inhibit each other in a ring oscillate with a period of 1101 ms. Faster
    synapses give them a period of 1000 ms:

    >>> ring = np.roll(np.eye(3), 1, axis=0)  # A to B to C to A
    >>> graph = connectome.importers.from_matrices(
    ...     ["A", "B", "C"], -20 * ring, rows="postsynaptic", signs="from_weights"
    ... )
    >>> network = sims.GradedNetwork(graph)
    >>> stimulus = sims.step_current(["*"], amplitude_pA=8)
    >>> free = [ann_bridge.Constant("decay_rate", 1e-3, 1e-1)]
    >>> settings = ann_bridge.RhythmFitParameters(n_steps=100, transient_s=10)
    >>> rng = np.random.default_rng(0)
    >>> target = ann_bridge.RhythmTarget(period_ms=1000, neurons=("A",))
    >>> fit = ann_bridge.fit_rhythm(network, stimulus, target, free, settings, rng=rng)
    >>> fit.converged, round(fit.period_ms)
    (True, 1000)
    >>> print(f"{network.parameters.decay_rate:.5f} {fit.values['decay_rate']:.5f}")  # 1/ms
    0.00333 0.00374
    """
    if not stimulus.steady:
        raise ValueError("An autonomous rhythm needs a constant stimulus.")
    start_time, p = time.perf_counter(), parameters or RhythmFitParameters()
    free = FreeParameters(network, stimulus, choices)
    shooter = _Shooter(network, free, target, p.n_steps)
    u = free.start
    state, step_ms = _settle(network, free, u, p, rng)
    orbit = shooter.close(u, state, step_ms)
    if orbit is None:
        raise ArithmeticError(
            "Newton's method did not converge to the rhythm at the start. Raise transient_s or "
            "n_steps."
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
                "no rhythm nearer to the target was found: widen the bounds, free other "
                "parameters or choose a nearer target"
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
        seconds=time.perf_counter() - start_time,
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
        """Logarithms of the ratios of result and target: period and, if given, amplitude."""
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
        """dL/dp, as in the module docstring."""
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
    """Coordinates and orbit after a move, shortened until the orbit is nearer to the target."""
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
            f"{spread:.2g} mV): start with a worm that has one, or raise transient_s."
        )
    return settled, 2.0 * float(np.diff(peaks).mean()) / p.n_steps
