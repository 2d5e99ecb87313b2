"""Write the script of the page from its modules: python tools/bundle_page.py [--check].

Each module of isochron/view/js/ becomes a function that returns what it exports; the modules
follow each other in the order in which they need each other. Nothing is shortened, so that the
script can be read, and the same modules give the same bytes on every machine.
"""

import argparse
import hashlib
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

VIEW = Path(__file__).parents[1] / "isochron" / "view"
MODULES, OUT = VIEW / "js", VIEW / "bundle" / "page.js"
IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)


def bundle(folder: Path) -> str:
    """All modules as one script."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))}
    needs = {name: [m[2] for m in IMPORT.finditer(text)] for name, text in sources.items()}
    order = list(TopologicalSorter(needs).static_order())
    script = "".join(as_function(name, sources[name]) for name in order)
    doors = "return { start: module_main.start, render: module_main.render };\n"
    script = f'"use strict";\nconst isochronPage = (() => {{\n{script}{doors}}})();\n'
    if "</script" in script.lower() or "<!--" in script:
        raise SystemExit("The script contains text that ends or hides a script element.")
    return script


def as_function(name: str, text: str) -> str:
    """A module as a function that is called once."""
    exports = EXPORT.findall(text)
    body = IMPORT.sub(lambda found: f"const {{ {found[1]} }} = module_{found[2]};\n", text)
    body = re.sub(r"^export ", "", body, flags=re.MULTILINE)
    if left := re.search(r"^(import|export)\b.*", body, re.MULTILINE):
        raise SystemExit(f'{name}.js: write import {{ a, b }} from "./x.js"; got {left[0]!r}.')
    return (
        f"// {name}.js\nconst module_{name} = (() => {{\n{body}"
        f"return {{ {', '.join(exports)} }};\n}})();\n"
    )


def main() -> None:
    """Write the script and its digest, or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file")
    script = bundle(MODULES)
    if parser.parse_args().check:
        sys.exit(None if OUT.read_text(encoding="utf-8") == script else "Run: make page")
    OUT.write_text(script, encoding="utf-8", newline="\n")
    digest = hashlib.sha256(script.encode()).hexdigest()
    OUT.with_name("page.js.sha256").write_text(f"{digest}  page.js\n", encoding="utf-8")
    print(f"{OUT}: {len(script)} characters, SHA-256 {digest}")


if __name__ == "__main__":
    main()
