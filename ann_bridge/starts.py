"""Initial states from which to survey the attractors of a trained network.

Independent normal states of many units are useless for it: their component in the few directions
in which a low-rank network moves is about 1/√N of their size, so that all of them start at
the same place.
"""

from typing import Any

import numpy as np
import torch

from isochron.ann_bridge.activations import ACTIVATIONS
from isochron.ann_bridge.float64_steps import LeakyStep, RateStep, Step
from isochron.ann_bridge.nets.net import RecurrentNet

N_RUNS = 32  # noisy runs that are simulated at once
N_STEPS = 240  # steps of each
KICKED_STEPS = 160  # of these, steps under random inputs
KICK_STEPS = 20  # mean number of steps between two changes of an input
RECORD_EVERY = 8  # steps
WIDENING = 2.0  # of the spread of the runs
NOISE_STD = 0.05  # for settings without one
WIDEST = 1.5  # decades by which the first states of a bounded network are widened at most
RUNAWAY = 10.0  # times the largest first state: a state that leaves all bounds


def draw_starts(
    net: Any, step: Step, inputs: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Random states that span the space in which a network moves.

    Parameters
    ----------
    net : RecurrentNet or ReducedNet
        Network whose initial states and noise are used.
    step : Step
        One step of it in float64.
    inputs : ndarray, shape (n_steps, n_inputs)
        Inputs over one period of the map.
    n : int
        Number of states, at least 1.
    rng : numpy.random.Generator
        Source of the states.

    Returns
    -------
    ndarray, shape (n, dimension)
        The states.

    Raises
    ------
    ValueError
        If `n` is not positive.
    """
    if n < 1:
        raise ValueError(f"The number of initial states must be at least 1, got {n!r}.")
    leaky = isinstance(step, LeakyStep | RateStep)
    if leaky and step.right is not None and step.bounded:
        return _draw_in_box(step, inputs, n, rng)
    first = _first_states(net, step, max(n, N_RUNS), rng)
    states = _noisy_states(net, step, inputs, first[:N_RUNS], rng)
    chosen = rng.integers(len(states), size=n // 4)
    return np.concatenate(
        [first[: n // 4], states[chosen], _spread_like(states, n - 2 * (n // 4), rng)]
    )


def _draw_in_box(
    step: LeakyStep | RateStep, inputs: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """States L s + B u + b, with s uniform in the reach of bounded rates, and u as the inputs.

    The component k of s = R'φ(x) is at most Σ_i |R_ik| times the bound of φ. The leak attracts
    all states to this box; those of a network in rate form, φ of such a current, to its
    image.
    """
    assert step.right is not None
    limit = ACTIVATIONS[step.activation].limit * np.abs(step.right).sum(axis=0)
    reach = np.maximum(1.0, np.abs(inputs).max(axis=0))
    recurrent = rng.uniform(-limit, limit, (n, limit.size)) @ step.left.T
    driven = rng.uniform(-reach, reach, (n, reach.size)) @ step.input_matrix.T
    current = recurrent + driven + (0.0 if step.bias is None else step.bias)
    rate_form = isinstance(step, RateStep)
    return ACTIVATIONS[step.activation].rate(current) if rate_form else current


@torch.no_grad()
def _first_states(net: Any, step: Step, n: int, rng: np.random.Generator) -> np.ndarray:
    """Initial states of trials; normal states for a network that does not define them."""
    if not isinstance(net, RecurrentNet):
        return rng.standard_normal((n, step.dimension))
    where = next(net.parameters()).device
    generator = torch.Generator(where).manual_seed(int(rng.integers(2**62)))
    return net.initial_states(n, generator).cpu().double().numpy()


def _noisy_states(
    net: Any, step: Step, inputs: np.ndarray, first: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """States of runs with private noise, first under random inputs, then without them."""
    std = (step.noise_gain or 0.0) * getattr(net.settings, "noise_std", NOISE_STD)
    decades = WIDEST if getattr(step, "bounded", None) else 0.0
    state = first * 10 ** rng.uniform(0, decades, (len(first), 1))
    kicks, states = np.zeros((len(first), inputs.shape[1])), [state]
    with np.errstate(all="ignore"):
        for k in range(N_STEPS):
            changed = rng.random(kicks.shape) < 1 / KICK_STEPS
            drawn = rng.integers(-1, 2, kicks.shape)
            kicks = np.where(changed, drawn, kicks) if k < KICKED_STEPS else 0.0 * kicks
            state = step.advance(state, step.drive(inputs[k % len(inputs)] + kicks))
            state = state + std * rng.standard_normal(state.shape)
            if k % RECORD_EVERY == 0:
                states.append(state)
        found = np.concatenate(states)
        sizes = np.linalg.norm(found, axis=1)
        largest = np.inf if decades else RUNAWAY * np.linalg.norm(first, axis=1).max()
        stays = np.isfinite(sizes) & (sizes <= largest)
    return found[stays] if stays.any() else first


def _spread_like(states: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Normal states with the mean of given ones and `WIDENING` times their covariance root.

    A random combination of deviations from the mean has exactly their covariance.
    """
    mean = states.mean(axis=0)
    weights = rng.standard_normal((n, len(states))) * (WIDENING / np.sqrt(len(states)))
    return mean + weights @ (states - mean)
