"""The numerical kernel of the figures to play with, in Chromium: it says what the module says, and keeps its laws."""

import json
import re
from pathlib import Path

import pytest
import situations  # tools/situations.py
from playwright.sync_api import Error
from scripts import CLOSE, KERNEL

ASKING = Path(__file__).with_name("asking.js").read_text(encoding="utf8")
STORED = json.loads(situations.STORED.read_text(encoding="utf8"))
BUGS = [  # what it is, the right code, the wrong code
    ("the first B for every kernel", "scales = B[a.task[i]]", "scales = terms[0].B[a.task[i]]"),
    ("noise at equal task instead of equal row", "if (row === other)", "if (a.task[i] === b.task[j])"),
    ("noise at equal x instead of equal row", "if (row === other)", "if (a.x[i] === b.x[j])"),
    ("no noise in the prior variance", "noise ? Sigma[t][t] : 0", "0"),
    ("a whole log determinant", "complexity -= Math.log(", "complexity -= 2 * Math.log("),
    ("a hair less explained", "prior - dot(z, z)", "prior - 0.9999999 * dot(z, z)"),
    ("the square root of 3 in short", "Math.sqrt(3)", "1.7320508"),
    ("the square root of 5 in short", "Math.sqrt(5)", "2.2360679"),
    ("twice the length-scale of an RBF", "(l * l)", "(2 * l * l)"),
    ("kappa dropped", "s === t ? kappa[s] : 0", "0"),
    ("all kernels for a part", "(terms, wanted, cells)", "(factor.terms, wanted, cells)"),
    ("the noise of a row forgotten", "if (noise) noiseCovariance(Sigma, wanted, cells, cross);", ""),
    ("one solve of two", "backward(factor.L, z.slice())", "z.slice()"),
    ("jitter", "C[i * n + i] = Math.sqrt(c)", "C[i * n + i] = Math.sqrt(c + 1e-6)"),
    ("values of the wrong sign", "=> dot(cross.subarray", "=> -dot(cross.subarray"),
    ("a joint covariance without noise", "noiseCovariance(Sigma, wanted, wanted, covariance)", "0"),
    ("a draw of the wrong spread", "m + dot(L.subarray", "m + 1.001 * dot(L.subarray"),
    ("singular matrices let through", "c > n * Number.EPSILON * variance", "true"),
]  # fmt: skip


@pytest.fixture(scope="module")
def faults(blank):
    """What a kernel gets wrong: situations where it is too far away, how far, and laws that are broken."""
    blank.evaluate("situations => (window.situations = situations)", STORED)

    def found(kernel):
        for code in (kernel, ASKING):
            blank.evaluate(code)
        worst = blank.evaluate("asking.worst(situations)")
        return {**{key: far for key, far in worst.items() if not far < CLOSE}, **blank.evaluate("asking.laws()")}

    return found


def test_stored_situations_are_what_the_module_says():
    """A few are made again; as many as are promised are there, and all corners of the figures."""
    assert len(STORED) == situations.HOW_MANY + len(situations.CORNERS) >= 200
    for seed in (0, 1, 61, 218, 225, 235, 244):
        again = json.loads(json.dumps(situations.situation(seed)))
        assert again.keys() == STORED[seed].keys()
        assert again["cells"] == STORED[seed]["cells"] and again["terms"] == STORED[seed]["terms"]
        for key, value in STORED[seed]["answer"].items():
            pairs = value.items() if isinstance(value, dict) else [("", value)]
            for name, numbers in pairs:
                made = again["answer"][key][name] if name else again["answer"][key]
                assert made == pytest.approx(numbers, abs=1e-9), (seed, key, name)


def test_least_noise_is_that_of_the_figures():
    """No figure's bound of a noise (its name begins so) goes below; `transfer` goes to none, which is a corner."""
    folder = situations.ROOT / "book" / "_static" / "explore"
    for script in folder.glob("*.js"):
        for low in re.findall(r"\bnoise\w*: \[([\d.e-]+),", script.read_text(encoding="utf8")):
            assert float(low) >= situations.LEAST_NOISE, script.name


def test_the_kernel_says_what_the_module_says(faults):
    assert faults(KERNEL) == {}


def test_planted_bugs_are_caught(faults):
    for what, right, wrong in BUGS:
        assert KERNEL.count(right) == 1
        try:
            assert faults(KERNEL.replace(right, wrong)), what
        except Error:  # a bug that stops the script is noticed, too
            pass
