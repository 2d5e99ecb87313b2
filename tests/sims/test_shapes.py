"""Arrays of a wrong shape, type or layout are rejected before they enter compiled code."""

import numpy as np
import pytest

from isochron import sims
from isochron.connectome._arrays import check_array, contiguous
from isochron.sims.engines.strang import StepInputs, advance, build_kernel
from isochron.sims.engines.strang_lanes import LANES, advance_lanes, side_by_side


@pytest.fixture
def system(small):
    return sims.GradedMap(small, sims.step_current(["N0"], amplitude_pA=1), step_ms=2)


@pytest.fixture
def kernel(small):
    return build_kernel(small.parameters, small.laplacian, small.synapses, small.reversal)


def test_a_state_of_a_wrong_length_is_rejected(system):
    """Beyond its end the kernel read other memory; twice the length was taken for two states."""
    for sizes in ((39,), (41,), (80,), (40, 1), (2, 20), ()):
        with pytest.raises(ValueError, match=r"state must have shape"):
            system.advance(np.zeros(sizes), 5)
        with pytest.raises(ValueError, match=r"state must have shape"):
            system.orbit(np.zeros(sizes), 5)
    for sizes in ((39, 2), (2, 40), (40,), (40, 2, 1)):
        with pytest.raises(ValueError, match=r"tangents must have shape \(40, k\)"):
            system.advance(np.zeros(40), 5, tangents=np.zeros(sizes))
    with pytest.raises(ValueError, match=r"state must have shape \(40,\), got \(3, 40\)"):
        system.advance(np.zeros((3, 40)), 5, tangents=np.zeros((40, 2)))


def test_numbers_of_steps_are_whole_and_not_negative(system):
    for counts in ({"n_steps": -1}, {"n_steps": 5, "start": -2}):
        with pytest.raises(ValueError, match="must not be negative"):
            system.advance(np.zeros(40), **counts)
    with pytest.raises(TypeError, match="integer"):
        system.advance(np.zeros(40), 2.5)


def test_states_in_any_layout_and_type_advance_alike(system):
    """For states in Fortran order a copy was advanced, and the old states were returned."""
    rows = np.random.default_rng(0).integers(0, 2, (3, 2, 40)).astype(float)
    wanted = np.array([[system.advance(state, 4) for state in pair] for pair in rows])
    assert not np.array_equal(wanted, rows)
    wide = np.zeros((3, 2, 80))
    wide[..., ::2] = rows
    for states in (rows, np.asfortranarray(rows), wide[..., ::2], rows.astype(int), rows.tolist()):
        np.testing.assert_array_equal(system.advance(states, 4), wanted)
    tangents = np.random.default_rng(1).normal(size=(40, 3))
    one = system.advance(rows[0, 0], 4, tangents=tangents)
    other = system.advance(rows[0, 0], 4, tangents=np.asfortranarray(tangents))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_array_of_a_step_is_checked(kernel):
    right = {
        "state": np.zeros(40), "tangents": np.zeros((40, 0)), "thresholds": np.zeros((1, 20)),
        "currents": np.zeros((4, 20)), "record": np.zeros((2, 40)),
    }  # fmt: skip

    def run(**changed):
        counts = {"start": 0, "n_steps": 4, "step": 1.0, "record_every": 2}
        given = right | counts | changed
        inputs = StepInputs(*(given.pop(name) for name in StepInputs._fields))
        return advance(kernel, inputs=inputs, **given)

    assert run() == 4
    wrong = {
        "state": (39,), "tangents": (39, 0), "thresholds": (1, 21), "currents": (20,),
        "record": (1, 40),
    }  # fmt: skip
    for name, sizes in wrong.items():
        with pytest.raises(ValueError, match=rf"{name} must have shape \("):
            run(**{name: np.zeros(sizes)})
    with pytest.raises(ValueError, match="currents must have at least one row"):
        run(currents=np.zeros((0, 20)))
    with pytest.raises(ValueError, match="state must be of type float64, got float32"):
        run(state=np.zeros(40, np.float32))
    with pytest.raises(ValueError, match="state must be C-contiguous"):
        run(state=np.zeros(80)[::2])
    with pytest.raises(TypeError, match="state must be a NumPy array, got list"):
        run(state=[0.0] * 40)


def test_every_array_of_steps_side_by_side_is_checked(kernel):
    lanes = side_by_side([kernel] * LANES)
    right = {
        "state": np.zeros((40, LANES)), "thresholds": np.zeros((1, 20, LANES)),
        "currents": np.zeros((1, 20, LANES)), "record": np.zeros((2, 40, LANES)),
    }  # fmt: skip
    for name, array in right.items():
        wrong = right | {name: array[..., : LANES - 1].copy()}
        with pytest.raises(ValueError, match=rf"{name} must have shape \("):
            advance_lanes(lanes, **wrong, n_steps=4, step=1.0, record_every=2)
    with pytest.raises(ValueError, match="record_every must be at least 1"):
        advance_lanes(lanes, **right, n_steps=4, step=1.0, record_every=0)


def test_matrices_of_different_sizes_make_no_kernel(small):
    matrices = [small.laplacian, small.synapses, small.reversal]
    for place, name in enumerate(("laplacian", "synapses", "reversal")):
        wrong = [m[:, :-1] if k == place else m for k, m in enumerate(matrices)]
        with pytest.raises(ValueError, match=rf"{name} must have shape \(20, 20\), got \(20, 19"):
            build_kernel(small.parameters, *wrong)


def test_a_contiguous_array_is_not_copied():
    array = np.zeros((3, 2))
    assert contiguous(array) is array
    check_array("array", contiguous(array.T), (2, "n"))
