"""Training: one step and many networks, next to a loop of time steps in torch.

Same equations, trials and size of noise, same threads; a step is forward and backward, without
drawing the trials. On a GPU also the loop in one CUDA graph, and cuDNN's plain RNN of the same
size, which has neither leak nor noise.
"""

import math
from collections.abc import Callable
from typing import Any

import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import PhaseMemory, masked_loss
from isochron.ann_bridge.training import check_precision
from isochron.ann_bridge.training_step import in_precision
from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Job, Stopwatch

TASK = PhaseMemory()
LOOP = "autograd through the loop in torch"


def measure_step(
    watch: Stopwatch,
    *,
    network: str,
    n_units: int,
    noise_std: float | None = None,
    batch: int = 128,
) -> Measurement:  # fmt: skip
    """One training step."""
    device = watch.device
    net = make_net(network, n_units, noise_std).to(device)
    generator = torch.Generator(device).manual_seed(0)
    trials = TASK.sample(batch, generator)

    def step(forward: Callable[[Any, Any], Any]) -> Job:
        def run() -> None:
            net.zero_grad()
            masked_loss(forward(trials.inputs, generator), trials).backward()

        return run

    jobs = {"ours": step(net), LOOP: step(lambda u, g: plain_outputs(net, u, g))}
    notes: dict[str, str] = {}
    if device == "cuda":
        jobs["cuDNN nn.RNN"] = plain_rnn(net, trials)
        notes["cuDNN nn.RNN"] = "without leak and noise"
    ours, *times = watch.take_turns(*jobs.values())
    peers = [
        Peer(name=name, seconds=t, note=notes.get(name, ""))
        for name, t in zip(list(jobs)[1:], times, strict=True)
    ]
    if device == "cuda":
        peers.append(_graph_peer(watch, net, trials, generator))
    limit = time_of_products(watch, net, batch)
    return Measurement(
        seconds=ours, peers=tuple(peers), limit_s=limit or None,
        limit="matrix products alone" if limit else "", note=f"{TASK.n_steps} time steps",
    )  # fmt: skip


def measure_rounded(watch: Stopwatch, *, n_units: int, batch: int = 128) -> Measurement:
    """One training step with products in bfloat16, next to the same step in float32."""
    net = make_net("full-rank", n_units, None)
    rounded = ann_bridge.TrainingParameters(precision="bfloat16")
    check_precision(rounded, net, torch.device(watch.device))
    generator = torch.Generator().manual_seed(0)
    trials = TASK.sample(batch, generator)

    def step(p: ann_bridge.TrainingParameters, forward: Callable[..., Any]) -> Job:
        def run() -> None:
            net.zero_grad()
            with in_precision(p, torch.device(watch.device)):
                masked_loss(forward(trials.inputs, generator), trials).backward()

        return run

    plain = ann_bridge.TrainingParameters()
    ours, single, loop = watch.take_turns(
        step(rounded, net),
        step(plain, net),
        step(plain, lambda u, g: plain_outputs(net, u, g)),
    )
    peers = (Peer(name="isochron in float32", seconds=single), Peer(name=LOOP, seconds=loop))
    return Measurement(seconds=ours, peers=peers, note=f"{TASK.n_steps} time steps")


