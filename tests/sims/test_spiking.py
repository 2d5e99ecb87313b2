from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp

from isochron import connectome, sims
from isochron.sims.engines.brian2_session import import_brian2
from isochron.sims.spiking import (
    C302_A,
    C302_B,
    AdaptiveExponential,
    LeakyIntegrateAndFire,
    SpikingNetwork,
    SpikingParameters,
    TwoExponentialSynapses,
    compute_rates,
    run_spiking,
)

brian2 = import_brian2()
QUIET = sims.Stimulus()
run_numpy = partial(run_spiking, codegen_target="numpy")


def wired(n, *, chemical=(), gap=(), signs=None):
    """Neurons N0, N1, ... with connections (post, pre, weight)."""
    synapses, junctions = np.zeros((n, n)), np.zeros((n, n))
    for post, pre, weight in chemical:
        synapses[post, pre] = weight
    for i, j, weight in gap:
        junctions[[i, j], [j, i]] = weight
    return connectome.Connectome(
        name="made",
        neurons=tuple(f"N{i}" for i in range(n)),
        muscles=(),
        chemical=synapses,
        gap=junctions,
        neuromuscular=np.zeros((0, n)),
        source=connectome.Source(weight_unit="contacts"),
        signs=None if signs is None else np.array(signs, dtype=np.int8),
    )


def currents(*amplitudes_pA):
    total = sims.Stimulus()
    for i, amplitude in enumerate(amplitudes_pA):
        total += sims.step_current([f"N{i}"], amplitude_pA=amplitude)
    return total


def spike_times(run, i):
    return run.spike_time.values[run.spike_neuron.values == i]


def test_an_integrator_fires_above_its_threshold_current_only():
    """g_L (threshold - E_L) = 0.1 nS * 20 mV = 2 pA."""
    network = SpikingNetwork(wired(3), C302_A)
    run = run_numpy(network, currents(1.99, 2.0, 2.01), duration_s=0.4)
    assert run.rate.values[:2].tolist() == [0, 0]
    assert run.rate.values[2] > 0


@pytest.mark.parametrize("refractory", [0.0, 4.0])
def test_the_period_of_an_integrator_is_the_closed_form(refractory):
    """T = refractory + tau log(I / (I - 2 pA)), tau = 30 ms, rounded up to the grid of steps."""
    step, drive = 0.05, np.array([2.2, 3.0, 6.0, 20.0])
    neuron = LeakyIntegrateAndFire(refractory_period=refractory)
    network = SpikingNetwork(wired(4), SpikingParameters(neuron=neuron))
    run = run_numpy(network, currents(*drive), duration_s=0.3, step_ms=step)
    for i, period in enumerate(refractory + 30 * np.log(drive / (drive - 2))):
        intervals = np.diff(spike_times(run, i))
        assert len(intervals) >= 2
        late = intervals - period
        assert np.all((late > -1e-9) & (late < step + 1e-9))
        assert spike_times(run, i)[0] + refractory == pytest.approx(intervals[0])


def test_the_rate_is_the_number_of_spikes_a_second():
    network = SpikingNetwork(wired(2), C302_A)
    run = run_numpy(network, currents(6.0, 0.0), duration_s=0.25)
    assert run.rate.values.tolist() == [len(run.spike_time) / 0.25, 0]
    assert run.rate.attrs["units"] == "Hz"


def fast_follower(**synapses):
    """A neuron whose potential shows its conductance: tau = 0.01 ms."""
    neuron = LeakyIntegrateAndFire(capacitance=0.01, leak_conductance=1.0, threshold=-10)
    return SpikingParameters(neuron=neuron, synapses=TwoExponentialSynapses(**synapses))


