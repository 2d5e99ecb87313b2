"""The engine "triton" against "numba": on a GPU, or without one by Triton's interpreter.

    pytest tests/sims/test_triton_engine.py --device cuda

The interpreter is chosen when Triton is imported.
"""

import numpy as np
import pytest
import torch

from isochron import sims
from isochron.sims.engines import ENGINES, triton_graded
from tests.interpreter import HAS_TRITON, import_kernels, needs_triton

import_kernels("isochron.sims.engines.triton_lanes")
# The interpreter takes a tenth of a second for a step: few, and long ones.
OPTIONS = {"duration_s": 0.016, "step_ms": 8, "record_every_ms": 8}


@pytest.fixture
def where(where):
    """Device of the kernel, by name."""
    return str(where)


@pytest.fixture(scope="module")
def members(small):
    """Networks with different constants and connectomes, more than a power of two."""
    return [
        small,
        small.with_parameters(gap_conductance=0.2, synaptic_conductance=0.3, steepness=0.1),
        small.with_parameters(capacitance=2.0, leak_conductance=0.02, leak_reversal=-40.0),
        small.with_parameters(activation_rate=0.002, decay_rate=0.01, excitatory_reversal=5.0),
        small.disconnect("N1*"),
    ]


@pytest.fixture(scope="module")
def stimuli():
    return [
        sims.step_current(["N3"], amplitude_pA=20 + k)
        + sims.sinusoidal_current(["N0"], amplitude_pA=10 + k, frequency_Hz=20)
        for k in range(5)
    ]


def starts_of(members, stimuli):
    """States far from the equilibria."""
    rng = np.random.default_rng(1)
    rows = [n.random_state(s, rng) for n, s in zip(members, stimuli, strict=True)]
    return np.stack(rows) + np.concatenate([10 * rng.normal(size=20), np.zeros(20)])


@needs_triton
@pytest.mark.parametrize("rule", sims.THRESHOLD_RULES)
def test_members_are_those_of_numba(members, stimuli, where, rule):
    """1e-9 mV: rounding errors of a few hundred operations on tens of mV, as for torch."""
    given = {
        "threshold_rule": rule, "record": ["V", "s", "V_minus_threshold"],
        "initial_states": starts_of(members, stimuli), **OPTIONS,
    }  # fmt: skip
    ours = sims.simulate_many(members, stimuli, engine="triton", device=where, **given)
    numba = sims.simulate_many(members, stimuli, **given)
    for name in ("V", "s", "V_minus_threshold", "final_state"):
        np.testing.assert_allclose(ours[name], numba[name], rtol=0, atol=1e-9)
    assert not ours.failed.any()
    assert np.abs(numba.V[:, -1] - numba.V[:, 0]).max() > 1
    assert ours.attrs["engine"] == "triton"


@needs_triton
def test_constants_without_changing_connectomes_and_a_steady_input(members, stimuli, where):
    """Contacts have one column for all members; input and thresholds one row for all steps."""
    few, steady = members[:3], sims.step_current(["N3"], amplitude_pA=20)
    given = {"initial_states": starts_of(few, stimuli[:3]), **OPTIONS}
    ours = sims.simulate_many(few, steady, engine="triton", device=where, **given)
    np.testing.assert_allclose(ours.V, sims.simulate_many(few, steady, **given).V, atol=1e-9)


@needs_triton
def test_connections_without_conductance(small, where):
    """The pattern is that of the connectome, not that of the conductances."""
    networks = [small.with_parameters(gap_conductance=g) for g in (1e-12, 0.1)]
    given = {
        "initial_states": np.zeros(40), "duration_s": 0.004, "step_ms": 4, "record_every_ms": 4,
    }  # fmt: skip
    ours = sims.simulate_many(networks, sims.Stimulus(), engine="triton", device=where, **given)
    numba = sims.simulate_many(networks, sims.Stimulus(), **given)
    np.testing.assert_allclose(ours.V, numba.V, atol=1e-9)


