"""Exact fixed points and short cycles of large networks, by constraint solving.

Needs OR-tools: pip install "isochron[attractors]".
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.results import short_repr
from isochron.analysis.sign_networks.network import SignNetwork, pack
from isochron.analysis.sign_networks.sampling import clamp
from isochron.extras import import_extra

LARGEST_SUM = 1 << 60


@short_repr
@dataclass(frozen=True, kw_only=True)
class SolvedCycles:
    """Cycles of one length that a solver found.

    Attributes
    ----------
    length : int
        Number of states of each cycle; 1 for fixed points.
    representatives : tuple of int
        Smallest state of each cycle, ascending: neuron 0 is the lowest bit.
    complete : bool
        Whether the solver proved that these are all cycles of this length.
    message : str
        Reason why the search is not complete, and what to try.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> sign_networks.solve_cycles(ring, length=6)
    SolvedCycles(length=6, representatives=(0,), complete=True, message='all cycles of this length')
    """

    length: int
    representatives: tuple[int, ...]
    complete: bool
    message: str

    @property
    def count(self) -> int:
        """Number of cycles found."""
        return len(self.representatives)


def solve_cycles(
    J: ArrayLike,
    theta: ArrayLike = 0,
    tie: str = "plus",
    *,
    length: int = 1,
    clamped: Mapping[int, int] | None = None,
    limit: int = 1_000_000,
    time_limit_s: float = 600.0,
) -> SolvedCycles:
    """Find all cycles of one length, or all fixed points, without visiting the states.

    Every neuron at every time is a Boolean variable, and the sign of its field is a linear
    constraint. All solutions are enumerated.

    Parameters
    ----------
    J : array_like, shape (n, n)
        Couplings ``[post, pre]``, integers, or floats that become integers of less than 60 bits
        when a row is multiplied by a power of two.
    theta : array_like, shape (n,) or ()
        Thresholds.
    tie : {"plus", "minus", "keep", "flip"}
        The next state of a neuron whose field is exactly 0.
    length : int
        Number of states of the cycles; 1 for fixed points.
    clamped : mapping of int to int, optional
        Neurons that are clamped, and their states, +1 or -1.
    limit : int
        Number of cycles after which the search stops.
    time_limit_s : float
        Time in s after which the search stops.

    Returns
    -------
    SolvedCycles
        All cycles of the length if it is `complete`.

    Raises
    ------
    ValueError
        If the network is not valid or its rows are not integers of less than 60 bits, a number
        is not positive, or a clamped neuron or its state does not exist.
    ImportError
        If OR-tools is not installed.

    Examples
    --------
    Fixed points of three neurons that excite each other, all -1 and all +1 (0 and 7 as numbers),
    and with neuron 0 clamped to +1:

    >>> from isochron.analysis import sign_networks
    >>> couplings = np.ones((3, 3)) - np.eye(3)
    >>> sign_networks.solve_cycles(couplings).representatives
    (0, 7)
    >>> sign_networks.solve_cycles(couplings, clamped={0: 1}).representatives
    (7,)
    """
    for name, value in (("length", length), ("limit", limit), ("time_limit_s", time_limit_s)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value!r}.")
    network = clamp(SignNetwork.of(J, theta, tie), clamped or {})
    for i, row in enumerate(network.rows):
        if sum(map(abs, row)) > LARGEST_SUM:
            raise ValueError(
                f"Row {i} of J cannot be written as integers of less than 60 bits, as the solver "
                "needs. Round the couplings, for example np.rint(J * 2**20)."
            )
    cp_model = _import_solver()
    model = cp_model.CpModel()
    states = [[model.new_bool_var(f"s{t},{i}") for i in range(network.n)] for t in range(length)]
    for t in range(length):
        _add_step(model, network, states[t], states[(t + 1) % length])
    for period in range(1, length):
        if length % period == 0:
            _add_difference(model, states[0], states[period])
    solver = cp_model.CpSolver()
    solver.parameters.enumerate_all_solutions = True
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.catch_sigint_signal = False  # it would return as if the time was up
    collector = _collector(cp_model, states, limit)
    status = _solve(solver, model, collector)
    complete = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE) and not collector.stopped
    return SolvedCycles(
        length=length,
        representatives=tuple(sorted(collector.cycles)),
        complete=complete,
        message="all cycles of this length" if complete else _why_not(collector, limit),
    )


def _solve(solver: Any, model: Any, collector: Any) -> Any:
    """Status of the solver, which stops when this thread is interrupted."""
    with ThreadPoolExecutor(1) as pool:
        status = pool.submit(solver.solve, model, collector)
        try:
            return status.result()
        except BaseException:
            solver.stop_search()
            raise


def _import_solver() -> Any:
    return import_extra("ortools.sat.python.cp_model", "Solving for cycles", "attractors")


def _add_step(model: Any, network: SignNetwork, now: list[Any], following: list[Any]) -> None:
    """s_i(t+1) = 1 exactly if sum_j a_ij s_j(t) + a_i > 0, with s = 2 x - 1; it is never 0."""
    for row, bit in zip(network.rows, following, strict=True):
        *couplings, constant = row
        used = [(a, x) for a, x in zip(couplings, now, strict=True) if a]
        field = sum(2 * a * x for a, x in used) + constant - sum(a for a, _ in used)
        model.add(field >= 1).only_enforce_if(bit)
        model.add(field <= -1).only_enforce_if(bit.negated())


def _add_difference(model: Any, one: list[Any], other: list[Any]) -> None:
    """The two states differ in at least one neuron."""
    differ = []
    for a, b in zip(one, other, strict=True):
        bit = model.new_bool_var("")
        model.add(a + b == 1).only_enforce_if(bit)
        differ.append(bit)
        model.add(a == b).only_enforce_if(bit.negated())  # one solution for each state
    model.add_bool_or(differ)


def _collector(cp_model: Any, states: list[list[Any]], limit: int) -> Any:
    class Collector(cp_model.CpSolverSolutionCallback):
        def __init__(self) -> None:
            super().__init__()
            self.cycles: set[int] = set()
            self.stopped = False

        def on_solution_callback(self) -> None:
            values = [[self.boolean_value(x) for x in state] for state in states]
            self.cycles.add(min(pack(np.array(values, dtype=np.int8))))
            if len(self.cycles) >= limit:
                self.stopped = True
                self.stop_search()

    return Collector()


def _why_not(collector: Any, limit: int) -> str:
    if collector.stopped:
        return f"stopped at {limit} cycles; raise limit"
    return "stopped by the time limit; raise time_limit_s"
