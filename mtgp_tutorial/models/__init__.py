"""Which B, k and Sigma of the one equation are free."""
