"""Make docs/tutorials/*.ipynb, with outputs, from the text notebooks in examples/notebooks/.

python tools/notebooks.py            all of them
python tools/notebooks.py NAME ...   some of them

Figures that docs/gallery.md shows become files, figures/notebooks/NAME-NUMBER.png, numbered from
1 in each notebook. python tools/notebooks.py --figures writes these alone.
"""

import base64
import os
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "examples" / "notebooks"
NOTEBOOKS = ROOT / "docs" / "tutorials"
GALLERY = ROOT / "docs" / "gallery.md"
FIGURES = ROOT / "docs" / "figures" / "notebooks"
# Of the first cell, not shown: figures of moderate size, no colors of a terminal.
SETUP = "%config InlineBackend.print_figure_kwargs = {'dpi': 80, 'bbox_inches': 'tight'}"


def read(source: Path) -> nbformat.NotebookNode:
    """A text notebook without outputs; ids of cells are their numbers, so that files are stable."""
    notebook = jupytext.read(source)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
    return notebook


def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in an empty folder."""
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
        with client.setup_kernel():
            client.kc.execute(SETUP, store_history=False)
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
    for cell in notebook.cells:
        cell.metadata = {}
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            output.metadata = {} if "metadata" in output else output.get("metadata")
            if output["output_type"] == "stream":
                output.pop("metadata", None)
    return notebook


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs with neighboring pieces of printed text as one: where they part is chance."""
    found: list[nbformat.NotebookNode] = []
    for output in outputs:
        if found and output.get("name") and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def figures(gallery: str) -> dict[Path, bytes]:
    """The figures of notebooks that the gallery shows: files and their content."""
    found = {}
    for name, number in re.findall(r"\(figures/notebooks/(\w+)-(\d+)\.png\)", gallery):
        cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        images = [it.data["image/png"] for it in outputs if "image/png" in it.get("data", {})]
        file = FIGURES / f"{name}-{number}.png"
        found[file] = base64.b64decode(images[int(number) - 1])
    return found


def main(names: list[str]) -> None:
    """Write the notebooks, and the figures of the gallery."""
    for source in sorted(SOURCES.glob("*.py")):
        if not names or source.stem in names:
            path = NOTEBOOKS / f"{source.stem}.ipynb"
            nbformat.write(execute(read(source)), path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB")
    FIGURES.mkdir(exist_ok=True)
    for file, content in figures(GALLERY.read_text(encoding="utf-8")).items():
        file.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
