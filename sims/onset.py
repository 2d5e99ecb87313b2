"""The constant current at which the equilibrium of a graded network loses its stability.

The thresholds follow a constant current, so (Vth, s_eq) is an equilibrium at every current, and
its Jacobian is a linear function of the current. The first instability is found from the
eigenvalues along the current, without a simulation. A real eigenvalue that becomes positive leads
to a different state of rest; a complex pair (a Hopf bifurcation) leads to a rhythm.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.stimuli import neuron_names, step_current
from isochron.wording import shown

COARSE_BELOW_pA = 100.0
COARSE, FINE = 4.0, 2.0  # ratios of the currents at which stability is tested
PRECISION = 1e-9  # of the current at the crossing
ROUND_OFF = 1e-7  # imaginary part of a double real eigenvalue, relative to the fastest rate
STEADY, OSCILLATORY, NONE = "steady", "oscillatory", "none"


@dataclass(frozen=True, kw_only=True)
class Onset:
    """The first instability of the equilibrium of a graded network along a constant current.

    Attributes
    ----------
    kind : {"oscillatory", "steady", "none"}
        A complex pair of eigenvalues crosses the imaginary axis; a real eigenvalue becomes
        positive; or neither up to `largest_pA`.
    current_pA : float
        Current into each stimulated neuron, pA; infinity for "none".
    period_ms : float
        Period of the oscillation that starts there, ms; NaN unless "oscillatory".
    criticality : float
        First Lyapunov coefficient, for eigenvectors of length 1: negative if a stable small cycle
        grows from zero above the onset (supercritical), positive if an unstable one exists below
        it (subcritical). NaN unless "oscillatory". Only its sign does not depend on the units.
    largest_pA : float
        End of the search, pA.

    Examples
    --------
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> onset = sims.find_onset(worm, ["PLML", "PLMR"])
    >>> print(f"{onset.kind}, {onset.current_pA:.0f} pA, {onset.period_ms:.0f} ms")
    oscillatory, 1245 pA, 2263 ms
    >>> onset.criticality < 0  # supercritical
    True
    """

    kind: str
    current_pA: float
    period_ms: float
    criticality: float
    largest_pA: float


def find_onset(
    network: GradedNetwork, neurons: Sequence[str], *, largest_pA: float = 20_000.0
) -> Onset:
    """The first instability of the equilibrium as a constant current grows from zero.

    Stability is tested at currents a factor of two apart (four below 100 pA), from the one that
    moves a threshold by the width of the sigmoid on, and closer where the leading eigenvalue
    turns in between; the crossing itself is solved for.

    Parameters
    ----------
    network : GradedNetwork
        Network with its parameters.
    neurons : sequence of str
        Names, classes or patterns of the neurons that receive the current, each the same.
    largest_pA : float
        Largest current, pA, positive.

    Returns
    -------
    Onset
        Kind, current, period and criticality.

    Raises
    ------
    ValueError
        If a neuron does not exist, none is given, or `largest_pA` is not positive and finite.

    References
    ----------
    Kuznetsov (2004), Elements of Applied Bifurcation Theory, equation 5.62, for the criticality.

    Examples
    --------
    An excitatory neuron with a synapse onto itself does not oscillate. The depolarization that
    grows with the current takes the synapse nearer to its reversal potential, so that the
    equilibrium is stable at every current:

    >>> graph = connectome.from_matrices(["A"], [[5]], rows="postsynaptic", signs=[[1]])
    >>> sims.find_onset(sims.GradedNetwork(graph), ["A"]).kind
    'none'
    """
    if not 0 < largest_pA < math.inf:
        raise ValueError(f"largest_pA must be positive and finite, got {shown(largest_pA)}.")
    line = _JacobianLine(network, neurons)
    bracket = _first_bracket(line.growth, line.scale_pA, float(largest_pA))
    if bracket is None:
        return Onset(kind=NONE, current_pA=math.inf, period_ms=math.nan, criticality=math.nan,
                     largest_pA=float(largest_pA))  # fmt: skip
    current, omega = line.crossing(*bracket)
    return Onset(
        kind=OSCILLATORY if omega else STEADY,
        current_pA=current,
        period_ms=2 * math.pi / omega if omega else math.nan,
        criticality=line.criticality(current, omega) if omega else math.nan,
        largest_pA=float(largest_pA),
    )


Growth = Callable[[float], float]


def _first_bracket(growth: Growth, first: float, largest: float) -> tuple[float, float] | None:
    """Currents around the smallest one at which `growth` becomes positive; (0, 0) if it is at 0."""
    low, slope = 0.0, 0.0
    if growth(low) > 0:
        return low, low
    while low < largest:
        ratio = COARSE if low < COARSE_BELOW_pA else FINE
        high = min(max(first, ratio * low), largest)
        found = _bracket_between(growth, low, high, slope, depth=3)
        if found is not None:
            return found
        slope = (growth(high) - growth(low)) / (high - low)
        low = high
    return None


def _bracket_between(
    growth: Growth, low: float, high: float, slope: float, depth: int
) -> tuple[float, float] | None:
    """The first change of sign between two currents, at the first of which growth is negative.

    If it is negative at the second too, although its slope before the first would have made it
    positive there, it may be positive in between: the halves are searched.
    """
    if growth(high) > 0:
        return low, high
    if not depth or growth(low) + slope * (high - low) <= 0:
        return None
    middle = (low + high) / 2
    rise = (growth(middle) - growth(low)) / (middle - low)
    left = _bracket_between(growth, low, middle, slope, depth - 1)
    return left or _bracket_between(growth, middle, high, rise, depth - 1)


class _JacobianLine:
    """The Jacobian at the equilibrium, A + current B, and its eigenvalues."""

    def __init__(self, network: GradedNetwork, neurons: Sequence[str]) -> None:
        check_simulated(network)
        p, n = network.parameters, network.n_neurons
        names = neuron_names(neurons)
        if not names:
            raise ValueError("neurons must name at least one neuron.")
        unit = step_current(names, amplitude_pA=1.0).constant(network.connectome)
        s = p.equilibrium_activation
        at_zero = network.thresholds(np.zeros(n))
        gain = network.thresholds(unit) - at_zero
        leak = p.leak_conductance + s * network.synapses.sum(axis=1)
        self._parameters, self._n = p, n
        self._growth: dict[float, float] = {}
        self._conductance = network.synapses / p.capacitance
        self._opening = p.activation_rate * p.steepness / 4 * (1 - s)
        self._closing = p.activation_rate / 2 + p.decay_rate
        self._passive = (network.laplacian + np.diag(leak)) / p.capacitance
        self._synaptic = self._conductance * (network.reversal - at_zero[:, None])
        self._gain = gain
        self._shift = self._conductance * gain[:, None]

    @property
    def scale_pA(self) -> float:
        """Current that moves the threshold which it moves most by the width of the sigmoid."""
        return 1 / (self._parameters.steepness * float(np.abs(self._gain).max()))

    def jacobian(self, current: float) -> np.ndarray:
        """Derivative of the velocity of (V, s), per ms."""
        eye = np.eye(self._n)
        synaptic = self._synaptic - current * self._shift
        return np.block([[-self._passive, synaptic], [self._opening * eye, -self._closing * eye]])

    def growth(self, current: float) -> float:
        """The largest real part of an eigenvalue, per ms."""
        if current not in self._growth:
            values = np.linalg.eigvals(self.jacobian(current))
            self._growth[current] = float(values.real.max())
        return self._growth[current]

    def crossing(self, stable: float, unstable: float) -> tuple[float, float]:
        """Where the leading eigenvalue crosses the imaginary axis, and its imaginary part there.

        Two real eigenvalues that are equal, as of two circuits that are not connected, may be
        computed as a complex pair with a tiny imaginary part, which is 0 here.
        """
        current = unstable
        if stable < unstable:
            root = optimize.brentq(self.growth, stable, unstable, xtol=PRECISION * unstable)
            current = float(root)  # type: ignore[arg-type]
        values = np.linalg.eigvals(self.jacobian(current))
        omega = abs(values[values.real.argmax()].imag)
        return current, omega if omega > ROUND_OFF * np.abs(values).max() else 0.0

    def criticality(self, current: float, omega: float) -> float:
        """First Lyapunov coefficient of the Hopf bifurcation at a current."""
        jacobian = self.jacobian(current)
        q, p = _critical_vectors(jacobian, omega)
        mean = np.linalg.solve(jacobian, self._second(q, q.conj()))
        twice = 2j * omega * np.eye(2 * self._n) - jacobian
        double = np.linalg.solve(twice, self._second(q, q))
        total = (
            self._third(q, q, q.conj()) - 2 * self._second(q, mean) + self._second(q.conj(), double)
        )
        return float(np.real(np.vdot(p, total)) / (2 * omega))

    def _second(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Second derivative of the velocity; that of the sigmoid is 0 at its threshold."""
        n, p = self._n, self._parameters
        opening = p.activation_rate * p.steepness / 4
        (xv, xs), (yv, ys) = (x[:n], x[n:]), (y[:n], y[n:])
        dv = -(xv * (self._conductance @ ys) + yv * (self._conductance @ xs))
        return np.concatenate([dv, -opening * (xv * ys + yv * xs)])

    def _third(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Third derivative: that of the sigmoid at its threshold is -steepness^3 / 8."""
        n, p = self._n, self._parameters
        factor = -p.activation_rate * p.steepness**3 / 8 * (1 - p.equilibrium_activation)
        return np.concatenate([np.zeros(n), factor * x[:n] * y[:n] * z[:n]])


def _critical_vectors(jacobian: np.ndarray, omega: float) -> tuple[np.ndarray, np.ndarray]:
    """Right eigenvector of i omega, of length 1, and the left one with the product 1 with it."""
    n = len(jacobian)
    shifted = linalg.lu_factor(jacobian - 1j * omega * (1 + 1e-7) * np.eye(n))
    right, left = np.ones(n, complex), np.ones(n, complex)
    for _ in range(4):
        right, left = linalg.lu_solve(shifted, right), linalg.lu_solve(shifted, left, trans=2)
        right, left = right / np.linalg.norm(right), left / np.linalg.norm(left)
    return right, left / np.conj(left.conj() @ right)
