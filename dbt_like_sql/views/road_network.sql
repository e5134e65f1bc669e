-- One row per piece of road inside the authority.
select
    authority_code,
    road_id,
    road_class,
    name,
    length_m,
    geometry
from road_network
