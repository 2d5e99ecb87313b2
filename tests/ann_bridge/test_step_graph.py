"""Training in a CUDA graph: all but the capture, by a CPU; and, marked gpu, on a GPU.

Here the recorder returns the step itself, so a repetition does the same operations as a graph.
"""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge import step_graph, training
from isochron.ann_bridge.ensemble import train_many
from isochron.ann_bridge.host_traffic import HostTraffic, without_checks_of_values
from isochron.ann_bridge.kernels import fused
from isochron.ann_bridge.kernels.gated_run import GatedLayer
from isochron.ann_bridge.registry import TASKS
from isochron.ann_bridge.step_graph import BLOCK, GraphSteps, NotCapturedError, never
from isochron.ann_bridge.tasks import FlipFlop, PhaseMemory, Trials
from isochron.ann_bridge.training_step import Loop, Work

CPU = torch.device("cpu")
TASK = FlipFlop(n_bits=1, duration_ms=200)
NOT_IN_A_GRAPH = {"neurogym"}


def plain(step, generators):  # noqa: ARG001
    """A recorder for a CPU."""
    return step


def work(net=None, task=TASK, seed=0, **fields):
    p = ann_bridge.TrainingParameters(**{"batch_size": 4, "learning_rate": 5e-3} | fields)
    net = net or ann_bridge.GRUNet.for_task(task, n_units=6)
    generator = torch.Generator().manual_seed(seed)
    return Work([net], task, p, [generator], torch.optim.Adam(net.parameters(), lr=0.1))


def weights(net):
    return [part.detach().clone() for part in net.parameters()]


def same(ones, others):
    return all(torch.equal(a, b) for a, b in zip(ones, others, strict=True))


@pytest.fixture(autouse=True)
def _loops_of_torch(monkeypatch):
    """As on a GPU: a graph contains the loops, and not the kernels of a CPU."""
    monkeypatch.setattr(fused, "fits", lambda *_: False)
    monkeypatch.setattr(GatedLayer, "fits", False)


@pytest.fixture
def in_a_graph(monkeypatch):
    """`train` and `train_many` take repeated steps."""
    take_steps_of(monkeypatch, lambda work: GraphSteps(work, plain))


def take_steps_of(monkeypatch, steps):
    for module in ("training", "ensemble"):
        monkeypatch.setattr(f"isochron.ann_bridge.{module}.make_steps", steps)


def circuits():
    rng = np.random.default_rng(0)
    policy = ann_bridge.default_policy_connectivity(6, 2, n_motor=2, rng=rng)
    chemical = torch.ones(6, 6).bool()
    masks = ann_bridge.ConnectomeMasks(
        chemical=chemical, gap=~chemical, sensory=chemical[0], motor=chemical[0]
    )
    settings = ann_bridge.ConnectomeRNNParameters(n_units=6, n_inputs=1, step_ms=TASK.step_ms)
    for kind in (ann_bridge.LiquidNet, ann_bridge.ClosedFormNet):
        yield kind(policy, step_ms=TASK.step_ms, n_outputs=2)
    yield ann_bridge.ConnectomeRNN(masks, settings)


def networks():
    for kind in ("FullRankRNN", "LowRankRNN", "GRUNet", "LSTMNet", "CoupledOscillatorNet",
                 "SpikingNet", "ConvolutionNet"):  # fmt: skip
        yield getattr(ann_bridge, kind).for_task(TASK, n_units=6)
    for positions in ("rotary", "sinusoidal"):
        yield ann_bridge.AttentionNet.for_task(TASK, n_units=8, positions=positions)
    yield ann_bridge.FullRankRNN.for_task(TASK, n_units=6, form="rate")
    yield ann_bridge.FullRankRNN.for_task(TASK, n_units=6, learns_time_constants=True, biased=True)


@pytest.mark.parametrize("net", [*networks(), *circuits()], ids=lambda net: net.kind)
def test_no_kind_of_network_reads_values_in_a_step(net):
    task = replace(TASK, n_bits=net.settings.n_inputs)
    taken = work(net, task, rate_penalty=1.0, weight_penalty=1.0, oscillation_penalty=1.0)
    trials = taken.draw()
    taken.pull(trials)
    with without_checks_of_values(), HostTraffic(CPU) as traffic:
        losses, norms = taken.pull(trials)
    assert traffic.found == []
    assert losses > 0
    assert norms > 0


@pytest.mark.parametrize("name", [name for name in TASKS if name not in NOT_IN_A_GRAPH])
def test_no_task_of_ours_reads_values(name):
    settings = ann_bridge.registry.task_settings(name)()
    task = settings.task() if hasattr(settings, "task") else settings
    with without_checks_of_values(), HostTraffic(CPU) as traffic:
        drawn = work(ann_bridge.GRUNet.for_task(task, n_units=2), task).draw()
    assert traffic.found == []
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (lambda x: x.sum().item(), "_local_scalar_dense"),
        (lambda x: bool((x > 0).all()), "_local_scalar_dense"),
        (lambda x: x[x > 0], "index"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: x + torch.tensor([1.0, 2.0]), "lift_fresh"),
        (lambda x: x.to("meta"), "_to_copy"),
    ],
)
def test_traffic_with_the_host_is_found(operation, name):
    with HostTraffic(CPU) as traffic:
        operation(torch.ones(2))
    assert traffic.found == [name]


