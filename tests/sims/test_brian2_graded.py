import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron import sims
from isochron.sims.engines import brian2_graded
from isochron.sims.engines.brian2_session import (
    _leave_unused,
    brian2_session,
    import_brian2,
)
from isochron.sims.engines.request import DivergenceError, EngineRequest
from isochron.sims.engines.settings import Brian2Settings

brian2 = import_brian2()
TOUCHED = ("PLML", "PLMR")


@pytest.fixture(scope="module")
def twenty(worm):
    """Twenty neurons between touch and the motor neurons."""
    chosen = worm.connectome.subset(
        *("PLML", "PLMR", "AVAL", "AVAR", "AVBL", "AVBR", "AVDL", "AVDR", "PVCL", "PVCR"),
        *("DB2", "DB3", "VB2", "VB3", "DA2", "DA3", "DD2", "DD3", "VD3", "VD4"),
    )
    return sims.GradedNetwork(chosen)


@pytest.fixture(scope="module")
def changing():
    """A current that oscillates on top of a constant one."""
    constant = sims.step_current(TOUCHED, amplitude_pA=200)
    return constant + sims.sinusoidal_current(["AVAL"], amplitude_pA=100, frequency_Hz=20)


def request_of(network, stimulus, state, *, step_ms, duration_ms, sample_ms=5.0, **options):
    return EngineRequest(
        network=network,
        stimulus=stimulus,
        step_ms=step_ms,
        n_steps=round(duration_ms / step_ms),
        every=round(sample_ms / step_ms),
        initial_state=state,
        **options,
    )


def reference(request):
    """The same run by SciPy, from the explicit equations and the input of the request."""
    network, p, n = request.network, request.network.parameters, request.network.n_neurons
    weighted = network.synapses * network.reversal

    def velocity(t, x):
        v, s = x[:n], x[n:]
        phi = 1 / (1 + np.exp(-p.steepness * (v - request.thresholds(t))))
        leak = p.leak_conductance * (p.leak_reversal - v)
        synaptic = weighted @ s - (network.synapses @ s) * v
        dv = (leak - network.laplacian @ v + synaptic + request.currents(t)) / p.capacitance
        return np.concatenate([dv, p.activation_rate * phi * (1 - s) - p.decay_rate * s])

    times = request.sample_times
    found = solve_ivp(
        velocity,
        (0, times[-1]),
        request.initial_state,
        "LSODA",
        t_eval=times,
        rtol=1e-8,
        atol=1e-8,
        max_step=5.0,
    )
    return found.y.T


def relative_error(found, truth):
    """Largest error of each variable in units of its range over the run."""
    return (np.abs(found - truth) / np.ptp(truth, axis=0)).max()


def extrapolated(request):
    """Brian2 at step 0: its error is linear in the step h, and 2 x(h/2) - x(h) loses it."""
    half = replace(
        request,
        step_ms=request.step_ms / 2,
        n_steps=2 * request.n_steps,
        every=2 * request.every,
    )
    coarse, fine = (brian2_graded.run(r, codegen_target="numpy") for r in (request, half))
    return 2 * fine - coarse


def settled(network, stimulus):
    """A state on the way to the attractor, after the fast modes have died away."""
    start = network.random_state(stimulus, np.random.default_rng(0), spread_mV=5)
    return sims.GradedMap(network, stimulus, step_ms=0.5).advance(start, 1000)


@pytest.mark.long
@pytest.mark.parametrize("method", Brian2Settings.methods())
def test_twenty_neurons_agree_at_a_small_step(twenty, method):
    """The start is 5 mV from the equilibrium, with every fast mode in it."""
    stimulus = sims.step_current(TOUCHED, amplitude_pA=200)
    start = twenty.random_state(stimulus, np.random.default_rng(0), spread_mV=5)
    request = request_of(
        twenty, stimulus, start, step_ms=0.05, duration_ms=60, sample_ms=1, method=method
    )
    found = extrapolated(request)
    assert found.shape == (61, 40)
    np.testing.assert_allclose(found[0], start, rtol=1e-14)
    assert relative_error(found, reference(request)) < 1e-3


@pytest.mark.long
@pytest.mark.parametrize("rule", ["fixed", "adiabatic", "ramped"])
def test_every_threshold_rule_is_followed(twenty, changing, rule):
    start = settled(twenty, changing)
    request = request_of(twenty, changing, start, step_ms=0.2, duration_ms=300, threshold_rule=rule)
    assert relative_error(extrapolated(request), reference(request)) < 1e-3


