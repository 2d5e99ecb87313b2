import numpy as np
import pytest

from isochron.analysis.sign_networks import (
    TIE_RULES,
    CouplingLaw,
    SignNetwork,
    enumerate_attractors,
    from_boolean,
    pack,
    random_couplings,
    unpack,
)
from tests.analysis.sign_networks import brute_force


def couplings(kind, n, rng):
    if kind == "gaussian":
        J = rng.normal(size=(n, n))
    elif kind == "small integers":
        J = rng.integers(-1, 2, (n, n))
    elif kind == "antisymmetric integers":
        J = np.triu(rng.integers(-2, 3, (n, n)), 1)
        return J - J.T
    elif kind == "decimal fractions":  # whose exact sums are close to zero, but not zero
        J = rng.choice([-0.3, -0.2, -0.1, 0.1, 0.2, 0.3], (n, n))
    else:  # 1e-200 is lost next to 1e200 in any float, but cancels exactly
        J = rng.choice([-1e200, 1e200, -1.0, 0.0, 1.0, -1e-200, 1e-200], (n, n))
    if rng.random() < 0.7:
        np.fill_diagonal(J, 0)
    return J


KINDS = ("gaussian", "small integers", "antisymmetric integers", "decimal fractions", "extremes")


def table(found):
    rows = (found.representatives, found.lengths, found.basins, found.max_transients)
    return list(zip(*(row.tolist() for row in rows), strict=True)), found.transients.tolist()


