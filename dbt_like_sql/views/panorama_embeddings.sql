-- One row per panorama and capture, where `encoder.views` is `mean` or `panorama`: how many views its
-- vector is made of. The vectors stay in the lake.
select
    authority_code,
    panorama_id,
    captured_on,
    encoder,
    views,
    image_count,
    status,
    error
from panorama_embeddings
