import dataclasses
import tomllib
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from isochron import connectome
from isochron.sims.muscles import (
    MuscleParameters,
    compute_bending,
    neuromuscular_matrix,
    plot_kymograph,
    simulate_muscles,
)

TAU = 100.0


@pytest.fixture(scope="module")
def body():
    return connectome.load("cook2019-hermaphrodite")


def output_of(graph, times, values):
    """The same output over time from every neuron, or one column for each."""
    values = np.broadcast_to(np.asarray(values).reshape(len(times), -1), (len(times), 302))
    return xr.DataArray(
        values,
        dims=("time", "neuron"),
        coords={"time": times, "neuron": list(graph.neurons)},
    )


def test_the_matrix_holds_the_published_numbers(body):
    """95 muscles, 956 connections of weight 5515 from 162 neurons (Cook et al., 2019)."""
    text = files("isochron.connectome.data").joinpath("expected/counts.toml").read_text()
    expected = tomllib.loads(text)["cook2019-hermaphrodite"]
    matrix = neuromuscular_matrix(body, normalized=False)
    assert matrix.shape == (95, 302)
    assert [np.count_nonzero(matrix), abs(matrix).sum()] == expected["body_wall"]
    assert np.any(matrix, axis=0).sum() == expected["body_wall_senders"]


def test_gaba_relaxes_and_all_else_contracts(body):
    matrix = neuromuscular_matrix(body)
    gaba = matrix.neuron.isin(list(connectome.GABAERGIC))
    assert (matrix.sel(neuron="DD1") <= 0).all()
    assert matrix.sel(neuron="DD1").min() < 0
    assert (matrix.isel(neuron=np.flatnonzero(gaba)) <= 0).all()
    assert (matrix.isel(neuron=np.flatnonzero(~gaba)) >= 0).all()
    np.testing.assert_allclose(abs(matrix).sum("neuron"), 1, rtol=1e-12)


def test_the_names_of_inhibitory_neurons_are_checked(body):
    padded = neuromuscular_matrix(body, inhibitory=["DD01", "vd_2", "EF1"])
    assert (padded.sel(neuron=["DD1", "VD2"]) <= 0).all()
    xr.testing.assert_equal(padded, neuromuscular_matrix(body, inhibitory=["DD1", "VD2"]))
    with pytest.raises(ValueError, match="no neuron 'DDX'"):
        neuromuscular_matrix(body, inhibitory=["DDX"])


def test_output_under_other_spellings(body):
    output = output_of(body, [0.0, 1.0], [1.0, 2.0])
    padded = [f"{name[:2]}0{name[2:]}" if name == "DD1" else name for name in body.neurons]
    other = output.assign_coords(neuron=padded)
    xr.testing.assert_equal(
        simulate_muscles(other, body).activation, simulate_muscles(output, body).activation
    )


def test_muscles_of_another_animal_are_not_those_of_the_worm(body):
    other = dataclasses.replace(body, species="P. pacificus")
    with pytest.raises(ValueError, match="body-wall muscles are known of C. elegans only"):
        neuromuscular_matrix(other)


def test_on_a_male_the_list_of_the_hermaphrodite_says_so(caplog):
    male = connectome.load("cook2019-male").subset("EF1", "VB1")
    neuromuscular_matrix(dataclasses.replace(male, name="part of a male"))
    assert "In part of a male, a male, EF1 release GABA too" in caplog.text


def test_the_inhibitory_neurons_are_an_argument(body):
    plain = neuromuscular_matrix(body, inhibitory=())
    assert (plain >= 0).all()
    assert (neuromuscular_matrix(body, inhibitory=("VB1",)).sel(neuron="VB1") <= 0).all()


def test_a_step_is_followed_exponentially(body):
    """u jumps from 0 to 1 before the first sample: A = 1 - exp(-t / tau), at uneven times."""
    times = np.array([0.0, 3.0, 10.0, 250.0, 251.0, 900.0])
    output = output_of(body, times, np.ones(6))
    run = simulate_muscles(output, body, inhibitory=(), initial=np.zeros(95))
    expected = np.broadcast_to((1 - np.exp(-times / TAU))[:, None], (6, 95))
    np.testing.assert_allclose(run.activation, expected, rtol=1e-12, atol=1e-15)


def test_a_ramp_is_followed_with_a_lag(body):
    """u = t: A = t - tau (1 - exp(-t / tau)), exact at any step."""
    times = np.array([0.0, 70.0, 1000.0])
    run = simulate_muscles(output_of(body, times, times), body, inhibitory=())
    expected = times - TAU * (1 - np.exp(-times / TAU))
    np.testing.assert_allclose(run.activation[:, 7], expected, rtol=1e-12, atol=1e-12)


def test_a_sinusoid_is_followed_with_second_order(body):
    """Between samples the drive is taken as linear: the error falls with the step squared."""
    omega = 2e-3 * np.pi * 1.8

    def error(step):
        times = np.arange(0, 2000 + step / 2, step)
        output = output_of(body, times, np.sin(omega * times))
        run = simulate_muscles(output, body, inhibitory=(), initial=np.zeros(95))
        lag = omega * TAU
        exact = (np.sin(omega * times) - lag * np.cos(omega * times)) / (1 + lag**2)
        exact += lag / (1 + lag**2) * np.exp(-times / TAU)
        return np.abs(run.activation.values[:, 0] - exact).max()

    assert np.log2(error(20) / error(10)) == pytest.approx(2, abs=0.02)


