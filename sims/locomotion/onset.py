"""The gain of proprioception at which a straight worm starts to crawl.

The straight worm at rest is an equilibrium at every gain. Linear response takes the bending of the
rows of muscles once round the loop: bending, curvature of the body, current into neurons,
activation of synapses, bending. It is in proportion to the loop gain H, the gain of
proprioception times that of the curvature, so that the equilibrium becomes unstable at
H = 1 / e, where e is a real positive eigenvalue of the response at H = 1 at some frequency.
No simulation is needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from isochron.sims.body.chain import chain_of, factorize, solve
from isochron.sims.body.parameters import BodyParameters
from isochron.sims.body.simulation import interpolation_matrix, joint_positions
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.locomotion.anatomy import anatomy_of, sensing_matrix
from isochron.sims.locomotion.gait import ENDS
from isochron.sims.locomotion.parameters import STANDARD_CRAWL, CrawlParameters
from isochron.sims.stimuli import Stimulus
from isochron.wording import shown

Array = np.ndarray
SLOWEST_Hz, LARGEST_Hz, N_FREQUENCIES, N_TRACKED = 0.05, 4.0, 60, 8
LARGEST_TURN = 1.5  # of an eigenvalue between two frequencies, radians
STEADY, OSCILLATORY, NONE = "steady", "oscillatory", "none"


@dataclass(frozen=True, kw_only=True)
class CrawlMode:
    """A pattern of bending that neither grows nor decays at one gain of the loop.

    Attributes
    ----------
    kind : {"oscillatory", "steady", "none"}
        A wave, a static bend, or no instability at any gain.
    loop_gain : float
        Gain H of the loop, pA; infinity for "none".
    frequency_Hz : float
        Frequency, Hz; 0 for "steady", NaN for "none".
    wavelength : float
        Wavelength, body lengths; NaN unless "oscillatory".
    direction : {"head to tail", "tail to head", ""}
        Direction of the wave; empty unless "oscillatory".

    Examples
    --------
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> onset = sims.find_crawl_onset(worm, sims.STIFF_CRAWL)
    >>> onset[0].kind, onset[0].direction
    ('oscillatory', 'head to tail')
    """

    kind: str
    loop_gain: float
    frequency_Hz: float
    wavelength: float
    direction: str


def find_crawl_onset(
    network: GradedNetwork,
    parameters: CrawlParameters = STANDARD_CRAWL,
    stimulus: Stimulus | None = None,
    *,
    largest_frequency_Hz: float = LARGEST_Hz,
) -> tuple[CrawlMode, ...]:
    """Modes of the straight worm in the order of the loop gain at which they become unstable.

    The first is the onset. The gains in `parameters` have no effect.

    Parameters
    ----------
    network : GradedNetwork
        Network of C. elegans.
    parameters : CrawlParameters
        Body, muscles and proprioception.
    stimulus : Stimulus, optional
        Input, of which the constant part is used.
    largest_frequency_Hz : float
        Highest frequency at which modes are searched, Hz.

    Returns
    -------
    tuple of CrawlMode
        At least one; of kind "none" if the worm stays straight at every gain.

    Raises
    ------
    ValueError
        If the equilibrium of the network is unstable without proprioception, or an argument is out
        of range.

    Examples
    --------
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> onset = sims.find_crawl_onset(worm, sims.STIFF_CRAWL)[0]
    >>> print(f"{onset.loop_gain:.0f} pA, {onset.frequency_Hz:.2f} Hz, {onset.wavelength:.2f} L")
    195 pA, 0.72 Hz, 0.50 L
    """
    if not SLOWEST_Hz < largest_frequency_Hz < math.inf:
        raise ValueError(
            f"largest_frequency_Hz must be finite and more than {SLOWEST_Hz} (in Hz), got "
            f"{shown(largest_frequency_Hz)}."
        )
    response = NetworkResponse(network, parameters, stimulus or Stimulus())
    response.require_stable()
    return _modes(response, parameters, largest_frequency_Hz)


def find_crawl_onsets(
    network: GradedNetwork, parameters: Sequence[CrawlParameters], stimulus: Stimulus | None = None
) -> list[CrawlMode]:
    """The onset of one network with each of several sets of constants.

    As the first mode of `find_crawl_onset`, to about 1e-6, and ten times as fast for many sets.
    The sets have the same weights of muscles and the same neurons with proprioception.

    Parameters
    ----------
    network : GradedNetwork
        Network of C. elegans.
    parameters : sequence of CrawlParameters
        Sets of constants.
    stimulus : Stimulus, optional
        Input, of which the constant part is used.

    Returns
    -------
    list of CrawlMode
        First mode with each set.

    Raises
    ------
    ValueError
        As `find_crawl_onset`.
    """
    response = SmoothResponse(network, parameters[0], stimulus or Stimulus())
    response.require_stable()
    return [_modes(response, one, LARGEST_Hz)[0] for one in parameters]


def _modes(
    response: "NetworkResponse", parameters: CrawlParameters, largest: float
) -> tuple[CrawlMode, ...]:
    loop = _LinearLoop(response, parameters)
    modes = [*_steady_modes(loop), *_waves(loop, largest)]
    none = CrawlMode(
        kind=NONE, loop_gain=math.inf, frequency_Hz=math.nan, wavelength=math.nan, direction=""
    )
    return tuple(sorted(modes, key=lambda mode: mode.loop_gain)) or (none,)


def _steady_modes(loop: "_LinearLoop") -> list[CrawlMode]:
    values = np.linalg.eigvals(loop.response(0.0)).real
    return [
        CrawlMode(
            kind=STEADY, loop_gain=float(1 / value), frequency_Hz=0.0, wavelength=math.nan,
            direction="",
        )
        for value in values
        if value > 1e-9 * np.abs(values).max()
    ]  # fmt: skip


def _waves(loop: "_LinearLoop", largest: float) -> list[CrawlMode]:
    """Crossings of the positive real axis by eigenvalues, tracked along the frequency."""
    frequencies = np.geomspace(SLOWEST_Hz, largest, N_FREQUENCIES)
    found, before = [], loop.leading(frequencies[0])
    for low, high in zip(frequencies[:-1], frequencies[1:], strict=True):
        after = loop.leading(high)
        for value in before:
            end = after[np.abs(after - value).argmin()]
            a, b = np.angle(value), np.angle(end)
            if a * b < 0 and abs(a - b) < LARGEST_TURN:
                found.append(loop.crossing(low, high, complex(value), complex(end)))
        before = after
    return found


class NetworkResponse:
    """Linear response of a network at rest: from currents to bending of the rows of muscles.

    It does not depend on the body, the muscles' time constant or the field of proprioception, so
    that searches over those need one for each network.

    Parameters
    ----------
    network : GradedNetwork
        Network.
    parameters : CrawlParameters
        Muscles, and neurons with proprioception.
    stimulus : Stimulus
        Input, of which the constant part is used.
    """

    def __init__(
        self, network: GradedNetwork, parameters: CrawlParameters, stimulus: Stimulus
    ) -> None:
        check_simulated(network, stimulus)
        p = network.parameters
        self.anatomy = anatomy_of(network.connectome, parameters.muscles)
        unit = replace(parameters.proprioception, gain=1.0)
        sensing = sensing_matrix(self.anatomy, unit, parameters.body.n_links)
        self.feeling = np.flatnonzero(np.any(sensing, axis=1))
        rest = p.equilibrium_activation
        thresholds = network.thresholds(stimulus.constant(network.connectome))
        leak = p.leak_conductance + rest * network.synapses.sum(axis=1)
        self._capacitance = p.capacitance
        self._passive = network.laplacian + np.diag(leak)
        self._synaptic = network.synapses * (thresholds[:, None] - network.reversal)
        self._opening = p.activation_rate * p.steepness / 4 * (1 - rest)
        self._closing = p.activation_rate / 2 + p.decay_rate
        self._eye = np.eye(network.n_neurons)
        self._bending = self.anatomy.bending @ self.anatomy.weights / rest

    def require_stable(self) -> None:
        """Raise ValueError if the network at rest is unstable without proprioception."""
        eye = self._eye
        jacobian = np.block(
            [
                [-self._passive / self._capacitance, -self._synaptic / self._capacitance],
                [self._opening * eye, -self._closing * eye],
            ]
        )
        growth = float(np.linalg.eigvals(jacobian).real.max())
        if growth >= 0:
            raise ValueError(
                "The equilibrium of the network is unstable without proprioception (growth rate "
                f"{growth * 1e3:.3g} / s), so that the worm does not rest straight. Lower the "
                "stimulus."
            )

    def at(self, frequency_Hz: float) -> Array:
        """Drive of rows per current into each neuron that feels, shape (n_rows, n_feeling)."""
        rate = 2j * math.pi * frequency_Hz * 1e-3  # per ms
        opened = self._opening / (rate + self._closing)
        shifted = rate * self._capacitance * self._eye + self._passive + self._synaptic * opened
        voltage = np.linalg.solve(shifted, self._eye[:, self.feeling])
        return self._bending @ (opened * voltage)


class SmoothResponse(NetworkResponse):
    """The same, by cubic splines between the frequencies of the search: to about 1e-6."""

    def __init__(
        self, network: GradedNetwork, parameters: CrawlParameters, stimulus: Stimulus
    ) -> None:
        from scipy.interpolate import CubicSpline

        super().__init__(network, parameters, stimulus)
        frequencies = np.geomspace(SLOWEST_Hz, LARGEST_Hz, N_FREQUENCIES)
        known, exact = np.array([0.0, *frequencies]), super().at
        self._spline = CubicSpline(known, np.stack([exact(float(one)) for one in known]))

    def at(self, frequency_Hz: float) -> Array:
        """Drive of rows per current into each neuron that feels, shape (n_rows, n_feeling)."""
        return self._spline(frequency_Hz)


class _LinearLoop:
    """Linear response of a worm around the straight body at rest, at a loop gain of 1 pA."""

    def __init__(self, network: NetworkResponse, parameters: CrawlParameters) -> None:
        n_links = parameters.body.n_links
        self._network = network
        self._tau = parameters.muscles.time_constant
        self._places = joint_positions(n_links)
        unit = replace(parameters.proprioception, gain=1.0)
        self._sensing = sensing_matrix(network.anatomy, unit, n_links)[network.feeling]
        self._joints = interpolation_matrix(network.anatomy.positions, self._places)
        self._body = elastic_response(parameters.body)

    def curvature(self, frequency_Hz: float) -> Array:
        """Curvature of joints per bending of rows, at a curvature gain of 1/mm."""
        body = self._body
        shifted = 2j * math.pi * frequency_Hz * np.eye(len(body)) + body
        return np.linalg.solve(shifted, body @ self._joints)

    def response(self, frequency_Hz: float) -> Array:
        """Bending of rows per bending of rows, once round the loop, shape (n_rows, n_rows)."""
        rate = 2j * math.pi * frequency_Hz * 1e-3  # per ms
        bent = self._network.at(frequency_Hz) / (1 + rate * self._tau)
        return bent @ (self._sensing @ self.curvature(frequency_Hz))

    def leading(self, frequency_Hz: float) -> Array:
        """The largest eigenvalues of the response."""
        values = np.linalg.eigvals(self.response(frequency_Hz))
        return values[np.argsort(-np.abs(values))[:N_TRACKED]]

    def crossing(self, low: float, high: float, start: complex, end: complex) -> CrawlMode:
        """The mode where an eigenvalue becomes real between two frequencies."""

        def nearest(frequency: float) -> complex:
            share = (frequency - low) / (high - low)
            values = self.leading(frequency)
            return complex(values[np.abs(values - (start + share * (end - start))).argmin()])

        frequency = optimize.brentq(lambda f: nearest(f).imag, low, high, xtol=1e-9)
        assert isinstance(frequency, float)
        value = nearest(frequency).real
        slope = self._phase_slope(frequency, value)
        return CrawlMode(
            kind=OSCILLATORY,
            loop_gain=1 / value if value > 0 else math.inf,
            frequency_Hz=frequency,
            wavelength=abs(2 * math.pi / slope) if slope else math.inf,
            direction="head to tail" if slope < 0 else "tail to head",
        )

    def _phase_slope(self, frequency: float, value: float) -> float:
        """Change of the phase of the curvature along the body, radians per body length."""
        values, vectors = np.linalg.eig(self.response(frequency))
        mode = self.curvature(frequency) @ vectors[:, np.abs(values - value).argmin()]
        inner = (self._places >= ENDS) & (self._places <= 1 - ENDS)
        weight, phase = np.abs(mode[inner]), np.unwrap(np.angle(mode[inner]))
        return float(np.polyfit(self._places[inner], phase, 1, w=weight)[0])


def elastic_response(body: BodyParameters) -> Array:
    """Matrix X of the straight body: kappa' = -X (kappa - kappa_m), shape (N - 1, N - 1), 1/s."""
    n, chain = body.n_links, chain_of(body)
    coupling = chain.viscosity / chain.link
    factor, front = np.empty((n, 5)), np.empty(3)
    factorize(chain, np.zeros(n), coupling, factor, front)
    columns = []
    for k in range(n - 1):
        velocity = np.zeros(n + 2)
        velocity[2 + k], velocity[3 + k] = -chain.stiffness, chain.stiffness
        solve(chain, factor, front, coupling, velocity)
        columns.append(np.diff(velocity[2:]) / chain.link)
    return np.stack(columns, axis=1)
