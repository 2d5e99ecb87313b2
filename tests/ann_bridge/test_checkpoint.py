import json
import os
import pickle
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge import checkpoint
from isochron.ann_bridge.registry import NETWORKS
from isochron.registry import Entry


@pytest.fixture
def saved(tmp_path):
    net = ann_bridge.LowRankRNN(n_units=16, rank=2)
    ann_bridge.save_net(net, tmp_path / "net", seed=7)
    return net, tmp_path / "net"


@pytest.fixture
def forging(monkeypatch):
    """save_net writes what load_net does not accept."""
    monkeypatch.setattr(checkpoint, "_require_return", lambda *_: None)


def test_a_net_comes_back_bit_by_bit(saved):
    net, path = saved
    loaded, notes = ann_bridge.load_net(path)
    assert notes == {"seed": 7}
    assert loaded.settings == net.settings
    for name, tensor in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert sorted(item.name for item in path.parent.iterdir()) == ["net.json", "net.safetensors"]


def test_a_connectome_net_brings_its_masks(tmp_path):
    masks = ann_bridge.connectome_masks(connectome.load("varshney2011"))
    net = ann_bridge.ConnectomeRNN(masks)
    ann_bridge.save_net(net, tmp_path / "net")
    loaded, _ = ann_bridge.load_net(tmp_path / "net.safetensors")
    assert isinstance(loaded, ann_bridge.ConnectomeRNN)
    assert torch.equal(loaded.connectivity()[0], net.connectivity()[0])
    assert torch.equal(loaded.input_matrix(), net.input_matrix())


def every_kind():
    several: dict[str, Any] = {"n_outputs": 2, "n_inputs": 4}
    graph = connectome.load("varshney2011")
    masks = ann_bridge.connectome_masks(graph, signs=connectome.gaba_inhibitory)
    p = ann_bridge.ConnectomeRNNParameters(n_units=279, learns_class_parameters=True, **several)
    yield ann_bridge.ConnectomeRNN(masks, p)
    weights = ann_bridge.connectome_weights(graph, signs=connectome.gaba_inhibitory)
    p = ann_bridge.LowRankAdaptedConnectomeParameters(n_units=279, rank=3, **several)
    yield ann_bridge.LowRankAdaptedConnectomeRNN(weights, masks, p)
    yield ann_bridge.LowRankRNN(n_units=9, oscillation_Hz=8.0, readout="rates", **several)
    yield ann_bridge.FullRankRNN(
        n_units=10, biased=True, learns_time_constants=True, learns_readout=True,
        excitatory_fraction=0.8, activation="softplus", **several,
    )  # fmt: skip
    yield ann_bridge.GRUNet(n_units=5, **several)
    yield ann_bridge.LSTMNet(n_units=5, **several)
    yield ann_bridge.CoupledOscillatorNet(n_units=5, time_step=0.2, **several)
    yield ann_bridge.AttentionNet(
        n_units=8, n_layers=2, window=9, positions="sinusoidal", feedback=0.5, **several
    )
    yield ann_bridge.ConvolutionNet(n_units=5, n_layers=3, width=2, **several)
    yield ann_bridge.SpikingNet(n_units=5, surrogate="atan", **several)
    rng = np.random.default_rng(0)
    policy = ann_bridge.default_policy_connectivity(9, 4, n_motor=2, rng=rng)
    yield ann_bridge.LiquidNet(policy, unfolds=2, n_outputs=2)
    yield ann_bridge.ClosedFormNet(policy, mode="pure", n_outputs=2)
    yield a_worm()


def a_worm():
    several: dict[str, Any] = {"n_outputs": 2, "n_inputs": 4}
    circuit = connectome.load("varshney2011").subset("AVA", "AVB", "PVC", "PLM", "DB*")
    touch = sims.step_current(["PLM"], amplitude_pA=20) + sims.step_current(
        ["AV*"], amplitude_pA=0.1
    )
    choices = [
        ann_bridge.Constant("capacitance", 0.3, 10),
        ann_bridge.ConnectionScale(layer="gap", receivers=("AVB", "DB")),
        ann_bridge.Current(neurons=("AVA",), start=5, low=-50, high=50),
    ]
    network = sims.GradedNetwork(circuit, sims.GRADED_KUNERT2014)
    return ann_bridge.WormNet(network, touch, choices, touched=("PLM",), **several)


