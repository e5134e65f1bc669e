"""How many clusters there are: internal indices, gap statistic, stability, and advice."""
