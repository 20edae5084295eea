"""Build the module's wheel: the same bytes from the same sources, with setuptools alone and without a network.

    python tools/pack.py          # writes dist/mtgp_tutorial-VERSION-py3-none-any.whl and prints its path

It is built from a copy, so that nothing is left in the tree and nothing that is gone comes along.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("mtgp_tutorial/**/*", "pyproject.toml", "README.md", "LICENSE")
EPOCH = "1577836800"  # 2020-01-01: the date of every file in the archive
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def build(folder: Path, root: Path = ROOT) -> Path:
    """Write the wheel of the module in `root` into a folder; returns its path.

    Raises RuntimeError, with what setuptools said, when it cannot be built.
    """
    with tempfile.TemporaryDirectory() as name:
        tree, made = Path(name) / "tree", Path(name) / "made"
        made.mkdir()
        for source in sorted(path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()):
            if "__pycache__" not in source.parts:
                target = tree / source.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                target.chmod(0o644)  # the archive keeps it
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        command = [sys.executable, "-c", BUILD, str(made)]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"wheel: not built; it needs setuptools 77 or newer. {done.stderr.strip()[-2000:]}")
        (wheel,) = made.iterdir()
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(wheel, folder / wheel.name))


if __name__ == "__main__":
    print(build(ROOT / "dist"))
