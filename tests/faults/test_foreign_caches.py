"""Compiled code that others may have planted is not loaded: it would be executed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import config

from isochron import compilation, private_cache

CODE = "@compiled()\ndef twice(x):\n    return x + x\n"
SHARED, STICKY, OPEN = 0o777, 0o1777, 0o755


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A compiled function whose cache is in a folder; gives the function and its cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))

    private_cache._folder_for_all.cache_clear()

    def compile_in(folder):
        monkeypatch.setattr(config, "CACHE_DIR", str(folder))
        path = tmp_path / "code" / "module.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CODE)
        spec = importlib.util.spec_from_file_location("module", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        vars(module)["compiled"] = compilation.compiled
        spec.loader.exec_module(module)
        return module.twice

    yield compile_in
    private_cache._folder_for_all.cache_clear()


def saved(folder):
    return [path for path in Path(folder).rglob("*.nbc")]


def subfolder(folder):
    return next(path for path in folder.iterdir() if path.is_dir())


def test_a_folder_of_our_own_is_used(make, tmp_path):
    assert make(tmp_path / "cache")(2) == 4
    assert saved(tmp_path / "cache")
    assert not saved(tmp_path / "mine")


@pytest.mark.parametrize("where", ["folder", "parent"])
def test_a_folder_that_all_may_write_is_replaced(make, tmp_path, where):
    cache = tmp_path / "cache"
    make(cache)(2)
    (planted,) = saved(cache)
    planted.write_bytes(b"planted")
    (subfolder(cache) if where == "folder" else cache).chmod(SHARED)
    assert make(cache)(2) == 4
    assert planted.read_bytes() == b"planted"
    (ours,) = saved(tmp_path / "mine")
    assert ours.parent.stat().st_mode & 0o777 == 0o700


def test_a_shared_folder_in_the_cache_of_the_user_is_not_used(make, tmp_path):
    """The folder that replaces the first one must be private, too."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "mine" / "isochron").mkdir(parents=True)
    for folder in (tmp_path / "cache", tmp_path / "mine" / "isochron"):
        folder.chmod(SHARED)
    assert make(tmp_path / "cache")(2) == 4
    assert not saved(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_of_a_folder_for_temporary_files_is_not_trusted(make, tmp_path):
    """Who owns it may rename what is in it, unless it is root."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(STICKY)
    os.chown(cache, 12345, 12345)
    make(cache)(2)
    assert not saved(cache)
    assert saved(tmp_path / "mine")


def test_a_folder_for_temporary_files_is_trusted(make, tmp_path):
    """As /tmp: nobody but the owner may rename what is in it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(STICKY)
    make(cache)(2)
    assert saved(cache)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_a_different_user_is_replaced(make, tmp_path):
    cache = tmp_path / "cache"
    make(cache)(2)
    os.chown(subfolder(cache), 12345, 12345)
    make(cache)(2)
    assert saved(tmp_path / "mine")


def test_without_a_home_the_folder_is_temporary(tmp_path):
    """Two processes do not share it; the code runs, and nothing stays."""
    shared = tmp_path / "cache"
    shared.mkdir()
    shared.chmod(SHARED)
    script = tmp_path / "script.py"
    script.write_text(f"from isochron.compilation import compiled\n{CODE}print(twice(2))\n")
    blocked = tmp_path / "file"
    blocked.touch()
    (tmp_path / "temporary").mkdir()
    setting = {"NUMBA_CACHE_DIR": str(shared), "XDG_CACHE_HOME": str(blocked),
               "TMPDIR": str(tmp_path / "temporary")}  # fmt: skip
    result = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | setting, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (result.stdout, result.stderr) == ("4\n", "")
    assert not saved(shared)
    assert not list((tmp_path / "temporary").iterdir())
