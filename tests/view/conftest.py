from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from isochron import connectome
from isochron.view import from_states, write_page
from tests.view.browser import SOFTWARE, Browser, executable

HOSTILE = "</script><script>document.title='taken'</script><!--<script><img src=x onerror=alert(1)>"
N_NODES = 49


@pytest.fixture(scope="session")
def worm_run():
    """279 neurons that are put in motion as a wave of 0.8 s, with thresholds."""
    names = connectome.load("varshney2011").neurons
    times = np.arange(0, 8000, 20.0)
    lag = np.linspace(0, 4 * np.pi, len(names))
    size = 1 + np.arange(len(names)) % 7
    v = -30 + size * np.sin(2 * np.pi * times[:, None] / 800 - lag)
    return xr.Dataset(
        {
            "V": (("time", "neuron"), v, {"units": "mV"}),
            "threshold": (("neuron",), np.full(len(names), -30.0), {"units": "mV"}),
        },
        coords={"time": ("time", times, {"units": "ms"}), "neuron": list(names)},
        attrs={
            "dataset": "varshney2011",
            "species": "C. elegans",
            "dataset_sha256": connectome.load("varshney2011").source.content_sha256,
            "connectome_history": "",
        },
    )


@pytest.fixture(scope="session")
def crawling_run(worm_run):
    """The same with a body on which a wave of 0.5 Hz runs from head to tail."""
    t, s = 1e-3 * worm_run.time.values[:, None], np.linspace(0, 1, N_NODES)
    angle = 0.6 * np.cos(2 * np.pi * (0.5 * t - s[1:] / 0.7))
    x = np.cumsum(np.hstack([3 - 0.2 * t, np.cos(angle) / (N_NODES - 1)]), axis=1)
    y = np.cumsum(np.hstack([-1 + 0 * t, np.sin(angle) / (N_NODES - 1)]), axis=1)
    curvature = np.diff(angle, axis=1) * (N_NODES - 1)
    return worm_run.assign(
        x=(("time", "node"), x), y=(("time", "node"), y), curvature=(("time", "joint"), curvature)
    )


@pytest.fixture(scope="session")
def network_run():
    """512 units with connections; the name of one is markup."""
    rng = np.random.default_rng(5)
    states = np.sin(np.linspace(0, 30, 300)[:, None] + rng.uniform(0, 6, 512))
    names = [HOSTILE, *(f"u{k}" for k in range(1, 512))]
    return from_states(states, step_ms=20, names=names, weights=rng.normal(size=(512, 512)))


@pytest.fixture(scope="session")
def pages(tmp_path_factory, worm_run, crawling_run, network_run) -> dict[str, Path]:
    """Files of pages by name."""
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        "worm": worm_run,
        "crawl": crawling_run,
        "network": {HOSTILE: network_run},
        "four": {"a": worm_run, "b": sims_like(worm_run), "c": crawling_run, "d": network_run},
    }
    return {name: write_page(run, folder / f"{name}.html") for name, run in runs.items()}


def sims_like(run):
    """The same run, half as long, at twice the size."""
    half = run.isel(time=slice(0, run.sizes["time"] // 2))
    return half.assign(V=-30 + 2 * (half.V + 30))


@pytest.fixture(scope="session")
def chromium():
    """A browser with drawing in software; tests that need it are skipped where there is none."""
    if executable() is None:
        pytest.skip("Chromium is not installed")
    with Browser(*SOFTWARE) as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    chromium.resize(1280, 900)
    chromium.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    return chromium
