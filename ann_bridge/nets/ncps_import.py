"""Networks of ncps (Lechner and Hasani) from their state dicts.

They are used by `LiquidNet.from_ncps` and `ClosedFormNet.from_ncps`.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from isochron.ann_bridge.nets.agreement import check_agreement
from isochron.ann_bridge.nets.arrays import Weights, checked_doubles, read_weights
from isochron.ann_bridge.nets.circuit_connectivity import CircuitConnectivity
from isochron.shapes import check_shape

SILENT = -100.0  # softplus gives 4e-44, nothing compared with any other conductance
SYNAPSES = ("w", "mu", "sigma", "erev", "sparsity_mask")
MAPPINGS = ("input_w", "input_b", "output_w", "output_b")
NO_COUNTERPART = {"lstm.": "mixed_memory=True", "backbone.": "a backbone"}


class Imported(NamedTuple):
    """A network of ncps in the form of a circuit.

    Attributes
    ----------
    connectivity : CircuitConnectivity
    tensors : dict of str to Tensor
        State dict, in float64.
    n_inputs, n_outputs : int
        Numbers of inputs and outputs.
    """

    connectivity: CircuitConnectivity
    tensors: dict[str, Tensor]
    n_inputs: int
    n_outputs: int


def read_liquid(
    weights: Weights, *, prefix: str | None, implicit: bool | None, n_motor: int | None
) -> Imported:
    """Connectivity and tensors of an LTC.

    Raises
    ------
    ValueError
        If names are missing or foreign, or something that is not in the file is not given.
    """
    if implicit is None:
        raise ValueError(
            "The state dict of an LTC does not contain implicit_param_constraints, which decides "
            "whether w, cm and gleak go through softplus. Pass True (the default of "
            "ncps.torch.LTC) or False (the default of ncps.torch.LTCCell)."
        )
    needed = ["gleak", "vleak", "cm", *SYNAPSES, *(f"sensory_{name}" for name in SYNAPSES)]
    cell, _ = _cell(weights, prefix)
    found = read_weights(cell, prefix=None, needed=needed, optional=MAPPINGS, what="of an LTC")
    parts = checked_doubles(**found)
    n_inputs, n_units = _check_liquid(parts)
    ones = torch.ones(n_inputs, dtype=torch.float64)
    tensors = {
        "capacitances": _before_softplus("cm", parts["cm"], implicit),
        "leak_conductances": _before_softplus("gleak", parts["gleak"], implicit),
        "leak_reversals": parts["vleak"],
        "input_gains": parts.get("input_w", ones),
        "input_offsets": parts.get("input_b", 0 * ones),
    }
    synapses = _add_synapses(tensors, "between", "", parts, implicit)
    input_synapses = _add_synapses(tensors, "from_inputs", "sensory_", parts, implicit)
    n_motor = _count_motor(parts, n_units, n_motor)
    _add_readout(
        tensors,
        torch.arange(n_units) < n_motor,
        torch.diag(parts.get("output_w", torch.ones(n_motor).double())),
        parts.get("output_b", torch.zeros(n_motor).double()),
    )
    layers, motor = torch.zeros(n_units, dtype=torch.long), torch.arange(n_units) < n_motor
    return Imported(
        CircuitConnectivity(synapses, input_synapses, layers, motor), tensors, n_inputs, n_motor
    )


def read_closed_form(
    weights: Weights, *, prefix: str | None, mode: str | None, time_step: float
) -> Imported:
    """Connectivity and tensors of a CfC on a connectivity, or of a single layer without backbone.

    Its gate time_a t + time_b becomes one sum. Units are in the order of the layers, of which
    the last is read.

    Raises
    ------
    ValueError
        If names are missing or foreign, or the mode is not given.
    """
    if mode not in ("default", "no_gate", "pure"):
        raise ValueError(
            "The state dict of a CfC does not contain its mode. Pass mode='default' (as ncps "
            f"does), 'no_gate' or 'pure', got {mode!r}."
        )
    layers, rest = _layers(weights, prefix, mode)
    _check_layers(layers)
    sizes = [len(layer["ff1.weight"]) for layer in layers]
    starts = [sum(sizes[:k]) for k in range(len(sizes) + 1)]
    n_units, n_inputs = starts[-1], layers[0]["ff1.weight"].shape[1] - sizes[0]
    n_heads = 1 if mode == "pure" else 3
    matrix = torch.zeros(n_heads, n_inputs + n_units, n_units, dtype=torch.float64)
    biases = torch.zeros(n_heads, n_units, dtype=torch.float64)
    mask = torch.zeros(n_inputs + n_units, n_units, dtype=torch.bool)
    for k, layer in enumerate(layers):
        mine = torch.arange(starts[k], starts[k + 1])
        before = n_inputs + torch.arange(starts[k - 1], starts[k]) if k else torch.arange(n_inputs)
        senders = torch.cat([before, n_inputs + mine])[:, None]
        for head, (weight, bias) in enumerate(_sums(layer, mode, time_step)):
            matrix[head, senders, mine], biases[head, mine] = weight.T, bias
        # ncps applies its mask to f and g, and not to the gate.
        mask[senders, mine] = layer["sparsity_mask"].T > 0 if mode == "pure" else True
    inputs, units = _edges(mask[:n_inputs]), _edges(mask[n_inputs:])
    tensors = {
        "weights": matrix[:, n_inputs + units[0], units[1]],
        "input_weights": matrix[:, inputs[0], inputs[1]],
        "biases": biases,
    }
    if mode == "pure":
        for ours, theirs in (("rates", "w_tau"), ("ceilings", "A")):
            tensors[ours] = torch.cat([layer[theirs].flatten() for layer in layers])
    layer_of = torch.repeat_interleave(torch.tensor(sizes))
    motor, eye = layer_of == len(sizes) - 1, torch.eye(sizes[-1], dtype=torch.float64)
    projection = checked_doubles(**rest) if rest else {}
    matrix = projection.get("fc.weight", eye)
    check_shape("fc.weight", matrix, ("n_outputs", sizes[-1]))
    n_outputs = len(matrix)
    bias = projection.get("fc.bias", torch.zeros(n_outputs, dtype=torch.float64))
    check_shape("fc.bias", bias, (n_outputs,))
    _add_readout(tensors, motor, matrix.T, bias)
    return Imported(
        CircuitConnectivity(units, inputs, layer_of, motor), tensors, n_inputs, n_outputs
    )


def _cell(weights: Weights, prefix: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays of the cell by name, and the other arrays of the module."""
    pairs: Any = weights.state_dict() if isinstance(weights, nn.Module) else weights
    given: dict[str, Any] = dict(pairs)
    for name in given:
        for part, what in NO_COUNTERPART.items():
            if f".{part}" in f".{name}":
                raise ValueError(
                    f"{name} belongs to a network of ncps with {what}, which is not supported."
                )
    stem = prefix if not prefix or prefix.endswith(".") else f"{prefix}."
    if stem and any(name.startswith(stem) for name in given):
        given = {name.removeprefix(stem): it for name, it in given.items() if name.startswith(stem)}
    inside = "rnn_cell."
    if not any(name.startswith(inside) for name in given):
        return given, {}
    cell = {name.removeprefix(inside): it for name, it in given.items() if name.startswith(inside)}
    return cell, {name: it for name, it in given.items() if name.startswith("fc.")}