@pytest.mark.parametrize("stop_below", [0.0, 0.88])
def test_training_is_that_of_the_loop(stop_below, in_a_graph, monkeypatch):
    """Also where it ends within a block: losses, weights and the numbers drawn."""
    settings = ann_bridge.TrainingParameters(
        steps=BLOCK + 7, batch_size=4, stop_below=stop_below, decay="cosine", warmup_steps=3
    )
    nets = [ann_bridge.GRUNet.for_task(TASK, n_units=6) for _ in range(3)]
    ours = ann_bridge.train(nets[0], TASK, settings, seed=1)
    together = train_many(nets[1:], TASK, settings, seeds=[1, 2])
    take_steps_of(monkeypatch, Loop)
    loop = ann_bridge.GRUNet.for_task(TASK, n_units=6)
    wanted = ann_bridge.train(loop, TASK, settings, seed=1)
    assert ours.losses == wanted.losses == together[0].losses
    assert same(weights(nets[0]), weights(loop))
    assert same(weights(nets[1]), weights(loop))
    assert (len(wanted.losses) < settings.steps) == bool(stop_below)
    assert len(wanted.losses) % BLOCK


def test_a_training_that_resumes_is_bit_identical(in_a_graph, tmp_path):
    settings = ann_bridge.TrainingParameters(steps=BLOCK + 5, batch_size=4)

    def stop(step, loss):
        if step == 9:
            raise KeyboardInterrupt

    def run(folder=None, **options):
        net = ann_bridge.GRUNet.for_task(TASK, n_units=6)
        record = ann_bridge.train(
            net, TASK, settings, seed=1, checkpoints=folder, checkpoint_every=8, **options
        )
        return weights(net), record.losses

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=stop)
    (found, losses), (wanted, uninterrupted) = run(tmp_path), run()
    assert losses == uninterrupted
    assert same(found, wanted)


class Poisoned(FlipFlop):
    """A task of a user whose targets are too large for float32 from its trial `bad` on."""

    drawn, bad = 0, 10**9

    def sample(self, batch_size, generator):
        trials = FlipFlop.sample(self, batch_size, generator)
        Poisoned.drawn += 1
        huge = 1e30 if Poisoned.drawn > Poisoned.bad else 1.0
        return Trials(trials.inputs, huge * trials.targets, trials.mask)


@pytest.fixture
def poisoned():
    Poisoned.drawn, Poisoned.bad = 0, 10**9
    return Poisoned(n_bits=1, duration_ms=200)


def test_the_task_of_a_user_is_drawn_before_each_step(poisoned):
    ours, loop = work(task=poisoned), work()
    steps = GraphSteps(ours, plain)
    assert steps.trials is not None
    assert GraphSteps(work(), plain).trials is None
    before = Poisoned.drawn
    found = steps.take(0, 5, never)
    assert Poisoned.drawn == before + 5
    wanted = [Loop(loop).take(k, 1, never)[0] for k in range(5)]
    assert found == wanted
    assert same(weights(ours.nets[0]), weights(loop.nets[0]))


def test_a_loss_that_is_not_finite_ends_it_with_the_weights_before(poisoned):
    ours, loop = work(task=poisoned), work()
    steps = GraphSteps(ours, plain)
    Poisoned.bad = Poisoned.drawn + 3
    found = steps._repeat(0, 5)
    assert np.isfinite([step.losses for step in found]).ravel().tolist() == [True] * 3 + [False] * 2
    ours = work(task=poisoned)
    Poisoned.bad = 10**9
    steps = GraphSteps(ours, plain)
    draw, real = iter(range(100)), ours.draw

    def drawn():
        """Trial 3 of a block is bad, and so is the first of the next block."""
        trials = real()
        huge = 1e30 if next(draw) in (3, 4, 8) else 1.0
        return [Trials(one.inputs, huge * one.targets, one.mask) for one in trials]

    object.__setattr__(ours, "draw", drawn)
    assert len(steps.take(0, 5, never)) == 3
    for k in range(3):
        Loop(loop).take(k, 1, never)
    with pytest.raises(ArithmeticError, match="not finite at step 4"):
        steps.take(3, 5, never)
    assert same(weights(ours.nets[0]), weights(loop.nets[0]))


def test_recording_changes_nothing():
    taken = work()
    before, drawn = weights(taken.nets[0]), taken.generators[0].get_state()
    GraphSteps(taken, plain)
    assert same(before, weights(taken.nets[0]))
    assert torch.equal(drawn, taken.generators[0].get_state())
    assert all(not part.any() for part in taken.optimiser.state.values() for part in part.values())


