"""Situations computed by the module, for the kernel of the figures to play with, book/_static/explore/gaussian.js.

    python tools/situations.py       # writes tests/book/explore/situations.json again

Each is a small table with holes under the one equation, with one to three kernels, and what the module says of it.
Inputs are repeated in every fifth. The last ones are corners of the figures: the smoothest kernels, the least noise and
the strongest correlations that a slider can reach. Those of `lag` have a lag, as inputs of task 2 that are relabelled.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mtgp_tutorial import gaussian, kernels
from mtgp_tutorial.covariance import (
    coregionalization,
    noise_covariance,
    observation_covariance,
    signal_covariance,
)

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "book" / "_static" / "explore"
NUMBERS = re.compile(r"(?<=  const NUMBERS = )[\[{].*?(?=;  // all of NUMBERS is written by tools/)", re.DOTALL)
STORED = ROOT / "tests" / "book" / "explore" / "situations.json"
HOW_MANY, LEAST_NOISE = 220, 0.02  # and the corners
KERNELS = {"rbf": kernels.rbf, "matern12": kernels.matern12, "matern32": kernels.matern32, "matern52": kernels.matern52}


def numbers(values: list[Any]) -> torch.Tensor:
    """In float64 from the start: `torch.tensor(values).double()` has been through float32."""
    return torch.tensor(values, dtype=torch.float64)


def question(seed: int) -> dict[str, Any]:
    """A table, a model and three wanted cells, in numbers that JSON keeps exactly."""
    rng = np.random.default_rng(seed)
    rows, tasks, parts = int(rng.integers(2, 8)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    if seed % 10 == 1:  # as large as the figures' tables
        rows, tasks = 20, 2
    x = np.sort(rng.uniform(0, 10, rows)).round(2)
    if seed % 5 == 0:
        x[1] = x[0]  # two rows at one input share no noise
    cells = [(i, t) for t in range(tasks) for i in range(rows) if rng.random() < 0.8] or [(0, 0)]
    noise = rng.uniform(LEAST_NOISE, 1, tasks) if seed % 3 else np.full(tasks, LEAST_NOISE)
    mixing = np.eye(tasks) + np.tril(rng.normal(size=(tasks, tasks)) * 0.5, -1)
    mixing /= np.linalg.norm(mixing, axis=1)[:, None]
    terms = [
        {
            "kernel": str(rng.choice(list(KERNELS))),
            "l": round(float(rng.uniform(0.3, 4)), 2),
            "W": rng.normal(size=(tasks, int(rng.integers(1, 3)))).round(2).tolist(),
            "kappa": rng.uniform(0, 0.5, tasks).round(2).tolist(),
        }
        for _ in range(parts)
    ]
    return {
        "x": x.tolist(),
        "cells": cells,
        "y": rng.normal(size=len(cells)).round(2).tolist(),
        "terms": terms,
        "Sigma": (noise[:, None] * mixing @ mixing.T * noise).tolist(),
        "new": rng.uniform(-1, 11, 3).round(2).tolist(),
        "tasks": rng.integers(0, tasks, 3).tolist(),
    }


def corner(figure: str, rho: float, l: float, noise: float) -> dict[str, Any]:  # noqa: E741
    """A corner of a figure, with its kernel and as many rows and tasks as it has."""
    rows, tasks, kernel = {
        "icm": (14, 2, "rbf"),
        "transfer": (8, 2, "matern32"),
        "posterior": (20, 1, "rbf"),
        "lag": (82, 2, "rbf"),  # 41 rows, and these as the delayed kernel has them for task 2
    }[figure]
    W, kappa = [[1.0], [rho]][:tasks], [0.0, 1 - rho**2][:tasks]
    x = np.arange(rows) * 1.0 if figure == "transfer" else np.linspace(-5.7, 5.8, rows).round(2)
    cells = [(i, t) for t in range(tasks) for i in range(rows) if not (t == 1 and rows == 14 and 5 < i < 10)]
    if figure == "lag":
        x = np.concatenate([np.arange(41) / 4, np.arange(41) / 4 - 1.37])
        cells = [(i, int(i > 40)) for i in range(rows) if not 56 < i < 66]  # the gap: task 2 from x = 4 to 6
    return {
        "x": x.tolist(),
        "cells": cells,
        "y": np.sin(np.arange(len(cells))).round(2).tolist(),
        "terms": [{"kernel": kernel, "l": l, "W": W, "kappa": kappa}],
        "Sigma": (noise**2 * np.eye(tasks)).tolist(),
        "new": [-0.3, 2.2, 5.1],
        "tasks": [0, tasks - 1, tasks - 1],
    }


CORNERS = [
    *(("icm", rho, length, 0.02) for rho in (-1.0, 1.0, 0.9) for length in (0.3, 1.0, 4.0)),
    *(("transfer", rho, length, 0.0) for rho in (-0.98, 0.98, 0.9) for length in (0.3, 2.0, 4.0)),
    *(("posterior", 0.0, length, 0.05) for length in (0.3, 3.0, 20.0)),
    *(("lag", rho, length, 0.05) for rho in (-1.0, 1.0) for length in (0.5, 2.0)),
]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What the module says: log likelihood, f and y of new rows, one part of f, and y at all cells of the table."""
    number = functools.partial(torch.tensor, dtype=torch.float64)
    x = number(asked["x"] + asked["new"])
    Sigma, y = number(asked["Sigma"]), number(asked["y"])
    terms = []
    for term in asked["terms"]:
        K, _ = KERNELS[term["kernel"]](((x[:, None] - x) / term["l"]) ** 2)
        W, kappa = number(term["W"]), number(term["kappa"])
        terms.append((K, coregionalization(W, kappa)))
    rows, tasks = (torch.tensor(part) for part in zip(*asked["cells"]))
    seen, T = (rows, tasks), len(Sigma)
    new = torch.arange(3) + len(asked["x"]), torch.tensor(asked["tasks"])
    table = torch.arange(len(asked["x"])).repeat(T), torch.arange(T).repeat_interleave(len(asked["x"]))
    C = observation_covariance(terms, Sigma, seen)

    def posterior(cells, part=terms, noise=False, joint=True):
        cross, prior = signal_covariance(part, cells, seen), signal_covariance(part, cells, cells)
        if noise:
            cross, prior = cross + noise_covariance(Sigma, cells, seen), prior + noise_covariance(Sigma, cells, cells)
        mean, covariance = gaussian.posterior(y, C, cross, prior)
        return {
            "mean": mean.tolist(),
            "covariance": (covariance if joint else covariance.diagonal()).flatten().tolist(),
        }

    return {
        "largest": C.diagonal().max().item(),
        "logLikelihood": gaussian.log_likelihood(y, C).item(),
        "f": posterior(new),
        "y": posterior(new, noise=True),
        "part": posterior(new, terms[:1]),
        "table": posterior(table, noise=True, joint=False),
    }


