"""Compiled code: the same results from the compiler and from the cache, and no outdated code."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core import config
from numba.core.errors import TypingError
from numba.core.registry import cpu_target

from isochron import compilation
from isochron.ann_bridge.kernels.thin import dot
from isochron.kernels import arithmetic

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def compiling(tmp_path, monkeypatch):
    """The module that compiles, with an empty cache."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    yield compilation
    compilation.source_digest.cache_clear()


def load(path, **known):
    """A module from a file, as a new process would load it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module).update(known)
    spec.loader.exec_module(module)
    return module


def saved_files(folder):
    return {path.name for path in folder.rglob("*.nbc")}


def test_an_edited_callee_is_compiled_again(compiling, tmp_path):
    """The cache of numba follows the file of the caller only."""
    inner, outer = tmp_path / "inner.py", tmp_path / "outer.py"
    outer.write_text("@compiled()\ndef outer(x):\n    return inner(x) + 1.0\n")
    found, hits = [], []
    for factor in (2.0, 3.0, 3.0):
        inner.write_text(f"@compiled()\ndef inner(x):\n    return {factor} * x\n")
        os.utime(inner, (0, 0))  # neither time nor size tells the difference
        compiling.source_digest.cache_clear()
        callee = load(inner, compiled=compiling.compiled).inner
        caller = load(outer, compiled=compiling.compiled, inner=callee).outer
        found.append(caller(1.0))
        hits.append(sum(caller.stats.cache_hits.values()))
    assert found == [3.0, 4.0, 4.0]
    assert hits == [0, 0, 1]


def test_a_line_on_stderr_states_what_is_compiled(compiling, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(compiling.ANNOUNCE, "1")
    path = tmp_path / "twice.py"
    path.write_text("@compiled()\ndef twice(x):\n    return x + x\n")
    for _ in range(2):
        module = load(path, compiled=compiling.compiled)
        assert module.twice(1.5) == 3.0
        assert module.twice(2) == 4  # one line for all that is compiled
    assert capsys.readouterr().err == "Compiling twice; later runs load the result.\n"


def test_signatures_compiled_at_the_same_time_have_separate_files(compiling, tmp_path):
    """Two processes that read the index before either wrote it would take the same number."""
    path = tmp_path / "twice.py"
    path.write_text("@compiled()\ndef twice(x):\n    return x + x\n")
    one, other = (load(path, compiled=compiling.compiled).twice for _ in range(2))
    assert one(1.5) == 3.0
    assert other(2) == 4
    names = saved_files(tmp_path)
    assert len(names) == 2
    later = load(path, compiled=compiling.compiled).twice
    assert (later(1.5), later(2)) == (3.0, 4)
    assert sum(later.stats.cache_hits.values()) == 2
    assert saved_files(tmp_path) == names


def test_arithmetic_that_the_compiler_may_reorder_is_rejected(compiling):
    with pytest.raises(ValueError, match="fastmath is not supported"):
        compiling.compiled(fastmath=True)


def test_without_the_compiler_a_function_is_itself(compiling, monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert compiling.compiled()(saved_files) is saved_files


def test_every_function_is_compiled_in_this_way():
    """No other use of numba's compiler, and no arithmetic flag of LLVM, in the packages."""
    checked = 0
    for package in ("connectome", "sims", "ann_bridge", "analysis", "isochron"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            if path.name == "compilation.py" or "numba" not in text:
                continue
            checked += 1
            used = {getattr(node, "id", None) for node in ast.walk(ast.parse(text))}
            used |= {getattr(node, "attr", None) for node in ast.walk(ast.parse(text))}
            assert not used & {"njit", "jit", "vectorize", "guvectorize"}, path
            assert "fastmath" not in text, path
            assert "flags=" not in text, path
    assert checked > 10


def start(cache, *arguments):
    """A process that runs every kernel."""
    return subprocess.Popen(
        [sys.executable, ROOT / "tests" / "every_kernel.py", *arguments],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def results(process):
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    return json.loads(printed)


@pytest.mark.slow  # compiles every kernel three times
def test_compiled_now_before_or_by_two_at_once_is_bit_identical(tmp_path):
    """The order of use is reversed, too: it decides which copies of callees are used."""
    cold = results(start(tmp_path / "one"))
    assert len(cold) == 17
    assert results(start(tmp_path / "one", "reversed")) == cold
    both = [start(tmp_path / "two"), start(tmp_path / "two", "reversed")]
    assert [results(process) for process in both] == [cold, cold]
    assert results(start(tmp_path / "two")) == cold


def test_a_product_and_a_sum_are_rounded_once_only_where_asked():
    """x² = 1 + 2^-29 + 2^-60 for x = 1 + 2^-30; the last term is lost if the square is rounded."""
    x, last = 1 + 2.0**-30, 2.0**-60
    context: Any = cpu_target.target_context
    fused = arithmetic.has_fused_multiply_add(context.codegen())
    assert once(x, x, -1 - 2.0**-29) == (last if fused else 0)
    assert twice(x, x, -1 - 2.0**-29) == 0
    with pytest.raises(TypingError, match="numbers of one type"):
        once(x, np.float32(x), x)


def test_a_polynomial_is_that_of_horner():
    """Exact in integers; in float32 and float64."""
    for kind in (np.float32, np.float64):
        coefficients = tuple(map(kind, (3, -2, 0, 5)))
        assert horner(kind(7), coefficients) == 3 - 2 * 7 + 5 * 7**3
        assert horner(kind(7), coefficients[:1]) == 3


@njit
def once(a, b, c):
    return arithmetic.multiply_add(a, b, c)


@njit
def twice(a, b, c):
    return a * b + c


@njit
def horner(x, coefficients):
    return arithmetic.polynomial(x, coefficients)


def test_a_long_sum_of_products_has_one_order():
    """Wherever the arrays are in memory; n / 64 + 2 + log2(64) + 15 roundings at most."""
    generator = np.random.default_rng(0)
    for kind in (np.float32, np.float64):
        for n in (0, 1, 15, 16, 17, 63, 64, 65, 100, 777):
            x, y = generator.normal(size=(2, n)).astype(kind)
            wanted = np.sum(x.astype(np.longdouble) * y.astype(np.longdouble))
            size = np.sum(np.abs(x.astype(float) * y))
            found = dot(x, y)
            assert abs(found - wanted) <= (n / 64 + 23) * np.finfo(x.dtype).eps * size
            room = np.empty((2, n + 8), kind)
            for at in range(8):
                moved = room[0, at : at + n], room[1, 8 - at : 8 - at + n]
                moved[0][:], moved[1][:] = x, y
                assert dot(*moved) == found