class ReadingNet(ann_bridge.GRUNet):
    """A network that a graph cannot contain."""

    def _run(self, inputs, generator):
        outputs, rates = super()._run(inputs, generator)
        return outputs * (1.0 if outputs.mean().item() else 2.0), rates


def test_a_network_that_reads_values_is_not_captured():
    taken = work(ReadingNet.for_task(TASK, n_units=6))
    before, drawn = weights(taken.nets[0]), taken.generators[0].get_state()
    with pytest.raises(NotCapturedError, match="_local_scalar_dense"):
        GraphSteps(taken, plain)
    assert same(before, weights(taken.nets[0]))
    assert torch.equal(drawn, taken.generators[0].get_state())


def test_what_cannot_be_captured_runs_in_the_loop(monkeypatch):
    def refuse(work):
        raise NotCapturedError("it reads values")

    monkeypatch.setattr(step_graph, "works", lambda _: True)
    monkeypatch.setattr(step_graph, "GraphSteps", refuse)
    on_gpu: Any = SimpleNamespace(device=torch.device("cuda:0"), nets=work().nets)
    with pytest.warns(RuntimeWarning, match="kind gru does not run.*cuda:0 .it reads values"):
        assert isinstance(step_graph.make_steps(on_gpu), Loop)


def test_the_check_compares_with_the_loop(monkeypatch):
    assert step_graph.disagreement(CPU, plain) == 0

    def stale(step, generators):
        """A graph that does not draw new numbers."""
        states = [generator.get_state() for generator in generators]

        def repeat():
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)
            return step()

        return repeat

    assert step_graph.disagreement(CPU, stale) > 100 * step_graph.TOLERANCE
    monkeypatch.setattr(step_graph, "disagreement", lambda _: 0.1)
    with pytest.warns(RuntimeWarning, match="losses differ by 1.0e-01"):
        assert not step_graph.works.__wrapped__(torch.device("cuda"))


class FakeGraph:
    """Notes what is asked of a CUDA graph."""

    def __init__(self):
        self.registered, self.replayed = [], 0

    def register_generator_state(self, generator):
        self.registered.append(generator)

    def replay(self):
        self.replayed += 1


@pytest.fixture
def fake_cuda(monkeypatch):
    """The part of torch that captures, without a GPU."""
    graph = FakeGraph()
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: graph)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: device)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "graph", lambda graph, *, stream: nullcontext())
    return graph


def test_a_graph_is_captured_with_its_generators_and_replayed(fake_cuda):
    generators, done = [torch.Generator(), torch.Generator()], []
    results = torch.zeros(1), torch.zeros(1)

    def step():
        done.append(1)
        return results

    repeat = step_graph.record_graph(step, generators)
    assert fake_cuda.registered == generators
    assert all(repeat() is results for _ in range(2))
    assert (fake_cuda.replayed, len(done)) == (2, 1)


def test_an_error_of_the_capture_is_one_line(fake_cuda):  # noqa: ARG001
    def step():
        raise RuntimeError("operation not permitted when stream is capturing\nCompile with ...")

    with pytest.raises(NotCapturedError, match="stream is capturing$"):
        step_graph.record_graph(step, [torch.Generator()])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_check_warns():
    with pytest.warns(RuntimeWarning, match="does not run in a CUDA graph on cuda"):
        assert not step_graph.works.__wrapped__(torch.device("cuda"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("net", [*networks(), *circuits()], ids=lambda net: net.kind)
def test_a_graph_on_a_gpu_is_the_loop_there(net, monkeypatch):
    """Losses of some steps; bit-identical in a repetition, and with a second network."""
    task = replace(TASK, n_bits=net.settings.n_inputs)
    settings = ann_bridge.TrainingParameters(steps=BLOCK + 5, batch_size=4, learning_rate=1e-3)
    start = {name: part.clone() for name, part in net.state_dict().items()}

    def run(seed=0):
        net.load_state_dict(start)
        return ann_bridge.train(net, task, settings, seed=seed, device="cuda").losses

    assert step_graph.works(torch.device("cuda"))
    found = run()
    assert found == run()
    assert found != run(seed=1)
    monkeypatch.setattr(training, "make_steps", Loop)
    assert found == pytest.approx(run(), rel=1e-2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_networks_together_on_a_gpu_are_the_networks_alone():
    settings = ann_bridge.TrainingParameters(steps=BLOCK + 5, batch_size=4)
    nets = [ann_bridge.FullRankRNN.for_task(PhaseMemory(), n_units=16) for _ in range(3)]
    records = train_many(nets[:2], PhaseMemory(), settings, seeds=[1, 2], device="cuda")
    alone = ann_bridge.train(nets[2], PhaseMemory(), settings, seed=2, device="cuda")
    assert records[1].losses == alone.losses
    assert same(weights(nets[1]), weights(nets[2]))
