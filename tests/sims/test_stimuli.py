from typing import Any

import numpy as np
import pytest

from isochron import sims
from isochron.sims import waveforms
from isochron.sims.drive import ramp as ramp_factor

TIMES = np.array([0.0, 9.0, 10.0, 15.0, 29.0, 30.0, 45.0, 100.0])


def wave(stimulus, times: Any = TIMES):
    (part,) = stimulus.parts
    return part.varying(np.asarray(times, dtype=float))


def test_neurons_are_chosen_by_name_class_type_and_pattern(worm):
    for choice, count in ((["PLML"], 1), (["AVA"], 2), (["VB*"], 11), (["AVAL", "AVA"], 2)):
        current = sims.step_current(choice, amplitude_pA=2).constant(worm.connectome)
        assert current.sum() == 2 * count
    motor = sims.step_current(["motor"], amplitude_pA=1).constant(worm.connectome)
    assert motor[worm.connectome.index(["VB5", "PLML"])].tolist() == [1, 0]
    with pytest.raises(ValueError, match="no neuron 'XX\\*'"):
        sims.step_current(["XX*"], amplitude_pA=1).bound(worm.connectome)
    with pytest.raises(TypeError, match="list of names"):
        sims.step_current("AVAL", amplitude_pA=1)


def test_step_and_its_end():
    step = sims.step_current(["N0"], amplitude_pA=3, onset_ms=10, duration_ms=20)
    assert wave(step).tolist() == [0, 0, 3, 3, 3, 0, 0, 0]
    assert step.breaks == (10, 30)
    for_good = sims.step_current(["N0"], amplitude_pA=3, onset_ms=10)
    assert wave(for_good).tolist() == [0, 0, 3, 3, 3, 3, 3, 3]


def test_a_smooth_step_is_the_ramp_of_the_rule():
    """The step's rise over 0.3 s is that of threshold_rule="ramped", up to its cut at 6e-6."""
    step = sims.step_current(["N0"], amplitude_pA=1, onset_ms=0, rise_ms=300)
    times = np.linspace(0, 400, 41)
    np.testing.assert_allclose(wave(step, times), ramp_factor(times), atol=7e-6)
    assert wave(step, [150.0]) == pytest.approx(0.5)


def test_ramp_pulses_and_sinusoid():
    ramp = sims.ramp_current(["N0"], amplitude_pA=4, onset_ms=10, duration_ms=20)
    np.testing.assert_allclose(wave(ramp), [0, 0, 0, 1, 3.8, 4, 4, 4])
    pulses = sims.pulse_current(
        ["N0"], amplitude_pA=2, width_ms=5, period_ms=20, n_pulses=2, onset_ms=10
    )
    assert pulses.breaks == (10, 15, 30, 35)
    assert wave(pulses, [9, 10, 14, 15, 30, 34, 36, 51]).tolist() == [0, 2, 2, 0, 2, 2, 0, 0]
    sine = sims.sinusoidal_current(["N0"], amplitude_pA=2, frequency_Hz=5, phase_rad=0.3)
    np.testing.assert_allclose(wave(sine, [50.0]), 2 * np.sin(2 * np.pi * 5 * 0.05 + 0.3))


def test_the_frequency_of_a_chirp_is_the_slope_of_its_phase():
    """Upward zero crossings up to t count the cycles: f0 t + (f1 - f0) t² / 2T."""
    chirp = sims.chirp_current(
        ["N0"], amplitude_pA=1, first_frequency_Hz=2, last_frequency_Hz=8, duration_ms=5000
    )
    times = np.arange(0.05, 6000, 0.1)
    signal = wave(chirp, times)
    for t in (2000, 5000):
        inside = signal[times < t]
        crossings = np.count_nonzero((inside[:-1] < 0) & (inside[1:] >= 0))
        cycles = 2 * t / 1e3 + 6 * (t / 1e3) ** 2 / 10
        assert abs(crossings - cycles) <= 1
    assert not signal[times > 5000].any()


