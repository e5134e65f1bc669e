"""How many clusters there are: modes of density, indices, gap, stability, and the advice."""
