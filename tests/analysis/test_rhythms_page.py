"""The snippets of docs/rhythms.md, one after the other."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rhythms.md"


def test_every_snippet_runs():
    import matplotlib.pyplot as plt

    text = PAGE.read_text()
    snippets = list(re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL))
    assert len(snippets) > 10
    names: dict = {}
    try:
        for snippet in snippets:
            line = text[: snippet.start(1)].count("\n")
            code = compile("\n" * line + snippet.group(1), str(PAGE), "exec")
            exec(code, names)
    finally:
        plt.close("all")