@pytest.mark.long
def test_the_whole_worm_converges_on_the_compiled_kernel(worm, touch):
    """Halving the step halves the distance; extrapolated to step 0 the engines agree."""
    start = settled(worm, touch)
    coarse, fine = (
        brian2_graded.run(
            request_of(worm, touch, start, step_ms=h, duration_ms=100), codegen_target="numpy"
        )
        for h in (0.1, 0.05)
    )
    truth = sims.GradedMap(worm, touch, step_ms=0.05).orbit(start, 2000, every=100)
    ratio = np.abs(coarse - truth).max() / np.abs(fine - truth).max()
    assert ratio == pytest.approx(2, abs=0.1)
    assert relative_error(2 * fine - coarse, truth) < 1e-3


@pytest.mark.slow
def test_the_whole_worm_agrees_with_the_compiled_kernel_as_it_is(worm, touch):
    """Compiled, at a step small enough to need no extrapolation."""
    start = settled(worm, touch)
    request = request_of(worm, touch, start, step_ms=0.01, duration_ms=500)
    found = brian2_graded.run(request, codegen_target="cython")
    truth = sims.GradedMap(worm, touch, step_ms=0.05).orbit(start, 10_000, every=100)
    assert relative_error(found, truth) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_code_gives_the_same_numbers(twenty, changing, target):
    request = request_of(twenty, changing, settled(twenty, changing), step_ms=0.1, duration_ms=20)
    plain = brian2_graded.run(request, codegen_target="numpy")
    compiled = brian2_graded.run(request, codegen_target=target)
    np.testing.assert_allclose(compiled, plain, rtol=1e-12, atol=1e-12)


def test_neurons_without_connections_relax_alone(worm):
    """No synapses, no gap junctions: V = E_c + (V_0 - E_c) exp(-t G_c / C)."""
    network = sims.GradedNetwork(worm.connectome.subset("PLNR", "SIBDL", "DA7"))
    assert not network.laplacian.any()
    assert not network.synapses.any()
    quiet = sims.Stimulus()
    start = np.r_[np.linspace(-80, 20, network.n_neurons), np.zeros(network.n_neurons)]
    request = request_of(network, quiet, start, step_ms=1, duration_ms=100)
    found = brian2_graded.run(request, codegen_target="numpy")[:, : network.n_neurons]
    keep = np.exp(-request.sample_times * 0.01 / 1.5)[:, None]
    np.testing.assert_allclose(found, -35 + (start[: network.n_neurons] + 35) * keep, rtol=1e-10)


@pytest.mark.long
@pytest.mark.parametrize(("n_steps", "every", "samples"), [(10, 5, 3), (11, 5, 3), (4, 4, 2)])
def test_samples_stand_where_they_were_asked_for(twenty, n_steps, every, samples):
    stimulus = sims.step_current(TOUCHED, amplitude_pA=200)
    start = twenty.random_state(stimulus, np.random.default_rng(0))
    fields = {"network": twenty, "stimulus": stimulus, "step_ms": 0.1, "initial_state": start}
    sparse = EngineRequest(n_steps=n_steps, every=every, **fields)
    dense = EngineRequest(n_steps=n_steps, every=1, **fields)
    found = brian2_graded.run(sparse, codegen_target="numpy")
    assert len(found) == samples
    every_one = brian2_graded.run(dense, codegen_target="numpy")
    np.testing.assert_array_equal(found, every_one[::every][:samples])


def test_an_unstable_step_is_refused_with_the_largest_stable_one(worm, touch):
    """The gap junctions alone set 2 / 7.9e3 1/s = 0.253 ms; open synapses lower it."""
    start = worm.equilibrium(touch)
    largest = brian2_graded.largest_stable_step(worm)
    gap_alone = 2 * worm.parameters.capacitance / np.linalg.eigvalsh(worm.laplacian)[-1]
    assert gap_alone == pytest.approx(0.253, rel=0.01)
    assert 0.5 * gap_alone < largest < gap_alone
    with pytest.raises(ValueError, match=f"step_ms=1 .*largest stable step.*{largest:.3g} ms"):
        brian2_graded.run(request_of(worm, touch, start, step_ms=1, duration_ms=10))


@pytest.mark.long
def test_the_largest_stable_step_is_stable_and_twice_it_is_not(twenty, monkeypatch):
    stimulus = sims.step_current(TOUCHED, amplitude_pA=200)
    start = twenty.random_state(stimulus, np.random.default_rng(0))
    largest = brian2_graded.largest_stable_step(twenty)
    request = EngineRequest(
        network=twenty,
        stimulus=stimulus,
        step_ms=largest,
        n_steps=1000,
        every=10,
        initial_state=start,
        method="euler",
    )
    voltages = brian2_graded.run(request, codegen_target="numpy")[:, :20]
    assert np.abs(voltages[-1] - twenty.equilibrium(stimulus)[:20]).max() < 20
    monkeypatch.setattr(brian2_graded, "largest_stable_step", lambda _: np.inf)
    request = replace(request, step_ms=2 * largest)
    with pytest.raises(DivergenceError, match="not finite"), np.errstate(all="ignore"):
        brian2_graded.run(request, codegen_target="numpy")


