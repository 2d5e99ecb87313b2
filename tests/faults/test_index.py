"""The list of faults names every module of this folder, and none that is missing."""

import re
from pathlib import Path

import tests.faults

FOLDER = Path(__file__).resolve().parent


def test_the_list_is_that_of_the_files():
    listed = set(re.findall(r"\btest_\w+", tests.faults.__doc__ or ""))
    here = {path.stem for path in FOLDER.glob("test_*.py")} - {"test_index"}
    elsewhere = {path.stem for path in FOLDER.parent.glob("**/test_*.py")}
    assert here <= listed
    assert listed <= here | elsewhere
