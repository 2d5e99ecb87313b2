import numpy as np
import pytest

from isochron.analysis import SteppedMap, difference_of_phases, find_tongue
from isochron.analysis.locking import (
    n_to_m_locking_value,
    pairwise_phase_consistency,
    phase_locking_value,
    scan_tongue,
)
from tests.analysis.test_rotation import circle_map_phases


def test_pairwise_phase_consistency_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    phase, reference = rng.normal(size=(2, 7))
    d = phase - reference
    pairs = [np.cos(d[i] - d[j]) for i in range(7) for j in range(i)]
    assert pairwise_phase_consistency(phase, reference) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("n", [5, 20, 100])
def test_pairwise_phase_consistency_has_no_bias(n):
    """Wrapped normal phases of spread 1: exp(-1) at every n; PLV² is higher by about 1/n."""
    rng = np.random.default_rng(n)
    phases = rng.normal(size=(20000 // n * 5, n))
    found = [pairwise_phase_consistency(row, np.zeros(n)) for row in phases]
    error = 4 * np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - np.exp(-1)) < error
    biased = np.mean([phase_locking_value(row, np.zeros(n)) ** 2 for row in phases])
    assert biased - np.exp(-1) == pytest.approx((1 - np.exp(-1)) / n, abs=error)


def test_n_to_m_locking_sees_the_ratio_and_no_other():
    turn = np.linspace(0, 200 * np.pi, 50000, endpoint=False)
    assert n_to_m_locking_value(2 * turn + 0.3, 3 * turn, n=3, m=2) == pytest.approx(1.0)
    assert n_to_m_locking_value(2 * turn + 0.3, 3 * turn, n=1, m=1) < 1e-3
    with pytest.raises(ValueError, match="common divisor"):
        n_to_m_locking_value(turn, turn, n=2, m=2)


def test_one_sample_has_no_pairs():
    with pytest.raises(ValueError, match="two samples"):
        pairwise_phase_consistency([0.1], [0.2])


def test_the_zero_tongue_of_the_circle_map_by_scan():
    """|Ω| <= K/2π exactly; edges are found to the spacing of the grid."""
    offsets = np.linspace(-0.2, 0.2, 41)
    strengths = np.array([0.0, 0.35, 0.9])
    scan = scan_tongue(
        lambda f, a: circle_map_phases(f, a, 1200)[400:], offsets, strengths, ratio=0.0
    )
    low, high = scan.edges
    np.testing.assert_allclose(high, strengths / (2 * np.pi), atol=0.01)
    np.testing.assert_allclose(low, -high, atol=1e-12)
    assert (high <= strengths / (2 * np.pi) + 1e-12).all()
    np.testing.assert_allclose(scan.rotation[0], offsets, atol=1e-12)
    assert np.isnan(scan_tongue(lambda f, a: np.arange(9.0), [1.0], [1.0]).edges).all()


def test_a_scan_wants_ascending_frequencies():
    with pytest.raises(ValueError, match="ascend"):
        scan_tongue(lambda f, a: np.arange(9.0), [1.0, 0.5], [1.0])


STATISTICS = {
    "locking": phase_locking_value,
    "consistency": pairwise_phase_consistency,
    "2:3": lambda phase, reference: n_to_m_locking_value(phase, reference, n=2, m=3),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize(
    ("phase", "reference", "message"),
    [
        (np.zeros(5), np.zeros(4), r"one shape, got \(5,\) and \(4,\)"),
        (np.zeros(5), 0.0, r"np.full_like\(phase"),
        (np.zeros((5, 1)), np.zeros(5), "one shape"),
        (np.zeros((3, 5)), np.zeros(5), "one shape"),
        ([0.0, np.nan], [0.0, 1.0], "phase must be finite.*index 1"),
        ([0.0, 1.0], [0.0, np.inf], "reference must be finite"),
        ([], [], "at least two samples"),
        ([0.3], [0.1], "at least two samples"),
        ([1j, 0.0], [0.0, 1.0], "complex and 0"),
        (["a", "b"], [0.0, 1.0], "must be numbers"),
    ],
)
def test_phases_of_unlike_shape_or_without_value_are_refused(name, phase, reference, message):
    with pytest.raises(ValueError, match=message):
        STATISTICS[name](phase, reference)


@pytest.mark.parametrize("name", STATISTICS)
def test_an_analytic_signal_counts_by_its_angle(name):
    """Its amplitude does not matter; lists of complex numbers work, also for one signal only."""
    rng = np.random.default_rng(0)
    phase, reference = np.cumsum(rng.normal(size=(2, 300)), axis=1)
    signal = rng.uniform(0.1, 9, 300) * np.exp(1j * phase)
    expected = STATISTICS[name](phase, reference)
    assert STATISTICS[name](signal, reference) == pytest.approx(expected)
    assert STATISTICS[name](list(signal), np.exp(1j * reference)) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "m"), [(1.5, 1), (0, 1), (-1, 2), (2, 4)])
