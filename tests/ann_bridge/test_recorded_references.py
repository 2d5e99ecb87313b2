"""Recordings as references: gaps, saturation, artifacts, noise, channels, formats."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron.ann_bridge import tasks
from isochron.ann_bridge.tasks.recording_quality import (
    HIGHEST,
    LOWEST,
    filter_memory,
    noise_share,
    widen,
)
from isochron.files import DataFileError

RATE = 250.0
SECONDS = 20
TIME = np.arange(int(SECONDS * RATE)) / RATE
MEMORY_S = 0.7  # of the filter, at most


def theta(seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(2 * np.pi * 8 * TIME) + 0.02 * rng.normal(size=TIME.size)


def colored_noise(exponent, seed):
    """Gaussian noise with power in proportion to f**-exponent."""
    rng = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(TIME.size)
    frequency[0] = np.inf
    drawn = rng.normal(size=(2, frequency.size))
    return np.fft.irfft((drawn[0] + 1j * drawn[1]) * frequency ** (-exponent / 2), TIME.size)


def within(first, last):
    return (first <= TIME) & (last > TIME)


def usable_at(reference, seconds):
    """Whether the recording is usable at a time; the first second is cut off."""
    return reference.usable[round((seconds - 1) * 1e3 / reference.step_ms)]


def dead(values, where):
    values[where] = 0


def missing(values, where):
    values[where] = np.nan


def saturated(values, where):
    values[where] = 30


def quiet(values, where):
    values[where] *= 1e-3


def burst(values, where):
    values[where] += 50 * np.random.default_rng(1).normal(size=where.sum())


@pytest.mark.parametrize("damage", [dead, missing, saturated, quiet, burst])
def test_a_damaged_stretch_is_not_drawn(damage):
    """Six of twenty seconds are not usable, plus the impulse response of the filter around them."""
    values = theta()
    damage(values, within(8, 14))
    reference = tasks.prepare_recording(values, sampling_Hz=RATE)
    for seconds, usable in ((7.2, True), (8.5, False), (11, False), (13.5, False), (14.8, True)):
        assert usable_at(reference, seconds) == usable
    lost = (1 - reference.usable_share) * (SECONDS - 2)
    assert 6 - MEMORY_S < lost < 6 + 2 * MEMORY_S
    assert f"usable_share={reference.usable_share:.3g}" in repr(reference)
    batch = tasks.PhaseMemory(reference=reference).sample(500, torch.Generator().manual_seed(0))
    amplitude = batch.inputs[:, :, 0].abs().amax(dim=0)
    # A complete recording reaches 1; the impulse response around a gap costs a few percent.
    assert amplitude.min() > 0.9
    assert amplitude.max() < 1.2


def test_the_phase_outside_a_gap_is_right():
    """Against the known phase; the impulse response of the filter around the gap causes 2 %."""
    values = theta()
    missing(values, within(8, 14))
    reference = tasks.prepare_recording(values, sampling_Hz=RATE)
    known = 2 * np.pi * 8 * (1 + 2e-3 * np.arange(reference.phase.size))
    apart = np.angle(np.exp(1j * (reference.phase - known)))
    assert np.abs(apart[reference.usable]).max() < 0.1


def test_a_sound_recording_is_used_whole():
    reference = tasks.prepare_recording(theta(), sampling_Hz=RATE)
    assert reference.usable_share == 1
    assert "usable_share" not in repr(reference)


def test_a_wandering_theta_is_used():
    """The synthetic reference has the statistics of a recorded one; it seldom slips."""
    drawn, _ = tasks.SyntheticTheta(noise_std=0.3).draw(
        2000, 1e3 / RATE, 4, torch.Generator().manual_seed(0)
    )
    for values in drawn.double().numpy().T:
        assert tasks.prepare_recording(values, sampling_Hz=RATE).usable_share > 0.95


def test_a_slip_of_the_phase_is_not_drawn():
    """The phase jumps by half a turn: the amplitude passes through zero."""
    values = np.sin(2 * np.pi * 8 * TIME + np.pi * (TIME > 10))
    reference = tasks.prepare_recording(values, sampling_Hz=RATE)
    assert not usable_at(reference, 10.0)
    assert usable_at(reference, 9.5)
    assert reference.usable_share > 0.98


@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_oscillation(exponent, seed):
    with pytest.raises(ValueError, match="not oscillate between 5 and 12 Hz: its phase leaves"):
        tasks.prepare_recording(colored_noise(exponent, seed), sampling_Hz=RATE)


def test_a_stretch_of_noise_is_not_drawn():
    """Noise with the amplitude of the oscillation, distinguished by its phase only."""
    values = theta() + 0.1 * colored_noise(1, 0) / colored_noise(1, 0).std()
    where = within(8, 14)
    noise = colored_noise(0, 1)
    values[where] = (noise / noise.std() * 3)[where]
    reference = tasks.prepare_recording(values, sampling_Hz=RATE)
    assert reference.usable is not None
    inside = reference.usable[3500:6500]  # 8 to 14 s
    outside = np.concatenate([reference.usable[:2750], reference.usable[7250:]])
    assert inside.mean() < 0.4
    assert outside.mean() > 0.98


def test_bursts_of_an_oscillation_are_used():
    """The silence between them is not used: half of the time, with rise and fall of each burst."""
    on = np.sin(2 * np.pi * 0.25 * TIME) > -0.1
    values = theta() * on + 0.002 * colored_noise(0, 2) / colored_noise(0, 2).std()
    share = tasks.prepare_recording(values, sampling_Hz=RATE).usable_share
    assert 0.4 < share < on.mean() + 0.1


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_unit_does_not_matter(scale):
    values = theta()
    quiet(values, within(8, 14))
    reference = tasks.prepare_recording(scale * values, sampling_Hz=RATE)
    same = tasks.prepare_recording(values, sampling_Hz=RATE)
    np.testing.assert_array_equal(reference.usable, same.usable)
    # Scaling rounds each sample by 1e-16 of itself.
    np.testing.assert_allclose(reference.signal, same.signal, atol=1e-12)


def test_a_recording_that_is_dead_nearly_everywhere():
    values = theta()
    dead(values, ~within(9.8, 10.2))
    with pytest.raises(
        ValueError, match=r"97\.\d % of it is missing for 8\.33 ms or longer, or constant"
    ):
        tasks.prepare_recording(values, sampling_Hz=RATE)


def test_no_stretch_is_as_long_as_a_trial():
    values = theta()
    for start in range(0, SECONDS, 2):
        missing(values, within(start, start + 0.2))
    reference = tasks.prepare_recording(values, sampling_Hz=RATE)
    task = tasks.PhaseMemory(reference=reference, duration_ms=2000.0)
    with pytest.raises(ValueError, match=r"oscillates for .* % of its length, but nowhere for the"):
        task.sample(1, torch.Generator().manual_seed(0))


def test_the_limits_of_the_amplitude_are_quantiles_of_noise():
    """Rayleigh amplitudes: P(A < x median) = 1 - 2**-x²."""
    np.testing.assert_allclose(1 - 2 ** -(LOWEST**2), 0.01, rtol=1e-12)
    np.testing.assert_allclose(2 ** -(HIGHEST**2), 1e-5, rtol=1e-12)


def test_the_share_of_noise_against_a_simulation():
    """Rice's formula; 60 noises of 18 s scatter by 0.012 each, so their mean by 0.0016."""
    from scipy import signal

    band = (5.0, 12.0)
    sections: Any = signal.butter(4, band, "bandpass", fs=RATE, output="sos")
    shares = []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=TIME.size)
        analytic = np.asarray(signal.hilbert(signal.sosfiltfilt(sections, noise)))[250:-250]
        turning = np.angle(analytic[1:] * analytic[:-1].conj()) * RATE / (2 * np.pi)
        shares.append(np.mean((turning < band[0]) | (turning > band[1])))
    assert noise_share(sections, RATE, band) == pytest.approx(np.mean(shares), abs=0.006)
    assert 0.2 < filter_memory(sections, RATE) / RATE < MEMORY_S


