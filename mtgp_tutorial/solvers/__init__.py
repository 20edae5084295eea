"""Ways to factor C, the covariance of the observed cells. `choice` takes the cheapest; all equal `conditioning`."""
