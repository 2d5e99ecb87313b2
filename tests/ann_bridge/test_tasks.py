"""Every task draws trials as in its docstring. 4000 trials: 3 sigma of a fraction are 0.024."""

import matplotlib as mpl
import numpy as np
import pytest
import torch

from isochron.ann_bridge import tasks
from isochron.ann_bridge.tasks.references import RecordedReference

ALL = [
    tasks.PhaseMemory(),
    tasks.PhaseMemory(offsets=tasks.even_offsets(4), reference=tasks.SyntheticTheta()),
    tasks.LevelMemory(),
    tasks.LevelMemory(levels=(0.1, 0.7, -0.3), reference=tasks.SyntheticTheta()),
    tasks.FixedPhase(n_stimuli=3),
    tasks.ReferenceFreeMemory(),
    tasks.DelayedMatchToSample(),
    tasks.DelayedMatchToSample(n_stimuli=5, match_probability=0.2),
    tasks.DelayedComparison(),
    tasks.ParametricWorkingMemory(heights=(0.0, 3.0)),
    tasks.Sternberg(),
    tasks.FlipFlop(),
    tasks.FlipFlop(n_bits=1),
    tasks.ReadySetGo(),
    tasks.ReadySetGo(interval_ms=(60.0, 200.0)),
]
TRIALS = 4000


@pytest.fixture
def draw(device):
    """Trials of a task, on the device under test."""
    return lambda task, batch=TRIALS, seed=0: task.sample(
        batch, torch.Generator(device).manual_seed(seed)
    )


@pytest.fixture
def arrays(draw):
    """Trials of a task as arrays."""
    return lambda task, **options: [tensor.cpu().numpy() for tensor in draw(task, **options)]


@pytest.mark.parametrize("task", ALL, ids=lambda task: type(task).__name__)
def test_shapes_and_seeds(draw, task):
    trials = draw(task, 7)
    outputs = (task.n_outputs,) if task.n_outputs > 1 else ()
    assert trials.inputs.shape == (task.n_steps, 7, task.n_inputs)
    assert trials.targets.shape == (task.n_steps, 7, *outputs)
    assert trials.mask.shape == (task.n_steps, 7)
    assert all(tensor.dtype == torch.float32 for tensor in trials)
    assert (trials.mask.sum(dim=0) > 0).all()
    assert set(trials.mask.unique().tolist()) == {0.0, 1.0}
    for tensor, same, other in zip(trials, draw(task, 7), draw(task, 7, 1), strict=True):
        assert torch.equal(tensor, same)
        assert tensor is trials.mask or not torch.equal(tensor, other)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        draw(task, 0)


@pytest.mark.parametrize("task", ALL, ids=lambda task: type(task).__name__)
def test_no_constant_output_beats_chance_and_the_best_scores_it(draw, task):
    """The best constant is the masked mean; its loss is found from the trials themselves."""
    trials = draw(task)
    mask = trials.mask if task.n_outputs == 1 else trials.mask[..., None]
    mean = (mask * trials.targets).sum(dim=(0, 1)) / mask.sum(dim=(0, 1))
    best = tasks.masked_loss(mean.expand_as(trials.targets), trials).item()
    assert best == pytest.approx(task.chance, rel=0.03)
    shifted = tasks.masked_loss((mean + 0.1).expand_as(trials.targets), trials).item()
    assert shifted == pytest.approx(best + 0.01, rel=1e-3)


def test_a_loss_over_several_outputs_is_their_mean():
    trials = tasks.Trials(torch.zeros(2, 1, 1), torch.tensor([[[1.0, 3]], [[9, 9]]]),
                          torch.tensor([[1.0], [0]]))  # fmt: skip
    assert tasks.masked_loss(torch.zeros(2, 1, 2), trials).item() == 5


def pulses(signal):
    """Height, first step and length of the first pulse in each trial, shape (n_steps, batch)."""
    on = signal != 0
    first = on.argmax(axis=0)
    return signal.max(axis=0), first, on.sum(axis=0)


