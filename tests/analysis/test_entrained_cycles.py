from dataclasses import replace

import numpy as np
import pytest

from isochron.analysis import (
    NewtonStarts,
    ShootingControl,
    SteppedMap,
    compute_phase,
    find_entrained_cycles,
    find_tongue,
    harmonic_phase,
    participation_ratio,
    phase_locking_value,
    principal_components,
)
from tests import truths


def test_a_census_finds_both_memories_and_the_saddle_between():
    starts = np.random.default_rng(0).normal(size=(60, 1))
    survey = find_entrained_cycles(truths.bistable(), starts)
    assert [cycle.stable for cycle in survey.cycles] == [True, True, False]
    assert survey.n_not_entrained == 0
    assert sum(survey.basins) == 60
    # By symmetry half of the starts converge to each: 30 ± 4 standard deviations.
    assert abs(survey.basins[0] - 30) < 4 * np.sqrt(15)
    assert abs(survey.cycles[0].point[0] + survey.cycles[1].point[0]) < 0.2
    assert survey.index_sum == 1
    assert replace(survey, cycles=survey.stable).index_sum == 2


def test_a_slow_approach_is_not_counted_as_another_cycle():
    """Multiplier 0.9 a step: after 3 periods the starts still differ, but approach one cycle."""
    system = SteppedMap(
        lambda k, x: 1 + 0.9 * (x - 1),
        lambda k, x, v: 0.9 * v,
        dimension=1,
        n_steps=2,
        forcing_cycles=1,
    )
    starts = np.linspace(-2, 3, 7)[:, None]
    survey = find_entrained_cycles(
        system, starts, transient_periods=3, newton=NewtonStarts(periods=())
    )
    assert len(survey.cycles) == 1
    assert survey.basins == (7,)


def test_tongue_edges_are_frequencies_of_the_maps():
    """A map that exists only at multiples of 0.01 Hz has its edges there."""
    tongue = find_tongue(
        lambda f: truths.forced_stuart_landau(round(f, 2), 0.5, n_steps=100),
        np.array([1.0, 0.0]),
        frequency=1.0,
        limits=(0.984, 1.016),
        step=0.007,
        resolution=0.001,
    )
    np.testing.assert_allclose([tongue.low, tongue.high], [0.98, 1.02], rtol=1e-12)


def test_the_missed_basin_is_that_of_independent_starts():
    survey = find_entrained_cycles(truths.bistable(), np.ones((59, 1)))
    np.testing.assert_allclose((1 - survey.undetected_basin_bound) ** 59, 0.05)


def test_a_quasi_periodic_map_is_counted_as_unlocked():
    angle = 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    system = SteppedMap(lambda k, x: x @ turn.T, lambda k, x, v: turn @ v, dimension=2, n_steps=3)
    survey = find_entrained_cycles(system, np.ones((4, 2)), newton=NewtonStarts(periods=()))
    assert survey.n_not_entrained == 4
    assert survey.stable == ()


@pytest.mark.long
def test_the_tongue_of_a_weakly_forced_oscillator():
    """Half-width F/2 in angular frequency; the error is O(F²), 1 % of 1 Hz at F = 0.1."""
    force = 0.1
    tongue = find_tongue(
        lambda f: truths.forced_stuart_landau(f, force, n_steps=200),
        np.array([1.0, 0.0]),
        frequency=1.0,
        limits=(0.9, 1.1),
        step=0.002,
        resolution=1e-4,
    )
    half = force / 2 / (2 * np.pi)
    np.testing.assert_allclose([tongue.low, tongue.high], [1 - half, 1 + half], atol=4e-4)
    assert not tongue.low_open
    assert not tongue.high_open


def test_a_tongue_that_fills_the_limits_is_open():
    tongue = find_tongue(
        lambda f: truths.forced_stuart_landau(f, 0.5, n_steps=100),
        np.array([1.0, 0.0]),
        frequency=1.0,
        limits=(0.99, 1.01),
        step=0.005,
        resolution=1e-3,
    )
    np.testing.assert_allclose([tongue.low, tongue.high], [0.99, 1.01], rtol=1e-12)
    assert tongue.low_open
    assert tongue.high_open