def test_noise_has_the_moments_and_the_memory_of_its_process():
    """n independent values: n = duration / (2 correlation time) = 5000.

    Relative standard errors: mean 1/sqrt(n), deviation 1/sqrt(2 n); four of them are allowed.
    """
    noise = sims.noise_current(
        ["N0", "N1"], deviation_pA=3, mean_pA=10, correlation_time_ms=20, duration_ms=2e5,
        sample_ms=2, rng=np.random.default_rng(0),
    )  # fmt: skip
    times = 2.0 * np.arange(100_000)
    first, second = (part.varying(times) for part in noise.parts)
    assert abs(first.mean()) < 4 * 3 / np.sqrt(5000)
    assert first.std() == pytest.approx(3, rel=4 / np.sqrt(10_000))
    for lag in (1, 10, 30):
        correlation = np.corrcoef(first[:-lag], first[lag:])[0, 1]
        assert correlation == pytest.approx(np.exp(-2 * lag / 20), abs=4 / np.sqrt(5000))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(5000)
    assert [part.offset for part in noise.parts] == [10, 10]


def test_noise_repeats_with_its_seed():
    def draw(seed):
        return sims.noise_current(
            ["N0"], deviation_pA=1, correlation_time_ms=5, duration_ms=50,
            rng=np.random.default_rng(seed),
        )  # fmt: skip

    assert draw(1).describe() == draw(1).describe() != draw(2).describe()
    with pytest.raises(ValueError, match="known from 0 to 50 ms"):
        wave(draw(1), [50.5])


def test_a_current_from_a_file(tmp_path, small):
    path = tmp_path / "input.csv"
    path.write_text("time_ms,N0,N1*\n0,0,1\n10,20,1\n20,20,-1\n")
    current = sims.load_current(path).bound(small.connectome).at([5.0, 15.0])
    assert current[:, 0].tolist() == [10, 20]
    # N1* is N1 and N10 to N19.
    assert (current[0] == 1).sum() == 11
    assert not current[1, 1]


def test_a_table_with_a_byte_order_mark_is_read(tmp_path, small):
    """As spreadsheets write it."""
    path = tmp_path / "input.csv"
    path.write_text("time_ms,N0\n0,0\n10,20\n", encoding="utf-8-sig")
    assert sims.load_current(path).bound(small.connectome).at([5.0])[0, 0] == 10


@pytest.mark.parametrize(
    ("content", "kind"), [(b"\xd0\xcf\x11\xe0", "an Excel file"), (b"\x93NUMPY", "a NumPy array")]
)
def test_a_file_of_a_different_format_is_named(tmp_path, content, kind):
    path = tmp_path / "input.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"cannot be decoded as UTF-8: it is {kind}"):
        sims.load_current(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "time_ms"),
        ("t,N0\n0,1\n", "time_ms"),
        ("time_ms,N0,N0\n0,1,1\n1,2,2\n", "each once"),
        ("time_ms,N0\n0,1\n1,x\n", "line 3, N0: 'x'"),
        ("time_ms,N0\n0,1\n1,2,3\n", "line 3: 3 columns"),
        ("time_ms,N0\n0,1\n0,2\n", "increase"),
        ("time_ms,N0\n0,nan\n1,2\n", "values must be finite"),
        ("time_ms,N0\n", "input.csv"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, message):
    path = tmp_path / "input.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        sims.load_current(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: waveforms.Step(neurons=("A",), amplitude=np.nan, onset=0), "amplitude"),
        (lambda: waveforms.Ramp(neurons=("A",), amplitude=1, onset=0, duration=0), "duration"),
        (lambda: waveforms.Step(neurons=("A",), amplitude=1, onset=0, rise=-1), "rise.*>= 0"),
        (
            lambda: sims.pulse_current(
                ["A"], amplitude_pA=1, width_ms=5, period_ms=5, n_pulses=2
            ),
            "width must be below the period of 5",
        ),
        (
            lambda: sims.noise_current(
                ["A"], deviation_pA=1, correlation_time_ms=0, duration_ms=1,
                rng=np.random.default_rng(),
            ),
            "correlation_time_ms",
        ),
    ],
)  # fmt: skip
def test_bad_shapes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


