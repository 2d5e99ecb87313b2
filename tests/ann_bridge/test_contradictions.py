"""Settings that contradict imported weights, without the packages that made them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from isochron import ann_bridge

N, N_INPUTS = 4, 2
SQUARE, ENTERING = np.ones((N, N)), np.ones((N_INPUTS, N))
LTC: dict[str, Any] = (
    {"gleak": np.ones(N), "vleak": np.ones(N), "cm": np.ones(N)}
    | dict.fromkeys(("w", "mu", "sigma", "erev", "sparsity_mask"), SQUARE)
    | {f"sensory_{name}": ENTERING for name in ("w", "mu", "sigma", "erev", "sparsity_mask")}
    | {"output_w": np.ones(2), "output_b": np.zeros(2)}
)
SUMS = ("ff1", "ff2", "time_a", "time_b")
CFC: dict[str, Any] = {f"{name}.weight": np.ones((N, N_INPUTS + N)) for name in SUMS} | {
    f"{name}.bias": np.zeros(N) for name in SUMS
}
CORNN: dict[str, Any] = {"i2h.weight": np.ones((N, N_INPUTS + 2 * N)), "i2h.bias": np.zeros(N)}
LEAKY: dict[str, Any] = {"beta": 0.9, "threshold": 1.0}


class Cell(nn.Module):
    """A module with weights and settings, as those of the packages."""

    def __init__(self, arrays, **settings):
        super().__init__()
        self.arrays = {name: torch.tensor(values) for name, values in arrays.items()}
        for name, value in settings.items():
            setattr(self, name, value)

    def state_dict(self, *args, **options):
        return self.arrays


class Outer(nn.Module):
    """A module that contains a second one."""

    def __init__(self, inner):
        super().__init__()
        self.cell = inner

    def state_dict(self, *args, **options):
        return {f"cell.{name}": it for name, it in self.cell.state_dict().items()}


def liquid(weights=None, **options):
    chosen: dict[str, Any] = {"implicit_param_constraints": True} | options
    return ann_bridge.LiquidNet.from_ncps(LTC if weights is None else weights, **chosen)


def closed(weights=None, **options):
    chosen: dict[str, Any] = {"mode": "default"} | options
    return ann_bridge.ClosedFormNet.from_ncps(CFC if weights is None else weights, **chosen)


def oscillators(weights=None, **options):
    chosen: dict[str, Any] = {"time_step": 0.1, "stiffness": 2.0, "friction": 1.5} | options
    return ann_bridge.CoupledOscillatorNet.from_cornn(
        CORNN if weights is None else weights, output_weights=np.ones(N), **chosen
    )


def spiking(neurons=None, **options):
    return ann_bridge.SpikingNet.from_snntorch(
        LEAKY if neurons is None else neurons, input_weights=ENTERING.T,
        output_weights=np.ones(N), readout_beta=0.8, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: liquid(n_units=5), "n_units=5 contradicts the weights, which have n_units=4"),
        (lambda: liquid(n_inputs=1), "n_inputs=1 contradicts the weights, which have n_inputs=2"),
        (lambda: liquid(n_outputs=3), "n_outputs=3 contradicts"),
        (lambda: liquid(n_motor=3), "n_motor=3 contradicts the weights, which have n_motor=2"),
        (lambda: liquid(LTC | {"mu": np.ones((N, 3))}), r"mu must have shape \(4, 4\), got"),
        (lambda: liquid(LTC | {"sensory_w": SQUARE}), r"sensory_w must have shape \(2, 4\)"),
        (lambda: liquid(LTC | {"cm": np.ones(3)}), r"cm must have shape \(4,\)"),
        (lambda: liquid(LTC | {"output_b": np.ones(1)}), r"output_b must have shape \(2,\)"),
        (lambda: liquid(LTC | {"input_w": np.ones(3)}), r"input_w must have shape \(2,\)"),
        (
            lambda: liquid(Cell(LTC, _implicit_param_constraints=False)),
            "constraints=True contradicts the settings of the module, .*=False",
        ),
        (lambda: liquid(Cell(LTC, _ode_unfolds=3), unfolds=6), "unfolds=6 contradicts .*=3"),
        (lambda: closed(n_units=3), "n_units=3 contradicts"),
        (lambda: closed(Cell(CFC, mode="no_gate")), "mode='default' contradicts .*mode='no_gate'"),
        (lambda: closed(CFC | {"ff2.weight": SQUARE}), r"ff2\.weight of layer 0 must have shape"),
        (lambda: closed(CFC | {"ff1.bias": np.ones(3)}), r"ff1\.bias of layer 0 must .*\(4,\)"),
        (lambda: closed({k: v[..., :N] for k, v in CFC.items()}), "must have more than 4 columns"),
        (lambda: oscillators(n_inputs=3), "n_inputs=3 contradicts the weights"),
        (lambda: oscillators(n_outputs=2), "n_outputs=2 contradicts"),
        (lambda: oscillators(CORNN | {"i2h.bias": np.ones((N, 1))}), r"i2h\.bias must have shape"),
        (lambda: oscillators(Cell(CORNN, dt=0.2)), "time_step=0.1 contradicts .*time_step=0.2"),
        (
            lambda: oscillators(Outer(Cell(CORNN, gamma=2.7)), prefix="cell"),
            "stiffness=2.0 contradicts .*2.7",
        ),
        (lambda: spiking(n_units=3), "n_units=3 contradicts"),
        (lambda: spiking(threshold=0.5), "threshold=0.5 contradicts the weights, .*=1.0"),
        (lambda: spiking(time_constant_ms=20.0), "time_constant_ms=20.0 contradicts"),
        (lambda: spiking(LEAKY | {"threshold": -1.0}), "threshold must be positive, got -1"),
        (lambda: spiking(LEAKY | {"reset_mechanism_val": [0, 1]}), "do not reset by subtraction"),
        (lambda: spiking(Cell(LEAKY, inhibition=True)), "have inhibition=True; those of"),
        (lambda: spiking(Cell(LEAKY, reset_delay=False)), "have reset_delay=False; those of"),
        (
            lambda: spiking(LEAKY | {"recurrent.V": np.ones(N), "recurrent.weight": SQUARE}),
            "RLeaky has one of them",
        ),
        (
            lambda: spiking(LEAKY | {"recurrent.weight": SQUARE, "recurrent.bias": np.ones(3)}),
            r"recurrent\.bias must have shape \(4,\)",
        ),
    ],
)  # fmt: skip
def test_a_setting_that_contradicts_raises(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_settings_that_agree():
    assert liquid(n_units=N, n_inputs=N_INPUTS, n_motor=2).settings.n_units == N
    assert liquid(Cell(LTC, _ode_unfolds=3)).settings.unfolds == 3
    known = Cell(LTC, _implicit_param_constraints=False)
    assert liquid(known, implicit_param_constraints=None).settings.n_outputs == 2
    assert closed(Cell(CFC, mode="no_gate"), mode=None).settings.mode == "no_gate"
    assert oscillators(Cell(CORNN, dt=0.1, gamma=torch.tensor(2.0))).settings.n_units == N
    decay = -spiking().settings.step_ms / np.log(0.9)
    assert spiking(threshold=1.0, time_constant_ms=decay).settings.threshold == 1.0
