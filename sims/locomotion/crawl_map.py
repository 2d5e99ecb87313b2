"""A crawling worm as a map from one time step to the next, for `isochron.analysis`."""

from typing import Any

import numpy as np
import xarray as xr

from isochron.real_numbers import require_real
from isochron.sims.body.chain import chain_of
from isochron.sims.engines.request import DivergenceError, diverged
from isochron.sims.engines.strang import StepInputs, build_kernel
from isochron.sims.graded import GradedNetwork
from isochron.sims.graded_map import GradedMap
from isochron.sims.locomotion.anatomy import anatomy_of, sensing_matrix
from isochron.sims.locomotion.kernel import Loop, advance_loop, rows_of
from isochron.sims.locomotion.parameters import STANDARD_CRAWL, CrawlParameters
from isochron.sims.simulation import state_vector
from isochron.sims.stimuli import Stimulus

Array = np.ndarray
RANDOM_TURNS = 0.25  # standard deviation of the angle between head and tail, radians


class CrawlMap(GradedMap):
    """The map from one time step to the next of a graded network that moves a body.

    The state is (V, s, A, curvature): potentials in mV, activations of synapses, activations of
    muscles, curvatures of joints in 1/mm. Nothing depends on position and heading, so that they
    are not part of it, and a crawling worm is on a limit cycle of this map: a cycle relative to
    displacement and rotation. With an oscillating stimulus the map repeats after `n_steps`, as
    `GradedMap` does.

    Parameters
    ----------
    network : GradedNetwork
        Network of C. elegans. If its connectome does not distinguish the body-wall muscles, those
        of Cook et al. (2019) are used, by the names of the neurons.
    stimulus : Stimulus
        Input in addition to proprioception: constant, or sinusoidal with one frequency.
    parameters : CrawlParameters
        Body, muscles and proprioception.
    step_ms : float
        Time step, in ms. The step is of order 2, but not symmetric in time: errors have all powers
        from the second on.

    Attributes
    ----------
    dimension : int
        Number of state variables.
    anatomy : Anatomy
        Neuromuscular anatomy in use.
    loop : Loop
        Constants of muscles, body and proprioception, for compiled code.
    network, parameters
        As given.

    Raises
    ------
    ValueError
        If the connectome does not have muscles or neurons with proprioception, or as `GradedMap`.

    Examples
    --------
    The straight worm at rest is a fixed point, but with these gains it is unstable:

    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> crawl = sims.CrawlMap(worm, sims.Stimulus(), sims.STIFF_CRAWL)
    >>> straight = crawl.equilibrium()
    >>> bool(np.allclose(crawl.advance(straight, 1), straight))
    True

    A bent worm crawls: it is on a limit cycle relative to displacement and rotation.

    >>> start = crawl.advance(crawl.bent_state(), 4000)
    >>> cycle = analysis.find_limit_cycle(crawl, start, max_period=3000, n_multipliers=2)
    >>> cycle.stable, round(cycle.period)  # ms
    (True, 1038)
    """

    _contents = "potentials, activations, muscles and curvatures"

    def __init__(
        self,
        network: GradedNetwork,
        stimulus: Stimulus,
        parameters: CrawlParameters = STANDARD_CRAWL,
        *,
        step_ms: float = 8.0,
    ) -> None:
        super().__init__(network, stimulus, step_ms=step_ms)
        self.network, self.parameters = network, parameters
        self._neurons = build_kernel(
            network.parameters, network.laplacian, network.synapses, network.reversal
        )
        self.anatomy = anatomy_of(network.connectome, parameters.muscles)
        self.stimulus = stimulus
        self.loop = loop_of(network, parameters)
        n_joints = parameters.body.n_links - 1
        self.dimension = network.dimension + len(self.anatomy.muscles) + n_joints

    def equilibrium(self) -> Array:
        """State of the straight worm at rest under the constant part of the stimulus.

        Returns
        -------
        ndarray, shape (dimension,)
            State.
        """
        neurons = self.network.equilibrium(self.stimulus)
        return np.concatenate([neurons, np.zeros(self.dimension - neurons.size)])

    def bent_state(self, curvature: float = 1.0) -> Array:
        """The state at rest with a bent body, from which a crawl starts.

        Parameters
        ----------
        curvature : float
            Largest curvature, 1/mm; the body is bent in one wave.

        Returns
        -------
        ndarray, shape (dimension,)
            State.
        """
        state = self.equilibrium()
        places = np.arange(1, self.parameters.body.n_links) / self.parameters.body.n_links
        state[-len(places) :] = curvature * np.sin(2 * np.pi * places)
        return state

    def random_state(self, rng: np.random.Generator) -> Array:
        """The state at rest with normal noise: 1 mV on potentials, and a randomly bent body.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the noise.

        Returns
        -------
        ndarray, shape (dimension,)
            State. The angle between head and tail has a standard deviation of 0.25 radians.
        """
        state, body = self.equilibrium(), self.parameters.body
        state[: self.network.n_neurons] += rng.standard_normal(self.network.n_neurons)
        turns = RANDOM_TURNS / np.sqrt(body.n_links - 1) / body.link_length
        state[1 - body.n_links :] = turns * rng.standard_normal(body.n_links - 1)
        return state

    def first_state(
        self, thresholds: Array, given: Any = None, rng: np.random.Generator | None = None
    ) -> Array:
        """The initial state of a run: a given one, a random one, or the bent worm.

        Parameters
        ----------
        thresholds : ndarray, shape (n_neurons,)
            Thresholds of the synapses at the first time, mV; the state at rest follows them.
        given : array_like, shape (dimension,), optional
            State.
        rng : numpy.random.Generator, optional
            Source of a random state.

        Returns
        -------
        ndarray, shape (dimension,)
            A new state.

        Raises
        ------
        ValueError
            If `given` is not a finite state of this map.
        """
        if given is None:
            state = self.bent_state() if rng is None else self.random_state(rng)
            state[: self.network.n_neurons] += thresholds - self.thresholds
            return state
        state = np.array(given, dtype=float)
        if state.shape != (self.dimension,) or not np.isfinite(state).all():
            raise ValueError(
                f"initial_state must be {self.dimension} finite numbers, a state of CrawlMap; got "
                f"shape {state.shape}."
            )
        return state

    def state_of(self, sample: xr.Dataset) -> Array:
        """The state at one time of a run of `simulate_worm` with the same constants.

        Parameters
        ----------
        sample : xarray.Dataset
            One time of a run: ``run.isel(time=-1)``.

        Returns
        -------
        ndarray, shape (dimension,)
            State.

        Raises
        ------
        ValueError
            If it is not one time, or its neurons, muscles or joints are different.
        """
        neurons = state_vector(sample, self.network)
        activation, curvature = sample["activation"].values, sample["curvature"].values
        state = np.concatenate([neurons, activation, curvature])
        if state.size != self.dimension:
            raise ValueError(
                f"The run has {activation.size} muscles and {curvature.size} joints, the map "
                f"{len(self.anatomy.muscles)} and {self.parameters.body.n_links - 1}."
            )
        return state

    def run(
        self, state: Any, n_steps: int, *, start: int = 0, every: int = 1, pose: Any = None
    ) -> tuple[Array, Array]:
        """States and poses along a run, the first included.

        Parameters
        ----------
        state : array_like, shape (dimension,)
            Initial state.
        n_steps : int
            Number of steps.
        start : int
            Index of the first step within the period of the stimulus.
        every : int
            Number of steps from one returned state to the next.
        pose : array_like, shape (3,), optional
            Position of the head (x, y) in mm and direction of the first link in radians, from its
            front to its rear; zero by default.

        Returns
        -------
        states : ndarray, shape (n_steps // every + 1, dimension)
            States, in order of time.
        poses : ndarray, shape (n_steps // every + 1, 3)
            Poses at the same times.

        Raises
        ------
        DivergenceError
            If the state does not stay finite.
        """
        require_real("state", state)
        state = np.array(state, dtype=float, order="C")
        place = np.zeros(3) if pose is None else np.array(pose, dtype=float)
        first = np.concatenate([state, place])
        record = np.empty((n_steps // every, self.dimension + 3))
        inputs = StepInputs(self.thresholds[None], self._currents, start, self.step_ms)
        self.take(state, inputs, n_steps, every, record, pose=place)
        both = np.concatenate([first[None], record])
        return both[:, : self.dimension], both[:, self.dimension :]

    def _run(self, state, n_steps, start, tangents=None, record=None, every=0):
        both = np.empty((0 if record is None else len(record), self.dimension + 3))
        inputs = StepInputs(self.thresholds[None], self._currents, start, self.step_ms)
        self.take(state, inputs, n_steps, every, both, tangents=tangents)
        if record is not None:
            record[:] = both[:, : self.dimension]

    def take(
        self,
        state: Array,
        inputs: StepInputs,
        n_steps: int,
        every: int,
        record: Array,
        *,
        tangents: Array | None = None,
        pose: Array | None = None,
    ) -> None:
        """Take steps in place, under any inputs.

        Parameters
        ----------
        state : ndarray, shape (dimension,)
            State; overwritten.
        inputs : StepInputs
            Thresholds and currents of the neurons in the middle of each step.
        n_steps : int
            Number of steps.
        every : int
            Number of steps between rows of `record`; 0 for none.
        record : ndarray, shape (n_steps // every, dimension + 3)
            Overwritten with states, each with its pose.
        tangents : ndarray, shape (dimension, k), optional
            Tangent vectors; overwritten.
        pose : ndarray, shape (3,), optional
            Position (mm) and heading (radians) of the head; overwritten.

        Raises
        ------
        ValueError
            If `state` or `tangents` has a wrong shape.
        DivergenceError
            If the state does not stay finite.
        """
        tangents = np.empty((self.dimension, 0)) if tangents is None else tangents
        pose = np.zeros(3) if pose is None else pose
        if state.shape != (self.dimension,) or tangents.shape[:1] != (self.dimension,):
            raise ValueError(
                f"state must have shape ({self.dimension},), got {state.shape}; tangents "
                f"({self.dimension}, k), got {tangents.shape}."
            )
        # One compiled version: the same types for all callers.
        plain = StepInputs(
            np.array(inputs.thresholds, dtype=float, order="C"),
            np.array(inputs.currents, dtype=float, order="C"),
            int(inputs.start),
            float(inputs.step),
        )
        before, n = state.copy(), 2 * self.network.n_neurons
        taken = advance_loop(
            self._neurons, self.loop, state, tangents, pose, plain, n_steps, every, record
        )
        if taken < n_steps or not np.isfinite(state).all():
            raise DivergenceError(
                f"The worm is not finite after {taken * inputs.step:g} ms at a step of "
                f"{inputs.step:g} ms, in "
                f"{diverged(self.network.connectome.neurons, before, state[:n])}. Lower step_ms "
                "or the gain of proprioception."
            )


def loop_of(network: GradedNetwork, parameters: CrawlParameters) -> Loop:
    """Constants of muscles, body and proprioception of a network, for compiled code."""
    body = parameters.body
    anatomy = anatomy_of(network.connectome, parameters.muscles)
    rest = network.parameters.equilibrium_activation
    return Loop(
        chain=chain_of(body),
        rest=float(rest),
        time_constant=float(parameters.muscles.time_constant),
        drive=rows_of(anatomy.weights / rest),
        bend=rows_of(body.curvature_gain * anatomy.joint_bending(body.n_links)),
        sense=rows_of(sensing_matrix(anatomy, parameters.proprioception, body.n_links)),
    )
