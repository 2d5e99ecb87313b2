"""Settings of the searches for rhythms. Light, so that help is instant."""

import math
from dataclasses import dataclass

from isochron.settings import setting
from isochron.wording import shown

DATASETS = (".zarr", ".nc")  # suffixes of runs
MOST_STARTS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmSearch:
    """Settings of the search for rhythms of saved networks and runs.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    frequency_Hz: float | None = setting(
        None,
        "Frequency of the reference; by default that of a network's task (8.4 if the file records "
        "none), or the intrinsic frequency of a run",
        unit="Hz",
    )
    input: int | None = setting(
        None,
        "Number of the network's input that the reference enters (networks only); by default that "
        "of its task, or 0 if the file records no task. Needed to force a network whose task does "
        "not have a reference",
    )
    n_starts: int = setting(
        64, f"Number of random initial states, at most {MOST_STARTS:,} (networks only)"
    )
    seed: int = setting(0, "Seed of the random initial states (networks only)")
    max_period_s: float = setting(10.0, "Longest intrinsic period of a run", unit="s")

    def __post_init__(self) -> None:
        if self.frequency_Hz is not None and not 0 < self.frequency_Hz < math.inf:
            raise ValueError(f"frequency must be positive and finite, got {self.frequency_Hz!r}.")
        if self.n_starts < 1 or self.seed < 0 or not 0 < self.max_period_s < math.inf:
            raise ValueError(
                "starts must be at least 1, seed at least 0 and max_period positive, got "
                f"{self.n_starts!r}, {self.seed!r} and {self.max_period_s!r}."
            )
        if self.n_starts > MOST_STARTS:
            raise ValueError(f"starts must be at most {MOST_STARTS:,}, got {shown(self.n_starts)}.")


DEFAULT_SEARCH = RhythmSearch()
