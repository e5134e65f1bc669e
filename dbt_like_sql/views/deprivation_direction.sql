-- Which way vectors point as areas become more deprived: how stably, towards which words.
select
    target,
    encoder,
    kind,
    name,
    cosine,
    lower,
    upper,
    interval_level,
    resample_count,
    area_count
from deprivation_direction