def _layers(
    weights: Weights, prefix: str | None, mode: str
) -> tuple[list[dict[str, Tensor]], dict[str, Any]]:
    """Arrays of each layer, and those of the projection of the outputs."""
    sums = ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b")
    names = [f"{name}.{part}" for name in sums for part in ("weight", "bias")]
    names += ["w_tau", "A"] if mode == "pure" else []
    cell, rest = _cell(weights, prefix)
    what = f"of a CfC in mode {mode!r}"
    if "ff1.weight" in cell:
        found = read_weights(
            cell, prefix=None, needed=names, optional=("sparsity_mask",), what=what
        )
        parts = checked_doubles(**found)
        parts.setdefault("sparsity_mask", torch.ones_like(parts["ff1.weight"]))
        return [parts], rest
    count = max(1, sum(name.endswith(".ff1.weight") for name in cell))
    names.append("sparsity_mask")
    needed = [f"layer_{k}.{name}" for k in range(count) for name in names]
    parts = checked_doubles(**read_weights(cell, prefix=None, needed=needed, what=what))
    return [{name: parts[f"layer_{k}.{name}"] for name in names} for k in range(count)], rest


def _sums(layer: dict[str, Tensor], mode: str, time_step: float) -> list[tuple[Tensor, Tensor]]:
    """Weights and bias of f, g and q = time_a t + time_b; of f only in mode pure."""
    mask = layer["sparsity_mask"]
    found = [(layer["ff1.weight"] * mask, layer["ff1.bias"])]
    if mode != "pure":
        found.append((layer["ff2.weight"] * mask, layer["ff2.bias"]))
        slope, constant = (
            (layer[f"{name}.weight"], layer[f"{name}.bias"]) for name in ("time_a", "time_b")
        )
        found.append((slope[0] * time_step + constant[0], slope[1] * time_step + constant[1]))
    return found


