"""What the README and the docstrings say is there."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]


def test_the_decision_pages_example_runs(tmp_path, monkeypatch):
    """From a file to a filled one, on a made-up file."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "book" / "decide.md").read_text(encoding="utf8"), re.DOTALL)
    days, rng = np.arange(0, 1040, 10), np.random.default_rng(0)
    level = np.convolve(rng.normal(size=len(days) + 2), [0.5, 1, 0.5], "valid")  # forgets within a hole
    flow = 5 * level + 0.3 * rng.normal(size=len(days))
    level[45:49] = np.nan
    frame = pd.DataFrame({"days": days, "level": level, "flow": flow})
    frame.drop(index=[60]).to_csv(tmp_path / "file.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in blocks:
        exec(code, names)
    filled, table = names["filled"], names["summarise"](names["results"], "independent, shared")
    assert bool(filled.mean.isfinite().all()) and table.loc[("NLPD", "ICM"), "high"] < 0


def test_equations_that_docstrings_cite_are_in_the_book():
    sources = "".join(path.read_text(encoding="utf8") for path in (ROOT / "mtgp_tutorial").rglob("*.py"))
    chapters = "".join(path.read_text(encoding="utf8") for path in (ROOT / "book").glob("*.ipynb"))
    cited = set(re.findall(r"\(book: ([\w-]+)\)", sources))
    assert len(cited) > 3 and {label for label in cited if f"$$ ({label})" not in chapters} == set()


def test_requirements_have_the_lower_bounds_of_the_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    bounds = {*project["dependencies"], *sum(project["optional-dependencies"].values(), [])}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").split("\n")
    assert bounds - {line.split("#")[0].strip() for line in lines} == set()


def test_every_public_name_has_a_docstring():
    import mtgp_tutorial

    public = [getattr(home, name) for home in (mtgp_tutorial, mtgp_tutorial.tables) for name in home.__all__]
    assert [value for value in public if not (value.__doc__ or "").strip()] == []


def test_the_model_that_the_chapter_prints_is_the_studys():
    import nbformat

    cells = nbformat.read(ROOT / "book" / "priors.ipynb", as_version=4).cells
    (printed,) = re.findall(r"```python\n(.*?)```", "\n".join(cell.source for cell in cells), re.DOTALL)
    assert "def bayes" in printed and printed in (ROOT / "book" / "studies" / "full_bayes.py").read_text(
        encoding="utf8"
    )


def test_every_line_of_the_decision_page_links_to_what_shows_it():
    lines = (ROOT / "book" / "decide.md").read_text(encoding="utf8").split("\n")
    lines = lines[lines.index("## What does your table look like?") :]  # what stands before has its chapter named
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ") and not line.endswith("| shown |")]
    assert len(rows) > 30 and [row for row in rows if len(row) != 3 or not re.search(r"\{(ref|doc)\}`", row[2])] == []


def test_the_version_is_the_same_everywhere():
    import mtgp_tutorial

    places = {
        name: (ROOT / name).read_text(encoding="utf8") for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md")
    }
    found = {
        re.search(r'^(?:version(?: =|:) "?|## )(\d+\.\d+\.\d+)', text, re.MULTILINE)[1] for text in places.values()
    }
    assert found == {mtgp_tutorial.__version__}
