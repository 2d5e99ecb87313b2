"""Cycle, multipliers, phase response and onset of a closed loop, next to those of the worm."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import optimize

from isochron import analysis
from isochron.analysis import InvariantCircle
from isochron.ann_bridge import ModuleMap
from isochron.studies.worm_twin.configuration import LoopSection
from isochron.studies.worm_twin.loops import Loop
from isochron.studies.worm_twin.results import CYCLE, DIVERGES, OTHER, REST, ClosedRow, Curve
from isochron.studies.worm_twin.target import Rhythm

FAR = 100.0  # outputs, of variance 1 in the worm, beyond which a loop diverges
STILL = 1e-3  # range of the outputs below which it rests
NEAR = 0.02  # distance from the cycle, of its size, of a state that is on it
OBSERVED = 0.2  # of the time in which states settle: the time to observe them after it
CLOSED = 1e-3  # of the size of the cycle: accepted error of its Fourier series
PUSH = 1e-3  # input whose effect is measured by a central difference
N_PERIODS, N_BLOCKS = 5, 4  # of the Lyapunov exponents
REMEMBERED = 1e-2  # what is left of the end of the adjoint equation
MOST_PERIODS = 60  # that it is followed back
ONSET_ACCURACY_pA = 0.1


@dataclass(frozen=True)
class ClosedLoop:
    """A learner whose outputs are fed back, under constant inputs.

    Attributes
    ----------
    loop : Loop
    inputs_at : callable
        Inputs without noise at a constant current, shape (n_inputs,); those that are pushed first.
    n_pushed : int
        Number of inputs whose effect on the phase is compared.
    step_ms : float
    """

    loop: Loop
    inputs_at: Callable[[float], np.ndarray]
    n_pushed: int
    step_ms: float

    def system(self, current_pA: float, *, pushed: int = 0, push: float = 0.0) -> ModuleMap:
        """The map of a step; with one of the pushed inputs changed if `push` is not 0."""
        inputs = np.array(self.inputs_at(current_pA), dtype=float)
        inputs[pushed] += push
        return ModuleMap(
            self.loop, step=lambda loop, u, x: loop.advance(x, u),
            dimension=self.loop.dimension, inputs=inputs, step_ms=self.step_ms,
        )  # fmt: skip

    def read(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        return self.loop.read(torch.from_numpy(states)).numpy()


def measure_loop(
    closed: ClosedLoop,
    current_pA: float,
    starts: np.ndarray,
    worm: Rhythm,
    settings: LoopSection,
    currents_pA: tuple[float, float],
) -> ClosedRow:
    """Everything that is compared.

    Parameters
    ----------
    closed : ClosedLoop
    current_pA : float
        Constant current at which the cycles are compared.
    starts : ndarray, shape (n_starts, dimension)
    worm : Rhythm
        What is known of the worm.
    settings : LoopSection
    currents_pA : tuple of two floats
        Range of currents in which the onset is searched for.
    """
    onset = find_onset(closed, starts, settings, currents_pA)
    settled = settle(closed, current_pA, starts, settings)
    row: dict[str, Any] = {
        "n_starts": len(starts), "n_resting": settled.count(REST),
        "n_diverged": settled.count(DIVERGES), "onset_pA": onset,
    }  # fmt: skip
    if CYCLE not in settled.motions:
        motion = REST if settled.count(REST) == len(starts) else DIVERGES
        return ClosedRow(motion=motion, **row)
    system, state = closed.system(current_pA), settled.state
    try:
        circle = _circle(system, state, settings)
        period = closed.step_ms / circle.rotation.value
        row |= {"n_on_cycle": settled.near(circle)}
        multiplier = leading_multiplier(system, state, circle)
        response = step_response(closed, current_pA, circle, multiplier)
    except ArithmeticError as error:
        return ClosedRow(motion=OTHER, message=str(error), **row)
    phases = 2 * np.pi * np.arange(len(worm.outputs)) / len(worm.outputs)
    outputs = closed.read(circle(phases))
    shift = best_shift(worm.outputs, outputs)
    outputs, response = np.roll(outputs, -shift, axis=0), np.roll(response(phases), -shift, axis=0)
    return ClosedRow(
        motion=CYCLE,
        period_ms=period,
        multiplier=multiplier,
        response_correlation=pooled_correlation(worm.response, response),
        curve=Curve.of(outputs, response),
        **row,
    )


@dataclass(frozen=True)
class Settled:
    """Where initial states lead.

    Attributes
    ----------
    motions : list of str
        Of each: `CYCLE` (it moves), `REST` or `DIVERGES`.
    states : ndarray, shape (n_starts, dimension)
    """

    motions: list[str]
    states: np.ndarray

    def count(self, motion: str) -> int:
        """Number of initial states with a motion."""
        return self.motions.count(motion)

    @property
    def state(self) -> np.ndarray:
        """The first state that moves."""
        return self.states[self.motions.index(CYCLE)]

    def near(self, circle: InvariantCircle) -> int:
        """Number of states on a cycle."""
        points = circle(np.linspace(0, 2 * np.pi, 1025))
        size = np.linalg.norm(points - points.mean(axis=0), axis=1).max()
        moving = [s for s, it in zip(self.states, self.motions, strict=True) if it == CYCLE]
        gaps = [np.linalg.norm(points - state, axis=1).min() for state in moving]
        return int(np.sum(np.array(gaps) < NEAR * size))


def settle(
    closed: ClosedLoop, current_pA: float, starts: np.ndarray, settings: LoopSection
) -> Settled:
    """Follow initial states for a long time."""
    system = closed.system(current_pA)
    n_steps = math.ceil(1e3 * settings.settle_s / closed.step_ms)
    with np.errstate(all="ignore"):
        states = system.advance(starts, n_steps)
        outputs = closed.read(system.orbit(states, math.ceil(OBSERVED / 4 * n_steps)))
    motions = []
    for one in np.moveaxis(outputs, 1, 0):
        bounded = np.isfinite(one).all() and np.abs(one).max() < FAR
        moves = bounded and np.ptp(one, axis=0).max() > STILL
        motions.append(CYCLE if moves else REST if bounded else DIVERGES)
    return Settled(motions, states)


def _circle(system: ModuleMap, state: np.ndarray, settings: LoopSection) -> InvariantCircle:
    observed = math.ceil(OBSERVED * 1e3 * settings.settle_s / system.step_ms)
    return analysis.find_invariant_circle(
        system, state, n_transient=0, n_returns=max(observed, 16 * settings.n_harmonics),
        n_harmonics=settings.n_harmonics, tolerance=CLOSED,
    )  # fmt: skip


def leading_multiplier(system: ModuleMap, state: np.ndarray, circle: InvariantCircle) -> float:
    """Largest modulus of a multiplier of one period across a cycle, by Lyapunov exponents."""
    steps = 1 / circle.rotation.value
    block = max(1, round(N_PERIODS * steps))
    spectrum = analysis.compute_lyapunov_spectrum(
        system, state, block=block, n_blocks=N_BLOCKS, transient=block,
        n_exponents=min(3, system.dimension),
    )  # fmt: skip
    across = np.delete(spectrum.exponents, np.argmin(np.abs(spectrum.exponents)))
    return float(np.exp(across.max() * steps * system.step_ms))


def step_response(
    closed: ClosedLoop, current_pA: float, circle: InvariantCircle, multiplier: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Phase shift by a unit of each input during the step that starts at a phase.

    Returns
    -------
    callable
        Phases, shape (m,), to radians, shape (m, n_pushed).

    Raises
    ------
    ArithmeticError
        If the phase response cannot be computed, as without stability.
    """
    turn, n_nodes = 2 * np.pi * circle.rotation.value, 256
    forget = math.log(REMEMBERED) / math.log(min(max(multiplier, 1e-3), 0.999))
    transient = math.ceil(min(forget, MOST_PERIODS) * 2 * np.pi / turn)
    n_returns = transient + 32 * (len(circle.coefficients) // 2)
    system = closed.system(current_pA)
    found = analysis.find_map_phase_response(
        system, circle, n_nodes=n_nodes, n_returns=n_returns, n_transient=transient, tolerance=0.05
    )

    def response(phases: np.ndarray) -> np.ndarray:
        states, after = circle(phases), (phases + turn) % (2 * np.pi)
        gradient = np.stack(
            [np.interp(after, found.phases, column) for column in found.response.T], axis=1
        )
        shifts = []
        for k in range(closed.n_pushed):
            ends = [
                closed.system(current_pA, pushed=k, push=sign * PUSH).advance(states, 1)
                for sign in (1, -1)
            ]
            shifts.append(np.sum(gradient * (ends[0] - ends[1]), axis=1) / (2 * PUSH))
        return np.stack(shifts, axis=1)

    return response


def best_shift(wanted: np.ndarray, found: np.ndarray) -> int:
    """Number of nodes by which a periodic function is ahead of the one that it resembles.

    Both have shape (n_nodes, n_outputs); ``np.roll(found, -shift, axis=0)`` is nearest to `wanted`.
    """
    spectra = np.conj(np.fft.fft(wanted, axis=0)) * np.fft.fft(found, axis=0)
    return int(np.argmax(np.fft.ifft(spectra.sum(axis=1)).real))


def pooled_correlation(wanted: np.ndarray, found: np.ndarray) -> float:
    """Correlation over phases and inputs, in units in which each input has the size 1 in `wanted`.

    Responses are not centered: a response of one sign is not the same as none.
    """
    size = np.sqrt(np.mean(wanted**2, axis=0))
    a, b = (wanted / size).ravel(), (found / size).ravel()
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0 else 0.0


def find_onset(
    closed: ClosedLoop,
    starts: np.ndarray,
    settings: LoopSection,
    currents_pA: tuple[float, float],
) -> float | None:
    """Smallest current at which the equilibrium of a closed loop loses its stability.

    The equilibrium is followed upwards from the one to which the loop settles at the smallest
    current. None if it does not settle there, or nothing is lost up to the largest current.
    """
    settled = settle(closed, currents_pA[0], starts, settings)
    if REST not in settled.motions:
        return None
    known = {currents_pA[0]: (settled.states[settled.motions.index(REST)], math.nan)}

    def growth(current: float) -> float:
        point, value = known[min(known, key=lambda it: abs(it - current))]
        if current not in known or math.isnan(value):
            found = analysis.find_fixed_points(closed.system(current), [point])
            if len(found) == 0:
                raise ArithmeticError(f"The equilibrium is lost at {current:g} pA.")
            value = float(np.abs(found[0].eigenvalues).max()) - 1
            known[current] = found[0].point, value
        return value

    grid = np.linspace(*currents_pA, settings.n_currents)
    try:
        low = grid[0]
        if growth(low) >= 0:
            return None
        for high in grid[1:]:
            if growth(high) >= 0:
                root: Any = optimize.brentq(growth, low, high, xtol=ONSET_ACCURACY_pA)
                return float(root)
            low = high
    except ArithmeticError:
        return None
    return None