def test_match_to_sample_asks_for_what_was_shown(arrays):
    task = tasks.DelayedMatchToSample(n_stimuli=3, match_probability=0.3)
    inputs, targets, mask = arrays(task)
    assert set(np.unique(inputs)) == {0.0, 1.0}
    assert inputs.sum(axis=2).max() == 1
    batch = np.arange(TRIALS)
    shown = inputs.any(axis=2)
    sample = inputs[5].argmax(axis=1)  # 100 ms of lead are 5 steps
    test_ends = len(shown) - 1 - shown[::-1].argmax(axis=0)
    test = inputs[test_ends, batch].argmax(axis=1)
    answer = targets.sum(axis=0) / mask.sum(axis=0)
    np.testing.assert_array_equal(answer, np.where(sample == test, 1, -1))
    np.testing.assert_allclose((answer > 0).mean(), 0.3, atol=0.025)
    np.testing.assert_allclose(np.bincount(sample) / TRIALS, 1 / 3, atol=0.025)
    pairs = np.unique(np.stack([sample, test]), axis=1)
    assert pairs.shape == (2, 9)
    # The answer counts for 10 steps, from the end of the test on.
    np.testing.assert_array_equal(mask.argmax(axis=0), test_ends + 1)
    np.testing.assert_array_equal(mask.sum(axis=0), 10)
    delay = test_ends - 9 - 15
    assert set(delay) == set(range(20, 41))
    np.testing.assert_allclose(delay.mean(), 30, atol=0.3)


def test_comparison_tells_the_higher(arrays):
    task = tasks.DelayedComparison()
    inputs, targets, mask = arrays(task)
    signal = inputs[..., 0]
    first = signal[5]
    second = np.where(np.arange(task.n_steps)[:, None] >= 15, signal, 0).max(axis=0)
    answer = targets.sum(axis=0) / mask.sum(axis=0)
    np.testing.assert_array_equal(answer, np.sign(second - first))
    assert min(first.min(), second.min()) >= 0.5
    assert max(first.max(), second.max()) <= 1.5
    difference = np.abs(second - first)
    assert difference.min() >= 0.2 - 1e-6
    np.testing.assert_allclose(difference.mean(), 0.6, atol=0.012)  # uniform in [0.2, 1]
    np.testing.assert_allclose((answer > 0).mean(), 0.5, atol=0.025)


def test_parametric_memory_returns_the_height(arrays):
    inputs, targets, mask = arrays(tasks.ParametricWorkingMemory())
    height, onset, length = pulses(inputs[..., 0])
    assert set(onset) == {5}
    assert set(length) == {10}
    np.testing.assert_array_equal(targets, mask * height)
    np.testing.assert_allclose([height.mean(), height.std()], [1, 12**-0.5], atol=0.015)
    cue, start, length = pulses(inputs[..., 1])
    assert set(cue) == {1.0}
    assert set(length) == {10}
    np.testing.assert_array_equal(mask.argmax(axis=0), start + 10)


def test_sternberg_knows_the_set(arrays):
    task = tasks.Sternberg()
    inputs, targets, mask = arrays(task)
    cue = inputs[..., -1].astype(bool)
    items = (inputs[..., :-1] * ~cue[..., None]).any(axis=0)  # (trial, item)
    probe = (inputs[..., :-1] * cue[..., None]).any(axis=0)
    np.testing.assert_array_equal(probe.sum(axis=1), 1)
    answer = targets.sum(axis=0) / mask.sum(axis=0)
    np.testing.assert_array_equal(answer > 0, (items & probe).any(axis=1))
    sizes = np.bincount(items.sum(axis=1), minlength=4) / TRIALS
    np.testing.assert_allclose(sizes, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.025)
    np.testing.assert_allclose((answer > 0).mean(), 0.5, atol=0.025)
    np.testing.assert_allclose(probe.mean(axis=0), 1 / 6, atol=0.02)
    # Items follow each other without a gap up to the delay; one at a time.
    assert inputs[..., :-1].sum(axis=2).max() == 1
    assert (inputs[25:35].sum(axis=(0, 2)) == 10).all()
    # Each item of a set is probed equally often, the last as the first.
    full = items.sum(axis=1) == 3
    last = inputs[30, :, :-1].astype(bool)
    asked = full & (answer > 0)
    np.testing.assert_allclose((last & probe).any(axis=1)[asked].mean(), 1 / 3, atol=0.06)


