import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron import connectome, sims
from isochron.sims.engines import strang, strang_rows
from isochron.sims.graded_map import DivergenceError


@pytest.fixture(scope="module")
def stimulus(drive):
    return drive


def dense_velocity(network, stimulus, t, x):
    """The equations of the model, term by term."""
    p, n = network.parameters, network.n_neurons
    v, s = x[:n], x[n:]
    gap = p.gap_conductance * network.connectome.gap
    chemical = p.synaptic_conductance * network.connectome.chemical * abs(network.connectome.signs)
    constant = stimulus.constant(network.connectome)
    threshold = network.thresholds(constant)
    current = constant + stimulus.varying(network.connectome, t)
    dv, ds = np.empty(n), np.empty(n)
    for i in range(n):
        dv[i] = -p.leak_conductance * (v[i] - p.leak_reversal) + current[i]
        for j in range(n):
            dv[i] -= gap[i, j] * (v[i] - v[j])
            dv[i] -= chemical[i, j] * s[j] * (v[i] - network.reversal[i, j])
        phi = 1 / (1 + np.exp(-p.steepness * (v[i] - threshold[i])))
        ds[i] = p.activation_rate * phi * (1 - s[i]) - p.decay_rate * s[i]
    return np.concatenate([dv / p.capacitance, ds])


def test_the_field_is_the_model_written_out(small, stimulus):
    x = small.random_state(stimulus, np.random.default_rng(0), spread_mV=5)
    for t in (0.0, 37.0):
        expected = dense_velocity(small, stimulus, t, x)
        np.testing.assert_allclose(small.field_under(stimulus)(t, x), expected, atol=1e-12)


def test_the_jacobian_is_the_derivative_of_the_field(small, stimulus):
    rng = np.random.default_rng(1)
    field, x = small.field_under(stimulus), small.random_state(stimulus, rng)
    jacobian = field.jacobian(0, x)
    for _ in range(3):
        v = rng.standard_normal(small.dimension)
        difference = (field(0, x + 1e-5 * v) - field(0, x - 1e-5 * v)) / 2e-5
        np.testing.assert_allclose(jacobian @ v, difference, atol=1e-7)


@pytest.mark.parametrize("parameters", [sims.GRADED_INTERACTOME, sims.GRADED_KUNERT2014])
def test_the_equilibrium_is_exact(worm, touch, parameters):
    network = sims.GradedNetwork(worm.connectome, parameters)
    rest = network.equilibrium(touch)
    # Potentials reach volts, so 1e-11 mV/ms is rounding.
    assert np.abs(network.field_under(touch)(0, rest)).max() < 1e-11


def test_a_family_of_fields_along_a_parameter(small, stimulus):
    x = small.random_state(stimulus, np.random.default_rng(7))
    family = small.field_family(stimulus, "gap_conductance")
    p = dataclasses.replace(small.parameters, gap_conductance=0.3)
    expected = sims.GradedNetwork(small.connectome, p).field_under(stimulus)
    np.testing.assert_array_equal(family(0.3)(5.0, x), expected(5.0, x))
    constant = sims.step_current(["N3", "N5"], amplitude_pA=1)
    expected = small.field_under(sims.step_current(["N3", "N5"], amplitude_pA=40))
    found = small.field_family(constant, "current")(40.0)
    np.testing.assert_array_equal(found(0.0, x), expected(0.0, x))
    with pytest.raises(ValueError, match="No parameter 'gap'; there are capacitance"):
        small.field_family(constant, "gap")
    with pytest.raises(ValueError, match="constant stimulus"):
        small.field_family(stimulus, "current")


def test_the_engine_is_of_second_order(small, stimulus):
    start = small.random_state(stimulus, np.random.default_rng(2), spread_mV=5)
    exact = solve_ivp(
        small.field_under(stimulus), (0, 250), start, method="Radau", rtol=1e-11, atol=1e-12
    ).y[:, -1]
    errors = []
    for step in (2.5, 1.25, 0.625, 0.3125):
        system = sims.GradedMap(small, stimulus, step_ms=step)
        assert system.n_steps * system.step_ms == pytest.approx(250)
        errors.append(np.linalg.norm(system.advance(start, system.n_steps) - exact))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 2.0, atol=0.1)