def test_marks_are_widened_to_both_sides():
    marked = np.zeros(9, dtype=bool)
    marked[[0, 5]] = True
    assert widen(marked, 2).tolist() == [True, True, True, True, True, True, True, True, False]
    assert not widen(np.zeros(4, dtype=bool), 2).any()


# Channels and formats.


def test_a_column_is_a_recording_and_several_need_a_choice():
    one = tasks.prepare_recording(theta(), sampling_Hz=RATE)
    column = tasks.prepare_recording(theta()[:, None], sampling_Hz=RATE)
    np.testing.assert_array_equal(one.signal, column.signal)
    two = np.stack([np.zeros(TIME.size), theta()], axis=1)
    with pytest.raises(ValueError, match=r"has 2 channels, shape \(5000, 2\); choose one: channel"):
        tasks.prepare_recording(two, sampling_Hz=RATE)
    chosen = tasks.prepare_recording(two, sampling_Hz=RATE, channel=1)
    np.testing.assert_array_equal(one.signal, chosen.signal)
    with pytest.raises(ValueError, match="channel must be a whole number from 0 to 1, got 2"):
        tasks.prepare_recording(two, sampling_Hz=RATE, channel=2)
    with pytest.raises(ValueError, match=r"got \(2, 5000\). Time is the first dimension"):
        tasks.prepare_recording(two.T, sampling_Hz=RATE)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(TIME > 5, np.inf, TIME), "infinite and 0 missing"),
        (theta().astype(complex), "one real number a sample, got complex128"),
        (np.array(["a"] * 9), "one real number"),
    ],
)
def test_other_values_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        tasks.prepare_recording(values, sampling_Hz=RATE)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(200), r"a MATLAB 5 file\. .*scipy\.io\.loadmat"),
        ("a.csv", b"0.1,0.2\n0.3,0.4\n", r"a table\. .*numpy\.loadtxt"),
        ("a.txt", b"0.1\n0.2\n", r"text\. .*numpy\.loadtxt"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(20), r"an HDF5 file\. .*h5py"),
        ("a.npz", b"PK\x03\x04" + bytes(26) + b"x.npy", "several arrays"),
        ("a.xlsx", b"PK\x03\x04" + bytes(40), "an Excel file"),
        ("a.pkl", b"\x80\x04\x95", "pickled Python objects"),
        ("a.json", b'{"a": 1}', "JSON"),
        ("a.npy", b"", "empty"),
        ("a.npy", b"\x80", "not a .npy file of numbers"),
        ("a.csv", "0.1\n".encode("utf-16"), "text in UTF-16"),
        ("a.bin", bytes(range(256)), "not a .npy file of numbers"),
    ],
)
def test_a_file_is_named_for_what_it_is(tmp_path, name, content, kind):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=kind) as caught:
        tasks.load_recording(path, sampling_Hz=RATE)
    if "pickled" not in kind:
        assert "pickle" not in str(caught.value)


