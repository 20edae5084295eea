"""python -m mtgp_tutorial report: what is asked, what is refused, and what happens on Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import matplotlib
import torch

from mtgp_tutorial import plots
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.report.options import command, parser
from mtgp_tutorial.report.preparing import prepare
from mtgp_tutorial.report.refused import Refused, sentence
from mtgp_tutorial.report.running import run

DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 0 done, 1 no model could be fitted, 2 refused, 130 stopped by Ctrl-C."""
    asked = parser().parse_args(arguments)
    try:
        with matplotlib.rc_context():  # a caller's figures keep their own look
            return _report(asked)
    except KeyboardInterrupt:
        print(
            f"\nreport: stopped; fits that were done are kept, and the same command goes on:\n{command(asked)}",
            file=sys.stderr,
        )
        return STOPPED


def _report(asked: argparse.Namespace) -> int:
    matplotlib.use("Agg")
    plots.use_style()
    torch.set_num_threads(1)  # several processes, or several runs, share the cores better so
    try:
        job = prepare(asked)
    except (ValueError, OSError, MemoryError) as error:
        return _say_no(error, REFUSED)
    try:
        run(job)
    except (FitError, Refused) as error:
        return _say_no(error, FAILED)
    except ValueError as error:
        if not str(error).startswith("store:"):  # another process that writes; all else is a bug, and shows itself
            raise
        return _say_no(error, FAILED)
    return DONE


def _say_no(error: Exception, code: int) -> int:
    print(f"report: {sentence(error)}", file=sys.stderr)
    return code
