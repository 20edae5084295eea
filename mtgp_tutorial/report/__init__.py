"""One command from a table to a page: python -m mtgp_tutorial report table.csv."""