def test_objects_in_a_npy_file(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(DataFileError, match="contains Python objects"):
        tasks.load_recording(path, sampling_Hz=RATE)
    np.save(path, theta()[:, None])
    assert tasks.load_recording(path, sampling_Hz=RATE).usable_share == 1


# The frequency is that of the usable samples.

LONG = np.arange(30_000) / 500
LONG_RATE = 500.0


def long_theta(frequency_Hz=8.0, noise=0.2):
    noise = noise * np.random.default_rng(0).normal(size=LONG.size)
    return np.sin(2 * np.pi * frequency_Hz * LONG) + noise


def prepare_long(values, **options):
    return tasks.prepare_recording(values, sampling_Hz=LONG_RATE, **options)


def spiked(values, _):
    values[np.random.default_rng(1).choice(LONG.size, 12, replace=False)] = -9999


def held(values, where):
    values[where] = values[where][0]


@pytest.mark.parametrize("frequency_Hz", [6.0, 8.0, 11.0])
@pytest.mark.parametrize("damage", [dead, missing, saturated, held, spiked])
def test_the_frequency_is_that_of_the_usable_samples(damage, frequency_Hz):
    """Half of a minute is lost; 1 % is a third of a turn in each of a dozen short stretches."""
    values = long_theta(frequency_Hz)
    damage(values, (LONG >= 20) & (LONG < 50))
    reference = prepare_long(values)
    assert reference.usable_share < 0.8
    assert reference.frequency_Hz == pytest.approx(frequency_Hz, rel=0.01)
    task = tasks.PhaseMemory(reference=reference)
    assert task.reference_input is not None
    assert task.reference_input.frequency_Hz == reference.frequency_Hz


def test_two_frequencies_with_a_gap_have_their_mean():
    """Mean over usable time: 10 s of 6 Hz and 20 s of 9 Hz."""
    step_ms, advance = 2.0, np.zeros(20_000)
    advance[:5_000], advance[5_000:10_000], advance[10_000:] = 6, 100, 9
    phase = 2 * np.pi * 1e-3 * step_ms * np.cumsum(advance)
    usable = advance != 100
    reference = tasks.RecordedReference(np.sin(phase), phase, step_ms, usable)
    # The step after the gap is not between two usable samples; that changes 1 of 15,000.
    assert reference.frequency_Hz == pytest.approx(8.0, rel=1e-4)
    none = tasks.RecordedReference(np.sin(phase), phase, step_ms, usable & (phase < 0))
    with pytest.raises(ValueError, match="no two neighboring samples are usable"):
        _ = none.frequency_Hz


# Masks and short gaps.


def test_masked_samples_are_missing():
    """In a vector, and in one channel of several."""
    where = (LONG >= 20) & (LONG < 30)
    values, known = long_theta(), long_theta()
    missing(known, where)
    values[where] = np.random.default_rng(2).normal(size=where.sum())
    expected = prepare_long(known)
    masked = np.ma.masked_array(values, mask=where)
    for given in (masked, masked[:, None], np.ma.stack([masked, masked + 1], axis=1)):
        found = prepare_long(given, channel=0)
        np.testing.assert_array_equal(found.usable, expected.usable)
        np.testing.assert_array_equal(found.signal, expected.signal)
    counts = np.ma.masked_array((1000 * values).astype(np.int32), mask=where)
    np.testing.assert_array_equal(prepare_long(counts).usable, expected.usable)
    with pytest.raises(ValueError, match="0 infinite and 30000 missing of 30000"):
        prepare_long(np.ma.masked_all(LONG.size))


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_scattered_missing_samples_are_interpolated(share):
    """Phase error 0.1: a straight line over 6 ms at 8 Hz departs by 1 %, the noise adds to it."""
    values = long_theta(noise=0.05)
    lost = np.random.default_rng(3).random(LONG.size) < share
    lost[1:] &= ~lost[:-1]
    values[lost] = np.nan
    reference = prepare_long(values)
    assert reference.usable_share == 1
    known = 2 * np.pi * 8 * (1 + 2e-3 * np.arange(reference.phase.size))
    apart = np.angle(np.exp(1j * (reference.phase - known)))
    assert np.abs(apart).max() < 0.1


def test_noise_of_the_amplitude_of_the_recording_is_seldom_drawn():
    """Ten seconds of white noise, low in the band; a tenth of it passed when slips at low
    amplitude did not count. Over seeds, at most 3.2 % of all samples are wrong."""
    wrong = []
    for seed in range(3):
        values, where = long_theta(), (LONG >= 20) & (LONG < 30)
        values[where] = np.random.default_rng(seed).normal(size=where.sum())
        reference = prepare_long(values)
        known = 2 * np.pi * 8 * (1 + 2e-3 * np.arange(reference.phase.size))
        apart = np.abs(np.angle(np.exp(1j * (reference.phase - known))))
        wrong.append(np.mean(np.asarray(reference.usable) & (apart > 0.8)))
    assert np.mean(wrong) < 0.04


# Steps, drifts, spikes, hum, units that change; times.


def known_error(reference):
    """Largest error of the phase at usable samples; of a sine of 8 Hz that starts at 0."""
    known = (
        2
        * np.pi
        * 8
        * (reference.first_s + 1e-3 * reference.step_ms * np.arange(reference.phase.size))
    )
    apart = np.angle(np.exp(1j * (reference.phase - known)))
    return np.abs(apart[reference.usable]).max()


def many_steps(values):
    return values + 10 * ((LONG > 15).astype(float) - (LONG > 22) + (LONG > 40))


DISTURBED = {
    "hum": (lambda values: values + 50 * np.sin(2 * np.pi * 50 * LONG), 1.0),
    "drift": (lambda values: values + 1000 * LONG, 1.0),
    "spike": (lambda values: values + 1e5 * (np.arange(LONG.size) == 7000), 0.95),
    "step": (lambda values: values + 6 * (LONG > 30), 0.95),
    "steps": (many_steps, 0.85),
    "unit": (lambda values: values * np.where(LONG > 40, 1e3, 1.0), 0.6),
    "gain": (lambda values: values * np.where(LONG > 30, 5.0, 1.0), 0.9),
}


@pytest.mark.parametrize("kind", DISTURBED)
def test_a_disturbed_recording_is_right_where_it_is_used(kind):
    """The noise of 0.2 moves the phase by less than 0.3; a step of 10 would, by 2.5."""
    disturb, least = DISTURBED[kind]
    reference = prepare_long(disturb(long_theta()))
    assert least - 0.05 < reference.usable_share <= 1
    assert known_error(reference) < 0.45


def test_the_times_of_what_is_not_used_are_stated():
    """A gap from 20 to 24 s and a step at 40 s, each with the memory of the filter."""
    values = long_theta() + 10 * (LONG > 40)
    values[(LONG >= 20) & (LONG < 24)] = np.nan
    gap, step = prepare_long(values).unusable_stretches
    assert gap == pytest.approx((20, 24), abs=MEMORY_S)
    assert step == pytest.approx((40, 40), abs=MEMORY_S)
    assert gap[0] < 20 < 24 < gap[1]
    assert prepare_long(long_theta()).unusable_stretches == ()


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e6])
def test_even_times_next_to_a_recording_are_accepted(unit):
    table = np.stack([unit * TIME, theta()], axis=1)
    assert tasks.prepare_recording(table, sampling_Hz=RATE, channel=1).usable_share == 1


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.where(TIME < 10, TIME, 2 * TIME - 10), "Column 0 .* from sample 2500 to 2501"),
        (np.where(TIME < 10, TIME, TIME + 5), "Column 0 .* from sample 2499 to 2500"),
        (np.where(TIME < 10, TIME, 1.2 * TIME - 2), r"from 0\.004 to 0\.0048: the sampling rate"),
        (2 * TIME, r"125, 1.25e\+05, 1.25e\+08 Hz if .*sampling_Hz=250"),
    ],
)
def test_times_that_do_not_fit_are_named(times, message):
    with pytest.raises(ValueError, match=message):
        tasks.prepare_recording(np.stack([times, theta()], axis=1), sampling_Hz=RATE, channel=1)


# Options.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"band_Hz": (8,)}, r"two frequencies in Hz, such as \(5\.0, 12\.0\), got \(8,\)"),
        ({"band_Hz": "theta"}, "two frequencies in Hz.*got 'theta'"),
        ({"band_Hz": 8.0}, r"two frequencies in Hz.*got 8\.0"),
        ({"band_Hz": (4, 8, 12)}, r"two frequencies in Hz.*got \(4, 8, 12\)"),
        ({"band_Hz": (12, 5)}, r"0 < low < high < 125, half of sampling_Hz=250\.0; got"),
        ({"channel": 1.0}, r"channel must be a whole number from 0 to 0, got 1\.0"),
        ({"channel": True}, "channel must be a whole number from 0 to 0, got True"),
        ({"sampling_Hz": -3}, "sampling_Hz must be a positive number of Hz, got -3"),
        ({"sampling_Hz": "1 kHz"}, "sampling_Hz must be a positive number of Hz, got '1 kHz'"),
        ({"sampling_Hz": np.nan}, "sampling_Hz must be a positive number of Hz, got nan"),
    ],
)
def test_an_option_of_a_recording_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        tasks.prepare_recording(theta(), **{"sampling_Hz": RATE} | options)