def test_flip_flops_hold_the_last_pulse(arrays):
    """Against a loop over the steps."""
    task = tasks.FlipFlop()
    inputs, targets, mask = arrays(task, batch=300)
    held = np.zeros(inputs.shape[1:])
    for t, now in enumerate(inputs):
        held = np.where(now != 0, now, held)
        np.testing.assert_array_equal(targets[t], held)
    np.testing.assert_array_equal(mask, ~(inputs != 0).any(axis=2))
    assert set(np.unique(inputs)) == {-1.0, 0.0, 1.0}
    assert (inputs[:3] != 0).all()
    # A step is free of pulses if none started in it or the two before: (1 - 20/500)^3.
    np.testing.assert_allclose((inputs[3:] == 0).mean(), 0.96**3, atol=0.01)


def test_ready_set_go_ramps_for_the_interval(arrays):
    task = tasks.ReadySetGo()
    inputs, targets, mask = arrays(task)
    (_, ready, length), (_, go, _) = pulses(inputs[..., 0]), pulses(inputs[..., 1])
    assert set(length) == {3}
    interval = go - ready
    assert set(interval) == set(range(20, 41))
    assert set(ready) == set(range(5, 16))
    batch = np.arange(TRIALS)
    np.testing.assert_array_equal(mask.argmax(axis=0), go)
    np.testing.assert_array_equal(mask.sum(axis=0), interval + 1)
    np.testing.assert_array_equal(targets[go, batch], 0)
    np.testing.assert_array_equal(targets[go + interval, batch], 1)
    half = targets[go + interval // 2, batch]
    np.testing.assert_allclose(half, (interval // 2) / interval, rtol=1e-6)


def test_offsets_are_those_of_the_paper():
    np.testing.assert_allclose(tasks.even_offsets(2), [-0.1, -0.6])
    np.testing.assert_allclose(tasks.even_offsets(4), [-0.1, -0.35, -0.6, -0.85])


def theta(n_steps=1000, batch=2000, **settings):
    reference = tasks.SyntheticTheta(**settings)
    drawn = reference.draw(n_steps, 2.0, batch, torch.Generator().manual_seed(0))
    return [tensor.double().numpy() for tensor in drawn]


def test_synthetic_phase_diffuses():
    signal, phase = theta(noise_std=0.0, amplitude_std=0.0, phase_diffusion=3.0)
    np.testing.assert_allclose(signal, np.sin(phase), atol=1e-4)
    advance = phase[500] - phase[0]  # 1 s: mean 2 pi f, variance 2 D; errors of 2000 draws
    np.testing.assert_allclose(advance.mean(), 2 * np.pi * 8.4, atol=4 * np.sqrt(6 / 2000))
    np.testing.assert_allclose(advance.var(), 6, rtol=4 * np.sqrt(2 / 2000))
    assert abs(np.exp(1j * phase[0]).mean()) < 0.09


def test_synthetic_amplitude_is_an_ornstein_uhlenbeck_process():
    signal, phase = theta(noise_std=0.0, phase_diffusion=0.0)
    sine = np.sin(phase)
    amplitude = np.where(np.abs(sine) > 0.5, signal / sine, np.nan)
    np.testing.assert_allclose(np.nanmean(amplitude, axis=1), 1, atol=4 * 0.17 / 30)
    np.testing.assert_allclose(np.nanstd(amplitude, axis=1), 0.17, rtol=0.15)
    lag = 250  # 500 ms, the correlation time
    a, b = amplitude[:-lag].ravel() - 1, amplitude[lag:].ravel() - 1
    both = np.isfinite(a) & np.isfinite(b)
    correlation = (a * b)[both].mean() / 0.17**2
    np.testing.assert_allclose(correlation, np.exp(-1), atol=0.05)


def test_synthetic_noise_is_one_over_f():
    signal, _ = theta(n_steps=2000, amplitude=0.0, amplitude_std=0.0, noise_std=0.3)
    np.testing.assert_allclose(signal.std(), 0.3, rtol=0.02)
    power = (np.abs(np.fft.rfft(signal * np.hanning(2000)[:, None], axis=0)) ** 2).mean(axis=1)
    frequency = np.fft.rfftfreq(2000, 2e-3)
    assert power[frequency < 6].max() < 1e-2 * power[(frequency > 8) & (frequency < 9)].min()
    band = (frequency > 10) & (frequency < 200)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    np.testing.assert_allclose(slope, -1, atol=0.02)


def test_noise_that_no_step_resolves_is_refused(draw):
    theta = tasks.SyntheticTheta(frequency_Hz=2.0, noise_above_Hz=9.0)
    task = tasks.PhaseMemory(step_ms=100.0, reference=theta)
    with pytest.raises(ValueError, match="needs a step below 55"):
        draw(task, 1)


def test_the_target_follows_the_phase_of_the_reference(arrays):
    reference = tasks.SyntheticTheta(noise_std=0.0, amplitude_std=0.0)
    inputs, targets, mask = arrays(tasks.PhaseMemory(offsets=(0.0,), reference=reference))
    np.testing.assert_allclose(targets, inputs[..., 0], atol=1e-5)
    assert mask.min() == 0


@pytest.mark.parametrize("sampling_Hz", [1250.0, 333.0])
def test_the_phase_of_a_recorded_sine_is_known(arrays, tmp_path, sampling_Hz):
    """Linear interpolation between samples errs by (2 pi f / sampling)² / 8, 0.3 % at most."""
    time = np.arange(int(10 * sampling_Hz)) / sampling_Hz
    drift = 0.5 * np.sin(2 * np.pi * 0.3 * time)
    np.save(tmp_path / "lfp.npy", 40 + 250 * np.sin(2 * np.pi * 8.0 * time + 1.0) + drift)
    reference = tasks.load_recording(tmp_path / "lfp.npy", sampling_Hz=sampling_Hz)
    start = 1.0
    known = 2 * np.pi * 8.0 * (start + 2e-3 * np.arange(len(reference.phase))) + 1.0
    apart = np.angle(np.exp(1j * (reference.phase - known)))
    assert np.abs(apart).max() < 0.01
    np.testing.assert_allclose(reference.signal, np.sin(known), atol=0.01)
    inputs, targets, _ = arrays(tasks.PhaseMemory(offsets=(0.25,), reference=reference), batch=50)
    np.testing.assert_allclose(inputs[..., 0] ** 2 + targets**2, 1, atol=0.03)


def sine(seconds=5, rate=1000.0):
    return np.sin(2 * np.pi * 8 * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (sine(2), {}, "3 s or longer"),
        (sine()[None], {}, r"shape \(n_samples,\)"),
        (sine() * np.nan, {}, "finite"),
        (np.ones(5000), {}, "does not oscillate"),
        (sine(), {"sampling_Hz": 20.0}, "band_Hz"),
        (sine(), {"band_Hz": (9.0, 8.0)}, "band_Hz"),
        (sine(), {"step_ms": 100.0}, "step_ms"),
    ],
)
def test_a_recording_that_does_not_serve_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        tasks.prepare_recording(values, **{"sampling_Hz": 1000.0, **options})


def test_a_recording_must_fit_the_task(draw, tmp_path):
    reference = tasks.prepare_recording(sine(), sampling_Hz=1000.0, step_ms=1.0)
    with pytest.raises(ValueError, match="steps of 1 ms, the task has 2 ms"):
        draw(tasks.PhaseMemory(reference=reference), 1)
    short = RecordedReference(np.zeros(10), np.zeros(10), 2.0)
    with pytest.raises(ValueError, match="10 steps, a trial needs 400"):
        draw(tasks.PhaseMemory(reference=short), 1)
    (tmp_path / "a.npy").write_text("theta")
    with pytest.raises(ValueError, match="not a .npy file"):
        tasks.load_recording(tmp_path / "a.npy", sampling_Hz=1000.0)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (tasks.DelayedMatchToSample, {"n_stimuli": 1}, "n_stimuli"),
        (tasks.DelayedMatchToSample, {"match_probability": 1.0}, "match_probability"),
        (tasks.DelayedMatchToSample, {"sample_ms": 5.0}, "sample_ms must be at least a step"),
        (tasks.DelayedMatchToSample, {"delay_ms": (500.0, 300.0)}, "delay_ms"),
        (tasks.DelayedComparison, {"smallest_difference": 1.5}, "smallest_difference"),
        (tasks.ParametricWorkingMemory, {"heights": (1.0, 1.0)}, "nothing to remember"),
        (tasks.Sternberg, {"n_items": 3}, "n_items must be a whole number, at least 4"),
        (tasks.Sternberg, {"largest_set": 0}, "largest_set"),
        (tasks.FlipFlop, {"n_bits": True}, "n_bits"),
        (tasks.FlipFlop, {"mean_interval_ms": 60.0}, "mean_interval_ms"),
        (tasks.FlipFlop, {"duration_ms": 80.0}, "duration_ms"),
        (tasks.ReadySetGo, {"interval_ms": (20.0, 90.0)}, "interval_ms"),
        (tasks.ReadySetGo, {"step_ms": float("nan")}, "step_ms"),
        (tasks.SyntheticTheta, {"noise_std": -1.0}, "noise_std"),
        (tasks.SyntheticTheta, {"amplitude_time_ms": 0.0}, "amplitude_time_ms"),
    ],
)
def test_a_bad_task_is_refused(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        kind(**fields)


@pytest.mark.parametrize("task", [tasks.FlipFlop(), tasks.DelayedComparison()])
def test_a_trial_is_drawn(draw, task):
    mpl.use("agg")
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    trials = draw(task, 3)
    assert tasks.plot_trial(trials, index=2, step_ms=task.step_ms, ax=ax) is ax
    drawn = [line.get_ydata() for line in ax.lines]
    assert len(drawn) == task.n_inputs + task.n_outputs
    np.testing.assert_array_equal(drawn[0], trials.inputs[:, 2, 0])
    expected = trials.targets[:, 2] if task.n_outputs == 1 else trials.targets[:, 2, -1]
    np.testing.assert_array_equal(drawn[-1], expected)
    assert np.max(ax.lines[0].get_xdata()) == (task.n_steps - 1) * task.step_ms
    assert ax.get_xlabel() == "time (ms)"


@pytest.mark.parametrize("step_ms", [2.0, 1.0])
def test_a_reference_that_steps_cannot_follow_is_refused(step_ms):
    """Sampled at two steps a period or fewer, it would be an oscillation of a lower frequency."""
    nyquist = 500 / step_ms
    phase_memory = tasks.PhaseMemory(frequency_Hz=0.98 * nyquist, step_ms=step_ms)
    assert phase_memory.sample(2, torch.Generator()).inputs.isfinite().all()
    with pytest.raises(ValueError, match=f"below {nyquist:g} Hz, half the sampling frequency"):
        tasks.PhaseMemory(frequency_Hz=nyquist, step_ms=step_ms)
    theta = tasks.PhaseMemory(
        reference=tasks.SyntheticTheta(frequency_Hz=1.2 * nyquist), step_ms=step_ms
    )
    with pytest.raises(ValueError, match="half the sampling frequency"):
        theta.sample(2, torch.Generator())
