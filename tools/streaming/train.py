"""Fit the variational LMC to a table on disk: streamed, checkpointed, on one process or several.

    python tools/streaming/train.py TABLE RUN.pt
    torchrun --standalone --nproc_per_node=2 tools/streaming/train.py TABLE RUN.pt
    torchrun --standalone --nproc_per_node=2 --max-restarts=3 tools/streaming/train.py TABLE RUN.pt

Hyper-parameters come from a sample of cells (warm.py), epochs over the whole table go on from there. The same command
goes on where a killed run had its last checkpoint: the order of batches is a function of seed and epoch, so model,
optimisers and step are all that there is to keep, and one process ends on the bits of a run that was never killed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time

import checkpoint
import table as tables
import torch
import torch.distributed as dist
from bound import Bound, optimisers
from scoring import cells, held_out
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm
from warm import climb

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))  # torchrun sets them
DEVICE = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("checkpoint")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=4096, help="cells of a step, over all processes")
    parser.add_argument("--points", type=int, default=12, help="inducing points along each axis")
    parser.add_argument(
        "--sample", type=int, default=10_000, help="cells that the start is fitted to; 0: no such start"
    )
    parser.add_argument("--iterations", type=int, default=25, help="of L-BFGS on the sample")
    parser.add_argument("--rate", type=float, default=0.005, help="of Adam; falls to 0 along the run")
    parser.add_argument("--natural-rate", type=float, default=0.1, help="of q; falls to 0 along the run")
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


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
        self.batches = table.seen // given.batch
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
                climb(
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
                    order = tables.starts(self.table.seen, self.given.batch, self.given.seed, epoch)
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


def main() -> None:
    given, clock = options(), time.perf_counter()
    torch.set_num_threads(1)
    if WORLD > 1:
        dist.init_process_group("nccl" if DEVICE != "cpu" else "gloo")
    if given.batch % WORLD:
        raise ValueError(f"batch: {given.batch} cells cannot be shared by {WORLD} processes; pass a multiple of it")
    run = Run(given, tables.read(given.table))
    run.resume()
    first, warm = run.step, time.perf_counter() - clock
    run.train()
    if RANK == 0:
        took, cpu = time.perf_counter() - clock, time.process_time()
        speed = (run.steps - first) * given.batch / max(took - warm, 1e-9) / 1e3
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"steps {first} to {run.steps} on {WORLD}: start {warm:.1f} s, whole {took:.1f} s, {cpu:.1f} s of CPU, ")
        print(f"{speed:.1f} thousand cells/s, peak {peak:.2f} GiB")
        print("held-out NLPD {:.6f}, coverage {:.4f}".format(*held_out(run.model, run.table, DEVICE)), end=", ")
        print(f"best possible {tables.best_nlpd(run.table):.6f}")
    if WORLD > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    except RuntimeError as error:
        if WORLD == 1 or "onnection" not in str(error):
            raise
        sys.exit("worker: another process is gone; start the same command again, it goes on from the last checkpoint")
