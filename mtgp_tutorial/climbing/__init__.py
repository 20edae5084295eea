"""How `fit` climbs: runs side by side, on the objective as a function of one vector of parameters."""
