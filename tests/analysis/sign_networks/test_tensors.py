"""The backend of PyTorch: its kernel on a GPU, or without one by Triton's interpreter.

pytest tests/analysis/sign_networks/test_tensors.py --device cuda
"""

import numpy as np
import pytest
import torch

from isochron.analysis.sign_networks import (
    SignNetwork,
    enumerate_attractors,
    random_couplings,
    tensor_successors,
    tensors,
)
from isochron.analysis.sign_networks.tensor_successors import by_kernel, by_loop, find_successors
from tests.analysis.sign_networks import brute_force
from tests.interpreter import import_kernels, needs_triton

CPU = torch.device("cpu")
import_kernels("isochron.analysis.sign_networks.triton_successors")


def silent(fraction, text):
    pass


@pytest.fixture
def small_blocks(monkeypatch):
    """Low, middle and top bits, although there are few neurons."""
    monkeypatch.setattr(tensor_successors, "LOW_BITS", 3)
    monkeypatch.setattr(tensor_successors, "MIDDLE_BITS", 2)


def couplings(kind, n):
    rng = np.random.default_rng(n)
    if kind == "gaussian":
        return rng.normal(size=(n, n))
    if kind == "integers":
        return rng.integers(-2, 3, (n, n))
    return rng.choice([-1e200, 1e200, -1.0, 0.0, 1.0, -1e-200, 1e-200], (n, n))


def expected(network):
    """Successors by the exact step, one state at a time."""
    n = network.n
    states = (np.arange(1 << n)[:, None] >> np.arange(n) & 1) * 2 - 1
    return (network.step(states) > 0) @ (1 << np.arange(n))


@needs_triton
@pytest.mark.parametrize("tie", ["plus", "keep"])
@pytest.mark.parametrize("kind", ["gaussian", "integers", "extremes"])
def test_the_kernel_finds_the_exact_successors(kind, tie, where, small_blocks):
    """Small integers take 32 bits, Gaussian couplings 64; extremes are summed again."""
    for n in (1, 3, 7):
        network = SignNetwork.of(couplings(kind, n), 0, tie)
        assert tensor_successors.uses_kernel(where)
        found = find_successors(network, where, silent)
        np.testing.assert_array_equal(found.cpu().numpy(), expected(network))


@pytest.mark.parametrize("kind", ["gaussian", "integers", "extremes"])
def test_the_loop_finds_the_exact_successors(kind, small_blocks):
    for n in (1, 3, 7, 8):
        network = SignNetwork.of(couplings(kind, n), 0, "plus")
        found = find_successors(network, CPU, silent)
        np.testing.assert_array_equal(found.numpy(), expected(network))


def test_which_integers_are_used():
    kinds = {
        kind: tensor_successors.exact_rows(SignNetwork.of(couplings(kind, 6)), CPU)
        for kind in ("integers", "gaussian", "extremes")
    }
    assert [rows.dtype for rows, _ in kinds.values()] == [torch.int32, torch.int64, torch.int64]
    assert kinds["integers"][1] == 0
    assert kinds["extremes"][1] > 0


@needs_triton
def test_the_kernel_and_the_loop_are_equal_to_the_last_mark(where):
    rng = np.random.default_rng(0)
    rows = torch.tensor(rng.integers(-9, 9, (5, 7)), dtype=torch.int64, device=where)
    near, far = (tensor_successors.fields_of(part) for part in (rows[:, :4], rows[:, 4:]))
    results = []
    for fill in (by_kernel, by_loop):
        words = torch.empty(128, dtype=torch.int32, device=where)
        marks = torch.empty(128, dtype=torch.int8, device=where)
        fill(words, marks, near, far.contiguous(), 4)
        results.append((words, marks))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert 0 < int(results[0][1].sum()) < 128


def test_words_with_the_highest_bit_are_read_without_a_sign():
    words = torch.tensor([-1, -(2**31), 5], dtype=torch.int32)
    assert tensors.unsigned(words).tolist() == [2**32 - 1, 2**31, 5]


def test_small_chunks_change_nothing(monkeypatch):
    J = random_couplings(9, 0.3, np.random.default_rng(0))
    whole = enumerate_attractors(J, 0.2, device="cpu:0")
    monkeypatch.setattr(tensors, "CHUNK", 37)
    parts = enumerate_attractors(J, 0.2, device="cpu:0")
    rows, histogram = brute_force.attractors(J, 0.2 * np.ones(9), "plus")
    for found in (whole, parts):
        assert found.basins.tolist() == [row[2] for row in rows]
        assert found.transients.tolist() == histogram


def test_a_count_that_overflows_its_word_is_that_of_all_states(monkeypatch):
    """2**32 hits of one state leave 0 in its word; here the counts are set to 0."""
    following = torch.full((4,), 3, dtype=torch.int32)
    monkeypatch.setattr(torch.Tensor, "index_add_", lambda self, *given: self)
    states, weights, links = tensors._map_among_images(following, lambda n: None)
    assert (states.tolist(), weights.tolist(), links.tolist()) == ([3], [4], [0])


def test_memory_is_that_of_the_page():
    """8 bytes a state for 2**32 states, with chunks and tables below 3 GB: fits a card of 80 GB."""
    assert 8 * 2**32 < tensors.needed_memory(32) < 8 * 2**32 + 3e9
    with pytest.raises(MemoryError, match="images"):
        enumerate_attractors(
            random_couplings(12, -1.0, np.random.default_rng(0)), device="cpu:0",
            max_memory=tensors.needed_memory(12) + 1000,
        )  # fmt: skip


def test_a_kernel_that_does_not_work_is_a_warning(monkeypatch):
    def wrong(words, doubtful, near, far, slack):
        words.zero_()
        doubtful.zero_()

    monkeypatch.setattr(tensor_successors, "by_kernel", wrong)
    tensor_successors.kernel_works.cache_clear()
    with pytest.warns(RuntimeWarning, match=r"cannot be used on cpu .*different.*by a loop"):
        assert not tensor_successors.kernel_works(CPU)
    tensor_successors.kernel_works.cache_clear()


@pytest.mark.gpu
@pytest.mark.parametrize("symmetry", [0.0, 0.5])
def test_a_gpu_finds_the_attractors_of_the_cpu(symmetry):
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    J = random_couplings(22, symmetry, np.random.default_rng(0))
    one, two = enumerate_attractors(J), enumerate_attractors(J, device="cuda")
    for name in ("lengths", "basins", "representatives", "max_transients", "transients"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
