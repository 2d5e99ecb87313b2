"""Run the first block of Python in README.md with the installed isochron."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
if block is None:
    raise SystemExit("README.md does not have a block of Python.")
exec(compile(block[1], str(README), "exec"), {"__name__": "__main__"})
