"""Networks on disk: weights as safetensors, settings as JSON in a second file; never pickle."""

import json
import math
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch.overrides import TorchFunctionMode

from isochron._version import __version__
from isochron.ann_bridge.nets.net import RecurrentNet, check_network
from isochron.ann_bridge.registry import MODELS, NETWORKS, load_network_class
from isochron.ann_bridge.tasks.task import describe_task
from isochron.files import json_sha256, reads_data, require_file, sha256, write_bytes

SCHEMA = 2
_FIELDS = {"schema": int, "kind": str, "parameters": dict, "sha256": str, "notes": dict}
READABLE = (1, 2)  # version 0.1 wrote schema 1
MAX_BYTES = 2**30
_MAKERS = (torch.empty, torch.full, torch.ones, torch.rand, torch.randn, torch.zeros)
_WAY_OUT = "Save its weights with safetensors.torch.save_file(net.state_dict(), path)"
_UNFIT = (SafetensorError, RuntimeError, TypeError, ValueError, LookupError, OverflowError)


def save_net(net: RecurrentNet, path: str | os.PathLike, *, task: Any = None, **notes: Any) -> None:
    """Write a network to ``path.safetensors`` and ``path.json``.

    The JSON file is written last and contains the digest of the weights, so a network is saved
    whole or not at all.

    Parameters
    ----------
    net : RecurrentNet
        Network to save, on any device.
    path : path-like
        Path without suffix; existing files are replaced.
    task : Task or str, optional
        The task that the network was trained on. Its chance level and its reference input, if
        it has them, are saved, so that ``isochron cycles`` knows which input to force.
    **notes
        Further JSON values to save: seed, losses, provenance.

    Raises
    ------
    TypeError
        If `net` is not a network, or a note is not a JSON value.
    ValueError
        If a number in the notes or settings is not finite, the path has no file name, or
        `load_net` would not give the network back: its class is not in the registry, a method of
        it was replaced, a weight is not finite, or the file would be larger than it accepts.
    OSError
        If the files cannot be written.

    Examples
    --------
    >>> import os
    >>> net = ann_bridge.LowRankRNN(n_units=8)
    >>> ann_bridge.save_net(net, "small", seed=0)
    >>> sorted(os.listdir())
    ['small.json', 'small.safetensors']
    """
    check_network(net)
    if not isinstance(net, RecurrentNet):
        raise TypeError(f"save_net writes networks, not a {type(net).__name__}; save its network.")
    if Path(path).name in ("", ".."):
        raise ValueError(f"{path} is a folder. Add a name for the files of the network.")
    weights_path, json_path = net_files(path)
    tensors = {name: tensor.contiguous().cpu() for name, tensor in net.state_dict().items()}
    content = save(tensors)
    notes = ({} if task is None else describe_task(task)) | notes
    description = {
        "schema": SCHEMA,
        "isochron_version": __version__,
        "kind": getattr(net, "kind", ""),  # a class of a user may lack it
        "parameters": asdict(net.settings),
        "sha256": sha256(content),
        "notes": notes,
    }
    description["settings_sha256"] = _settings_digest(description)
    _require_json(notes)
    text = json.dumps(description, indent=1, allow_nan=False)
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"The network has {len(content) >> 20} MiB; the largest size of a file that load_net "
            f"reads is {MAX_BYTES >> 20} MiB. Lower n_units."
        )
    _require_return(net, json.loads(text), tensors)
    write_bytes(weights_path, content)
    write_bytes(json_path, text.encode())


def _require_json(notes: dict[str, Any]) -> None:
    """Check that notes are JSON values; the error of the same type names the first that is not."""
    for name, value in notes.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"The note {name} is not a JSON value: {error}. Convert it, for example with "
                "float() or tolist()."
            ) from None


@reads_data
def load_net(path: str | os.PathLike) -> tuple[RecurrentNet, dict[str, Any]]:
    """Read a network and its notes.

    Parameters
    ----------
    path : path-like
        As given to `save_net`, or one of the two files.

    Returns
    -------
    net : RecurrentNet
        The network, of the class that was saved, on the CPU.
    notes : dict
        Further values that were saved with it.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the files are not those of a network, are truncated, altered or of an unknown schema, or
        do not fit each other.

    Examples
    --------
    >>> ann_bridge.save_net(ann_bridge.LowRankRNN(n_units=8), "small", seed=0)
    >>> net, notes = ann_bridge.load_net("small")
    >>> type(net).__name__, net.settings.n_units, notes
    ('LowRankRNN', 8, {'seed': 0})
    """
    weights_path, json_path = net_files(path)
    for file in (weights_path, json_path):
        if not file.exists():
            raise FileNotFoundError(
                f"The file {file} does not exist; a network is two files, see save_net."
            )
        if require_file(file).stat().st_size > MAX_BYTES:
            raise ValueError(
                f"{file} is larger than {MAX_BYTES >> 20} MiB, the largest size of a network."
            )
    description = _read_description(json_path)
    if description.get("settings_sha256", "") not in ("", _settings_digest(description)):
        raise ValueError(f"The settings in {json_path} were altered after they were written.")
    content = weights_path.read_bytes()
    if sha256(content) != description["sha256"]:
        raise ValueError(f"{weights_path} is not the file that {json_path.name} describes.")
    try:
        net = _build(description, _migrate(description, load(content)))
    except _UNFIT as error:
        raise ValueError(f"{weights_path} does not contain such a network: {error}") from error
    return net, description["notes"]


