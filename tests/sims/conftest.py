import numpy as np
import pytest

from isochron import connectome, sims


@pytest.fixture(scope="session")
def small():
    """Twenty neurons with random synapses, gap junctions and signs."""
    rng = np.random.default_rng(3)
    n = 20
    gap = np.triu(rng.integers(0, 3, (n, n)) * (rng.random((n, n)) < 0.2), 1)
    graph = connectome.Connectome(
        name="small",
        neurons=tuple(f"N{i}" for i in range(n)),
        muscles=(),
        chemical=rng.integers(0, 5, (n, n)) * (rng.random((n, n)) < 0.3),
        gap=gap + gap.T + np.diag(rng.integers(0, 2, n)),
        neuromuscular=np.zeros((0, n)),
        source=connectome.load("varshney2011").source,
    )
    signs = rng.choice([-1, 0, 1], (n, n), p=[0.3, 0.1, 0.6]) * (graph.chemical > 0)
    return sims.GradedNetwork(graph, signs=lambda _: signs)


@pytest.fixture(scope="session")
def drive():
    """A constant current and one that oscillates, into two neurons of the small network."""
    constant = sims.step_current(["N3"], amplitude_pA=20)
    return constant + sims.sinusoidal_current(["N0", "N3"], amplitude_pA=5, frequency_Hz=4)
