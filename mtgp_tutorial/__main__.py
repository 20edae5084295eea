"""python -m mtgp_tutorial report table.csv."""

import sys
from collections.abc import Sequence

from mtgp_tutorial.tables.report.options import parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code. Help, the version and a refused option end in SystemExit."""
    asked = parsed(sys.argv[1:] if arguments is None else arguments)
    from mtgp_tutorial.tables.report.run import from_command_line  # PyTorch and all else, once needed

    return from_command_line(asked)


if __name__ == "__main__":
    sys.exit(main())
