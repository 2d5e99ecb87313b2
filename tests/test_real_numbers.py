"""Masked and complex values are an error wherever an array of a user becomes numbers."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge, connectome, sims
from isochron.analysis import sign_networks as attractors
from isochron.ann_bridge.tasks import Trials
from isochron.connectome import null_models, statistics
from isochron.real_numbers import require_real
from isochron.sims.waveforms import Sampled

FLAT: dict[str, Any] = {"input_weights": np.ones((3, 1)), "output_weights": np.ones(3)}
ROW = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])


def worm():
    names = ["A", "B", "C"]
    graph = connectome.from_matrices(names, np.eye(3)[[1, 2, 0]], rows="postsynaptic", name="x")
    return sims.GradedNetwork(graph)


SQUARE = np.ma.masked_array(np.eye(3)[[1, 2, 0]], mask=np.eye(3, dtype=bool)[[1, 2, 0]])
NAMES = ("A", "B", "C")


def built(**arrays):
    plain: dict[str, Any] = dict.fromkeys(("chemical", "gap"), np.zeros((3, 3)))
    return connectome.Connectome(
        name="x", neurons=NAMES, muscles=(), neuromuscular=np.zeros((0, 3)),
        source=connectome.Source(weight_unit="synapses"), **plain | arrays,
    )  # fmt: skip


def graded_map():
    return sims.GradedMap(worm(), sims.step_current(["A"], amplitude_pA=1.0), step_ms=1.0)


def trained_map():
    net = ann_bridge.FullRankRNN.from_weights(np.eye(3) / 2, **FLAT)
    return ann_bridge.TrainedMap(net)


def halved(k, x):
    return x / 2


def field(t, x):
    return -x


class Own:
    """A task whose targets have a mask."""

    n_inputs, n_outputs, n_steps, step_ms, chance = 1, 1, 3, 10.0, 1.0

    def sample(self, batch_size, generator):
        targets = np.ma.stack([ROW] * batch_size, axis=1)
        return Trials(np.ones((3, batch_size, 1)), targets, np.ones((3, batch_size)))  # type: ignore


DOORS = {
    "values": lambda: Sampled(neurons=("A",), times=np.arange(3.0), values=ROW),
    "times": lambda: Sampled(neurons=("A",), times=ROW, values=np.arange(3.0)),
    "initial_state": lambda: sims.simulate(
        worm(), sims.step_current(["A"], amplitude_pA=1.0), duration_s=1.0,
        initial_state=np.ma.concatenate([ROW, ROW]),
    ),
    "targets of Own": lambda: ann_bridge.evaluate(
        ann_bridge.GRUNet(n_units=2, n_inputs=1, step_ms=10.0), Own(), seed=0
    ),
    "inputs": lambda: ann_bridge.ModuleMap(torch.nn.RNNCell(3, 2), inputs=ROW),
    "weights": lambda: ann_bridge.FullRankRNN.from_weights(
        np.ma.stack([ROW] * 3), input_weights=np.ones((3, 1)), output_weights=np.ones(3)
    ),
    "output_weights": lambda: ann_bridge.FullRankRNN.from_weights(
        np.eye(3), input_weights=np.ones((3, 1)), output_weights=ROW
    ),
    "x: chemical": lambda: built(chemical=SQUARE),
    "x: gap": lambda: built(gap=SQUARE),
    "x: signs": lambda: built(chemical=np.ones((3, 3)), signs=SQUARE),
    "x: dopamine": lambda: built(extrasynaptic={"dopamine": SQUARE}),
    "own connectome: gap": lambda: connectome.from_matrices(
        NAMES, np.eye(3), SQUARE, rows="presynaptic"
    ),
    "own connectome: chemical": lambda: connectome.from_matrices(
        NAMES, [*SQUARE], rows="presynaptic"
    ),
    "weights of reciprocity": lambda: statistics.reciprocity(SQUARE),
    "weights of compare_with_null": lambda: statistics.compare_with_null(
        np.sum, SQUARE, [np.eye(3)] * 2
    ),
    "random_layers": lambda: statistics.compare_with_null(np.sum, np.eye(3), [SQUARE] * 2),
    "values of power_law_tail": lambda: statistics.power_law_tail(ROW),
    "weights of rewire_directed": lambda: null_models.rewire_directed(
        SQUARE, np.random.default_rng(0)
    ),
    "positions": lambda: null_models.rewire_by_distance(
        worm().connectome, np.random.default_rng(0), bin_um=9.0, positions=SQUARE
    ),
    "state of GradedMap": lambda: graded_map().advance(np.ma.concatenate([ROW, ROW]), 1),
    "state of GradedMap.orbit": lambda: graded_map().orbit(np.ma.concatenate([ROW, ROW]), 1),
    "state of TrainedMap": lambda: trained_map().advance(ROW, 1),
    "state of TrainedMap.orbit": lambda: trained_map().orbit(ROW, 1),
    "tangents": lambda: trained_map().advance(np.ones(3), 1, tangents=SQUARE),
    "inputs of respond": lambda: trained_map().respond(np.ones(3), ROW[:, None]),
    "state of ModuleMap": lambda: ann_bridge.ModuleMap(torch.nn.RNNCell(1, 3)).advance(ROW, 1),
    "starts": lambda: analysis.find_fixed_points(
        analysis.SteppedMap(halved, None, dimension=3), SQUARE
    ),
    "starts of find_entrained_cycles": lambda: analysis.find_entrained_cycles(
        analysis.SteppedMap(halved, None, dimension=3), SQUARE
    ),
    "starts of compute_lyapunov_spectrum": lambda: analysis.compute_lyapunov_spectrum(
        analysis.SteppedMap(halved, None, dimension=3), SQUARE, block=1, n_blocks=9
    ),
    "start": lambda: analysis.find_limit_cycle(
        analysis.Flow(field), ROW, max_period=9.0
    ),
    "J": lambda: attractors.SignNetwork.of(SQUARE),
}  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_masked_values_are_an_error(name):
    what = name.partition(" of ")[0] if name != "targets of Own" else name
    with pytest.raises(ValueError, match=rf"{what} has \d+ masked values?, where numbers"):
        DOORS[name]()


def test_lists_of_rows_and_masks_without_marks():
    with pytest.raises(ValueError, match="x has 2 masked values"):
        require_real("x", [ROW, ROW])
    with pytest.raises(ValueError, match="x has 1 masked value,"):
        require_real("x", (np.arange(3), ROW))
    for sound in (np.ma.masked_array([1.0, 2.0]), [1, 2], None, "text", np.ma.arange(3)):
        require_real("x", sound)


@pytest.mark.parametrize(
    "values",
    [np.ones(2) + 1j, [1.0, 2j], [[1, 0], [1j, 0]], torch.ones(2, dtype=torch.complex64), 1 + 0j],
)
def test_imaginary_parts_are_not_dropped(values):
    with pytest.raises(ValueError, match="x is complex, where real numbers are needed"):
        require_real("x", values)


def test_numbers_of_any_other_type_are_real():
    for sound in (1, 2.0, True, np.float32(1), torch.ones(2), "1j", None, [np.int8(1), [2.0]]):
        require_real("x", sound)


def test_complex_states_are_an_error_at_each_door():
    turning = np.array([1.0, 0.0, 0.0]) + 1j
    doors = {
        "state": lambda: trained_map().advance(turning, 1),
        "initial_state": lambda: sims.simulate(
            worm(), sims.step_current(["A"], amplitude_pA=1.0), duration_s=0.1,
            initial_state=np.zeros(6) + 5j,
        ),
        "starts": lambda: analysis.find_fixed_points(analysis.Flow(field), [turning]),
        "start": lambda: analysis.find_limit_cycle(analysis.Flow(field), turning, max_period=9.0),
    }  # fmt: skip
    for name, door in doors.items():
        with pytest.raises(ValueError, match=f"{name} is complex"):
            door()


@pytest.mark.parametrize(
    "make", [trained_map, lambda: analysis.SteppedMap(halved, None, 3)], ids=["trained", "stepped"]
)
def test_a_negative_number_of_steps_is_an_error(make):
    system = make()
    with pytest.raises(ValueError, match="n_steps must be 0 or more, got -3"):
        system.advance(np.zeros(system.dimension), -3)