ANY_STEP: Any = sims.step_current  # for arguments that a type checker would reject
ANY_PULSES: Any = sims.pulse_current


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ANY_STEP(["A"], amplitude_pA=np.array([1.0, 2.0])), "one number"),
        (lambda: ANY_STEP(["A"], amplitude_pA=[1.0], onset_ms=1), "one number"),
        (lambda: ANY_STEP(["A"], amplitude_pA="2"), "one number"),
        (lambda: ANY_STEP(["A"], amplitude_pA=None), "one number"),
        (lambda: ANY_STEP(["A"], amplitude_pA=True), "one number"),
        (lambda: ANY_STEP(["A"], amplitude_pA=np.float32("nan")), "finite"),
        (lambda: ANY_STEP([], amplitude_pA=1.0), "neurons is empty"),
        (lambda: ANY_STEP(["A"], amplitude_pA=1.0, rise_ms=5.0), "onset_ms"),
        (
            lambda: ANY_STEP(
                ["A"], amplitude_pA=1.0, onset_ms=0, duration_ms=5, rise_ms=6
            ),
            "at most the duration of 5",
        ),
        (lambda: ANY_STEP(["A"], amplitude_pA=1.0, duration_ms=0), "duration"),
        (lambda: ANY_STEP(["A"], amplitude_pA=1.0, duration_ms=-5), "duration"),
        (lambda: ANY_STEP(["A"], amplitude_pA=1.0, onset_ms=np.nan), "onset"),
        (lambda: sims.sinusoidal_current(["A"], amplitude_pA=1, frequency_Hz=-2), "frequency"),
        (
            lambda: ANY_PULSES(
                ["A"], amplitude_pA=2, width_ms=5, period_ms=20, n_pulses=2.5
            ),
            "whole number",
        ),
        (
            lambda: sims.noise_current(
                ["A", "B", "A"], deviation_pA=1, correlation_time_ms=5, duration_ms=9,
                rng=np.random.default_rng(),
            ),
            "'A' twice",
        ),
        (
            lambda: sims.noise_current(
                ["A"], deviation_pA=1, correlation_time_ms=5, duration_ms=1e12,
                rng=np.random.default_rng(),
            ),
            "Raise sample_ms",
        ),
    ],
)  # fmt: skip
def test_numbers_that_would_be_misread_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="got 3 in it"):
        ANY_STEP(["AVAL", 3], amplitude_pA=1.0)


def test_numpy_numbers_are_numbers():
    given = ANY_STEP(["A"], amplitude_pA=np.float32(2), onset_ms=np.int64(3))
    assert wave(given, [0, 3]).tolist() == [0, 2]


def test_the_shortest_feature_of_a_stimulus():
    pulses = sims.pulse_current(["A"], amplitude_pA=2, width_ms=5, period_ms=7, n_pulses=2)
    sine = sims.sinusoidal_current(["A"], amplitude_pA=2, frequency_Hz=50)
    constant = ANY_STEP(["A"], amplitude_pA=2)
    assert constant.shortest == np.inf
    assert (constant + sine).shortest == 10
    assert (sine + pulses).shortest == 2


def test_a_constant_current_is_named_so():
    (part,) = sims.step_current(["PLML"], amplitude_pA=2000).parts
    assert part.describe() == "Constant(neurons=('PLML',), offset=2000)"
    assert part.steady
    np.testing.assert_array_equal(part.varying(np.arange(3)), np.zeros(3))
