"""The programs of examples/streaming at small sizes: killed, resumed, on two processes, refused; and their bounds."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "streaming"
sys.path.insert(0, str(PROGRAMS))

import bound  # noqa: E402
import checkpoint  # noqa: E402
import correlated  # noqa: E402
import scoring  # noqa: E402
import table  # noqa: E402
import train  # noqa: E402
import variational  # noqa: E402
import warm  # noqa: E402
from pretended import PretendedDevice, label  # noqa: E402

F64 = torch.float64
SMALL = "--epochs 4 --batch 256 --points 5 --sample 400 --iterations 3 --every 4".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("streaming") / "table"
    table.write(path, 6000, piece=2500)
    return path


@pytest.fixture(scope="module")
def finished(folder):
    """The state of a run that was never killed, and what it printed."""
    path = folder.parent / "whole.pt"
    done = subprocess.run(command(folder, path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bar where nobody sees it
    return torch.load(path), done.stdout


def command(folder, path, *launcher):
    return [*(launcher or [sys.executable]), PROGRAMS / "train.py", folder, path, *SMALL]


def two(*more):
    return sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", *more  # torchrun


def nlpd(printed):
    return float(re.search(r"NLPD ([\d.]+)", printed)[1])


def step_of(path):
    return torch.load(path)["step"] if path.exists() else -1


def wait_for(path, step, process):
    """Until the checkpoint has come so far."""
    end = time.monotonic() + 120
    while step_of(path) < step:
        assert process.poll() is None and time.monotonic() < end, "ended before it could be killed"
        time.sleep(0.01)


def some_cells(n, tasks=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=generator, dtype=F64)
    y = torch.sin(9 * x[:, 0]) + 0.3 * torch.randn(n, generator=generator, dtype=F64)
    return x, torch.randint(tasks, (n,), generator=generator), y


def test_the_table_is_drawn_from_its_kernel():
    x = np.random.default_rng(0).uniform(size=50)
    for length in table.LENGTHS:
        phi = table.axis_features(x, length)
        assert np.abs(phi.T @ phi - np.exp(-0.5 * ((x[:, None] - x) / length) ** 2)).max() < 1e-10


def test_the_table_comes_back(folder):
    found = table.read(folder)
    assert (len(found.y), found.seen, found.x.shape) == (6000, 5880, (6000, 2))
    z = (found.y - found.f) / table.NOISE_SD[found.task]
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05
    assert table.best_nlpd(found) == pytest.approx(
        np.log(table.NOISE_SD).mean() + 0.5 * np.log(2 * np.pi * np.e), abs=0.2
    )
    assert not Path(f"{folder}.part").exists()


def test_bad_tables_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="folder: .* is there already"):
        table.write(folder, 10)
    with pytest.raises(ValueError, match="there is no .*x.npy"):
        table.read(tmp_path / "none")
    table.write(tmp_path / "bad", 2000)
    whole = (tmp_path / "bad" / "y.npy").read_bytes()
    for kept in (0, 50, len(whole) - 1):
        (tmp_path / "bad" / "y.npy").write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=f"y.npy is cut short, at {kept:,} bytes; write the table again"):
            table.read(tmp_path / "bad")
    np.save(tmp_path / "bad" / "y.npy", np.zeros(1999))
    with pytest.raises(ValueError, match="'y': 1999.* cells; write the table again"):
        table.read(tmp_path / "bad")
    y = np.zeros(2000)
    y[1500] = np.nan
    np.save(tmp_path / "bad" / "y.npy", y)
    with pytest.raises(ValueError, match="cells 1000 to 2000 hold a value that is not finite"):
        scoring.cells(table.read(tmp_path / "bad"), 1000, 2000)
    np.save(tmp_path / "bad" / "split.npy", np.arange(2000) % 2)
    with pytest.raises(ValueError, match="split .* order the table by it"):
        table.read(tmp_path / "bad")


def test_gpytorch_and_plain_torch_have_one_bound_and_one_natural_gradient():
    cells = some_cells(200)
    theirs = variational.VariationalLMC(torch.linspace(0, 1, 10, dtype=F64)[:, None], 3, 2, 1000)
    variational.train(theirs, cells, 5)
    ours = bound.Bound(torch.linspace(0, 1, 10, dtype=F64)[:, None], 3, 2, 1000)
    strategy = theirs.gp.variational_strategy
    q = strategy._variational_distribution
    pairs = {"vec": q.natural_vec, "mat": q.natural_mat, "Z": strategy.inducing_points, "W": theirs.W}
    pairs |= {"means": theirs.means, "log_noise": theirs.log_noise}
    with torch.no_grad():
        ours.log_lengths.copy_(theirs.gp.kernel.lengthscale[:, 0].log())
        for name, value in pairs.items():
            getattr(ours, name).copy_(value)
    theirs.zero_grad()
    values = ours(*cells), theirs(*cells)
    assert values[0].item() == pytest.approx(values[1].item(), abs=1e-5)
    for value in values:
        value.backward()
    for name, parameter in pairs.items():
        torch.testing.assert_close(getattr(ours, name).grad, parameter.grad, rtol=1e-3, atol=1e-6)


def test_one_natural_step_of_rate_1_is_the_optimum():
    cells = some_cells(150)
    model = bound.Bound(torch.linspace(0, 1, 8, dtype=F64)[:, None], 3, 1, 150)
    _, natural = bound.optimisers(model, 0.0, 1.0)
    model(*cells).backward()
    natural.step()
    best = warm.collapsed(model, cells).item()
    assert -150 * model(*cells).item() == pytest.approx(best, abs=1e-8)
    stepped = model.vec.detach().clone(), model.mat.detach().clone()
    warm.set_q(model, cells)
    torch.testing.assert_close((model.vec.detach(), model.mat.detach()), stepped, rtol=1e-9, atol=1e-9)


def test_with_a_point_at_each_input_the_closed_form_is_the_evidence(monkeypatch):
    monkeypatch.setitem(bound.JITTER, F64, 1e-9)
    x, task, y = some_cells(20)
    model = bound.Bound(x, 3, 2, 20)
    with torch.no_grad():
        K = model.kernel(x.expand(2, -1, -1), x.expand(2, -1, -1))
        C = (K * (model.W[task].T[:, :, None] * model.W[task].T[:, None])).sum(0) + model.log_noise.exp()[task].diag()
    exact = torch.distributions.MultivariateNormal(model.means[task], C).log_prob(y)
    assert warm.collapsed(model, (x, task, y)).item() == pytest.approx(exact.item(), abs=1e-5)
    mean, variance = warm.answer(model, (x, task, y), x, task)
    told = (C - model.log_noise.exp()[task].diag()) @ torch.linalg.solve(C, (y - model.means[task])[:, None])[:, 0]
    torch.testing.assert_close(mean, told + model.means[task], rtol=1e-6, atol=1e-6)
    assert bool((variance > model.log_noise.exp()[task]).all())


def full(_):
    """A disk without room."""
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    checkpoint.save(path, {"step": 1, "marks": {"table": "a", "points": 5}})
    with pytest.raises(ValueError, match="of a run with table a, and this one has b; name another file"):
        checkpoint.load(path, {"table": "b", "points": 5})
    with pytest.raises(ValueError, match="of a run with points 5, and this one has 6"):
        checkpoint.load(path, {"table": "a", "points": 6})
    whole = path.read_bytes()
    for damaged in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged or no checkpoint; remove it"):
            checkpoint.load(path, {})


def test_the_program_in_gpytorch_runs_as_it_is_written(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["variational.py", str(folder), *"--cells 600 --epochs 40 --points 5".split()])
    variational.main()
    printed = capsys.readouterr().out
    best = table.best_nlpd(table.read(folder))  # 0.26; one mean and one variance for all cells give 1.35
    assert best < nlpd(printed) < best + 0.6 and f"best possible {best:.4f}" in printed


def run_here(monkeypatch, folder, path):
    monkeypatch.setattr(sys, "argv", ["train.py", str(folder), str(path), *SMALL])
    train.main()


def test_a_disk_that_fills_up_stops_a_run_and_loses_nothing(folder, finished, monkeypatch, capsys):
    """The last checkpoint stays, and the same command goes on from it, to the same bits."""
    path, save, steps = folder.parent / "full.pt", checkpoint.save, []

    def filling_up(path, state):
        steps.append(state["step"])
        if len(steps) == 4:
            monkeypatch.setattr(os, "fsync", full)
        save(path, state)

    monkeypatch.setattr(checkpoint, "save", filling_up)
    with pytest.raises(OSError, match="No space left on device. and holds what it held before; make room and try"):
        run_here(monkeypatch, folder, path)
    assert step_of(path) == steps[2] > 0 and not [*path.parent.glob(f"{path.name}.*")]
    monkeypatch.undo()
    run_here(monkeypatch, folder, path)
    assert f"steps {steps[2]} to" in capsys.readouterr().out
    same(torch.load(path), finished[0], exactly=True)


def test_a_killed_run_ends_on_the_same_bits(folder, finished):
    path = folder.parent / "killed.pt"
    with subprocess.Popen(command(folder, path), stdout=subprocess.PIPE) as process:
        wait_for(path, 8, process)
        process.kill()
    assert process.returncode == -signal.SIGKILL and 8 <= step_of(path) < finished[0]["step"]
    done = subprocess.run(command(folder, path), capture_output=True, text=True)
    assert done.returncode == 0 and f"steps {0} to" not in done.stdout
    same(torch.load(path), finished[0], exactly=True)


def test_two_processes_and_a_killed_worker(folder, finished):
    """The launcher starts both again, from the last checkpoint; the numbers are those of one process."""
    path = folder.parent / "two.pt"
    restarts = command(folder, path, *two("--max-restarts=1"))
    with subprocess.Popen(restarts, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(path, 8, process)
        workers = psutil.Process(process.pid).children()
        workers[1].kill()
        printed, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(workers) == 2 and "worker: a process was stopped; the same command goes on" in errors
    assert not re.search("steps 0 to", printed) and "on 2 process(es)" in printed
    assert nlpd(printed) == pytest.approx(nlpd(finished[1]), abs=1e-3)
    same(torch.load(path), finished[0], exactly=False)


def same(state, other, exactly):
    assert state["step"] == other["step"] and state["marks"] == other["marks"]
    for name, value in other["model"].items():
        torch.testing.assert_close(
            state["model"][name], value, rtol=0 if exactly else 1e-6, atol=0 if exactly else 1e-6
        )


def test_single_cells_say_nothing_of_correlated_noise():
    exact, cells = correlated.gradients()
    assert cells[0, 1] == cells[1, 0] == 0 and bool((cells.diagonal() != 0).all())
    assert bool((exact.abs() > 1).all())
    torch.testing.assert_close(exact, exact.T)


def test_the_start_climbs_on_a_device_too():
    """On a pretended one: as high as on the CPU, and nothing there is handed to numpy."""
    x = torch.rand(80, 1, generator=torch.Generator().manual_seed(0), dtype=F64)
    some = x, torch.arange(80) % 2, torch.sin(6 * x[:, 0])
    points = torch.linspace(0, 1, 6, dtype=F64)[:, None]
    height = warm.maximise(bound.Bound(points, 2, 1, 80), some, 4)
    with PretendedDevice():
        model = bound.Bound(points, 2, 1, 80).to("cuda")
        assert warm.maximise(model, tuple(column.to("cuda") for column in some), 4) == pytest.approx(height)
        assert label(model.W) == "cuda"
