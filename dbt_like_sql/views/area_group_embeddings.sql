-- An area's pictures of one group (a cluster, a label) as one vector.
select
    authority_code,
    area_code,
    encoder,
    grouping,
    k,
    group_name,
    statistic,
    image_count,
    embedding,
    dispersion
from area_group_embeddings