def test_the_engine_agrees_with_dense_linear_algebra(small, stimulus):
    """One step, written with dense NumPy solves."""
    p, n, h = small.parameters, small.n_neurons, 1.0
    x = small.random_state(stimulus, np.random.default_rng(4), spread_mV=5)
    system = sims.GradedMap(small, stimulus, step_ms=h)
    h = system.step_ms
    v, s = x[:n].copy(), x[n:].copy()

    def relax(s):
        phi = 1 / (1 + np.exp(-p.steepness * (v - system.thresholds)))
        rate = p.activation_rate * phi + p.decay_rate
        target = p.activation_rate * phi / rate
        return target + np.exp(-rate * h / 2) * (s - target)

    s = relax(s)
    current = stimulus.constant(small.connectome) + stimulus.varying(small.connectome, h / 2)
    matrix = small.laplacian + np.diag(p.leak_conductance + small.synapses @ s)
    right = p.leak_conductance * p.leak_reversal + (small.synapses * small.reversal) @ s + current
    inertia = 2 * p.capacitance / h
    v = 2 * np.linalg.solve(matrix + inertia * np.eye(n), inertia * v + right) - v
    s = relax(s)
    np.testing.assert_allclose(system.advance(x, 1), np.concatenate([v, s]), atol=1e-11)


def test_tangents_are_the_derivative_of_the_step(small, stimulus):
    rng = np.random.default_rng(5)
    system = sims.GradedMap(small, stimulus, step_ms=2)
    x = small.random_state(stimulus, rng)
    directions = rng.standard_normal((small.dimension, 3))
    _, tangents = system.advance(x, 100, tangents=directions)
    for direction, tangent in zip(directions.T, tangents.T, strict=True):
        e = 1e-5 * direction
        difference = (system.advance(x + e, 100) - system.advance(x - e, 100)) / 2e-5
        np.testing.assert_allclose(tangent, difference, atol=1e-7)


def test_orbit_and_advance_agree(small, stimulus):
    system = sims.GradedMap(small, stimulus, step_ms=2)
    x = small.random_state(stimulus, np.random.default_rng(6))
    orbit = system.orbit(x, 40, start=7, every=10)
    np.testing.assert_array_equal(orbit[0], x)
    np.testing.assert_array_equal(orbit[-1], system.advance(x, 40, start=7))
    both = system.advance(np.array([x, orbit[-1]]), 5)
    np.testing.assert_array_equal(both[1], system.advance(orbit[-1], 5))


def test_the_factor_stays_sparse(worm):
    """Minimum degree: about 1000 entries below the diagonal, of 38 781."""
    _, pattern = strang.minimum_degree(worm.laplacian)
    assert sum(map(len, pattern)) < 1500


def test_a_large_step_is_stable(worm, touch):
    start = worm.random_state(touch, np.random.default_rng(0), spread_mV=50)
    end = sims.GradedMap(worm, touch, step_ms=20).advance(start, 1000)
    assert np.abs(end).max() < 1e4


def test_divergence_names_the_time(small, stimulus):
    system = sims.GradedMap(small, stimulus, step_ms=2)
    with pytest.raises(DivergenceError, match="not finite after 10 ms"):
        system.advance(np.full(small.dimension, np.nan), 5)


def test_a_map_takes_one_frequency(small):
    two = sims.sinusoidal_current(["N0"], amplitude_pA=1, frequency_Hz=2)
    two += sims.sinusoidal_current(["N0"], amplitude_pA=1, frequency_Hz=3)
    with pytest.raises(ValueError, match="2, 3 Hz"):
        sims.GradedMap(small, two)
    with pytest.raises(ValueError, match="step_ms"):
        sims.GradedMap(small, two, step_ms=float("nan"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacitance", 0.0),
        ("leak_conductance", -1.0),
        ("gap_conductance", np.nan),
        ("leak_reversal", np.inf),
    ],
)
def test_bad_parameters_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        sims.GradedParameters(**{field: value})


