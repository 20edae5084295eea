"""Faults on purpose: how many were tried, how many held, and the names of those that did not.

    python tools/benchmarks/faults.py [GROUP ...] [--share 0.1]

Each try is a fork, which can be killed or lack room. A full or read-only disk is a small mount; who may not mount says
`unshare -rm` first. A try holds if nothing is lost, no draft stays, the error is one sentence with its path and what to
do, and the same call succeeds once its cause is gone.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import pickle
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import common  # noqa: F401  # one thread, before torch is imported
import numpy as np
import pandas as pd

import mtgp_tutorial.tables.report.page  # noqa: F401  # before the forks, each of which would import it
from mtgp_tutorial import fit, icm, load, predict, simulate
from mtgp_tutorial.__main__ import main as command
from mtgp_tutorial.tables import compare, plain_methods

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "streaming"))
import checkpoint
import table as streamed
import train

Tries = Iterator[tuple[str, bool]]
ROOT, SHARE, RNG = Path(tempfile.mkdtemp()), 1.0, np.random.default_rng(0)
TABLE = pd.DataFrame({"week": range(12), "a": np.sin(np.arange(12)), "b": np.cos(np.arange(12))}).round(3)
TABLE.loc[4:5, "b"] = np.nan
DIE = partial(signal.raise_signal, signal.SIGKILL)
FITTED = fit(icm(simulate.two_sines(n=8, seed=0)), starts=1)


def fresh() -> Path:
    """A new folder with a table, to work in."""
    os.chdir(folder := tempfile.mkdtemp(dir=ROOT))
    TABLE.to_csv("table.csv", index=False)
    return Path(folder)


def compared(store: Any = "store.csv", trials: int = 6) -> pd.DataFrame:
    made = {seed: simulate.two_sines(n=8, seed=seed).hide("sine", 0.6, 1) for seed in range(trials)}
    return compare(made.__getitem__, made, {"ICM": icm, "mean": plain_methods()["mean"]}, store=store, starts=1)


def report(out: Any = "out", table: Any = "table.csv") -> int:
    return command(["report", str(table), "--trials", "2", "--out", str(out)])


def trained(path: Any) -> None:
    sys.argv = ["train.py", str(ROOT / "cells"), str(path), *"--points 3 --sample 0 --batch 100 --epochs 1".split()]
    train.main()


WRITERS: dict[str, tuple[str, Callable[[Any], Any], tuple[int, ...]]] = {  # a name, a call, limits of a file in bytes
    "report": ("out", report, (100, 3000, 20000)),
    "compare": ("store.csv", compared, (0, 900)),
    "save": ("fit.npz", FITTED.save, (500,)),
    "cells": ("cells", lambda path: streamed.write(path, 3000), (900,)),
    "train": ("run.pt", trained, (2000,)),
}


def forked(call: Callable[..., Any], *given: Any, at: Any = None, kill: float = 0, most: int = -1) -> SimpleNamespace:
    """Exit code (below 0: its signal), standard error, CPU seconds and GiB of the call in a fork.

    at: (function of os, which call of it, what is done before); kill: seconds; most: bytes that a file may have.
    """
    sys.stdout.flush()
    ours, theirs = os.pipe()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    if child := os.fork():
        os.close(theirs)
        if kill:
            time.sleep(kill)
            os.kill(child, signal.SIGKILL)
        with open(ours) as pipe:
            text = pipe.read()
        _, status, used = os.wait4(child, 0)
        seconds, code = used.ru_utime + used.ru_stime, os.waitstatus_to_exitcode(status)
        said = code in (1, 2) and "; " in text and text.count("\n") == 1 and not re.search("Traceback|Errno", text)
        grew = used.ru_maxrss / 2**20 - resident / 2**30
        return SimpleNamespace(code=code, text=text, said=said, seconds=seconds, grew=grew)
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(theirs, 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        if at:
            real, calls = getattr(os, at[0]), iter([*[int] * (at[1] - 1), at[2]])
            setattr(os, at[0], lambda *values: (next(calls, int)(), real(*values))[1])
        found = call(*given)
        code = found if isinstance(found, int) else 0
    except (ValueError, OSError, SystemExit) as error:  # as a program says it
        code = 2 if os.write(2, f"{error}\n".encode()) else 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    os._exit(code)


def drafts() -> list[Path]:
    return [*Path().rglob("*.part")]


def death(k: int, seconds: float, step: str, steps: int) -> dict[str, Any]:
    """How a fork is killed: at some moment, or just before one of its first files is on the disk or in its place."""
    return {"kill": RNG.uniform(0.05, 0.4) * seconds} if k % 2 else {"at": (step, 1 + k // 2 % steps, DIE)}


def killed_compare() -> Tries:
    whole, _, ended = compared(None), fresh(), forked(compared)
    for k in range(round(16 * SHARE)):
        store, lines = fresh() / "store.csv", b""
        for turn in range(1 + (k < 14)):
            first = forked(compared, **death(k + turn, ended.seconds, "fsync", 6))
            kept = store.read_bytes() if store.exists() else b""
            yield f"kill {k}.{turn}: {first.code}", first.code == -9 and kept.startswith(lines)
            lines = kept[: kept.rfind(b"\n") + 1]
        yield f"run {k}", compared().equals(whole) and store.read_bytes().startswith(lines) and not drafts()


def killed_report() -> Tries:
    files, _, ended = ("out/filled.csv", "out/trials.csv"), fresh(), forked(report)
    whole = [Path(name).read_bytes() for name in files]
    for k in range(round(20 * SHARE)):
        fresh()
        first, second = forked(report, **death(k, 2 * ended.seconds, "replace", 6)), forked(report)
        same = second.code == 0 and [Path(name).read_bytes() for name in files] == whole
        yield f"kill {k}: {first.code} {second.text}", first.code == -9 and same and not drafts()


def drafts_cleared() -> Tries:
    streamed.write(ROOT / "cells", 600)
    for name, (path, call, _) in WRITERS.items():
        fresh()
        first, left, second = forked(call, path, at=("replace", 1, DIE)), drafts(), forked(call, path)
        yield f"{name}: {second.text}", first.code == -9 and len(left) == 1 and second.code == 0 and not drafts()


def changed(path: Path, counts: dict[str, int], same: Callable[[], bool]) -> Tries:
    """Bits, ends and runs of 20 bytes: read as they were, or refused in a sentence."""
    whole = path.read_bytes()
    for what in (what for what, count in counts.items() for _ in range(round(count * SHARE))):
        place, some = int(RNG.integers(len(whole))), bytearray(whole)
        if what == "flip":
            some[place] ^= 1 << int(RNG.integers(8))
        else:
            some[place:] = b"" if what == "cut" else RNG.bytes(20) + some[place + 20 :]
        path.write_bytes(some)
        try:
            held = same()
        except ValueError as error:
            held = f"{path}" in f"{error}" and "; " in f"{error}"
        yield f"{what} at {place}", held


def saved_fits() -> Tries:
    FITTED.save(path := fresh() / "fit.npz")
    mean = predict(FITTED, [0.3]).mean
    yield from changed(path, {"flip": 200, "cut": 100, "20": 100}, lambda: predict(load(path), [0.3]).mean.equal(mean))


def stores() -> Tries:
    done = compared(path := fresh() / "store.csv")
    yield from changed(path, {"cut": 200}, lambda: compared(path).equals(done))


HOLD = "import sys, time, filelock\nwith filelock.FileLock(sys.argv[1]): print(flush=True); time.sleep(99)"


def two_writers() -> Tries:
    for name, lock in {"compare": "store.csv.lock", "report": "out/trials.csv.lock"}.items():
        path, call, _ = WRITERS[name]
        fresh()
        forked(call, path)
        with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE) as other:
            assert other.stdout and other.stdout.readline()
            second = forked(call, path)
            yield f"{name}, second: {second.text}", second.said and "another process writes" in second.text
            other.kill()
        yield f"{name}, after kill -9", forked(call, path).code == 0 and not drafts()


def spoiled(name: str, path: Path, mend: Callable[..., Any], *given: Any, **how: Any) -> tuple[str, bool]:
    """A call that cannot write, and the same call when its cause is gone."""
    kept, call = b"" if not os.path.isfile(path) else path.read_bytes(), WRITERS[name][1]
    first = forked(call, path, **how)
    held = first.said and f"{path.parent}" in first.text and not drafts()
    held &= "at" in how or not kept or path.read_bytes().startswith(kept)
    if mend(*given) is None:
        second = forked(call, path)
        return f"{name} {how} {path}: {first.text}{second.text}", held and second.code == 0 and path.exists()
    return f"{name} {how} {path}: {first.text}", held


def mount(folder: Path, how: str) -> bool | None:
    """A disk of its own there, or the same in another way. False where that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "tmpfs", folder], capture_output=True)
    return None if done.returncode == 0 else False


