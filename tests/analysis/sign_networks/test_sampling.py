import numpy as np
import pytest

from isochron.analysis.sign_networks import (
    TIE_RULES,
    SamplingLimits,
    chao1,
    enumerate_attractors,
    sample_attractors,
    solve_cycles,
    unpack,
    unseen_mass,
    unseen_mass_bound,
    wilson_interval,
)
from isochron.analysis.sign_networks.network import SignNetwork

N = 16


def sparse_integers(seed):
    rng = np.random.default_rng(seed)
    J = rng.integers(-1, 2, (N, N)) * (rng.random((N, N)) < 0.5)
    np.fill_diagonal(J, 0)
    return J


@pytest.mark.parametrize("tie", TIE_RULES)
def test_a_sample_agrees_with_the_enumeration(tie):
    """Every attractor found exists; 95 % intervals contain most of about 50 basins."""
    inside = total = 0
    for seed in range(5):
        J = sparse_integers(seed)
        truth = {a.representative: a for a in enumerate_attractors(J, 0, tie).attractors}
        sample = sample_attractors(J, 0, tie, n_starts=3000, rng=np.random.default_rng(seed))
        assert sample.n_unfinished == 0
        assert sample.hits.sum() == 3000
        for met in sample.attractors:
            known = truth[met.representative]
            assert met.length == known.length
            assert met.max_transient <= known.max_transient
            inside += met.basin_low <= known.basin / 2**N <= met.basin_high
            total += 1
        unmet = set(truth) - {met.representative for met in sample.attractors}
        missed = sum(truth[first].basin for first in unmet) / 2**N
        assert missed <= sample.unseen_mass_bound
        assert sample.n_attractors_at_least >= len(sample.attractors)
    # 95 % on average; a binomial variable is below this bound with probability 1e-4
    assert inside >= 0.95 * total - 4 * np.sqrt(0.95 * 0.05 * total)


def test_starts_from_all_states_give_the_exact_transients():
    """With enough starts of a tiny network the longest transient occurs."""
    J = sparse_integers(1)[:6, :6]
    truth = enumerate_attractors(J)
    sample = sample_attractors(J, n_starts=2000, rng=np.random.default_rng(0))
    assert {a.representative: a.max_transient for a in sample.attractors} == {
        a.representative: a.max_transient for a in truth.attractors
    }
    # the mean of 2000 draws, within 4 standard errors
    spread = sample.transients.std() / np.sqrt(2000)
    assert abs(sample.transients.mean() - truth.mean_transient) < 4 * spread


def test_gaussian_couplings_agree_too():
    J = np.random.default_rng(4).normal(size=(N, N))
    truth = {a.representative: a.length for a in enumerate_attractors(J).attractors}
    sample = sample_attractors(
        J, n_starts=500, rng=np.random.default_rng(0), limits=SamplingLimits(batch=64)
    )
    assert {a.representative: a.length for a in sample.attractors}.items() <= truth.items()


