"""The motor neuron RMD with the voltage-gated currents of Nicoletti et al. (2019)."""

from numbers import Real

import numpy as np
from scipy.optimize import brentq

from isochron.real_numbers import require_real
from isochron.sims.rmd_gates import (
    CALCIUM,
    GATES,
    POTASSIUM,
    SLO1,
    SLO2,
    SODIUM,
    complex_with,
    slo_rates,
    steady_states,
    time_constants,
)
from isochron.sims.rmd_parameters import RMDParameters

VARIABLES = ("V", *GATES, "slo1_unc2", "slo1_egl19", "slo2_unc2", "slo2_egl19", "calcium", "kcnl_m")
_COMPLEX, _CALCIUM, _KCNL = 16, 20, 21  # places in VARIABLES; gates are before the complexes
_RESTING_CALCIUM = 5e-5  # mM
_CALCIUM_TIME_MS, _KCNL_TIME_MS, _KCNL_CALCIUM = 50.0, 6.3, 3.3e-4
_INFLUX = 0.001 / (2 * 5.65 * 96.485)  # mM for each pA and ms: free share, volume 5.65 µm³
_PARTNERS = (9, 11)  # activations of UNC-2 and EGL-19 in GATES


class RMDNeuron:
    """A neuron with one compartment and 14 voltage-gated, calcium-gated and leak currents.

    The state has 22 variables: the potential in mV, 15 gates, the open shares of the four
    complexes of SLO channels with calcium channels, the concentration of calcium in mM and the
    gate of KCNL. At rest near -69 mV; a pulse of 6 pA moves it to a plateau near -46 mV, on which
    it stays.

    Parameters
    ----------
    parameters : RMDParameters, optional
        Those of the paper by default.

    References
    ----------
    Nicoletti, Loppini, Chiodo, Folli, Ruocco and Filippi (2019), PLoS ONE 14:e0218738: the model
    of RMD, with the constants of its XPPAUT file (OpenWorm, NicolettiEtAl2019_NeuronModels).

    Examples
    --------
    A pulse of 10 pA for 50 ms, and what remains of it 200 ms later:

    >>> import numpy as np
    >>> neuron = sims.RMDNeuron()
    >>> rest = neuron.resting_state()
    >>> round(float(rest[0]), 1)
    -69.5
    >>> currents = np.r_[np.full(50, 10.0), np.zeros(200)]
    >>> potentials = neuron.respond(currents[:, None], step_ms=1.0)
    >>> potentials.shape
    (250, 1)
    >>> round(float(potentials[-1, 0]))
    -46
    """

    def __init__(self, parameters: RMDParameters | None = None) -> None:
        self.parameters = RMDParameters() if parameters is None else parameters
        if not isinstance(self.parameters, RMDParameters):
            raise TypeError(f"parameters must be RMDParameters, got {parameters!r}.")

    def field_under(self, current_pA: float = 0.0):
        """Velocity of the state under a constant current.

        Parameters
        ----------
        current_pA : float
            Injected current.

        Returns
        -------
        callable
            ``field(t, x)``, per ms; maps shape (..., 22) to (..., 22). The variables are
            `isochron.sims.rmd.VARIABLES`.
        """

        def field(t, x):
            return np.moveaxis(self._velocity(np.moveaxis(x, -1, 0), current_pA), 0, -1)

        return field

    def _velocity(self, x, current_pA):
        """Change of states of shape (22, ...) in 1 ms."""
        v, gates, calcium = x[0], x[1:_COMPLEX], x[_CALCIUM]
        steady, times = steady_states(v), time_constants(v)
        open_share, opening_times = self._complexes(v, gates, steady, times)
        conductance, drive = self._conductances(x)
        change = np.empty_like(x)
        change[0] = (current_pA + drive - conductance * v) / self.parameters.capacitance
        change[1:_COMPLEX] = (steady - gates) / times
        change[_COMPLEX:_CALCIUM] = (open_share - x[_COMPLEX:_CALCIUM]) / opening_times
        change[_CALCIUM] = (self._settled_calcium(v, gates) - calcium) / _CALCIUM_TIME_MS
        change[_KCNL] = (_kcnl(calcium) - x[_KCNL]) / _KCNL_TIME_MS
        return change

    def steady_state(self, v):
        """The state in which everything but the potential has settled.

        Parameters
        ----------
        v : array_like, shape (...)
            Potentials in mV.

        Returns
        -------
        ndarray, shape (..., 22)
            The state; in equilibrium only under the current that keeps the potential constant.
        """
        v = np.asarray(v, float)
        gates, times = steady_states(v), time_constants(v)
        open_share, _ = self._complexes(v, gates, gates, times)
        calcium = self._settled_calcium(v, gates)
        x = np.concatenate([v[None], gates, open_share, [calcium, _kcnl(calcium)]])
        return np.moveaxis(x, 0, -1)

    def equilibria(self, current_pA: float = 0.0):
        """Potentials at which the neuron is in equilibrium under a constant current.

        Parameters
        ----------
        current_pA : float
            Injected current.

        Returns
        -------
        ndarray, shape (k,)
            Potentials in mV between -150 and 100, the lowest first; stable or not.
        """

        field = self.field_under(current_pA)

        def net(v):
            return field(0.0, self.steady_state(v))[..., 0]

        grid = np.linspace(-150.0, 100.0, 5001)
        values = net(grid)
        at = np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
        return np.array([brentq(net, grid[k], grid[k + 1]) for k in at])

    def resting_state(self):
        """The equilibrium with the lowest potential without currents.

        Returns
        -------
        ndarray, shape (22,)
            The state.
        """
        return self.steady_state(self.equilibria()[0])

    def _step(self, x, current_pA, step_ms):
        """States of shape (22, n) after a step with constant currents.

        Half a step of the potential with constant gates, a step of the gates with a constant
        potential, and half a step of the potential, each by its exponential: second order, and
        stable for steps of any length.
        """
        after = np.empty_like(x)
        v = self._membrane(x, x[0], current_pA, step_ms / 2)
        steady, times = steady_states(v), time_constants(v)
        after[1:_COMPLEX] = _relaxed(x[1:_COMPLEX], steady, times, step_ms)
        gates = (x[1:_COMPLEX] + after[1:_COMPLEX]) / 2
        open_share, times = self._complexes(v, gates, steady, times)
        complexes = _relaxed(x[_COMPLEX:_CALCIUM], open_share, times, step_ms)
        after[_COMPLEX:_CALCIUM] = complexes
        settled = self._settled_calcium(v, gates)
        after[_CALCIUM] = _relaxed(x[_CALCIUM], settled, _CALCIUM_TIME_MS, step_ms)
        bound = _kcnl((x[_CALCIUM] + after[_CALCIUM]) / 2)
        after[_KCNL] = _relaxed(x[_KCNL], bound, _KCNL_TIME_MS, step_ms)
        after[0] = self._membrane(after, v, current_pA, step_ms / 2)
        return after

    def respond(self, currents, step_ms: float, *, initial_state=None, longest_step_ms=0.2):
        """Potentials after each step with currents that are constant during a step.

        Parameters
        ----------
        currents : array_like, shape (n_steps, n)
            Injected currents in pA, one column for each of n neurons.
        step_ms : float
            Time step, positive.
        initial_state : array_like, shape (22,), optional
            State in which all neurons start; at rest by default.
        longest_step_ms : float
            Largest step of the integration, positive; a time step is divided into equal ones.

        Returns
        -------
        ndarray, shape (n_steps, n)
            Potentials in mV.

        Raises
        ------
        ValueError
            If an array is complex, not finite or has a different shape, or a step is not positive.
        ArithmeticError
            If the state does not stay finite, as with currents of 100 nA.
        """
        require_real("currents", currents)
        require_real("initial_state", initial_state)
        currents = np.asarray(currents, float)
        if currents.ndim != 2 or not np.isfinite(currents).all():
            raise ValueError(
                "currents must be finite, with shape (n_steps, n), got an array of shape "
                f"{currents.shape}."
            )
        for name, value in (("step_ms", step_ms), ("longest_step_ms", longest_step_ms)):
            if not isinstance(value, Real) or not 0 < value < np.inf:
                raise ValueError(f"{name} must be positive and finite, got {value!r}.")
        parts = int(np.ceil(step_ms / longest_step_ms))
        start = self.resting_state() if initial_state is None else _checked_state(initial_state)
        x = np.repeat(start[:, None], currents.shape[1], axis=1)
        potentials = np.empty_like(currents)
        for k, current in enumerate(currents):
            with np.errstate(all="ignore"):  # a state that is not finite is an error
                for _ in range(parts):
                    x = self._step(x, current, step_ms / parts)
            potentials[k] = x[0]
            if not np.isfinite(x).all():
                raise ArithmeticError(
                    f"The state is not finite after step {k + 1}, with currents of up to "
                    f"{np.abs(current).max():.3g} pA."
                )
        return potentials

    def _membrane(self, x, v, current_pA, step_ms):
        """The potential after a step with constant gates."""
        conductance, drive = self._conductances(x)
        settled = (current_pA + drive) / conductance
        return _relaxed(v, settled, self.parameters.capacitance / conductance, step_ms)

    def _conductances(self, x):
        """Total conductance in nS, and the sum of conductances times reversal potentials in pA."""
        p = self.parameters
        potassium = (
            p.shl1 * x[1] ** 3 * (0.7 * x[2] + 0.3 * x[3])
            + p.shk1 * x[4] * x[5]
            + p.egl36 * (0.31 * x[6] + 0.36 * x[7] + 0.39 * x[8])
            + p.irk * x[9]
            + p.slo * ((x[16] + x[18]) * x[11] + (x[17] + x[19]) * x[13])
            + p.kcnl * x[_KCNL]
            + p.leak
        )
        calcium = self._calcium_conductance(x[1:_COMPLEX])
        drive = POTASSIUM * potassium + CALCIUM * calcium + SODIUM * p.nca
        return potassium + calcium + p.nca, drive

    def _calcium_conductance(self, gates):
        p, (unc2_m, unc2_h, egl19_m, egl19_h, cca1_m, cca1_h) = self.parameters, gates[9:]
        return p.unc2 * unc2_m * unc2_h + p.egl19 * egl19_m * egl19_h + p.cca1 * cca1_m**2 * cca1_h

    def _settled_calcium(self, v, gates):
        """Concentration of calcium that its influx maintains, in mM; an outflow adds nothing."""
        influx = np.maximum(self._calcium_conductance(gates) * (CALCIUM - v), 0)
        return _RESTING_CALCIUM + _CALCIUM_TIME_MS * _INFLUX * influx

    def _complexes(self, v, gates, steady, times):
        """Steady states and time constants of the complexes of SLO and calcium channels."""
        rates = (slo_rates(v, SLO1), slo_rates(v, SLO2))
        found = [complex_with(it, gates[m], steady[m], times[m]) for it in rates for m in _PARTNERS]
        return np.array([open_share for open_share, _ in found]), np.array([it for _, it in found])


def _checked_state(state):
    state = np.asarray(state, float)
    if state.shape != (len(VARIABLES),) or not np.isfinite(state).all():
        raise ValueError(
            f"initial_state must be finite, with shape ({len(VARIABLES)},), got an array of shape "
            f"{state.shape}."
        )
    return state


def _kcnl(calcium):
    return calcium / (_KCNL_CALCIUM + calcium)


def _relaxed(x, target, time, step_ms):
    return target + (x - target) * np.exp(-step_ms / time)
