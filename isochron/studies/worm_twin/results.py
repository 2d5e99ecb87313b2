"""Results of `isochron study worm-twin`, as in ``results.json``."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from isochron.runs.provenance import Provenance
from isochron.studies.paired_tests import PairedTest
from isochron.studies.worm_twin.configuration import WormTwinConfig

CYCLE, REST, DIVERGES, OTHER = "cycle", "rest", "diverges", "not proved"  # what a loop does
ONE_STEP_R2 = 0.95  # accepted R² one step ahead, of potentials and of their changes
PERIOD, MULTIPLIER, RESPONSE, ONSET = 0.01, 0.05, 0.9, 0.02  # accepted errors, and correlation
FREE, FORCED, SHUFFLED, FITTED = "free", "forced", "shuffled", "fitted"  # kinds of training
LINEAR, PERSISTENT = "linear predictor", "persistence"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A cycle at equal steps of its phase.

    Attributes
    ----------
    outputs : tuple of tuple of float
        Outputs at each phase.
    response : tuple of tuple of float
        Phase shift in radians by a unit of each noise current in a step.
    """

    outputs: tuple[tuple[float, ...], ...]
    response: tuple[tuple[float, ...], ...]

    @property
    def size(self) -> float:
        """Root mean square of the outputs about their mean."""
        outputs = np.array(self.outputs)
        return float(np.sqrt(np.mean((outputs - outputs.mean(axis=0)) ** 2)))

    @classmethod
    def of(cls, outputs: np.ndarray, response: np.ndarray) -> Self:
        """From arrays."""
        first, second = (tuple(map(tuple, it.tolist())) for it in (outputs, response))
        return cls(outputs=first, response=second)


@dataclass(frozen=True, kw_only=True)
class WormRow:
    """The worm.

    Attributes
    ----------
    period_ms, multiplier : float
        Period, and largest modulus of a nontrivial Floquet multiplier.
    onset_pA : float
        Constant current at which the equilibrium loses its stability.
    curve : Curve
    share : float
        Share of the variance of V - Vth of all neurons that the outputs carry.
    largest : tuple of str
        Neurons with the largest variance.
    share_of_largest : float
        Their share of the variance.
    """

    period_ms: float
    multiplier: float
    onset_pA: float
    curve: Curve
    share: float
    largest: tuple[str, ...]
    share_of_largest: float


@dataclass(frozen=True, kw_only=True)
class ClosedRow:
    """What a learner does if its outputs are fed back, without noise.

    Attributes
    ----------
    motion : {"cycle", "rest", "diverges", "not proved"}
    n_starts, n_resting, n_diverged, n_on_cycle : int
        Numbers of initial states, and of those that rest, diverge, and end on the cycle.
    onset_pA : float or None
    period_ms, multiplier, response_correlation : float or None
        None without a cycle.
    curve : Curve or None
    message : str
        Why a motion is not proved to be a cycle.
    """

    motion: str
    n_starts: int
    n_resting: int
    n_diverged: int
    n_on_cycle: int = 0
    onset_pA: float | None = None
    period_ms: float | None = None
    multiplier: float | None = None
    response_correlation: float | None = None
    curve: Curve | None = None
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Which criteria a learner meets; see `judge`."""

    one_step: bool
    one_cycle: bool
    period: bool
    multiplier: bool
    response: bool
    onset: bool

    @property
    def n_met(self) -> int:
        """Number of criteria that are met."""
        return sum(vars(self).values())


@dataclass(frozen=True, kw_only=True)
class FreeRun:
    """One trial held out: the first two outputs of the worm, and of a learner that runs freely.

    Attributes
    ----------
    step_ms, forced_ms : float
        Time step, and time until which the true outputs were fed back.
    worm, learner : tuple of tuple of float
    """

    step_ms: float
    forced_ms: float
    worm: tuple[tuple[float, float], ...]
    learner: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class LearnerRow:
    """A trained network or a predictor of one pair.

    Attributes
    ----------
    name, learner, kind, training : str
        ``training`` is `FREE`, `FORCED`, `SHUFFLED` or `FITTED`.
    pair, n_parameters : int
    r2, r2_outputs : float
        R² one step ahead in trials held out, of V - Vth of all neurons, and of the outputs.
    r2_changes : float
        The same of the changes of the outputs in a step: 0 for the predictor that nothing changes.
    horizon_s : float
        Time for which the outputs of a free run have an R² above 0.5; at most the rest of a trial.
    closed : ClosedRow
    criteria : Criteria
    free_run : FreeRun or None
        One trial, in pair 0 only.
    """

    name: str
    learner: str
    kind: str
    training: str
    pair: int
    n_parameters: int
    r2: float
    r2_outputs: float
    r2_changes: float
    horizon_s: float
    closed: ClosedRow
    criteria: Criteria
    free_run: FreeRun | None


@dataclass(frozen=True, kw_only=True)
class ContrastRow(PairedTest):
    """Paired test of a learner against a control.

    Attributes
    ----------
    learner, control, measure : str
    """

    learner: str
    control: str
    measure: str


@dataclass(frozen=True, kw_only=True)
class WormTwinResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : WormTwinConfig
    worm : WormRow
    learners : tuple of LearnerRow
    contrasts : tuple of ContrastRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: WormTwinConfig
    worm: WormRow
    learners: tuple[LearnerRow, ...]
    contrasts: tuple[ContrastRow, ...]
    seconds: dict[str, float]


def judge(r2: float, r2_changes: float, closed: ClosedRow, worm: WormRow) -> Criteria:
    """Compare a learner with the worm; a rhythm is that of one stable cycle.

    One step ahead both the potentials and their changes must be explained: the prediction that
    nothing changes explains nearly all variance of the potentials.
    """

    def within(found: float | None, wanted: float, tolerance: float) -> bool:
        return found is not None and abs(found - wanted) <= tolerance

    leading, correlation = closed.multiplier, closed.response_correlation
    everywhere = closed.motion == CYCLE and closed.n_on_cycle == closed.n_starts
    one = everywhere and leading is not None and leading < 1
    return Criteria(
        one_step=min(r2, r2_changes) > ONE_STEP_R2,
        one_cycle=one,
        period=one and within(closed.period_ms, worm.period_ms, PERIOD * worm.period_ms),
        multiplier=one and within(leading, worm.multiplier, MULTIPLIER),
        response=one and correlation is not None and correlation > RESPONSE,
        onset=within(closed.onset_pA, worm.onset_pA, ONSET * worm.onset_pA),
    )
