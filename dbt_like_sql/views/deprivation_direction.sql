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
    area_count,
    prompt_group
from deprivation_direction
