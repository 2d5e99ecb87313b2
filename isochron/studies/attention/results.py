"""Results of `isochron study attention`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.runs.results import IntrinsicCycles, TrainingRecord
from isochron.studies.attention.configuration import ATTENTION, AttentionConfig

LEARNED = 0.05  # loss of the phase memory, of which chance is 0.5


@dataclass(frozen=True, kw_only=True)
class MemoryCurve:
    """Difference of the outputs after two stimuli, against the time after them.

    Attributes
    ----------
    lags_ms : tuple of float
        Time from the last step of the stimulus.
    differences : tuple of float
        Root mean square over trials; 1 for opposite outputs of the size of the targets.
    last_ms : float or None
        Last time at which the outputs differ in any bit; None if they do so to the end.
    last_difference : float
        Difference at that time, or at the end.
    half_ms : float or None
        Time from which on the difference is below half of its mean so far; None if it never is.
    """

    lags_ms: tuple[float, ...]
    differences: tuple[float, ...]
    last_ms: float | None
    last_difference: float
    half_ms: float | None


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """A trained network.

    Attributes
    ----------
    name, substrate, kind, task : str
    pair : int
    n_parameters : int
        Number of trained numbers.
    reach_ms : float or None
        Age of the oldest input that an output depends on; None for a recurrent network.
    longer_than_trial : bool
        Whether it is at least the duration of a trial.
    learned : str
        ``yes``, ``in part`` or ``no``.
    memory, brief : MemoryCurve
        After a stimulus of the usual duration, and after a brief one.
    ringing, late_ringing : float
        Standard deviation over time of the output after a stimulus without a reference, relative
        to the targets: an oscillation of the network or of its code of positions. In the first
        400 ms, and in the last quarter of the time.
    n_stable, n_cycles, n_not_entrained : int
        Entrained cycles under the reference, and starts that reach none.
    index_sum : int or None
    largest_multiplier : float or None
        Largest modulus of a multiplier of the stable cycles; None without any.
    intrinsic : IntrinsicCycles
        With the reference off.
    fed_back : IntrinsicCycles or None
        The same of an attention network whose output is fed back.
    """

    name: str
    substrate: str
    kind: str
    task: str
    pair: int
    n_parameters: int
    reach_ms: float | None
    longer_than_trial: bool
    learned: str
    memory: MemoryCurve
    brief: MemoryCurve
    ringing: float
    late_ringing: float
    n_stable: int
    n_cycles: int
    n_not_entrained: int
    index_sum: int | None
    largest_multiplier: float | None
    intrinsic: IntrinsicCycles
    fed_back: IntrinsicCycles | None
    training: TrainingRecord

    @property
    def is_attention(self) -> bool:
        """Whether it is a transformer."""
        return self.kind == ATTENTION

    @property
    def ends_with_window(self) -> bool:
        """Whether the memory of a transformer ends exactly where its window does."""
        ends = (self.memory.last_ms, self.brief.last_ms)
        return self.is_attention and all(end == self.reach_ms for end in ends)


@dataclass(frozen=True, kw_only=True)
class AttentionResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : AttentionConfig
    networks : tuple of NetworkRow
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: AttentionConfig
    networks: tuple[NetworkRow, ...]
    seconds: dict[str, float]
