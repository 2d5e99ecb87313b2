"""The graded model of a whole nervous system.

    C dV_i/dt = -G_c (V_i - E_c) - sum_j g_gap G_ij (V_i - V_j)
                - sum_j g_syn S_ij s_j (V_i - E_j) + I_i(t)
    ds_i/dt   = a_r phi(V_i) (1 - s_i) - a_d s_i
    phi(V_i)  = 1 / (1 + exp(-beta (V_i - Vth_i)))

Wicks, Roehrig and Rankin (1996); Kunert, Shlizerman and Kutz (2014); Kim et al. (2019).
nS * mV = pA and pF * mV / ms = pA, so the equations carry no conversion factors.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from isochron.connectome import Connectome
from isochron.connectome.signs import SignRule, signed
from isochron.sims.drive import Drive
from isochron.sims.stimuli import Stimulus
from isochron.wording import shown

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class GradedParameters:
    """Passive neurons with graded synapses."""

    capacitance: float = 1.5  # pF
    leak_conductance: float = 0.01  # nS
    leak_reversal: float = -35.0  # mV
    gap_conductance: float = 0.1  # nS per contact
    synaptic_conductance: float = 0.1  # nS per contact
    excitatory_reversal: float = 0.0  # mV
    inhibitory_reversal: float = -48.0  # mV
    activation_rate: float = 1e-3 / 1.5  # 1/ms, a_r
    decay_rate: float = 5e-3 / 1.5  # 1/ms, a_d
    steepness: float = 0.125  # 1/mV, beta

    def __post_init__(self) -> None:
        positive = {
            "capacitance": "pF",
            "leak_conductance": "nS",
            "activation_rate": "1/ms",
            "decay_rate": "1/ms",
            "steepness": "1/mV",
        }
        not_negative = {"gap_conductance": "nS", "synaptic_conductance": "nS"}
        finite = {"leak_reversal", "excitatory_reversal", "inhibitory_reversal"}
        for name, unit in positive.items():
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be positive (in {unit}), got {shown(getattr(self, name))}."
                )
        for name, unit in not_negative.items():
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be >= 0 (in {unit}), got {shown(getattr(self, name))}."
                )
        for name in finite:
            if not math.isfinite(getattr(self, name)):
                raise ValueError(
                    f"{name} must be finite (in mV), got {shown(getattr(self, name))}."
                )

    @property
    def equilibrium_activation(self) -> float:
        """s_eq = a_r / (a_r + 2 a_d): every synapse at the resting state."""
        return self.activation_rate / (self.activation_rate + 2 * self.decay_rate)


GRADED_INTERACTOME = GradedParameters()
GRADED_KUNERT2014 = GradedParameters(
    capacitance=1.0, inhibitory_reversal=-45.0, activation_rate=1e-3, decay_rate=5e-3
)


class GradedNetwork:
    """A connectome with graded dynamics. Its state is (V, s): voltages, then activations.

    Parameters
    ----------
    connectome : Connectome
        Gap junctions and chemical synapses; muscles and self gap junctions play no part.
    parameters : GradedParameters
        Constants; `GRADED_INTERACTOME` or `GRADED_KUNERT2014` are published sets.
    signs : callable, optional
        Sign rule of `isochron.connectome`. By default the rule that signed the connectome, and
        `gaba_inhibitory` for a connectome without signs. A connection that the rule leaves
        without a sign plays no part.

    Attributes
    ----------
    connectome : Connectome
        The connectome, signed.
    laplacian, synapses, reversal : ndarray, shape (n_neurons, n_neurons)
        Made when they are first asked for.
    """

    def __init__(
        self,
        connectome: Connectome,
        parameters: GradedParameters = GRADED_INTERACTOME,
        *,
        signs: SignRule | None = None,
    ) -> None:
        connectome = signed(connectome, signs)
        self.connectome = connectome
        self.parameters = parameters
        self.n_neurons = len(connectome.neurons)

    @cached_property
    def laplacian(self) -> Array:
        """Of the gap conductances, nS."""
        gap = self.parameters.gap_conductance * self.connectome.gap.astype(float)
        np.fill_diagonal(gap, 0.0)
        return np.diag(gap.sum(axis=1)) - gap

    @cached_property
    def synapses(self) -> Array:
        """Conductance of each connection, ``[post, pre]``, nS."""
        contacts = np.where(self._signs != 0, self.connectome.chemical, 0.0)
        return self.parameters.synaptic_conductance * contacts

    @cached_property
    def reversal(self) -> Array:
        """Reversal potential of each connection, ``[post, pre]``, mV."""
        p = self.parameters
        return np.where(self._signs > 0, p.excitatory_reversal, p.inhibitory_reversal)

    @property
    def _signs(self) -> Array:
        signs = self.connectome.signs
        return np.zeros_like(self.connectome.chemical) if signs is None else signs

    def with_parameters(self, **changes: float) -> "GradedNetwork":
        """The same network with parameters changed: ``with_parameters(gap_conductance=0.05)``.

        Raises
        ------
        ValueError
            If there is no such parameter, or a value is out of range.
        """
        known = [item.name for item in fields(GradedParameters)]
        for name in changes:
            if name not in known:
                raise ValueError(f"No parameter {name!r}; there are {', '.join(known)}.")
        return GradedNetwork(self.connectome, replace(self.parameters, **changes))

    def disconnect(self, *what: str) -> "GradedNetwork":
        """Cut neurons off: they stay, without a connection.

        For the others this is the same as ``GradedNetwork(connectome.ablate(*what))``, and the
        state keeps its shape, so that such networks go into one `simulate_many`.

        Parameters
        ----------
        *what : str
            Names, classes, types or patterns, as in `Connectome.select`.
        """
        connectome = self.connectome
        kept = np.ones(self.n_neurons, dtype=bool)
        kept[connectome.index(connectome.select(*what))] = False
        both = kept[:, None] & kept
        cut = connectome.changed(
            f"disconnect: {', '.join(what)}",
            chemical=connectome.chemical * both,
            gap=connectome.gap * both,
            signs=self._signs * both,
        )
        return GradedNetwork(cut, self.parameters)

    def field_family(self, stimulus: Stimulus, parameter: str) -> "Callable[[float], GradedField]":
        """The vector fields along one parameter, for a continuation.

        Parameters
        ----------
        stimulus : Stimulus
        parameter : str
            A field of `GradedParameters`, or ``"current"``: the current, in pA, into each of
            the neurons of the stimulus, in place of the stimulus's own amplitude.

        Returns
        -------
        callable
            From the value of the parameter to the `GradedField`.

        Examples
        --------
        ``family = worm.field_family(step_current(["PLM"], amplitude_pA=1), "current")``,
        then ``find_fixed_points(family(1300.0), [worm.equilibrium(...)])``.
        """
        if parameter != "current":
            self.with_parameters(**{parameter: getattr(self.parameters, parameter, 1.0)})
            return lambda value: self.with_parameters(**{parameter: value}).field_under(stimulus)
        if not stimulus.steady:
            raise ValueError('The parameter "current" wants a constant stimulus.')
        return lambda value: self.field_under(stimulus.with_amplitude(value))

    @property
    def dimension(self) -> int:
        """Number of state variables, two for each neuron."""
        return 2 * self.n_neurons

    def thresholds(self, current: Array) -> Array:
        """The potentials Vth at which every neuron rests with s = s_eq under a constant current.

        Parameters
        ----------
        current : ndarray, shape (n_neurons,)
            pA.

        Returns
        -------
        ndarray, shape (n_neurons,)
            mV.
        """
        p, s = self.parameters, self.parameters.equilibrium_activation
        pull = s * (self.synapses * self.reversal).sum(axis=1)
        drive = p.leak_conductance * p.leak_reversal + pull + current
        return np.linalg.solve(self._resting_conductances(), drive)

    def threshold_gain(self) -> Array:
        """How the thresholds follow the input, dVth/dI, shape (n_neurons, n_neurons), mV/pA."""
        return np.linalg.inv(self._resting_conductances())

    def equilibrium(self, stimulus: Stimulus) -> Array:
        """The exact equilibrium (Vth, s_eq) under the constant part of a stimulus."""
        voltages = self.thresholds(stimulus.constant(self.connectome))
        return np.concatenate([voltages, self._resting_activations()])

    def random_state(
        self,
        stimulus: Stimulus,
        rng: np.random.Generator,
        *,
        spread_mV: float = 1.0,
        threshold_rule: str = "fixed",
    ) -> Array:
        """The state (Vth at time 0, s_eq) with normal noise on the potentials.

        Under a constant stimulus that is the equilibrium.
        """
        thresholds = Drive(self, stimulus, threshold_rule).thresholds(0.0)
        state = np.concatenate([thresholds, self._resting_activations()])
        state[: self.n_neurons] += spread_mV * rng.standard_normal(self.n_neurons)
        return state

    def field_under(self, stimulus: Stimulus, *, threshold_rule: str = "fixed") -> "GradedField":
        """The vector field under a stimulus, for `isochron.analysis` or SciPy."""
        return GradedField(self, stimulus, threshold_rule)

    def _resting_conductances(self) -> Array:
        """Conductance matrix of the linear equations of the thresholds, nS."""
        s = self.parameters.equilibrium_activation
        total = self.parameters.leak_conductance + s * self.synapses.sum(axis=1)
        return np.diag(total) + self.laplacian

    def _resting_activations(self) -> Array:
        return np.full(self.n_neurons, self.parameters.equilibrium_activation)


class GradedField:
    """Velocity of a graded network under a stimulus: ``field(t, x)`` and ``field.jacobian(t, x)``.

    Parameters
    ----------
    network : GradedNetwork
    stimulus : Stimulus
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        How the thresholds follow a changing input; see `isochron.sims.drive`.
    """

    stiff = True

    def __init__(
        self, network: GradedNetwork, stimulus: Stimulus, threshold_rule: str = "fixed"
    ) -> None:
        self.network = network
        self.stimulus = stimulus
        self.dimension = network.dimension
        self._drive = Drive(network, stimulus, threshold_rule)
        self.autonomous = self._drive.steady
        self._constant = self._drive.currents(0.0) if self.autonomous else None
        self._thresholds = self._drive.thresholds(0.0) if self._drive.steady_thresholds else None
        self._synapses = sparse.csr_array(network.synapses)
        self._synapses_reversal = sparse.csr_array(network.synapses * network.reversal)
        self._laplacian = sparse.csr_array(network.laplacian)
        self._jacobian = _JacobianPattern(network)

    def current(self, t: float) -> Array:
        """Input at time t in ms, shape (n_neurons,), pA."""
        return self._drive.currents(t) if self._constant is None else self._constant

    def thresholds(self, t: float) -> Array:
        """Vth at time t in ms, shape (n_neurons,), mV."""
        return self._drive.thresholds(t) if self._thresholds is None else self._thresholds

    def __call__(self, t: float, state: Array) -> Array:
        """Velocity, shape (2 n_neurons,), in mV/ms and 1/ms."""
        p, n = self.network.parameters, self.network.n_neurons
        v, s = state[:n], state[n:]
        phi = self._activation(t, v)
        pull = self._synapses_reversal @ s - (self._synapses @ s) * v
        leak = p.leak_conductance * (p.leak_reversal - v)
        dv = (leak - self._laplacian @ v + pull + self.current(t)) / p.capacitance
        ds = p.activation_rate * phi * (1 - s) - p.decay_rate * s
        return np.concatenate([dv, ds])

    def jacobian(self, t: float, state: Array) -> sparse.csc_array:
        """Derivative of the velocity by the state, sparse, shape (2 n, 2 n), per ms."""
        p, n = self.network.parameters, self.network.n_neurons
        v, s = state[:n], state[n:]
        phi = self._activation(t, v)
        return self._jacobian.fill(
            v,
            dv_dv_diagonal=self._synapses @ s,
            ds_dv=p.activation_rate * p.steepness * phi * (1 - phi) * (1 - s),
            ds_ds=-p.activation_rate * phi - p.decay_rate,
        )

    def _activation(self, t: float, v: Array) -> Array:
        steepness = self.network.parameters.steepness
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-steepness * (v - self.thresholds(t))))


class _JacobianPattern:
    """The sparsity of the Jacobian, found once, so that filling it is a few vector operations."""

    def __init__(self, network: GradedNetwork) -> None:
        p, n = network.parameters, network.n_neurons
        post, pre = np.nonzero(network.synapses)
        gap_row, gap_column = np.nonzero(network.laplacian - np.diag(np.diag(network.laplacian)))
        each = np.arange(n)
        rows = np.concatenate([gap_row, each, post, each + n, each + n])
        columns = np.concatenate([gap_column, each, pre + n, each, each + n])
        order = sparse.csc_array((np.arange(1, len(rows) + 1), (rows, columns)), (2 * n, 2 * n))
        self._slot: Any = order.data - 1
        self._indices, self._indptr, self._shape = order.indices, order.indptr, order.shape
        self._gap = -network.laplacian[gap_row, gap_column] / p.capacitance
        self._leak = -(p.leak_conductance + np.diag(network.laplacian)) / p.capacitance
        self._weight = network.synapses[post, pre] / p.capacitance
        self._reversal, self._post = network.reversal[post, pre], post
        self._capacitance = p.capacitance

    def fill(self, v: Array, *, dv_dv_diagonal: Array, ds_dv: Array, ds_ds: Array) -> Any:
        diagonal = self._leak - dv_dv_diagonal / self._capacitance
        dv_ds = self._weight * (self._reversal - v[self._post])
        data = np.concatenate([self._gap, diagonal, dv_ds, ds_dv, ds_ds])[self._slot]
        return sparse.csc_array((data, self._indices, self._indptr), self._shape)
