"""Numerics that have no answer: an error or a result that says so, never a wrong number."""

import json

import numpy as np
import pytest

from isochron import analysis, sims
from isochron.cli import main
from isochron.connectome import importers

DATA, USAGE = 3, 2  # exit codes


def graph_of(chemical, gap):
    n = len(chemical)
    return importers.from_matrices(
        [f"N{k}" for k in range(n)], chemical, rows="postsynaptic", gap=gap,
        signs=np.ones((n, n), dtype=int) * (np.asarray(chemical) != 0),
    )  # fmt: skip


@pytest.fixture
def parts(tmp_path):
    """Two neurons with synapses, two with a gap junction, and one alone."""
    chemical, gap = np.zeros((5, 5)), np.zeros((5, 5))
    chemical[1, 0] = chemical[0, 1] = gap[2, 3] = gap[3, 2] = 1
    made = graph_of(chemical, gap)
    sims.save_dataset(made.to_xarray(), tmp_path / "parts.nc")
    sims.save_dataset(graph_of(0 * chemical, 0 * gap).to_xarray(), tmp_path / "none.nc")
    return made


def test_a_network_in_parts_is_that_of_its_parts(parts):
    """Nothing crosses from one part to another; the neuron alone relaxes as exp(-t / 150 ms)."""
    network = sims.GradedNetwork(parts)
    start = network.equilibrium(sims.Stimulus())
    start[:5] += [5, 0, 0, 0, 5]
    run = sims.simulate(network, sims.Stimulus(), duration_s=0.3, initial_state=start)
    v = run.V.values
    np.testing.assert_allclose(v[:, 2], v[0, 2], atol=1e-9)
    np.testing.assert_allclose(
        v[:, 4] - network.parameters.leak_reversal, 5 * np.exp(-run.time / 150), atol=2e-3
    )
    assert np.ptp(v[:, 1]) > 1e-6


@pytest.mark.parametrize("name", ["parts.nc", "none.nc"])
@pytest.mark.parametrize(
    "command",
    [
        "connectome show {}", "connectome cells {}", "connectome stats {}",
        "connectome compare {} {}", "simulate --dataset {} --duration 0.05",
        "attractors --dataset {}", "export-neuroml {} --out nml",
        "connectome export {} --out x.csv",
    ],
)  # fmt: skip
def test_commands_with_a_network_in_parts(tmp_path, monkeypatch, capsys, parts, name, command):
    """A result in which every number is finite, or one line."""
    monkeypatch.chdir(tmp_path)
    json_too = [] if "export" in command else ["--json"]
    code = main([*command.format(name, name).split(), *json_too])
    printed = capsys.readouterr()
    if code:
        assert code in (USAGE, DATA), printed.err
        assert printed.err.count("isochron: ") == 1
        assert "Error:" not in printed.err
    elif json_too:
        json.loads(printed.out, parse_constant=lambda text: pytest.fail(f"{text} in the result"))


@pytest.mark.slow
@pytest.mark.parametrize("stimulus", ["N0=0", "N4=5"])
def test_a_rhythm_that_is_not_there(tmp_path, monkeypatch, capsys, parts, stimulus):
    monkeypatch.chdir(tmp_path)
    arguments = ["--dataset", "parts.nc", "--stimulate", stimulus, "--duration", "2"]
    assert main(["simulate", *arguments, "--out", "run.zarr"]) == 0
    capsys.readouterr()
    code = main(["cycles", "run.zarr", "--json"])
    printed = capsys.readouterr()
    assert "Error:" not in printed.err
    if code == 0:
        [found] = json.loads(printed.out)
        assert found["resting"]
        assert [rhythm["kind"] for rhythm in found["rhythms"]] == ["fixed point"]
    else:
        assert printed.err.count("isochron: ") == 1


def test_a_search_without_a_cycle_says_why():
    """A node and a center-free flow: damped rotation."""
    turn = np.array([[-0.1, 1.0], [-1.0, -0.1]])
    system = analysis.Flow(lambda t, x: turn @ x, lambda t, x: turn)
    cycle = analysis.find_limit_cycle(system, [1.0, 0.0], period_guess=6.0)
    assert not cycle.found
    assert cycle.message