@pytest.mark.parametrize("net", list(every_kind()), ids=lambda net: net.kind)
def test_every_kind_of_net_comes_back(tmp_path, net):
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(0.01)
    ann_bridge.save_net(net, tmp_path / "net")
    loaded, _ = ann_bridge.load_net(tmp_path / "net")
    assert type(loaded) is type(net)
    inputs = torch.randn(30, 3, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before, after = (item(inputs, torch.Generator().manual_seed(1)) for item in (net, loaded))
    assert before.shape == (30, 3, 2)
    assert torch.equal(before, after)


def test_a_worm_comes_back_whole(tmp_path):
    """The network that is trained, with everything that a command needs of its connectome."""
    net = a_worm()
    ann_bridge.save_net(net, tmp_path / "net.v1")
    loaded, _ = ann_bridge.load_net(tmp_path / "net.v1")
    assert isinstance(loaded, ann_bridge.WormNet)
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "net.v1.json",
        "net.v1.safetensors",
    ]
    assert loaded.settings == net.settings
    before, after = net.network(), loaded.network()
    assert after.parameters == before.parameters
    for name in ("name", "neurons", "muscles", "cells", "source", "history"):
        assert getattr(after.connectome, name) == getattr(before.connectome, name)
    for name in ("chemical", "gap", "neuromuscular", "signs"):
        np.testing.assert_array_equal(
            getattr(after.connectome, name), getattr(before.connectome, name)
        )
    assert before.connectome.neuromuscular.any()
    assert loaded.stimulus() == net.stimulus()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"capacitance": 1.0', b'"capacitance": -1.0', "capacitance must be positive"),
        (b'"capacitance": 1.0', b'"capacitance": NaN', "capacitance must be finite"),
        (b'"kind": "Constant"', b'"kind": "Evaluate"', "description of the worm is not valid"),
        (b'"chemical": [[0, ', b'"chemical": [[99,', "connection 99"),
        (b'"signs": [[', b'"signs": [[0, 0, 1' + b"0" * 30 + b"], [", "too large to convert"),
        (b'"license": ', b'"license": 7, "via": ', "license must be a text, got 7"),
        (b'"sex": "both"', b'"sex": null', "sex must be a text, got None"),
        (b'"neurons": ["AVAL"', b'"neurons": ["AVBL"', "named twice"),
        (b'{"parameters"', b"[" * 100_000, "RecursionError"),
    ],
)
def test_a_worm_that_is_not_described_as_it_should_be_is_refused(
    tmp_path, forging, old, new, message
):
    net = a_worm()
    content = net.worm.numpy().tobytes()
    assert old in content
    net.worm = torch.frombuffer(bytearray(content.replace(old, new)), dtype=torch.uint8)
    ann_bridge.save_net(net, tmp_path / "net")
    with pytest.raises(ValueError, match=message):
        ann_bridge.load_net(tmp_path / "net")


@pytest.mark.parametrize("net", list(every_kind()), ids=lambda net: net.kind)
def test_sizes_that_the_tensors_do_not_have_take_no_memory(tmp_path, net):
    """10^8 units with a weight from each to each would take 40 PB."""
    ann_bridge.save_net(net, tmp_path / "net")
    path = tmp_path / "net.json"
    description = json.loads(path.read_text())
    del description["settings_sha256"]
    for size in {"n_units", "n_inputs", "n_outputs", "rank"} & set(description["parameters"]):
        changed = description["parameters"] | {size: 10**8}
        path.write_text(json.dumps(description | {"parameters": changed}))
        with pytest.raises(
            ValueError,
            match=r"does not contain such a network.*(larger|connectome|n_units|feedback)",
        ):
            ann_bridge.load_net(path)


@pytest.mark.parametrize("kind", [torch.complex64, torch.float64, torch.float16, torch.int64])
def test_weights_of_a_different_type_are_refused(saved, forging, kind):
    """They would be converted without a word."""
    net, path = saved
    net.m = torch.nn.Parameter(net.m.detach().to(kind), requires_grad=False)
    ann_bridge.save_net(net, path)
    with pytest.raises(ValueError, match=rf"m is of type {str(kind)[6:]}, not float32"):
        ann_bridge.load_net(path)


def test_weights_that_are_not_finite_are_refused(saved, forging):
    net, path = saved
    with torch.no_grad():
        net.m[0, 0] = torch.nan
    ann_bridge.save_net(net, path)
    with pytest.raises(ValueError, match="m is not finite"):
        ann_bridge.load_net(path)


def test_a_circuit_with_synapses_of_no_unit_is_refused(tmp_path):
    import hashlib

    from safetensors.torch import load_file, save_file

    graph = ann_bridge.full_connectivity(4, 4, rng=np.random.default_rng(0))
    ann_bridge.save_net(ann_bridge.LiquidNet(graph), tmp_path / "net")
    path = tmp_path / "net.safetensors"
    tensors = load_file(path)
    tensors["synapses"][0, 0] = 99
    save_file(tensors, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    change(path.with_suffix(".json"), sha256=digest)
    with pytest.raises(ValueError, match="units that do not exist"):
        ann_bridge.load_net(path)


def test_an_altered_setting_is_refused(saved):
    path = saved[1].with_suffix(".json")
    text = path.read_text()
    assert '"time_constant_ms": 20.0' in text
    path.write_text(text.replace('"time_constant_ms": 20.0', '"time_constant_ms": 30.0'))
    with pytest.raises(ValueError, match="settings.*were altered"):
        ann_bridge.load_net(saved[1])


def change(path, **values):
    """Write different values, as an attacker would, or without the digest of version 0.1."""
    description = json.loads(path.read_text())
    del description["settings_sha256"]
    for key, value in values.items():
        target = description["parameters"] if key in ("n_units", "color") else description
        target[key] = value
    path.write_text(json.dumps(description))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_the_name_of_a_folder_may_be_of_any_bytes(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    net = ann_bridge.LowRankRNN(n_units=4)
    ann_bridge.save_net(net, folder / "net")
    found = ann_bridge.load_net(folder / "net")[0].state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in net.state_dict().items())


def test_a_flipped_bit_is_refused(saved):
    path = saved[1].with_suffix(".safetensors")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not the file"):
        ann_bridge.load_net(saved[1])


def test_a_truncated_file_is_refused(saved):
    path = saved[1].with_suffix(".safetensors")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="is not the file"):
        ann_bridge.load_net(saved[1])


