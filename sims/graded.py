"""The graded model of a whole nervous system.

    C dV_i/dt = -G_c (V_i - E_c) - sum_j g_gap G_ij (V_i - V_j)
                - sum_j g_syn S_ij s_j (V_i - E_j) + I_i(t)
    ds_i/dt   = a_r phi(V_i) (1 - s_i) - a_d s_i
    phi(V_i)  = 1 / (1 + exp(-beta (V_i - Vth_i)))

Wicks, Roehrig and Rankin (1996); Kunert, Shlizerman and Kutz (2014); Kim et al. (2019).
nS * mV = pA and pF * mV / ms = pA, so the equations carry no conversion factors.
"""

import warnings
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve

from isochron.arguments import require_instance
from isochron.connectome import Connectome
from isochron.connectome.signs import SignRule, signed
from isochron.sims.drive import Drive
from isochron.sims.graded_parameters import (
    GRADED_INTERACTOME,
    GradedParameters,
)
from isochron.sims.stimuli import Stimulus, check_stimulus

Array = np.ndarray


class GradedNetwork:
    """A connectome with graded dynamics. Its state is (V, s): potentials, then activations.

    Parameters
    ----------
    connectome : Connectome
        Gap junctions and chemical synapses; muscles and gap junctions of a neuron with itself
        are not used.
    parameters : GradedParameters
        Constants; `GRADED_INTERACTOME` or `GRADED_KUNERT2014` are published sets.
    signs : callable, optional
        Sign rule of `isochron.connectome`: from a connectome to an array of shape
        (n_neurons, n_neurons). By default the rule that signed the connectome, and
        `gaba_inhibitory` for a connectome without signs. A connection to which the rule does
        not give a sign is not used.

    Attributes
    ----------
    connectome : Connectome
        The connectome, signed.
    n_neurons : int
        Number of neurons.
    laplacian, synapses, reversal : ndarray, shape (n_neurons, n_neurons)
        Matrices of the equations in nS, nS and mV; computed when they are first used.

    Examples
    --------
    An isolated neuron is at equilibrium at E_c + I / G_c: here -35 mV + 0.5 pA / 0.01 nS.

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network = sims.GradedNetwork(graph)
    >>> stimulus = sims.step_current(["A"], amplitude_pA=0.5)
    >>> network.equilibrium(stimulus).round(4)  # V in mV, and s
    array([15.    ,  0.0909])

    The velocity of C. elegans at its equilibrium is zero:

    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> touch = sims.step_current(["PLM"], amplitude_pA=2000)
    >>> field = worm.field_under(touch)
    >>> worm.dimension, bool(abs(field(0.0, worm.equilibrium(touch))).max() < 1e-9)
    (558, True)
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
        """Laplacian matrix of the gap junctions, nS."""
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

        Parameters
        ----------
        **changes : float
            Fields of `GradedParameters` and their new values, in the units there.

        Returns
        -------
        GradedNetwork
            A new network on the same connectome.

        Raises
        ------
        ValueError
            If a parameter does not exist, or a value is out of range.
        """
        known = [item.name for item in fields(GradedParameters)]
        for name in changes:
            if name not in known:
                raise ValueError(f"No parameter {name!r}; there are {', '.join(known)}.")
        return GradedNetwork(self.connectome, replace(self.parameters, **changes))

    def disconnect(self, *what: str) -> "GradedNetwork":
        """Remove all connections of some neurons; the neurons stay.

        For the other neurons this is the same as ``GradedNetwork(connectome.ablate(*what))``, but
        the shape of the state does not change, so that `simulate_many` takes such networks.

        Parameters
        ----------
        *what : str
            Names, classes, types or patterns of neurons, as in `Connectome.select`.

        Returns
        -------
        GradedNetwork
            A new network over the same neurons.

        Raises
        ------
        ValueError
            If a name does not choose any neuron.
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
            Input; constant if `parameter` is ``"current"``.
        parameter : str
            A field of `GradedParameters`, or ``"current"``: the current, in pA, into each of
            the neurons of the stimulus, in place of the amplitude of the stimulus.

        Returns
        -------
        callable
            Function from the value of the parameter to the `GradedField`.

        Raises
        ------
        ValueError
            If the parameter does not exist, or it is ``"current"`` and the stimulus changes
            with time.

        Examples
        --------
        ``family = worm.field_family(step_current(["PLM"], amplitude_pA=1), "current")``,
        then ``find_fixed_points(family(1300.0), [worm.equilibrium(...)])``.
        """
        if parameter != "current":
            self.with_parameters(**{parameter: getattr(self.parameters, parameter, 1.0)})
            return lambda value: self.with_parameters(**{parameter: value}).field_under(stimulus)
        if not stimulus.steady:
            raise ValueError('The parameter "current" needs a constant stimulus.')
        return lambda value: self.field_under(stimulus.with_amplitude(value))

    @property
    def dimension(self) -> int:
        """Number of state variables, two for each neuron."""
        return 2 * self.n_neurons

    def thresholds(self, current: Array) -> Array:
        """Thresholds Vth: the potentials at equilibrium under a constant current, with s = s_eq.

        Parameters
        ----------
        current : ndarray, shape (n_neurons,)
            Input current, in pA.

        Returns
        -------
        ndarray, shape (n_neurons,)
            Thresholds, in mV.

        Raises
        ------
        ValueError
            If they are not finite.
        """
        p, s = self.parameters, self.parameters.equilibrium_activation
        pull = s * (self.synapses * self.reversal).sum(axis=1)
        drive = p.leak_conductance * p.leak_reversal + pull + current
        found = lu_solve(self._resting_factor, drive, check_finite=False)
        if not np.isfinite(found).all():
            largest = float(np.abs(drive).max())
            raise ValueError(
                f"The potentials at rest are not finite with a drive of up to {largest:.3g} pA. "
                "Lower the currents of the stimulus, or the weights of the connectome."
            )
        return found

    def threshold_gain(self) -> Array:
        """Derivative of the thresholds with respect to the input current, dVth/dI.

        Returns
        -------
        ndarray, shape (n_neurons, n_neurons)
            Resistances, in mV/pA: ``[i, j]`` is that of Vth of neuron i to the current into j.
        """
        return np.linalg.inv(self._resting_conductances())

    def equilibrium(self, stimulus: Stimulus) -> Array:
        """The exact equilibrium (Vth, s_eq) under the constant part of a stimulus.

        Parameters
        ----------
        stimulus : Stimulus
            Input; what changes with time is not used.

        Returns
        -------
        ndarray, shape (2 n_neurons,)
            Potentials in mV, then activations.

        Raises
        ------
        ValueError
            If a neuron of the stimulus is not in the connectome.
        """
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

        Under a constant stimulus it is the equilibrium with noise.

        Parameters
        ----------
        stimulus : Stimulus
            Input, which sets the thresholds.
        rng : numpy.random.Generator
            Source of the noise.
        spread_mV : float
            Standard deviation of the noise, in mV.
        threshold_rule : {"fixed", "adiabatic", "ramped"}
            Rule by which the thresholds follow the input; see `isochron.sims.drive`.

        Returns
        -------
        ndarray, shape (2 n_neurons,)
            Potentials in mV, then activations.

        Raises
        ------
        ValueError
            If the rule is unknown or a neuron of the stimulus is not in the connectome.
        """
        thresholds = Drive(self, stimulus, threshold_rule).thresholds(0.0)
        state = np.concatenate([thresholds, self._resting_activations()])
        state[: self.n_neurons] += spread_mV * rng.standard_normal(self.n_neurons)
        return state

    def field_under(self, stimulus: Stimulus, *, threshold_rule: str = "fixed") -> "GradedField":
        """The vector field under a stimulus, for `isochron.analysis` or SciPy.

        Parameters
        ----------
        stimulus : Stimulus
            Input to the network.
        threshold_rule : {"fixed", "adiabatic", "ramped"}
            Rule by which the thresholds follow the input; see `isochron.sims.drive`.

        Returns
        -------
        GradedField
            Callable ``field(t, x)`` with ``field.jacobian(t, x)``; t in ms.

        Raises
        ------
        ValueError
            If the rule is unknown or a neuron of the stimulus is not in the connectome.
        """
        return GradedField(self, stimulus, threshold_rule)

    @cached_property
    def _resting_factor(self) -> tuple[Array, Array]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinAlgWarning)  # the potentials are then not finite
            return lu_factor(self._resting_conductances())

    def _resting_conductances(self) -> Array:
        """Conductance matrix of the linear equations of the thresholds, nS."""
        s = self.parameters.equilibrium_activation
        total = self.parameters.leak_conductance + s * self.synapses.sum(axis=1)
        return np.diag(total) + self.laplacian

    def _resting_activations(self) -> Array:
        return np.full(self.n_neurons, self.parameters.equilibrium_activation)


def check_simulated(network: object, *stimuli: object) -> None:
    """Check that arguments are a network and stimuli.

    Raises
    ------
    TypeError
        If one is something else, such as a connectome or a current.
    """
    example = "sims.GradedNetwork(connectome.load('varshney2011'))"
    require_instance("network", network, GradedNetwork, example)
    for stimulus in stimuli:
        check_stimulus(stimulus)


class GradedField:
    """Velocity of a graded network under a stimulus: ``field(t, x)`` and ``field.jacobian(t, x)``.

    Parameters
    ----------
    network : GradedNetwork
        Network that moves.
    stimulus : Stimulus
        Input to the network.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        Rule by which the thresholds follow a changing input; see `isochron.sims.drive`.

    Raises
    ------
    ValueError
        If the rule is unknown or a neuron of the stimulus is not in the connectome.

    Examples
    --------
    10 mV above its equilibrium, an isolated neuron returns with the rate G_c / C = 1 / (150 ms):

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> network = sims.GradedNetwork(graph)
    >>> rest = sims.Stimulus()
    >>> field = sims.GradedField(network, rest)
    >>> state = network.equilibrium(rest) + [10, 0]
    >>> velocity, jacobian = field(0.0, state), field.jacobian(0.0, state)
    >>> print(round(velocity[0] * 150, 4), round(jacobian[0, 0] * 150, 4))
    -10.0 -1.0
    """

    stiff = True

    def __init__(
        self, network: GradedNetwork, stimulus: Stimulus, threshold_rule: str = "fixed"
    ) -> None:
        check_simulated(network, stimulus)
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
        """Input current at a time.

        Parameters
        ----------
        t : float
            Time, in ms.

        Returns
        -------
        ndarray, shape (n_neurons,)
            Currents, in pA.
        """
        return self._drive.currents(t) if self._constant is None else self._constant

    def thresholds(self, t: float) -> Array:
        """Thresholds Vth at a time.

        Parameters
        ----------
        t : float
            Time, in ms.

        Returns
        -------
        ndarray, shape (n_neurons,)
            Thresholds, in mV.
        """
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
        """Derivative of the velocity with respect to the state.

        Parameters
        ----------
        t : float
            Time, in ms.
        state : ndarray, shape (2 n_neurons,)
            Potentials in mV, then activations.

        Returns
        -------
        scipy.sparse.csc_array, shape (2 n_neurons, 2 n_neurons)
            Jacobian matrix, per ms.
        """
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
    """Sparsity pattern of the Jacobian, computed once: filling it is a few vector operations."""

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
