-- One row per place at which pictures are wanted.
select
    authority_code,
    point_id,
    area_code,
    longitude,
    latitude,
    road_id,
    road_class,
    road_bearing_deg,
    source_id,
    source_panorama_id,
    source_properties
from sample_points