def test_stimuli_add_up_and_refuse_nonsense(worm):
    both = sims.step_current(["AVAL"], amplitude_pA=3) + sims.step_current(
        ["AVAL", "AVAR"], amplitude_pA=4
    )
    current = both.constant(worm.connectome)
    assert current[worm.connectome.index(["AVAL", "AVAR"])].tolist() == [7, 4]
    assert current.sum() == 11
    with pytest.raises(ValueError, match="offset must be finite"):
        sims.step_current(["AVAL"], amplitude_pA=float("inf"))
    with pytest.raises(ValueError, match="frequency"):
        sims.sinusoidal_current(["AVAL"], amplitude_pA=1, frequency_Hz=-1)
    with pytest.raises(ValueError, match="no neuron 'XXX'"):
        sims.step_current(["XXX"], amplitude_pA=1).constant(worm.connectome)


def test_a_simulation_is_labelled_and_repeats(small, stimulus):
    first, again = (
        sims.simulate(small, stimulus, duration_s=0.5, rng=np.random.default_rng(1))
        for _ in range(2)
    )
    assert first.identical(again)
    assert first.V.attrs["units"] == "mV"
    assert first.sizes == {"time": 101, "neuron": 20}
    assert first.attrs["dataset"] == "small"
    assert float(first.time[-1]) == pytest.approx(500)
    state = sims.state_vector(first.isel(time=-1))
    np.testing.assert_array_equal(state[:20], first.V.values[-1])
    with pytest.raises(ValueError, match="one time"):
        sims.state_vector(first)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration_s": 0.0}, "duration_s must be positive"),
        ({"duration_s": np.nan}, "duration_s must be finite"),
        ({"duration_s": 1.0, "record_every_ms": -1}, "record_every_ms"),
        ({"duration_s": 1e9}, "steps of .* ms, about .* days; at most"),
        ({"duration_s": 4e6}, "GiB"),
        ({"duration_s": 1.0, "rng": None}, "initial_state"),
    ],
)
def test_a_bad_simulation_is_refused(small, stimulus, options, message):
    with pytest.raises(ValueError, match=message):
        sims.simulate(small, stimulus, **{"rng": np.random.default_rng(0), **options})


@pytest.mark.parametrize("count", [0, 2, 9])
def test_the_vector_step_is_the_plain_one(small, worm, touch, count):
    """Iterated to 1e-14 of the norm in a step, which the dynamics contract; 20 steps add up."""
    for network, step in ((small, 2.0), (worm, 8.0)):
        stimulus = sims.step_current(["N0"], amplitude_pA=2) if network is small else touch
        rng = np.random.default_rng(count)
        start = network.random_state(stimulus, rng)
        arguments = (
            network.parameters, network.laplacian, network.synapses, network.reversal,
        )  # fmt: skip
        current = stimulus.constant(network.connectome)
        wave = 1 + 0.3 * np.sin(np.arange(5))[:, None]
        thresholds = network.thresholds(current)[None]
        found = []
        for module in (strang, strang_rows):
            state = start.copy()
            moved = np.random.default_rng(1).standard_normal((start.size, count))
            inputs = strang.StepInputs(thresholds * wave, current * wave, 3, step)
            record = np.empty((4, start.size))
            kernel = module.build_kernel(*arguments)
            assert module.advance(kernel, state, moved, inputs, 20, 5, record) == 20
            found.append((state, moved, record))
        for plain, vector in zip(*found, strict=True):
            scale = np.abs(plain).max(initial=0)
            np.testing.assert_allclose(vector, plain, rtol=0, atol=3e-13 * scale)


def test_a_current_without_finite_potentials_at_rest_is_named(worm):
    stimulus = sims.step_current(["PLML"], amplitude_pA=1e308)
    with pytest.raises(ValueError, match="not finite with a drive of up to 1e"):
        worm.equilibrium(stimulus)


def test_weights_without_finite_potentials_at_rest_are_named():
    """SciPy warned that a matrix is singular, which says nothing of the weights."""
    gap = connectome.from_matrices(
        ["A", "B"], np.zeros((2, 2)), gap=[[0, 1e200], [1e200, 0]], rows="postsynaptic"
    )
    network = sims.GradedNetwork(gap, signs=connectome.gaba_inhibitory)
    with pytest.raises(ValueError, match="or the weights of the connectome"):
        network.equilibrium(sims.step_current(["A"], amplitude_pA=10))
