"""Run the chapters, write clean outputs back, and renew the plain copies.

    python tools/notebooks.py                    # all chapters
    python tools/notebooks.py book/icm.ipynb     # some

The processor minutes of each run go into book/minutes.json, for the line below the chapter's title.
Outputs and execution counts stay (nbval and the book need them). Timings, widget state and editor settings go, so that
a second run on the same machine gives the same bytes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in conftest.py; the kernels inherit it

os.environ["MATPLOTLIBRC"] = str(Path(__file__).resolve().parents[1] / "tests" / "matplotlibrc")
os.environ.pop("MPLBACKEND", None)

import frame
import nbformat
import plain
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parents[1] / "book"
# letters are measured as figures are drawn, and their sizes kept: tools/lettering.py
WATCH = (
    f"import sys; sys.path.append({str(Path(__file__).parent)!r}); import lettering; lettering.watch(); sys.path.pop()"
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def run(path: Path) -> str:
    """The notebook's text after a run in a fresh kernel."""
    notebook = nbformat.read(path, as_version=4)
    with_first_cell(notebook)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", record_timing=False, resources=where)
    client.extra_arguments = [f"--IPKernelApp.exec_lines={WATCH}"]
    client.execute()
    return nbformat.writes(normalised(notebook)) + "\n"


def normalised(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep of the metadata only what the book reads."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        kept = {key: cell.metadata[key] for key in ("tags", "mystnb") if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = merged(cell.outputs)
    return notebook


def with_first_cell(notebook: nbformat.NotebookNode) -> None:
    """The first code cell tests the import of the module and says what to do, in every notebook in the same words."""
    left_out = {"tags": ["remove-cell"]}  # on the page
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    if notebook.cells[first].metadata.get("tags") == left_out["tags"]:
        notebook.cells[first].source = plain.FIRST.strip()
    else:
        notebook.cells.insert(first, nbformat.v4.new_code_cell(plain.FIRST.strip(), metadata=left_out))


def merged(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join pieces of one stream; where it is cut is chance."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        if kept and output.output_type == kept[-1].output_type == "stream" and output.name == kept[-1].name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path)
    arguments = parser.parse_args()
    seconds = {}
    for path in arguments.notebooks or sorted(BOOK.glob("*.ipynb")):
        before = frame.processor_seconds()
        text = run(path)
        seconds[path.stem] = frame.processor_seconds() - before
        print(f"{path.name}: {'unchanged' if text == path.read_text(encoding='utf8') else 'changed'}", flush=True)
        path.write_text(text, encoding="utf8")
    frame.keep(seconds)
    plain.write()


if __name__ == "__main__":
    main()