@pytest.mark.parametrize(("limits", "step"), [((1.1, 1.2), 0.1), ((0.5, 1.5), 0.0)])
def test_a_tongue_refuses_numbers_out_of_order(limits, step):
    with pytest.raises(ValueError, match="limits|resolution"):
        find_tongue(
            lambda f: truths.forced_stuart_landau(f, 0.1),
            np.ones(2),
            frequency=1.0,
            limits=limits,
            step=step,
            resolution=0.01,
        )


def test_phase_locking_value_of_known_phases():
    t = np.linspace(0, 50, 5001)
    assert phase_locking_value(t + 0.7, t) == pytest.approx(1.0)
    assert phase_locking_value(2 * np.pi * np.arange(12) / 12, np.zeros(12)) < 1e-12


def test_the_phase_of_a_sine():
    phase = 2 * np.pi * np.arange(1000) / 50
    found = compute_phase(np.sin(phase + 0.4))
    np.testing.assert_allclose(np.exp(1j * found), np.exp(1j * (phase + 0.4)), atol=1e-9)


@pytest.mark.parametrize("signal", [np.zeros(50), np.full(50, 3.0), np.full(50, np.nan)])
def test_a_constant_signal_has_no_phase(signal):
    with pytest.raises(ValueError, match=r"does not have a phase|must be finite: 50 of its 50"):
        compute_phase(signal)


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.4, 0.9])
def test_the_harmonic_phase_is_the_offset_of_the_sine(offset):
    reference = 2 * np.pi * np.arange(60) / 60
    signal = 1.5 * np.sin(reference + 2 * np.pi * offset) + 0.3 * np.sin(3 * reference) + 2
    phase, amplitude = harmonic_phase(signal, reference)
    assert abs((phase - offset + 0.5) % 1 - 0.5) < 1e-12
    assert amplitude == pytest.approx(1.5)