@needs_triton
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, in the interpreter
def test_a_member_that_fails_says_why_and_stops_nobody(small, where):
    """Twice the largest potential is not finite."""
    stimulus = sims.step_current(["N3"], amplitude_pA=20)
    start = small.random_state(stimulus, np.random.default_rng(0))
    starts = np.stack([start, np.full(40, 1.7e308), start])
    run = sims.simulate_many(
        small, stimulus, engine="triton", device=where, initial_states=starts, **OPTIONS
    )
    assert run.failed.values.tolist() == [False, True, False]
    assert run.reason.values[1].startswith("not finite after")
    np.testing.assert_array_equal(run.V[0], run.V[2])


@needs_triton
def test_float32_is_float64_to_its_precision(small, where):
    """24 bits on potentials of some tens of mV."""
    stimulus = sims.step_current(["N3"], amplitude_pA=20)
    runs = [
        sims.simulate_many(
            [small] * 2,
            stimulus,
            engine="triton",
            device=where,
            dtype=dtype,
            rng=np.random.default_rng(0),
            **OPTIONS,
        )  # fmt: skip
        for dtype in ("float64", "float32")
    ]
    assert 0 < np.abs(runs[0].V - runs[1].V).values.max() < 1e-3


@needs_triton
def test_blocks_and_chunks_change_nothing(members, stimuli, where, monkeypatch):
    """Blocks end where the memory for changing input ends, also between samples."""
    few = members[:3], stimuli[:3]
    given = {"engine": "triton", "initial_states": starts_of(*few), "device": where, **OPTIONS}
    whole = sims.simulate_many(*few, **given)
    monkeypatch.setattr(triton_graded, "BLOCK_BYTES", 1)
    parts = sims.simulate_many(*few, chunk=2, **given)
    np.testing.assert_array_equal(whole.V, parts.V)


@pytest.mark.gpu
def test_one_worm_and_the_default_worm_on_a_gpu(worm, touch):
    """1e-8 mV after 250 steps of 8 ms, along a cycle that contracts."""
    if not (torch.cuda.is_available() and HAS_TRITON):
        pytest.skip("no GPU")
    start = worm.random_state(touch, np.random.default_rng(0))
    given = {"duration_s": 2, "step_ms": 8, "initial_state": start}
    ours = sims.simulate(worm, touch, engine="triton", **given)
    np.testing.assert_allclose(ours.V, sims.simulate(worm, touch, **given).V, rtol=0, atol=1e-8)


def test_a_cpu_is_rejected_with_the_engine_to_use(small, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(ValueError, match=r"runs on a GPU: device='cuda'.*engine='numba'"):
        sims.simulate_many(
            small, sims.Stimulus(), engine="triton", initial_states=np.zeros((1, 40)), **OPTIONS
        )


def test_one_run_without_a_gpu_is_an_error(small, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="No CUDA device"):
        sims.simulate(
            small, sims.Stimulus(), engine="triton", initial_state=np.zeros(40), duration_s=0.01
        )


def test_members_that_do_not_fit_are_rejected_before_any_work(small, monkeypatch):
    """8 n rows of a member for state, work and input; 64 members of 20 neurons: 100 kB."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (50_000_000, 100_000_000))
    members = object.__new__(triton_graded._Members)
    members._n, members._count, members._n_entries = 20, 64, 30
    members._device, members._dtype = torch.device("cuda"), torch.float64
    with pytest.raises(MemoryError, match=r"64 members need 1\d\d,\d{3},\d{3} bytes.*chunk="):
        members._check_memory(False, 50)


def test_chunks_by_default_are_those_of_the_engine(small):
    from isochron.sims import ensembles

    def size(engine, n_samples, networks):
        settings = sims.EnsembleSettings(duration_s=1, engine=engine)
        return ensembles._chunk(settings, n_samples, networks)

    assert size("numba", 2, [small]) == 512
    assert size("triton", 2, [small] * 3) == 65536
    assert size("triton", 1000, [small]) == 2 * 2**30 // (8 * 1000 * 40)
    two = [small, small.with_parameters(capacitance=2.0)]  # with three matrices each
    assert size("triton", 500, two) == 2 * 2**30 // (8 * (500 * 40 + 3 * 20 * 20))
    assert size("triton", 10**8, [small]) == 512
    assert ENGINES.load_settings("triton").ensembles
