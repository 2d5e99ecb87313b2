"""Weak references and driven systems: measures of a comparison with planted truths."""

from typing import Any

import numpy as np
import pytest

from isochron import analysis
from isochron.ann_bridge import LowRankRNN
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.cycle_surveys import find_intrinsic_circles
from isochron.studies.compare.driven import (
    PERIODS,
    SAMPLES,
    TRANSIENT_PERIODS,
    components_of,
    describe_driven_worm,
    distance_between_halves,
    filtered_references,
    held_out_error,
    irregular_references,
    mean_distance,
    models_of,
)
from isochron.studies.compare.weak_forcing import describe_weak_forcing, weak_forcing_of_network

PHASES = 2 * np.pi * np.arange(64) / 64
TURN = 2 * np.pi * 0.008 * 20  # 8 Hz at a time constant of 20 ms


@pytest.mark.parametrize("second", [0.0, 0.5, 2.0])
def test_the_share_of_the_first_harmonic_is_that_of_its_variance(second):
    """Adler: H = -(a/2) sin χ locks from -a/2 to a/2, whatever the other harmonics are."""
    advance = 0.3 + 0.01 * (np.sin(PHASES + 1) + second * np.cos(2 * PHASES))  # rad/ms
    found: Any = describe_weak_forcing(advance, frequency_Hz=8.0, amplitude=2.0)
    assert found.first_harmonic == pytest.approx(1 / (1 + second**2))
    assert found.tongue_Hz == pytest.approx(1e3 * 0.01 / (2 * np.pi))
    width_at_tenth = found.tongue_Hz * 2.0 * found.amplitude_of_tenth
    assert width_at_tenth == pytest.approx(0.8)


def test_a_response_without_phase_does_not_lock():
    assert describe_weak_forcing(np.zeros(64), frequency_Hz=8.0, amplitude=1.0) is None


def oscillator(growth: float = 0.5) -> LowRankRNN:
    """Two orthogonal loadings whose linear part turns at 8 Hz and grows."""
    m = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 2)))[0] * 8
    block = np.array([[1 + growth, -TURN], [TURN, 1 + growth]])
    return LowRankRNN.from_loadings(
        m, m @ block.T, input_weights=m[:, :1], output_weights=m[:, 0] / 64
    )


@pytest.fixture(scope="module")
def rhythm():
    """Network, and its intrinsic cycle."""
    network = AnalysedNetwork.of(oscillator())
    free = network.map_at()
    found = find_intrinsic_circles(free, free.initial_states(4, np.random.default_rng(0)))
    (circle,) = found.circles
    assert found.counts.cycles[0].n_starts == 4
    return network, circle


def slip(network, frequency_Hz, amplitude):
    """Change of the state from one period of the reference to the next, after 400 periods."""
    system = network.map_at(frequency_Hz, amplitude)
    state = system.advance(np.full(system.dimension, 0.1), 400 * system.n_steps)
    return np.linalg.norm(system.advance(state, system.n_steps) - state)


def test_the_weak_tongue_of_a_network_is_where_a_weak_reference_locks_it(rhythm):
    """Inside the wedge the state repeats; a little outside it slips.

    Frequencies are those of 1 to 2 periods in at most 120 steps, so the amplitude is chosen for
    each such frequency. At an edge the tongue deviates from the wedge by a few percent.
    """
    network, circle = rhythm
    weak: Any = weak_forcing_of_network(
        network.map_at(), circle, n_inputs=1, channel=0, amplitude=1.0
    )
    intrinsic = 1e3 * circle.rotation.value / network.map_at().step_ms
    system = network.map_at(intrinsic * 1.02)
    distance = abs(system.frequency_Hz - intrinsic)
    edge = 2 * distance / weak.tongue_Hz
    assert slip(network, system.frequency_Hz, 1.15 * edge) < 1e-8
    assert slip(network, system.frequency_Hz, 0.85 * edge) > 1e-4
    assert 0.5 < weak.first_harmonic <= 1


def test_the_phase_response_does_not_depend_on_an_input_at_rest(rhythm):
    """The same oscillator with an input that does not act on it: no effect, the same cycle."""
    network, circle = rhythm
    m = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 2)))[0] * 8
    block = np.array([[1.5, -TURN], [TURN, 1.5]])
    wider = AnalysedNetwork.of(
        LowRankRNN.from_loadings(
            m, m @ block.T, input_weights=np.c_[m[:, :1], np.zeros(64)],
            output_weights=m[:, 0] / 64,
        )
    )  # fmt: skip
    free = wider.map_at()
    circles: Any = find_intrinsic_circles(free, np.full((1, free.dimension), 0.1)).circles
    (other,) = circles
    given: Any = {"n_inputs": 2, "amplitude": 1.0}
    weak: Any = weak_forcing_of_network(free, other, channel=0, **given)
    one: Any = weak_forcing_of_network(
        network.map_at(), circle, n_inputs=1, channel=0, amplitude=1.0
    )
    assert weak.first_harmonic == pytest.approx(one.first_harmonic, rel=1e-4)
    assert weak.tongue_Hz == pytest.approx(one.tongue_Hz, rel=1e-3)
    assert weak_forcing_of_network(free, other, channel=1, **given) is None


def linear_states(radius: float, turn: float, seed: int = 0) -> np.ndarray:
    """Two planes that decay and turn, under the references; shape (2, n_samples, 4)."""
    references = irregular_references()
    c, s = radius * np.cos(turn), radius * np.sin(turn)
    step = np.zeros((4, 4))
    step[:2, :2], step[2:, 2:] = [[c, -s], [s, c]], 0.5 * np.array([[c, -s], [s, c]])
    into = np.random.default_rng(seed).normal(size=4)
    states = np.zeros((*references.shape, 4))
    for t in range(references.shape[1] - 1):
        states[:, t + 1] = states[:, t] @ step.T + references[:, t, None] * into
    return states


def test_a_driven_system_is_equal_to_its_rotated_copy_and_different_from_others():
    slow = linear_states(0.95, 0.3)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 30)))[0][:4]
    rotated = 7 * slow @ rotation + 2.0  # in 30 units, scaled and moved
    first, second = components_of(slow), components_of(rotated)
    assert first.shape == (2, SAMPLES * PERIODS, 2)
    assert mean_distance(first, second) < 1e-6
    other = mean_distance(first, components_of(linear_states(0.7, 0.3)))
    assert other > 5 * distance_between_halves(first)
    assert other > 0.1
    assert held_out_error(first) == pytest.approx(held_out_error(second), rel=1e-6)
    assert held_out_error(first) < 0.05


def test_the_input_is_not_taken_for_the_rhythm_of_the_system():
    """A filter follows a rhythm of modulus 1; the input as a regressor leaves its decay."""
    model = models_of(components_of(filtered_references()))[0]
    assert np.abs(np.linalg.eigvals(model.operator)).max() < 0.85  # of a stage: 0.73
    series = components_of(filtered_references())[0]
    alone = analysis.fit_delay_model(series, n_delays=1, rank=2)
    assert np.abs(np.linalg.eigvals(alone.operator)).max() > 0.93


def test_references_are_equal_in_every_process_and_irregular():
    first, second = irregular_references()
    assert first.size == SAMPLES * (TRANSIENT_PERIODS + PERIODS)
    np.testing.assert_array_equal(irregular_references()[0], first)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.5
    assert first.std() == pytest.approx(np.sqrt(0.5 + 0.3**2), rel=0.05)


def test_a_system_that_does_not_move_has_no_distance():
    assert describe_driven_worm(np.zeros((2, SAMPLES * PERIODS, 2))) is None