@pytest.mark.parametrize(("sign", "reversal"), [(1, 0.0), (-1, -80.0)])
def test_one_spike_opens_the_published_conductance(sign, reversal):
    """N0 starts far above threshold and so spikes in the first step; N1 shows g(t).

    Its peak is weight * 0.01 nS, log(10/3) / (1/3 - 1/10) = 5.160 ms after the spike. As
    the potential follows within 0.01 ms, g is known from it to about 0.01 / 3.
    """
    graph = wired(2, chemical=[(1, 0, 7)], signs=[[0, 0], [sign, 0]])
    network = SpikingNetwork(graph, fast_follower())
    run = run_numpy(
        network,
        QUIET,
        duration_s=0.03,
        step_ms=0.01,
        record=["V"],
        record_every_ms=0.01,
        initial_potentials=[1000, -50],
    )
    assert spike_times(run, 0).tolist() == [0.01]
    v = run.V.values[:, 1]
    opened = (v + 50) / (reversal - v)
    t = run.time.values - 0.01
    bracket = np.exp(-t / 10) - np.exp(-t / 3)
    peak_time = np.log(10 / 3) / (1 / 3 - 1 / 10)
    assert peak_time == pytest.approx(5.160, abs=5e-4)
    expected = 0.07 * bracket / (np.exp(-peak_time / 10) - np.exp(-peak_time / 3))
    np.testing.assert_allclose(opened[2:], expected[2:], atol=0.07 * 0.01)
    assert opened.max() == pytest.approx(0.07, rel=1e-3)
    assert t[opened.argmax()] == pytest.approx(peak_time, abs=0.05)


@pytest.mark.long
def test_a_delay_shifts_the_response():
    graph = wired(2, chemical=[(1, 0, 7)])
    prompt, late = (
        run_numpy(
            SpikingNetwork(graph, fast_follower(delay=delay)),
            QUIET,
            duration_s=0.01,
            step_ms=0.01,
            record=["V"],
            record_every_ms=0.01,
            initial_potentials=[1000, -50],
        ).V.values[:, 1]
        for delay in (0.0, 2.0)
    )
    np.testing.assert_allclose(late[200:], prompt[:-200], rtol=1e-12)


def test_synapses_of_several_senders_add_up_and_follow_the_equation():
    """Against SciPy with the closed form of the conductances; first order in the step."""
    graph = wired(3, chemical=[(2, 0, 9), (2, 1, 4)], signs=[[0] * 3, [0] * 3, [1, -1, 0]])
    network = SpikingNetwork(graph, C302_A)
    factor = C302_A.synapses.peak_factor

    def conductance(t, weight):
        since = max(t, 0)
        return 0.01 * weight * factor * (np.exp(-since / 10) - np.exp(-since / 3))

    def error(step):
        run = run_numpy(
            network,
            QUIET,
            duration_s=0.04,
            step_ms=step,
            record=["V"],
            initial_potentials=[1000, 1000, -50],
        )
        assert len(run.spike_time) == 2

        def velocity(t, v):
            excited, inhibited = conductance(t - step, 9), conductance(t - step, 4)
            return (0.1 * (-50 - v) + excited * (0 - v) + inhibited * (-80 - v)) / 3

        truth = solve_ivp(
            velocity, (0, 40), [-50], t_eval=run.time, rtol=1e-9, atol=1e-9, max_step=0.5
        )
        assert np.ptp(truth.y[0]) > 1
        return np.abs(run.V.values[:, 2] - truth.y[0]).max() / np.ptp(truth.y[0])

    coarse, fine = error(0.1), error(0.05)
    assert fine < 0.01
    assert coarse / fine == pytest.approx(2, abs=0.2)


def test_gap_junctions_are_symmetric_and_decay_in_closed_form():
    """The sum decays with g_L / C, the difference with (g_L + 2 g) / C."""
    parameters = replace(C302_B, gap_conductance=0.05)
    network = SpikingNetwork(wired(2, gap=[(0, 1, 4)]), parameters)

    def errors(step):
        run = run_numpy(
            network,
            QUIET,
            duration_s=0.04,
            step_ms=step,
            record=["V"],
            initial_potentials=[-35, -60],
        )
        v, t = run.V.values + 50, run.time.values
        total = v.sum(axis=1) - 5 * np.exp(-t * 0.1 / 3)
        difference = v[:, 0] - v[:, 1] - 25 * np.exp(-t * 0.5 / 3)
        return np.abs(total).max(), np.abs(difference).max()

    (total, coarse), (_, fine) = errors(0.1), errors(0.05)
    assert total < 1e-9  # the current out of one neuron flows into the other
    assert fine < 0.1
    assert coarse / fine == pytest.approx(2, abs=0.1)


