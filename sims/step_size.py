"""Choice of the time step: its error, estimated by halving it, and the limit of explicit steps."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from isochron.sims.engines.accuracy import compare_with_half, potential_error, remaining
from isochron.sims.engines.request import EngineRequest
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.run_settings import RunSettings
from isochron.sims.simulation import checked_state
from isochron.sims.step_choice import plan_steps
from isochron.sims.stimuli import Stimulus


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """Estimated error of a time step; result of `estimate_step_error`.

    Attributes
    ----------
    step_ms : float
        Time step, in ms.
    potential_mV : float
        Largest error of a potential at any recorded time, in mV; it grows with the simulated
        time where the input does not entrain the rhythm.
    period : float
        Relative error of the period of the rhythm; NaN if there are fewer than three cycles.
    order : int
        Order of the method.

    Examples
    --------
    With a method of second order, a hundredth of the error needs a tenth of the step.

    >>> error = sims.StepError(step_ms=8.0, potential_mV=0.5, period=1e-3)
    >>> round(error.step_for(period=1e-5), 3)
    0.8
    """

    step_ms: float
    potential_mV: float
    period: float
    order: int = 2

    def step_for(self, *, period: float) -> float:
        """Time step at which the relative error of the period has a given value.

        Parameters
        ----------
        period : float
            Relative error of the period, positive.

        Returns
        -------
        float
            Time step, in ms.
        """
        return self.step_ms * (period / abs(self.period)) ** (1 / self.order)


def estimate_step_error(
    network: GradedNetwork,
    stimulus: Stimulus,
    *,
    step_ms: float,
    duration_s: float,
    initial_state: np.ndarray,
    threshold_rule: str = "fixed",
    method: str = "strang",
) -> StepError:
    """Error of a simulation with a time step, estimated from a second run with half the step.

    With a method of order p, the error at the step is 2^p / (2^p - 1) of the difference between
    the two runs (Richardson extrapolation). The estimate is valid where halving the step once more
    divides the error by 2^p.

    Parameters
    ----------
    network : GradedNetwork
        Network that is simulated.
    stimulus : Stimulus
        Input to the network.
    step_ms : float
        Time step, in ms.
    duration_s : float
        Simulated time, in s; the period is measured in its second half.
    initial_state : ndarray, shape (2 n_neurons,)
        Potentials in mV, then activations; best a state after the transient.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        Rule by which the thresholds follow the input; see `isochron.sims.drive`.
    method : {"strang", "multistep"}
        Method of the engine "numba", of order 2 or 3.

    Returns
    -------
    StepError
        Errors of the potentials and of the period.

    Raises
    ------
    ValueError
        As `simulate`.
    DivergenceError
        If the state does not stay finite.

    Examples
    --------
    An isolated neuron that returns to its equilibrium from 10 mV above it. The exact solution is
    10 mV exp(-t / 150 ms), so the error can be compared:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> options = {"step_ms": 10, "initial_state": network.equilibrium(rest) + [10, 0]}
    >>> error = sims.estimate_step_error(network, rest, duration_s=0.3, **options)
    >>> run = sims.simulate(network, rest, duration_s=0.3, record_every_ms=10, **options)
    >>> exact = -35 + 10 * np.exp(-run.time.values / 150)
    >>> print(f"{error.potential_mV:.2e} {abs(run.V.values[:, 0] - exact).max():.2e}")
    1.36e-03 1.36e-03
    """
    check_simulated(network, stimulus)
    settings = RunSettings(
        duration_s=duration_s,
        step_ms=step_ms,
        method=method,
        record_every_ms=step_ms,
        threshold_rule=threshold_rule,
    )
    request = EngineRequest(
        network=network,
        stimulus=stimulus,
        initial_state=checked_state(initial_state, network),
        threshold_rule=threshold_rule,
        **plan_steps(network, [stimulus], settings),
    )
    whole, half, order = compare_with_half(settings.engine, [request])
    v, better = (states[0, :, : network.n_neurons] for states in (whole, half))
    liveliest = int(np.argmax(v[len(v) // 2 :].std(axis=0)))
    period, better_period = (_period(x[:, liveliest], step_ms) for x in (v, better))
    return StepError(
        step_ms=step_ms,
        potential_mV=potential_error(whole, half, order),
        period=remaining(order) * (period - better_period) / better_period,
        order=order,
    )


def _period(signal: np.ndarray, step_ms: float) -> float:
    """Mean time between upward crossings of the mean in the last half; NaN without a cycle."""
    late = signal[len(signal) // 2 :]
    late = late - late.mean()
    if np.ptp(late) < 1e-3:
        return math.nan
    curve = CubicSpline(np.arange(late.size), late)
    crossings = curve.roots(extrapolate=False)
    crossings = crossings[curve(crossings, 1) > 0]
    return step_ms * float(np.diff(crossings).mean()) if crossings.size >= 3 else math.nan


def largest_explicit_step(network: GradedNetwork) -> float:
    """Time step above which the forward Euler method is unstable because of gap junctions.

    It is 2 C divided by the largest eigenvalue of leak, gap junctions and synapses at rest: about
    0.2 ms for varshney2011. Engines with explicit methods reject a longer step; the method of
    "numba" and "torch" is stable at any step.

    Parameters
    ----------
    network : GradedNetwork
        Network whose conductances are used.

    Returns
    -------
    float
        Largest stable step, in ms.

    Raises
    ------
    TypeError
        If `network` is something else.

    Examples
    --------
    Two neurons with a gap junction of 0.1 nS: the largest eigenvalue is G_c + 2 g = 0.21 nS, and
    C is 1.5 pF.

    >>> none = np.zeros((2, 2))
    >>> graph = connectome.importers.from_matrices(
    ...     ["A", "B"], chemical=none, gap=[[0, 1], [1, 0]], rows="postsynaptic", signs=none
    ... )
    >>> round(sims.largest_explicit_step(sims.GradedNetwork(graph)), 3), round(3 / 0.21, 3)
    (14.286, 14.286)
    """
    check_simulated(network)
    p = network.parameters
    at_rest = p.leak_conductance + p.equilibrium_activation * network.synapses.sum(axis=1)
    stiffest = np.linalg.eigvalsh(network.laplacian + np.diag(at_rest))[-1]
    return 2 * p.capacitance / float(stiffest)
