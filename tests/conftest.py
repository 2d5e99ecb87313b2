import os
import signal
import sys

import numpy as np
import pytest

from isochron import analysis, connectome, sims


def pytest_configure():
    """A shell that starts the tests in the background ignores SIGINT, in their processes too."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption(
        "--device", default="cpu", choices=("cpu", "cuda"), help="where torch computes in tests"
    )


@pytest.fixture(scope="session")
def device(request):
    """Where torch computes; pytest --device cuda for a GPU."""
    return request.config.getoption("--device")


@pytest.fixture(autouse=True)
def one_thread_to_a_worker():
    """numba's parallel loops tell OpenMP of more threads, and torch's then wait for cores."""
    if "PYTEST_XDIST_WORKER" in os.environ and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def worm():
    """The default worm."""
    return sims.GradedNetwork(connectome.load("varshney2011"))


@pytest.fixture(scope="session")
def touch():
    """The current at which the worm's rhythm is known."""
    return sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)


@pytest.fixture(scope="session")
def worm_run(worm, touch):
    """A minute of the worm's rhythm."""
    return sims.simulate(
        worm, touch, duration_s=60, step_ms=2, record_every_ms=20, rng=np.random.default_rng(0)
    )


@pytest.fixture(scope="session")
def worm_map(worm, touch):
    """The compiled engine under this current, extrapolated to a step of zero."""
    return analysis.ExtrapolatedMap(sims.GradedMap(worm, touch, step_ms=8))


@pytest.fixture(scope="session")
def worm_cycle(worm_map, worm_run):
    """The worm's limit cycle."""
    last = sims.state_vector(worm_run.isel(time=-1))
    return analysis.find_limit_cycle(worm_map, last, max_period=5000)


@pytest.fixture
def where(device, monkeypatch):
    """Device of a kernel of Triton; on a CPU its interpreter runs it."""
    import torch

    if device == "cpu":
        if torch.cuda.is_available():
            pytest.skip("there is a GPU: pytest --device cuda")
        monkeypatch.setenv("TRITON_INTERPRET", "1")
    return torch.device(device)
