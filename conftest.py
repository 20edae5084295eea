"""What every test run needs: one thread, strict figures, and a stamp when all chapters passed."""

import base64
import io
import os
import sys
from pathlib import Path

# On small matrices one thread is ten times faster than many. Set before torch is imported; notebook kernels inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Figures are Matplotlib's own, not the user's; a notebook's kernel sets its backend unless there is one.
os.environ["MATPLOTLIBRC"] = str(Path(__file__).parent / "tests" / "matplotlibrc")
os.environ.pop("MPLBACKEND", None)
sys.path.insert(0, str(Path(__file__).parent / "tools"))

import nbformat
import numpy as np
import pytest
import stamp
from PIL import Image

TOLERANCE = 1.0  # root mean square over all pixels, on the scale 0 to 255; one shifted curve gives 5 to 10
figures = {"compared": 0, "other Matplotlib": 0}
passed_cells = set()


def stored_pngs(outputs):
    """The PNG images among a cell's outputs, opened."""
    found = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in found]


def figure_fault(stored, fresh):
    """Why two lists of figures differ, or None. Pixels count only if the same Matplotlib drew both."""
    if len(stored) != len(fresh):
        return f"{len(stored)} figures are stored, {len(fresh)} were drawn"
    for old, new in zip(stored, fresh):
        if old.info.get("Software") != new.info.get("Software"):
            figures["other Matplotlib"] += 1
            continue
        figures["compared"] += 1
        if old.size != new.size:
            return f"the stored figure measures {old.size} pixels, the new one {new.size}"
        pixels = [np.asarray(image.convert("RGBA"), dtype=float) for image in (old, new)]
        difference = np.sqrt(np.mean((pixels[0] - pixels[1]) ** 2))
        if difference > TOLERANCE:
            return f"stored and new figure differ by {difference:.1f} (root mean square; {TOLERANCE} is allowed)"
    return None


def compare_figures_too(compare_outputs):
    """Wrap nbval's comparison of a cell's outputs, which looks at everything but images."""

    def compare(cell, fresh, stored, *args, **kwargs):
        same = compare_outputs(cell, fresh, stored, *args, **kwargs)
        fault = figure_fault(stored_pngs(stored), stored_pngs(fresh))
        if fault:
            cell.comparison_traceback.append(fault)
        return same and not fault

    return compare


def pytest_addoption(parser):
    parser.addoption("--stamped", action="store_true", help="leave out chapters that passed on exactly these sources")


def pytest_configure(config):
    config.fingerprint = stamp.fingerprint()
    if hasattr(config, "workerinput"):  # one of several processes: the first one decides
        config.option.stamped = config.workerinput["stamped"]
    else:
        config.option.stamped = config.option.stamped and stamp.verified()
    if config.getoption("nbval", False):
        from nbval.plugin import IPyNbCell

        IPyNbCell.compare_outputs = compare_figures_too(IPyNbCell.compare_outputs)


LEFT_TO_CHECK = (
    "tests/book/explore/",
    "tests/book/test_pages.py",
    "tests/book/test_pack.py",
    "tests/examples/",
    "tests/tables/files/",
    "tests/tables/report/",
)


def pytest_collection_modifyitems(config, items):
    for item in items:  # what needs built pages, and what hardly changes
        if "book" in getattr(item, "fixturenames", ()) or item.nodeid.startswith(LEFT_TO_CHECK):
            item.add_marker("check")
    if config.option.stamped:
        chapters = [item for item in items if item.nodeid.startswith("book/") and ".ipynb::" in item.nodeid]
        config.hook.pytest_deselected(items=chapters)
        items[:] = [item for item in items if item not in chapters]


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        passed_cells.add(report.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """What another process is told (pytest-xdist)."""
    node.workerinput["stamped"] = node.config.option.stamped


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """What another process counted (pytest-xdist)."""
    for kind, number in getattr(node, "workeroutput", {}).get("figures", {}).items():
        figures[kind] += number


def pytest_sessionfinish(session, exitstatus):
    if hasattr(session.config, "workeroutput"):  # one of several processes: the first one decides
        session.config.workeroutput["figures"] = figures
        return
    chapters = {path.name: nbformat.read(path, as_version=4) for path in (stamp.ROOT / "book").glob("*.ipynb")}
    needed = {
        f"book/{name}::Cell {number}"
        for name, chapter in chapters.items()
        for number in range(sum(cell.cell_type == "code" for cell in chapter.cells))
    }
    # nbval lets stripped cells pass, so the test of the stored form belongs to the proof, and so does every figure
    needed |= {f"tests/book/test_notebooks.py::test_stored_outputs_are_complete_and_clean[{name}]" for name in chapters}
    unchanged = session.config.fingerprint == stamp.fingerprint()
    if exitstatus == 0 and chapters and needed <= passed_cells and unchanged and not figures["other Matplotlib"]:
        stamp.write(session.config.fingerprint)


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.config.option.stamped:
        terminalreporter.write_line("chapters: passed on exactly these sources (stamp)")
    if figures["compared"]:
        terminalreporter.write_line(f"{figures['compared']} stored figures compared with fresh ones")
    if figures["other Matplotlib"]:
        terminalreporter.write_line(
            f"{figures['other Matplotlib']} stored figures only counted: another Matplotlib drew them"
        )
