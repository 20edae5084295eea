"""Mutants of the module: a random sample of small changes, each run against the tests that execute the changed line.

    pip install mutmut coverage
    python tools/mutants.py mutants.jsonl --number 400 --seed 1

mutmut's operators make the changes (numbers, operators, keywords, arguments, assignments); messages, annotations,
imports, decorators and __all__ are left out. The tests run once under coverage.py, to learn how long each takes and
which lines it executes. Then each mutant is written into a copy of the repository, and a process forked after the slow
imports runs the tests that execute its line, shortest first, up to the first that fails; last the tests with processes
of their own, which coverage does not see into. What the file holds is not done again. Survivors are printed: each is
equivalent, or a gap in the tests. One process at a time; needs os.fork.
"""

import argparse
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1", MPLBACKEND="Agg")
sys.dont_write_bytecode = True

import coverage
import pytest
from mutations import PACKAGE, ROOT, mutants

FILES = (
    "laws costs fitting data bad_input random_tables device trials plots datasets full_bayes upstream layers docs"
).split()
LEFT_OUT = ("test_a_killed_process", "test_imports_keep_to_the_layers")  # slow; about files, not values
OWN_PROCESS = ("test_several_processes", "test_a_second_process", "test_the_readmes_example")
SLOW_IMPORTS = (
    "torch gpytorch pandas scipy.optimize scipy.stats matplotlib.pyplot seaborn joblib filelock tqdm nbformat PIL.Image"
).split()
LIMIT = 90  # seconds a mutant; and each test ten times as long as without one, and five seconds
MEMORY = 16 * 2**30  # address space of a mutant
TIMEOUT = 9  # exit status


class Plugin:
    """Within a run: the tests that are asked for, in their order; how long each took, and where it was."""

    def __init__(self, wanted=None, limits=None, watch=None):
        self.wanted, self.limits, self.watch, self.seconds, self.failed, self.now = wanted, limits, watch, {}, "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if not any(name in item.nodeid for name in LEFT_OUT)]
        if self.wanted is not None:
            rank = {name: place for place, name in enumerate(self.wanted)}
            items[:] = sorted((item for item in items if item.nodeid in rank), key=lambda item: rank[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.now, start = item.nodeid, time.perf_counter()
        if self.watch:
            self.watch.switch_context(item.nodeid)
        if self.limits:
            signal.setitimer(signal.ITIMER_REAL, 5 + 10 * self.limits[item.nodeid])
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - start
        return result

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report):
        if report.failed and not self.failed:
            self.failed = report.nodeid or "collection"


def forked(copy, work, limit):
    """What `work` returns, in a process of its own in the copy, and how that ended: "", "timeout" or "crash"."""
    answer = copy / "answer.json"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.chdir(copy)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            with open(copy / "log.txt", "w") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            signal.signal(signal.SIGALRM, lambda *_: os._exit(TIMEOUT))
            sys.path[:0] = [str(copy), str(copy / "tests")]
            os.environ["PYTHONPATH"] = str(copy)
            answer.write_text(json.dumps(work()))
        finally:
            os._exit(0)
    end, status = time.monotonic() + limit, None
    while status is None and time.monotonic() < end:
        ended, code = os.waitpid(child, os.WNOHANG)
        status = code if ended else time.sleep(0.02)
    try:
        os.killpg(child, signal.SIGKILL)  # the child, or what its tests left behind
    except ProcessLookupError:
        pass
    if status is None:
        os.waitpid(child, 0)
    if status is None or os.waitstatus_to_exitcode(status) == TIMEOUT:
        return None, "timeout"
    return (json.loads(answer.read_text()), "") if answer.exists() else (None, "crash")


def run(plugin):
    """Pytest with the plugin; the module must be that of the copy."""
    files = [f"tests/test_{name}.py" for name in FILES]
    code = int(pytest.main([*files, "-q", "-x", "-p", "no:cacheprovider"], plugins=[plugin]))
    module = sys.modules.get(PACKAGE)
    assert module is None or module.__file__.startswith(os.getcwd()), module.__file__
    return code


def measured():
    """Seconds of each test, and which tests execute each line of each file."""
    watch = coverage.Coverage(data_file=None, source=[PACKAGE])
    watch.start()
    plugin = Plugin(watch=watch)
    code = run(plugin)
    watch.stop()
    data, where = watch.get_data(), {}
    for path in data.measured_files():
        where[str(Path(path).relative_to(os.getcwd()))] = data.contexts_by_lineno(path)
    return {"failed": plugin.failed or code, "seconds": plugin.seconds, "where": where}


def chosen(mutant, seconds, where):
    """The tests that execute the mutant's statement, shortest first; all, those of its file first, if at import."""
    lines = where.get(mutant["file"], {})
    of_file = {test for tests in lines.values() for test in tests}
    first, last = mutant["lines"] or (1, 0)
    tests = {test for line in range(first, last + 1) for test in lines.get(str(line), ())}
    tests = set(seconds) if mutant["lines"] is None else tests & set(seconds)
    own = {test for test in seconds if any(name in test for name in OWN_PROCESS)}
    tests = tests | own if "judging" in mutant["file"] else tests - own
    return sorted(tests, key=lambda test: (test in own, test not in of_file, seconds[test], test))


def tried(copy, mutant, tests, seconds):
    """Run one mutant; its record for the file."""
    path, start = copy / mutant["file"], time.monotonic()
    original = path.read_text(encoding="utf8")

    def work():
        plugin = Plugin(tests, seconds)
        code = run(plugin)
        done = code == 0 and plugin.seconds.keys() >= set(tests)
        return plugin.failed or ("" if done or not tests else f"pytest returned {code}")

    path.write_text(mutant["code"], encoding="utf8")
    killer, ended = forked(copy, work, LIMIT)
    path.write_text(original, encoding="utf8")
    verdict = "timeout" if ended == "timeout" else "killed" if killer or ended else "survived"
    record = {name: mutant[name] for name in ("number", "file", "line", "change")}
    took = round(time.monotonic() - start, 1)
    return {**record, "verdict": verdict, "by": killer or ended, "tests": len(tests), "seconds": took}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a file of one record a line, continued where it exists")
    parser.add_argument("--number", type=int, default=400, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--files", default="", help="only files whose path holds this")
    asked = parser.parse_args()
    sample, total = mutants(asked.number, asked.seed, asked.files)
    records = [json.loads(line) for line in asked.results.read_text().splitlines()] if asked.results.exists() else []
    print(f"{total} mutants, {len(sample)} in the sample, {len(records)} of them done", flush=True)
    for name in SLOW_IMPORTS:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__", "keep"))
        known, _ = forked(copy, measured, 600)
        if known is None or known["failed"]:
            sys.exit(f"the tests do not pass on the module as it is: {(copy / 'log.txt').read_text()[-3000:]}")
        print(f"{len(known['seconds'])} tests, {sum(known['seconds'].values()):.0f} s with coverage", flush=True)
        for mutant in sample[len(records) :]:
            tests = chosen(mutant, known["seconds"], known["where"])
            records.append(tried(copy, mutant, tests, known["seconds"]))
            with asked.results.open("a") as file:
                file.write(json.dumps(records[-1]) + "\n")
    for record in records:
        if record["verdict"] == "survived":
            print(f"\n{record['number']}: {record['file']}:{record['line']}", *record["change"], sep="\n    ")
    counts = {verdict: sum(r["verdict"] == verdict for r in records) for verdict in ("killed", "timeout", "survived")}
    print(f"\n{len(records)} mutants: {counts}")


if __name__ == "__main__":
    main()
