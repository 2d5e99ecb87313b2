"""Onset of instability against closed forms, cycles and the Jacobian of the field."""

import math

import numpy as np
import pytest
from scipy import integrate

from isochron import connectome, sims

P = sims.GRADED_INTERACTOME
SYNAPSE_nS = 1.0  # ten contacts
OPENING = P.activation_rate * P.steepness / 4 * (1 - P.equilibrium_activation)
CLOSING = P.activation_rate / 2 + P.decay_rate
LEAK = P.leak_conductance + P.equilibrium_activation * SYNAPSE_nS


def inhibitory_ring(n):
    """Each neuron inhibits the next with ten contacts."""
    names = [f"N{k}" for k in range(n)]
    contacts = 10 * np.roll(np.eye(n), 1, axis=0)
    graph = connectome.from_matrices(names, contacts, rows="postsynaptic", signs=-np.sign(contacts))
    return sims.GradedNetwork(graph)


def current_at(threshold_mV):
    """Current into each neuron of a ring whose threshold is given, from the equation of Vth."""
    pull = P.equilibrium_activation * SYNAPSE_nS * P.inhibitory_reversal
    return LEAK * threshold_mV - P.leak_conductance * P.leak_reversal - pull


def test_mutual_inhibition_loses_stability_at_a_real_eigenvalue():
    # (x + closing) (x + L/C) = -opening g (E - Vth) / C for opposite deviations, at x = 0
    threshold = P.inhibitory_reversal + CLOSING * LEAK / (OPENING * SYNAPSE_nS)
    found = sims.find_onset(inhibitory_ring(2), ["N*"])
    assert found.kind == "steady"
    assert found.current_pA == pytest.approx(current_at(threshold), rel=1e-7)
    assert np.isnan([found.period_ms, found.criticality]).all()


def hopf_of_three():
    """Frequency (rad/ms) and current at which a wave around three inhibitory neurons starts."""
    rate = LEAK / P.capacitance
    a, b = (CLOSING + rate) / math.sqrt(3), CLOSING * rate
    omega = (-a + math.sqrt(a * a + 4 * b)) / 2
    strength = 2 * omega * (CLOSING + rate) / math.sqrt(3)
    return omega, current_at(
        P.inhibitory_reversal + strength * P.capacitance / (OPENING * SYNAPSE_nS)
    )


def test_three_neurons_that_inhibit_in_a_ring_start_to_oscillate():
    omega, current = hopf_of_three()
    found = sims.find_onset(inhibitory_ring(3), ["N*"])
    assert found.kind == "oscillatory"
    assert found.current_pA == pytest.approx(current, rel=1e-7)
    assert found.period_ms == pytest.approx(2 * math.pi / omega, rel=1e-7)


def test_the_criticality_is_that_of_the_small_cycle_above_the_onset():
    network = inhibitory_ring(3)
    onset = sims.find_onset(network, ["N*"])
    assert onset.criticality < 0
    # x = z q + conj: the potentials swing by 2 |z| |q_V|, |z|^2 = growth / (omega |criticality|)
    omega = 2 * math.pi / onset.period_ms
    for excess in (0.1, 0.03):
        stimulus = sims.step_current(["N*"], amplitude_pA=(1 + excess) * onset.current_pA)
        field, rest = network.field_under(stimulus), network.equilibrium(stimulus)
        values, vectors = np.linalg.eig(field.jacobian(0.0, rest).toarray())
        leading = np.argmax(np.real(values) + 1e-9 * np.imag(values))
        size = math.sqrt(values[leading].real / (omega * -onset.criticality))
        start = rest + np.real(2 * size * vectors[:, leading])
        end_ms = 8 / values[leading].real
        run = integrate.solve_ivp(
            field, (0, end_ms), start, method="BDF", rtol=1e-7, atol=1e-9,
            jac=lambda t, x, f=field: f.jacobian(t, x).toarray(),
        )  # fmt: skip
        swing = np.ptp(run.y[0][run.t > end_ms - 2 * onset.period_ms]) / 2
        predicted = 2 * size * abs(vectors[0, leading])
        assert swing == pytest.approx(predicted, rel=0.4 * excess)  # the next order of the form


def test_a_chain_is_stable_at_every_current():
    graph = connectome.from_matrices(["A", "B"], [[0, 0], [9, 0]], rows="postsynaptic",
                                     signs=[[0, 0], [-1, 0]])  # fmt: skip
    found = sims.find_onset(sims.GradedNetwork(graph), ["A", "B"], largest_pA=5000.0)
    assert (found.kind, found.current_pA, found.largest_pA) == ("none", math.inf, 5000.0)