def test_uneven_outputs_agree_with_a_fine_integration(body):
    """The drive bends at each sample: each interval is integrated by itself, to 1e-10.

    An interval multiplies the error before it by exp(-duration / 70 ms), and they last 30 ms on
    average, so about 2.5 errors of 1e-10 add up; ten times that is allowed.
    """
    rng = np.random.default_rng(0)
    times = np.concatenate([[0.0], np.cumsum(rng.uniform(1, 60, 30))])
    output = output_of(body, times, rng.random((31, 302)))
    parameters = MuscleParameters(time_constant=70, gain=2.5, normalized=False)
    run = simulate_muscles(output, body, parameters)
    matrix = neuromuscular_matrix(body, normalized=False).sel(muscle="MVR05").values
    drive = 2.5 * output.values @ matrix

    def velocity(t, a):
        return (np.interp(t, times, drive) - a) / 70

    truth = [drive[0]]
    for span in pairwise(times):
        found = solve_ivp(velocity, span, truth[-1:], method="DOP853", rtol=1e-10, atol=1e-10)
        truth.append(found.y[0, -1])
    np.testing.assert_allclose(run.activation.sel(muscle="MVR05"), truth, rtol=2.5e-9)


def test_bending_is_dorsal_minus_ventral(body):
    """Dorsal muscles at 3 (left) and 1 (right), ventral at 0.5: 1.5 in each of 24 rows."""
    run = simulate_muscles(output_of(body, [0.0], [1.0]), body)
    of_quadrant = {"DL": 3.0, "DR": 1.0, "VL": 0.5, "VR": 0.5}
    run["activation"] = ("time", "muscle"), [[of_quadrant[q] for q in run.quadrant.values]]
    bending = compute_bending(run)
    assert bending.dims == ("time", "row")
    np.testing.assert_array_equal(bending.row, np.arange(1, 25))
    np.testing.assert_allclose(bending, 1.5)


def test_each_row_has_its_own_muscles(body):
    run = simulate_muscles(output_of(body, [0.0], [1.0]), body)
    run["activation"] = run.activation * 0
    run.activation.loc[{"muscle": "MVR17"}] = 1.0
    bending = compute_bending(run)
    assert bending.sel(row=17).item() == -0.5
    assert abs(bending).sum() == 0.5


def test_order_of_neurons_and_dimensions_does_not_matter(body):
    rng = np.random.default_rng(1)
    output = output_of(body, [0.0, 5.0], rng.random((2, 302)))
    shuffled = output.isel(neuron=rng.permutation(302)).transpose("neuron", "time")
    first, second = simulate_muscles(output, body), simulate_muscles(shuffled, body)
    xr.testing.assert_identical(first, second)


@pytest.mark.parametrize("name", ["varshney2011", "white1986-whole", "bentley2016-monoamine"])
def test_collapsed_muscles_are_refused(name):
    expected = "cook2019-hermaphrodite.*witvliet2021-8"
    with pytest.raises(ValueError, match=f"{name} does not distinguish.*{expected}") as error:
        neuromuscular_matrix(connectome.load(name))
    assert "varshney2011," not in str(error.value)


def test_missing_neurons_are_named(body):
    output = output_of(body, [0.0], [1.0]).drop_sel(neuron=["VB1"])
    with pytest.raises(ValueError, match=r"lacks 1 neuron that reaches.*VB1.*ablate"):
        simulate_muscles(output, body)
    run = simulate_muscles(output, body.ablate("VB1"))
    assert np.isfinite(run.activation).all()


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        ([0.0, 0.0], [1.0, 1.0], "increase"),
        ([1.0, 0.0], [1.0, 1.0], "increase"),
        ([0.0, 1.0], [1.0, np.nan], "not finite"),
    ],
)
def test_bad_outputs_are_refused(body, times, values, message):
    with pytest.raises(ValueError, match=message):
        simulate_muscles(output_of(body, times, values), body)


@pytest.mark.parametrize("initial", [np.zeros(94), np.full(95, np.nan)])
def test_a_bad_start_is_refused(body, initial):
    with pytest.raises(ValueError, match="95 finite numbers"):
        simulate_muscles(output_of(body, [0.0], [1.0]), body, initial=initial)


@pytest.mark.parametrize("bad", [{"time_constant": 0}, {"gain": np.nan}])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        MuscleParameters(**bad)


def test_the_kymograph_shows_the_head_at_the_top(body):
    ax = Figure().add_subplot()
    times = np.arange(0, 2000, 50.0)
    run = simulate_muscles(output_of(body, times, np.sin(times / 200)), body)
    assert plot_kymograph(compute_bending(run), ax=ax) is ax
    low, high = ax.get_ylim()
    assert low > high
    mesh: Any = ax.collections[0]
    assert mesh.get_array().shape == (24, len(times))
    assert mesh.norm.vmin == -mesh.norm.vmax


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda output: output.assign_attrs(units="mV"), "in mV, but muscles follow activations"),
        (lambda output: in_seconds(output), "in s; give them in ms"),
        (lambda output: xr.concat([output, output[:, :1]], "neuron"), "two columns for neuron"),
    ],
)
def test_outputs_of_another_kind_are_refused(body, spoil, message):
    """Potentials would drive muscles by thousands; times in seconds would make them slow."""
    output = output_of(body, [0.0, 5.0], np.ones((2, 302)))
    with pytest.raises(ValueError, match=message):
        simulate_muscles(spoil(output), body)


def in_seconds(output):
    return output.assign_coords(time=("time", output.time.values / 1e3, {"units": "s"}))


def test_an_output_without_labels_is_refused(body):
    labels: Any = np.ones((2, 302))
    with pytest.raises(TypeError, match=r"run\.s"):
        simulate_muscles(labels, body)
