"""Right and wrong ways to write the bound under DistributedDataParallel, on two processes: CSV on standard output.

    torchrun --standalone --nproc_per_node=2 examples/streaming/wrong_ways.py

gradient: its relative error against one process with all cells of both; drift: the relative difference of the
hyper-parameters between the processes after 50 steps. None of the wrong ways raises an error.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.distributed as dist
from bound import Bound, optimisers
from torch import Tensor
from variational import VariationalLMC
from ways import SHARE, Cells, Loss, N, wrapped
from ways import ways as all_ways

T = 3


def batch(seed: int) -> Cells:
    """The cells of a step of both processes: two sines and the negative of one, with noise."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(2 * SHARE, 1, generator=generator, dtype=torch.float64)
    task = torch.randint(T, (2 * SHARE,), generator=generator)
    f = torch.sin(9 * x[:, 0]) * torch.tensor([1.0, 0.6, -1.0], dtype=torch.float64)[task]
    return x, task, f + 0.3 * torch.randn(2 * SHARE, generator=generator, dtype=torch.float64)


def fresh(num_cells: int = N) -> Bound:
    """The same model on all processes, a few steps away from its prior."""
    model = Bound(torch.linspace(0, 1, 10, dtype=torch.float64)[:, None], T, 2, num_cells)
    steps = optimisers(model, 0.02, 0.1 * N / num_cells)
    for seed in range(5):
        descend(model, steps, lambda cells: model(*cells), batch(1000 + seed))
    return model


def descend(model: torch.nn.Module, steps: list[torch.optim.Optimizer], loss: Loss, cells: Cells) -> None:
    model.zero_grad()
    loss(cells).backward()
    for step in steps:
        step.step()


def apart(mine: Tensor, right: Tensor) -> float:
    """Relative, and the largest of all processes."""
    largest = ((mine - right).norm() / right.norm()).detach().clone()
    dist.all_reduce(largest, dist.ReduceOp.MAX)
    return float(largest)


def of_first(mine: Tensor) -> Tensor:
    """The same tensor as the first process has it."""
    copy = mine.detach().clone()
    dist.broadcast(copy, 0)
    return copy


def gradient(model: torch.nn.Module) -> Tensor:
    """All of it in one vector, in the order of the names."""
    return torch.cat([p.grad.flatten() for _, p in sorted(model.named_parameters()) if p.grad is not None])


def measure(make: Callable[[Bound], Loss], num_cells: int, mine: slice) -> tuple[float, float]:
    """Error of the gradient, and drift of the hyper-parameters after 50 steps."""
    one, model = fresh(), fresh()
    one.zero_grad()
    one(*batch(0)).backward()
    model.num_cells = num_cells
    loss, steps = make(model), optimisers(model, 0.02, 0.1)
    model.zero_grad()
    loss(tuple(column[mine] for column in batch(0))).backward()
    error = apart(gradient(model), gradient(one))
    for seed in range(50):
        descend(model, steps, loss, tuple(column[mine] for column in batch(seed)))
    found = torch.cat([model.W.flatten(), model.log_lengths.flatten(), model.means, model.log_noise])
    return error, apart(found, of_first(found))


def late_q(called_before: bool) -> float:
    """Drift of q's means in GPyTorch, which draws them at the first call: before or after wrapping."""
    torch.manual_seed(dist.get_rank())
    gp = VariationalLMC(torch.linspace(0, 1, 10, dtype=torch.float64)[:, None], T, 2, N, natural=False, q_spread=1e-3)
    if called_before:
        gp(*batch(0))
    wrapped(gp)(batch(0))
    (q,) = (parameter for name, parameter in gp.named_parameters() if name.endswith("variational_mean"))
    return apart(q, of_first(q))


def main() -> None:
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    rows = ["way,gradient,drift"]
    for name, parts in all_ways(dist.get_rank()).items():
        rows.append('"{}",{:.1e},{:.1e}'.format(name, *measure(*parts)))
    for called, name in ((True, "before wrapping"), (False, "after wrapping")):
        rows.append(f'"GPyTorch, first call {name}",,{late_q(called):.1e}')
    if dist.get_rank() == 0:
        print("\n".join(rows), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
