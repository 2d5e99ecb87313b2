"""Runs by the multistep method, from segment to segment of their input."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from isochron.sims.engines.multistep.coefficients import CHECK_EVERY, LARGEST_CORRECTION
from isochron.sims.engines.multistep.many_worms import MEMBERS, ManyWorms
from isochron.sims.engines.multistep.one_worm import History, Inputs, OneWorm, Rates, Samples
from isochron.sims.engines.multistep.schedule import Stage, find_scales, plan_stages
from isochron.sims.engines.request import DivergenceError, EngineRequest, diverged
from isochron.sims.engines.strang import find_pattern

BLOCK_STEPS = 512  # number of steps for which changing input is computed at a time
BLOCK_SIZE = 2**22  # steps times neurons of a block under a steady input: less than a second
N_HALVINGS = 12
RECENT = 5  # states that a step of twice the length needs
CLOSED = 100.0  # threshold of rows that are not neurons, times beta: their synapses stay closed


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    n = request.network
    worm = OneWorm(n.parameters, n.laplacian, n.synapses, n.reversal)
    group = _Group([request], worm, np.zeros((n.n_neurons, 1)))
    states, failures = group.run()
    if failures[0]:
        neurons = diverged(n.connectome.neurons, group.halted[:, 0], group.halted[:, 0])
        raise DivergenceError(f"The simulation is {failures[0]}, in {neurons}.")
    return states[0]


def run_many(
    requests: Sequence[EngineRequest], *, workers: int = 1, dtype: str = "float64"
) -> np.ndarray:
    """States of runs of the same length; shape (n_members, n_samples, 2 n_neurons).

    Members whose input jumps at the same times are advanced together in a thread, as many as fit
    into a vector. A member that does not stay finite continues as NaN.
    """
    unique = {id(r.network.connectome): r.network for r in requests}.values()
    pattern = find_pattern(
        np.any([network.laplacian for network in unique], axis=0),
        np.any([network.synapses for network in unique], axis=0),
    )
    alike: dict[Any, list[int]] = {}
    for k, request in enumerate(requests):
        kind = request.breaks, request.steady, request.steady_thresholds
        alike.setdefault((*kind, find_scales(request.network)), []).append(k)
    width = MEMBERS[dtype]
    groups = [
        members[i : i + width] for members in alike.values() for i in range(0, len(members), width)
    ]
    one = requests[0]
    found = np.empty((len(requests), one.n_samples, one.initial_state.size))

    def take(group: list[int]) -> None:
        filled = [requests[k] for k in (*group, *[group[-1]] * (width - len(group)))]
        reference = np.stack([request.thresholds(0.0) for request in filled], axis=-1)
        # Small differences from a reference lose less in float32; float64 does not need it.
        reference = reference if dtype == "float32" else np.zeros_like(reference)
        networks = [request.network for request in filled]
        worms = ManyWorms(networks, pattern, reference, dtype)
        states, _ = _Group(filled, worms, reference).run()
        found[group] = states[: len(group)]

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(take, groups))
    return found


class _Calls:
    """Calls of compiled code of a run; after an interruption, those before it are not repeated.

    A run that resumes takes the same way through segments and stages, from what the calls
    returned, and gets its state where it was saved: within a stage or at the end of a segment.

    Attributes
    ----------
    first : int
        Number of samples before the segment.
    before : int
        Number of samples before the stage.
    """

    def __init__(self, request: EngineRequest, states: np.ndarray) -> None:
        self._progress, self._states, self.first, self.before = request.progress, states, 1, 1
        self._found = request.progress.resume(request, states)
        self._known = bytes(self._found.get("halts", np.zeros(0, dtype=np.uint8)))
        self._halts = bytearray()

    def is_next_known(self) -> bool:
        """Whether the next call was done before the interruption."""
        return len(self._halts) < len(self._known)

    def repeat(self, recent: History, factored: np.ndarray) -> bool:
        """What the next call returned, and the state after it, if it was saved."""
        self._halts.append(self._known[len(self._halts)])
        if not self.is_next_known() and "rates" in self._found:
            for name, array in _position(recent, factored).items():
                array[:] = self._found[name]
        return bool(self._halts[-1])

    def note(self, halt: np.ndarray, *position: Any, n_samples: int = 0) -> None:
        """Note a call, and the state after it except at the end of a stage."""
        self._halts.append(bool(halt[0]))
        if position and not halt[0]:
            self._update(self.before + n_samples, **_position(*position))

    def end_segment(self, state: np.ndarray, n_samples: int) -> None:
        """Note the state at the end of a segment, or replace it by the one that was saved."""
        if self.is_next_known():
            return
        if len(self._halts) == len(self._known) and "state" in self._found:
            state[:] = self._found["state"]
        else:
            self._update(n_samples, state=state)

    def _update(self, n_samples: int, **arrays: np.ndarray) -> None:
        halts = np.frombuffer(bytes(self._halts), dtype=np.uint8)
        self._progress.update(self._states, n_samples, halts=halts, **arrays)


def _position(recent: History, factored: np.ndarray) -> dict[str, np.ndarray]:
    return {**recent._asdict(), "factored": factored}


class _Group:
    """Runs whose input jumps at the same times; each has its steps, and its result is its own.

    Potentials are differences from a reference, shape (n_neurons, n_members), in mV.

    Attributes
    ----------
    halted : ndarray, shape (n_neurons, n_members)
        Largest potentials of the last steps before the guard stopped all members.
    """

    def __init__(
        self,
        members: Sequence[EngineRequest],
        worms: OneWorm | ManyWorms,
        reference: np.ndarray,
    ) -> None:
        self.members, self.one, self.worms, self.reference = members, members[0], worms, reference
        networks = [member.network for member in members]
        parameters = [network.parameters for network in networks]
        self.closed = np.array([CLOSED / p.steepness for p in parameters])
        self.capacitance = np.array([p.capacitance for p in parameters])
        rests = np.array([p.leak_reversal for p in parameters]) - reference
        self.leak = np.array([p.leak_conductance for p in parameters]) * rests
        gaps = zip(networks, reference.T, strict=True)
        self.leak -= np.stack([network.laplacian @ at for network, at in gaps], axis=-1)
        largest = np.array(
            [p.activation_rate / (p.activation_rate + p.decay_rate) for p in parameters]
        )
        self.rates = Rates(
            self._constant([p.activation_rate for p in parameters]),
            self._constant([p.decay_rate for p in parameters]),
            self._constant([p.steepness / 2 for p in parameters]),
            LARGEST_CORRECTION * largest,
        )
        self.scales = find_scales(self.one.network)
        self.constant = self._inputs(np.array([0.0])) if self.one.steady else None

    def run(self) -> tuple[np.ndarray, list[str]]:
        """Samples, shape (n_members, n_samples, 2 n_neurons), and why a member failed or ""."""
        one, n_members = self.one, len(self.members)
        end = one.n_steps * one.step_ms
        times = np.minimum(one.sample_times, end)
        breaks = [time for time in one.breaks if 0 < time < end]
        start = np.stack([member.initial_state for member in self.members], axis=-1)
        n = one.network.n_neurons
        start[:n] -= self.reference
        states = np.empty((n_members, one.n_samples, start.shape[0]))
        states[:, 0] = start.T
        state = start.astype(self.worms.dtype)
        self.calls = _Calls(one, states[0])
        steps, counts = (
            np.full(n_members, float(one.longest_step_ms)),
            np.zeros(n_members, dtype=int),
        )
        failures = [""] * n_members
        for first, last in pairwise([0.0, *breaks, end]):
            low, high = np.searchsorted(times, [first, last], side="right")
            samples = times[low:high], states[:, low:high]
            self.calls.first = low
            state = self._segment((first, last), state, (steps, counts, failures), samples)
            if n_members == 1 and not failures[0]:
                self.calls.end_segment(state, high)
        for k, member in enumerate(self.members):
            member.notes.update(step_ms=float(steps[k]), n_steps=int(counts[k]))
        if self.reference.any():
            states[..., :n] += self.reference.T[:, None]
        return states, failures

    def _segment(self, span, state, progress, samples):
        """End states; of each member with half the step until the guard is content."""
        (steps, counts, failures), (times, states) = progress, samples
        end = np.full_like(state, np.nan)
        waiting = np.array([not failure for failure in failures])
        halvings, written = np.zeros(steps.size, dtype=int), waiting & False
        while waiting.any():
            step = steps[waiting].max()
            taken = waiting & (steps == step)
            stages = plan_stages(span[1] - span[0], step, self.scales)
            # The results of members that are done are not overwritten.
            tried = np.empty_like(states) if written.any() else states
            # Numbers that are not finite, or far away, are for the guard.
            with np.errstate(over="ignore", invalid="ignore"):
                ended, stopped = self._attempt(span, state, stages, (times, tried))
            right, wrong = taken & ~stopped, taken & stopped
            end[:, right] = ended[:, right]
            if tried is not states:
                states[right] = tried[right]
            written |= right
            counts[right] += sum(stage.n_steps for stage in stages)
            waiting &= ~right
            steps[wrong] /= 2
            halvings[wrong] += 1
            for k in np.flatnonzero(wrong & (halvings == N_HALVINGS)):
                failures[k] = (
                    f"not finite between {span[0]:g} and {span[1]:g} ms, even at a step of "
                    f"{step:.3g} ms"
                )
                waiting[k] = False
        for k, failure in enumerate(failures):
            if failure:
                states[k] = np.nan
        return end

    def _attempt(self, span, state, stages, samples):
        """End states, and the members that the guard stops."""
        now, (times, states), taken = span[0], samples, 0
        history, stopped = self._start(state, span), np.zeros(len(self.members), dtype=bool)
        for number, stage in enumerate(stages):
            last = number + 1 == len(stages)
            after = span[1] if last else now + stage.n_steps * stage.step
            count = times.size if last else int(np.searchsorted(times, after, side="right"))
            window = times[taken:count] - now, states[:, taken:count]
            self.calls.before = self.calls.first + taken
            take = self._steps if number else self._first_steps
            history = take(stage, span, now, history, window, stopped)
            if stopped.all():
                return state, stopped
            if not last and stages[number + 1].doubled:
                potentials, rates, newest = history
                history = History(potentials[::2], rates[::2], newest)
            now, taken = after, count
        ends = history.potentials[0], history.activation
        return np.concatenate([self.worms.neurons(row) for row in ends]), stopped

    def _first_steps(self, stage, span, now, history, samples, stopped):
        """Steps of order 1, and twice as many of half the length: extrapolated to order 2."""
        half = stage._replace(step=stage.step / 2, n_steps=2 * stage.n_steps)
        none = samples[0][:0], samples[1][:, :0]
        whole = self._steps(stage, span, now, history, none, stopped, known=1)
        halves = self._steps(half, span, now, history, samples, stopped, known=1)
        return History(
            2 * halves.potentials[:5:2] - whole.potentials[:3],
            2 * halves.rates[:5:2] - whole.rates[:3],
            2 * halves.activation - whole.activation,
        )

    def _start(self, state, span) -> History:
        """History at the start of a segment, of which only the newest state is known."""
        n = state.shape[0] // 2
        nothing = np.zeros(len(self.members))
        v, s = (self.worms.rows(part, nothing) for part in (state[:n], state[n:]))
        threshold = self._inputs_of(np.array([span[0]]), span).threshold[0]
        phi = 1 / (1 + np.exp(-2 * self.rates.half_steepness * (v - threshold)))
        f = self.rates.opening * phi * (1 - s) - self.rates.closing * s
        return History(np.stack([v] * 3), np.stack([f] * 3), s)

    def _steps(self, stage: Stage, span, now, history, samples, stopped, *, known=3):
        """History after the steps of a stage, its last states included."""
        since, states = samples
        places = np.minimum(since / stage.step, stage.n_steps)
        recent = History(
            history.potentials[:3].copy(), history.rates[:3].copy(), history.activation.copy()
        )
        shape = min(stage.n_steps, RECENT), 2, self.worms.size
        trace = np.zeros(shape, dtype=self.worms.dtype)
        factored = np.full(self.worms.size, -1.0, dtype=self.worms.dtype)
        of_steady = max(BLOCK_STEPS, BLOCK_SIZE // self.one.network.n_neurons)
        length = BLOCK_STEPS if self.constant is None else of_steady
        for begin, count in _blocks(stage.n_steps, length):
            inputs = self._inputs_of(now + (begin + 1 + np.arange(count)) * stage.step, span)
            low, high = np.searchsorted(places, [begin, begin + count], side="right")
            window = Samples(places[low:high] - begin, states[:, low:high], known, trace, factored)
            constants = self.rates, stage.step, stage.order
            if self.calls.is_next_known():
                stopped |= self.calls.repeat(recent, factored)
            else:
                halt = self.worms.advance(*constants, recent, inputs, count, window)
                stopped |= halt
                if begin + count == stage.n_steps:
                    self.calls.note(halt)
                else:
                    self.calls.note(halt, recent, factored, n_samples=high)
            if stopped.all():
                self.halted = self.worms.neurons(np.abs(recent.potentials).max(axis=0))
                break
            known = 3
        # The states of the last steps, and before them the one from which a short stage started.
        older = max(0, RECENT - len(trace))
        return History(
            np.concatenate([trace[::-1, 0], history.potentials[:older]]),
            np.concatenate([trace[::-1, 1], history.rates[:older]]),
            recent.activation,
        )

    def _inputs_of(self, times: np.ndarray, span) -> Inputs:
        """Input at the ends of steps; from inside the segment, whose input may jump at its ends."""
        if self.constant is not None:
            return self.constant
        inset = 1e-9 * (span[1] - span[0])
        return self._inputs(np.clip(times, span[0] + inset, span[1] - inset))

    def _inputs(self, times: np.ndarray) -> Inputs:
        """Input at times in ms."""
        currents = np.stack([member.currents(times) for member in self.members], axis=-1)
        drive = self.worms.rows((currents + self.leak) / self.capacitance, 0 * self.capacitance)
        times = times[:1] if self.one.steady_thresholds else times
        thresholds = np.stack([member.thresholds(times) for member in self.members], axis=-1)
        return Inputs(drive, self.worms.rows(thresholds - self.reference, self.closed))

    def _constant(self, values: Sequence[float]) -> np.ndarray:
        """A constant of each member in all of its rows."""
        of_members = np.array(values)
        n = self.one.network.n_neurons
        return self.worms.rows(np.broadcast_to(of_members, (n, of_members.size)), of_members)


def _blocks(n_steps: int, length: int) -> Iterator[tuple[int, int]]:
    """First step and number of steps of each block; none is shorter than the history.

    The result does not depend on the blocks: they end where the matrix is checked.
    """
    n_blocks = max(1, n_steps // length)
    bounds = [n_steps * k // n_blocks for k in range(n_blocks + 1)]
    bounds[1:-1] = [bound - bound % CHECK_EVERY for bound in bounds[1:-1]]
    for begin, end in pairwise(bounds):
        yield begin, end - begin
