"""Every planted bug is caught (in a process of its own, since it reloads the module)."""

import subprocess
import sys
from pathlib import Path

import laws

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER))
from planted_bugs import BUGS, ROOT  # noqa: E402  (the folder has to be named first)


def test_each_bug_has_its_place_and_its_law():
    names = {law.__name__ for law in laws.LAWS}
    for what, file, right, wrong, law in BUGS:
        found = (ROOT / "mtgp_tutorial" / file).read_text(encoding="utf8").count(right)
        assert found == 1 and wrong != right and law in names, f"{what}: {right!r} stands {found} times in {file}"


def test_every_planted_bug_is_caught():
    command = [sys.executable, "-W", "ignore", str(FOLDER / "planted_bugs.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
