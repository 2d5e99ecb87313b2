"""Settings of the sweeps of crawling worms. Light."""

import math
from dataclasses import dataclass

from isochron.runs.crawl_settings import BodySettings, require_measurable, require_refinable
from isochron.runs.sweep.experiments.simulate_settings import ModelSettings
from isochron.settings import check_choices, setting

OF_NETWORK = ("standard", "soft", "stiff", "viscous")


@dataclass(frozen=True, kw_only=True)
class CrawlRunSettings(BodySettings, ModelSettings):
    """Crawling worms: a graded network in a closed loop with muscles, body and proprioception."""

    stimulate: tuple[str, ...] = setting(
        (), "Neurons, classes or patterns that receive the current"
    )
    amplitude_pA: float = setting(0.0, "Constant current", unit="pA")
    connected: bool = setting(
        True, "Connections between neurons; without them, muscles and proprioception remain"
    )
    muscle_time_constant_ms: float | None = setting(
        None, "Time constant of muscles; by default that of the model", unit="ms"
    )
    loop_gain_pA: float | None = setting(
        None, "Loop gain H: gain of proprioception times curvature gain", unit="pA"
    )
    loop_gain_ratio: float | None = setting(
        None, "Loop gain as a multiple of that at which the same worm starts to bend"
    )
    duration_s: float = setting(40.0, "Simulated time", unit="s")
    transient_s: float | None = setting(
        None, "Time before the gait is measured; by default half of the run", unit="s"
    )
    step_ms: float = setting(8.0, "Time step", unit="ms")
    record_every_ms: float = setting(40.0, "Time between recorded samples", unit="ms")
    check: bool = setting(
        True, "Repeat each run with half the step and with twice the links, and compare the gaits"
    )

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        check_choices(self)
        if self.model not in OF_NETWORK:
            raise ValueError(
                f"model must be one of {', '.join(OF_NETWORK)}, which contain the network; got "
                f"{self.model!r}."
            )
        gains = ("gain", "loop_gain_pA", "loop_gain_ratio")
        given = [name for name in gains if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; give one of them.")
        for name in ("muscle_time_constant_ms", "loop_gain_ratio"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {value!r}.")
        require_measurable(
            duration_s=self.duration_s, transient_s=self.transient_s, step_ms=self.step_ms,
            record_every_ms=self.record_every_ms,
        )  # fmt: skip
        if self.check:
            require_refinable(self.n_links)
        if self.loop_gain_pA is not None and not math.isfinite(self.loop_gain_pA):
            raise ValueError(f"loop_gain_pA must be finite, got {self.loop_gain_pA!r}.")
        if self.stimulate and not self.amplitude_pA:
            raise ValueError("stimulate has no effect without amplitude_pA.")
