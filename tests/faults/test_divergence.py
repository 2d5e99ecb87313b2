"""A simulation, or its start, that is not finite: one error with the time and the neuron."""

import numpy as np
import pytest

from isochron import sims
from isochron.cli.errors import describe_error
from isochron.connectome import importers
from isochron.sims.engines import numba_graded, scipy_graded
from isochron.sims.engines.request import diverged
from isochron.sims.spiking import run as spiking
from isochron.sims.spiking.run import raise_if_diverged

NAMES = ["AVAL", "AVAR", "DB1"]
REST = sims.Stimulus()
NUMERICAL = 4  # exit code


@pytest.fixture
def network():
    """AVAR and DB1 have a gap junction; AVAL is alone, so that its fault stays its own."""
    gap = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]])
    graph = importers.from_matrices(
        NAMES, np.zeros((3, 3)), rows="postsynaptic", gap=gap, signs=np.zeros((3, 3))
    )
    return sims.GradedNetwork(graph)


def start(network, **potentials):
    """The equilibrium, with other potentials of some neurons."""
    state = network.equilibrium(REST)
    for name, value in potentials.items():
        state[NAMES.index(name)] = value
    return state


@pytest.mark.parametrize(
    ("options", "when"),
    [
        ({"method": "strang", "step_ms": 1}, "after 5 ms"),
        ({"method": "multistep", "step_ms": 1}, "between 0 and 20 ms"),
        ({"engine": "torch", "step_ms": 1}, "after 5 ms"),
        ({"engine": "scipy"}, "between 0 and 20 ms"),
    ],
)
@pytest.mark.parametrize("name", ["AVAR", "DB1"])
def test_a_simulation(network, options, when, name):
    with pytest.raises(
        sims.DivergenceError, match=rf"not finite {when}.*neuron {name}\b"
    ) as caught:
        sims.simulate(
            network, REST, duration_s=0.02, initial_state=start(network, **{name: 1.7e308}),
            **options,
        )  # fmt: skip
    assert describe_error(caught.value, []) == NUMERICAL


STRANG = {"method": "strang", "step_ms": 1, "duration_s": 0.02}


def test_the_kernel_stops_at_the_first_sample_that_is_not_finite(network, monkeypatch):
    taken, plain = [], numba_graded.advance

    def advance(*arguments):
        taken.append((plain(*arguments), arguments[4]))
        return taken[-1][0]

    monkeypatch.setattr(numba_graded, "advance", advance)
    with pytest.raises(sims.DivergenceError):
        sims.simulate(network, REST, initial_state=start(network, DB1=1.7e308), **STRANG)
    assert taken == [(4, 20)]


def test_a_kernel_that_stops_early_is_an_error(network, monkeypatch):
    """The sum of a state may overflow before its numbers do."""

    def advance(kernel, state, tangents, inputs, count, every, samples):
        samples[:] = state
        return count - 1

    monkeypatch.setattr(numba_graded, "advance", advance)
    with pytest.raises(sims.DivergenceError, match="not finite after 20 ms .* in neuron"):
        sims.simulate(network, REST, initial_state=start(network), **STRANG)


def test_steps_after_the_last_sample_are_checked(network, monkeypatch):
    def advance(kernel, state, tangents, inputs, count, every, samples):
        samples[:] = state
        state[1] = np.nan
        return count

    monkeypatch.setattr(numba_graded, "advance", advance)
    with pytest.raises(sims.DivergenceError, match="not finite after 20 ms .* in neuron AVAR"):
        sims.simulate(network, REST, initial_state=start(network), **STRANG)


@pytest.mark.parametrize(("changes", "name"), [({}, "AVAR"), ({"success": False}, r"\w+")])
def test_what_the_solver_of_scipy_returns_is_checked(network, monkeypatch, changes, name):
    """It ends with a reason, or with numbers that are not finite and none."""
    plain = scipy_graded.solve_ivp

    def solve(*arguments, **options):
        found = plain(*arguments, **options)
        found.update(changes)
        if found.success:
            found.y[1, -1] = np.nan
        return found

    monkeypatch.setattr(scipy_graded, "solve_ivp", solve)
    with pytest.raises(sims.DivergenceError, match=f"not finite after 20 ms, in neuron {name}"):
        sims.simulate(network, REST, duration_s=0.02, initial_state=start(network), engine="scipy")


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize(
    ("place", "what"),
    [(1, "the potential of AVAR is"), (3, "the activation of AVAL is")],
)
def test_the_start_is_at_fault(network, value, shown, place, what):
    state = start(network)
    state[place] = value
    with pytest.raises(ValueError, match=f"6 finite numbers.*{what} {shown}"):
        sims.simulate(network, REST, duration_s=0.01, initial_state=state)
    starts = np.stack([start(network), state])
    with pytest.raises(ValueError, match=f"in row 1 {what} {shown}"):
        sims.simulate_many(network, REST, duration_s=0.01, initial_states=starts)


def test_a_map_names_the_neuron(network):
    system = sims.GradedMap(network, REST, step_ms=2)
    with pytest.raises(sims.DivergenceError, match=r"after 10 ms .* in neuron AVAL\."):
        system.advance(start(network, AVAL=np.nan), 5)


def test_a_member_of_an_ensemble_names_the_neuron(network):
    starts = np.stack([start(network), start(network, AVAL=1.7e308)])
    run = sims.simulate_many(
        network, REST, duration_s=0.02, method="strang", step_ms=1, initial_states=starts
    )
    assert run.reason.values.tolist() == ["", "not finite after 5 ms in neuron AVAL"]
    assert run.failed.values.tolist() == [False, True]


def test_a_spiking_network_names_time_and_neuron(network):
    samples = np.zeros((4, 3))
    raise_if_diverged(network, samples, np.arange(4.0), 0.05)
    samples[2:, 1] = np.inf
    with pytest.raises(sims.DivergenceError, match="at 2 ms at a step of 0.05 ms, in neuron AVAR"):
        raise_if_diverged(network, samples, np.arange(4.0), 0.05)


def test_a_run_of_a_spiking_network_is_checked(network, monkeypatch):
    """Brian2 does not stop at a potential that is not finite."""
    pytest.importorskip("brian2")
    plain = spiking._run

    def spoiled(*arguments):
        events, samples = plain(*arguments)
        samples[-1, 1] = np.nan
        return events, samples

    monkeypatch.setattr(spiking, "_run", spoiled)
    with pytest.raises(sims.DivergenceError, match="at 1 ms at a step of 0.05 ms, in neuron AVAR"):
        sims.run_spiking(
            sims.SpikingNetwork(network.connectome), REST, duration_s=0.001, codegen_target="numpy"
        )


def test_the_neuron_with_the_largest_potential_is_named_first():
    before = np.array([1.0, -9.0, 3.0, 0.0, 0.0, 0.0])
    after = np.array([0.0, np.nan, np.inf, 0.0, 0.0, 0.0])
    assert diverged(NAMES, before, after) == "neuron AVAR and 1 other"
    after[:] = 0
    after[3] = np.nan  # an activation
    assert diverged(NAMES, before, after) == "neuron AVAL"
    assert diverged(NAMES, before, before) == "neuron AVAR"
