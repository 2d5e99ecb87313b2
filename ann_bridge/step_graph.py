"""Training on a GPU with the whole step in one CUDA graph.

A step of a recurrent network is thousands of small launches, and the host takes longer to order
them than the GPU to do them. A graph is ordered once and repeated with the same addresses: weights,
moments of Adam, learning rate, trials, losses. Losses are read once in `BLOCK` steps; if training
had to end earlier, the state before the block is restored and fewer steps are taken.

Trials of our tasks are drawn in the graph. Those of other tasks, and of tasks that copy from the
host, are drawn before each repetition.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import torch
from torch import Tensor

from isochron.ann_bridge.host_traffic import HostTraffic, without_checks_of_values
from isochron.ann_bridge.nets import FullRankRNN
from isochron.ann_bridge.tasks import FlipFlop, Trials
from isochron.ann_bridge.training_parameters import TrainingParameters
from isochron.ann_bridge.training_step import (
    RECENT,
    Loop,
    Taken,
    Work,
    check_finite,
    set_rate,
)

BLOCK = RECENT  # steps
CHECKED = 3  # steps
TOLERANCE = 1e-4  # of the check: of the losses of three steps, relative

Results = tuple[Tensor, Tensor]
Recorder = Callable[[Callable[[], Results], Sequence[torch.Generator]], Callable[[], Results]]


@dataclass(frozen=True)
class _State:
    """A copy of all that a step changes: weights and moments, and states of the generators."""

    tensors: list[Tensor]
    drawn: list[Tensor]


class NotCapturedError(RuntimeError):
    """A step that a graph cannot contain."""


def record_graph(
    step: Callable[[], Results], generators: Sequence[torch.Generator]
) -> Callable[[], Results]:
    """Capture a step in a CUDA graph, without doing it.

    Parameters
    ----------
    step : callable
        Function of tensors that stay where they are.
    generators : sequence of torch.Generator
        Those that it draws from; each repetition draws other numbers.

    Returns
    -------
    callable
        Repeats the step; its results are the same tensors each time.
    """
    graph, where = torch.cuda.CUDAGraph(), generators[0].device
    for generator in generators:
        graph.register_generator_state(generator)
    try:
        stream = torch.cuda.Stream(where)  # torch's own is on the first device that captured
        with torch.cuda.device(where), torch.cuda.graph(graph, stream=stream):
            results = step()
    except RuntimeError as error:
        raise NotCapturedError(str(error).partition("\n")[0]) from error

    def repeat() -> Results:
        graph.replay()
        return results

    return repeat


class GraphSteps:
    """Steps of training, each one repetition of a recorded step; used like `Loop`.

    Parameters
    ----------
    work : Work
        Networks in training. The learning rate of its optimizer is a tensor.
    record : callable
        As `record_graph`; tests on a CPU give a function that returns the step itself.

    Raises
    ------
    NotCapturedError
        If a graph cannot contain the step.
    """

    def __init__(self, work: Work, record: Recorder = record_graph) -> None:
        self.work = work
        self.trials: list[Trials] | None = None  # of a task that is not in the graph
        before = self._state()
        try:
            with _side_stream(work.device):
                self._warm_up()
            work.optimiser.zero_grad()  # gradients belong to the memory of the graph
            with without_checks_of_values():
                self.repeat = record(self._step, work.generators)
        finally:
            self._restore(before)

    def take(self, first: int, most: int, enough: Callable[[list[Taken]], bool]) -> list[Taken]:
        """Take steps.

        Parameters
        ----------
        first : int
            Number of steps taken before.
        most : int
            Largest number of steps to take now.
        enough : callable
            Whether steps that were taken are enough.

        Returns
        -------
        list of Taken
            At least one step, at most `BLOCK`.

        Raises
        ------
        ArithmeticError
            If a loss or gradient of the first step is not finite; the weights are those before.
        """
        before = self._state()
        taken = self._repeat(first, min(most, BLOCK, self.work.parameters.steps - first))
        count = _usable(taken, enough)
        if count == len(taken):
            return taken
        self._restore(before)
        if not count:
            check_finite(self.work.parameters, first, taken[0].losses, taken[0].norms)
        return self._repeat(first, count)

    def _repeat(self, first: int, count: int) -> list[Taken]:
        p, optimiser, found = self.work.parameters, self.work.optimiser, []
        rates = [p.learning_rate_at(first + k) for k in range(count)]
        for rate in rates:
            set_rate(optimiser, rate)
            if self.trials is not None:
                _fill(self.trials, self.work.draw())
            found.append(torch.stack(self.repeat()))  # a copy: the next step overwrites them
        read = torch.stack(found).tolist() if found else []
        pairs = zip(read, rates, strict=True)
        return [Taken(losses, norms, rate) for (losses, norms), rate in pairs]

    def _step(self) -> Results:
        """The step, of which the graph is made."""
        work = self.work
        results = work.pull(work.draw() if self.trials is None else self.trials)
        work.optimiser.step()
        return results

    def _warm_up(self) -> None:
        """Take two steps, in which libraries choose kernels; find out what a graph can contain."""
        work, ours = self.work, type(self.work.task).__module__.startswith("isochron.")
        work.pull(work.draw())  # with all checks
        work.optimiser.step()
        with without_checks_of_values():
            with HostTraffic(work.device) as drawing:
                trials = work.draw()
            with HostTraffic(work.device) as running:
                work.pull(trials)
        work.optimiser.step()
        if running.found:
            names = ", ".join(sorted(set(running.found)))
            raise NotCapturedError(f"it reads values or numbers of the host: {names}")
        if drawing.found or not ours:
            self.trials = trials

    def _moments(self) -> list[Tensor]:
        """Tensors of the optimizer's state, in the order of the weights."""
        state = self.work.optimiser.state
        groups = self.work.optimiser.param_groups
        weights = [weight for group in groups for weight in group["params"] if weight in state]
        return [part for weight in weights for _, part in sorted(state[weight].items())]

    def _changed(self) -> list[Tensor]:
        weights = [part for net in self.work.nets for part in net.parameters()]
        return [part.detach() for part in weights] + self._moments()

    def _state(self) -> _State:
        """A copy of all that a step changes."""
        drawn = [generator.get_state() for generator in self.work.generators]
        return _State([part.clone() for part in self._changed()], drawn)

    def _restore(self, state: _State) -> None:
        """Write a copy back, into the same memory."""
        changed, missing = self._changed(), torch.zeros(())  # moments that did not exist are 0
        for part, saved in zip_longest(changed, state.tensors, fillvalue=missing):
            part.copy_(saved)
        for generator, drawn in zip(self.work.generators, state.drawn, strict=True):
            generator.set_state(drawn)