def test_dimensions_of_known_clouds():
    t = 2 * np.pi * np.arange(100) / 100
    circle = np.c_[np.cos(t), np.sin(t), 0 * t]
    ratio, components = principal_components(circle)
    np.testing.assert_allclose(ratio, [0.5, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(components @ components.T, np.eye(3), atol=1e-12)
    assert participation_ratio(circle) == pytest.approx(2.0)
    assert participation_ratio(np.c_[t, 2 * t]) == pytest.approx(1.0)
    assert participation_ratio(np.ones((5, 3))) == 0
    with pytest.raises(ValueError, match="finite"):
        principal_components(np.full((4, 2), np.nan))


def test_a_saddle_that_newton_misses_is_found_between_the_basins():
    """From starts outside the stable cycles Newton's method converges to these only.

    Without the odd symmetry of the map, in which a search of its own finds the saddle.
    """
    system = truths.bistable(drive=0.3, n_steps=12)
    starts = np.array([[-4.0], [-3.0], [3.0], [5.0]])
    alone = find_entrained_cycles(
        system, starts, newton=NewtonStarts(periods=(), n_boundary_pairs=0, odd_symmetry=False)
    )
    both = find_entrained_cycles(
        system, starts, newton=NewtonStarts(periods=(), odd_symmetry=False)
    )
    assert [cycle.stable for cycle in alone.cycles] == [True, True]
    assert [cycle.stable for cycle in both.cycles] == [True, True, False]
    saddle = both.cycles[2]
    # It closes, and the derivative over 12 steps equals a finite difference.
    ends = system.advance(saddle.point + np.array([[-1e-7], [1e-7]]), 12)
    slope = float(ends[1, 0] - ends[0, 0]) / 2e-7
    assert slope == pytest.approx(saddle.multipliers[0].real, rel=1e-5)
    assert slope > 1


def forced_at(own_Hz, drive_Hz=1.0, force=0.1):
    """The forced oscillator with its intrinsic frequency as the parameter."""
    return truths.forced_stuart_landau(drive_Hz, force, own_Hz=own_Hz, n_steps=60)


@pytest.mark.parametrize("start_at", [1.0, 1.002])
def test_a_parameter_that_is_not_the_drive_frequency_is_not_taken_for_it(start_at):
    walk = {"frequency": start_at, "limits": (0.9, 1.1), "step": 0.02, "resolution": 1e-3}
    with pytest.raises(ValueError, match=r"forced with 1 Hz, not .*along='parameter'"):
        find_tongue(forced_at, np.array([1.0, 0.0]), **walk)
    with pytest.raises(ValueError, match="forced with 0 Hz"):
        find_tongue(lambda f: SteppedMap(lambda k, x: x, None, dimension=1), [1.0], **walk)
    # An angular frequency is not one in Hz.
    with pytest.raises(ValueError, match="check its unit"):
        find_tongue(lambda f: forced_at(1.0, f / (2 * np.pi)), np.array([1.0, 0.0]), **walk)


def test_a_tongue_along_a_different_parameter_has_its_edges_there():
    """Only the detuning counts: intrinsic - forcing frequency = ± F / 4π."""
    tongue = find_tongue(
        forced_at, np.array([1.0, 0.0]), frequency=1.0, limits=(0.9, 1.1), step=0.004,
        resolution=5e-4, along="parameter",
    )  # fmt: skip
    half = 0.1 / 2 / (2 * np.pi)
    np.testing.assert_allclose([tongue.low, tongue.high], [1 - half, 1 + half], atol=1e-3)


def test_a_tongue_in_amplitude_ends_where_the_reference_is_too_weak():
    """With a detuning of 0.002 Hz the cycle is locked for |F| > 4π 0.002."""
    tongue = find_tongue(
        lambda force: forced_at(1.002, force=force), np.array([1.0, 0.0]), frequency=0.1,
        limits=(-0.2, 0.15), step=0.02, resolution=1e-3, along="parameter",
    )  # fmt: skip
    assert tongue.low == pytest.approx(4 * np.pi * 0.002, abs=2e-3)
    assert (tongue.high, tongue.high_open) == (0.15, True)
    with pytest.raises(ValueError, match="along must be"):
        find_tongue(
            forced_at, [1.0, 0.0], frequency=1.0, limits=(0.9, 1.1), step=0.1, resolution=0.1,
            along="amplitude",  # type: ignore[arg-type]
        )  # fmt: skip


def affine_at(value):
    """One stroboscopic step to the fixed point (2, 1/7) times the parameter."""
    return SteppedMap(
        lambda k, x: np.stack([0.5 * x[..., 0] + value, 0.3 * x[..., 1] + 0.1 * value], -1),
        None, 2, step_ms=125.0, forcing_cycles=1,
    )  # fmt: skip


@pytest.mark.parametrize(("begin", "limits"), [(1.0, (0.5, 3)), (0.001, (-1, 1)), (0.0, (-1, 1))])
def test_a_tongue_of_fixed_points_of_a_stroboscopic_map_has_no_edge(begin, limits):
    """Also if the fixed point starts near 0 and passes through it."""
    tongue = find_tongue(
        affine_at, [1.0, 0.1], frequency=begin, limits=limits, step=0.1, resolution=1e-3,
        along="parameter",
    )  # fmt: skip
    assert (tongue.low, tongue.high) == limits
    assert tongue.low_open
    assert tongue.high_open


def test_a_tongue_of_cycles_smaller_than_their_distance_from_zero_has_no_edge():
    """x → x + (p + 0.01 cos(πk/2) - x) / 2 follows p, with an amplitude of 0.004."""
    tongue = find_tongue(
        lambda p: SteppedMap(
            lambda k, x: x + (p + 0.01 * np.cos(np.pi * k / 2) - x) / 2, None, 1, 4, 1.0, 1
        ),
        [1.0], frequency=1.0, limits=(0.5, 2), step=0.1, resolution=0.05, along="parameter",
    )  # fmt: skip
    assert (tongue.low, tongue.high) == (0.5, 2)


def test_a_branch_that_bends_sharply_has_no_edge_at_the_bend():
    """x → x - arctan(x - c) / 2 is stable at every c; Newton's method needs |x - c| < 1.39.

    c = 10 tanh((p - 1) / 0.004) moves by 4.6 over the resolution, and by 0.6 over a part of it.
    """

    def bent(p):
        c = 10 * np.tanh((p - 1) / 0.004)
        return SteppedMap(lambda k, x: x - np.arctan(x - c) / 2, None, 1)

    tongue = find_tongue(
        bent, [-10.0], frequency=0.9, limits=(0.8, 1.2), step=0.02, resolution=0.002,
        along="parameter", control=ShootingControl(tolerance=1e-8, scale=10.0),
    )  # fmt: skip
    assert (tongue.low, tongue.high) == (0.8, 1.2)
    assert tongue.low_open
    assert tongue.high_open


def phase_at(drive_Hz):
    """One period of φ' = 2π (8 - f) - 2π sin φ by Heun's method."""
    h = 1 / (100 * drive_Hz)

    def step(k, phase):
        for _ in range(100):
            slope = 2 * np.pi * (8 - drive_Hz - np.sin(phase))
            ahead = 2 * np.pi * (8 - drive_Hz - np.sin(phase + h * slope))
            phase = phase + h / 2 * (slope + ahead)
        return phase

    return SteppedMap(step, None, 1, 1, 1e3 / drive_Hz, 1)


@pytest.mark.parametrize("start", [0.0, 0.3])
def test_the_tongue_of_a_phase_in_the_frame_of_its_drive(start):
    """|8 - f| ≤ 1; the fixed points of Heun's method are those of the field."""
    tongue = find_tongue(
        phase_at, [start], frequency=8.1, limits=(6, 10), step=0.1, resolution=2e-3
    )
    np.testing.assert_allclose([tongue.low, tongue.high], [7, 9], atol=2e-3)
    assert not tongue.low_open
    assert not tongue.high_open


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_a_tongue_has_its_edges_in_any_unit(unit):
    """The Adler equation locks for |Ω| ≤ 1/2, centered at 0, where only `scale` gives the unit."""
    tongue = find_tongue(
        lambda detuning: SteppedMap(
            lambda k, x: x + (detuning - 0.5 * unit * np.sin(x / unit)) / 40, None, 1, n_steps=40
        ),
        [0.0], frequency=0.0, limits=(-unit, unit), step=0.05 * unit, resolution=2e-3 * unit,
        along="parameter", control=ShootingControl(tolerance=1e-8, scale=unit),
    )  # fmt: skip
    np.testing.assert_allclose([tongue.low / unit, tongue.high / unit], [-0.5, 0.5], atol=2e-3)


@pytest.mark.parametrize("unit", [1.0, 1e-9])
@pytest.mark.parametrize("step", [0.02, 0.1, 0.3])
def test_a_tongue_of_fixed_points_does_not_jump_to_another_branch(unit, step):
    """The branch of x' = p + x - x³ from (0, 1) folds at p = -2 / √27; a second one lies below."""
    tongue = find_tongue(
        lambda p: SteppedMap(lambda k, x: x + (p + x - x**3 / unit**2) / 10, None, 1),
        [unit], frequency=0.0, limits=(-unit, unit), step=step * unit, resolution=1e-3 * unit,
        along="parameter",
    )  # fmt: skip
    assert tongue.low / unit == pytest.approx(-2 / np.sqrt(27), abs=1e-3)
    assert tongue.high == unit


def test_a_resting_map_is_locked_while_its_fixed_point_is_stable():
    """p tanh x has the fixed point 0 with the multiplier p."""
    for start in (0.0, 0.3):
        tongue = find_tongue(
            lambda p: SteppedMap(lambda k, x: p * np.tanh(x), None, 1), [start], frequency=0.2,
            limits=(-3, 3), step=0.1, resolution=1e-3, along="parameter",
        )  # fmt: skip
        np.testing.assert_allclose([tongue.low, tongue.high], [-1, 1], atol=1e-3)
