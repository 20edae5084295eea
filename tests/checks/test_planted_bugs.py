"""Every planted bug is caught (in a process of its own, since it reloads the module)."""

import subprocess
import sys
from pathlib import Path


def test_every_planted_bug_is_caught():
    script = Path(__file__).with_name("planted_bugs.py")
    done = subprocess.run([sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
