"""Checkpoints of an unfinished training: everything that the next step depends on.

A checkpoint is two files in a folder, ``step-00000050.safetensors`` with weights, the
moments of Adam and the state of the generator, and ``step-00000050.json`` with losses and
settings. Each JSON file contains the digest of the tensors and of its content, so that a
checkpoint that was truncated or altered is detected, and the one before it is used.
"""

import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from isochron._version import __version__
from isochron.files import DataFileError, json_sha256, sha256, write_bytes

SCHEMA = 1
KEPT = 2  # checkpoints


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State of a training after a step.

    Attributes
    ----------
    identity : str
        Network, task and settings; a training of a different identity must not resume from here.
    losses : list of float
        One for each step done.
    seconds : float
        Duration so far, in s.
    tensors : dict of str to Tensor
        Weights, moments and the state of the generator, from `pack`.
    """

    identity: str
    losses: list[float]
    seconds: float
    tensors: dict[str, Tensor]


def write_checkpoint(folder: str | os.PathLike, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a folder that exists, atomically; only the two newest stay.

    Raises
    ------
    FileNotFoundError
        If the folder was deleted: it is not made again, as what it belonged to is gone too.
    OSError
        If it cannot be written; older ones then stay.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {folder} was deleted while a network was training.")
    content = save(checkpoint.tensors)
    body = {
        "schema": SCHEMA,
        "version": __version__,
        "identity": checkpoint.identity,
        "losses": checkpoint.losses,
        "seconds": checkpoint.seconds,
        "tensors_sha256": sha256(content),
    }
    path = folder / f"step-{len(checkpoint.losses):08d}"
    text = json.dumps({"sha256": json_sha256(body), "body": body}, allow_nan=False)
    write_bytes(path.with_suffix(".safetensors"), content)
    write_bytes(path.with_suffix(".json"), text.encode())
    for old in sorted(folder.glob("step-*.json"))[:-KEPT]:
        old.unlink()
    kept = {item.stem for item in folder.glob("step-*.json")}
    for tensors in folder.glob("step-*.safetensors"):
        if tensors.stem not in kept:
            tensors.unlink()


def read_newest(folder: str | os.PathLike) -> Checkpoint | None:
    """The newest checkpoint that is whole; None if the folder does not have checkpoints.

    Raises
    ------
    DataFileError
        If there are checkpoints, but all are damaged, or of a different version.

    Warns
    -----
    UserWarning
        If the newest one is damaged, and the one before is returned.
    """
    damaged: list[str] = []
    for path in sorted(Path(folder).glob("step-*.json"), reverse=True):
        try:
            found = _read(path)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
            damaged.append(f"{path}: {error}")
            continue
        if damaged:
            warnings.warn(
                f"A checkpoint is damaged ({damaged[0]}); the training resumes from the one "
                f"before, after step {len(found.losses)}.",
                stacklevel=3,
            )
        return found
    if damaged:
        raise DataFileError(
            f"No checkpoint in {folder} is whole ({damaged[0]}). Remove the folder to start from "
            "scratch."
        )
    return None


def _read(path: Path) -> Checkpoint:
    document = json.loads(path.read_text(encoding="utf-8"))
    body = document["body"]
    if document["sha256"] != json_sha256(body):
        raise ValueError("altered")
    if body["schema"] != SCHEMA:
        raise ValueError(
            f"made by isochron {body.get('version', 'of a different version')}; this is "
            f"{__version__}"
        )
    content = path.with_suffix(".safetensors").read_bytes()
    if sha256(content) != body["tensors_sha256"]:
        raise ValueError("its tensors are altered")
    return Checkpoint(
        identity=body["identity"],
        losses=body["losses"],
        seconds=body["seconds"],
        tensors=load(content),
    )


def pack(
    net: torch.nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor]:
    """Everything that the next step depends on."""
    tensors = {f"net/{name}": tensor for name, tensor in net.state_dict().items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": tensor for name, tensor in moments.items()}
    tensors["generator"] = generator.get_state()
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}


def unpack(
    tensors: dict[str, Tensor],
    net: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Restore everything that `pack` has saved.

    Raises
    ------
    ValueError
        If the network has different constants, such as a different connectome.
    """
    weights, state = {}, optimiser.state_dict()
    for name, tensor in tensors.items():
        group, _, rest = name.partition("/")
        if group == "net":
            weights[rest] = tensor
        elif group == "optimiser":
            index, _, moment = rest.partition("/")
            state["state"].setdefault(int(index), {})[moment] = tensor
    for name, constant in net.named_buffers():
        if not torch.equal(weights[name].to(constant.device), constant):
            raise ValueError(f"The checkpoint is that of a network with a different {name}.")
    net.load_state_dict(weights)
    optimiser.load_state_dict(state)
    generator.set_state(tensors["generator"])
