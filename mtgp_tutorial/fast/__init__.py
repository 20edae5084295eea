"""From a model to its best parameters."""
