"""Settings of isochron crawl. Light, so that help is instant."""

from dataclasses import dataclass

from isochron.runs.crawl_settings import BodySettings, require_measurable, require_refinable
from isochron.runs.model_settings import DATASET_HELP, ConnectionSettings
from isochron.settings import require_seed, setting
from isochron.wording import shown

MOST_STARTS = 100_000


@dataclass(frozen=True, kw_only=True)
class CrawlSettings(BodySettings, ConnectionSettings):
    """A crawling worm.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    dataset: str = setting("varshney2011", DATASET_HELP)
    duration_s: float = setting(40.0, "Simulated time", unit="s")
    transient_s: float | None = setting(
        None, "Time before the gait is measured; by default half of the run", unit="s"
    )
    step_ms: float = setting(8.0, "Time step", unit="ms")
    record_every_ms: float = setting(40.0, "Time between recorded samples", unit="ms")
    survey: int | None = setting(
        None,
        "Search for all gaits from this number of random initial states, with the share of the "
        "states that leads to each, which needs 16 or more",
    )
    seed: int = setting(0, "Seed of the initial state")
    check: bool = setting(
        True, "Repeat the run with half the step and with twice the links, and compare the gaits"
    )

    def __post_init__(self) -> None:
        require_seed(self.seed)
        if self.survey is not None and not 1 <= self.survey <= MOST_STARTS:
            raise ValueError(f"survey must be from 1 to {MOST_STARTS}, got {shown(self.survey)}.")
        require_measurable(
            duration_s=self.duration_s, transient_s=self.transient_s, step_ms=self.step_ms,
            record_every_ms=self.record_every_ms,
        )  # fmt: skip
        if self.check:
            require_refinable(self.n_links)
