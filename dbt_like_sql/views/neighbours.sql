-- The pictures that look most like each picture, itself never among them.
select
    image_id,
    encoder,
    rank,
    neighbour_id,
    similarity,
    distance_m,
    is_near_duplicate,
    category,
    neighbour_category
from neighbours