def no_room() -> Tries:
    """Limits of a file, folders that vanish, impossible names, disks that are full or read-only."""
    before = {"compare": lambda path: compared(path, trials=2), "save": FITTED.save}
    if not (ROOT / "cells").exists():
        streamed.write(ROOT / "cells", 600)
    for name, (file, _, limits) in WRITERS.items():
        where = fresh() / "disk"
        where.mkdir()
        for most in limits:
            before.get(name, str)(where / f"{most}{file}")
            yield spoiled(name, where / f"{most}{file}", [].clear, most=most)
        yield spoiled(name, where / file, where.mkdir, at=("fsync", 1, partial(shutil.rmtree, where)))
        for odd in (where / ("a" * 300), Path("/proc") / file):
            yield spoiled(name, odd, bool)
        if mount(where, "size=4m") is False:
            continue
        for free in (0, 40)[: 1 + (name == "report")]:
            path, ballast = where / f"{free}{file}", where / "ballast"
            FITTED.save(path) if name == "save" else None
            ballast.write_bytes(bytes(shutil.disk_usage(where).free - 2**10 * free))
            yield spoiled(name, path, ballast.unlink)
        mount(where, "remount,ro")
        yield spoiled(name, where / f"new{file}", mount, where, "remount,rw")
        subprocess.run(["umount", where], check=True)


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


