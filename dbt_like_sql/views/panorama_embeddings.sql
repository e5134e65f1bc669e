-- One row per panorama and capture, where `encoder.views` is `mean` or `panorama`: how many views its
-- vector is made of, and by which view other tables name it. The vectors stay in the lake;
-- `streetview sql --with-vectors` brings them in.
select
    authority_code,
    panorama_id,
    captured_on,
    encoder,
    views,
    image_count,
    status,
    error,
    image_id
from panorama_embeddings
