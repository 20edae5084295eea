"""The standard of the chapters: what is defined, explained and cited where."""

import re
from functools import cache

import measure  # tools/measure.py
import pytest
from plain import ROOT, documents, read  # tools/plain.py

import mtgp_tutorial

NUMBERED = [name for name, number in documents().items() if number]
FOLDED = {"hide-input", "hide-cell", "remove-cell"}

# Where a word is defined: a pattern, and the chapter before which no text in sight has it.
DEFINED = {
    r"SMSE|MSLL|NLPD|CRPS|sharpness|Nadeau": "scores",
    r"leave-one-out": "scores",
    r"shared baseline|external drift|REML": "independent",
    r"(?:the|an) ICMs?\b|task correlation|\$\\kappa": "icm",
    r"autokrig\w+|cokriging|cross-correlation": "sharing",
    r"(?:the|an) LMCs?\b|variogram": "lmc",
    r"microscale": "noise",
    r"LKJ|NUTS|R-hat": "priors",
}


@cache
def cells(name):
    return read(name, ROOT).cells


def folded(cell):
    return bool(FOLDED & set(cell.metadata.get("tags", [])))


def in_sight(name):
    """Markdown of a page without its answers, solutions and proofs, one string."""
    solving, texts = False, []
    for cell in cells(name):
        for piece in measure.SOLUTION.split(cell.source) if cell.cell_type == "markdown" else []:
            if measure.SOLUTION.fullmatch(piece):
                solving = "-start}" in piece
            elif not solving:
                texts.append(piece)
    return "\n\n".join(texts)


def code_in_sight(name):
    """The cells of code that are not folded, nor part of a solution."""
    solving = False
    for cell in cells(name):
        if cell.cell_type == "markdown":
            edges = measure.SOLUTION.findall(cell.source)
            solving = "-start}" in edges[-1] if edges else solving
        elif not (folded(cell) or solving):
            yield cell.source


def test_each_symptom_leads_to_its_own_section():
    """The table at the head of `wrong` links each entry once; the checklist stands below it."""
    text = [cell.source for cell in cells("wrong")]
    sections = re.findall(r"^\((wrong-[\w-]+)\)=$", "\n".join(text), re.MULTILINE)
    rows = [line for line in text[0].split("\n") if line.startswith("| ")]
    linked = re.findall(r"\{ref\}`[^`<]+ <(wrong-[\w-]+)>`", "\n".join(rows))
    assert sorted(linked) == sorted({*sections} - {"wrong-checklist"})


@pytest.mark.parametrize("name", list(documents()))
def test_no_number_is_typed_by_hand(name):
    """Numbers of chapters, figures, exercises and equations come from labels."""
    text = "\n".join(cell.source for cell in cells(name) if cell.cell_type == "markdown")
    assert re.findall(r"\b(?:[Cc]hapter|[Ff]igure|[Ee]xercise|[Ss]ection|[Ee]quation|Fig\.) \d[\d.]*", text) == []


@pytest.mark.parametrize("pattern, home", DEFINED.items())
def test_a_word_is_defined_before_it_is_used(pattern, home):
    early = {}
    for name in NUMBERED[: NUMBERED.index(home)]:
        found = [sentence for sentence in re.split(r"(?<=[.?!:]) ", plain_text(name)) if re.search(pattern, sentence)]
        early |= {name: found} if found else {}
    assert early == {}


@cache
def plain_text(name):
    """Prose in sight; a sentence with a link to another chapter is no use of a word but a promise."""
    text = re.sub(r"[^.?!]*\{(?:doc|ref)\}`[^`]*`[^.?!]*[.?!]", " ", in_sight(name))
    return re.sub(
        r"\s+", " ", re.sub(r"```\{index\}.*?```|^%[^\n]*$|^\([\w-]+\)=$", " ", text, flags=re.DOTALL | re.MULTILINE)
    )


def test_a_function_is_explained_where_it_is_first_called():
    """The first chapter that calls a public function of the module in sight also names it in its text."""
    silent = {}
    core = [name for name in mtgp_tutorial.__all__ if callable(getattr(mtgp_tutorial, name))]
    for function in [*core, *mtgp_tutorial.tables.__all__]:
        for name in NUMBERED:
            if re.search(rf"\b{function}\(", "\n".join(code_in_sight(name))):
                if not re.search(rf"`[^`]*\b{function}\b[^`]*`", in_sight(name)):
                    silent[function] = name
                break
    assert silent == {}


def test_proofs_and_equations_are_cited_backwards():
    """An equation or a statement stands in the same chapter, in an earlier one or on a page of reference."""
    where = {}
    for name in documents():
        text = "\n".join(cell.source for cell in cells(name) if cell.cell_type == "markdown")
        where |= dict.fromkeys(re.findall(r"\$\$ \(([\w-]+)\)|:label: ([\w-]+)", text), name)
    place = {label: name for pair, name in where.items() for label in pair if label}
    forward = []
    for number, name in enumerate(NUMBERED):
        for label in re.findall(r"\{(?:eq|prf:ref)\}`(?:[^`<]*<)?([\w-]+)>?`", in_sight(name)):
            if place.get(label) in NUMBERED[number + 1 :]:
                forward.append((name, label))
    assert forward == []
