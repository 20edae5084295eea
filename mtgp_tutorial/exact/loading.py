"""How unknowns hang on the state of a chain, and where they stand in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from mtgp_tutorial.device import as_array
from mtgp_tutorial.exact.chain import Chain
from mtgp_tutorial.exact.form import Matern, Term


class Load(NamedTuple):
    """Unknowns are L [S, T] times the part of f that runs through some kernels, all alike; that part has B [T, T]."""

    kernel: Callable[..., Tensor]
    which: list[int]
    B: np.ndarray
    L: np.ndarray


def alike(one: Matern | None, other: Matern | None) -> bool:
    """Whether two kernels are the same."""
    return one is not None and other is not None and one.nu == other.nu and float(one.length) == float(other.length)


def loads_of(table: Sequence[Term], terms: Sequence[Term]) -> list[Load]:
    """How unknowns whose covariance with the cells has these terms hang on the kernels of the table: B_u = L B.

    Raises ValueError where they do not: their covariance with the cells is then not that of anything in the state.
    """
    found: dict[tuple[int, ...], Load] = {}
    for term in terms:
        which = [q for q, own in enumerate(table) if alike(own.matern, term.matern)]
        wanted, B = as_array(term.B), np.sum([as_array(table[q].B) for q in which], 0)
        same = wanted.shape == B.shape and np.array_equal(wanted, B)
        L = np.eye(len(wanted)) if same else wanted @ np.linalg.pinv(B, hermitian=True) if which else wanted
        if not which or np.abs(L @ B - wanted).max() > 1e-8 * np.abs(wanted).max():
            raise ValueError("terms: are of another kernel or another B than the table's; pass those of its model")
        before = found.get(tuple(which))
        found[tuple(which)] = Load(term.kernel, which, B, L if before is None else before.L + L)
    return list(found.values())


def loaded(loads: Sequence[Load], chain: Chain) -> np.ndarray:
    """L [S, s] on the state: each kernel's first entries are its part of f."""
    T = len(chain.Sigma)
    L = np.zeros((len(loads[0].L), chain.size))
    for load in loads:
        for q in load.which:
            start = T * chain.places[q].start
            L[:, start : start + T] += load.L
    return L


def merged(chain: Chain, x: np.ndarray, places: np.ndarray) -> tuple[Chain, np.ndarray]:
    """The chain with a row without values for each new input, and the places [M] of all x [M] in it.

    places: of inputs that are a row of the chain, -1 for new ones. Raises ValueError where such a row has another x.
    """
    old, own = chain, places >= 0
    if (old.x[places[own]] != x[own]).any():
        raise ValueError("rows: name rows of the table that stand at another x; pass the x of each row")
    if own.all():
        return old, places
    new, which = np.unique(x[~own], return_inverse=True)
    together, empty = np.concatenate([old.x, new]), np.zeros((len(new), old.y.shape[1]))
    order = np.argsort(together, kind="stable")
    at = np.argsort(order)
    y = np.concatenate([np.where(old.seen > 0, old.y, np.nan), empty + np.nan])
    variances = np.concatenate([old.variances, empty])
    places = np.where(own, at[places], 0)
    places[~own] = at[len(old.x) + which]
    return Chain(together[order], y[order], variances[order], old.parts, old.Sigma, old.device), places
