"""A run over a table on disk: the model, its optimisers and the step, on one process or several."""

from __future__ import annotations

import argparse
import os

import checkpoint
import numpy as np
import table as tables
import torch
from bound import Bound, optimisers
from scoring import cells
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm
from warm import maximise

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))  # torchrun sets them
DEVICE = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def starts(seen: int, batch: int, seed: int, epoch: int) -> np.ndarray:
    """First cell of each batch of an epoch, in its order, which depends on seed and epoch alone.

    Batches are slices of the file. What is left of `seen` after whole batches is elsewhere in each epoch.
    Raises ValueError for a batch that is longer than the table.
    """
    if not 1 <= batch <= seen:
        raise ValueError(f"batch: {batch} is not from 1 to {seen}, the cells that are seen; pass another number")
    rng = np.random.default_rng([seed, epoch])
    return rng.integers(seen % batch + 1) + batch * rng.permutation(seen // batch)


class Run:
    """Model, optimisers and step: what a checkpoint holds."""

    def __init__(self, given: argparse.Namespace, table: tables.Table):
        if given.points**2 > table.seen:
            raise ValueError(f"points: {given.points} x {given.points} are more than {table.seen} cells; pass fewer")
        axis = torch.linspace(0, 1, given.points, dtype=torch.float64)
        self.given, self.table, self.step = given, table, 0
        self.model = Bound(torch.cartesian_prod(axis, axis), 4, 2, table.seen, given.seed).to(DEVICE)
        self.optimisers = optimisers(self.model, given.rate, given.natural_rate)
        names = ("batch", "epochs", "points", "sample", "iterations", "rate", "natural_rate", "seed")
        self.marks = {"table": tables.fingerprint(table), **{name: getattr(given, name) for name in names}}
        self.batches = len(starts(table.seen, given.batch, given.seed, 0))
        self.steps = given.epochs * self.batches

    def resume(self) -> None:
        """Go on from the checkpoint; without one, start from the sample and write the first."""
        if state := checkpoint.load(self.given.checkpoint, self.marks):
            self.model.load_state_dict(state["model"])
            for optimiser, theirs in zip(self.optimisers, state["optimisers"]):
                optimiser.load_state_dict(theirs)
            self.step = state["step"]
        elif RANK == 0:  # the others receive the model when it is wrapped
            if self.given.sample:
                maximise(
                    self.model,
                    cells(self.table, 0, min(self.given.sample, self.table.seen), DEVICE),
                    self.given.iterations,
                )
            self.keep()

    def keep(self) -> None:
        states = [optimiser.state_dict() for optimiser in self.optimisers]
        parts = {"model": self.model.state_dict(), "optimisers": states, "step": self.step}
        checkpoint.save(self.given.checkpoint, {**parts, "marks": self.marks})

    def train(self) -> None:
        loss_of = DistributedDataParallel(self.model) if WORLD > 1 else self.model  # averages gradients of forward
        share, epoch = self.given.batch // WORLD, -1
        with tqdm(total=self.steps, initial=self.step, unit="step", disable=None if RANK == 0 else True) as bar:
            while self.step < self.steps:
                if epoch != self.step // self.batches:
                    epoch = self.step // self.batches
                    order = starts(self.table.seen, self.given.batch, self.given.seed, epoch)
                begin = int(order[self.step % self.batches]) + RANK * share
                self.descend(loss_of(*cells(self.table, begin, begin + share, DEVICE)))
                bar.update()
                if RANK == 0 and (self.step % self.given.every == 0 or self.step == self.steps):
                    self.keep()

    def descend(self, loss: Tensor) -> None:
        """One step of each optimiser, at rates that fall to 0 in a straight line."""
        left, rates = 1 - self.step / self.steps, (self.given.rate, self.given.natural_rate * self.table.seen)
        for optimiser, rate in zip(self.optimisers, rates):
            optimiser.param_groups[0]["lr"] = rate * left
            optimiser.zero_grad()
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
