"""Write what finished studies found into docs/guide/studies.md.

    make studies                        # --quick of every study and variant, into runs/studies
    isochron study worm-twin --config examples/worm_twin_gru.toml --out runs/studies/worm-twin-gru
    python tools/studies.py runs/studies

The findings are stored in docs/results/studies.json, with command, version and machine; a
test compares the page with them, so that no sentence is typed by hand.
"""

import sys
from pathlib import Path
from typing import Any

from isochron.files import read_json, write_json
from isochron.runs.configuration import overlay, read_toml
from isochron.studies import FURTHER, STUDIES, read_results

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "studies.json"
PAGE = ROOT / "docs" / "guide" / "studies.md"
VARIANTS = {  # and what is added to their configuration
    "twin-hodgkin-huxley": "examples/twin_hodgkin_huxley.toml",
    "worm-twin-gru": "examples/worm_twin_gru.toml",
}


def findings(run: Path) -> dict[str, Any]:
    """What a run found, and how it was made."""
    results = read_results(run)
    study = STUDIES.load(results.experiment)
    text, _, _ = study.format_results(results).partition("\n\n")
    return {
        "command": f"{study.command} {options(run.name, results.config)}",
        "version": results.provenance.isochron,
        "machine": results.provenance.machine.processor,
        "answer": text.splitlines(),
    }


def options(name: str, config: Any) -> str:
    """Options of the command of a run."""
    quick, file = type(config).quick(), VARIANTS.get(name)
    if file is not None:
        for start, size in ((quick, "--quick "), (type(config)(), "")):
            if config == overlay(start, read_toml(ROOT / file)):
                return f"{size}--config {file}"
    return "--quick" if config == quick else "--config ..."


def block(found: dict[str, Any]) -> str:
    """Lines of the page for one study."""
    head = f"`{found['command']}` found (version {found['version']}, {found['machine']}):"
    return "\n".join([head, "", *(f"- {line}" for line in found["answer"])])


def page(text: str, stored: dict[str, Any]) -> str:
    """The page with the findings of every study between its marks."""
    for name, found in stored.items():
        start, end = (f"<!-- {name}: {what} -->\n" for what in ("start", "end"))
        before, _, rest = text.partition(start)
        _, mark, after = rest.partition(end)
        if not mark:
            raise ValueError(f"{PAGE.name} needs the marks {start!r} and {end!r}.")
        text = f"{before}{start}\n{block(found)}\n\n{end}{after}"
    return text


def stored_findings() -> dict[str, Any]:
    """The findings of the stored result; nothing without one."""
    return read_json(RESULT) if RESULT.exists() else {}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    names = [name for name in (*FURTHER, *VARIANTS) if (folder / name / "results.json").exists()]
    runs = {name: folder / name for name in names}
    everything = stored_findings() | {name: findings(run) for name, run in runs.items()}
    write_json(RESULT, everything)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), everything), encoding="utf-8")