def test_a_pickle_is_refused_and_not_run(saved, tmp_path):
    import hashlib

    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    content = pickle.dumps(Attack())
    saved[1].with_suffix(".safetensors").write_bytes(content)
    change(saved[1].with_suffix(".json"), sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ValueError, match="does not contain such a network"):
        ann_bridge.load_net(saved[1])
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schema": 99}, "schema 99"),
        ({"kind": "transformer"}, "does not describe a network of isochron: Unknown network"),
        ({"kind": ["gru"]}, r"does not describe a network: kind is \['gru'\]"),
        ({"notes": None}, "does not describe a network: notes is None"),
        ({"n_units": 17}, "does not contain such a network"),
        ({"n_units": "many"}, "n_units"),
        ({"color": "red"}, "unknown parameters: color"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(saved, values, message):
    change(saved[1].with_suffix(".json"), **values)
    with pytest.raises(ValueError, match=message):
        ann_bridge.load_net(saved[1])


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"a": 1}', "\x00", "[" * 100_000])
def test_a_description_that_is_no_json_is_refused(saved, text):
    saved[1].with_suffix(".json").write_text(text)
    with pytest.raises(ValueError, match="does not describe a network"):
        ann_bridge.load_net(saved[1])


def test_a_missing_half_is_named(saved):
    saved[1].with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"net\.json"):
        ann_bridge.load_net(saved[1])


class Doubled(ann_bridge.GRUNet):
    """Its outputs are those of a GRU times two."""

    def _run(self, inputs, generator):
        outputs, rates = super()._run(inputs, generator)
        return 2 * outputs, rates


class Named(Doubled):
    kind = "doubled"


def replaced():
    net = ann_bridge.GRUNet(n_units=3)
    net.run = Doubled(n_units=3).run
    return net


def not_finite():
    net = ann_bridge.GRUNet(n_units=3)
    torch.nn.init.constant_(net.output_weights, torch.nan)
    return net


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Doubled(n_units=3), "load_net would return GRUNet.* not Doubled.*save_file"),
        (lambda: Named(n_units=3), "not a registered kind.*'doubled'.*save_file"),
        (lambda: ann_bridge.AdaptedNet(ann_bridge.GRUNet(n_units=3), 1), "adapted.*save_file"),
        (replaced, "run of this GRUNet was replaced"),
        (not_finite, "output_weights is not finite"),
        (lambda: ann_bridge.GRUNet(n_units=3).half(), "is of type float16, not float32"),
    ],
)
def test_what_load_net_would_not_give_back_is_not_saved(tmp_path, make, words):
    """A subclass came back as a GRU, and the others were files that no one could read."""
    with pytest.raises(ValueError, match=words):
        ann_bridge.save_net(make(), tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_a_file_that_load_net_would_not_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="the largest size of a file that load_net reads"):
        ann_bridge.save_net(ann_bridge.GRUNet(n_units=3), tmp_path / "net")
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True, kw_only=True)
class Sized(ann_bridge.GRUNet.parameters_type):
    table: dict[int, int] = field(default_factory=lambda: {1: 2})


class OfSizes(ann_bridge.GRUNet):
    kind = "sized"
    parameters_type = Sized


def test_settings_that_json_alters_are_not_saved(tmp_path, monkeypatch):
    monkeypatch.setitem(NETWORKS._entries, "sized", Entry(f"{__name__}:OfSizes", "Sizes."))
    with pytest.raises(ValueError, match=r"would return the settings .*{.1.: 2}"):
        ann_bridge.save_net(OfSizes(n_units=3), tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_the_reduced_form_of_a_network_is_not_saved(tmp_path):
    reduced = ann_bridge.reduce_low_rank(ann_bridge.LowRankRNN(n_units=3))
    with pytest.raises(TypeError, match="ReducedNet; save its network"):
        ann_bridge.save_net(reduced, tmp_path / "net")  # pyright: ignore[reportArgumentType]


def test_a_subclass_in_the_registry_comes_back(tmp_path, monkeypatch):
    entry = Entry(f"{__name__}:Named", "Doubled outputs.")
    monkeypatch.setitem(NETWORKS._entries, "doubled", entry)
    ann_bridge.save_net(Named(n_units=3), tmp_path / "net")
    assert type(ann_bridge.load_net(tmp_path / "net")[0]) is Named