def pickles() -> Tries:
    evil, names = np.array([Evil()], dtype=object), ("header", "sha256", "table.sd", "more")
    for k, ending in enumerate(["npz"] * 4 + ["npy", "pkl", "pt", "csv"]):
        FITTED.save(path := fresh() / f"evil.{ending}")
        if ending == "npz":
            with np.load(path) as file:
                np.savez(path, **{**file, names[k]: evil})  # type: ignore[arg-type]
        else:
            path.write_bytes(pickle.dumps(Evil(), 2))
        if ending == "npy":
            np.save(path, evil, allow_pickle=True)
        readers = (load, partial(report, "out"), compared, partial(checkpoint.load, marks={}))
        ends = [forked(reader, path) for reader in readers]
        held = all(end.said for end in ends) and not Path("ran").exists()
        yield f"{path.name} {k}: {[end.text for end in ends]}", held


WRITTEN = ("report.html", "trials.csv", "filled.csv", "trials.csv.lock", "filled.csv.{}.part")


def linked(name: str, far: Path, call: Callable[[], Any]) -> Any:
    """A call where a link stands in the place of a file of its own."""
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    os.symlink(far, name.format(os.getpid()))
    return call()


def links() -> Tries:
    """What stands at the other end is as it was."""
    calls: dict[str, Callable[..., Any]] = dict.fromkeys(["out", *(f"out/{name}" for name in WRITTEN)], report)
    calls |= {"fit.npz.{}.part": partial(FITTED.save, "fit.npz"), "store.csv.lock": compared}
    for name, call in calls.items():
        far = fresh() / "far"
        far.mkdir() if name == "out" else far.write_text("mine")
        if "part" in name:
            forked(call)
        end = forked(linked, name, far, call)
        same = not any(far.iterdir()) if far.is_dir() else far.read_text() == "mine"
        yield f"{name}: {end.code} {end.text}", same and (end.code == 0 or end.said) and not drafts()


NAMES = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']
NAMES += ["{{ 7 * 191 }}", "{% raw %}", '"""\nimport os; os.mkdir("ran")\n"""', "');__import__('os').mkdir('ran')#"]
NAMES += ["../../up", "$\\frac{$"]


def names() -> Tries:
    """As a column, and as the file."""
    for name in NAMES:
        folder, file = fresh(), re.sub(r"[/\n]", " ", name) + ".csv"
        TABLE.rename(columns={"b": name}).to_csv(file, index=False)
        first = forked(report, "out", f"./{file}")
        texts = {path.name: path.read_text() for path in Path("out").iterdir() if path.suffix in (".html", ".csv")}
        cells = [cell for row in csv.reader(io.StringIO(texts.get("filled.csv", "="))) for cell in row]
        runs = re.search(r"<script|<img[^>]*onerror|1337", texts.get("report.html", "1337"))
        safe = not runs and not any(re.match("[=+@]|-(?![0-9.]+$)", cell) for cell in cells)
        safe &= {*os.listdir()} == {"table.csv", file, "out"} and not (folder.parent / "up").exists()
        yield f"{name!r}: {first.text}", first.code == 0 and safe