@pytest.mark.parametrize("leak_nS", [0.01, 0.03])
def test_the_worm_is_stable_below_and_unstable_above_its_onset(leak_nS):
    network = sims.GradedNetwork(connectome.load("varshney2011")).with_parameters(
        leak_conductance=leak_nS
    )
    onset = sims.find_onset(network, ["PLML", "PLMR"])
    assert onset.kind == "oscillatory"

    def leading(factor) -> complex:
        stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=factor * onset.current_pA)
        jacobian = network.field_under(stimulus).jacobian(0.0, network.equilibrium(stimulus))
        values = np.linalg.eigvals(jacobian.toarray())
        return complex(values[values.real.argmax()])

    assert leading(1 - 1e-5).real < 0 < leading(1 + 1e-5).real
    assert abs(leading(1.0).imag) == pytest.approx(2 * math.pi / onset.period_ms, rel=1e-6)


def test_time_constants_stretch_the_period_and_leave_the_current():
    fast = inhibitory_ring(3)
    slow = fast.with_parameters(
        capacitance=2 * P.capacitance,
        activation_rate=P.activation_rate / 2,
        decay_rate=P.decay_rate / 2,
    )
    one, two = (sims.find_onset(it, ["N*"]) for it in (fast, slow))
    assert two.current_pA == pytest.approx(one.current_pA, rel=1e-7)
    assert two.period_ms == pytest.approx(2 * one.period_ms, rel=1e-7)


def test_an_onset_of_a_few_picoamperes_is_found_below_a_small_largest_current():
    _, current = hopf_of_three()
    assert current < 5
    found = sims.find_onset(inhibitory_ring(3), ["N*"], largest_pA=5.0)
    assert found.current_pA == pytest.approx(current, rel=1e-7)
    assert sims.find_onset(inhibitory_ring(3), ["N*"], largest_pA=3.0).kind == "none"


def test_an_instability_between_two_currents_of_the_search_is_found():
    from isochron.sims.onset import _first_bracket

    # positive between 269 and 331 only; the search visits 200 and 400
    found = _first_bracket(lambda x: 1 - abs(x - 300) / 31, 100.0, 20_000.0)
    assert found is not None
    assert found[0] <= 269 < found[1] <= 331


@pytest.mark.parametrize(
    ("neurons", "largest_pA", "message"),
    [
        (["NOBODY"], 2e4, "NOBODY"),
        ([], 2e4, "at least one neuron"),
        (["N0"], 0.0, "positive and finite, got 0"),
        (["N0"], math.inf, "finite"),
    ],
)
def test_what_cannot_be_searched_is_named(neurons, largest_pA, message):
    with pytest.raises(ValueError, match=message):
        sims.find_onset(inhibitory_ring(2), neurons, largest_pA=largest_pA)


def test_two_circuits_that_are_not_connected_become_unstable_as_one_does():
    """Their equal real eigenvalues may be computed as a complex pair of 1e-19 per ms."""
    contacts = np.array([[0, 4, 0], [-5, 0, 1], [18, 1, 0]])
    both = np.kron(np.eye(2, dtype=int), contacts)
    found = []
    for matrix, inputs in ((contacts, ["A0"]), (both, ["A0", "A3"])):
        names = [f"A{k}" for k in range(len(matrix))]
        graph = connectome.from_matrices(
            names, abs(matrix), rows="postsynaptic", signs=np.sign(matrix)
        )
        found.append(sims.find_onset(sims.GradedNetwork(graph), inputs))
    one, two = found
    assert (one.kind, two.kind) == ("steady", "steady")
    assert two.current_pA == pytest.approx(one.current_pA, rel=1e-8)
    assert math.isnan(two.period_ms)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_onset_does_not_depend_on_the_unit_of_the_current(unit):
    """Conductances and capacitance in a different unit are a current in a different unit."""
    names = ("capacitance", "leak_conductance", "gap_conductance", "synaptic_conductance")
    scaled = {name: unit * getattr(P, name) for name in names}
    network = inhibitory_ring(3).with_parameters(**scaled)
    found = sims.find_onset(network, ["N*"], largest_pA=2e4 * unit)
    assert found.current_pA == pytest.approx(unit * hopf_of_three()[1], rel=1e-7)
