"""The book's public address, which follows from `repository.url` in _config.yml, and the name of the module's wheel.

    python tools/public.py    # write them into the files that cannot look them up: those of FILES and NAMING

While there is no address these files say nothing, and nothing points anywhere.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
COLAB = "https://colab.research.google.com/github"
MARK = "address: written by tools/public.py"
WHEEL = re.compile(r"mtgp_tutorial-\d[\w.]*-py3-none-any\.whl")
NAMING = ("README.md", "book/preface.md", "book/about.md")  # these name the wheel


def settings(root: Path) -> dict:
    """The book's settings."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))


def repository(root: Path = ROOT) -> str:
    """The address of the repository, or "" while it has none."""
    return (settings(root).get("repository", {}).get("url") or "").removesuffix(".git").rstrip("/")


def pages(root: Path = ROOT) -> str:
    """Where the pages are: `html.baseurl` if it is set, else GitHub's own place for a repository there, else ""."""
    address = repository(root)
    chosen = settings(root).get("html", {}).get("baseurl") or ""
    if address and chosen:
        return chosen.rstrip("/") + "/"
    found = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", address)
    if not found:
        return ""
    host = f"{found[1].lower()}.github.io"
    return f"https://{host}/" if found[2].lower() == host else f"https://{host}/{found[2]}/"


def release(root: Path = ROOT) -> str:
    """The tag of this version, which notebooks on Colab belong to."""
    text = (root / "pyproject.toml").read_text(encoding="utf8")
    return "v" + re.findall(r'^version = "(.*)"', text, re.MULTILINE)[0]


def wheel(root: Path = ROOT) -> str:
    """The name of this version's wheel, which tools/pack.py builds."""
    return f"mtgp_tutorial-{release(root)[1:]}-py3-none-any.whl"


def colab(name: str, root: Path = ROOT) -> str:
    """The address that opens a plain copy on Colab, or "": it knows notebooks on GitHub."""
    path = repository(root).removeprefix("https://github.com/")
    return f"{COLAB}/{path}/blob/{release(root)}/book/plain/{name}.ipynb" if "://" not in path and path else ""


def badges(root: Path) -> list[str]:
    """The README's links."""
    shown = [("Read the pages", pages(root)), ("Run the first chapter on Colab", colab("five", root))]
    return [" · ".join(f"**[{text}]({link})**" for text, link in shown if link)]


def citation(root: Path) -> list[str]:
    """CITATION.cff's lines."""
    lines = [f"repository-code: {repository(root)}"]
    return [*lines, f"url: {pages(root)}"] if pages(root) else lines


def project(root: Path) -> list[str]:
    """pyproject.toml's lines."""
    lines = ["[project.urls]", f'Repository = "{repository(root)}"']
    return [*lines, f'Documentation = "{pages(root)}"'] if pages(root) else lines


FILES = {"README.md": badges, "CITATION.cff": citation, "pyproject.toml": project}


def wanted(name: str, root: Path = ROOT) -> str:
    """A file with the wheel's name, and the lines between its two marks, as they should be."""
    text = WHEEL.sub(wheel(root), (root / name).read_text(encoding="utf8"))
    if name not in FILES:
        return text
    lines = FILES[name](root) if repository(root) else []
    between = re.compile(rf"(^.*{re.escape(MARK)}.*\n)(?:.*\n)*?(^.*/address.*$)", re.MULTILINE)
    if not between.search(text):
        raise ValueError(f"{name}: there are no two lines that say '{MARK}' and '/address'.")
    return between.sub(lambda marks: marks[1] + "".join(f"{line}\n" for line in lines) + marks[2], text)


def stale(root: Path = ROOT) -> list[str]:
    """Names of files that say another address, or another version's wheel."""
    return [
        name
        for name in dict.fromkeys((*FILES, *NAMING))
        if wanted(name, root) != (root / name).read_text(encoding="utf8")
    ]


def write(root: Path = ROOT) -> None:
    """Write them all."""
    for name in stale(root):
        (root / name).write_text(wanted(name, root), encoding="utf8")


if __name__ == "__main__":
    write()