FILES = {"binary": bytes(range(256)), "empty": b"", "header": b"a,b\n", "picture": b"\x89PNG\r\n\0", "zip": b"PK\3\4.."}
FILES |= {"page": b"<!DOCTYPE html>", "json": b'{"a": 1}', "old workbook": b"\xd0\xcf\x11\xe0...", "gz": b"\x1f\x8b\0"}


def no_tables() -> Tries:
    for name in [*FILES, "/dev/zero", "/etc/passwd", "nowhere.csv", ".", "out: a file"]:
        fresh()
        Path("a file").write_bytes(FILES.get(name, b"mine"))
        out = name.partition("out: ")[2]
        end = forked(report, out) if out else forked(report, "out", "a file" if name in FILES else name)
        held = end.said and end.code == 2 and {*os.listdir()} == {"table.csv", "a file"}
        yield f"{name}: {end.code} {end.text}", held


def workbook(path: Path, cells: bytes, text: bytes = b"", says: bytes = b"") -> None:
    """A sheet with these cells, and a long text that it shares."""
    kind = b'<%s xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</%s>'
    sheet = says + b"<sheetData>" + cells + b"</sheetData>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", kind % (b"worksheet", sheet, b"worksheet"))
        archive.writestr("xl/sharedStrings.xml", kind % (b"sst", b"<si><t>" + text + b"</t></si>", b"sst"))


def bombs() -> Tries:
    """Refused in ten seconds and less than a GiB."""
    folder, row = fresh(), b'<row r="%d"><c r="A%d"><v>1</v></c><c r="XFD%d"><v>2</v></c></row>'
    wide, long = b"".join(row % (k, k, k) for k in range(1, 6001)), b"a" * 600_000_000
    workbook(folder / "text.xlsx", row % (1, 1, 1), long)
    workbook(folder / "cell.xlsx", b'<row r="1"><c r="A1" t="str"><v>' + long + b"</v></c></row>")
    workbook(folder / "wide.xlsx", wide)
    workbook(folder / "said.xlsx", wide, says=b'<dimension ref="A1:XFD6000"/>')
    workbook(folder / "far.xlsx", row % (2 * 10**9, 2 * 10**9, 2 * 10**9))
    np.savez_compressed("packed.npz", header=np.zeros(2 * 10**9, np.uint8))
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(huge := io.BytesIO(), shape)
    Path("huge.npy").write_bytes(huge.getvalue())
    with zipfile.ZipFile("huge.npz", "w") as archive:
        archive.writestr("header.npy", huge.getvalue())
    for path in sorted(folder.glob("*.[xn]*")):
        call, why = (partial(report, "out"), "unpacks to") if path.suffix == ".xlsx" else (load, "is not a file that")
        end = forked(call, path)
        held = end.said and f"{path.name} {why}" in end.text and end.seconds < 10 and end.grew < 1
        yield f"{path.name}: {end.seconds:.1f} s, {end.grew:.2f} GiB, {end.text}", held


GROUPS: dict[str, Callable[[], Tries]] = {
    "kill -9 in `compare(store=)`: 30 kills, 16 runs": killed_compare,
    "kill -9 in `report`": killed_report,
    "drafts of killed processes": drafts_cleared,
    "saved fits: 200 flips, 100 cuts, 100 x 20 bytes": saved_fits,
    "stores: 200 cuts": stores,
    "two writers, lock after kill -9": two_writers,
    "no room, read-only, no such place": no_room,
    "pickles": pickles,
    "outputs through links": links,
    "hostile names": names,
    "files that are no table": no_tables,
    "bombs": bombs,
}


def main() -> int:
    global SHARE
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="words of the names of groups")
    parser.add_argument("--share", type=float, default=1.0, help="of the kills and changed bytes")
    given, failed = parser.parse_args(), []
    SHARE = given.share
    print("| fault | tried | held |\n|---|---|---|")
    for title, group in GROUPS.items():
        if not given.groups or any(word in title for word in given.groups):
            tried = [*group()]
            print(f"| {title} | {len(tried)} | {sum(held for _, held in tried)} |", flush=True)
            failed += [f"{title}: {name}" for name, held in tried if not held]
    print("", *failed, sep="\n")
    os.chdir("/")
    shutil.rmtree(ROOT)
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main())
