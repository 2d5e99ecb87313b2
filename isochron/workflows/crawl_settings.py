"""Settings of isochron crawl. Light, so that help is instant."""

from dataclasses import dataclass

from isochron.runs.crawl_settings import BodySettings
from isochron.runs.model_settings import DATASET_HELP, ConnectionSettings
from isochron.settings import require_seed, setting


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
        "Search for all gaits from this number of random initial states (16 or more), with "
        "the share of the states that leads to each",
    )
    seed: int = setting(0, "Seed of the initial state")
    check: bool = setting(
        True, "Repeat the run with half the step and with twice the links, and compare the gaits"
    )

    def __post_init__(self) -> None:
        require_seed(self.seed)
        if self.survey is not None and self.survey < 1:
            raise ValueError(f"survey must be 1 or more, got {self.survey}.")
