"""Fitting a simulated worm: derivatives against laws and differences, parameters recovered."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.fitting.parameters import (
    ConnectionScale,
    Constant,
    Current,
    FreeParameters,
)
from isochron.ann_bridge.fitting.recording import (
    RecordingFitParameters,
    _Simulation,
    fit_recording,
)
from isochron.ann_bridge.fitting.rhythm import (
    RhythmFitParameters,
    RhythmTarget,
    _settle,
    _Shooter,
    fit_rhythm,
)
from isochron.ann_bridge.fitting.task import WormNet

PULSES = sims.step_current(["PLM"], amplitude_pA=20) + sims.pulse_current(
    ["PLM"], amplitude_pA=200, width_ms=200, period_ms=400, n_pulses=2, onset_ms=40
)
CHOICES = [
    Constant("capacitance", 0.3, 10),
    Constant("leak_reversal", -60, -10),
    ConnectionScale(senders=("sensory",)),
    ConnectionScale(layer="gap", receivers=("AVB",), low=0.2, high=5),
    Current(neurons=("AVA",), start=5, low=-50, high=50),
]


@pytest.fixture(scope="module")
def circuit():
    """The neurons between touch and the forward motor neurons."""
    graph = connectome.load("varshney2011").subset("AVA", "AVB", "AVD", "PVC", "PLM", "DB*")
    return sims.GradedNetwork(graph)


@pytest.fixture(scope="module")
def elsewhere(circuit):
    """Free parameters, and coordinates that are not those of the start."""
    free = FreeParameters(circuit, PULSES, CHOICES)
    return free, free.start + torch.tensor([0.3, -0.4, 0.5, -0.6, 0.7], dtype=torch.float64)


def test_values_start_where_the_network_is_and_stay_between_bounds(circuit):
    free = FreeParameters(circuit, PULSES, CHOICES)
    assert list(free.named(free.start).values()) == pytest.approx([1.5, -35, 1, 1, 5])
    far = free.values(torch.full((5,), 30.0, dtype=torch.float64))
    np.testing.assert_allclose(far, [10, -10, 10, 5, 50])
    moved = free.start + 0.5
    np.testing.assert_allclose(free.coordinates(free.values(moved)), moved)


def test_the_fitted_worm_is_the_one_that_was_differentiated(circuit, elsewhere):
    """Torch with the values in place, and numba on network(u) and stimulus(u), agree."""
    free, u = elsewhere
    run = sims.simulate(
        free.network(u), free.stimulus(u), duration_s=0.4, step_ms=4, record_every_ms=20,
        initial_state=free.network(u).equilibrium(free.stimulus(u)),
    )  # fmt: skip
    p = RecordingFitParameters(window_steps=30)
    simulation = _Simulation(circuit, PULSES, free, run.V, None, p)
    assert float(run.V.std(dim="time").max()) > 10  # mV: there is something to compare
    np.testing.assert_allclose(simulation.potentials(u).detach(), run.V, atol=1e-8)


def test_windows_change_memory_and_not_the_gradient(circuit, elsewhere):
    free, u = elsewhere
    recording = recorded(circuit, 0.2)
    gradients = []
    for window in (7, 1000):
        p = RecordingFitParameters(window_steps=window, indicator_ms=50)
        x = u.clone().requires_grad_()
        loss = _Simulation(circuit, PULSES, free, recording, None, p).loss(x)
        gradients.append(torch.autograd.grad(loss, x)[0])
    np.testing.assert_allclose(*gradients, rtol=1e-10)
    assert (gradients[0].abs() > 1e-9).all()


def test_correlation_knows_no_scale_and_no_offset(circuit, elsewhere):
    free, u = elsewhere
    recording = recorded(circuit, 0.2)
    p = RecordingFitParameters(compare="correlation")
    losses = [
        float(_Simulation(circuit, PULSES, free, r, None, p).loss(u))
        for r in (recording, 1e-3 * recording + 2)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    own = float(_Simulation(circuit, PULSES, free, recording, None, p).loss(free.start))
    assert own < 0.2 * losses[0]


def recorded(network, duration_s):
    """A recording, simulated by the reference engine."""
    return sims.simulate(
        network, PULSES, duration_s=duration_s, engine="scipy", record=["V"],
        record_every_ms=20, initial_state=network.equilibrium(PULSES),
    ).V  # fmt: skip


def test_a_loss_that_is_not_finite_is_an_error(circuit):
    recording = 1e160 * recorded(circuit, 0.1)  # its squares overflow
    p = RecordingFitParameters(step_ms=20, steps=3, learning_rate=0.25)
    with pytest.raises(
        ArithmeticError, match=r"not finite at step 1\. Lower learning_rate \(now 0"
    ):
        fit_recording(circuit, PULSES, recording, [Constant("capacitance", 0.5, 10)], p)


@pytest.mark.long
def test_known_parameters_are_recovered(circuit):
    """From a recording of a different engine, with gaps; the step of 8 ms costs less than 3 %."""
    truth = {"capacitance": 3.0, "decay_rate": 5e-3}
    recording = recorded(circuit.with_parameters(**truth), 0.4)
    recording = recording.where(np.random.default_rng(0).random(recording.shape) < 0.8)
    p = RecordingFitParameters(step_ms=8, steps=35, learning_rate=0.25, window_steps=25)
    free = [Constant("capacitance", 0.5, 10), Constant("decay_rate", 1e-3, 2e-2)]
    fit = fit_recording(circuit, PULSES, recording, free, p)
    assert fit.values == pytest.approx(truth, rel=0.03)
    assert fit.loss == min(fit.losses) < 0.01 * fit.losses[0]
    assert fit.network.parameters.capacitance == fit.values["capacitance"]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ([], "at least one"),
        ([CHOICES[0], CHOICES[0]], "each once"),
        ([Constant("capacitance", 2, 10)], "capacitance starts at 1.5, not between"),
        ([ConnectionScale(senders=("DB",), receivers=("PLM",))], "not have such a connection"),
        ([Current(neurons=("AVX",), start=0, low=-1, high=1)], "AVX"),
    ],
)
def test_impossible_choices_are_refused(circuit, choices, message):
    with pytest.raises(ValueError, match=message):
        FreeParameters(circuit, PULSES, choices)


def test_impossible_recordings_are_refused(circuit):
    recording = recorded(circuit, 0.1)
    strangers = recording.assign_coords(neuron=[f"X{i}" for i in range(recording.neuron.size)])
    with pytest.raises(ValueError, match="None of the"):
        fit_recording(circuit, PULSES, strangers, CHOICES)
    with pytest.raises(ValueError, match=r"dimensions \(time, neuron\)"):
        fit_recording(circuit, PULSES, recording.T, CHOICES)
    with pytest.raises(ValueError, match="two or more times, increasing"):
        fit_recording(circuit, PULSES, recording[::-1], CHOICES)


N_STEPS = 60
CLOCKS = [
    Constant("capacitance", 0.3, 6),
    Constant("activation_rate", 1e-4, 1e-2),
    Constant("decay_rate", 1e-3, 1e-2),
]


@pytest.fixture(scope="module")
def rhythm(worm, touch):
    """How the rhythm depends on the time constants: shooter, coordinates, orbit, derivatives."""
    free = FreeParameters(worm, touch, CLOCKS)
    shooter = _Shooter(worm, free, RhythmTarget(period_ms=1500, amplitude_mV=1), N_STEPS)
    p = RhythmFitParameters(n_steps=N_STEPS)
    found = _settle(worm, free, free.start, p, np.random.default_rng(0))
    orbit = shooter.close(free.start, *found)
    assert orbit is not None
    return shooter, free, orbit, shooter.differentiate(free.start, orbit)


def test_the_rhythm_is_the_worm_s(rhythm):
    """1808.3 ms; second order: 30 ms is (30/8)² times the 0.1 % of 8 ms."""
    assert N_STEPS * rhythm[2].step_ms == pytest.approx(1808.3, rel=0.02)


def test_derivatives_obey_the_scaling_of_time(rhythm):
    """C, 1/a_r and 1/a_d times k multiply the period by k, and do not change the amplitude."""
    _, free, _, jacobian = rhythm
    (slope,) = torch.autograd.grad(
        free.values(u := free.start.clone().requires_grad_()).log().sum(), u
    )
    by_log = jacobian / slope.numpy()
    np.testing.assert_allclose(by_log @ [1, -1, -1], [1, 0], atol=1e-6)
    assert np.abs(by_log).max() > 0.1


def test_derivatives_against_differences(rhythm):
    """Central, of orbits closed to 1e-9: good to about 1e-5."""
    shooter, free, orbit, jacobian = rhythm
    ends = []
    for sign in (-1, 1):
        u = free.start + torch.tensor([0, 0, sign * 1e-3], dtype=torch.float64)
        found = shooter.close(u, orbit.point, orbit.step_ms)
        assert found is not None
        ends.append(np.log([found.step_ms, shooter.amplitude(found)]))
    np.testing.assert_allclose((ends[1] - ends[0]) / 2e-3, jacobian[:, 2], rtol=1e-3)


def test_a_period_is_reached(worm, touch):
    """By two parameters of the worm; confirmed by the other engine at a step of 1 ms."""
    choices = [Constant("decay_rate", 1e-3, 1e-2), ConnectionScale(layer="gap", low=0.5, high=2)]
    p = RhythmFitParameters(n_steps=90, tolerance=1e-3, transient_s=40.0)
    target = RhythmTarget(period_ms=1600)
    fit = fit_rhythm(worm, touch, target, choices, p, rng=np.random.default_rng(0))
    assert fit.converged, fit.message
    run = sims.simulate(
        fit.network, fit.stimulus, duration_s=4.8, step_ms=1, record=["V"], record_every_ms=1,
        initial_state=fit.state,
    )  # fmt: skip
    v = run.V.values[:, int(run.V.values.std(axis=0).argmax())]
    v = v - v.mean()
    upward = np.flatnonzero((v[:-1] < 0) & (v[1:] >= 0))
    assert np.diff(upward).mean() == pytest.approx(1600, rel=0.01)
    assert fit.losses[-1] < 1e-6 < fit.losses[0]


def test_what_has_no_rhythm_is_refused(worm, touch):
    quiet = replace(RhythmFitParameters(), transient_s=20.0)
    below = sims.step_current(["PLM"], amplitude_pA=500)
    arguments = (RhythmTarget(period_ms=1500), CLOCKS, quiet)
    with pytest.raises(ArithmeticError, match="No rhythm"):
        fit_rhythm(worm, below, *arguments, rng=np.random.default_rng(0))
    moving = sims.sinusoidal_current(["PLM"], amplitude_pA=5, frequency_Hz=1)
    with pytest.raises(ValueError, match="constant"):
        fit_rhythm(worm, moving, *arguments, rng=np.random.default_rng(0))


BASE = sims.step_current(["PLM"], amplitude_pA=20)


def worm_net(circuit):
    choices = [Constant("capacitance", 0.3, 10), ConnectionScale(layer="gap")]
    sizes = {"n_inputs": 2, "window_steps": 4, "input_pA": 50.0, "initial_mV": 0.0}
    return WormNet(circuit, BASE, choices, touched=("PLM",), **sizes)


def test_the_worm_as_a_net_is_the_worm(circuit):
    """Inputs of 1 are steps of current at time 0; the rates are φ of the simulated potentials."""
    net = worm_net(circuit)
    inputs = torch.tensor([1.0, 0.5]).expand(10, 1, 2)
    _, rates = net.run(inputs, torch.Generator().manual_seed(0))
    stimulus = BASE
    touched = 50 * net.input_weights.detach() @ inputs[0, 0]
    for name, current in zip(circuit.connectome.select("PLM"), touched.tolist(), strict=True):
        stimulus += sims.step_current([name], amplitude_pA=current, onset_ms=0.0)
    run = sims.simulate(
        circuit, stimulus, duration_s=0.08, step_ms=8, record=["V_minus_threshold"],
        record_every_ms=8, initial_state=circuit.equilibrium(BASE),
    )  # fmt: skip
    beyond = run.V_minus_threshold.values[1:]
    wanted = 1 / (1 + np.exp(-circuit.parameters.steepness * beyond))
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(rates[:, 0].detach(), wanted, atol=1e-6)


@pytest.mark.parametrize("which", ["circuit", "worm"])
def test_gradients_of_the_worm_as_a_net_against_differences(which, request):
    """Central, along one direction in all trained tensors; as in the tests of the engine."""
    net = worm_net(request.getfixturevalue(which)).double()
    inputs = torch.randn(9, 2, 2, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)

    def loss(shift):
        trained = dict(net.named_parameters())
        moved = {name: (1 + shift) * (value + shift) for name, value in trained.items()}
        outputs = torch.func.functional_call(net, moved, (inputs, generator))
        return (outputs**2).mean()

    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(shift), shift)
    with torch.no_grad():
        difference = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert abs(float(slope)) > 1e-3
    assert float(slope) == pytest.approx(float(difference), rel=1e-6)


TASK = ann_bridge.tasks.DelayedMatchToSample(
    lead_ms=16, sample_ms=32, delay_ms=(16, 32), test_ms=32, response_ms=32, step_ms=8
)
TWO_STEPS = ann_bridge.TrainingParameters(steps=2, batch_size=4)


def test_the_trainer_takes_it(circuit, device):
    net = worm_net(circuit)
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    record = ann_bridge.train(net, TASK, TWO_STEPS, seed=0, device=device)
    assert len(record.losses) == 2
    assert all((value.cpu() != before[name]).any() for name, value in net.named_parameters())
    assert net.worm.dtype == torch.uint8
    with pytest.raises(ValueError, match="constant"):
        WormNet(circuit, PULSES, [Constant("capacitance", 0.3, 10)], n_inputs=2)
    with pytest.raises(ValueError, match="touched must be a list"):
        WormNet(circuit, BASE, [Constant("capacitance", 0.3, 10)], n_inputs=2, touched="PLM")


def test_checkpoints_go_with_their_own_worm_only(circuit, tmp_path):
    """The same sizes and settings, but other bounds: the coordinates mean other values."""
    choices = [Constant("capacitance", 0.3, 10), Constant("decay_rate", 1e-3, 2e-2)]
    sizes = {"n_inputs": 2, "touched": ("PLM",)}
    net = WormNet(circuit, BASE, choices, **sizes)
    ann_bridge.train(net, TASK, TWO_STEPS, seed=0, checkpoints=tmp_path)
    wider = [Constant("capacitance", 0.3, 20), choices[1]]
    for other in (wider, choices[::-1]):
        stranger = WormNet(circuit, BASE, other, **sizes)
        with pytest.raises(ValueError, match="a different worm"):
            ann_bridge.train(stranger, TASK, TWO_STEPS, seed=0, checkpoints=tmp_path)
