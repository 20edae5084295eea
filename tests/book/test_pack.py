"""The module's wheel: the same bytes each time, linked from the pages, and good for pip."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pack  # tools/pack.py

import mtgp_tutorial


def test_the_wheel_depends_on_the_sources_alone(tmp_path):
    """Not on the clock, nor on permissions, nor on what lies about; and it leaves nothing behind."""
    tree = tmp_path / "tree"
    shutil.copytree(pack.ROOT / "mtgp_tutorial", tree / "mtgp_tutorial")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(pack.ROOT / name, tree)
    before = sorted(tree.rglob("*"))
    first = pack.build(tmp_path / "first", tree).read_bytes()
    assert sorted(tree.rglob("*")) == before
    os.utime(tree / "README.md", (0, 1e9))
    (tree / "mtgp_tutorial" / "arguments.py").chmod(0o600)
    (tree / "build" / "lib" / "mtgp_tutorial").mkdir(parents=True)
    (tree / "build" / "lib" / "mtgp_tutorial" / "gone.py").touch()
    assert pack.build(tmp_path / "second", tree).read_bytes() == first
    (tree / "mtgp_tutorial" / "arguments.py").write_text("changed = True\n")
    assert pack.build(tmp_path / "third", tree).read_bytes() != first


def test_the_preface_links_the_wheel_of_this_version():
    preface = (pack.ROOT / "book" / "preface.md").read_text(encoding="utf8")
    named = re.findall(r"[\w./-]*\.whl", preface)  # the command and the link beside it
    assert [Path(name).name for name in named] == 2 * [f"mtgp_tutorial-{mtgp_tutorial.__version__}-py3-none-any.whl"]


def test_pip_installs_what_the_preface_links(book, tmp_path):
    html, pages = book
    (link,) = [link["href"] for link in pages["book/preface.html"].select("a[href$='.whl']")]
    wheel = Path(os.path.normpath(html / "book" / link))
    assert wheel.read_bytes() == pack.build(tmp_path / "again").read_bytes()
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel]
    subprocess.run(pip, check=True)
    code = "import mtgp_tutorial as m; print(m.__file__, m.__version__, len(m.datasets.great_lakes().x))"
    environment = {**os.environ, "PYTHONPATH": str(target)}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout.split() == [str(target / "mtgp_tutorial" / "__init__.py"), mtgp_tutorial.__version__, "92"]


def test_the_wheel_holds_the_letters_of_figures_and_their_licence(tmp_path):
    with zipfile.ZipFile(pack.build(tmp_path)) as wheel:
        sizes = {info.filename: info.file_size for info in wheel.infolist() if "plots/fonts/" in info.filename}
    names = {name.split("/")[-1] for name in sizes}
    assert {"mtgp-sans-regular.ttf", "mtgp-sans-bold.ttf", "OFL.txt"} <= names and sum(sizes.values()) < 150_000
