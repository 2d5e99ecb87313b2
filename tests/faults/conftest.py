import signal

import pytest

from isochron.runs.run_folder import RunFolder
from isochron.runs.steps import StepFolder
from tests.sweep.test_steps import SETTINGS, version


@pytest.fixture
def python_handler():
    """SIGINT is KeyboardInterrupt, whatever a package or a shell has chosen."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path):
    """A run folder for steps."""
    with RunFolder(tmp_path / "run", SETTINGS, version(), title="fake"):
        made = StepFolder(tmp_path / "run")
        made.open()
        yield made
