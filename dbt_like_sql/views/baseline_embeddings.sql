-- The area's pictures by the descriptor `colour-texture`, the baseline beside any other encoder:
-- how many they are, and how unlike. The vectors stay in the lake.
select
    authority_code,
    area_code,
    encoder,
    statistic,
    image_count,
    dispersion
from baseline_embeddings