def _require_return(
    net: RecurrentNet, description: dict[str, Any], tensors: dict[str, torch.Tensor]
) -> None:
    """Check that `load_net` will give a network back."""
    name, kind = type(net).__name__, description["kind"]
    if kind not in {**NETWORKS, **MODELS}:
        raise ValueError(
            f"{name} is not a registered kind of network (its kind is {kind!r}), so that "
            f"load_net could not read it. {_WAY_OUT}, or add its class to the registry "
            "(ann_bridge/registry.py)."
        )
    registered = load_network_class(kind)
    if type(net) is not registered:
        raise ValueError(
            f"load_net would return {registered.__name__}, the registered class of the kind "
            f"{kind!r}, not {name}. {_WAY_OUT}, or add the subclass to the registry under a "
            "different kind (ann_bridge/registry.py)."
        )
    if own := [part for part in vars(net) if callable(getattr(registered, part, None))]:
        raise ValueError(
            f"{', '.join(own)} of this {name} was replaced, and load_net would return the network "
            f"without it. Delete the attribute. {_WAY_OUT}."
        )
    try:
        found = _build(description, tensors)
    except _UNFIT as error:
        raise ValueError(f"This {name} cannot be saved: {error}") from error
    if found.settings != net.settings:
        raise ValueError(
            f"load_net would return the settings {found.settings}, not those of this {name}, "
            f"{net.settings}."
        )


def net_files(path: str | os.PathLike) -> tuple[Path, Path]:
    """Weights and description of the network at a path, with or without a suffix."""
    path = Path(path)
    name = path.stem if path.suffix in (".safetensors", ".json") else path.name
    return path.parent / f"{name}.safetensors", path.parent / f"{name}.json"


def _settings_digest(description: dict[str, Any]) -> str:
    """Digest of what a network is built from; files of version 0.1 do not have one."""
    settings = [description["kind"], description["parameters"], description["sha256"]]
    return json_sha256(settings)


def _require_fields(path: Path) -> dict[str, Any]:
    """The content of a file, which has what `save_net` writes, each of its type."""
    why = "a network is a pair of .safetensors and .json, as save_net writes them"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} does not describe a network: {error}; {why}.") from error
    if not isinstance(description, dict):
        raise ValueError(f"{path} does not describe a network: it is not an object; {why}.")
    if lacking := [name for name in _FIELDS if name not in description]:
        raise ValueError(
            f"{path} does not describe a network: it lacks {', '.join(lacking)}; {why}."
        )
    for name, kind in _FIELDS.items():
        if type(description[name]) is not kind:
            raise ValueError(
                f"{path} does not describe a network: {name} is {description[name]!r}; {why}."
            )
    return description


def _read_description(path: Path) -> dict[str, Any]:
    description = _require_fields(path)
    schema, kind = description["schema"], description["kind"]
    if schema not in READABLE:
        known = " and ".join(map(str, READABLE))
        maker = description.get("isochron_version", "a newer version")
        raise ValueError(
            f"{path} was made by isochron {maker} and has schema {schema!r}; this version reads "
            f"{known}."
        )
    try:
        parameters = fields(load_network_class(kind).parameters_type)
    except ValueError as error:
        raise ValueError(f"{path} does not describe a network of isochron: {error}") from error
    if unknown := set(description["parameters"]) - {field.name for field in parameters}:
        raise ValueError(f"{path} has unknown parameters: {', '.join(sorted(unknown))}.")
    return description


class _NoLargerThan(TorchFunctionMode):
    """Reject tensors with more entries than the file: a description may claim any size."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self._largest = largest

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _MAKERS:
            sizes = args if isinstance(args[0], int) else args[0]
            if math.prod(sizes) > self._largest:
                raise ValueError("its sizes are larger than its tensors.")
        return func(*args, **kwargs or {})


def _migrate(
    description: dict[str, Any], tensors: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Tensors of a file of schema 1 (version 0.1) under their present names."""
    if description["schema"] == 1 and description["kind"] == "connectome-low-rank":
        return {"connectome" if k == "wiring" else k: tensor for k, tensor in tensors.items()}
    return tensors


def _build(description: dict[str, Any], tensors: dict[str, torch.Tensor]) -> RecurrentNet:
    """The network of a description and its tensors, which fit each other."""
    network: Any = load_network_class(description["kind"])
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} is not finite.")
    with _NoLargerThan(sum(tensor.numel() for tensor in tensors.values())):
        net = network.rebuild(network.parameters_type(**description["parameters"]), tensors)
    dtypes = {it.dtype for it in tensors.values() if it.is_floating_point()}
    net = net.double() if dtypes == {torch.float64} else net
    for name, wanted in net.state_dict().items():
        if name in tensors and tensors[name].dtype != wanted.dtype:
            kinds = f"{tensors[name].dtype}, not {wanted.dtype}"
            raise ValueError(f"{name} is of type {kinds}.".replace("torch.", ""))
    net.load_state_dict(tensors)
    return net
