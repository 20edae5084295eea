"""Numbers in the text: each is tied to one source and agrees with it, and a changed digit is found."""

import copy
import random
import re

import prose  # tools/prose.py
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from stored import pages  # tools/stored.py

HELD = [name for name in pages() if name != "references"]
HTML = "<table><tr><th></th><th>SMSE</th></tr><tr><th>ICM</th><td>0.844</td></tr>"
HTML += "<tr><th>LMC</th><td>0.5</td></tr></table>"


@pytest.mark.parametrize("name", HELD)
def test_numbers_agree_with_their_sources(name):
    assert prose.faults(name, pages()[name]) == []


@pytest.mark.parametrize("fault, text", [
    (None, 'The SMSE is 0.84.\n\n% SMSE is 0.84 <- at("ICM", "SMSE")'),
    (None, 'It is 84 %, $-0.84$.\n\n% 84 % <- at("ICM", "SMSE")\n% $-0.84$ <- -at("ICM", "SMSE")'),
    (None, 'In two of three seeds, 4 of 10.\n\n% two of three <- 2, 3\n% 4 of 10 <- 4, 10'),
    (None, 'The ICM is worse: more than a third.\n\n% a third <- at("LMC", "SMSE") < 2 / 3 * at("ICM", "SMSE")'),
    (None, 'In 2009 {doc}`two tasks <icm>` and `f(0.5)`, $x = 0.5$, 3.5 tasks.\n\n% 3.5 <- "made up"'),
    (None, 'Of 10 to 84 %.\n\n% 10 to 84 % <- 0.1, at("ICM", "SMSE")'),
    ('"10" has 0 ties', "Of 10 to 84 %."),
    (None, 'Noise 0.5, 17 rows.\n\n% Noise 0.5, 17 <- after("noise ="), after("rows:")'),
    ('"0.84" has 0 ties', "The SMSE is 0.84."),
    ('"two of three" has 0 ties', "In two of three seeds."),
    ('"3" has 0 ties', "By 2 ± 3 nats."),
    ('"0.7" has 0 ties', "See {doc}`0.7 nats <icm>`."),
    ("says 0.85, and its expression gives 0.844", 'It is 0.85.\n\n% 0.85 <- at("ICM", "SMSE")'),
    ("says -0.84", 'It is -0.84.\n\n% -0.84 <- at("ICM", "SMSE")'),
    ("says three", 'In three of four.\n\n% three of four <- 2, 4'),
    ("stands 0 times", 'It is 0.84 now.\n\n% It was 0.84 <- at("ICM", "SMSE")'),
    ("stands 2 times", 'It is 0.84, and 0.84.\n\n% 0.84 <- at("ICM", "SMSE")'),
    ("has 2 ties", 'It is 0.84.\n\n% 0.84 <- at("ICM", "SMSE")\n% is 0.84 <- at("ICM", "SMSE")'),
    ("no table has these labels", 'It is 0.84.\n\n% 0.84 <- at("IMC", "SMSE")'),
    ("is not so", 'The LMC is worse.\n\n% worse <- at("LMC", "SMSE") > at("ICM", "SMSE")'),
    ("if the table went on", 'It is 1.7 times.\n\n% 1.7 <- at("ICM", "SMSE") / at("LMC", "SMSE")'),
    ("needs a number", 'From 0.84 on.\n\n% 0.84 <- at("ICM", "SMSE") > 0.8'),
    ("has 2 numbers, its expression 1", 'Of 0.1 to 0.2.\n\n% 0.1 to 0.2 <- 0.1'),
])  # fmt: skip
def test_faults_are_named(fault, text):
    outputs = [new_output("stream", text="rows: 17\n"), new_output("display_data", data={"text/html": HTML})]
    page = new_notebook(cells=[new_code_cell("noise = 0.5", outputs=outputs), new_markdown_cell(text)])
    found = prose.faults("page", page)
    assert fault in found[0] if fault else found == []


def with_digit(page, number, place, digit):
    """The page with another digit at a place."""
    changed = copy.copy(page)
    changed.cells = [*page.cells]
    changed.cells[number] = copy.copy(page.cells[number])
    source = page.cells[number].source
    changed.cells[number].source = source[:place] + digit + source[place + 1 :]
    return changed


def mutants(count, seed):
    """Random changes of one digit that needs a tie, on all pages: page, cell, the changed page, words around it."""
    rng, places = random.Random(seed), []
    for name in HELD:
        for number, cell in enumerate(pages()[name].cells):
            if cell.cell_type == "markdown":
                ties = {place for match in prose.TIES.finditer(cell.source) for place in range(*match.span())}
                digits = (match.start() for match in re.finditer(r"\d", cell.source))
                places += [(name, number, place) for place in digits if place not in ties]
    for name, number, place in rng.sample(places, len(places)):
        page = pages()[name]
        old = page.cells[number].source
        changed = with_digit(page, number, place, rng.choice([d for d in "0123456789" if d != old[place]]))
        texts = ([text for cell, text, _ in prose.passages(one) if cell == number] for one in (page, changed))
        for was, now in zip(*texts):
            where = next((i for i, (a, b) in enumerate(zip(was, now)) if a != b), None)
            if where is not None and any(start <= where < end for start, end in prose.needy(was)):
                count -= 1
                yield name, number, changed, old[max(0, place - 25) : place + 15]
        if not count:
            return


def test_a_changed_digit_is_found():
    found = {words: prose.faults(name, page, only=cell) for name, cell, page, words in mutants(80, seed=0)}
    assert len(found) > 60 and [words for words, faults in found.items() if not faults] == []