def _global_state():
    return np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002


def test_an_input_that_does_not_fit_in_memory_is_refused(twenty, changing):
    start = twenty.equilibrium(changing)
    request = request_of(twenty, changing, start, step_ms=0.01, duration_ms=1e6)
    with pytest.raises(ValueError, match="14.9 GiB; 4 GiB are allowed"):
        brian2_graded.run(request)


def test_nothing_of_brian2_is_left_changed(twenty):
    brian2.defaultclock.dt = 0.37 * brian2.ms
    brian2.prefs.codegen.target = "cython"
    brian2.prefs.core.default_float_dtype = np.float32
    hook, random = sys.excepthook, _global_state()
    try:
        stimulus = sims.step_current(TOUCHED, amplitude_pA=200)
        request = request_of(
            twenty, stimulus, twenty.equilibrium(stimulus), step_ms=0.1, duration_ms=1, sample_ms=1
        )
        found = brian2_graded.run(request, codegen_target="numpy")
        assert found.dtype == np.float64
        assert float(brian2.defaultclock.dt / brian2.ms) == pytest.approx(0.37)
        assert brian2.prefs.codegen.target == "cython"
        assert brian2.prefs.core.default_float_dtype is np.float32
        assert sys.excepthook is hook
        np.testing.assert_array_equal(_global_state(), random)
    finally:
        brian2.prefs.codegen.target = "auto"
        brian2.prefs.core.default_float_dtype = np.float64
        brian2.defaultclock.dt = 0.1 * brian2.ms


def test_importing_brian2_hooks_into_nothing():
    """Brian2 asks users to report any uncaught exception to its authors, and logs warnings."""
    code = """if True:
        import sys, warnings
        warnings.simplefilter("error")
        before = sys.excepthook, warnings.showwarning
        from isochron.sims.engines.brian2_session import import_brian2
        assert "brian2" not in sys.modules
        import_brian2()
        assert (sys.excepthook, warnings.showwarning) == before
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.long
def test_networks_of_the_user_run_on(twenty):
    """Brian2 collects the objects of the user only, not those of the engine."""
    stimulus = sims.step_current(TOUCHED, amplitude_pA=200)
    with brian2_session("numpy"):
        group = brian2.NeuronGroup(2, "dx/dt = -x / (10*ms) : 1", method="exact")
        group.x = 1.0
        brian2.run(5 * brian2.ms)
        state = twenty.equilibrium(stimulus)
        request = request_of(twenty, stimulus, state, step_ms=0.1, duration_ms=1, sample_ms=1)
        brian2_graded.run(request, codegen_target="numpy")
        brian2.run(5 * brian2.ms)
    np.testing.assert_allclose(group.x, np.exp(-1), rtol=1e-12)


def test_an_unknown_target_is_refused():
    with (
        pytest.raises(ValueError, match=r"'weave'.*auto, cython, numpy, cpp_standalone"),
        brian2_session("weave"),
    ):
        pass


def test_preferences_come_back_after_a_failure():
    before = brian2.prefs.codegen.target
    with pytest.raises(ZeroDivisionError), brian2_session("numpy"):
        raise ZeroDivisionError
    assert brian2.prefs.codegen.target == before


def interrupted():
    with brian2_session("numpy"):
        group = brian2.NeuronGroup(2, "x : 1")
        synapses = brian2.Synapses(group, group, "g : 1")
        synapses.connect(i=[0], j=[1])
        synapses.g = 1
        raise KeyboardInterrupt


def test_an_interrupted_session_says_nothing_of_its_objects(caplog):
    """Brian2 warned that no network has the objects; of those of the user it still does."""
    with brian2_session("numpy"):
        own = brian2.NeuronGroup(1, "x : 1")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    gc.collect()
    assert "getting deleted" not in caplog.text
    del own
    gc.collect()
    assert "getting deleted" in caplog.text


def test_an_object_that_is_gone_needs_no_care():
    """It may go after the list of objects was made."""
    here = type("Made", (), {})()
    references = {weakref.ref(here)}
    del here
    fake = SimpleNamespace(BrianObject=SimpleNamespace(__instances__=lambda: references))
    _leave_unused(fake, set())