def _edges(mask: Tensor, values: Tensor | None = None) -> Tensor:
    """Sender, receiver and sign of the entries of a mask [sender, receiver], by receiver."""
    receiver, sender = np.nonzero(mask.numpy().T)
    signs = np.ones(len(sender)) if values is None else np.sign(values.numpy()[sender, receiver])
    return torch.from_numpy(np.stack([sender, receiver, signs])).long()


def _add_synapses(
    tensors: dict[str, Tensor], ours: str, theirs: str, parts: dict[str, Tensor], implicit: bool
) -> Tensor:
    """Add the tensors of the synapses in a mask; return their senders, receivers and signs."""
    edges = _edges(parts[f"{theirs}sparsity_mask"], parts[f"{theirs}erev"])
    place = edges[0], edges[1]
    strengths = _before_softplus(f"{theirs}w", parts[f"{theirs}w"][place], implicit)
    tensors[f"{ours}.strengths"] = strengths
    names = {"midpoints": "mu", "steepness": "sigma", "reversals": "erev"}
    for name, source in names.items():
        tensors[f"{ours}.{name}"] = parts[f"{theirs}{source}"][place]
    return edges


def _before_softplus(name: str, values: Tensor, implicit: bool) -> Tensor:
    """Values to which softplus is applied here, from those of ncps.

    With implicit constraints ncps applies softplus too; without, its values may be 0.
    """
    if implicit:
        return values
    if (values < 0).any():
        raise ValueError(
            f"{name} has the negative value {values.min().item():.4g}, which explicit constraints "
            "exclude: pass implicit_param_constraints=True."
        )
    inverse = values + torch.log(-torch.expm1(-values))
    return torch.where(values > 0, inverse, SILENT)


def _check_liquid(parts: dict[str, Tensor]) -> tuple[int, int]:
    """Numbers of inputs and units, to which the shapes of all arrays must fit."""
    check_shape("sensory_sparsity_mask", parts["sensory_sparsity_mask"], ("n_inputs", "n_units"))
    n_inputs, n_units = parts["sensory_sparsity_mask"].shape
    shapes = dict.fromkeys(("gleak", "vleak", "cm"), (n_units,))
    shapes |= dict.fromkeys(SYNAPSES, (n_units, n_units))
    shapes |= {f"sensory_{name}": (n_inputs, n_units) for name in SYNAPSES}
    n_motor = next((len(parts[name]) for name in MAPPINGS[2:] if name in parts), 0)
    shapes |= dict.fromkeys(MAPPINGS[:2], (n_inputs,)) | dict.fromkeys(MAPPINGS[2:], (n_motor,))
    for name, array in parts.items():
        check_shape(name, array, shapes[name])
    if n_motor > n_units:
        raise ValueError(f"output_w has {n_motor} values, more than the {n_units} units.")
    return n_inputs, n_units


def _check_layers(layers: list[dict[str, Tensor]]) -> None:
    """Raise if the shapes of the layers of a CfC do not fit each other."""
    n_before: int | str = "n_inputs"
    for k, layer in enumerate(layers):
        n = len(layer["ff1.weight"])
        width = layer["ff1.weight"].shape[-1]
        n_before = width - n if n_before == "n_inputs" else n_before
        for name, array in layer.items():
            vector = name.endswith("bias")
            wanted = (n,) if vector else (1, n) if name in ("w_tau", "A") else (n, n_before + n)
            check_shape(f"{name} of layer {k}", array, wanted)
        if n_before < 1:
            raise ValueError(
                f"ff1.weight of layer {k} must have more than {n} columns, got {width}."
            )
        n_before = n


def _count_motor(parts: dict[str, Tensor], n_units: int, n_motor: int | None) -> int:
    if "output_w" in parts:
        check_agreement({"n_motor": n_motor}, {"n_motor": len(parts["output_w"])}, "the weights")
        return len(parts["output_w"])
    if n_motor is None or not 1 <= n_motor <= n_units:
        raise ValueError(
            "A state dict without output_w does not contain the number of motor neurons "
            f"(output_dim of the connectivity). Pass n_motor, from 1 to {n_units}; got {n_motor!r}."
        )
    return n_motor


def _add_readout(tensors: dict[str, Tensor], motor: Tensor, matrix: Tensor, bias: Tensor) -> None:
    """Add output weights, of motor units only, and the bias; `matrix` is [motor, output]."""
    weights = torch.zeros(len(motor), matrix.shape[1], dtype=torch.float64)
    weights[motor] = matrix
    tensors["output_weights"] = weights[:, 0] if weights.shape[1] == 1 else weights
    tensors["output_bias"] = bias.squeeze() if len(bias) == 1 else bias
