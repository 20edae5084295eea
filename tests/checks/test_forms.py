"""The forms for issues and pull requests on GitHub: they parse, and ask for what is needed."""

import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github"
SOLVERS = sorted((FOLDER / "ISSUE_TEMPLATE").glob("[!c]*.yml")) + [FOLDER / "ISSUE_TEMPLATE" / "claim.yml"]


@pytest.mark.parametrize("path", SOLVERS, ids=lambda path: path.stem)
def test_forms_have_what_github_requires(path):
    form = yaml.safe_load(path.read_text(encoding="utf8"))
    assert all(form[key].strip() for key in ("name", "description", "title")) and form["labels"]
    assert {part["type"] for part in form["body"]} <= {"input", "textarea", "dropdown", "checkboxes", "markdown"}
    ids = [part["id"] for part in form["body"]]
    labels = [part["attributes"]["label"] for part in form["body"]]
    assert len(set(ids)) == len(ids) and all(labels) and all(re.fullmatch(r"[\w-]+", name) for name in ids)
    assert any(part.get("validations", {}).get("required") for part in form["body"])
    assert set(form) <= {"name", "description", "title", "labels", "body"}


def test_there_is_a_form_for_each_kind():
    assert {path.stem for path in SOLVERS} == {"number", "claim", "bug", "question"}
    config = yaml.safe_load((FOLDER / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf8"))
    assert config == {"blank_issues_enabled": True}  # no contact link: they would be places for an address


def test_a_pull_request_is_asked_for_the_definition_of_done():
    text = (FOLDER / "pull_request_template.md").read_text(encoding="utf8")
    root = FOLDER.parent
    makefile = (root / "Makefile").read_text(encoding="utf8")
    assert text.count("- [ ]") >= 5
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in re.findall(r"`make (\w+)`", text))
    assert '"How claims are made"' in text and "## How claims are made" in (root / "CONTRIBUTING.md").read_text("utf8")