@pytest.mark.parametrize(
    ("jacobian", "found"),
    [(lambda t, x: np.zeros((2, 2)), 0), (lambda t, x: np.ones((2, 2)), 0)],
)
def test_a_matrix_that_is_singular_everywhere(jacobian, found):
    """x' = (1 + x², 1 + x²) does not have an equilibrium, and its matrix has rank 1."""
    system = analysis.Flow(lambda t, x: np.ones(2) * (1 + x[0] ** 2), jacobian)
    points = analysis.find_fixed_points(system, [[0.3, 0.1], [0.0, 0.0]])
    assert len(points) == found
    assert len(points.failures) == 2
    assert all(failure.message for failure in points.failures)


LINEAR = {"line": np.diag([0.0, -1.0]), "center": np.array([[0.0, 1.0], [-1.0, 0.0]])}


@pytest.mark.parametrize("matrix", LINEAR.values(), ids=LINEAR)
def test_an_equilibrium_that_the_linearization_does_not_decide(matrix):
    system = analysis.Flow(lambda t, x: x @ matrix.T, lambda t, x: matrix)
    [point] = analysis.find_fixed_points(system, [[0.3, -0.2]])
    assert point.degenerate
    assert not point.stable


def test_an_equilibrium_with_a_singular_matrix_is_degenerate():
    """x' = -x³ is stable, and Newton's method is slow: its steps shrink by 2 / 3."""
    system = analysis.Flow(lambda t, x: -(x**3), lambda t, x: np.diag(-3 * x**2))
    search = analysis.find_fixed_points(system, [[0.3, -0.2]])
    assert not len(search)
    assert "a degenerate point is slow" in search.failures[0].message
    [point] = analysis.find_fixed_points(system, [[0.3, -0.2]], max_iterations=200)
    assert point.degenerate
    assert abs(point.point).max() < 1e-2


CONSTANT = {
    "0": np.zeros(400),
    "7": np.full(400, 7.0),
    "1e-300": np.full(400, 1e-300),
    "1e300": np.full(400, 1e300),
    "but for its last bit": np.where(np.arange(400) % 40 < 20, 7.0, np.nextafter(7.0, 8.0)),
}


@pytest.mark.parametrize("signal", CONSTANT.values(), ids=CONSTANT)
@pytest.mark.parametrize(
    "phase",
    [
        analysis.compute_phase,
        lambda signal: analysis.compute_phase(signal, significance=1),
        analysis.section_protophase,
        lambda signal: analysis.fourier_protophase(signal, frequency=0.05),
        analysis.protophase_to_phase,
    ],
    ids=["hilbert", "untested", "section", "fourier", "protophase"],
)
def test_a_constant_signal_has_no_phase(phase, signal):
    with pytest.raises(ValueError, match=r"phase|constant|cross|turn"):
        phase(signal)


def test_a_constant_signal_has_no_rhythm_and_no_offset():
    reference = 2 * np.pi * np.arange(400) / 40
    for signal in CONSTANT.values():
        with pytest.raises(ValueError, match="constant"):
            analysis.oscillation_test(signal)
        assert analysis.harmonic_phase(signal, reference)[1] <= 1e-9 * max(1.0, signal[0])


@pytest.mark.parametrize("numbers", [(1.5, 3), (1, 2.5), (3, 1e300)])
def test_a_proportion_of_cases_that_cannot_be_counted(numbers):
    with pytest.raises(ValueError, match="must be whole numbers of at most"):
        analysis.proportion_interval(*numbers)


def test_a_field_that_is_not_finite_at_the_start():
    field = analysis.Flow(lambda t, x: x * np.nan)
    with pytest.raises(ArithmeticError, match="not finite"):
        analysis.flow(field, [1.0, 0.0], 5.0)
    try:
        assert not analysis.find_limit_cycle(field, [1.0, 0.0], max_period=10.0).found
    except ArithmeticError as error:
        assert "not finite" in str(error)  # noqa: PT017
