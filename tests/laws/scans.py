"""The recursions over rows as scans: what they say is what the rows say one by one."""

import math
from contextlib import contextmanager

import torch

from laws.common import tensor
from laws.long import problems, same_answers, same_inverse, same_likelihood, term
from mtgp_tutorial.fast import filters, state_space
from mtgp_tutorial.fast.solver import Problem


@contextmanager
def scans(shortest):
    """Inside it every table is scanned, whatever its rows and its state, in stretches of about so many numbers."""
    usual = filters.COMPILED, filters.WIDE, filters.available, state_space.SHORTEST
    filters.COMPILED, filters.WIDE, filters.available, state_space.SHORTEST = 1, 10**9, lambda: False, shortest
    try:
        yield
    finally:
        filters.COMPILED, filters.WIDE, filters.available, state_space.SHORTEST = usual


def law_a_scan_has_the_likelihood_of_the_dense_solver():
    """In one stretch, and in several."""
    for shortest in (2**15, 60):
        with scans(shortest):
            for problem in problems():
                same_likelihood(problem)


def law_a_scan_has_the_answers_of_the_dense_solver():
    with scans(90):
        for problem in list(problems())[1:12:4]:
            same_answers(problem)
            same_inverse(problem)


def law_a_scan_leaves_to_the_rows_what_it_cannot_say():
    """Two tasks without noise at one x, each in a row of its own. The second's covariance is that of both together; the
    row alone, given the state before it, has none."""
    x, length = tensor([[0.0], [0.0], [1.0]]), torch.tensor(0.7).double()
    y, B = tensor([[0.3, math.nan], [math.nan, -0.2], [0.1, 0.2]]), tensor([[1.0, 0.5], [0.5, 1.0]])
    with scans(2**15):
        same_likelihood(Problem(x, y, [term(1.5, length, B)], torch.zeros(2, 2).double()))
