"""Fit the variational LMC to a table on disk: streamed, checkpointed, on one process or several.

    python examples/streaming/train.py TABLE RUN.pt
    torchrun --standalone --nproc_per_node=2 --max-restarts=3 examples/streaming/train.py TABLE RUN.pt

Hyper-parameters come from a sample of cells (warm.py), epochs over the whole table go on from there. The same command
goes on where a killed run had its last checkpoint: the order of batches is a function of seed and epoch, so model,
optimisers and step are all that there is to keep, and one process ends on the bits of a run that was never killed.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time

import table as tables
import torch
import torch.distributed as dist
from scoring import held_out
from stream import DEVICE, RANK, WORLD, Run


def stopped(*_: object) -> None:
    """End at once, in one sentence: torchrun sends SIGTERM to the others when one process is dead."""
    print("worker: a process was stopped; the same command goes on from the last checkpoint", file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)


def join() -> None:
    """Meet the other processes. torchrun keeps one store for all restarts, and in it the addresses of dead processes.

    Left to itself, torch 2.13 reads these: a restart then fails to connect, or waits for ever. So each attempt has a
    part of the store for itself.
    """
    place, hosted = os.environ["MASTER_ADDR"], os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    store = dist.TCPStore(place, int(os.environ["MASTER_PORT"]), WORLD, is_master=RANK == 0 and not hosted)
    own = dist.PrefixStore(f"attempt {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    dist.init_process_group("nccl" if DEVICE != "cpu" else "gloo", store=own, rank=RANK, world_size=WORLD)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("checkpoint")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4096, help="cells of a step, over all processes")
    parser.add_argument("--points", type=int, default=12, help="inducing points along each axis")
    parser.add_argument("--sample", type=int, default=10_000, help="cells to find a start on, 0 for none")
    parser.add_argument("--iterations", type=int, default=25, help="of L-BFGS on the sample")
    parser.add_argument("--rate", type=float, default=0.001, help="of Adam; falls to 0 along the run")
    parser.add_argument("--natural-rate", type=float, default=0.1, help="of q; falls to 0 along the run")
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def check(given: argparse.Namespace) -> None:
    """ValueError in one sentence for an option that no run can have."""
    names = ("epochs", "batch", "points", "sample", "iterations", "rate", "natural_rate", "every")
    for name, low in {**dict.fromkeys(names, 1), "points": 2, "sample": 0, "rate": 0, "natural_rate": 0}.items():
        if not low <= (value := getattr(given, name)) < float("inf"):
            raise ValueError(f"{name.replace('_', '-')}: {value} is below {low} or no number; pass another")
    if given.batch % WORLD:
        raise ValueError(f"batch: {given.batch} cells cannot be shared by {WORLD} processes; pass a multiple of it")


def report(run: Run, first: int, took: list[float], cpu: list[float]) -> None:
    """What start and steps took, seconds of wall time and CPU seconds of this process, and what the run reached."""
    done = (run.steps - first) * run.given.batch / 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    nlpd, coverage = held_out(run.model, run.table, DEVICE)
    print(f"steps {first} to {run.steps} on {WORLD} process(es), peak {peak:.2f} GiB")
    print(f"start {took[0]:.1f} s, CPU {cpu[0]:.1f} s; {done:.0f} thousand cells {took[1]:.1f} s, CPU {cpu[1]:.1f} s")
    print(f"held-out NLPD {nlpd:.6f}, coverage {coverage:.4f}, best possible {tables.best_nlpd(run.table):.6f}")


def main() -> None:
    given, begun = options(), time.perf_counter()
    torch.set_num_threads(1)
    if WORLD > 1:
        signal.signal(signal.SIGTERM, stopped)
        join()
    check(given)
    run = Run(given, tables.read(given.table))
    run.resume()
    first, wall, cpu = run.step, time.perf_counter(), time.process_time()
    run.train()
    if RANK == 0:
        ended, busy = time.perf_counter(), time.process_time()
        report(run, first, [wall - begun, ended - wall], [cpu, busy - cpu])
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
        stopped()