@pytest.mark.parametrize("device", ["cpu", "torch"])
@pytest.mark.parametrize("tie", TIE_RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_exact_rational_arithmetic_agrees(kind, tie, device):
    rng = np.random.default_rng(KINDS.index(kind) * 10 + TIE_RULES.index(tie))
    for n in (1, 2, 3, 5, 7, 8):
        J = couplings(kind, n, rng)
        for theta in (0, rng.integers(-2, 3, n), rng.normal(size=n)):
            # "torch" is any device name that is not "cpu" here and is the CPU in PyTorch
            where = "cpu" if device == "cpu" else "cpu:0"
            found = enumerate_attractors(J, theta, tie, device=where)
            assert table(found) == brute_force.attractors(J, theta, tie), (kind, n, theta)


def test_exact_rational_arithmetic_agrees_at_ten_neurons():
    rng = np.random.default_rng(5)
    for tie in TIE_RULES:
        J = couplings("small integers", 10, rng)
        assert table(enumerate_attractors(J, 0, tie)) == brute_force.attractors(J, 0, tie)


@pytest.mark.parametrize("law", ["gaussian", "sign"])
def test_the_two_backends_agree_where_every_kernel_is_used(law):
    """19 neurons need blocks, slabs of layers and threads; the PyTorch backend shares no code."""
    J = random_couplings(
        19, 0.1, np.random.default_rng(8), law=CouplingLaw(entries=law, dilution=0.3)
    )
    for tie in ("plus", "keep"):
        one = enumerate_attractors(J, 0, tie, n_threads=1)
        two = enumerate_attractors(J, 0, tie, n_threads=2)
        other = enumerate_attractors(J, 0, tie, device="cpu:0")
        assert table(one) == table(two) == table(other)
        assert one.basins.sum() == one.transients.sum() == 2**19


def test_the_layers_of_transients_are_peeled_in_parallel(monkeypatch):
    """With a low threshold a small map also uses the parallel code; the result is the same."""
    from isochron.analysis.sign_networks import compiled

    J = random_couplings(17, -0.2, np.random.default_rng(3))
    plain = table(enumerate_attractors(J))
    describe = compiled._describe
    monkeypatch.setattr(
        compiled, "_describe", lambda links, report, small=0: describe(links, report, 2)
    )
    monkeypatch.setattr(compiled, "WORTHWHILE", 0.999)
    assert table(enumerate_attractors(J)) == plain


def test_many_hits_of_one_state_are_counted():
    """A strong threshold sends all states to one: far more hits than fit in a byte."""
    n = 16
    found = enumerate_attractors(np.ones((n, n)), 100.0, n_threads=2)
    assert table(found) == ([(0, 1, 2**n, 1)], [1, 2**n - 1])


def test_symmetric_couplings_have_lengths_1_and_2():
    J = random_couplings(16, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(J, J.T)
    assert set(enumerate_attractors(J).cycles_by_length) <= {1, 2}


def test_antisymmetric_couplings_have_length_4():
    J = random_couplings(16, -1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(J, -J.T)
    assert set(enumerate_attractors(J).cycles_by_length) == {4}


def test_the_map_is_odd_without_thresholds_and_ties():
    J = random_couplings(15, 0.0, np.random.default_rng(1))
    found = enumerate_attractors(J)
    assert found.symmetric
    by_first = {a.representative: a for a in found.attractors}
    network = SignNetwork.of(J)
    for attractor in found.attractors:
        state = -unpack([attractor.representative], 15)
        mirror = []
        for _ in range(attractor.length):
            state = network.step(state)
            mirror += pack(state)
        image = by_first[min(mirror)]
        assert (image.length, image.basin) == (attractor.length, attractor.basin)


def test_a_rare_tie_breaks_the_symmetry():
    """One tie among 2**13 states: the first check misses it, the count finds it."""
    n = 13
    J = 2.0 ** np.arange(n) * np.ones((n, 1)) + 0.0
    J[:, -1] = -(2.0 ** (n - 1) - 1)  # cancels the others only if all of them agree
    found = enumerate_attractors(J, 0, "plus", device="cpu")
    assert not found.symmetric
    assert table(found) == table(enumerate_attractors(J, 0, "plus", device="cpu:0"))


def test_a_float_that_looks_like_a_tie_is_none():
    """0.1 + 0.2 - 0.3 is 2.8e-17 as exact numbers, although 0.3 appears to be their sum."""
    J = np.zeros((4, 4))
    J[0, 1:] = 0.1, 0.2, -0.3
    state = np.array([-1, 1, 1, 1])
    assert SignNetwork.of(J, 0, "minus").step(state)[0] == 1
    assert SignNetwork.of(10 * J, 0, "minus").step(state)[0] == -1


@pytest.mark.parametrize("tie", TIE_RULES)
def test_the_boolean_convention(tie):
    """x = 1 if W x > b, with the same rule for ties, is the same network in +-1."""
    rng = np.random.default_rng(2)
    W, b = rng.integers(-2, 3, (6, 6)), rng.integers(-1, 2, 6)
    network = SignNetwork.of(*from_boolean(W, b), tie)
    for number in range(64):
        x = np.array([number >> i & 1 for i in range(6)])
        field = W @ x - b
        at_zero = {"plus": np.ones(6), "minus": np.zeros(6), "keep": x, "flip": 1 - x}[tie]
        expected = np.where(field > 0, 1, np.where(field < 0, 0, at_zero))
        np.testing.assert_array_equal((network.step(2 * x - 1) + 1) // 2, expected)


def test_a_boolean_threshold_that_would_be_rounded_is_refused():
    with pytest.raises(ValueError, match="Scale weights"):
        from_boolean([[1e300, 1.0], [0.0, 1.0]], 0.0)


def test_states_as_numbers():
    states = np.array([[1, -1, 1, -1, -1, -1, -1, -1, -1, 1]], dtype=np.int8)
    assert pack(states) == [0b1000000101]
    np.testing.assert_array_equal(unpack([0b1000000101], 10), states)


@pytest.mark.parametrize(
    ("J", "theta", "tie", "message"),
    [
        (np.zeros((2, 3)), 0, "plus", r"square.*\(2, 3\)"),
        (np.zeros((0, 0)), 0, "plus", "n >= 1"),
        (np.zeros((2, 2)), np.zeros(3), "plus", r"theta.*\(3,\)"),
        (np.full((2, 2), np.nan), 0, "plus", "J must be finite"),
        (np.zeros((2, 2)), np.inf, "plus", "theta must be finite"),
        (np.zeros((2, 2)), 0, "zero", "plus, minus, keep, flip.*'zero'"),
        (np.zeros((2, 2), dtype=complex), 0, "plus", "real numbers"),
        (np.array([["a"]]), 0, "plus", "real numbers"),
        (np.zeros((31, 31)), 0, "plus", "at most 30.*sample_attractors"),
    ],
)
def test_bad_networks_are_refused(J, theta, tie, message):
    with pytest.raises(ValueError, match=message):
        enumerate_attractors(J, theta, tie)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_memory_is_checked_before_the_work(device):
    with pytest.raises(MemoryError, match=r"needs [\d,]+ bytes, but 1,000,000 may be used"):
        enumerate_attractors(np.zeros((28, 28)), max_memory=1_000_000, device=device)


def test_memory_is_checked_again_when_the_images_are_known():
    """An antisymmetric network of even size maps states to states one to one on its cycles."""
    J = random_couplings(18, -1.0, np.random.default_rng(0))
    with pytest.raises(MemoryError, match="images"):
        enumerate_attractors(J, max_memory=450_000, n_threads=1)


def test_no_threads():
    with pytest.raises(ValueError, match="n_threads"):
        enumerate_attractors(np.zeros((2, 2)), n_threads=0)


def test_progress_rises_to_one_and_can_stop_the_work():
    J = random_couplings(20, 0.0, np.random.default_rng(0))
    seen = []
    enumerate_attractors(J, progress=lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def stop(fraction, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enumerate_attractors(J, progress=stop)