def test_an_adaptive_neuron_agrees_with_scipy():
    """Each spike is late by less than two steps; an error in w would grow from spike to spike."""
    p, current, step = AdaptiveExponential(), 1000.0, 0.05
    network = SpikingNetwork(wired(1), SpikingParameters(neuron=p))
    run = run_numpy(network, currents(current), duration_s=0.15, step_ms=step)

    def velocity(_, x):
        upstroke = p.leak_conductance * p.slope_factor * np.exp((min(x[0], 0) + 50.4) / 2)
        dv = (p.leak_conductance * (-70.6 - x[0]) + upstroke - x[1] + current) / 281
        return [dv, (4 * (x[0] + 70.6) - x[1]) / 144]

    # From -20 mV it is 1e-6 ms to the peak, and too steep for SciPy.
    passing: Any = lambda _, x: x[0] + 20  # noqa: E731
    passing.terminal = True
    expected, t, x = [], 0.0, [-70.6, 0.0]
    while True:
        leg = solve_ivp(velocity, (t, 150), x, events=passing, rtol=1e-9, atol=1e-9)
        if not leg.t_events[0].size:
            break
        t, x = leg.t[-1], [-70.6, leg.y[1, -1] + 80.5]
        expected.append(t)
    assert len(expected) >= 5
    assert np.diff(expected)[-1] > 1.3 * np.diff(expected)[0]  # it adapts
    late = run.spike_time.values - expected
    assert np.all(np.abs(late) < 2 * step * np.arange(1, len(expected) + 1))


def test_a_bursting_neuron_stays_finite():
    """A reset above the threshold sends the potential up again at once."""
    neuron = AdaptiveExponential(reset=-47.0, adaptation_time_constant=40.0)
    network = SpikingNetwork(wired(1), SpikingParameters(neuron=neuron))
    run = run_numpy(network, currents(800.0), duration_s=0.1, step_ms=0.1, record=["V"])
    intervals = np.diff(run.spike_time)
    assert intervals.max() > 3 * intervals.min()
    assert run.V.max() <= 20


def test_changing_currents_reach_the_right_neurons():
    """Below the threshold V is known in closed form; the input is that of the middle of a step.

    A sinusoid through a membrane: gain 1 / (g_L (1 + i omega tau)). The input is constant in
    each step and taken in its middle, so the error is of second order.
    """
    network = SpikingNetwork(wired(3), C302_A)
    wave = partial(sims.sinusoidal_current, amplitude_pA=0.5)
    stimulus = currents(0, 0.3, 0.7)
    stimulus += wave(["N2"], frequency_Hz=20) + wave(["N0"], frequency_Hz=5, phase_rad=1.0)
    run = run_numpy(network, stimulus, duration_s=0.5, step_ms=0.1, record=["V"])
    t = run.time.values[250:]
    for i, (constant, frequency, phase) in enumerate([(0, 5, 1), (0.3, 0, 0), (0.7, 20, 0)]):
        omega = 2e-3 * np.pi * frequency
        amplitude = 0.5 if frequency else 0
        wave_ = amplitude * np.exp(1j * (omega * t + phase)) / (0.1 * (1 + 1j * omega * 30))
        expected = -50 + constant / 0.1 + wave_.imag
        # What is left of the start after 250 ms: 7 mV exp(-250 / 30) = 1.7e-3 mV.
        np.testing.assert_allclose(run.V.values[250:, i], expected, atol=4e-3)


@pytest.mark.parametrize(("n_steps", "times"), [(10, [0, 0.5, 1]), (11, [0, 0.5, 1])])
def test_samples_stand_where_they_were_asked_for(n_steps, times):
    """Without input V = -50 + 10 exp(-t / 30 ms), exactly."""
    run = run_numpy(
        SpikingNetwork(wired(1), C302_A),
        QUIET,
        duration_s=n_steps * 1e-4,
        step_ms=0.1,
        record=["V"],
        record_every_ms=0.5,
        initial_potentials=[-40],
    )
    np.testing.assert_allclose(run.time, times)
    np.testing.assert_allclose(run.V[:, 0], -50 + 10 * np.exp(-run.time / 30), rtol=1e-12)


@pytest.mark.parametrize("parameters", [C302_A, C302_B])
def test_without_input_nothing_fires(worm, parameters):
    network = SpikingNetwork(worm.connectome, parameters)
    run = run_numpy(network, QUIET, duration_s=0.05, step_ms=0.1, rng=np.random.default_rng(0))
    assert run.sizes["event"] == 0
    assert not run.rate.any()


