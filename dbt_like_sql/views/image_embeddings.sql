-- One row per picture and encoder: whether it has a vector. The vectors of single pictures stay in
-- the lake; `streetview sql --with-vectors` brings them in.
select
    authority_code,
    image_id,
    encoder,
    status,
    error
from image_embeddings
