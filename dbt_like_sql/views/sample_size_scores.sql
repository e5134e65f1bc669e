-- Scores by the number of pictures drawn of a cluster, areas left free or held constant.
select
    target,
    encoder,
    features,
    k,
    group_name,
    areas,
    sample_size,
    repeat,
    model,
    metric,
    value,
    area_count,
    image_count,
    note
from sample_size_scores