def measure_gated(watch: Stopwatch, *, n_units: int, batch: int = 128) -> Measurement:
    """One training step of a GRU, next to the same step with the layer of torch."""
    net = ann_bridge.GRUNet.for_task(TASK, n_units=n_units)
    generator = torch.Generator().manual_seed(0)
    trials = TASK.sample(batch, generator)

    def by_torch(inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return net.cells(inputs, net.initial_states(batch, generator)[None])[0] @ net.output_weights

    def step(forward: Callable[..., torch.Tensor]) -> Job:
        def run() -> None:
            net.zero_grad()
            masked_loss(forward(trials.inputs, generator), trials).backward()

        return run

    ours, layer = watch.take_turns(step(net), step(by_torch))
    x, out = torch.randn(batch, n_units), torch.empty(batch, 3 * n_units)
    matrix = net.cells.get_parameter("weight_hh_l0").detach().T
    once = watch.take_turns(lambda: torch.mm(x, matrix, out=out), turns=50)[0]
    return Measurement(
        seconds=ours, peers=(Peer(name="torch.nn.GRU", seconds=layer),),
        limit_s=3 * TASK.n_steps * once, limit="matrix products alone",
        note=f"{TASK.n_steps} time steps",
    )  # fmt: skip


def make_net(network: str, n_units: int, noise_std: float | None) -> Any:
    """The network of a row, with weights of seed 0."""
    from isochron import connectome

    given: dict[str, Any] = {} if noise_std is None else {"noise_std": noise_std}
    weights = torch.Generator().manual_seed(0)
    if network == "connectome":
        masks = ann_bridge.connectome_masks(connectome.load("varshney2011"))
        return ann_bridge.ConnectomeRNN(masks, generator=weights, **given)
    kind: Any = {"low-rank": ann_bridge.LowRankRNN, "full-rank": ann_bridge.FullRankRNN}[network]
    return kind(n_units=n_units, generator=weights, **given)


def plain_outputs(net: Any, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The network's forward pass as a loop of time steps for autograd."""
    n_steps, batch, _ = inputs.shape
    x = net.initial_states(batch, generator)
    left, right = net.connectivity()
    weights, alpha = net.input_matrix(), net.alpha
    std = math.sqrt(2 * alpha) * net.settings.noise_std
    outputs = []
    for u in inputs.unbind(0):
        rate = torch.tanh(x)
        factors = rate if right is None else rate @ right
        x = (1 - alpha) * x + alpha * (factors @ left.T + u @ weights.T)
        if std:
            x = x + std * torch.randn(x.shape, generator=generator, device=x.device)
        outputs.append(x @ net.output_weights)
    return net.output_scale * torch.stack(outputs)


def plain_rnn(net: Any, trials: Any) -> Job:
    """Forward and backward run of torch's RNN of the same size."""
    n_units, n_inputs = net.settings.n_units, trials.inputs.shape[-1]
    rnn = torch.nn.RNN(n_inputs, n_units).to(trials.inputs.device)

    def run() -> None:
        rnn.zero_grad()
        rnn(trials.inputs)[0].square().mean().backward()

    return run


def _graph_peer(watch: Stopwatch, net: Any, trials: Any, generator: torch.Generator) -> Peer:
    """The loop, captured once in a CUDA graph and replayed."""
    name = "the loop in a CUDA graph"
    try:
        graph: Any = torch.cuda.CUDAGraph()
        graph.register_generator_state(generator)
        side: Any = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(2):
                masked_loss(plain_outputs(net, trials.inputs, generator), trials).backward()
        torch.cuda.current_stream().wait_stream(side)
        net.zero_grad()
        with torch.cuda.graph(graph):
            masked_loss(plain_outputs(net, trials.inputs, generator), trials).backward()
    except RuntimeError as error:
        return Peer(name=name, note=f"not measured: {str(error).splitlines()[0]}")
    return Peer(name=name, seconds=watch.take_turns(graph.replay)[0])


def time_of_products(watch: Stopwatch, net: Any, batch: int) -> float:
    """Seconds that the products with a full matrix take in a step by themselves; 0 without one."""
    left, right = net.connectivity()
    if right is not None:
        return 0.0  # thin factors cost next to nothing
    n, device = net.settings.n_units, watch.device
    x, out = torch.randn(batch, n, device=device), torch.empty(batch, n, device=device)
    matrix = left.detach()
    once = watch.take_turns(lambda: torch.mm(x, matrix, out=out), turns=50)[0]
    return 3 * TASK.n_steps * once


def measure_ensemble(
    watch: Stopwatch, *, n_networks: int, steps: int = 20, loop_steps: int = 1, n_units: int = 64
) -> Measurement:
    """Networks trained together, one after the other, and one after the other by the loop."""
    device = watch.device
    whole = ann_bridge.TrainingParameters(steps=steps, batch_size=16)
    short = ann_bridge.TrainingParameters(steps=loop_steps, batch_size=16)

    def nets() -> list[Any]:
        seeds = range(n_networks)
        draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        return [ann_bridge.LowRankRNN(n_units=n_units, generator=draw) for draw in draws]

    def together() -> None:
        ann_bridge.train_many(nets(), TASK, whole, seeds=range(n_networks), device=device)

    def alone() -> None:
        for seed, net in enumerate(nets()):
            ann_bridge.train(net, TASK, whole, seed=seed, device=device)

    def loop() -> None:
        for seed, net in enumerate(nets()):
            instance: Any = net
            instance.run = lambda u, g, net=net: (plain_outputs(net, u, g), u)
            ann_bridge.train(net, TASK, short, seed=seed, device=device)

    ours, others = watch.take_turns(together, alone, turns=2, warm=1)
    slow = watch.take_turns(loop, turns=1, warm=0)[0] * steps / loop_steps
    note = f"scaled from {loop_steps} of {steps} training steps"
    peers = (
        Peer(name="one after the other by isochron", seconds=others),
        Peer(name=LOOP, seconds=slow, note=note),
    )
    return Measurement(seconds=ours, peers=peers)
