"""Every reader, with damaged files; `make fuzz` reads more of them."""

import pytest

from tests.faults.corpus import READERS
from tests.faults.fuzzing import fuzz


@pytest.mark.parametrize("name", READERS)
def test_some_files(tmp_path, name):
    found = fuzz(name, tmp_path, seed=0, n_files=10)
    assert found.n_files == 10
    assert not found.errors


@pytest.mark.parametrize("name", READERS)
def test_the_undamaged_file_is_read(tmp_path, name):
    reader = READERS[name]
    assert reader.read(reader.make(tmp_path)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_many_files(tmp_path, name):
    assert not fuzz(name, tmp_path, seed=1, n_files=500).errors
