"""What `.ci/run` says of a run that it had no time to finish."""

import os
import subprocess

from stamp import ROOT  # tools/stamp.py


def test_a_run_that_leaves_a_stage_out_fails_and_names_it(tmp_path):
    """Fifty minutes have gone by, and `make` found no fault."""
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_text((ROOT / ".ci" / "run").read_text(encoding="utf8"), encoding="utf8")
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\necho made: $*\n")
    make.chmod(0o755)
    late = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SECONDS": "3000"}
    run = subprocess.run(["bash", script], env=late, capture_output=True, text=True)
    assert "made: test lint" in run.stdout and run.stdout.count("left out, for want of time") == 4
    assert run.returncode != 0