def _usable(taken: list[Taken], enough: Callable[[list[Taken]], bool]) -> int:
    """Number of steps to keep: up to that which is enough, or before one that is not finite."""
    for k, step in enumerate(taken):
        if not all(map(math.isfinite, (*step.losses, *step.norms))):
            return k
        if enough(taken[: k + 1]):
            return k + 1
    return len(taken)


def _fill(buffers: list[Trials], drawn: list[Trials]) -> None:
    """Copy trials to where the graph reads them."""
    for places, trials in zip(buffers, drawn, strict=True):
        for place, values in zip(places, trials, strict=True):
            place.copy_(values)


@contextmanager
def _side_stream(device: torch.device) -> Iterator[None]:
    """Where to warm up: what was first used on the main stream cannot be captured."""
    if device.type != "cuda":
        yield
        return
    main, side = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    side.wait_stream(main)
    try:
        with torch.cuda.stream(side):
            yield
    finally:
        main.wait_stream(side)


def make_optimiser(
    weights: Iterable[Tensor], p: TrainingParameters, device: torch.device
) -> torch.optim.Adam:
    """Adam as `make_steps` needs it: on a GPU all that it depends on is in tensors there."""
    if device.type != "cuda":
        return torch.optim.Adam(weights, lr=p.learning_rate)
    rate = torch.full((), p.learning_rate, device=device)
    return torch.optim.Adam(weights, lr=rate, capturable=True)


def make_steps(work: Work) -> Loop | GraphSteps:
    """Steps of training: on a GPU in a graph, else one operation after the other.

    A warning reports if a graph cannot be used.
    """
    if work.device.type != "cuda" or not works(work.device):
        return Loop(work)
    try:
        return GraphSteps(work)
    except NotCapturedError as problem:
        kinds = ", ".join(sorted({net.kind for net in work.nets}))
        _warn(f"of networks of the kind {kinds}", work.device, problem)
        return Loop(work)


def _warn(what: str, device: torch.device, reason: object) -> None:
    warnings.warn(
        f"Training {what} does not run in a CUDA graph on {device} ({reason}). It runs operation "
        "by operation instead, more slowly.",
        RuntimeWarning,
        stacklevel=4,
    )


@cache
def works(device: torch.device) -> bool:
    """Whether training in a graph agrees with the loop on this device; a warning reports if not."""
    try:
        error = disagreement(device)
    except Exception as problem:  # of the capture, a library or the driver
        reason = f"{type(problem).__name__}: {problem}"
    else:
        if error < TOLERANCE:
            return True
        reason = f"losses differ by {error:.1e} from those of the loop"
    _warn("of networks", device, reason)
    return False


def disagreement(device: torch.device, record: Recorder = record_graph) -> float:
    """Largest difference of the losses of a small network, relative to those of the loop."""
    ours, loop = (small_work(device) for _ in range(2))
    found = GraphSteps(ours, record).take(0, CHECKED, never)
    wanted = [step for first in range(CHECKED) for step in Loop(loop).take(first, 1, never)]
    pairs = zip(found, wanted, strict=True)
    errors = [abs(one.losses[0] / other.losses[0] - 1) for one, other in pairs]
    return max(error if math.isfinite(error) else math.inf for error in errors)


def small_work(device: torch.device) -> Work:
    """A small network in training, with noise."""
    task, p = FlipFlop(n_bits=1, duration_ms=200), TrainingParameters(batch_size=4)
    net = FullRankRNN.for_task(task, n_units=8, activation="relu").to(device)
    generator = torch.Generator(device).manual_seed(0)
    return Work([net], task, p, [generator], make_optimiser(net.parameters(), p, device))


def never(taken: list[Taken]) -> bool:  # noqa: ARG001
    """Whether steps are enough: no."""
    return False
