"""Networks trained together equal those trained alone."""

from functools import partial
from typing import Any

import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.ensemble import train_many
from isochron.ann_bridge.tasks import DelayedComparison

TASK = DelayedComparison()
SIZES: dict[str, Any] = {"n_inputs": 1, "step_ms": 20.0}


def made(kind, seed) -> Any:
    g = torch.Generator().manual_seed(seed)
    if kind == "gru":
        return ann_bridge.GRUNet(n_units=8, generator=g, **SIZES)
    if kind == "full":
        return ann_bridge.FullRankRNN(n_units=9, time_constant_ms=100.0, generator=g, **SIZES)
    activation = "relu" if kind == "relu" else "tanh"
    return ann_bridge.LowRankRNN(
        n_units=16, time_constant_ms=100.0, activation=activation, generator=g, **SIZES
    )


@pytest.mark.parametrize(
    "kinds", [("low",) * 3, ("full", "low", "relu"), ("gru",) * 2, ("gru", "low")]
)
def test_each_is_as_if_alone(kinds):
    """Exactly, with penalties, a schedule and a clip that is active."""
    p = ann_bridge.TrainingParameters(
        steps=12, batch_size=6, warmup_steps=3, decay="cosine", gradient_clip=0.05,
        weight_penalty=1e-3, rate_penalty=1e-2, oscillation_penalty=1e-2,
    )  # fmt: skip
    together = [made(kind, k) for k, kind in enumerate(kinds)]
    records = train_many(together, TASK, p, seeds=range(len(kinds)))
    for k, kind in enumerate(kinds):
        alone = made(kind, k)
        record = ann_bridge.train(alone, TASK, p, seed=k)
        assert record.losses == records[k].losses
        for one, other in zip(alone.parameters(), together[k].parameters(), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("kind", [ann_bridge.LowRankRNN, ann_bridge.GRUNet])
@pytest.mark.parametrize("where", ["_run", "run", "instance"])
def test_a_network_that_replaces_its_run_is_trained_by_it(kind, where):
    seen = []

    def run(self, inputs, generator):
        seen.append(len(inputs))
        return kind._run(self, inputs, generator)

    own = type("Own", (kind,), {} if where == "instance" else {where: run})
    net = own(n_units=8, **SIZES)
    if where == "instance":
        net.run = partial(run, net)
    train_many([net], TASK, ann_bridge.TrainingParameters(steps=2, batch_size=3), seeds=[0])
    assert len(seen) == 2


def test_a_network_that_replaces_forward_only_is_not_trained():
    """Training would ignore it, and evaluation would not."""
    own = type("Own", (ann_bridge.GRUNet,), {"forward": lambda self, u, g: self.run(u, g)[0]})
    with pytest.raises(TypeError, match="Own replaces forward, which training does not call"):
        ann_bridge.train(own(n_units=4, **SIZES), TASK, seed=0)


def test_threads_change_no_bit_and_torch_keeps_its_own():
    """Even where sums are so long that torch would share them among threads."""
    p = ann_bridge.TrainingParameters(steps=2, batch_size=256, rate_penalty=1e-2)
    before, seen, trained = torch.get_num_threads(), [], []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            alone, nets = made("low", 1), [made("low", 0), made("low", 1)]
            draw = nets[0].initial_states
            nets[0].initial_states = lambda *a, draw=draw: (
                seen.append(torch.get_num_threads()),
                draw(*a),
            )[1]
            losses = ann_bridge.train(alone, TASK, p, seed=1).losses
            records = train_many(nets, TASK, p, seeds=(0, 1))
            assert torch.get_num_threads() == count
            trained += [(losses, alone.m), (records[1].losses, nets[1].m)]
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}
    for losses, m in trained[1:]:
        assert losses == trained[0][0]
        assert torch.equal(m, trained[0][1])


def test_each_stops_by_itself():
    """The first network stops at the least number of steps, the second continues unchanged."""
    nets = [made("low", 0), made("low", 1)]
    firsts = [ann_bridge.train(made("low", k), TASK, budget(21), seed=k).losses for k in (0, 1)]
    means = [sum(losses[:20]) / 20 for losses in firsts]
    p = budget(30, stop_below=sum(means) / 2)
    records = train_many(nets, TASK, p, seeds=(0, 1))
    assert sorted(len(record.losses) for record in records)[0] == 20
    assert max(len(record.losses) for record in records) > 20
    for k, net in enumerate(nets):
        alone = made("low", k)
        assert ann_bridge.train(alone, TASK, p, seed=k).losses == records[k].losses
        assert torch.equal(alone.m, net.m)


def budget(steps, **fields):
    return ann_bridge.TrainingParameters(steps=steps, batch_size=6, **fields)


def test_what_does_not_fit_is_refused():
    net = made("low", 0)
    with pytest.raises(ValueError, match="2 networks and 1 seed"):
        train_many([net, made("low", 1)], TASK, seeds=[0])
    with pytest.raises(ValueError, match="different networks"):
        train_many([net, net], TASK, seeds=[0, 1])
    with pytest.raises(ValueError, match="inputs"):
        train_many([ann_bridge.LowRankRNN(n_units=8)], TASK, seeds=[0])


def test_a_loss_that_is_not_finite_keeps_the_weights_of_all():
    nets = [made("low", 0), made("low", 1)]
    with torch.no_grad():
        nets[1].input_weights.fill_(1e38)
    before = nets[0].m.detach().clone()
    with pytest.raises(ArithmeticError, match="not finite at step 1"):
        train_many(nets, TASK, budget(3), seeds=(0, 1))
    assert torch.equal(nets[0].m, before)


def test_no_nets_are_trained_at_once():
    assert train_many([], TASK, seeds=[]) == []
