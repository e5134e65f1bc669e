-- One row per area and statistic: the area's pictures as one vector.
select
    authority_code,
    area_code,
    encoder,
    statistic,
    image_count,
    embedding,
    dispersion
from area_embeddings
