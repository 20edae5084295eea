"""Build the book for the tests."""

import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup
from filelock import FileLock


def build(source, output):
    """Build with warnings as errors; return the folder of pages and path -> parsed page."""
    output.mkdir(exist_ok=True)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", source, "-n", "-W", "--keep-going"]
    result = subprocess.run([*command, "--path-output", output], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    (output / "build.log").write_text(result.stdout, encoding="utf8")
    return parsed(output)


def built_once(source, output):
    """The same for several processes that name one folder: the first builds, the others wait for it."""
    with FileLock(f"{output}.lock"):
        if not (output / "build.log").exists():
            return build(source, output)
    return parsed(output)


class Pages(dict):
    """path -> page, parsed when it is first asked for, which takes some seconds for all."""

    def __getitem__(self, path):
        if not isinstance(super().__getitem__(path), BeautifulSoup):
            self[path] = BeautifulSoup(super().__getitem__(path).read_text(encoding="utf8"), "html.parser")
        return super().__getitem__(path)

    def items(self):
        return [(path, self[path]) for path in self]

    def values(self):
        return [self[path] for path in self]


def parsed(output):
    """The folder of pages of a build, and path -> parsed page."""
    html = output / "_build" / "html"
    paths = sorted(path for path in html.rglob("*.html") if "_static" not in path.parts)
    return html, Pages({path.relative_to(html).as_posix(): path for path in paths})