def rounded(value: Any) -> Any:
    """Numbers to twelve digits, a thousand times finer than what is asked of the kernel."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value


def kept(figure: str) -> Any:
    """The numbers that stand in a figure's script."""
    return json.loads(NUMBERS.findall((FIGURES / f"{figure}.js").read_text(encoding="utf8"))[0])


def keep(figure: str, numbers: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write the numbers of a figure, a line for each key, into its script."""
    path, several = FIGURES / f"{figure}.js", isinstance(numbers, list)
    every = [
        ",\n".join(f'    "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in one.items())
        for one in (numbers if isinstance(numbers, list) else [numbers])
    ]
    text = "{\n" + "\n  }, {\n".join(every) + "\n  }"
    script = NUMBERS.sub(lambda _: f"[{text}]" if several else text, path.read_text(encoding="utf8"))
    path.write_text(script, encoding="utf8")


def situation(seed: int) -> dict[str, Any]:
    """A question, exactly as it is stored, and its answer."""
    asked = rounded(question(seed) if seed < HOW_MANY else corner(*CORNERS[seed - HOW_MANY]))
    return asked | {"answer": rounded(answer(asked))}


if __name__ == "__main__":
    lines = [json.dumps(situation(seed), separators=(",", ":")) for seed in range(HOW_MANY + len(CORNERS))]
    STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf8")
