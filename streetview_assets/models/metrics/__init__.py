"""How good predictions are: regression, deciles, intervals, and how errors lie in space."""
