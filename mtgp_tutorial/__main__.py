"""python -m mtgp_tutorial report table.csv."""

import sys

from mtgp_tutorial.report.run import main

if __name__ == "__main__":
    sys.exit(main())
