"""A bound in place of the exact likelihood, for tables that are too large for a covariance of all cells."""