@pytest.mark.long
def test_the_same_seed_gives_the_same_spikes(worm):
    network = SpikingNetwork(worm.connectome, C302_B)
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=6)
    run = partial(run_numpy, network, touch, duration_s=0.05, step_ms=0.1)
    first, again, other = (run(rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.sizes["event"] > 0
    xr.testing.assert_identical(first, again)
    assert first.rng != other.rng
    assert not np.array_equal(first.spike_time, other.spike_time)


def test_global_generators_do_not_matter_and_are_left_alone():
    network = SpikingNetwork(wired(5), C302_A)
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    target = brian2.prefs.codegen.target
    rng = np.random.default_rng(4)
    run_numpy(network, QUIET, duration_s=0.001, rng=rng)
    after = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
    np.testing.assert_array_equal(before, after)
    assert brian2.prefs.codegen.target == target


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_every_target_gives_the_same_spikes(worm, target):
    """Random numbers are drawn outside the generated code; potentials differ by rounding."""
    chosen = worm.connectome.subset("PLML", "PLMR", "AVAL", "AVAR", "PVCL", "PVCR", "DD*", "VD*")
    network = SpikingNetwork(chosen, C302_B)
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=6)
    stimulus += sims.sinusoidal_current(["AVAL"], amplitude_pA=3, frequency_Hz=9)
    step = brian2.defaultclock.dt
    plain, other = (
        run_spiking(
            network,
            stimulus,
            duration_s=0.1,
            record=["V"],
            rng=np.random.default_rng(0),
            codegen_target=codegen_target,
        )
        for codegen_target in ("numpy", target)
    )
    assert plain.sizes["event"] > 10
    np.testing.assert_array_equal(other.spike_neuron, plain.spike_neuron)
    np.testing.assert_allclose(other.spike_time, plain.spike_time, rtol=1e-12)
    np.testing.assert_allclose(other.V, plain.V, atol=1e-9)
    assert type(brian2.get_device()).__name__ == "RuntimeDevice"
    assert brian2.defaultclock.dt == step


@pytest.mark.long
def test_an_ablated_neuron_no_longer_passes_spikes_on():
    chain = wired(3, chemical=[(1, 0, 60), (2, 1, 60)])
    whole = run_numpy(SpikingNetwork(chain, C302_A), currents(10.0), duration_s=0.1)
    assert (whole.rate > 0).all()
    cut = chain.ablate("N1")
    run = run_numpy(SpikingNetwork(cut, C302_A), currents(10.0), duration_s=0.1)
    assert run.neuron.values.tolist() == ["N0", "N2"]
    assert run.rate.values[1] == 0
    assert run.rate.values[0] == whole.rate.values[0]
    assert "ablate" in run.connectome_history or "without" in run.connectome_history


def test_signs_come_from_the_rule_and_unsigned_connections_are_silent(worm):
    graph = connectome.load("varshney2011")
    network = SpikingNetwork(graph, C302_A)
    gaba = np.isin(graph.neurons, connectome.GABAERGIC)
    np.testing.assert_array_equal(network.excitation + network.inhibition, 0.01 * graph.chemical)
    assert not network.inhibition[:, ~gaba].any()
    assert not network.excitation[:, gaba].any()
    silent = SpikingNetwork(graph, C302_A, signs=lambda w: np.zeros_like(w.chemical, dtype=int))
    assert not silent.excitation.any()
    assert not silent.inhibition.any()
    assert not network.gap.any()
    gap = SpikingNetwork(graph, C302_B).gap
    np.testing.assert_array_equal(gap, gap.T)
    assert gap.sum() == pytest.approx(0.01 * 2 * 887)  # contacts of pairs, both ways


def test_the_published_sets():
    """c302, parameters_A.py and parameters_B.py."""
    for level in (C302_A, C302_B):
        assert level.neuron == LeakyIntegrateAndFire(
            capacitance=3,
            leak_conductance=0.1,
            leak_reversal=-50,
            threshold=-30,
            reset=-50,
            refractory_period=0,
        )
        assert level.synapses == TwoExponentialSynapses(
            conductance=0.01,
            rise=3,
            decay=10,
            excitatory_reversal=0,
            inhibitory_reversal=-80,
            delay=0,
        )
    assert (C302_A.gap_conductance, C302_B.gap_conductance) == (0, 0.01)


def test_brian2_quantities_are_welcome():
    neuron = LeakyIntegrateAndFire(
        capacitance=0.02 * brian2.nF, leak_conductance=1e-9 * brian2.siemens, threshold=-40
    )
    assert type(neuron.capacitance) is float
    assert neuron.capacitance == pytest.approx(20, rel=1e-14)
    assert neuron.leak_conductance == pytest.approx(1, rel=1e-14)
    assert TwoExponentialSynapses(rise=1 * brian2.ms).rise == 1.0
    network = SpikingNetwork(wired(1), C302_A)
    first = run_numpy(network, currents(6.0), duration_s=50 * brian2.ms, step_ms=100 * brian2.us)
    second = run_numpy(network, currents(6.0), duration_s=0.05, step_ms=0.1)
    xr.testing.assert_allclose(first, second, rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        (LeakyIntegrateAndFire, {"capacitance": 0}, "capacitance must be positive.*pF"),
        (LeakyIntegrateAndFire, {"capacitance": np.nan}, "capacitance must be finite"),
        (LeakyIntegrateAndFire, {"capacitance": 3 * brian2.nS}, "capacitance must be in pF"),
        (LeakyIntegrateAndFire, {"reset": -30}, "reset must be below threshold.*-30 and -30"),
        (LeakyIntegrateAndFire, {"leak_reversal": np.inf}, "leak_reversal must be finite"),
        (AdaptiveExponential, {"peak": -60}, "threshold must be below peak"),
        (AdaptiveExponential, {"slope_factor": 0}, "slope_factor must be positive.*mV"),
        (TwoExponentialSynapses, {"rise": 10}, "rise must be below decay"),
        (TwoExponentialSynapses, {"conductance": -1}, "conductance must be not negative"),
        (SpikingParameters, {"gap_conductance": -1}, "gap_conductance must be not negative"),
    ],
)
def test_bad_parameters_are_refused(kind, bad, message):
    with pytest.raises(ValueError, match=message):
        kind(**bad)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"duration_s": 0}, "duration_s must be positive"),
        ({"duration_s": 1 * brian2.mV}, "duration_s must be in second"),
        ({"duration_s": 1e-6}, "at least one step"),
        ({"step_ms": 1.0}, r"too large for the gap junctions.*at most 0.\d+ ms"),
        ({"record": "V"}, "record must be a list"),
        ({"record": ["w"]}, "some of V"),
        ({"initial_potentials": [0, np.nan]}, "2 finite numbers"),
        ({"record": ["V"], "duration_s": 1e6}, r"at most 1e\+09 steps are allowed"),
        ({"codegen_target": "weave"}, "choose from auto, cython"),
    ],
)
def test_bad_runs_are_refused(bad, message):
    network = SpikingNetwork(wired(2, gap=[(0, 1, 300)]), C302_B)
    with pytest.raises(ValueError, match=message):
        run_spiking(network, QUIET, **({"duration_s": 0.1, "codegen_target": "numpy"} | bad))