def test_the_seed_decides():
    J = sparse_integers(2)
    one, two, other = (
        sample_attractors(J, n_starts=50, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert one.attractors == two.attractors
    assert one.attractors != other.attractors


def test_clamped_neurons_hold_their_state():
    J = sparse_integers(3)
    held = {2: 1, 7: -1}
    sample = sample_attractors(J, n_starts=300, rng=np.random.default_rng(0), clamped=held)
    theta, clamped = np.zeros(N), J.astype(float)
    for neuron, state in held.items():
        clamped[neuron], theta[neuron] = 0, -state
    truth = {a.representative: a.length for a in enumerate_attractors(clamped, theta).attractors}
    for attractor in sample.attractors:
        state = unpack([attractor.representative], N)[0]
        assert (state[2], state[7]) == (1, -1)
        assert truth[attractor.representative] == attractor.length


def test_a_start_that_does_not_close_is_counted_as_such():
    """A ring of copying neurons has period 24: only uniform starts return within 4 steps."""
    J = np.roll(np.eye(24), 1, axis=1)
    sample = sample_attractors(
        J, n_starts=100, rng=np.random.default_rng(0), limits=SamplingLimits(max_steps=4)
    )
    assert sample.n_unfinished == 100
    assert sample.attractors == ()
    assert sample.unseen_mass == 1.0


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("tie", TIE_RULES)
def test_the_solver_finds_exactly_the_cycles_of_the_enumeration(tie, length):
    pytest.importorskip("ortools")
    for seed in range(3):
        J = sparse_integers(seed)[:10, :10]
        theta = np.random.default_rng(seed).integers(-1, 2, 10)
        solved = solve_cycles(J, theta, tie, length=length)
        assert solved.complete
        truth = enumerate_attractors(J, theta, tie).attractors
        expected = tuple(a.representative for a in truth if a.length == length)
        assert solved.representatives == expected


def test_the_solver_says_when_it_was_stopped():
    pytest.importorskip("ortools")
    solved = solve_cycles(np.eye(8), tie="keep", limit=5)  # every state is a fixed point
    assert (solved.count, solved.complete) == (5, False)
    assert "raise limit" in solved.message
    assert solve_cycles(np.eye(8), tie="keep").count == 256


def test_couplings_that_are_no_integers_are_refused_by_the_solver():
    with pytest.raises(ValueError, match="np.rint"):
        solve_cycles([[0.0, 1e300], [1.0, 0.0]], [1e-300, 0.0])


def test_wilson_interval():
    """Newcombe (1998), Statistics in Medicine 17:857, table I: 81 of 263 and 0 of 20."""
    low, high = wilson_interval([81, 15, 0, 1], 263)
    np.testing.assert_allclose((low[0], high[0]), (0.2553, 0.3662), atol=5e-5)
    low, high = wilson_interval([0], 20)
    np.testing.assert_allclose((low[0], high[0]), (0.0, 0.1611), atol=5e-5)


def test_unseen_mass_and_chao1():
    hits = [5, 3, 2, 1, 1, 1, 1]
    assert unseen_mass(hits) == pytest.approx(4 / 14)
    assert chao1(hits) == pytest.approx(7 + 13 / 14 * 4 * 3 / (2 * 2))
    assert chao1([3, 4]) == 2
    assert unseen_mass(np.array([], dtype=int)) == 1.0


def test_unseen_mass_of_a_known_distribution():
    """Mean over many samples of Good-Turing and of the true unseen mass agree within 3 errors."""
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.full(200, 0.3))
    errors, exceeded = [], 0
    for _ in range(300):
        counts = rng.multinomial(150, weights)
        truth = weights[counts == 0].sum()
        errors.append(unseen_mass(counts[counts > 0]) - truth)
        exceeded += truth > unseen_mass_bound(counts[counts > 0])
    # Good-Turing estimates the mass unseen after n - 1 draws: a bias below 1 / n
    assert abs(np.mean(errors)) < 1 / 150 + 3 * np.std(errors) / np.sqrt(300)
    assert exceeded <= 0.05 * 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_starts": 0}, "n_starts must be at least 1, got 0"),
        ({"clamped": {16: 1}}, "Neuron 16 cannot be clamped: neurons are 0 to 15"),
        ({"clamped": {0: 0}}, r"clamped to \+1 or -1, got 0"),
    ],
)
def test_bad_settings_of_a_sample_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        sample_attractors(sparse_integers(0), rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize("options", [{"max_steps": 0}, {"batch": -1}])
def test_limits_of_a_sample_are_at_least_1(options):
    with pytest.raises(ValueError, match="must be at least 1"):
        SamplingLimits(**options)


@pytest.mark.parametrize("options", [{"length": 0}, {"limit": 0}, {"time_limit_s": float("nan")}])
def test_bad_settings_of_the_solver_are_refused(options):
    with pytest.raises(ValueError, match="must be positive"):
        solve_cycles(sparse_integers(0), **options)


@pytest.mark.parametrize("confidence", [0.0, 1.0, float("nan")])
def test_bad_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval([1], 2, confidence=confidence)


def test_large_steps_are_exact():
    """A step of 100 neurons, couplings of all magnitudes, against exact integers."""
    rng = np.random.default_rng(6)
    J = rng.normal(size=(100, 100)) * 10.0 ** rng.integers(-18, 18, (100, 100))
    J[:, 50:] = -J[:, :50]  # the sum is exactly 0 for states that repeat
    network = SignNetwork.of(J, 0, "flip")
    half = rng.choice([-1, 1], 50)
    state = np.concatenate([half, half])
    np.testing.assert_array_equal(network.step(state), -state)
