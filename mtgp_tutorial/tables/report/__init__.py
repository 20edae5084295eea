"""From a table to a page: `python -m mtgp_tutorial report file.csv`, or `report(frame)`. The core needs none of it."""

from mtgp_tutorial.tables.report.page import Report, report

__all__ = ["Report", "report"]
