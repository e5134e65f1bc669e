-- How well each number of clusters fits.
select
    encoder,
    method,
    space,
    k,
    seed,
    score,
    value
from cluster_scores
