"""Nets on disk: weights as safetensors, settings as JSON beside them; never pickle."""

import hashlib
import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from isochron.ann_bridge.masks import WiringMasks
from isochron.ann_bridge.nets import (
    AdaptedConnectomeParameters,
    AdaptedConnectomeRNN,
    CircuitNet,
    ClosedFormNet,
    ClosedFormParameters,
    ConnectomeRNN,
    ConnectomeRNNParameters,
    CoupledOscillatorNet,
    CoupledOscillatorParameters,
    FullRankParameters,
    FullRankRNN,
    GatedParameters,
    GRUNet,
    LiquidNet,
    LiquidParameters,
    LowRankParameters,
    LowRankRNN,
    LSTMNet,
    RecurrentNet,
    SpikingNet,
    SpikingParameters,
)
from isochron.connectome.files import write_bytes

SCHEMA = 1
MAX_BYTES = 2**30
_NETS: dict[str, tuple[Any, Any]] = {
    "closed-form": (ClosedFormNet, ClosedFormParameters),
    "connectome": (ConnectomeRNN, ConnectomeRNNParameters),
    "connectome-low-rank": (AdaptedConnectomeRNN, AdaptedConnectomeParameters),
    "coupled-oscillators": (CoupledOscillatorNet, CoupledOscillatorParameters),
    "full-rank": (FullRankRNN, FullRankParameters),
    "gru": (GRUNet, GatedParameters),
    "liquid": (LiquidNet, LiquidParameters),
    "low-rank": (LowRankRNN, LowRankParameters),
    "lstm": (LSTMNet, GatedParameters),
    "spiking": (SpikingNet, SpikingParameters),
}


def save_net(net: RecurrentNet, path: str | os.PathLike, **notes: Any) -> None:
    """Write ``path.safetensors`` and ``path.json``.

    The JSON file is written last and holds the digest of the weights, so a net is whole
    or not there.

    Parameters
    ----------
    net : RecurrentNet
    path : path-like
        Without suffix.
    **notes
        Further JSON values to keep: seed, losses, provenance.
    """
    path = Path(path)
    tensors = {name: tensor.contiguous().cpu() for name, tensor in net.state_dict().items()}
    content = save(tensors)
    description = {
        "schema": SCHEMA,
        "kind": net.kind,
        "parameters": asdict(net.settings),
        "sha256": hashlib.sha256(content).hexdigest(),
        "notes": notes,
    }
    text = json.dumps(description, indent=1, allow_nan=False)
    write_bytes(path.with_suffix(".safetensors"), content)
    write_bytes(path.with_suffix(".json"), text.encode())


def load_net(path: str | os.PathLike) -> tuple[RecurrentNet, dict[str, Any]]:
    """Read a net and its notes.

    Parameters
    ----------
    path : path-like
        As given to `save_net`, or one of the two files.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the files are foreign, truncated, altered, of another schema or do not fit.
    """
    path = Path(path)
    if path.suffix in (".safetensors", ".json"):
        path = path.with_suffix("")
    weights_path, json_path = path.with_suffix(".safetensors"), path.with_suffix(".json")
    for file in (weights_path, json_path):
        if not file.is_file():
            raise FileNotFoundError(f"There is no file {file}; a net is two files, see save_net.")
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"{file} is larger than {MAX_BYTES >> 20} MiB; that is no net.")
    description = _read_description(json_path)
    if hashlib.sha256(weights_path.read_bytes()).hexdigest() != description["sha256"]:
        raise ValueError(f"{weights_path} is not the file that {json_path.name} describes.")
    try:
        with safe_open(weights_path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        net = _build(description, tensors)
        net.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, TypeError, KeyError) as error:
        raise ValueError(f"{weights_path} does not hold such a net: {error}") from error
    return net, description["notes"]


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        schema, kind = description["schema"], description["kind"]
        known = {field.name for field in fields(_NETS[kind][1])}
    except (UnicodeDecodeError, json.JSONDecodeError, TypeError, KeyError) as error:
        raise ValueError(f"{path} does not describe a net: {error!r}.") from error
    if schema != SCHEMA:
        raise ValueError(f"{path} has schema {schema!r}; this version reads {SCHEMA}.")
    if unknown := set(description["parameters"]) - known:
        raise ValueError(f"{path} has unknown parameters: {', '.join(sorted(unknown))}.")
    return description


def _build(description: dict[str, Any], tensors: dict[str, torch.Tensor]) -> RecurrentNet:
    net_type, parameters_type = _NETS[description["kind"]]
    parameters = parameters_type(**description["parameters"])
    if len(tensors["output_weights"]) != parameters.n_units:
        raise KeyError(f"output_weights of {parameters.n_units} units")
    if issubclass(net_type, CircuitNet):
        return net_type.rebuild(parameters, tensors)
    if net_type not in (ConnectomeRNN, AdaptedConnectomeRNN):
        return net_type(parameters)
    motor = tensors["output_weights"] != 0
    sensory, motor = tensors["sensory_mask"], motor if motor.ndim == 1 else motor.any(dim=1)
    if net_type is AdaptedConnectomeRNN:
        wiring = tensors["wiring"]
        masks = WiringMasks(wiring != 0, wiring != 0, sensory, motor)
        return AdaptedConnectomeRNN(wiring, masks, parameters)
    upper = tensors["gap_mask"]
    gap, signs, classes = upper | upper.T, tensors.get("signs"), tensors.get("classes")
    masks = WiringMasks(tensors["chemical_mask"], gap, sensory, motor, signs, classes)
    return ConnectomeRNN(masks, parameters)