def test_turns_are_positive_integers_without_a_common_divisor(n, m):
    with pytest.raises(ValueError, match="positive integers"):
        n_to_m_locking_value(np.zeros(9), np.zeros(9), n=n, m=m)


def test_a_phase_difference_of_analytic_signals():
    phase = np.array([0.1, 3.0, -3.0])
    np.testing.assert_allclose(
        difference_of_phases(np.exp(1j * phase), 2 * np.exp(1j * (phase - 0.4))), 0.4
    )


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("shape", [(3, 50), (1, 50), (50, 1), (2, 3, 4)])
def test_channels_are_not_pooled(name, shape):
    """Three channels locked at different phases would give a value that is wrong for each."""
    phases = np.zeros(shape)
    with pytest.raises(ValueError, match="one axis") as raised:
        STATISTICS[name](phases, phases)
    assert str(shape) in str(raised.value)


@pytest.mark.parametrize("name", STATISTICS)
def test_a_single_number_is_not_a_series(name):
    with pytest.raises(ValueError, match="one axis"):
        STATISTICS[name](0.1, 0.2)


@pytest.mark.parametrize(
    "strength",
    [0.1, pytest.param(-0.1, marks=pytest.mark.long), pytest.param(0.3, marks=pytest.mark.long)],
)
@pytest.mark.parametrize(
    "start", [[1, 0], [-1, 0], [0, 1], [0, -1], [-0.7, -0.7], [0.02, 0.01], [2.0, -3.0]]
)
def test_a_tongue_is_found_from_anywhere_in_the_basin(strength, start):
    """An oscillator of radius 1 and 1 Hz is entrained within K / (4 pi) of 1 Hz (averaging).

    From some of the starts Newton's method converges to the unstable cycle.
    """

    def oscillator(frequency):
        h = 1 / (50 * frequency)

        def step(k, x):
            z = x[..., 0] + 1j * x[..., 1]
            growth = np.exp(h * (1 - abs(z) ** 2 + 2j * np.pi))
            z = z * growth + h * strength * np.cos(2 * np.pi * k / 50)
            return np.stack([z.real, z.imag], -1)

        return SteppedMap(step, None, 2, n_steps=50, step_ms=1e3 * h, forcing_cycles=1)

    tongue = find_tongue(
        oscillator, start, frequency=1.0, limits=(0.8, 1.2), step=0.02, resolution=2e-3
    )
    half = abs(strength) / (4 * np.pi)
    assert tongue.message == ""
    assert tongue.low == pytest.approx(1 - half, abs=2.5e-3)
    assert tongue.high == pytest.approx(1 + half, abs=2.5e-3)


def test_a_tongue_that_is_not_found_says_why():
    """A map that grows without bound does not have a stable cycle."""

    def growing(frequency):
        return SteppedMap(
            lambda k, x: 1.1 * x + 1, None, 1, n_steps=4, step_ms=250 / frequency, forcing_cycles=1
        )

    tongue = find_tongue(
        growing, [0.5], frequency=1.0, limits=(0.9, 1.1), step=0.05, resolution=0.01
    )
    assert np.isnan(tongue.low)
    assert "No stable cycle at frequency 1 from this start" in tongue.message
    assert "frequency must be a value inside the tongue" in tongue.message