def test_neurons_must_be_of_a_known_kind():
    with pytest.raises(TypeError, match="neuron must be"):
        SpikingParameters(neuron="iaf")  # pyright: ignore[reportArgumentType]


def test_rates_in_bins_count_every_spike_once():
    network = SpikingNetwork(wired(2), C302_A)
    run = run_numpy(network, currents(6.0, 20.0), duration_s=0.1)
    rates = compute_rates(run, bin_ms=20)
    np.testing.assert_allclose(rates.time, [10, 30, 50, 70, 90])
    np.testing.assert_allclose(rates.mean("time"), run.rate)
    histogram = np.histogram(spike_times(run, 1) - 1e-6, np.arange(0, 101, 20))[0]
    np.testing.assert_allclose(rates.sel(neuron="N1"), histogram / 0.02)


@pytest.mark.parametrize("bin_ms", [0, 101, np.nan])
def test_bad_bins_are_refused(bin_ms):
    run = run_numpy(SpikingNetwork(wired(1), C302_A), QUIET, duration_s=0.1)
    with pytest.raises(ValueError, match="at most the run's 100 ms|bin_ms must be finite"):
        compute_rates(run, bin_ms=bin_ms)


@pytest.mark.parametrize("drive", [0.0, 6.0])
def test_a_run_survives_storage(tmp_path, drive):
    network = SpikingNetwork(wired(2), C302_A)
    run = run_numpy(network, currents(drive), duration_s=0.05, record=["V"])
    sims.save_dataset(run, tmp_path / "run.nc")
    xr.testing.assert_equal(sims.load_dataset(tmp_path / "run.nc"), run)
