-- One row per small area.
select
    area_code,
    area_name,
    authority_code,
    authority_name,
    longitude,
    latitude,
    area_km2,
    geometry
from areas
